/* open */
#include <errno.h>
#include <string.h>
#include "heap.h"
#include "fifo.h"
#include "notify.h"
#include "synthetic.h"
#include "files.h"

#define KEPT_FLAGS (O_ACCMODE | O_APPEND | O_NONBLOCK | O_SYNC | O_DIRECT | O_NOATIME | O_LARGEFILE)
#define HOST_FLAGS (O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_TMPFILE)
#define NAMELESS (O_TMPFILE & ~O_DIRECTORY)

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
    if (S_ISFIFO(node->mode)) {
        struct stat status;
        node_status(node, &status);
        return fifo_prepare(node, &status, flags & KEPT_FLAGS, file);
    }
    if (!S_ISREG(node->mode))
        return -ENXIO;
    long error = wants_write(flags) ? place_writable(place) : 0;
    if (!error)
        error = made(memory_file_open(node, flags & KEPT_FLAGS), file);
    if (!error && flags & O_TRUNC) {
        node_resize(node, 0);
        notify_place(place, IN_MODIFY);
    }
    return error;
}

/* A file without a name, in a directory's file system. */
static long open_nameless_node(const struct place *place, unsigned flags, mode_t mode, struct file **file) {
    struct node *node = node_create(place->mount->device, S_IFREG | (mode & ~libos_umask() & 07777));
    if (!node)
        return -ENOSPC;
    node->nameless = !(flags & O_EXCL);
    long error = made(memory_file_open(node, flags & KEPT_FLAGS), file);
    node_put(node);
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
    if (!error) {
        notify_created(place, false);
        error = made(memory_file_open(node, flags & KEPT_FLAGS), file);
    }
    node_put(node);
    return error;
}

/* A FIFO on the host's side: the host opens none, and it's -EACCES for other special files. */
static long open_host_fifo(const struct place *place, unsigned flags, struct file **file) {
    struct stat status;
    long error = place_status(place, &status);
    if (error || !S_ISFIFO(status.st_mode))
        return error ? error : -EACCES;
    if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        return -EEXIST;
    return fifo_prepare(NULL, &status, flags & KEPT_FLAGS, file);
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
                                 flags & (O_CREAT | NAMELESS) ? mode & ~libos_umask() & 0777 : 0, 0, 0);
    if (handle == -EACCES || handle == -ENXIO) /* ENXIO: for writing, and nobody reads */
        return open_host_fifo(place, flags, file);
    if (handle < 0)
        return handle;
    *file = file_create(&host_file_operations, FILE_HOST, flags & (KEPT_FLAGS | O_DIRECTORY));
    if (!*file) {
        orc_hostcall(ORC_CLOSE, handle, 0, 0, 0, 0);
        return -ENOMEM;
    }
    (*file)->handle = handle;
    (*file)->directory = (flags & O_DIRECTORY) && !(flags & NAMELESS);
    (*file)->nameless = (flags & O_TMPFILE) == O_TMPFILE;
    (*file)->by_path = by_path;
    (*file)->layered = place->mount->layered;
    (*file)->shown_device = place->mount->layered ? place->mount->device : 0;
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

static long open_nameless(const struct place *place, unsigned flags, mode_t mode, struct file **file) {
    struct stat status;
    long error = place_status(place, &status);
    if (!error && !S_ISDIR(status.st_mode))
        error = -ENOTDIR;
    if (error)
        return error;
    if (place->mount->kind == MOUNT_SYNTHETIC)
        return -EOPNOTSUPP;
    if ((error = place_writable(place)))
        return error;
    return place_by_host(place) ? open_host(place, flags, mode, file) : open_nameless_node(place, flags, mode, file);
}

static long open_place(struct place *place, unsigned flags, mode_t mode, struct file **file) {
    if (place->must_be_directory && flags & O_CREAT)
        return -EISDIR;
    if (flags & NAMELESS)
        return open_nameless(place, flags, mode, file);
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

/* The host's file itself, whatever has its name. -EACCES, -EINVAL: it has to be by that. */
static long open_handle_again(const struct file *open, unsigned flags, struct file **file) {
    const struct orc_path itself = {.directory = open->handle};
    long handle = orc_hostcall(ORC_OPEN, (long)&itself, flags & (O_ACCMODE | O_TRUNC | O_NONBLOCK), 0, 0, 0);
    if (handle < 0)
        return handle == -ENOTDIR ? -EINVAL : handle;
    *file = file_create(&host_file_operations, FILE_HOST, flags & KEPT_FLAGS);
    if (!*file) {
        orc_hostcall(ORC_CLOSE, handle, 0, 0, 0, 0);
        return -ENOMEM;
    }
    (*file)->handle = (uint32_t)handle;
    (*file)->by_path = open->by_path;
    (*file)->layered = open->layered;
    (*file)->shown_device = open->shown_device;
    (*file)->unchanging = open->unchanging;
    return 0;
}

/* Another description of what is open: what has a position gets one of its own. Others are duplicates, unlike in Linux.
 * -EAGAIN: it's to be opened by its path. */
static long open_again(struct file *open, unsigned flags, struct file **file) {
    if (flags & O_PATH && open->path)
        return -EAGAIN;
    if (open->operations == &memory_operations && !(flags & O_PATH)) {
        long error = made(memory_file_open(open->node, flags & KEPT_FLAGS), file);
        if (!error && flags & O_TRUNC)
            node_resize(open->node, 0);
        return error;
    }
    if (is_fifo(open))
        return fifo_prepare_again(open, flags & KEPT_FLAGS, file);
    if (open->kind == FILE_HOST && !open->directory && !(open->layered && wants_write(flags))) {
        long error = open_handle_again(open, flags, file);
        if (error != -EACCES && error != -EINVAL)
            return error;
    }
    if (open->kind == FILE_MEMORY && !open->own)
        return made(file_create(open->operations, FILE_MEMORY, flags & KEPT_FLAGS), file);
    if (open->path)
        return -EAGAIN;
    file_hold(open);
    return made(open, file);
}

/* A link that the host found is replaced, and the path tried again. */
static long open_named(struct place *place, unsigned flags, mode_t mode, struct file **file) {
    for (;;) {
        long error = open_place(place, flags, mode, file);
        if (error != -ELOOP || !place->host || place->node)
            return error;
        if ((error = place_expand(place)))
            return error;
    }
}

/* `open`: what the path names through /proc/self/fd, to be put without the lock. */
static long open_file(struct place *place, unsigned flags, mode_t mode, struct file **file, struct file **open) {
    long error = place_find(place);
    *open = error ? NULL : named_descriptor(place);
    if (*open) {
        error = open_again(*open, flags, file);
        if (error != -EAGAIN)
            return error;
        const char *path = *(*open)->path ? (*open)->path : "/";
        error = place_set_at(place, "", path, place->flags & ~PLACE_FOLLOW);
        if (!error)
            error = place_find(place);
    }
    return error ? error : open_named(place, flags, mode, file);
}

static void add_digits(char *to, uint64_t number) {
    char digits[20];
    size_t count = 0;
    do
        digits[count++] = '0' + number % 10;
    while (number /= 10);
    while (count)
        *to++ = digits[--count];
    *to = 0;
}

/* As Linux names what has no name: "DIRECTORY/#INODE (deleted)". */
static void name_nameless(struct place *place, const struct file *file) {
    if (place->length > sizeof place->path - 48)
        return;
    memcpy(place->path + place->length, "/#", 2);
    add_digits(place->path + place->length + 2, file->kind == FILE_MEMORY ? file->node->inode : file->handle);
    strcat(place->path + place->length, " (deleted)");
    place->length += strlen(place->path + place->length);
}

static bool keep_path(struct file *file, const struct place *place) {
    file->path = heap_allocate(place->length + 1);
    if (!file->path)
        return false;
    memcpy(file->path, place->path, place->length + 1);
    file->path_size = place->length + 1;
    return true;
}

static long check_flags(unsigned flags) {
    bool nameless = flags & NAMELESS, writes = (flags & O_ACCMODE) == O_WRONLY || (flags & O_ACCMODE) == O_RDWR;
    if (flags & O_PATH)
        return 0;
    if ((flags & O_ACCMODE) == O_ACCMODE)
        return -EINVAL;
    if (nameless)
        return (flags & O_TMPFILE) == O_TMPFILE && writes && !(flags & O_CREAT) ? 0 : -EINVAL;
    return (flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY) ? -EINVAL : 0;
}

#define PATH_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* Opens it without a descriptor. */
static long open_at(int directory, const char *path, unsigned flags, mode_t mode, struct file **file) {
    struct place place;
    struct file *open;
    bool follow = !(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
    long error = place_set(&place, directory, path, follow ? PLACE_FOLLOW : 0);
    if (error)
        return error;
    libos_lock(&nodes_lock);
    error = open_file(&place, flags, mode, file, &open);
    bool keep = !error && !(*file)->path && *file != open;
    if (keep && flags & NAMELESS)
        name_nameless(&place, *file);
    bool again = open && ((*file)->kind == FILE_MEMORY || (*file)->kind == FILE_HOST) && open->path;
    if (keep && again) /* as it's named, which may lead elsewhere by now */
        place_set_at(&place, "", open->path, 0);
    bool kept = !keep || (open && !open->path) || keep_path(*file, &place);
    libos_unlock(&nodes_lock);
    if (open)
        file_put(open);
    if (!error && !kept) {
        file_put(*file);
        return -ENOMEM;
    }
    return error;
}

long sys_openat(int directory, const char *path, int flags, mode_t mode) {
    struct file *file = NULL;
    if (flags & O_PATH)
        flags &= PATH_FLAGS;
    long error = check_flags(flags);
    if (!error)
        error = open_at(directory, path, flags, mode, &file);
    if (error)
        return error;
    if (file->unopened && (error = fifo_open(file))) {
        file_put(file);
        return error;
    }
    notify_file(file, IN_OPEN);
    return descriptor_add(file, 0, flags & O_CLOEXEC);
}
