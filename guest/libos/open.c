/* open */
#include <errno.h>
#include <string.h>
#include "heap.h"
#include "names.h"
#include "synthetic.h"
#include "files.h"

#define KEPT_FLAGS (O_ACCMODE | O_APPEND | O_NONBLOCK | O_SYNC | O_DIRECT | O_NOATIME | O_LARGEFILE)
#define HOST_FLAGS (O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK)

static bool wants_write(unsigned flags) {
    return (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC);
}

static long made(struct file *file, struct file **result) {
    *result = file;
    return file ? 0 : -ENOMEM;
}

static long open_directory(unsigned flags, struct file **file) {
    if (wants_write(flags) || flags & O_CREAT)
        return flags & O_EXCL ? -EEXIST : -EISDIR;
    return made(file_create(&directory_operations, FILE_DIRECTORY, flags & (KEPT_FLAGS | O_DIRECTORY)), file);
}

static long open_path(const struct place *place, unsigned flags, struct file **file) {
    struct stat status;
    long error = place_status(place, &status);
    if (!error && flags & O_DIRECTORY && !S_ISDIR(status.st_mode))
        error = -ENOTDIR;
    return error ? error : made(file_create(&path_operations, FILE_PATH, O_PATH), file);
}

static long open_synthetic(const struct place *place, unsigned flags, struct file **file) {
    struct stat status;
    long error = synthetic_status(place->path, place->length, &status);
    if (error)
        return error == -ENOENT && flags & O_CREAT ? -EROFS : error;
    if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        return -EEXIST;
    if (S_ISDIR(status.st_mode))
        return open_directory(flags, file);
    if (flags & O_DIRECTORY)
        return -ENOTDIR;
    if (S_ISLNK(status.st_mode) && flags & O_NOFOLLOW)
        return -ELOOP;
    return synthetic_open(place->path, place->length, flags & KEPT_FLAGS, file);
}

static long open_node(const struct place *place, unsigned flags, struct file **file) {
    struct node *node = place->node;
    if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        return -EEXIST;
    if (S_ISDIR(node->mode))
        return open_directory(flags, file);
    if (S_ISLNK(node->mode))
        return -ELOOP;
    if (flags & O_DIRECTORY)
        return -ENOTDIR;
    if (!S_ISREG(node->mode))
        return -ENXIO;
    long error = wants_write(flags) ? place_writable(place) : 0;
    if (!error)
        error = made(memory_file_open(node, flags & KEPT_FLAGS), file);
    if (!error && flags & O_TRUNC)
        node_resize(node, 0);
    return error;
}

static long create_node(struct place *place, unsigned flags, mode_t mode, struct file **file) {
    long error = place_writable(place);
    if (!error && place->must_be_directory)
        error = -EISDIR;
    if (error)
        return error;
    struct node *node = node_create(place->mount->device, S_IFREG | (mode & ~libos_umask() & 07777));
    if (!node)
        return -ENOSPC;
    error = place_insert(place, node);
    if (!error)
        error = made(memory_file_open(node, flags & KEPT_FLAGS), file);
    node_put(node);
    return error;
}

/* The host opens it. */
static long open_host(const struct place *place, unsigned flags, mode_t mode, struct file **file) {
    struct orc_path path = place_host(place);
    bool by_path = place->mount->layered || place->mount->inner;
    if (by_path && flags & O_DIRECTORY) {
        struct stat status;
        long error = place_status(place, &status);
        return error ? error : S_ISDIR(status.st_mode) ? open_directory(flags, file) : -ENOTDIR;
    }
    long handle = libos_blocking(ORC_OPEN, (long)&path, (flags & HOST_FLAGS) | ORC_NO_LINKS,
                                 flags & O_CREAT ? mode & ~libos_umask() & 0777 : 0, 0, 0);
    if (handle < 0)
        return handle;
    *file = file_create(&host_file_operations, FILE_HOST, flags & (KEPT_FLAGS | O_DIRECTORY));
    if (!*file) {
        orc_hostcall(ORC_CLOSE, handle, 0, 0, 0, 0);
        return -ENOMEM;
    }
    (*file)->handle = handle;
    (*file)->directory = flags & O_DIRECTORY;
    (*file)->host_appends = flags & O_APPEND;
    (*file)->by_path = by_path;
    (*file)->layered = place->mount->layered;
    (*file)->unchanging = place->mount->layered || place->mount->read_only;
    return 0;
}

/* Changes beneath a layered mount happen in memory. */
static long open_layered(struct place *place, unsigned flags, mode_t mode, struct file **file) {
    struct stat status;
    if (!wants_write(flags) && !(flags & O_CREAT))
        return open_host(place, flags, mode, file);
    long error = place_status(place, &status);
    if (error == -ENOENT && flags & O_CREAT)
        return create_node(place, flags, mode, file);
    if (error)
        return error;
    if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        return -EEXIST;
    if (S_ISDIR(status.st_mode))
        return open_directory(flags, file);
    if (S_ISLNK(status.st_mode))
        return -ELOOP;
    if (!wants_write(flags) || flags & O_DIRECTORY)
        return open_host(place, flags & ~O_CREAT, mode, file);
    error = layer_copy_up(place, flags & O_TRUNC);
    return error ? error : open_node(place, flags, file);
}

static long open_read_only(struct place *place, unsigned flags, struct file **file) {
    struct stat status;
    if (!wants_write(flags) && !(flags & O_CREAT))
        return open_host(place, flags, 0, file);
    long error = place_status(place, &status);
    if (error)
        return error == -ENOENT && flags & O_CREAT ? -EROFS : error;
    if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        return -EEXIST;
    if (S_ISDIR(status.st_mode))
        return -EISDIR;
    return wants_write(flags) ? -EROFS : open_host(place, flags & ~O_CREAT, 0, file);
}

static long open_place(struct place *place, unsigned flags, mode_t mode, struct file **file) {
    if (place->must_be_directory && flags & O_CREAT)
        return -EISDIR;
    if (place->must_be_directory)
        flags |= O_DIRECTORY;
    if (flags & O_PATH)
        return open_path(place, flags, file);
    if (place->mount->kind == MOUNT_SYNTHETIC)
        return open_synthetic(place, flags, file);
    if (place->node)
        return open_node(place, flags, file);
    if (!place->host && flags & O_CREAT && !is_mount_point(place))
        return create_node(place, flags, mode, file);
    long error = !place->host              ? -ENOENT
                 : place->mount->layered   ? open_layered(place, flags, mode, file)
                 : place->mount->read_only ? open_read_only(place, flags, file)
                                           : open_host(place, flags, mode, file);
    return error == -ENOENT && is_mount_point(place) ? open_directory(flags, file) : error;
}

/* A link that the host found is replaced, and the path tried again. */
static long open_file(struct place *place, unsigned flags, mode_t mode, struct file **file) {
    long error = place_find(place);
    while (!error) {
        error = open_place(place, flags, mode, file);
        if (error != -ELOOP || !place->host || place->node)
            return error;
        error = place_expand(place);
    }
    return error;
}

static bool keep_path(struct file *file, const struct place *place) {
    file->path = heap_allocate(place->length + 1);
    if (!file->path)
        return false;
    memcpy(file->path, place->path, place->length + 1);
    file->path_size = place->length + 1;
    return true;
}

/* O_TMPFILE isn't to be had; programs fall back on a name that they remove. */
long sys_openat(int directory, const char *path, int flags, mode_t mode) {
    struct place place;
    struct file *file = NULL;
    bool follow = !(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
    if ((flags & O_TMPFILE) == O_TMPFILE)
        return -EOPNOTSUPP;
    if ((flags & O_ACCMODE) == O_ACCMODE && !(flags & O_PATH))
        return -EINVAL;
    long error = place_set(&place, directory, path, follow ? PLACE_FOLLOW : 0);
    if (error)
        return error;
    libos_lock(&nodes_lock);
    error = open_file(&place, flags, mode, &file);
    bool keep = !error && !file->path && file->references == 1; /* else it's /dev/fd's */
    libos_unlock(&nodes_lock);
    if (error)
        return error;
    if (keep && !keep_path(file, &place)) {
        file_put(file);
        return -ENOMEM;
    }
    return descriptor_add(file, 0, flags & O_CLOEXEC);
}
