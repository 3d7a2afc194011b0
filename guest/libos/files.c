/* System calls on open files. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include "files.h"
#include "heap.h"
#include "names.h"
#include "notify.h"

long sys_lseek(int descriptor, int64_t offset, int whence) {
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    long result = file->kind == FILE_PATH ? -EBADF : -ESPIPE;
    if (file->operations->seek)
        result = file->operations->seek(file, offset, whence);
    file_put(file);
    return result;
}

long sys_fstat(int descriptor, void *status) {
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    long result = libos_maps(status, sizeof(struct stat)) ? file->operations->status(file, status) : -EFAULT;
    file_put(file);
    return result;
}

/* RLIMIT_FSIZE: a file that is smaller can't become so large. */
static long check_limit(struct file *file, int64_t size) {
    struct stat status;
    if (!libos_file_size_limited || file->operations->status(file, &status) < 0 || !S_ISREG(status.st_mode))
        return 0;
    return libos_check_growth(status.st_size, size);
}

long sys_ftruncate(int descriptor, int64_t size) {
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    long result = -EINVAL;
    if (size >= 0 && writable(file) && file->operations->truncate) {
        result = check_limit(file, size);
        if (!result)
            result = file->operations->truncate(file, size);
    }
    file_put(file);
    return result;
}

static long sync_file(struct file *file, bool data_only) {
    switch (file->kind) {
    case FILE_HOST:;
        long error = libos_blocking(ORC_SYNC, file->handle, data_only, 0, 0, 0);
        return error == -EACCES ? 0 : error; /* nobody here may write to it, so there's nothing to sync */
    case FILE_MEMORY:
        return 0;
    case FILE_DIRECTORY:
        return path_sync(file);
    case FILE_PATH:
        return -EBADF;
    default:
        return -EINVAL;
    }
}

long sys_fsync(int descriptor, bool data_only) {
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    long result = sync_file(file, data_only);
    file_put(file);
    return result;
}

/* The header has no names for these. */
#define FALLOC_FL_COLLAPSE_RANGE 8
#define FALLOC_FL_ZERO_RANGE 16
#define FALLOC_FL_INSERT_RANGE 32

static long allocate_in_memory(struct node *node, int mode, int64_t offset, int64_t length) {
    int64_t end = offset + length;
    if (node->seals & F_SEAL_WRITE && mode & ~FALLOC_FL_KEEP_SIZE)
        return -EPERM;
    if (node->seals & F_SEAL_GROW && !(mode & FALLOC_FL_KEEP_SIZE) && end > node->size)
        return -EPERM;
    if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
        node_clear(node, offset, length);
    long error = mode & FALLOC_FL_PUNCH_HOLE ? 0 : node_reserve(node, offset, length);
    if (!error && !(mode & FALLOC_FL_KEEP_SIZE) && end > node->size)
        error = node_resize(node, end);
    if (!error)
        node_touch(node);
    return error;
}

static long allocate_node(struct file *file, int mode, int64_t offset, int64_t length) {
    if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
        return -EOPNOTSUPP;
    libos_lock(&nodes_lock);
    long error = allocate_in_memory(file->node, mode, offset, length);
    libos_unlock(&nodes_lock);
    if (!error)
        notify_file(file, IN_MODIFY);
    return error;
}

#define ALLOCATION_MODES                                                                                     \
    (FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE | FALLOC_FL_COLLAPSE_RANGE |           \
     FALLOC_FL_INSERT_RANGE)

static long check_allocation(int mode, int64_t offset, int64_t length) {
    if (offset < 0 || length <= 0)
        return -EINVAL;
    if (mode & ~ALLOCATION_MODES || (mode & FALLOC_FL_PUNCH_HOLE && mode & FALLOC_FL_ZERO_RANGE) ||
        (mode & FALLOC_FL_PUNCH_HOLE && !(mode & FALLOC_FL_KEEP_SIZE)))
        return -EOPNOTSUPP;
    bool moves = mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE);
    return moves && mode & (mode - 1) ? -EINVAL : 0;
}

static long allocate_file(struct file *file, int mode, int64_t offset, int64_t length) {
    if (!writable(file) || file->kind == FILE_PATH)
        return -EBADF;
    if (file->kind <= FILE_TIMER)
        return file->kind == FILE_PIPE ? -ESPIPE : -ENODEV;
    if (length > INT64_MAX - offset)
        return -EFBIG;
    if (!(mode & FALLOC_FL_KEEP_SIZE) && check_limit(file, offset + length) < 0)
        return -EFBIG;
    if (file->kind == FILE_HOST)
        return orc_hostcall(ORC_ALLOCATE, file->handle, mode, offset, length, 0);
    return file->operations == &memory_operations ? allocate_node(file, mode, offset, length) : -ENODEV;
}

long sys_fallocate(int descriptor, int mode, int64_t offset, int64_t length) {
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    long result = check_allocation(mode, offset, length);
    if (!result)
        result = allocate_file(file, mode, offset, length);
    file_put(file);
    return result;
}

/* Advice only. */
long sys_fadvise64(int descriptor, int64_t offset, int64_t length, int advice) {
    (void)offset;
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    long result = file->kind == FILE_PATH                                          ? -EBADF
                  : file->kind <= FILE_TIMER                                       ? -ESPIPE
                  : length < 0 || advice < POSIX_FADV_NORMAL || advice > POSIX_FADV_NOREUSE ? -EINVAL
                                                                                            : 0;
    file_put(file);
    return result;
}

/* Likewise. */
long sys_readahead(int descriptor, int64_t offset, size_t length) {
    (void)offset, (void)length;
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    bool regular = (file->kind == FILE_HOST && !file->directory) || file->operations == &memory_operations;
    long result = file->kind == FILE_PATH || !readable(file) ? -EBADF : regular ? 0 : -EINVAL;
    file_put(file);
    return result;
}

/* What the host's side of a mount may still have to write. */
static long sync_system(uint32_t handle) {
    long error = libos_blocking(ORC_SYNC, handle, 2, 0, 0, 0);
    return error == -EACCES ? 0 : error; /* nobody here may write there */
}

long sys_syncfs(int descriptor) {
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    long result = file->kind == FILE_PATH ? -EBADF : 0;
    uint32_t mounted = result || !file->path ? ORC_NO_HANDLE : path_host_handle(file);
    if (file->kind == FILE_HOST && !file->unchanging)
        result = sync_system(file->handle);
    else if (mounted != ORC_NO_HANDLE)
        result = sync_system(mounted);
    file_put(file);
    return result;
}

long sys_sync(void) {
    unsigned index = 0;
    for (uint32_t handle; (handle = mount_host_handle(&index)) != ORC_NO_HANDLE;)
        sync_system(handle);
    return 0;
}

/* More than is asked for: all of the file's data. */
long sys_sync_file_range(int descriptor, int64_t offset, int64_t length, unsigned flags) {
    if (flags & ~7u || offset < 0 || length < 0 || length > INT64_MAX - offset)
        return -EINVAL;
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    long result = file->kind == FILE_PATH    ? -EBADF
                  : file->kind <= FILE_TIMER ? -ESPIPE
                  : flags && file->kind == FILE_HOST ? sync_file(file, true)
                                                     : 0;
    file_put(file);
    return result;
}

/* Files have no handles that outlive names and descriptors. */
long sys_name_to_handle_at(void) {
    return -EOPNOTSUPP;
}

long sys_getdents64(int descriptor, void *buffer, size_t length) {
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    long result = file->kind == FILE_PATH ? -EBADF : -ENOTDIR;
    if (file->operations->entries)
        result = file->operations->entries(file, buffer, length);
    file_put(file);
    return result;
}

static long set_attributes(int descriptor, const struct attributes *attributes) {
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    long result = file->kind == FILE_PATH ? -EBADF : -EPERM;
    if (file->operations->set_attributes)
        result = file->operations->set_attributes(file, attributes);
    file_put(file);
    return result;
}

long sys_fchmod(int descriptor, mode_t mode) {
    return set_attributes(descriptor, &(struct attributes){.set_mode = true, .mode = mode & 07777});
}

long sys_fchown(int descriptor, uint32_t user, uint32_t group) {
    return set_attributes(descriptor, &(struct attributes){.set_owner = true, .user = user, .group = group});
}

/* Of what has no name. */
static long nameless_file_system(const struct file *file, struct statfs *status) {
    long error = memory_file_system(status);
    if (!error && file->kind <= FILE_TIMER)
        status->f_type = file->kind == FILE_PIPE     ? 0x50495045  /* PIPEFS_MAGIC */
                         : file->kind == FILE_SOCKET ? 0x534f434b  /* SOCKFS_MAGIC */
                                                     : 0x09041934; /* ANON_INODE_FS_MAGIC */
    return error;
}

static long file_system_of(struct file *file, struct statfs *status) {
    if (file->kind == FILE_HOST && !file->layered)
        return host_file_system(file->handle, status);
    long error = file->path ? path_file_system(file, status) : -ENOENT;
    return error == -ENOENT ? nameless_file_system(file, status) : error;
}

long sys_fstatfs(int descriptor, void *status) {
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    long result = file_system_of(file, status);
    file_put(file);
    return result;
}

#define MEMFD_DEVICE 0xffd00002u /* no mount's */

long sys_memfd_create(const char *name, unsigned flags) {
    struct file *file = NULL;
    if (strnlen(name, NAME_MAX) > 249 || flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING))
        return -EINVAL;
    libos_lock(&nodes_lock);
    struct node *node = node_create(MEMFD_DEVICE, S_IFREG | 0777);
    if (node && !(flags & MFD_ALLOW_SEALING))
        node->seals = F_SEAL_SEAL;
    if (node)
        file = memory_file_open(node, O_RDWR);
    if (node)
        node_put(node);
    libos_unlock(&nodes_lock);
    return file ? descriptor_add(file, 0, flags & MFD_CLOEXEC) : -ENOMEM;
}
