/* Calls with two names: rename and link. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "files.h"
#include "names.h"
#include "notify.h"
#include "opened.h"
#include "synthetic.h"

#define NO_REPLACE 1 /* RENAME_NOREPLACE */
#define EXCHANGE 2
#define WHITEOUT 4

/* Where the name is, which for a mount point is one further out. */
static const struct mount *mount_of_name(const struct place *place) {
    size_t length, end = place_name(place, &length) - place->path;
    return place->length == place->mount->length && end ? mount_of(place->path, end - 1) : place->mount;
}

/* Both places, found one after the other, with the lock held. */
static long find_two(struct place *from, struct place *to) {
    long error = place_find(from);
    if (!error)
        error = place_find(to);
    if (error)
        return error;
    if (mount_of_name(from) != mount_of_name(to))
        return -EXDEV;
    return is_mount_point(from) || is_mount_point(to) ? -EBUSY : 0;
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

static bool is_same_place(const struct place *from, const struct place *to) {
    return from->length == to->length && !memcmp(from->path, to->path, from->length);
}

/* What a rename is about. */
struct renaming {
    struct place *from, *to;
    struct stat status, old; /* of what has the names now */
    bool exists;             /* there is something to be replaced or exchanged */
    unsigned flags;
};

static long check_replaced(const struct renaming *renaming) {
    bool directory = S_ISDIR(renaming->status.st_mode);
    if (S_ISDIR(renaming->old.st_mode) != directory)
        return directory ? -ENOTDIR : -EISDIR;
    return directory ? directory_is_empty(renaming->to) : 0;
}

static long move_in_memory(struct renaming *renaming) {
    struct place *from = renaming->from, *to = renaming->to;
    size_t length;
    const char *name = place_name(to, &length);
    struct node *node = from->node;
    struct entry *entry = directory_find(to->parent, name, length);
    long error = entry ? 0 : directory_add(to->parent, name, length, node);
    if (entry)
        entry_replace(to->parent, entry, node);
    from->entry = directory_find(from->parent, place_name(from, &length), length);
    return error ? error : layer_remove(from);
}

static void exchange_nodes(struct place *from, struct place *to) {
    size_t length;
    struct node *node = from->node;
    from->entry = directory_find(from->parent, place_name(from, &length), length);
    to->entry = directory_find(to->parent, place_name(to, &length), length);
    node_hold(node);
    entry_replace(from->parent, from->entry, to->node);
    entry_replace(to->parent, to->entry, node);
    node_put(node);
}

static long rename_in_memory(struct renaming *renaming) {
    long error = bring_into_memory(renaming->from, &renaming->status);
    if (!error && renaming->exists && renaming->from->node == renaming->to->node)
        return 0;
    if (!error && renaming->flags & EXCHANGE)
        error = bring_into_memory(renaming->to, &renaming->old);
    if (!error)
        error = layer_parent(renaming->to);
    if (error)
        return error;
    if (renaming->flags & EXCHANGE) {
        exchange_nodes(renaming->from, renaming->to);
        return 0;
    }
    return move_in_memory(renaming);
}

/* Whether it may be done. */
static long check_renaming(struct renaming *renaming) {
    struct place *from = renaming->from, *to = renaming->to;
    bool directory = S_ISDIR(renaming->status.st_mode), exchange = renaming->flags & EXCHANGE;
    if (lies_beneath(to, from))
        return -EINVAL;
    if (lies_beneath(from, to)) /* what is replaced holds what is to be moved */
        return exchange ? -EINVAL : -ENOTEMPTY;
    if (exchange && !renaming->exists)
        return -ENOENT;
    if (renaming->exists && renaming->flags & NO_REPLACE)
        return -EEXIST;
    if (from->must_be_directory && !directory)
        return -ENOTDIR;
    if (to->must_be_directory && !(exchange ? S_ISDIR(renaming->old.st_mode) : directory))
        return -ENOTDIR;
    return place_writable(from);
}

static long rename_places(struct renaming *renaming) {
    struct place *from = renaming->from, *to = renaming->to;
    long error = place_status(from, &renaming->status);
    if (error)
        return error;
    error = place_status(to, &renaming->old);
    if (error && error != -ENOENT)
        return error;
    renaming->exists = !error;
    if ((error = check_renaming(renaming)) || is_same_place(from, to))
        return error;
    if (!from->mount->layered && !from->node) {
        struct orc_path source = place_host(from), target = place_host(to);
        return orc_hostcall(ORC_RENAME, (long)&source, (long)&target, renaming->flags, 0, 0);
    }
    if (renaming->exists && !(renaming->flags & EXCHANGE) && (error = check_replaced(renaming)))
        return error;
    return rename_in_memory(renaming);
}

/* Who has either open, or watches it, hears of it. */
static void tell_renamed(const struct renaming *renaming) {
    const struct place *from = renaming->from, *to = renaming->to;
    if (is_same_place(from, to))
        return;
    if (renaming->flags & EXCHANGE) {
        notify_exchanged(from, S_ISDIR(renaming->status.st_mode), to, S_ISDIR(renaming->old.st_mode));
        paths_exchanged(from->path, from->length, to->path, to->length);
        return;
    }
    if (renaming->exists) {
        notify_replaced(to);
        paths_removed(to->path, to->length);
    }
    notify_moved(from, to, S_ISDIR(renaming->status.st_mode));
    paths_moved(from->path, from->length, to->path, to->length);
}

long sys_renameat2(int old_directory, const char *old, int new_directory, const char *new, unsigned flags) {
    struct place from, to;
    struct renaming renaming = {.from = &from, .to = &to, .flags = flags};
    if (flags & ~(NO_REPLACE | EXCHANGE | WHITEOUT) || (flags & EXCHANGE && flags & ~EXCHANGE))
        return -EINVAL;
    if (flags & WHITEOUT)
        return -EINVAL; /* the file system has none that programs see */
    if (path_ends_in_dot(old) || path_ends_in_dot(new))
        return -EBUSY;
    long error = place_set(&from, old_directory, old, PLACE_SETTLE);
    if (!error)
        error = place_set(&to, new_directory, new, PLACE_SETTLE);
    if (error)
        return error;
    libos_lock(&nodes_lock);
    error = find_two(&from, &to);
    if (!error)
        error = rename_places(&renaming);
    if (!error)
        tell_renamed(&renaming);
    libos_unlock(&nodes_lock);
    return error;
}

/* --- link */

static long link_places(struct place *from, struct place *to) {
    struct stat status;
    long error = place_status(from, &status);
    if (!error && S_ISDIR(status.st_mode))
        error = -EPERM;
    if (!error)
        error = place_check_new(to);
    if (!error && to->must_be_directory)
        error = -ENOENT;
    if (error)
        return error;
    if (!from->mount->layered && !from->node) {
        struct orc_path source = place_host(from), target = place_host(to);
        return orc_hostcall(ORC_LINK, (long)&source, (long)&target, 0, 0, 0);
    }
    error = bring_into_memory(from, &status);
    return error ? error : place_insert(to, from->node);
}

/* A node gets one more name, a host's file that has none its first. */
static long link_file(struct place *to, void *context) {
    struct file *file = context;
    long error = place_check_new(to);
    if (error)
        return error;
    if (file->kind == FILE_HOST) {
        struct orc_path target = place_host(to);
        bool same = place_by_host(to) && !file->layered;
        return same ? orc_hostcall(ORC_LINK_HANDLE, file->handle, (long)&target, 0, 0, 0) : -EXDEV;
    }
    if (file->node->device != to->mount->device)
        return -EXDEV;
    if (!file->node->links && !file->node->nameless)
        return -ENOENT;
    error = place_insert(to, file->node);
    if (!error)
        notify_created(to, false);
    return error;
}

/* What a descriptor is gets a name: -ENOENT when its own name serves as well. */
static long link_descriptor(int descriptor, int new_directory, const char *new) {
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    bool by_file = file->operations == &memory_operations || (file->kind == FILE_HOST && file->nameless);
    long error = by_file ? with_place(new_directory, new, PLACE_SETTLE, link_file, file) : -ENOENT;
    bool by_name = !by_file && file->path;
    file_put(file);
    return by_name ? -EAGAIN : error;
}

static long link_names(struct place *from, struct place *to) {
    libos_lock(&nodes_lock);
    long error = find_two(from, to);
    while (!error) {
        error = link_places(from, to);
        if (error != -ELOOP || from->node || !from->host)
            break;
        error = place_expand(from);
        if (!error && from->mount != to->mount)
            error = -EXDEV;
    }
    if (!error)
        notify_created(to, false);
    libos_unlock(&nodes_lock);
    return error;
}

/* N of a path that leads to /proc/self/fd/N; -1: it doesn't. */
static int descriptor_at(struct place *place) {
    libos_lock(&nodes_lock);
    bool found = !place_find(place) && place->mount->kind == MOUNT_SYNTHETIC;
    int descriptor = found ? synthetic_descriptor(place->path, place->length) : -1;
    libos_unlock(&nodes_lock);
    return descriptor;
}

long sys_linkat(int old_directory, const char *old, int new_directory, const char *new, int flags) {
    struct place from, to;
    bool empty = flags & AT_EMPTY_PATH && !*old;
    if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    unsigned follow =
        PLACE_SETTLE | (flags & AT_SYMLINK_FOLLOW ? PLACE_FOLLOW : 0) | (empty ? PLACE_EMPTY : 0);
    long error = place_set(&from, old_directory, old, follow);
    if (error && !(empty && error == -ENOTDIR))
        return error;
    int descriptor = empty ? old_directory : follow & PLACE_FOLLOW ? descriptor_at(&from) : -1;
    if (descriptor >= 0 && (error = link_descriptor(descriptor, new_directory, new)) != -EAGAIN)
        return error;
    if (descriptor >= 0 && !empty && (error = place_set(&from, descriptor, "", PLACE_SETTLE | PLACE_EMPTY)))
        return error;
    error = place_set(&to, new_directory, new, PLACE_SETTLE);
    return error ? error : link_names(&from, &to);
}
