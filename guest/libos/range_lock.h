/* Locks that this compartment keeps itself: of files in memory, and of those of the host's that nobody may
 * write to. */
#ifndef LIBOS_RANGE_LOCK_H
#define LIBOS_RANGE_LOCK_H

#include "file.h"

#pragma GCC visibility push(hidden)

/* Which file it is, whoever has it open. */
struct identity {
    uint64_t device, inode;
};

/* Bytes [start, end]. The owner is an open file, or NULL for the process. */
struct range_lock {
    int64_t start, end;
    const struct file *owner;
    uint16_t type; /* F_RDLCK, F_WRLCK, F_UNLCK */
};

/* 0, -EAGAIN, -EINTR, -ENOLCK. */
long range_lock_set(struct identity identity, const struct range_lock *wanted, bool wait);
/* One that is in the way of the wanted one takes its place; or its type is F_UNLCK. */
void range_lock_query(struct identity identity, struct range_lock *wanted);
/* flock: F_RDLCK, F_WRLCK or F_UNLCK for the open file. 0, -EAGAIN, -EINTR, -ENOLCK. */
long whole_lock_set(struct identity identity, const struct file *owner, unsigned type, bool wait);

/* Whether there are any at all. */
bool range_locks_held(void);
/* All that the process has of the file; all that an open file has, of both kinds. */
void range_locks_drop_process(struct identity identity);
void range_locks_drop_file(const struct file *owner);

#pragma GCC visibility pop

#endif
