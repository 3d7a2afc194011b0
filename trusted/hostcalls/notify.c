/* What happens to files beneath granted directories, whoever does it (inotify). Instances and watches count
 * against limits that all cells of a host's user share, so each compartment gets few. */
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/inotify.h>

#include "path.h"

#define MASK                                                                                                 \
    (IN_ALL_EVENTS | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK | IN_MASK_ADD | IN_MASK_CREATE | IN_ONESHOT)

/* Who reads what is nobody's business but theirs who may write there: a directory that many may read tells of
 * changes alone. */
#define READING (IN_ACCESS | IN_OPEN | IN_CLOSE_NOWRITE)

int64_t call_notify(struct orc_thread *thread, const uint64_t *arguments) {
    (void)arguments;
    return add_handle(thread, result_of(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)), FILE_NOTIFY, RIGHT_READ);
}

/* The kernel takes a name alone. */
static int64_t watch(int notify, int fd, uint64_t mask) {
    char name[PROC_NAME_SIZE];
    snprintf(name, sizeof name, PROC_NAME, fd);
    return result_of(inotify_add_watch(notify, name, (uint32_t)mask & ~IN_DONT_FOLLOW));
}

static int64_t watch_path(const struct file_call *call) {
    uint64_t mask = call->arguments[2], links = call->arguments[3];
    struct path path CLEANUP(path_put) = {.text = path.few};
    int status = path_get(call->thread, guest_pointer(call->arguments[1]), RIGHT_READ, &path);
    if (status < 0)
        return status;
    if (mask & READING && !(path.rights & RIGHT_WRITE))
        return -EACCES;
    if (!*path.text)
        return watch(call->fd, path.file->fd, mask);
    uint64_t flags =
        O_PATH | (mask & IN_DONT_FOLLOW ? O_NOFOLLOW : 0) | (mask & IN_ONLYDIR ? O_DIRECTORY : 0);
    int64_t fd CLEANUP(close_fd) =
        open_beneath(path.file->fd, path.text, flags, 0, links ? RESOLVE_NO_SYMLINKS : 0);
    return fd < 0 ? fd : watch(call->fd, (int)fd, mask);
}

/* Counts each success, and so no fewer watches than there are: the kernel ends some by itself. */
static int64_t watch_counted(const struct file_call *call, unsigned *count) {
    int64_t result = -ENOSPC;
    if (__atomic_add_fetch(count, 1, __ATOMIC_RELAXED) <= ORC_MAX_WATCHES)
        result = watch_path(call);
    if (result < 0)
        __atomic_sub_fetch(count, 1, __ATOMIC_RELAXED);
    return result;
}

FILE_CALL(call_notify_watch, 0, 1 << FILE_NOTIFY) {
    if (call->arguments[2] & ~(uint64_t)MASK || call->arguments[3] & ~(uint64_t)ORC_NO_LINKS)
        return -EINVAL;
    return watch_counted(call, &call->file->watches);
}

FILE_CALL(call_notify_remove, 0, 1 << FILE_NOTIFY) {
    if (call->arguments[1] > INT32_MAX)
        return -EINVAL;
    int64_t result = result_of(inotify_rm_watch(call->fd, (int)call->arguments[1]));
    if (result == 0)
        __atomic_sub_fetch(&call->file->watches, 1, __ATOMIC_RELAXED);
    return result;
}
