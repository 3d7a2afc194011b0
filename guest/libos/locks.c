/* Record locks and flock.
 *
 * The host's locks belong to open files (the cell is one process). Those of fcntl(F_SETLK) belong to the
 * process, which is the compartment: descriptors of one file never conflict, and closing any of them drops
 * all of the file's locks. So for each locked file one open file, the first that locked it, holds them all.
 *
 * Nobody else can see a file in memory, or a host's file that nobody may write to: locks of the process
 * always succeed there. flock, and locks of open files, work on the host's writable files only. */
#include <errno.h>
#include <sys/file.h>
#include "files.h"
#include "heap.h"
#include "locks.h"

struct holder {
    struct holder *next;
    uint64_t device, inode;
    struct file *file; /* no reference: closing it ends this */
};

static struct libos_lock holders_lock;
static struct holder *holders;

/* Which file it is: the host is asked once. */
static long identify(struct file *file) {
    struct orc_status status;
    if (__atomic_load_n(&file->inode, __ATOMIC_ACQUIRE))
        return 0;
    long error = orc_hostcall(ORC_STATUS, file->handle, (long)&status, 0, 0, 0);
    if (!error) {
        __atomic_store_n(&file->device, status.device, __ATOMIC_RELAXED);
        __atomic_store_n(&file->inode, status.inode, __ATOMIC_RELEASE);
    }
    return error;
}

static bool holds(const struct holder *holder, const struct file *file) {
    return holder->device == file->device && holder->inode == file->inode;
}

static struct holder *find_holder(const struct file *file) {
    struct holder *holder = holders;
    while (holder && !holds(holder, file))
        holder = holder->next;
    return holder;
}

/* The open file that has this file's locks, with a reference; a new one is the file itself. */
static long get_holder(struct file *file, struct file **result) {
    long error = identify(file);
    if (error)
        return error;
    libos_lock(&holders_lock);
    struct holder *holder = find_holder(file);
    if (!holder && (holder = heap_allocate(sizeof *holder))) {
        *holder = (struct holder){holders, file->device, file->inode, file};
        __atomic_store_n(&holders, holder, __ATOMIC_RELAXED);
    }
    if (holder) {
        *result = holder->file;
        file_hold(*result);
    }
    libos_unlock(&holders_lock);
    return holder ? 0 : -ENOLCK;
}

static void unlock_all(struct file *file) {
    struct orc_lock lock = {.type = F_UNLCK};
    orc_hostcall(ORC_LOCK, file->handle, (long)&lock, 0, 0, 0);
}

void locks_closed(struct file *file) {
    if (!__atomic_load_n(&holders, __ATOMIC_RELAXED) || file->kind != FILE_HOST || identify(file))
        return;
    libos_lock(&holders_lock);
    struct holder **place = &holders;
    while (*place && !holds(*place, file))
        place = &(*place)->next;
    struct holder *holder = *place;
    if (holder) {
        *place = holder->next;
        unlock_all(holder->file);
        heap_free(holder, sizeof *holder);
    }
    libos_unlock(&holders_lock);
}

/* From the start of the file, with a length that isn't negative. */
static long absolute(struct file *file, const struct flock *from, struct orc_lock *lock) {
    int64_t start = from->l_start, length = from->l_len;
    struct stat status;
    if (from->l_whence == SEEK_CUR) {
        long position = file->operations->seek ? file->operations->seek(file, 0, SEEK_CUR) : -EINVAL;
        if (position < 0)
            return position;
        start += position;
    } else if (from->l_whence == SEEK_END) {
        long error = file->operations->status(file, &status);
        if (error)
            return error;
        start += status.st_size;
    } else if (from->l_whence != SEEK_SET) {
        return -EINVAL;
    }
    if (length < 0) {
        start += length;
        length = -length;
    }
    *lock = (struct orc_lock){.type = from->l_type, .start = start, .length = length};
    return start < 0 || (from->l_type != F_RDLCK && from->l_type != F_WRLCK && from->l_type != F_UNLCK)
               ? -EINVAL
               : 0;
}

static bool is_open(const struct file *file, unsigned type) {
    return type == F_UNLCK || (type == F_RDLCK ? readable(file) : writable(file));
}

static long lock_host(struct file *file, const struct orc_lock *lock, bool wait) {
    return wait ? libos_blocking(ORC_LOCK, file->handle, (long)lock, 1, 0, 0)
                : orc_hostcall(ORC_LOCK, file->handle, (long)lock, 0, 0, 0);
}

/* What is in the way of a lock. The host can't tell whose it is. */
static long query_lock(struct file *file, struct orc_lock *lock, struct flock *answer) {
    long error = orc_hostcall(ORC_LOCK, file->handle, (long)lock, ORC_LOCK_QUERY, 0, 0);
    if (error)
        return error;
    answer->l_type = lock->type;
    if (lock->type == F_UNLCK)
        return 0;
    answer->l_whence = SEEK_SET;
    answer->l_start = lock->start;
    answer->l_len = lock->length;
    answer->l_pid = -1;
    return 0;
}

static long process_lock(struct file *file, int command, struct flock *from) {
    struct orc_lock lock;
    struct file *holder;
    long error = absolute(file, from, &lock);
    if (error)
        return error;
    if (file->kind == FILE_MEMORY || file->layered) {
        if (command == F_GETLK)
            from->l_type = F_UNLCK;
        return command == F_GETLK || is_open(file, lock.type) ? 0 : -EBADF;
    }
    if (file->kind != FILE_HOST)
        return -EINVAL;
    if (command != F_GETLK && !is_open(file, lock.type))
        return -EBADF;
    if ((error = get_holder(file, &holder)))
        return error;
    if (command == F_GETLK)
        error = query_lock(holder, &lock, from);
    else
        error = lock_host(is_open(holder, lock.type) ? holder : file, &lock, command == F_SETLKW);
    file_put(holder);
    return error;
}

static long file_lock(struct file *file, int command, struct flock *from) {
    struct orc_lock lock;
    long error = absolute(file, from, &lock);
    if (error)
        return error;
    if (file->kind != FILE_HOST)
        return file->kind == FILE_MEMORY ? -ENOLCK : -EINVAL;
    return command == F_OFD_GETLK ? query_lock(file, &lock, from)
                                  : lock_host(file, &lock, command == F_OFD_SETLKW);
}

long lock_control(struct file *file, int command, struct flock *lock) {
    switch (command) {
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
        return process_lock(file, command, lock);
    default:
        return file_lock(file, command, lock);
    }
}

long sys_flock(int descriptor, int operation) {
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    int kind = operation & ~LOCK_NB;
    struct orc_lock lock = {.type = kind == LOCK_SH ? F_RDLCK : kind == LOCK_EX ? F_WRLCK : F_UNLCK};
    long result = -EINVAL;
    if (kind == LOCK_SH || kind == LOCK_EX || kind == LOCK_UN)
        result = file->kind == FILE_HOST ? lock_host(file, &lock, !(operation & LOCK_NB)) : -ENOLCK;
    file_put(file);
    return result;
}
