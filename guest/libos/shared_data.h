/* Constant data that compartments share: for orc_share. */
#ifndef LIBOS_SHARED_DATA_H
#define LIBOS_SHARED_DATA_H

#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)
/* The address of a shared read-only copy of `length` bytes, or -errno. `name` is for the operator. */
long shared_data_get(const void *data, size_t length, const char *name);
/* Gives one of them back: -EINVAL when nothing is shared at that address. */
long shared_data_put(unsigned long address);

/* munmap: true if the pages were shared data. It goes when all of it is unmapped, at once or from its ends. */
bool shared_data_unmap(unsigned long address, unsigned long size);
/* Whether all of these pages are shared data. */
bool shared_data_covers(unsigned long address, unsigned long size);
#pragma GCC visibility pop

#endif
