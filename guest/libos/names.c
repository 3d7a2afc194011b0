/* System calls on names, but open. */
#include <errno.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include "files.h"
#include "heap.h"
#include "names.h"
#include "notify.h"
#include "opened.h"
#include "synthetic.h"

static mode_t file_mode_mask = 022;

void names_start(void) {
    if (file_mode_mask != libos_boot->file_mode_mask)
        file_mode_mask = libos_boot->file_mode_mask;
}

long sys_umask(mode_t mask) {
    return __atomic_exchange_n(&file_mode_mask, mask & 0777, __ATOMIC_RELAXED);
}

uint32_t libos_umask(void) {
    return file_mode_mask;
}

struct file *named_descriptor(const struct place *place) {
    bool link = place->mount->kind == MOUNT_SYNTHETIC && place_follows(place);
    int descriptor = link ? synthetic_descriptor(place->path, place->length) : -1;
    return descriptor < 0 ? NULL : file_get(descriptor);
}

/* The place is what the file is: a node, which may have lost its name, or what has its path. */
static long enter_file(struct place *place, struct file *file) {
    int descriptor = synthetic_descriptor(place->path, place->length);
    if (file->operations == &memory_operations) {
        place->node = file->node;
        place->mount = mount_of_device(file->node->device);
        place->descriptor = descriptor;
        return 0;
    }
    if (!file->path)
        return 0;
    long error = place_set_at(place, "", *file->path ? file->path : "/", place->flags & ~PLACE_FOLLOW);
    if (!error)
        error = place_find(place);
    place->descriptor = descriptor;
    return error;
}

long with_found(struct place *place, place_function *function, void *context) {
    libos_lock(&nodes_lock);
    long result = place_find(place);
    struct file *file = result ? NULL : named_descriptor(place);
    if (file)
        result = enter_file(place, file);
    if (result == -ENOENT && file)
        result = 0; /* its name is gone: there's the descriptor still */
    while (!result) {
        result = function(place, context);
        if (result != -ELOOP || !place->host || place->node)
            break;
        result = place_expand(place);
    }
    libos_unlock(&nodes_lock);
    if (file)
        file_put(file);
    return result;
}

long with_place(int directory, const char *path, unsigned flags, place_function *function, void *context) {
    struct place place;
    long result = place_set(&place, directory, path, flags);
    return result ? result : with_found(&place, function, context);
}

long with_file_path(struct file *file, place_function *function, void *context) {
    struct place place;
    libos_lock(&nodes_lock);
    long result = file->path ? place_set_at(&place, "", *file->path ? file->path : "/", 0) : -EBADF;
    libos_unlock(&nodes_lock);
    return result ? result : with_found(&place, function, context);
}

bool place_by_host(const struct place *place) {
    return !place->node && place->host && !place->mount->layered;
}

/* Nothing has this name, and one can be made. */
long place_check_new(const struct place *place) {
    struct stat status;
    long error = place_status(place, &status);
    if (!error || is_mount_point(place))
        return -EEXIST;
    if (error != -ENOENT)
        return error;
    return place_writable(place);
}

long place_insert(struct place *place, struct node *node) {
    size_t length;
    const char *name = place_name(place, &length);
    long error = layer_parent(place);
    if (error)
        return error;
    struct entry *whiteout = directory_find(place->parent, name, length);
    if (whiteout)
        entry_replace(place->parent, whiteout, node);
    return whiteout ? 0 : directory_add(place->parent, name, length, node);
}

/* ---- stat */

long place_do_status(struct place *place, void *status) {
    long error = place_status(place, status);
    if (!error && place->must_be_directory && !S_ISDIR(((struct stat *)status)->st_mode))
        error = -ENOTDIR;
    return error;
}

/* /proc/self/fd/N is what the descriptor is. */
static long status_of_descriptor(int descriptor, struct stat *status) {
    libos_unlock(&nodes_lock);
    long error = sys_fstat(descriptor, status);
    libos_lock(&nodes_lock);
    return error;
}

static long do_status_followed(struct place *place, void *status) {
    bool link = place->mount->kind == MOUNT_SYNTHETIC && !place->node && place_follows(place);
    int descriptor = link ? synthetic_descriptor(place->path, place->length) : place->descriptor;
    return descriptor < 0 ? place_do_status(place, status) : status_of_descriptor(descriptor, status);
}

long sys_newfstatat(int directory, const char *path, void *status, int flags) {
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT))
        return -EINVAL;
    if (!libos_maps(path, 1) || !libos_maps(status, sizeof(struct stat)))
        return -EFAULT;
    if (flags & AT_EMPTY_PATH && !*path && directory != AT_FDCWD)
        return sys_fstat(directory, status);
    unsigned place_flags =
        (flags & AT_SYMLINK_NOFOLLOW ? 0 : PLACE_FOLLOW) | (flags & AT_EMPTY_PATH ? PLACE_EMPTY : 0);
    return with_place(directory, path, place_flags, do_status_followed, status);
}

/* The kernel's struct statx. */
struct extended_time {
    int64_t seconds;
    uint32_t nanoseconds, pad;
};
struct extended_status {
    uint32_t mask, block_size;
    uint64_t attributes;
    uint32_t links, user, group;
    uint16_t mode, pad1;
    uint64_t inode, size, blocks, attributes_mask;
    struct extended_time access, birth, change, modification;
    uint32_t special_major, special_minor, device_major, device_minor;
    uint64_t spare[14];
};
_Static_assert(sizeof(struct extended_status) == 256, "struct statx");

static struct extended_time extended(struct timespec time) {
    return (struct extended_time){time.tv_sec, time.tv_nsec, 0};
}

#define BASIC_STATUS 0x7ff

long sys_statx(int directory, const char *path, int flags, unsigned mask, void *result) {
    struct stat status;
    (void)mask;
    long error =
        sys_newfstatat(directory, path, &status, flags & ~0x6000 /* AT_STATX_FORCE_SYNC, DONT_SYNC */);
    if (error)
        return error;
    *(struct extended_status *)result = (struct extended_status){
        .mask = BASIC_STATUS,
        .block_size = status.st_blksize,
        .links = status.st_nlink,
        .user = status.st_uid,
        .group = status.st_gid,
        .mode = status.st_mode,
        .inode = status.st_ino,
        .size = status.st_size,
        .blocks = status.st_blocks,
        .access = extended(status.st_atim),
        .change = extended(status.st_ctim),
        .modification = extended(status.st_mtim),
        .special_major = status.st_rdev >> 8 & 0xfff,
        .special_minor = (status.st_rdev & 0xff) | (status.st_rdev >> 12 & 0xfff00),
        .device_major = status.st_dev >> 8 & 0xfff,
        .device_minor = (status.st_dev & 0xff) | (status.st_dev >> 12 & 0xfff00),
    };
    return 0;
}

/* The compartment's user is root inside it: only what nobody may do is refused. */
static long do_access(struct place *place, void *context) {
    struct stat status;
    int mode = *(int *)context;
    long error = place_do_status(place, &status);
    if (error)
        return error;
    if (mode & 2 && !S_ISCHR(status.st_mode) && place_writable(place))
        return -EROFS;
    if (mode & 1 && S_ISREG(status.st_mode) && !(status.st_mode & 0111))
        return -EACCES;
    return 0;
}

long sys_faccessat2(int directory, const char *path, int mode, int flags) {
    if (mode & ~7 || flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    unsigned place_flags =
        (flags & AT_SYMLINK_NOFOLLOW ? 0 : PLACE_FOLLOW) | (flags & AT_EMPTY_PATH ? PLACE_EMPTY : 0);
    return with_place(directory, path, place_flags, do_access, &mode);
}

/* ---- links */

struct buffer {
    char *bytes;
    size_t length, done;
};

static long do_read_link(struct place *place, void *context) {
    struct buffer *buffer = context;
    long result = -EINVAL;
    if (place->node && S_ISLNK(place->node->mode)) {
        result = (size_t)place->node->size < buffer->length ? (size_t)place->node->size : buffer->length;
        memcpy(buffer->bytes, place->node->target, result);
        node_accessed(place->node);
    } else if (place->mount->kind == MOUNT_SYNTHETIC) {
        result = synthetic_link(place->path, place->length, buffer->bytes, buffer->length, true);
    } else if (place->host && !place->node) {
        struct orc_path path = place_host(place);
        result =
            orc_hostcall(ORC_READ_LINK, (long)&path, (long)buffer->bytes, buffer->length, ORC_NO_LINKS, 0);
    } else if (!place->node) {
        result = is_mount_point(place) ? -EINVAL : -ENOENT;
    }
    if (result >= 0)
        buffer->done = result;
    return result < 0 ? result : 0;
}

long sys_readlinkat(int directory, const char *path, char *bytes, size_t length) {
    struct buffer buffer = {bytes, length < PATH_MAX ? length : PATH_MAX, 0};
    if (!length)
        return -EINVAL;
    long error = with_place(directory, path, 0, do_read_link, &buffer);
    return error ? error : (long)buffer.done;
}

static long do_symbolic_link(struct place *place, void *context) {
    const char *target = context;
    size_t length = strlen(target);
    long error = place_check_new(place);
    if (!error && place->must_be_directory)
        error = -ENOENT;
    if (error)
        return error;
    if (place_by_host(place)) {
        struct orc_path path = place_host(place);
        return orc_hostcall(ORC_SYMBOLIC_LINK, (long)&path, (long)target, length, 0, 0);
    }
    struct node *node = node_create(place->mount->device, S_IFLNK | 0777);
    if (!node)
        return -ENOSPC;
    error = (node->target = heap_allocate(length + 1)) ? 0 : -ENOSPC;
    if (!error) {
        memcpy(node->target, target, length);
        node->size = length;
        error = place_insert(place, node);
    }
    node_put(node);
    if (!error)
        notify_created(place, false);
    return error;
}

long sys_symlinkat(const char *target, int directory, const char *path) {
    size_t length = strnlen(target, PATH_MAX);
    if (!length || length == PATH_MAX)
        return length ? -ENAMETOOLONG : -ENOENT;
    return with_place(directory, path, PLACE_SETTLE, do_symbolic_link, (void *)target);
}

/* ---- making and removing */

static long do_make_directory(struct place *place, void *context) {
    mode_t mode = *(mode_t *)context & ~libos_umask() & 01777;
    long error = place_check_new(place);
    if (error)
        return error;
    if (place_by_host(place)) {
        struct orc_path path = place_host(place);
        return orc_hostcall(ORC_MAKE_DIRECTORY, (long)&path, mode & 0777, 0, 0, 0);
    }
    struct node *node = node_create(place->mount->device, S_IFDIR | mode);
    if (!node)
        return -ENOSPC;
    error = place_insert(place, node);
    node_put(node);
    if (!error)
        notify_created(place, true);
    return error;
}

long sys_mkdirat(int directory, const char *path, mode_t mode) {
    return with_place(directory, path, PLACE_SETTLE, do_make_directory, &mode);
}

static long do_make_fifo(struct place *place, void *context) {
    mode_t mode = *(mode_t *)context & ~libos_umask() & 07777;
    long error = place_check_new(place);
    if (!error && place->must_be_directory)
        error = -ENOENT;
    if (error)
        return error;
    if (place_by_host(place)) {
        struct orc_path path = place_host(place);
        return orc_hostcall(ORC_MAKE_FIFO, (long)&path, mode & 0777, 0, 0, 0);
    }
    struct node *node = node_create(place->mount->device, S_IFIFO | mode);
    if (!node)
        return -ENOSPC;
    error = place_insert(place, node);
    node_put(node);
    if (!error)
        notify_created(place, false);
    return error;
}

/* Regular files and FIFOs: devices and sockets can't be made by name. */
long sys_mknodat(int directory, const char *path, mode_t mode, long device) {
    (void)device;
    if (S_ISFIFO(mode))
        return with_place(directory, path, PLACE_SETTLE, do_make_fifo, &mode);
    if (S_ISDIR(mode))
        return -EPERM;
    if (mode & S_IFMT && !S_ISREG(mode))
        return S_ISCHR(mode) || S_ISBLK(mode) || S_ISSOCK(mode) ? -EPERM : -EINVAL;
    long descriptor = sys_openat(directory, path, O_WRONLY | O_CREAT | O_EXCL, mode & 07777);
    return descriptor < 0 ? descriptor : sys_close(descriptor);
}

bool path_ends_in_dot(const char *path) {
    size_t length = strlen(path);
    while (length && path[length - 1] == '/')
        length--;
    return length && path[length - 1] == '.' && (length == 1 || path[length - 2] == '/');
}

static long do_remove(struct place *place, void *context) {
    bool directory = *(bool *)context;
    struct stat status;
    long error = place_status(place, &status);
    if (!error && is_mount_point(place))
        error = -EBUSY;
    if (!error && S_ISDIR(status.st_mode) != directory)
        error = directory ? -ENOTDIR : -EISDIR;
    if (!error && place->must_be_directory && !directory)
        error = -ENOTDIR;
    if (!error)
        error = place_writable(place);
    if (error)
        return error;
    struct orc_path path = place_host(place);
    if (place_by_host(place))
        return orc_hostcall(ORC_REMOVE, (long)&path, directory, 0, 0, 0);
    error = directory ? directory_is_empty(place) : 0;
    return error ? error : layer_remove(place);
}

/* Who has it open, or watches it, hears of it. */
static long do_remove_and_tell(struct place *place, void *context) {
    struct node *node = place->node;
    if (node)
        node_hold(node);
    long error = do_remove(place, context);
    if (!error) {
        notify_removed(place, *(bool *)context);
        paths_removed(place->path, place->length);
    }
    if (node)
        node_put(node);
    return error;
}

long sys_unlinkat(int directory, const char *path, int flags) {
    bool remove_directory = flags & AT_REMOVEDIR;
    if (flags & ~AT_REMOVEDIR)
        return -EINVAL;
    if (remove_directory && path_ends_in_dot(path))
        return -EINVAL;
    return with_place(directory, path, PLACE_SETTLE, do_remove_and_tell, &remove_directory);
}

/* ---- file systems */

static long do_sync(struct place *place, void *context) {
    (void)context;
    if (!place_by_host(place) || place->mount->read_only)
        return 0;
    struct orc_path path = place_host(place);
    long handle = orc_hostcall(ORC_OPEN, (long)&path, O_RDONLY | ORC_NO_LINKS, 0, 0, 0);
    if (handle < 0)
        return handle;
    long error = orc_hostcall(ORC_SYNC, handle, 0, 0, 0, 0);
    orc_hostcall(ORC_CLOSE, handle, 0, 0, 0, 0);
    return error;
}

long path_sync(struct file *file) {
    return with_file_path(file, do_sync, NULL);
}

#define MEMORY_MAGIC 0x01021994 /* TMPFS_MAGIC, and so on */
#define LAYERED_MAGIC 0x794c7630
#define PROC_MAGIC 0x9fa0
#define SYS_MAGIC 0x62656572
#define CGROUP_MAGIC 0x63677270
#define FLAGS 0x1020 /* that they are told, and relatime */
#define READ_ONLY 1

/* Files in memory share the compartment's memory with everything else. */
long memory_file_system(struct statfs *status) {
    struct orc_usage usage;
    long error = orc_hostcall(ORC_USAGE, (long)&usage, 0, 0, 0, 0);
    if (error < 0)
        return error;
    memset(status, 0, sizeof *status);
    status->f_type = MEMORY_MAGIC;
    status->f_bsize = status->f_frsize = LIBOS_PAGE;
    status->f_blocks = usage.memory_limit / LIBOS_PAGE;
    status->f_bfree = status->f_bavail =
        usage.memory_limit > usage.memory ? (usage.memory_limit - usage.memory) / LIBOS_PAGE : 0;
    status->f_files = status->f_ffree = status->f_bfree;
    status->f_namelen = NAME_MAX;
    return 0;
}

long host_file_system(long handle, struct statfs *status) {
    struct orc_file_system host;
    long error = orc_hostcall(ORC_STATUS_SYSTEM, handle, (long)&host, 0, 0, 0);
    if (error)
        return error;
    memset(status, 0, sizeof *status);
    status->f_type = (long)host.type;
    status->f_bsize = status->f_frsize = host.block_size;
    status->f_blocks = host.blocks;
    status->f_bfree = status->f_bavail = host.blocks_free;
    status->f_files = host.files;
    status->f_ffree = host.files_free;
    status->f_namelen = NAME_MAX;
    return 0;
}

static bool lies_at(const struct place *place, const char *path) {
    size_t length = strlen(path);
    return place->length >= length && !memcmp(place->path, path, length) &&
           (place->length == length || place->path[length] == '/');
}

/* By which programs know what they have found. */
static long type_of(const struct place *place) {
    if (place->mount->kind != MOUNT_SYNTHETIC)
        return place->mount->layered ? LAYERED_MAGIC : MEMORY_MAGIC;
    return lies_at(place, "/proc")            ? PROC_MAGIC
           : lies_at(place, "/sys/fs/cgroup") ? CGROUP_MAGIC
           : lies_at(place, "/sys")           ? SYS_MAGIC
                                              : MEMORY_MAGIC;
}

static long do_file_system(struct place *place, void *context) {
    struct stat status;
    struct statfs *system = context;
    long error = place_do_status(place, &status);
    if (error)
        return error;
    bool host = place_by_host(place);
    error = host ? host_file_system(place->mount->handle, system) : memory_file_system(system);
    if (!error && !host)
        system->f_type = type_of(place);
    if (!error)
        system->f_flags = FLAGS | (place->mount->read_only && !place->mount->layered ? READ_ONLY : 0);
    return error;
}

long path_file_system(struct file *file, struct statfs *status) {
    return with_file_path(file, do_file_system, status);
}

long sys_statfs(const char *path, void *status) {
    return with_place(AT_FDCWD, path, PLACE_FOLLOW, do_file_system, status);
}

/* ---- current directory */

static char *directory_path;
static size_t directory_size;
static bool directory_removed;

const char *current_directory(void) {
    if (directory_path)
        return directory_path;
    const char *first = (const char *)(uintptr_t)libos_boot->working_directory;
    return first[0] == '/' && !first[1] ? "" : first;
}

static long change_directory(const char *to, size_t length, bool removed) {
    char *path = heap_allocate(length + 1);
    if (!path)
        return -ENOMEM;
    memcpy(path, to, length);
    heap_free(directory_path, directory_size);
    directory_path = path;
    directory_size = length + 1;
    directory_removed = removed;
    return 0;
}

static long do_change_directory(struct place *place, void *context) {
    struct stat status;
    (void)context;
    long error = place_status(place, &status);
    if (!error && !S_ISDIR(status.st_mode))
        error = -ENOTDIR;
    if (error)
        return error;
    return change_directory(place->path, place->length, false);
}

void current_directory_moved(const char *path, size_t length, bool removed) {
    change_directory(path, length, removed);
}

long sys_chdir(const char *path) {
    return with_place(AT_FDCWD, path, PLACE_FOLLOW, do_change_directory, NULL);
}

long sys_fchdir(int descriptor) {
    if (descriptor < 0)
        return -EBADF;
    return with_place(descriptor, ".", PLACE_FOLLOW, do_change_directory, NULL);
}

long sys_getcwd(char *buffer, size_t size) {
    libos_lock(&nodes_lock);
    const char *path = current_directory();
    if (!*path)
        path = "/";
    size_t length = strlen(path) + 1;
    if (length <= size)
        memcpy(buffer, path, length);
    bool removed = directory_removed;
    libos_unlock(&nodes_lock);
    return removed ? -ENOENT : length <= size ? (long)length : -ERANGE;
}
