/* epoll, which is the host's. What's watched is an open file: its duplicates count as the same, and it's
 * forgotten when the last descriptor is closed, as in Linux. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include "file.h"
#include "files.h"
#include "wait.h"

long sys_epoll_create1(int flags) {
    if (flags & ~EPOLL_CLOEXEC)
        return -EINVAL;
    long handle = orc_hostcall(ORC_EPOLL, 0, 0, 0, 0, 0);
    return handle < 0 ? handle : descriptor_add_handle(&epoll_operations, FILE_EPOLL, handle, O_RDWR | flags);
}

static long epoll_status(struct file *file, struct stat *status) {
    return stream_operations.status(file, status);
}

const struct file_operations epoll_operations = {.status = epoll_status};

/* The file behind an epoll's descriptor. */
static struct file *get_epoll(int descriptor, long *error) {
    struct file *file = file_get(descriptor);
    *error = !file ? -EBADF : file->kind != FILE_EPOLL ? -EINVAL : 0;
    if (file && *error)
        file_put(file);
    return *error ? NULL : file;
}

long sys_epoll_ctl(int epoll, int operation, int descriptor, const struct epoll_event *event) {
    long result;
    struct file *set = get_epoll(epoll, &result);
    if (!set)
        return result;
    struct file *file = file_get(descriptor);
    uint32_t events = operation == EPOLL_CTL_DEL ? 0 : event->events;
    uint64_t data = operation == EPOLL_CTL_DEL ? 0 : event->data.u64;
    if (!file || file->kind == FILE_PATH)
        result = -EBADF;
    else if (file == set)
        result = -EINVAL;
    else if (file->kind > FILE_TIMER)
        result = -EPERM;
    else
        result = orc_hostcall(ORC_EPOLL_CONTROL, set->handle, operation, file->handle, events & ~EPOLLWAKEUP,
                              data);
    if (file)
        file_put(file);
    file_put(set);
    return result;
}

struct events {
    uint32_t handle;
    int count;
    struct epoll_event *all;
};

static long wait_events(void *context, int64_t timeout) {
    struct events *events = context;
    return libos_blocking_once(ORC_EPOLL_WAIT, events->handle, (long)events->all, events->count, timeout, 0);
}

static long epoll_wait_for(int epoll, struct epoll_event *events, int count, int64_t timeout) {
    long result;
    if (count <= 0)
        return -EINVAL;
    struct file *set = get_epoll(epoll, &result);
    if (!set)
        return result;
    struct events context = {set->handle, count < ORC_MAX_POLL ? count : ORC_MAX_POLL, events};
    result = wait_until(wait_events, &context, timeout);
    file_put(set);
    return result;
}

long sys_epoll_pwait(int epoll, struct epoll_event *events, int count, int milliseconds, const void *mask,
                     size_t size) {
    long error = mask ? libos_temporary_mask(mask, size) : 0;
    if (error < 0)
        return error;
    return epoll_wait_for(epoll, events, count,
                          milliseconds < 0 ? ORC_FOREVER : milliseconds * (int64_t)1000000);
}

long sys_epoll_pwait2(int epoll, struct epoll_event *events, int count, const struct timespec *timeout,
                      const void *mask, size_t size) {
    int64_t wait = timeout ? libos_nanoseconds(timeout) : ORC_FOREVER;
    if (timeout && wait < 0)
        return -EINVAL;
    long error = mask ? libos_temporary_mask(mask, size) : 0;
    return error < 0 ? error : epoll_wait_for(epoll, events, count, wait);
}
