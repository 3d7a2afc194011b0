/* A guest's struct orc_path, copied in, and the directory that it begins at. */
#ifndef ORC_HOSTCALLS_PATH_H
#define ORC_HOSTCALLS_PATH_H

#include "hostcalls.h"

struct path {
    struct host_file *file; /* a directory; any kind when `text` is empty */
    uint32_t rights;
    bool counted; /* of file_borrow */
    char *text, few[256];
};

/* 0 or -errno; the capability has `rights` at least. `path` is put in any case. */
int path_get(const struct orc_thread *thread, guest_address from, uint32_t rights, struct path *path);
void path_put(struct path *path);

/* A descriptor for what the path leads to: never out of the directory or its mount. Opening doesn't block. */
int64_t open_beneath(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);

/* `length` bytes of the guest's, which hold no zero, and a zero after them: `text` has room for one more. */
int text_get(const struct orc_thread *thread, uint32_t from, uint32_t length, char *text);

/* Closes a descriptor, unless it is negative: for CLEANUP. */
void close_fd(int64_t *fd);

/* The resolved directory of a path's last component, for calls that change directories: it needs the right to
 * write. */
struct parent {
    struct path path;
    int directory;
    int64_t opened; /* the same when it had to be opened; else -1 */
    char *name;     /* one component: no '/', not empty, not "." nor ".." */
};
int parent_get(const struct orc_thread *thread, uint64_t from, bool slash_fits, struct parent *parent);
void parent_put(struct parent *parent);
#define PARENT(name) struct parent name CLEANUP(parent_put) = {.path.text = name.path.few, .opened = -1}

/* The name of a descriptor of ours, for the calls that take nothing else. */
#define PROC_NAME "/proc/self/fd/%d"
#define PROC_NAME_SIZE 32

#endif
