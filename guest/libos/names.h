/* Names: mounts, and how a path leads to a place.
 *
 * A path is rewritten until it's canonical: absolute, without "." and "..", and with no symbolic link but
 * perhaps the last name. Links in memory are seen on the way. Links on the host's side aren't looked for: a
 * hostcall with ORC_NO_LINKS finds with -ELOOP that there's one, `place_expand` replaces it in the path, and
 * the call is made again. So a path without links costs one hostcall, and links lead where the guest's mounts
 * and its in-memory layer say.
 *
 * All functions here are called with nodes_lock held, unless it's said. */
#ifndef LIBOS_NAMES_H
#define LIBOS_NAMES_H

#include <limits.h>
#include "node.h"

#pragma GCC visibility push(hidden)

struct mount {
    const char *path; /* canonical; "" for the root */
    uint32_t length;
    uint32_t handle;
    uint32_t device; /* st_dev of what memory holds, and of a layered mount altogether */
    uint8_t kind; /* ORC_MOUNT_, or MOUNT_SYNTHETIC */
    bool read_only, layered;
    bool inner;        /* other mounts lie beneath it */
    struct node *root; /* of a memory file system; of the layer, once there is anything in it */
};
#define MOUNT_SYNTHETIC 100 /* /dev, /proc, /sys: see synthetic.h */

struct place {
    const struct mount *mount;
    struct node *parent;    /* the memory directory that has or would have it; NULL: no layer there */
    struct entry *entry;    /* its name in there */
    struct node *node;      /* what memory holds there */
    bool host;              /* the host's side may have it */
    bool must_be_directory; /* the path ended in a slash */
    uint8_t flags, expansions;
    int descriptor;         /* the path led through its name in /proc/self/fd, or -1 */
    uint32_t known;  /* so many bytes of the path hold no link: memory says, or they were canonical before */
    uint32_t length; /* of `path` */
    char path[PATH_MAX]; /* "" for the root */
};

#define PLACE_FOLLOW 1 /* the last name too, if it's a link */
#define PLACE_SETTLE                                                                                         \
    2 /* make sure that no link is left on the way to the last name, for calls that can't tell */
#define PLACE_EMPTY 4 /* an empty path means the directory itself (AT_EMPTY_PATH) */

/* Whether the last name is followed if it's a link. A slash at the end does that, too, but not where names
 * change. */
static inline bool place_follows(const struct place *place) {
    return place->flags & PLACE_FOLLOW || (place->must_be_directory && !(place->flags & PLACE_SETTLE));
}

/* Where a search starts. `directory`: AT_FDCWD or a descriptor. Without nodes_lock. */
long place_set(struct place *place, int directory, const char *path, unsigned flags);
long place_set_at(struct place *place, const char *base, const char *path, unsigned flags);

/* The same from where an open file's path leads: it changes when the file is renamed. */
long place_set_file(struct place *place, struct file *file, const char *path, unsigned flags);

/* Finds it. 0; -ENOENT where something is missing on the way, and other errors. */
long place_find(struct place *place);

/* After -ELOOP from the host: replaces the first link of the host's side in the path. 0: try again; else the
 * error. */
long place_expand(struct place *place);

/* A place for the host: relative to the handle of its mount. */
struct orc_path place_host(const struct place *place);

/* What is there, by memory, host, or table: 0, -ENOENT, -ELOOP (place_expand). The place of a link is the
 * link. */
long place_status(const struct place *place, struct stat *status);

/* 0 when names in its directory may be made, removed, or changed: -EROFS. */
long place_writable(const struct place *place);

/* What's done with a place, with nodes_lock held. */
typedef long place_function(struct place *place, void *context);
/* Finds the place and does it; again when the host has found a link. Without the lock. */
long with_place(int directory, const char *path, unsigned flags, place_function *function, void *context);
long with_found(struct place *place, place_function *function, void *context);
/* At an open file's path. */
long with_file_path(struct file *file, place_function *function, void *context);

/* The file that a path through /proc/self/fd names, with a reference, to be put without the lock; NULL: it's no such
 * path. */
struct file *named_descriptor(const struct place *place);

/* The host alone has it, and may change it. */
bool place_by_host(const struct place *place);
/* place_status, and -ENOTDIR where the path asks for a directory. A place_function. */
long place_do_status(struct place *place, void *status);
/* Nothing has this name, and one can be made. */
long place_check_new(const struct place *place);
bool path_ends_in_dot(const char *path);

/* Puts a new node under its name, which memory doesn't hold and the host doesn't show. */
long place_insert(struct place *place, struct node *node);

/* Its last name, which isn't terminated but by the path's end. */
const char *place_name(const struct place *place, size_t *length);

/* Mounts (mount.c). */
void mounts_start(void);
const struct mount *mount_of(const char *path, size_t length);
/* The one that is mounted right there, or NULL; `length` isn't 0. */
const struct mount *mount_at(const char *path, size_t length);
/* The one whose nodes have this st_dev; the root if there's none. */
const struct mount *mount_of_device(uint32_t device);
/* The next mount point right beneath a directory, and its name; `index` starts at 0. NULL: no more. */
const char *mount_beneath(const char *path, size_t length, unsigned *index, size_t *name_length);
bool is_mount_point(const struct place *place);
struct node *mount_layer(const struct mount *mount); /* its root node, made if need be; NULL: no memory */
uint32_t libos_umask(void);

/* The layer above a read-only host directory (layer.c). */
/* Memory's directories down to the one that has the place: afterwards `parent` isn't NULL. */
long layer_parent(struct place *place);
/* Brings the place into memory, a host's file with its content unless `truncate`. Afterwards `node` isn't
 * NULL. */
long layer_copy_up(struct place *place, bool truncate);
/* Takes the name away in memory, and hides the host's if there is one. */
long layer_remove(struct place *place);

/* 0, or -ENOTEMPTY (listing.c). */
long directory_is_empty(const struct place *place);

/* For descriptors whose attributes are changed where the path leads. Without the lock. */
long path_set_attributes(struct file *file, const struct attributes *attributes);

/* A directory that the libOS lists, written to disk by the host where the host has it. Without the lock. */
long path_sync(struct file *file);
struct statfs;
long path_file_system(struct file *file, struct statfs *status);
long memory_file_system(struct statfs *status);
long host_file_system(long handle, struct statfs *status);

/* The handle of the host's file system that a file's path leads into for writing; ORC_NO_HANDLE: there's none. And
 * those of all mounts, one after the other. */
uint32_t path_host_handle(struct file *file);
uint32_t mount_host_handle(unsigned *index);

/* Current directory: canonical, "" for the root. */
const char *current_directory(void);
/* Another path to it, or to where it was. */
void current_directory_moved(const char *path, size_t length, bool removed);

#pragma GCC visibility pop

#endif
