/* Files without a position of ours, by a host handle: terminals, pipes, events, timers, sockets. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include "file.h"
#include "socket.h"
#include "span.h"
#include "thread.h"

/* The host's side of a granted handle may be used by others, who mustn't find it non-blocking. */
long stream_wait(struct file *file, int events) {
    if (!(file->granted && (file->flags & O_NONBLOCK)))
        return 0;
    struct orc_poll poll = {file->handle, (uint16_t)events, 0};
    long ready = orc_hostcall(ORC_POLL, (long)&poll, 1, 0, 0, 0);
    return ready < 0 ? ready : ready ? 0 : -EAGAIN;
}

long stream_rest(const struct file *file) {
    return file->quick || file->flags & O_NONBLOCK || file->timed ? 0 : libos_wait_readable(file->handle);
}

static long stream_read(struct file *file, void *buffer, size_t length, int64_t position) {
    uint64_t since = __builtin_ia32_rdtsc();
    long error = file->granted ? stream_wait(file, POLLIN) : 0;
    (void)position;
    if (!error)
        error = stream_rest(file);
    if (error)
        return error;
    long result = libos_blocking_repeated_later(ORC_READ, file->handle, (long)buffer, length, 0);
    stream_waited(file, since);
    libos_self()->not_again = result == -EINTR && file->timed;
    return result;
}

static long stream_write(struct file *file, const void *buffer, size_t length, int64_t position) {
    long error = file->granted ? stream_wait(file, POLLOUT) : 0;
    (void)position;
    return error ? error : libos_blocking_repeated_later(ORC_WRITE, file->handle, (long)buffer, length, 0);
}

static long stream_vector(long call, struct file *file, const struct iovec *vector, int count) {
    struct spans spans;
    if (!spans_make(&spans, vector, count))
        return -ENOMEM;
    long result = libos_blocking(call, file->handle, (long)spans.all, count, -1, 0);
    spans_free(&spans);
    return result;
}

static long stream_read_vector(struct file *file, const struct iovec *vector, int count, int64_t position) {
    long error = stream_wait(file, POLLIN);
    (void)position;
    if (!error)
        error = stream_rest(file);
    return error ? error : stream_vector(ORC_READ_VECTOR, file, vector, count);
}

static long stream_write_vector(struct file *file, const struct iovec *vector, int count, int64_t position) {
    long error = stream_wait(file, POLLOUT);
    (void)position;
    return error ? error : stream_vector(ORC_WRITE_VECTOR, file, vector, count);
}

static void fill_time(struct timespec *time, int64_t nanoseconds) {
    time->tv_sec = nanoseconds / 1000000000;
    time->tv_nsec = nanoseconds % 1000000000;
    if (time->tv_nsec < 0) {
        time->tv_sec--;
        time->tv_nsec += 1000000000;
    }
}

void fill_status(struct stat *status, const struct orc_status *from) {
    memset(status, 0, sizeof *status);
    status->st_dev = from->device;
    status->st_ino = from->inode;
    status->st_nlink = from->links;
    status->st_mode = from->mode;
    status->st_uid = from->user;
    status->st_gid = from->group;
    status->st_rdev = from->special;
    status->st_size = from->size;
    status->st_blksize = from->block_size;
    status->st_blocks = from->blocks;
    fill_time(&status->st_atim, from->access);
    fill_time(&status->st_mtim, from->modification);
    fill_time(&status->st_ctim, from->change);
}

static long stream_status(struct file *file, struct stat *status) {
    return orc_hostcall(ORC_STATUS, file->handle, (long)status, ORC_STATUS_OF_LINUX, 0, 0);
}

static long stream_control(struct file *file, unsigned long request, long argument) {
    if (request != FIONREAD)
        return -ENOTTY;
    long available = orc_hostcall(ORC_AVAILABLE, file->handle, 0, 0, 0, 0);
    if (available < 0)
        return available;
    *(int *)argument = (int)available;
    return 0;
}

static long stream_set_nonblocking(struct file *file, bool nonblocking) {
    return file->granted ? 0 : orc_hostcall(ORC_SET_BLOCKING, file->handle, !nonblocking, 0, 0, 0);
}

const struct file_operations stream_operations = {
    .read = stream_read,
    .write = stream_write,
    .read_vector = stream_read_vector,
    .write_vector = stream_write_vector,
    .status = stream_status,
    .control = stream_control,
    .set_nonblocking = stream_set_nonblocking,
};

static long socket_control(struct file *file, unsigned long request, long argument) {
    long what = request == TIOCOUTQ ? ORC_AVAILABLE_UNSENT : ORC_AVAILABLE_AT_MARK;
    if (request != TIOCOUTQ && request != SIOCATMARK)
        return request == FIONREAD ? stream_control(file, request, argument)
                                   : interface_control(request, argument);
    long found = orc_hostcall(ORC_AVAILABLE, file->handle, what, 0, 0, 0);
    if (found < 0)
        return found;
    *(int *)argument = (int)found;
    return 0;
}

static void socket_release(struct file *file) {
    if (file->linger)
        host_socket_linger(file);
}

const struct file_operations socket_operations = {
    .read = stream_read,
    .write = stream_write,
    .read_vector = stream_read_vector,
    .write_vector = stream_write_vector,
    .status = stream_status,
    .control = socket_control,
    .set_nonblocking = stream_set_nonblocking,
    .release = socket_release,
    .socket = &host_socket_calls,
};
