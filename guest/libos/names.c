/* System calls on names, but open. */
#include <errno.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include "files.h"
#include "heap.h"
#include "names.h"
#include "synthetic.h"

static mode_t file_mode_mask = 022;

void names_start(void) {
    file_mode_mask = libos_boot->file_mode_mask;
}

long sys_umask(mode_t mask) {
    return __atomic_exchange_n(&file_mode_mask, mask & 0777, __ATOMIC_RELAXED);
}

uint32_t libos_umask(void) {
    return file_mode_mask;
}

/* What's done with a place, with nodes_lock held. */
typedef long place_function(struct place *place, void *context);

/* Finds the place and does it; again when the host has found a link. */
static long with_place(int directory, const char *path, unsigned flags, place_function *function,
                       void *context) {
    struct place place;
    long result = place_set(&place, directory, path, flags);
    if (result)
        return result;
    libos_lock(&nodes_lock);
    result = place_find(&place);
    while (!result) {
        result = function(&place, context);
        if (result != -ELOOP || !place.host || place.node)
            break;
        result = place_expand(&place);
    }
    libos_unlock(&nodes_lock);
    return result;
}

static bool by_host(const struct place *place) {
    return !place->node && place->host && !place->mount->layered;
}

/* Nothing has this name, and one can be made. */
static long check_new(const struct place *place) {
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

static long do_status(struct place *place, void *status) {
    long error = place_status(place, status);
    if (!error && place->must_be_directory && !S_ISDIR(((struct stat *)status)->st_mode))
        error = -ENOTDIR;
    return error;
}

/* /proc/self/fd/N is what the descriptor is. */
static long status_of_descriptor(struct place *place, void *status) {
    if (place->mount->kind != MOUNT_SYNTHETIC || !(place->flags & PLACE_FOLLOW) || place->length < 11 ||
        memcmp(place->path, "/proc/1/fd/", 11))
        return do_status(place, status);
    struct file *file;
    long error = synthetic_open(place->path, place->length, O_RDONLY, &file);
    if (error)
        return error;
    libos_unlock(&nodes_lock);
    error = file->operations->status ? file->operations->status(file, status) : -EBADF;
    file_put(file);
    libos_lock(&nodes_lock);
    return error;
}

long sys_newfstatat(int directory, const char *path, void *status, int flags) {
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT))
        return -EINVAL;
    if (flags & AT_EMPTY_PATH && !*path && directory != AT_FDCWD)
        return sys_fstat(directory, status);
    unsigned place_flags =
        (flags & AT_SYMLINK_NOFOLLOW ? 0 : PLACE_FOLLOW) | (flags & AT_EMPTY_PATH ? PLACE_EMPTY : 0);
    return with_place(directory, path, place_flags, status_of_descriptor, status);
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
    long error = do_status(place, &status);
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
    long error = check_new(place);
    if (!error && place->must_be_directory)
        error = -ENOENT;
    if (error)
        return error;
    if (by_host(place)) {
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
    long error = check_new(place);
    if (error)
        return error;
    if (by_host(place)) {
        struct orc_path path = place_host(place);
        return orc_hostcall(ORC_MAKE_DIRECTORY, (long)&path, mode & 0777, 0, 0, 0);
    }
    struct node *node = node_create(place->mount->device, S_IFDIR | mode);
    if (!node)
        return -ENOSPC;
    error = place_insert(place, node);
    node_put(node);
    return error;
}

long sys_mkdirat(int directory, const char *path, mode_t mode) {
    return with_place(directory, path, PLACE_SETTLE, do_make_directory, &mode);
}

/* Only regular files: devices, sockets and FIFOs can't be made by name. */
long sys_mknodat(int directory, const char *path, mode_t mode, long device) {
    (void)device;
    if (mode & S_IFMT && !S_ISREG(mode))
        return -EPERM;
    long descriptor = sys_openat(directory, path, O_WRONLY | O_CREAT | O_EXCL, mode & 07777);
    return descriptor < 0 ? descriptor : sys_close(descriptor);
}

static bool ends_in_dot(const char *path) {
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
    if (by_host(place))
        return orc_hostcall(ORC_REMOVE, (long)&path, directory, 0, 0, 0);
    error = directory ? directory_is_empty(place) : 0;
    return error ? error : layer_remove(place);
}

long sys_unlinkat(int directory, const char *path, int flags) {
    bool remove_directory = flags & AT_REMOVEDIR;
    if (flags & ~AT_REMOVEDIR)
        return -EINVAL;
    if (remove_directory && ends_in_dot(path))
        return -EINVAL;
    return with_place(directory, path, PLACE_SETTLE, do_remove, &remove_directory);
}

/* ---- two names */

/* Both places, found one after the other, with the lock held. */
static long find_two(struct place *from, struct place *to) {
    long error = place_find(from);
    if (!error)
        error = place_find(to);
    if (error)
        return error;
    if (is_mount_point(from) || is_mount_point(to))
        return -EBUSY;
    return from->mount == to->mount ? 0 : -EXDEV;
}

/* What's to have a new name is in memory. A host's directory can't move into it. */
static long bring_into_memory(struct place *place, const struct stat *status) {
    if (S_ISDIR(status->st_mode) && place->host)
        return -EXDEV;
    return layer_copy_up(place, false);
}

static bool lies_beneath(const struct place *place, const struct place *above) {
    return place->length > above->length && !memcmp(place->path, above->path, above->length) &&
           place->path[above->length] == '/';
}

static long check_replaced(const struct place *to, bool directory, const struct stat *old) {
    if (S_ISDIR(old->st_mode) != directory)
        return directory ? -ENOTDIR : -EISDIR;
    return directory ? directory_is_empty(to) : 0;
}

static long rename_in_memory(struct place *from, struct place *to, const struct stat *status, bool exists) {
    size_t length;
    long error = bring_into_memory(from, status);
    if (!error && exists && from->node == to->node)
        return 0;
    if (!error)
        error = layer_parent(to);
    if (error)
        return error;
    const char *name = place_name(to, &length);
    struct node *node = from->node;
    struct entry *entry = directory_find(to->parent, name, length);
    if (entry)
        entry_replace(to->parent, entry, node);
    else
        error = directory_add(to->parent, name, length, node);
    from->entry = directory_find(from->parent, place_name(from, &length), length);
    return error ? error : layer_remove(from);
}

#define NO_REPLACE 1 /* RENAME_NOREPLACE */

static long rename_places(struct place *from, struct place *to, unsigned flags) {
    struct stat status, old;
    long error = place_status(from, &status);
    if (error)
        return error;
    bool directory = S_ISDIR(status.st_mode);
    if ((from->must_be_directory || to->must_be_directory) && !directory)
        return -ENOTDIR;
    if (lies_beneath(to, from))
        return -EINVAL;
    error = place_status(to, &old);
    bool exists = !error;
    if (error && error != -ENOENT)
        return error;
    if (exists && flags & NO_REPLACE)
        return -EEXIST;
    if ((error = place_writable(from)))
        return error;
    if (from->length == to->length && !memcmp(from->path, to->path, from->length))
        return 0;
    if (!from->mount->layered && !from->node) {
        struct orc_path source = place_host(from), target = place_host(to);
        return orc_hostcall(ORC_RENAME, (long)&source, (long)&target, flags, 0, 0);
    }
    if (exists && (error = check_replaced(to, directory, &old)))
        return error;
    return rename_in_memory(from, to, &status, exists);
}

long sys_renameat2(int old_directory, const char *old, int new_directory, const char *new, unsigned flags) {
    struct place from, to;
    if (flags & ~NO_REPLACE)
        return -EINVAL;
    if (ends_in_dot(old) || ends_in_dot(new))
        return -EBUSY;
    long error = place_set(&from, old_directory, old, PLACE_SETTLE);
    if (!error)
        error = place_set(&to, new_directory, new, PLACE_SETTLE);
    if (error)
        return error;
    libos_lock(&nodes_lock);
    error = find_two(&from, &to);
    if (!error)
        error = rename_places(&from, &to, flags);
    libos_unlock(&nodes_lock);
    return error;
}

static long link_places(struct place *from, struct place *to) {
    struct stat status;
    long error = place_status(from, &status);
    if (!error && S_ISDIR(status.st_mode))
        error = -EPERM;
    if (!error)
        error = check_new(to);
    if (error)
        return error;
    if (!from->mount->layered && !from->node) {
        struct orc_path source = place_host(from), target = place_host(to);
        return orc_hostcall(ORC_LINK, (long)&source, (long)&target, 0, 0, 0);
    }
    error = bring_into_memory(from, &status);
    return error ? error : place_insert(to, from->node);
}

long sys_linkat(int old_directory, const char *old, int new_directory, const char *new, int flags) {
    struct place from, to;
    if (flags & ~AT_SYMLINK_FOLLOW)
        return -EINVAL;
    long error =
        place_set(&from, old_directory, old, PLACE_SETTLE | (flags & AT_SYMLINK_FOLLOW ? PLACE_FOLLOW : 0));
    if (!error)
        error = place_set(&to, new_directory, new, PLACE_SETTLE);
    if (error)
        return error;
    libos_lock(&nodes_lock);
    error = find_two(&from, &to);
    while (!error) {
        error = link_places(&from, &to);
        if (error != -ELOOP || from.node || !from.host)
            break;
        error = place_expand(&from);
        if (!error && from.mount != to.mount)
            error = -EXDEV;
    }
    libos_unlock(&nodes_lock);
    return error;
}

/* ---- attributes */

/* On the host's side, through a handle: it has them changed by those who may write there. */
static long set_host_attributes(struct place *place, const struct attributes *attributes) {
    struct orc_path path = place_host(place);
    struct file file = {.operations = &host_file_operations};
    long handle = orc_hostcall(ORC_OPEN, (long)&path, O_RDONLY | ORC_NO_LINKS, 0, 0, 0);
    if (handle == -EACCES) /* not readable, but perhaps writable */
        handle = orc_hostcall(ORC_OPEN, (long)&path, O_WRONLY | ORC_NO_LINKS, 0, 0, 0);
    if (handle < 0)
        return handle;
    file.handle = handle;
    long error = host_file_operations.set_attributes(&file, attributes);
    orc_hostcall(ORC_CLOSE, handle, 0, 0, 0, 0);
    return error;
}

static long do_set_attributes(struct place *place, void *context) {
    struct stat status;
    long error = do_status(place, &status);
    if (!error)
        error = place_writable(place);
    if (error)
        return error;
    if (by_host(place))
        return set_host_attributes(place, context);
    error = layer_copy_up(place, false);
    return error ? error : node_set_attributes(place->node, context);
}

long path_set_attributes(const char *path, const struct attributes *attributes) {
    return with_place(AT_FDCWD, *path ? path : "/", 0, do_set_attributes, (void *)attributes);
}

static unsigned follow_flag(int flags) {
    return flags & AT_SYMLINK_NOFOLLOW ? 0 : PLACE_FOLLOW;
}

long sys_fchmodat(int directory, const char *path, mode_t mode) {
    struct attributes attributes = {.set_mode = true, .mode = mode & 07777};
    return with_place(directory, path, PLACE_FOLLOW, do_set_attributes, &attributes);
}

long sys_fchownat(int directory, const char *path, uint32_t user, uint32_t group, int flags) {
    struct attributes attributes = {.set_owner = true, .user = user, .group = group};
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    if (flags & AT_EMPTY_PATH && !*path)
        return sys_fchown(directory, user, group);
    return with_place(directory, path, follow_flag(flags), do_set_attributes, &attributes);
}

#define NOW 0x3fffffff /* UTIME_NOW */
#define OMIT 0x3ffffffe

static int64_t file_time(const struct timespec *time) {
    return time->tv_nsec == NOW    ? ORC_TIME_NOW
           : time->tv_nsec == OMIT ? ORC_TIME_OMIT
                                   : time->tv_sec * 1000000000 + time->tv_nsec;
}

static bool is_time(const struct timespec *time) {
    return time->tv_nsec == NOW || time->tv_nsec == OMIT ||
           (time->tv_nsec >= 0 && time->tv_nsec < 1000000000);
}

long sys_utimensat(int directory, const char *path, const struct timespec times[2], int flags) {
    struct attributes attributes = {.set_times = true, .times = {ORC_TIME_NOW, ORC_TIME_NOW}};
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) ||
        (times && (!is_time(&times[0]) || !is_time(&times[1]))))
        return -EINVAL;
    for (int i = 0; times && i < 2; i++)
        attributes.times[i] = file_time(&times[i]);
    if (path && !(flags & AT_EMPTY_PATH && !*path))
        return with_place(directory, path, follow_flag(flags), do_set_attributes, &attributes);
    struct file *file = file_get(directory);
    if (!file)
        return -EBADF;
    long error =
        file->operations->set_attributes ? file->operations->set_attributes(file, &attributes) : -EPERM;
    file_put(file);
    return error;
}

long sys_futimesat(int directory, const char *path, const struct timeval times[2]) {
    struct timespec exact[2];
    for (int i = 0; times && i < 2; i++)
        exact[i] = (struct timespec){.tv_sec = times[i].tv_sec, .tv_nsec = times[i].tv_usec * 1000};
    return sys_utimensat(directory, path, times ? exact : NULL, 0);
}

long sys_utime(const char *path, const long times[2]) {
    struct timespec exact[2];
    for (int i = 0; times && i < 2; i++)
        exact[i] = (struct timespec){.tv_sec = times[i]};
    return sys_utimensat(AT_FDCWD, path, times ? exact : NULL, 0);
}

long sys_truncate(const char *path, int64_t size) {
    long descriptor = sys_openat(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
    if (descriptor < 0)
        return descriptor;
    long error = sys_ftruncate(descriptor, size);
    sys_close(descriptor);
    return error;
}

/* ---- file systems */

static long do_sync(struct place *place, void *context) {
    (void)context;
    if (!by_host(place) || place->mount->read_only)
        return 0;
    struct orc_path path = place_host(place);
    long handle = orc_hostcall(ORC_OPEN, (long)&path, O_RDONLY | ORC_NO_LINKS, 0, 0, 0);
    if (handle < 0)
        return handle;
    long error = orc_hostcall(ORC_SYNC, handle, 0, 0, 0, 0);
    orc_hostcall(ORC_CLOSE, handle, 0, 0, 0, 0);
    return error;
}

long path_sync(const char *path) {
    return with_place(AT_FDCWD, *path ? path : "/", 0, do_sync, NULL);
}

#define MEMORY_MAGIC 0x01021994 /* TMPFS_MAGIC */

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
    status->f_bsize = status->f_frsize = host.block_size;
    status->f_blocks = host.blocks;
    status->f_bfree = status->f_bavail = host.blocks_free;
    status->f_files = host.files;
    status->f_ffree = host.files_free;
    status->f_namelen = NAME_MAX;
    return 0;
}

static long do_file_system(struct place *place, void *context) {
    struct stat status;
    long error = do_status(place, &status);
    if (error)
        return error;
    return by_host(place) ? host_file_system(place->mount->handle, context) : memory_file_system(context);
}

long path_file_system(const char *path, struct statfs *status) {
    return with_place(AT_FDCWD, *path ? path : "/", PLACE_FOLLOW, do_file_system, status);
}

long sys_statfs(const char *path, void *status) {
    return with_place(AT_FDCWD, path, PLACE_FOLLOW, do_file_system, status);
}

/* ---- current directory */

static char *directory_path;
static size_t directory_size;

const char *current_directory(void) {
    if (directory_path)
        return directory_path;
    const char *first = (const char *)(uintptr_t)libos_boot->working_directory;
    return first[0] == '/' && !first[1] ? "" : first;
}

static long do_change_directory(struct place *place, void *context) {
    struct stat status;
    (void)context;
    long error = place_status(place, &status);
    if (!error && !S_ISDIR(status.st_mode))
        error = -ENOTDIR;
    if (error)
        return error;
    char *path = heap_allocate(place->length + 1);
    if (!path)
        return -ENOMEM;
    memcpy(path, place->path, place->length + 1);
    heap_free(directory_path, directory_size);
    directory_path = path;
    directory_size = place->length + 1;
    return 0;
}

long sys_chdir(const char *path) {
    return with_place(AT_FDCWD, path, PLACE_FOLLOW, do_change_directory, NULL);
}

long sys_fchdir(int descriptor) {
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
    libos_unlock(&nodes_lock);
    return length <= size ? (long)length : -ERANGE;
}
