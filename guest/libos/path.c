/* From a path to a place; see names.h. */
#include <errno.h>
#include <string.h>
#include "names.h"
#include "synthetic.h"

#define MOST_EXPANSIONS 40

/* Puts "base/path" in the place, or `path` if it's absolute: not canonical yet. */
static long set_text(struct place *place, const char *base, const char *path) {
    size_t length = strlen(path), base_length = *path == '/' ? 0 : strlen(base) + 1;
    if (length + base_length >= PATH_MAX)
        return -ENAMETOOLONG;
    if (base_length > 0) {
        memcpy(place->path, base, base_length - 1);
        place->path[base_length - 1] = '/';
    }
    memcpy(place->path + base_length, path, length + 1);
    place->length = base_length + length;
    return 0;
}

/* Replaces the bytes [start, end) of the path, the name of a link, by what it leads to. */
static long replace_name(struct place *place, size_t start, size_t end, const char *target,
                         size_t target_length) {
    size_t rest = place->length - end;
    if (++place->expansions > MOST_EXPANSIONS)
        return -ELOOP;
    if (!target_length)
        return -ENOENT;
    if (*target == '/')
        start = 0;
    if (place->known > start)
        place->known = start;
    if (start + target_length + rest + 1 > PATH_MAX)
        return -ENAMETOOLONG;
    memmove(place->path + start + target_length, place->path + end, rest + 1);
    memcpy(place->path + start, target, target_length);
    place->length = start + target_length + rest;
    return 0;
}

static struct orc_path host_path(const struct mount *mount, const char *path, size_t length) {
    size_t skip = mount->length + (length > mount->length);
    return (struct orc_path){mount->handle, (uint32_t)(uintptr_t)(path + skip), length - skip};
}

struct orc_path place_host(const struct place *place) {
    return host_path(place->mount, place->path, place->length);
}

/* Whether the first `length` bytes of the path, canonical but perhaps for links of the host's side, name a
 * directory: 0, -ENOTDIR, -ENOENT, -ELOOP when a link is on the way or at the end. Only the host needs to be
 * asked: what memory holds has been walked. */
static long check_directory(const struct mount *mount, const char *path, size_t length) {
    struct orc_status status;
    struct orc_path host = host_path(mount, path, length);
    long error = orc_hostcall(ORC_STATUS_AT, (long)&host, ORC_NO_LINKS, (long)&status, 0, 0);
    if (error)
        return error;
    return S_ISDIR(status.mode) ? 0 : S_ISLNK(status.mode) ? -ELOOP : -ENOTDIR;
}

/* Replaces the first link on the host's side among the names in [from, to) of the path. -ENOENT: there is
 * none. */
static long expand_host_link(struct place *place, const struct mount *mount, size_t from, size_t to) {
    char target[PATH_MAX];
    for (size_t start = from, end; start < to; start = end) {
        end = start + 1;
        while (end < to && place->path[end] != '/')
            end++;
        struct orc_path host = host_path(mount, place->path, end);
        long length = orc_hostcall(ORC_READ_LINK, (long)&host, (long)target, sizeof target, 0, 0);
        if (length == sizeof target)
            return -ENAMETOOLONG;
        if (length >= 0)
            return replace_name(place, start + 1, end, target, length);
        if (length != -EINVAL)
            return length;
    }
    return -ENOENT;
}

/* The state of a walk along the path: [0, done) is canonical, [next, length) is still to do. */
struct walk {
    size_t done, next;
    const struct mount *mount;
    struct node *parent, *node;
    struct entry *entry;
    bool host;
};

static void enter_mount(struct walk *walk, const struct mount *mount) {
    walk->mount = mount;
    walk->parent = NULL;
    walk->entry = NULL;
    walk->node = mount->kind == ORC_MOUNT_MEMORY ? mount_layer(mount) : mount->root;
    walk->host = mount->kind == ORC_MOUNT_DIRECTORY || mount->kind == ORC_MOUNT_FILE;
}

/* One name down: memory may hold it, hide it, or know nothing about it. */
static void step_down(struct walk *walk, const char *name, size_t length) {
    struct node *directory = walk->node;
    walk->host = walk->host && (!directory || directory->merged);
    walk->parent = directory;
    walk->entry = directory ? directory_find(directory, name, length) : NULL;
    walk->node = walk->entry ? walk->entry->node : NULL;
    if (walk->entry)
        walk->host = walk->node && S_ISDIR(walk->node->mode) && walk->node->merged;
}

/* From the root to the place at [0, done), all of whose names memory has walked before. */
static void walk_again(struct walk *walk, const char *path) {
    size_t done = walk->done;
    enter_mount(walk, mount_of(path, done));
    for (size_t start = walk->mount->length, end; start < done; start = end) {
        end = start + 1;
        while (end < done && path[end] != '/')
            end++;
        step_down(walk, path + start + 1, end - start - 1);
    }
}

/* Whether the place at [0, length) is there because mounts lie beneath it, though their file system has no such name. */
static bool leads_to_mount(const struct mount *mount, const char *path, size_t length) {
    unsigned index = 0;
    size_t name_length;
    return mount->inner && mount_beneath(path, length, &index, &name_length);
}

/* Whether a name can be looked up where the walk is. Only the host knows about what memory doesn't. */
static long check_can_descend(const struct walk *walk, const char *path) {
    if (walk->mount->kind == ORC_MOUNT_FILE)
        return -ENOTDIR;
    if (walk->node)
        return S_ISDIR(walk->node->mode) ? 0 : -ENOTDIR;
    if (walk->mount->kind == MOUNT_SYNTHETIC)
        return synthetic_descend(path, walk->done);
    return walk->host || leads_to_mount(walk->mount, path, walk->done) ? 0 : -ENOENT;
}

#define AGAIN 1 /* the path has changed: walk it from the start */

/* Takes out what lies between what's done and what's still to do. */
static void close_gap(struct place *place, struct walk *walk) {
    memmove(place->path + walk->done, place->path + walk->next, place->length - walk->next + 1);
    place->length -= walk->next - walk->done;
    walk->next = walk->done;
}

/* The path ends in a link's name, at `done`, and `start` is where the name starts. */
static long follow(struct place *place, struct walk *walk, size_t start, const char *target, size_t length) {
    close_gap(place, walk);
    long error = replace_name(place, start, walk->done, target, length);
    return error ? error : AGAIN;
}

/* For "..": [0, done) has to be a directory, with no link on the host's side in it. What the path began with was one
 * when it was opened, and may be gone. */
static long go_up(struct place *place, struct walk *walk, size_t name_end) {
    long error = walk->done <= place->known ? 0 : check_can_descend(walk, place->path);
    if (!error && walk->host && !walk->node && walk->done > place->known && walk->done > walk->mount->length)
        error = check_directory(walk->mount, place->path, walk->done);
    if (error == -ELOOP) {
        walk->next--; /* the slash before ".." */
        close_gap(place, walk);
        error = expand_host_link(place, walk->mount, walk->mount->length, walk->done);
        return error ? error : AGAIN;
    }
    if (error)
        return error;
    walk->next = name_end;
    while (walk->done && place->path[--walk->done] != '/')
        ;
    walk_again(walk, place->path);
    return 0;
}

/* One name further. */
static long go_down(struct place *place, struct walk *walk, size_t name_end) {
    char *path = place->path;
    long error = check_can_descend(walk, path);
    if (error)
        return error;
    size_t length = name_end - walk->next, start = walk->done + 1;
    if (length > NAME_MAX)
        return -ENAMETOOLONG;
    path[walk->done] = '/';
    if (start != walk->next)
        memmove(path + start, path + walk->next, length);
    walk->done = start + length;
    walk->next = name_end;
    const struct mount *mount = walk->mount->inner ? mount_at(path, walk->done) : NULL;
    if (mount)
        enter_mount(walk, mount);
    else
        step_down(walk, path + start, length);
    while (path[name_end] == '/')
        name_end++;
    if (name_end == place->length && !place_follows(place))
        return 0;
    if (walk->node && S_ISLNK(walk->node->mode))
        return follow(place, walk, start, walk->node->target, walk->node->size);
    if (walk->mount->kind == MOUNT_SYNTHETIC) {
        char target[PATH_MAX];
        long target_length = synthetic_link(path, walk->done, target, sizeof target, false);
        if (target_length >= 0)
            return follow(place, walk, start, target, target_length);
    }
    return 0;
}

/* What is above a mount is a directory and stays one, so the walk begins at the mount that the path names as it stands. */
static long walk_path(struct place *place) {
    struct walk walk = {0};
    enter_mount(&walk, mount_of(place->path, place->length));
    walk.done = walk.next = walk.mount->length;
    place->must_be_directory |= place->length && place->path[place->length - 1] == '/';
    while (walk.next < place->length) {
        char *path = place->path;
        size_t start = walk.next, end, length = place->length;
        if (path[start] == '/') {
            walk.next++;
            continue;
        }
        for (end = start; end < length && path[end] != '/'; end++)
            ;
        long result = 0;
        if (end - start == 1 && path[start] == '.')
            walk.next = end;
        else if (end - start == 2 && path[start] == '.' && path[start + 1] == '.')
            result = go_up(place, &walk, end);
        else
            result = go_down(place, &walk, end);
        if (result)
            return result;
    }
    place->path[walk.done] = 0;
    place->length = walk.done;
    place->mount = walk.mount;
    place->parent = walk.parent;
    place->entry = walk.entry;
    place->node = walk.node;
    place->host = walk.host;
    return 0;
}

/* Before calls that change names: everything but the last name is a directory without links. */
static long settle(struct place *place) {
    size_t length;
    size_t end = place_name(place, &length) - place->path;
    if (end)
        end--;
    if (!place->host || place->parent || end <= place->mount->length || end <= place->known)
        return 0;
    long error = check_directory(place->mount, place->path, end);
    if (error != -ELOOP)
        return error;
    error = expand_host_link(place, place->mount, place->mount->length, end);
    return error ? error : AGAIN;
}

long place_find(struct place *place) {
    long result;
    do {
        result = walk_path(place);
        if (!result && (place->flags & PLACE_SETTLE))
            result = settle(place);
    } while (result == AGAIN);
    return result;
}

/* A link that isn't to be followed, at the end of the path, is a reason for -ELOOP that stays. */
long place_expand(struct place *place) {
    size_t name_length, end = place->length;
    if (!place_follows(place))
        end = place_name(place, &name_length) - place->path;
    long error = expand_host_link(place, place->mount, place->mount->length, end);
    if (error)
        return error == -ENOENT ? -ELOOP : error;
    return place_find(place);
}

long place_set_at(struct place *place, const char *base, const char *path, unsigned flags) {
    place->flags = flags;
    place->expansions = 0;
    place->descriptor = -1;
    place->must_be_directory = false;
    place->known = *path == '/' ? 0 : strlen(base);
    if (!*path && !(flags & PLACE_EMPTY))
        return -ENOENT;
    return set_text(place, base, path);
}

long place_set_file(struct place *place, struct file *file, const char *path, unsigned flags) {
    libos_lock(&nodes_lock);
    long error = file->path ? place_set_at(place, file->path, path, flags) : -ENOTDIR;
    if (!error && file->kind != FILE_DIRECTORY && !file->directory && *path != '/')
        place->known = 0; /* it may be no directory */
    libos_unlock(&nodes_lock);
    return error;
}

long place_set(struct place *place, int directory, const char *path, unsigned flags) {
    long error;
    if (!libos_maps(path, 1))
        return -EFAULT;
    if (*path == '/')
        return place_set_at(place, "", path, flags);
    if (directory == AT_FDCWD) {
        libos_lock(&nodes_lock);
        error = place_set_at(place, current_directory(), path, flags);
        libos_unlock(&nodes_lock);
        return error;
    }
    struct file *file = file_get(directory);
    if (!file)
        return -EBADF;
    error = place_set_file(place, file, path, flags);
    file_put(file);
    return error;
}

const char *place_name(const struct place *place, size_t *length) {
    size_t start = place->length;
    while (start && place->path[start - 1] != '/')
        start--;
    *length = place->length - start;
    return place->path + start;
}

/* A file system has one device number, whoever keeps a file of it. */
static long with_device(long error, const struct place *place, struct stat *status) {
    status->st_dev = place->mount->device;
    return error;
}

long place_status(const struct place *place, struct stat *status) {
    if (place->node) {
        node_status(place->node, status);
        return 0;
    }
    if (place->mount->kind == MOUNT_SYNTHETIC)
        return with_device(synthetic_status(place->path, place->length, status), place, status);
    if (!place->host)
        return is_mount_point(place) ? with_device(synthetic_directory_status(status), place, status) : -ENOENT;
    struct orc_status host_status;
    struct orc_path host = place_host(place);
    long error = orc_hostcall(ORC_STATUS_AT, (long)&host, ORC_NO_LINKS | place_follows(place),
                              (long)&host_status, 0, 0);
    if (error == -ENOENT && is_mount_point(place))
        return with_device(synthetic_directory_status(status), place, status);
    if (!error)
        fill_status(status, &host_status);
    return place->mount->layered ? with_device(error, place, status) : error;
}

long place_writable(const struct place *place) {
    return place->mount->read_only && !place->mount->layered ? -EROFS : 0;
}
