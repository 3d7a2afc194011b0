/* System calls on open files. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include "files.h"
#include "heap.h"
#include "names.h"

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
    long result = file->operations->status(file, status);
    file_put(file);
    return result;
}

long sys_ftruncate(int descriptor, int64_t size) {
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    long result = -EINVAL;
    if (size >= 0 && writable(file) && file->operations->truncate)
        result = file->operations->truncate(file, size);
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

static long allocate_in_memory(struct node *node, int mode, int64_t offset, int64_t length) {
    libos_lock(&nodes_lock);
    long error = node_reserve(node, offset, length);
    if (!error && !(mode & FALLOC_FL_KEEP_SIZE) && offset + length > node->size)
        error = node_resize(node, offset + length);
    libos_unlock(&nodes_lock);
    return error;
}

long sys_fallocate(int descriptor, int mode, int64_t offset, int64_t length) {
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    long result = -ENODEV;
    if (offset < 0 || length <= 0)
        result = -EINVAL;
    else if (!writable(file))
        result = -EBADF;
    else if (mode & ~FALLOC_FL_KEEP_SIZE)
        result = -EOPNOTSUPP;
    else if (length > INT64_MAX - offset)
        result = -EFBIG;
    else if (file->kind == FILE_HOST)
        result = orc_hostcall(ORC_ALLOCATE, file->handle, mode, offset, length, 0);
    else if (file->operations == &memory_operations)
        result = allocate_in_memory(file->node, mode, offset, length);
    else if (file->kind <= FILE_TIMER)
        result = -ESPIPE;
    file_put(file);
    return result;
}

/* Advice only. */
long sys_fadvise64(int descriptor) {
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    long result = file->kind <= FILE_TIMER ? -ESPIPE : 0;
    file_put(file);
    return result;
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

long sys_fstatfs(int descriptor, void *status) {
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    long result = file->kind == FILE_HOST ? host_file_system(file->handle, status)
                  : file->kind == FILE_DIRECTORY || file->kind == FILE_PATH
                      ? path_file_system(file, status)
                      : memory_file_system(status);
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
