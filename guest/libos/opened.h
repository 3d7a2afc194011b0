/* Names of what is open: a path follows its file when this compartment renames it. */
#ifndef LIBOS_OPENED_H
#define LIBOS_OPENED_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

/* What had this path, and what lies beneath it, has the other one now. With nodes_lock, as all of these. */
void paths_moved(const char *from, size_t from_length, const char *to, size_t to_length);
/* Two have changed places. */
void paths_exchanged(const char *one, size_t one_length, const char *other, size_t other_length);
/* The name is gone: the path ends in " (deleted)" from here on. */
void paths_removed(const char *path, size_t length);

#pragma GCC visibility pop

#endif
