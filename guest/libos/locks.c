/* Record locks and flock.
 *
 * The host's locks belong to open files (the cell is one process). Those of fcntl(F_SETLK) belong to the
 * process, which is the compartment: descriptors of one file never conflict, and closing any of them drops
 * all of the file's locks. So for each locked file of the host's there is one more open file, which holds
 * them all.
 *
 * Nobody else can see a file in memory, and nobody may lock a host's file that nobody may write to: those
 * locks are the compartment's own (range_lock.c). */
#include <errno.h>
#include <sys/file.h>
#include "files.h"
#include "heap.h"
#include "locks.h"
#include "names.h"
#include "range_lock.h"

struct holder {
    struct holder *next;
    uint64_t device, inode;
    uint32_t handle;     /* of an open file of its own */
    uint32_t references; /* the list's, and of calls */
    bool writable;
};

static struct libos_lock holders_lock;
static struct holder *holders;

/* Whether its locks are the compartment's own. */
static bool is_kept_here(const struct file *file) {
    return file->kind != FILE_HOST || file->unchanging;
}

/* Which file it is: asked once. */
static long identify(struct file *file) {
    struct stat status;
    if (__atomic_load_n(&file->inode, __ATOMIC_ACQUIRE))
        return 0;
    long error = file->operations->status ? file->operations->status(file, &status) : -EBADF;
    if (!error) {
        __atomic_store_n(&file->device, status.st_dev, __ATOMIC_RELAXED);
        __atomic_store_n(&file->inode, status.st_ino, __ATOMIC_RELEASE);
    }
    return error;
}

static struct identity identity_of(const struct file *file) {
    return (struct identity){file->device, file->inode};
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

/* By its name, if that leads to the same file still. */
static long open_for_writing(struct file *file) {
    struct place place;
    struct orc_status status;
    libos_lock(&nodes_lock);
    long error = file->path ? place_set_at(&place, "", file->path, 0) : -ENOENT;
    if (!error)
        error = place_find(&place);
    libos_unlock(&nodes_lock);
    if (error || !place.host || place.node)
        return -ENOENT;
    struct orc_path path = place_host(&place);
    long handle = orc_hostcall(ORC_OPEN, (long)&path, O_RDWR | ORC_NO_LINKS, 0, 0, 0);
    if (handle < 0)
        return handle;
    if (!orc_hostcall(ORC_STATUS, handle, (long)&status, 0, 0, 0) && status.device == file->device &&
        status.inode == file->inode)
        return handle;
    orc_hostcall(ORC_CLOSE, handle, 0, 0, 0, 0);
    return -ENOENT;
}

/* An open file for all locks of the process: for writing, if that can be had, since another descriptor may
 * want that. */
static long open_holder(struct file *file, bool *for_writing) {
    const struct orc_path itself = {.directory = file->handle};
    *for_writing = writable(file);
    long handle = *for_writing ? -ENOENT : open_for_writing(file);
    if (handle >= 0)
        *for_writing = true;
    return handle >= 0 ? handle : orc_hostcall(ORC_OPEN, (long)&itself, file->flags & O_ACCMODE, 0, 0, 0);
}

static long make_holder(struct file *file, struct holder **result) {
    bool for_writing;
    long handle = open_holder(file, &for_writing);
    struct holder *holder = handle < 0 ? NULL : heap_allocate(sizeof *holder);
    if (!holder) {
        if (handle >= 0)
            orc_hostcall(ORC_CLOSE, handle, 0, 0, 0, 0);
        return handle == -EINTR ? -EINTR : -ENOLCK;
    }
    *holder = (struct holder){holders, file->device, file->inode, (uint32_t)handle, 1, for_writing};
    __atomic_store_n(&holders, holder, __ATOMIC_RELAXED);
    *result = holder;
    return 0;
}

/* Who holds the process's locks of this file; to be put. */
static long get_holder(struct file *file, struct holder **result) {
    long error = identify(file);
    if (error)
        return error;
    libos_lock(&holders_lock);
    *result = find_holder(file);
    if (!*result)
        error = make_holder(file, result);
    if (!error)
        (*result)->references++;
    libos_unlock(&holders_lock);
    return error;
}

/* With holders_lock. */
static void drop_holder(struct holder *holder) {
    if (--holder->references)
        return;
    orc_hostcall(ORC_CLOSE, holder->handle, 0, 0, 0, 0);
    heap_free(holder, sizeof *holder);
}

static void put_holder(struct holder *holder) {
    libos_lock(&holders_lock);
    drop_holder(holder);
    libos_unlock(&holders_lock);
}

/* A call that waits for a lock may still have the holder: the locks go nevertheless. */
static void end_holder(struct holder **place) {
    static const struct orc_lock all = {.type = F_UNLCK};
    struct holder *holder = *place;
    *place = holder->next;
    if (holder->references > 1)
        orc_hostcall(ORC_LOCK, holder->handle, (long)&all, 0, 0, 0);
    drop_holder(holder);
}

void locks_closed(struct file *file) {
    bool here = is_kept_here(file);
    if (here ? !range_locks_held() : !__atomic_load_n(&holders, __ATOMIC_RELAXED))
        return;
    if (identify(file))
        return;
    if (here) {
        range_locks_drop_process(identity_of(file));
        return;
    }
    libos_lock(&holders_lock);
    struct holder **place = &holders;
    while (*place && !holds(*place, file))
        place = &(*place)->next;
    if (*place)
        end_holder(place);
    libos_unlock(&holders_lock);
}

void locks_renew(void) {
    while (holders) {
        struct holder *holder = holders;
        holders = holder->next;
        heap_free(holder, sizeof *holder);
    }
}

void locks_ended(struct file *file) {
    range_locks_drop_file(file);
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
    if (start >= 0 && length > 0 && length - 1 > INT64_MAX - start)
        return -EOVERFLOW;
    *lock = (struct orc_lock){.type = from->l_type, .start = start, .length = length};
    return start < 0 || (from->l_type != F_RDLCK && from->l_type != F_WRLCK && from->l_type != F_UNLCK)
               ? -EINVAL
               : 0;
}

static bool is_open(const struct file *file, unsigned type) {
    return type == F_UNLCK || (type == F_RDLCK ? readable(file) : writable(file));
}

static long lock_host(uint32_t handle, const struct orc_lock *lock, bool wait) {
    return wait ? libos_blocking(ORC_LOCK, handle, (long)lock, 1, 0, 0)
                : orc_hostcall(ORC_LOCK, handle, (long)lock, 0, 0, 0);
}

static void answer(struct flock *flock, unsigned type, int64_t start, int64_t length, int process) {
    flock->l_type = (short)type;
    if (type == F_UNLCK)
        return;
    flock->l_whence = SEEK_SET;
    flock->l_start = start;
    flock->l_len = length;
    flock->l_pid = process;
}

/* What is in the way of a lock. The host can't tell whose it is. */
static long query_host(uint32_t handle, struct orc_lock *lock, struct flock *flock) {
    long error = orc_hostcall(ORC_LOCK, handle, (long)lock, ORC_LOCK_QUERY, 0, 0);
    if (!error)
        answer(flock, lock->type, lock->start, lock->length, -1);
    return error;
}

static int64_t last_of(const struct orc_lock *lock) {
    return lock->length ? lock->start + lock->length - 1 : INT64_MAX;
}

/* The compartment's own: of the process, or of the open file. */
static long lock_here(struct file *file, struct flock *flock, const struct orc_lock *lock,
                      const struct file *owner, bool query, bool wait) {
    struct range_lock wanted = {lock->start, last_of(lock), owner, (uint16_t)lock->type};
    long error = identify(file);
    if (error)
        return error;
    if (!query) {
        file->locked |= owner != NULL;
        return range_lock_set(identity_of(file), &wanted, wait);
    }
    range_lock_query(identity_of(file), &wanted);
    int64_t length = wanted.end == INT64_MAX ? 0 : wanted.end - wanted.start + 1;
    answer(flock, wanted.type, wanted.start, length, wanted.owner ? -1 : 1);
    return 0;
}

static long process_lock(struct file *file, struct flock *flock, struct orc_lock *lock, bool query,
                         bool wait) {
    struct holder *holder;
    long error = get_holder(file, &holder);
    if (error)
        return error;
    /* Nothing can be opened for both: then the lock is the file's own, and conflicts with the process's
     * others. */
    uint32_t handle = lock->type == F_WRLCK && !holder->writable ? file->handle : holder->handle;
    error = query ? query_host(handle, lock, flock) : lock_host(handle, lock, wait);
    put_holder(holder);
    return error;
}

static long file_lock(struct file *file, struct flock *flock, struct orc_lock *lock, bool query, bool wait) {
    return query ? query_host(file->handle, lock, flock) : lock_host(file->handle, lock, wait);
}

long lock_control(struct file *file, int command, struct flock *flock) {
    struct orc_lock lock;
    bool query = command == F_GETLK || command == F_OFD_GETLK,
         wait = command == F_SETLKW || command == F_OFD_SETLKW;
    bool process = command == F_GETLK || command == F_SETLK || command == F_SETLKW;
    if (file->kind == FILE_PATH)
        return -EBADF;
    long error = absolute(file, flock, &lock);
    if (error)
        return error;
    if ((!process && flock->l_pid != 0) || (query && lock.type == F_UNLCK))
        return -EINVAL;
    if (!query && !is_open(file, lock.type))
        return -EBADF;
    if (is_kept_here(file))
        return lock_here(file, flock, &lock, process ? NULL : file, query, wait);
    return (process ? process_lock : file_lock)(file, flock, &lock, query, wait);
}

static const unsigned char flock_types[] = {[LOCK_SH] = F_RDLCK, [LOCK_EX] = F_WRLCK, [LOCK_UN] = F_UNLCK};

static long flock_file(struct file *file, int kind, bool wait) {
    if (file->kind == FILE_HOST && !file->unchanging)
        return wait ? libos_blocking(ORC_FLOCK, file->handle, kind, 1, 0, 0)
                    : orc_hostcall(ORC_FLOCK, file->handle, kind, 0, 0, 0);
    long error = identify(file);
    if (error)
        return error;
    file->locked = true;
    return whole_lock_set(identity_of(file), file, flock_types[kind], wait);
}

long sys_flock(int descriptor, int operation) {
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    int kind = operation & ~LOCK_NB;
    long result = -EINVAL;
    if (kind == LOCK_SH || kind == LOCK_EX || kind == LOCK_UN)
        result = file->kind == FILE_PATH ? -EBADF : flock_file(file, kind, !(operation & LOCK_NB));
    file_put(file);
    return result;
}
