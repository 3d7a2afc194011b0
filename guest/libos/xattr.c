/* Extended attributes: in memory those of users and of root (user.*, trusted.*), on mounts what the host has
 * of users'. */
#include "xattr.h"
#include <errno.h>
#include <string.h>
#include <sys/xattr.h>
#include "files.h"
#include "heap.h"
#include "names.h"
#include "notify.h"

#define MOST_NAME 255u
#define MOST_VALUE 65536u

struct attribute {
    struct attribute *next;
    uint32_t name_size, value_size;
    char bytes[]; /* the name with its zero, the value */
};

enum operation { GET, SET, LIST, REMOVE };

/* What a call asks for. */
struct request {
    enum operation operation;
    const char *name;
    uint32_t name_size; /* with its zero */
    void *value;
    size_t size;
    int flags;
    long result;
};

/* --- Of a node; with nodes_lock */

static size_t size_of(const struct attribute *attribute) {
    return sizeof *attribute + attribute->name_size + attribute->value_size;
}

static void free_attribute(struct attribute **place) {
    struct attribute *attribute = *place;
    *place = attribute->next;
    heap_free(attribute, size_of(attribute));
}

void attributes_free(struct node *node) {
    while (node->attributes)
        free_attribute(&node->attributes);
}

static struct attribute **find(struct node *node, const struct request *request) {
    struct attribute **place = &node->attributes;
    while (*place && strcmp((*place)->bytes, request->name))
        place = &(*place)->next;
    return place;
}

static long get(struct node *node, struct request *request) {
    const struct attribute *attribute = *find(node, request);
    if (!attribute)
        return -ENODATA;
    if (request->size && request->size < attribute->value_size)
        return -ERANGE;
    if (request->size)
        memcpy(request->value, attribute->bytes + attribute->name_size, attribute->value_size);
    return attribute->value_size;
}

static long set(struct node *node, struct request *request) {
    struct attribute **place = find(node, request);
    if (*place ? request->flags == XATTR_CREATE : request->flags == XATTR_REPLACE)
        return *place ? -EEXIST : -ENODATA;
    size_t size = sizeof **place + request->name_size + request->size;
    struct attribute *made = heap_allocate(size);
    if (!made)
        return -ENOSPC;
    made->name_size = request->name_size;
    made->value_size = (uint32_t)request->size;
    memcpy(made->bytes, request->name, request->name_size);
    memcpy(made->bytes + request->name_size, request->value, request->size);
    if (*place)
        free_attribute(place);
    made->next = *place;
    *place = made;
    node->change = libos_now(ORC_CLOCK_REALTIME);
    return 0;
}

static long list(const struct node *node, struct request *request) {
    size_t total = 0;
    for (const struct attribute *attribute = node->attributes; attribute; attribute = attribute->next) {
        if (request->size && attribute->name_size > request->size - total)
            return -ERANGE;
        if (request->size)
            memcpy((char *)request->value + total, attribute->bytes, attribute->name_size);
        total += attribute->name_size;
    }
    return (long)total;
}

static long remove_attribute(struct node *node, struct request *request) {
    struct attribute **place = find(node, request);
    if (!*place)
        return -ENODATA;
    free_attribute(place);
    node->change = libos_now(ORC_CLOCK_REALTIME);
    return 0;
}

static bool is_users(const struct request *request) {
    return request->operation != LIST && !strncmp(request->name, "user.", 5);
}

/* Users name attributes of files and directories alone. */
static long check_kind(mode_t mode, const struct request *request) {
    if (!is_users(request) || S_ISREG(mode) || S_ISDIR(mode))
        return 0;
    return request->operation == GET ? -ENODATA : -EPERM;
}

static long of_node(struct node *node, struct request *request) {
    long error = check_kind(node->mode, request);
    if (error)
        return error;
    switch (request->operation) {
    case GET:
        return get(node, request);
    case SET:
        return set(node, request);
    case LIST:
        return list(node, request);
    default:
        return remove_attribute(node, request);
    }
}

/* --- Of a host's file */

static long of_handle(uint32_t handle, struct request *request) {
    long name = (long)request->name, length = request->name_size - 1, value = (long)request->value;
    long size = (long)request->size;
    if (request->operation != LIST && !is_users(request))
        return -EOPNOTSUPP;
    switch (request->operation) {
    case GET:
        return orc_hostcall(ORC_XATTR_GET, handle, name, length, value, size);
    case SET:
        return orc_hostcall(ORC_XATTR_SET, handle, name, (long)request->flags << 32 | length, value, size);
    case LIST:
        return orc_hostcall(ORC_XATTR_LIST, handle, value, size, 0, 0);
    default:
        return orc_hostcall(ORC_XATTR_REMOVE, handle, name, length, 0, 0);
    }
}

static long of_host(const struct place *place, mode_t mode, struct request *request) {
    struct orc_path path = place_host(place);
    long error = check_kind(mode, request);
    if (error)
        return error;
    if (!S_ISREG(mode) && !S_ISDIR(mode))
        return request->operation == LIST ? 0 : -EOPNOTSUPP;
    long handle = orc_hostcall(ORC_OPEN, (long)&path, O_RDONLY | ORC_NO_LINKS, 0, 0, 0);
    if (handle < 0)
        return handle;
    long result = of_handle((uint32_t)handle, request);
    orc_hostcall(ORC_CLOSE, handle, 0, 0, 0, 0);
    return result;
}

/* --- By name */

static bool changes(const struct request *request) {
    return request->operation == SET || request->operation == REMOVE;
}

/* What only the host has of a layered mount has its attributes until it's brought into memory, without them.
 */
static long of_place(struct place *place, struct request *request) {
    struct stat status;
    long error = place_do_status(place, &status);
    if (!error && changes(request))
        error = place_writable(place);
    if (error)
        return error;
    if (!place->node && place->mount->kind == MOUNT_SYNTHETIC)
        return request->operation == LIST ? 0 : -EOPNOTSUPP;
    if (!place->node && place->host && (!place->mount->layered || !changes(request)))
        return of_host(place, status.st_mode, request);
    if (!place->node && (error = layer_copy_up(place, false)))
        return error;
    return of_node(place->node, request);
}

static long do_request(struct place *place, void *context) {
    struct request *request = context;
    request->result = of_place(place, request);
    if (request->result >= 0 && changes(request))
        notify_place(place, IN_ATTRIB);
    return request->result < 0 ? request->result : 0;
}

/* 0 when the name can be looked for. */
static long check(struct request *request) {
    if (request->operation == LIST)
        return 0;
    size_t length = strnlen(request->name, MOST_NAME + 1);
    if (!length || length > MOST_NAME)
        return -ERANGE;
    request->name_size = (uint32_t)length + 1;
    if (request->operation == SET &&
        (request->flags & ~(XATTR_CREATE | XATTR_REPLACE) || request->flags == 3))
        return -EINVAL;
    if (request->operation == SET && request->size > MOST_VALUE)
        return -E2BIG;
    bool root = !strncmp(request->name, "trusted.", 8) && sys_geteuid() == 0;
    size_t prefix = root ? 8 : 5;
    if (!root && !is_users(request))
        return -EOPNOTSUPP;
    return length > prefix ? 0 : -EINVAL;
}

static long by_path(const char *path, unsigned flags, struct request request) {
    long error = check(&request);
    if (!error)
        error = with_place(AT_FDCWD, path, flags, do_request, &request);
    return error ? error : request.result;
}

static long of_file(struct file *file, struct request *request) {
    if (file->kind == FILE_PATH)
        return -EBADF;
    if (file->operations == &memory_operations) {
        libos_lock(&nodes_lock);
        long result = of_node(file->node, request);
        libos_unlock(&nodes_lock);
        if (result >= 0 && changes(request))
            notify_file(file, IN_ATTRIB);
        return result;
    }
    if (file->kind == FILE_HOST && !file->by_path) {
        long result = of_handle(file->handle, request);
        return result == -EACCES && file->unchanging ? -EROFS : result;
    }
    if (!file->path)
        return request->operation == LIST ? 0 : -EOPNOTSUPP;
    long error = with_file_path(file, do_request, request);
    return error ? error : request->result;
}

static long by_descriptor(int descriptor, struct request request) {
    struct file *file = file_get(descriptor);
    long error = file ? check(&request) : -EBADF;
    long result = error ? error : of_file(file, &request);
    if (file)
        file_put(file);
    return result;
}

#define GETTING ((struct request){.operation = GET, .name = name, .value = value, .size = size})
#define SETTING                                                                                              \
    ((struct request){.operation = SET, .name = name, .value = (void *)value, .size = size, .flags = flags})
#define LISTING ((struct request){.operation = LIST, .value = names, .size = size})
#define REMOVING ((struct request){.operation = REMOVE, .name = name})

long sys_getxattr(const char *path, const char *name, void *value, size_t size) {
    return by_path(path, PLACE_FOLLOW, GETTING);
}

long sys_lgetxattr(const char *path, const char *name, void *value, size_t size) {
    return by_path(path, 0, GETTING);
}

long sys_fgetxattr(int descriptor, const char *name, void *value, size_t size) {
    return by_descriptor(descriptor, GETTING);
}

long sys_setxattr(const char *path, const char *name, const void *value, size_t size, int flags) {
    return by_path(path, PLACE_FOLLOW, SETTING);
}

long sys_lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags) {
    return by_path(path, 0, SETTING);
}

long sys_fsetxattr(int descriptor, const char *name, const void *value, size_t size, int flags) {
    return by_descriptor(descriptor, SETTING);
}

long sys_listxattr(const char *path, char *names, size_t size) {
    return by_path(path, PLACE_FOLLOW, LISTING);
}

long sys_llistxattr(const char *path, char *names, size_t size) {
    return by_path(path, 0, LISTING);
}

long sys_flistxattr(int descriptor, char *names, size_t size) {
    return by_descriptor(descriptor, LISTING);
}

long sys_removexattr(const char *path, const char *name) {
    return by_path(path, PLACE_FOLLOW, REMOVING);
}

long sys_lremovexattr(const char *path, const char *name) {
    return by_path(path, 0, REMOVING);
}

long sys_fremovexattr(int descriptor, const char *name) {
    return by_descriptor(descriptor, REMOVING);
}
