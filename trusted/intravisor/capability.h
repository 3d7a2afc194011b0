/* A compartment's capability list (C-list), and what hostcalls do with handles. */
#ifndef ORC_INTRAVISOR_CAPABILITY_H
#define ORC_INTRAVISOR_CAPABILITY_H

#include "guest_memory.h"
#include "orc/hostcall.h"
#include "thread.h"

enum file_kind {
    FILE_STREAM,
    FILE_REGULAR,
    FILE_DIRECTORY,
    FILE_SOCKET,
    FILE_EPOLL,
    FILE_EVENT,
    FILE_TIMER,
    FILE_NOTIFY,
    FILE_MEMORY /* the compartment's own: what makes it larger is charged */
};

/* A host file descriptor that capabilities share; closed with its last reference. */
struct host_file {
    unsigned references; /* atomic */
    int fd;
    struct orc_compartment *owner; /* whose quota it counts against until it's closed; NULL: the embedder's */
    enum file_kind kind;
    uint64_t size;    /* of FILE_MEMORY; guarded by the owner's memory_lock */
    unsigned watches; /* of FILE_NOTIFY: no fewer than it has; atomic */
};

#define RIGHT_READ 1u
#define RIGHT_WRITE 2u
#define RIGHT_GRANTED 4u /* given by the embedder: the open file description may be shared with others */
#define RIGHT_OWN 8u     /* as a need only: not RIGHT_GRANTED */

enum capability_kind { CAPABILITY_NONE, CAPABILITY_FILE, CAPABILITY_OBJECT };

struct capability {
    enum capability_kind kind;
    uint32_t rights;
    union {
        struct host_file *file;
        struct grant *grant;
    };
};

/* Takes over `fd` (closed on failure): the lowest free handle, or -EMFILE beyond the quota, -ENOMEM. */
int64_t capability_add_file(struct orc_compartment *compartment, int fd, enum file_kind kind,
                            uint32_t rights);

/* Closes a file's handle; -EBADF for anything else. */
int capability_remove(struct orc_compartment *compartment, uint64_t handle);

/* The file behind a handle, kept from being closed until file_put. -EBADF: no such handle, or not a file;
 * -EACCES: a right is missing. The kinds that fit are a mask of 1 << FILE_*; -EINVAL for another kind.
 * -EPERM: it was granted, and `rights` has RIGHT_OWN. */
int file_get(const struct orc_thread *thread, uint64_t handle, uint32_t rights, uint32_t kinds,
             struct host_file **file, uint32_t *all_rights /* or NULL */);
void file_put(struct host_file *file);
void file_hold(struct host_file *file);
/* The same for a call that closes no handle and makes no thread; of a compartment's only thread it needs no
 * lock and no reference, since nobody else could close the file. To be put when `*counted`. */
int file_borrow(const struct orc_thread *thread, uint64_t handle, uint32_t rights, uint32_t kinds,
                struct host_file **file, uint32_t *all_rights, bool *counted);
#define ANY_KIND (~(1u << FILE_MEMORY)) /* memory files are only for calls that know of them */

/* For a host system call that may block: `do result = ...; while (call_again(thread, result));`, where
 * `result` is a count or a negative errno value. True when it ended with -EINTR for no reason of the guest's;
 * false when the result stands, or the thread is being interrupted (which this consumes) or stopped. An
 * interrupt that comes just before the thread blocks is repeated until it is seen. */
bool call_again(struct orc_thread *thread, int64_t result);

/* What ORC_USAGE tells; cheap. */
void compartment_usage(struct orc_compartment *compartment, struct orc_usage *usage);
/* Times and faults of the calling thread alone; the rest stays as it is. */
void thread_usage(const struct orc_thread *thread, struct orc_usage *usage);
/* What this thread has spent, ns; UINT64_MAX: there is none of this id. */
uint64_t thread_time(struct orc_compartment *compartment, uint64_t id);

#endif
