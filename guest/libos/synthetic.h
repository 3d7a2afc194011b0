/* /dev, /proc and /sys: a table of what's in there, and files whose text is made when they are opened. */
#ifndef LIBOS_SYNTHETIC_H
#define LIBOS_SYNTHETIC_H

#include "names.h"

#pragma GCC visibility push(hidden)

/* Where the link at this canonical path leads: its length, cut to `size`. -EINVAL: it isn't a link. Those of
 * /proc/self/fd lead to a description rather than a name; only with `magic` they count as links. */
long synthetic_link(const char *path, size_t length, char *target, size_t size, bool magic);
long synthetic_status(const char *path, size_t length, struct stat *status);
/* Of a directory that exists for a mount point's sake. */
long synthetic_directory_status(struct stat *status);
/* Whether names can be looked up there: 0, -ENOTDIR, -ENOENT. */
long synthetic_descend(const char *path, size_t length);
/* The number N of a path /proc/1/fd/N; -1: it isn't one. */
int synthetic_descriptor(const char *path, size_t length);

/* A new open file with the path's content (which must not be a directory); 0 or -errno. */
long synthetic_open(const char *path, size_t length, unsigned flags, struct file **file);

/* The next name in a directory; `position` starts at 0. False: no more. `name` has room for NAME_MAX + 1
 * bytes. */
bool synthetic_entry(const char *path, size_t length, unsigned *position, char *name, mode_t *type);

/* A text that grows. When memory runs out it's marked as failed and stays as it is. */
struct text {
    char *bytes;
    size_t length, size;
    bool failed;
};
void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const void *bytes, size_t length);
void text_add_number(struct text *text, uint64_t number);

/* /proc's files (proc.c). */
typedef void text_function(struct text *text);
text_function proc_command_line, proc_environment, proc_maps, proc_status, proc_stat, proc_memory_pages,
    proc_mounts, proc_name, proc_limits, proc_processors, proc_memory, proc_uptime, proc_load,
    proc_system_stat, proc_version, proc_file_systems, proc_processor_list, proc_host_name, proc_release;

/* /dev's files (device.c). */
extern const struct file_operations null_operations, zero_operations, full_operations, random_operations;
/* The terminal among the standard streams: a new reference; NULL: there is none. */
struct file *device_terminal(void);
void mounts_describe(struct text *text); /* mount.c */

#pragma GCC visibility pop

#endif
