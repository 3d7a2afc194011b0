/* The layer in memory above a read-only host directory: what was changed there. A directory in the layer is
 * merged (the host's names shine through, but for those that the layer has or hides) or covers the host's
 * altogether. */
#include <errno.h>
#include <string.h>
#include "heap.h"
#include "memory.h"
#include "names.h"

/* What the host says about the first `length` bytes of the path. */
static long host_status_of(const struct place *place, size_t length, struct orc_status *status) {
    struct place part = {.mount = place->mount};
    size_t skip = part.mount->length + (length > part.mount->length);
    struct orc_path path = {part.mount->handle, (uint32_t)(uintptr_t)(place->path + skip), length - skip};
    return orc_hostcall(ORC_STATUS_AT, (long)&path, ORC_NO_LINKS, (long)status, 0, 0);
}

static void take_attributes(struct node *node, const struct orc_status *status) {
    node->mode = status->mode;
    node->user = status->user;
    node->group = status->group;
    node->access = status->access;
    node->modification = status->modification;
}

/* The layer's directory for a host directory at the first `end` bytes of the path. */
static long merge_directory(struct place *place, struct node *parent, size_t start, size_t end,
                            struct node **result) {
    struct orc_status status;
    long error = host_status_of(place, end, &status);
    if (error)
        return error;
    if (!S_ISDIR(status.mode))
        return S_ISLNK(status.mode) ? -ELOOP : -ENOTDIR;
    struct node *node = node_create(place->mount->device, S_IFDIR);
    if (!node)
        return -ENOSPC;
    int64_t modification = parent->modification, change = parent->change;
    error = directory_add(parent, place->path + start, end - start, node);
    parent->modification = modification; /* nobody can see that it's there now */
    parent->change = change;
    take_attributes(node, &status);
    node->inode = status.inode;
    node->merged = true;
    node_put(node);
    *result = node;
    return error;
}

long layer_parent(struct place *place) {
    if (place->parent)
        return 0;
    struct node *directory = mount_layer(place->mount);
    size_t name_length, last = place_name(place, &name_length) - place->path;
    if (!directory)
        return -ENOSPC;
    if (place->length == place->mount->length)
        return -EBUSY; /* the mount point itself */
    for (size_t start = place->mount->length + 1, end; start < last; start = end + 1) {
        for (end = start; place->path[end] != '/'; end++)
            ;
        struct entry *entry = directory_find(directory, place->path + start, end - start);
        struct node *next = entry ? entry->node : NULL;
        long error = next ? 0 : merge_directory(place, directory, start, end, &next);
        if (error)
            return error;
        directory = next;
    }
    place->parent = directory;
    return 0;
}

#define COPY_PART 65536u

static long copy_content(struct node *node, long handle, uint64_t size) {
    char *buffer = heap_allocate(COPY_PART);
    long result = buffer ? 0 : -ENOSPC;
    for (int64_t done = 0; !result && done < (int64_t)size;) {
        long got = orc_hostcall(ORC_READ_AT, handle, (long)buffer, COPY_PART, done, 0);
        if (got <= 0) {
            result = got;
            break;
        }
        long written = node_write(node, buffer, got, done);
        result = written == got ? 0 : -ENOSPC;
        done += got;
    }
    heap_free(buffer, COPY_PART);
    return result;
}

static long copy_file(struct place *place, struct node *node, uint64_t size) {
    struct orc_path path = place_host(place);
    long handle = orc_hostcall(ORC_OPEN, (long)&path, O_RDONLY | O_NOFOLLOW | ORC_NO_LINKS, 0, 0, 0);
    if (handle < 0)
        return handle;
    long error = copy_content(node, handle, size);
    orc_hostcall(ORC_CLOSE, handle, 0, 0, 0, 0);
    return error;
}

static long copy_link(struct place *place, struct node *node) {
    char target[PATH_MAX];
    struct orc_path path = place_host(place);
    long length = orc_hostcall(ORC_READ_LINK, (long)&path, (long)target, sizeof target, ORC_NO_LINKS, 0);
    if (length < 0 || length == sizeof target)
        return length < 0 ? length : -ENAMETOOLONG;
    if (!(node->target = heap_allocate(length + 1)))
        return -ENOSPC;
    memcpy(node->target, target, length);
    node->size = length;
    return 0;
}

static long copy_node(struct place *place, const struct orc_status *status, bool truncate,
                      struct node **result) {
    struct node *node = node_create(place->mount->device, status->mode & S_IFMT);
    long error = node ? 0 : -ENOSPC;
    if (!error && S_ISREG(status->mode) && !truncate)
        error = copy_file(place, node, status->size);
    else if (!error && S_ISLNK(status->mode))
        error = copy_link(place, node);
    else if (!error && S_ISDIR(status->mode))
        node->merged = true;
    else if (!error && !S_ISREG(status->mode) && !S_ISFIFO(status->mode))
        error = -EPERM;
    if (!error)
        take_attributes(node, status);
    else if (node)
        node_put(node);
    /* Another link has the host's content still, and mustn't seem to be the same file. */
    if (!error && status->links == 1)
        node->inode = status->inode;
    if (!error && S_ISREG(status->mode) && (error = areas_follow(node, status->device, status->inode)) < 0)
        node_put(node);
    *result = node;
    return error;
}

long layer_copy_up(struct place *place, bool truncate) {
    struct orc_status status;
    size_t length;
    if (place->length == place->mount->length) {
        place->node = mount_layer(place->mount);
        return place->node ? 0 : -ENOSPC;
    }
    if (place->node)
        return 0;
    if (!place->host)
        return -ENOENT;
    long error = host_status_of(place, place->length, &status);
    if (!error && S_ISLNK(status.mode) && place_follows(place))
        return -ELOOP;
    if (!error)
        error = layer_parent(place);
    struct node *node;
    if (!error)
        error = copy_node(place, &status, truncate, &node);
    if (error)
        return error;
    const char *name = place_name(place, &length);
    error = directory_add(place->parent, name, length, node);
    node_put(node);
    if (!error) {
        place->node = node;
        place->entry = directory_find(place->parent, name, length);
    }
    return error;
}

long layer_remove(struct place *place) {
    struct orc_status status;
    size_t length;
    const char *name = place_name(place, &length);
    bool hide = place->mount->layered && !host_status_of(place, place->length, &status);
    long error = layer_parent(place);
    if (error)
        return error;
    hide = hide && place->parent->merged;
    if (!place->entry)
        return hide ? directory_add(place->parent, name, length, NULL) : -ENOENT;
    if (hide)
        entry_replace(place->parent, place->entry, NULL);
    else
        directory_remove(place->parent, place->entry);
    return 0;
}
