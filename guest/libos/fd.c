/* The descriptor table. Descriptors below 32 lie in the libOS' own variables, the others in chunks that are
 * never given back, so that looking one up takes no lock: a file's structure is only ever reused for another
 * file, and whoever finds one in the table takes a reference and looks again. */
#include <errno.h>
#include <string.h>
#include "file.h"
#include "files.h"
#include "heap.h"
#include "names.h"
#include "service.h"

#define CHUNK 256u
#define MOST 65536u

#define RANGE_UNSHARE 2 /* of close_range */
#define RANGE_CLOSE_ON_EXEC 4

static struct libos_lock table_lock;
uint32_t first_descriptors[FIRST_DESCRIPTORS];
static uint32_t *chunks[MOST / CHUNK]; /* chunk 0's first 32 entries are unused */
static unsigned lowest_free;           /* no descriptor below is free */
static unsigned end_used;              /* no descriptor from here on is in use */
static struct file *free_files;

static uint32_t *entry_of(unsigned descriptor) {
    if (descriptor < FIRST_DESCRIPTORS)
        return &first_descriptors[descriptor];
    if (descriptor >= MOST)
        return NULL;
    uint32_t *chunk = __atomic_load_n(&chunks[descriptor / CHUNK], __ATOMIC_ACQUIRE);
    return chunk ? &chunk[descriptor % CHUNK] : NULL;
}

static struct file *file_of(uint32_t entry) {
    return (struct file *)(uintptr_t)(entry & ~DESCRIPTOR_CLOSE_ON_EXEC);
}

/* -EMFILE, -ENOMEM; with the table locked. */
static long entry_make(unsigned descriptor, uint32_t **entry) {
    if (descriptor >= libos_descriptor_limit() || descriptor >= MOST)
        return -EMFILE;
    if ((*entry = entry_of(descriptor)))
        return 0;
    uint32_t *chunk = heap_allocate(CHUNK * sizeof *chunk);
    if (!chunk)
        return -ENOMEM;
    __atomic_store_n(&chunks[descriptor / CHUNK], chunk, __ATOMIC_RELEASE);
    *entry = &chunk[descriptor % CHUNK];
    return 0;
}

struct file *file_create(const struct file_operations *operations, enum file_kind kind, unsigned flags) {
    libos_lock(&table_lock);
    struct file *file = free_files;
    if (file)
        free_files = file->next_free;
    libos_unlock(&table_lock);
    if (!file && !(file = heap_allocate(sizeof *file)))
        return NULL;
    file->operations = operations;
    file->flags = flags;
    file->handle = ORC_NO_HANDLE;
    file->kind = kind;
    file->granted = file->directory = file->by_path = file->layered = false;
    file->lock = (struct libos_lock){0};
    file->path = NULL;
    file->path_size = 0;
    file->position = 0;
    file->own = NULL;
    file->watches = NULL;
    file->inode = 0;
    file->locked = file->asynchronous = file->nameless = file->unopened = false;
    file->owner = file->owner_signal = 0;
    file->shown_device = 0;
    file->error = 0;
    file->linger = 0;
    __atomic_store_n(&file->references, 1, __ATOMIC_RELEASE);
    return file;
}

struct file *file_get_any(int descriptor) {
    for (;;) {
        uint32_t *entry = entry_of(descriptor);
        struct file *file = entry ? file_of(__atomic_load_n(entry, __ATOMIC_ACQUIRE)) : NULL;
        if (!file)
            return NULL;
        if (!libos_threaded) {
            file->references++;
            return file;
        }
        uint32_t references = __atomic_load_n(&file->references, __ATOMIC_RELAXED);
        while (references && !__atomic_compare_exchange_n(&file->references, &references, references + 1,
                                                          true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            ;
        if (!references)
            continue; /* it was closed just now */
        if (file_of(__atomic_load_n(entry, __ATOMIC_ACQUIRE)) == file)
            return file;
        file_put(file);
    }
}

void file_hold(struct file *file) {
    __atomic_fetch_add(&file->references, 1, __ATOMIC_RELAXED);
}

static void file_end(struct file *file) {
    if (file->locked)
        locks_ended(file);
    if (file->flags & O_ASYNC)
        async_forget(file);
    notify_closed(file);
    if (file->operations->release)
        file->operations->release(file);
    if (file->watches)
        epoll_forget(file);
    if (file->handle != ORC_NO_HANDLE)
        orc_hostcall(ORC_CLOSE, file->handle, 0, 0, 0, 0);
    heap_free(file->path, file->path_size);
    libos_lock(&table_lock);
    file->next_free = free_files;
    free_files = file;
    libos_unlock(&table_lock);
}

void file_put_any(struct file *file) {
    if (!libos_threaded && --file->references)
        return;
    if (!libos_threaded || __atomic_sub_fetch(&file->references, 1, __ATOMIC_ACQ_REL) == 0)
        file_end(file);
}

static void entry_set(unsigned descriptor, uint32_t *entry, struct file *file, bool close_on_exec) {
    __atomic_store_n(entry, (uint32_t)(uintptr_t)file | (close_on_exec ? DESCRIPTOR_CLOSE_ON_EXEC : 0),
                     __ATOMIC_RELEASE);
    if (descriptor >= end_used)
        end_used = descriptor + 1;
}

static long add_locked(struct file *file, unsigned lowest, bool close_on_exec) {
    bool from_start = lowest <= lowest_free;
    for (unsigned descriptor = from_start ? lowest_free : lowest;; descriptor++) {
        uint32_t *entry;
        long error = entry_make(descriptor, &entry);
        if (error)
            return error;
        if (*entry)
            continue;
        entry_set(descriptor, entry, file, close_on_exec);
        if (from_start)
            lowest_free = descriptor + 1;
        return descriptor;
    }
}

long descriptor_add(struct file *file, unsigned lowest, bool close_on_exec) {
    libos_lock(&table_lock);
    long result = add_locked(file, lowest, close_on_exec);
    libos_unlock(&table_lock);
    if (result < 0)
        file_put(file);
    return result;
}

long descriptor_add_handle(const struct file_operations *operations, enum file_kind kind, long handle,
                           unsigned flags) {
    struct file *file = file_create(operations, kind, flags & ~O_CLOEXEC);
    if (!file) {
        orc_hostcall(ORC_CLOSE, handle, 0, 0, 0, 0);
        return -ENOMEM;
    }
    file->handle = handle;
    return descriptor_add(file, 0, flags & O_CLOEXEC);
}

/* Takes the descriptor out of the table: its file, whose reference is the caller's now; NULL: it isn't open.
 */
static struct file *descriptor_take(unsigned descriptor) {
    libos_lock(&table_lock);
    uint32_t *entry = entry_of(descriptor);
    struct file *file = entry ? file_of(*entry) : NULL;
    if (file) {
        __atomic_store_n(entry, 0, __ATOMIC_RELEASE);
        if (descriptor < lowest_free)
            lowest_free = descriptor;
        while (end_used && !((entry = entry_of(end_used - 1)) && *entry))
            end_used--;
    }
    libos_unlock(&table_lock);
    return file;
}

long sys_close(int descriptor) {
    struct file *file = descriptor_take(descriptor);
    if (!file)
        return -EBADF;
    locks_closed(file);
    file_put(file);
    return 0;
}

long sys_close_range(unsigned first, unsigned last, long flags) {
    if (first > last || flags & ~(RANGE_CLOSE_ON_EXEC | RANGE_UNSHARE))
        return -EINVAL;
    for (int descriptor = descriptor_next(first); descriptor >= 0 && (unsigned)descriptor <= last;
         descriptor = descriptor_next(descriptor + 1)) {
        if (flags & RANGE_CLOSE_ON_EXEC)
            descriptor_set_close_on_exec(descriptor, true);
        else
            sys_close(descriptor);
    }
    return 0;
}

int descriptor_next(int from) {
    int found = -1;
    libos_lock(&table_lock);
    for (unsigned descriptor = from; descriptor < end_used && found < 0; descriptor++) {
        uint32_t *entry = entry_of(descriptor);
        if (entry && *entry)
            found = descriptor;
    }
    libos_unlock(&table_lock);
    return found;
}

void files_each(void (*function)(struct file *file, void *context), void *context) {
    libos_lock(&table_lock);
    for (unsigned descriptor = 0; descriptor < end_used; descriptor++) {
        uint32_t *entry = entry_of(descriptor);
        if (entry && *entry)
            function(file_of(*entry), context);
    }
    libos_unlock(&table_lock);
}

long descriptor_close_on_exec(int descriptor) {
    uint32_t *entry = entry_of(descriptor);
    uint32_t value = entry ? __atomic_load_n(entry, __ATOMIC_ACQUIRE) : 0;
    return value ? (long)(value & DESCRIPTOR_CLOSE_ON_EXEC) : -EBADF;
}

long descriptor_set_close_on_exec(int descriptor, bool close_on_exec) {
    long result = -EBADF;
    libos_lock(&table_lock);
    uint32_t *entry = entry_of(descriptor);
    if (entry && *entry) {
        entry_set(descriptor, entry, file_of(*entry), close_on_exec);
        result = 0;
    }
    libos_unlock(&table_lock);
    return result;
}

long sys_dup(int descriptor) {
    struct file *file = file_get(descriptor);
    return file ? descriptor_add(file, 0, false) : -EBADF;
}

/* Puts the file at exactly this descriptor; what was there is closed. */
static long descriptor_replace(struct file *file, unsigned descriptor, bool close_on_exec) {
    libos_lock(&table_lock);
    uint32_t *entry;
    long result = entry_make(descriptor, &entry);
    struct file *old = NULL;
    if (!result) {
        old = file_of(*entry);
        entry_set(descriptor, entry, file, close_on_exec);
    }
    libos_unlock(&table_lock);
    if (old) {
        locks_closed(old);
        file_put(old);
    }
    if (result == -EMFILE)
        result = -EBADF;
    if (result < 0)
        file_put(file);
    return result < 0 ? result : (long)descriptor;
}

long sys_dup3(int old, int new, int flags) {
    if (old == new || flags & ~O_CLOEXEC)
        return -EINVAL;
    struct file *file = file_get(old);
    return file ? descriptor_replace(file, new, flags & O_CLOEXEC) : -EBADF;
}

long sys_dup2(int old, int new) {
    if (old != new)
        return sys_dup3(old, new, 0);
    struct file *file = file_get(old);
    if (!file)
        return -EBADF;
    file_put(file);
    return new;
}

/* Standard streams that weren't granted stay closed. */
static void add_standard_stream(int descriptor) {
    struct orc_status status;
    if (orc_hostcall(ORC_STATUS, descriptor, (long)&status, 0, 0, 0) < 0)
        return;
    bool both = S_ISCHR(status.mode) || S_ISSOCK(status.mode);
    unsigned flags = both ? O_RDWR : descriptor ? O_WRONLY : O_RDONLY;
    struct file *file =
        file_create(&stream_operations, S_ISSOCK(status.mode) ? FILE_SOCKET : FILE_STREAM, flags);
    if (!file)
        return;
    if (S_ISSOCK(status.mode))
        file->operations = &socket_operations;
    file->handle = descriptor;
    file->granted = true;
    descriptor_replace(file, descriptor, false);
}

void standard_streams_renew(void) {
    for (int descriptor = descriptor_next(0); descriptor >= 0; descriptor = descriptor_next(descriptor + 1)) {
        struct file *file = file_get(descriptor);
        struct orc_status status;
        if (!file)
            continue;
        if (file->granted && orc_hostcall(ORC_STATUS, file->handle, (long)&status, 0, 0, 0) == 0) {
            file->kind = S_ISSOCK(status.mode) ? FILE_SOCKET : FILE_STREAM;
            file->operations = S_ISSOCK(status.mode) ? &socket_operations : &stream_operations;
        }
        file_put(file);
    }
}

void files_start(void) {
    mounts_start();
    for (int descriptor = 0; descriptor < 3; descriptor++)
        add_standard_stream(descriptor);
}
