/* /dev, /proc and /sys: a table of what's in there, and files whose text is made when they are read. */
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
    uint32_t number; /* the thread, descriptor or processor whose file it is; 0: of the process */
};
void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const void *bytes, size_t length);
void text_add_number(struct text *text, uint64_t number);
void text_add_hexadecimal(struct text *text, uint64_t number, unsigned digits);
void text_add_octal(struct text *text, unsigned number);
/* "NAME NUMBER UNIT" with nothing in between. */
void text_add_line(struct text *text, const char *name, uint64_t number, const char *unit);

/* Their texts, without locks: of the process (proc.c), */
typedef void text_function(struct text *text);
text_function proc_command_line, proc_environment, proc_status, proc_stat, proc_memory_pages, proc_name, proc_limits,
    proc_vector, proc_io, proc_descriptor, proc_killer, proc_ids;
/* what it has mapped (maps.c), */
text_function proc_maps, proc_details, proc_details_sum;
/* mounts (mount.c), */
text_function proc_mounts, proc_mount_information;
/* and of the system (system.c). */
text_function system_processors, system_memory, system_uptime, system_load, system_statistics, system_version,
    system_processor_list, system_host_name, system_release, system_uuid, system_boot_id, system_domain,
    system_processor, system_swaps, system_memory_statistics, system_thread_limit, system_version_alone,
    cgroup_memory, cgroup_memory_limit, cgroup_memory_peak, cgroup_memory_statistics, cgroup_processor_statistics,
    cgroup_threads, cgroup_thread_limit, cgroup_thread_list;
unsigned system_processor_count(void);
/* In a clone: it has an identity of its own. */
void system_renew(void);

/* What may be written: 0 or -errno. */
typedef long setting_function(const char *text, size_t length, uint32_t number);
setting_function proc_set_name, proc_set_killer;

/* The thread with this number is there (threads.c). */
bool libos_thread_exists(uint32_t id);
/* The lowest number from `from` on; 0: none. */
uint32_t libos_thread_next(uint32_t from);

/* /dev's files (device.c). */
extern const struct file_operations null_operations, zero_operations, full_operations, random_operations;
/* The terminal among the standard streams: a new reference; NULL: there is none. */
struct file *device_terminal(void);

#pragma GCC visibility pop

#endif
