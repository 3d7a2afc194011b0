/* Pipes, socket pairs, events, timers, randomness. All but pipes are host handles from the start. */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include "file.h"
#include "files.h"
#include "pipe.h"

static void fill_timer(struct itimerspec *timer, const int64_t times[2]) {
    timer->it_value = (struct timespec){.tv_sec = times[0] / 1000000000, .tv_nsec = times[0] % 1000000000};
    timer->it_interval = (struct timespec){.tv_sec = times[1] / 1000000000, .tv_nsec = times[1] % 1000000000};
}

/* Both descriptors, or none. */
static long both(long first, long second, int descriptors[2]) {
    if (first >= 0 && second >= 0) {
        descriptors[0] = first;
        descriptors[1] = second;
        return 0;
    }
    if (first >= 0)
        sys_close(first);
    if (second >= 0)
        sys_close(second);
    return first < 0 ? first : second;
}

long sys_pipe2(int descriptors[2], int flags) {
    struct file *ends[2];
    bool close_on_exec = flags & O_CLOEXEC;
    if (flags & ~(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    long error = pipe_create(ends, flags & O_NONBLOCK);
    if (error)
        return error;
    long first = descriptor_add(ends[0], 0, close_on_exec);
    return both(first, descriptor_add(ends[1], 0, close_on_exec), descriptors);
}

/* A descriptor for a new handle (or the error that it is), with what clones need to know of it: see file.h.
 * EFD_, TFD_, SOCK_ and O_ flags are the same bits. */
static long add_with(const struct file_operations *operations, enum file_kind kind, long handle, int flags,
                     int64_t position) {
    if (handle < 0)
        return handle;
    struct file *file = file_create(operations, kind, O_RDWR | (flags & O_NONBLOCK));
    if (!file) {
        orc_hostcall(ORC_CLOSE, handle, 0, 0, 0, 0);
        return -ENOMEM;
    }
    file->handle = handle;
    file->position = position;
    return descriptor_add(file, 0, flags & O_CLOEXEC);
}

long sys_socketpair(int family, int type, int protocol, int descriptors[2]) {
    uint32_t handles[2];
    int kind = (type & 0xf) == SOCK_RAW ? SOCK_DGRAM : type & 0xf;
    if (type & ~(0xf | SOCK_CLOEXEC | SOCK_NONBLOCK) || kind > SOCK_PACKET)
        return -EINVAL;
    if (family != AF_UNIX)
        return family == AF_INET || family == AF_INET6 || family == AF_NETLINK ? -EOPNOTSUPP : -EAFNOSUPPORT;
    if (protocol != 0 && protocol != AF_UNIX)
        return -EPROTONOSUPPORT;
    if (kind != SOCK_STREAM && kind != SOCK_DGRAM && kind != SOCK_SEQPACKET)
        return -ESOCKTNOSUPPORT;
    long error = orc_hostcall(ORC_SOCKET_PAIR, kind, !!(type & SOCK_NONBLOCK), (long)handles, 0, 0);
    if (error < 0)
        return error;
    int flags = type & (SOCK_NONBLOCK | SOCK_CLOEXEC);
    long first = add_with(&socket_operations, FILE_SOCKET, handles[0], flags, -(int64_t)handles[1] - 1);
    return both(first, add_with(&socket_operations, FILE_SOCKET, handles[1], flags, -(int64_t)handles[0] - 1),
                descriptors);
}

long sys_eventfd2(unsigned initial, int flags) {
    if (flags & ~(EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE))
        return -EINVAL;
    long handle = orc_hostcall(ORC_EVENT, initial, flags & ~EFD_CLOEXEC, 0, 0, 0);
    return add_with(&stream_operations, FILE_STREAM, handle, flags, flags & EFD_SEMAPHORE);
}

/* Nobody here may wake the machine. */
static long clock_of(int clock) {
    switch (clock) {
    case CLOCK_REALTIME_ALARM:
    case CLOCK_BOOTTIME_ALARM:
        return -EPERM;
    case CLOCK_MONOTONIC:
        return ORC_CLOCK_MONOTONIC;
    case CLOCK_REALTIME:
        return ORC_CLOCK_REALTIME;
    case CLOCK_BOOTTIME:
        return ORC_CLOCK_BOOT;
    default:
        return -EINVAL;
    }
}

long sys_timerfd_create(int clock, int flags) {
    long which = clock_of(clock);
    if (flags & ~(TFD_CLOEXEC | TFD_NONBLOCK))
        return -EINVAL;
    if (which < 0)
        return which;
    long handle = orc_hostcall(ORC_TIMER, which, flags & TFD_NONBLOCK, 0, 0, 0);
    return add_with(&stream_operations, FILE_TIMER, handle, flags, which);
}

/* The file behind a timer's descriptor. */
static struct file *get_timer(int descriptor, long *error) {
    struct file *file = file_get(descriptor);
    *error = !file ? -EBADF : file->kind != FILE_TIMER ? -EINVAL : 0;
    if (file && *error)
        file_put(file);
    return *error ? NULL : file;
}

long sys_timerfd_settime(int descriptor, int flags, const struct itimerspec *new, struct itimerspec *old) {
    int64_t times[2], before[2];
    long result;
    if (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
        return -EINVAL;
    times[0] = libos_nanoseconds(&new->it_value);
    times[1] = libos_nanoseconds(&new->it_interval);
    if (times[0] < 0 || times[1] < 0)
        return -EINVAL;
    struct file *file = get_timer(descriptor, &result);
    if (!file)
        return result;
    result = orc_hostcall(ORC_TIMER_SET, file->handle, flags, (long)times, old ? (long)before : 0, 0);
    if (!result)
        file->position = TIMER_CLOCK(file->position) | (flags & TFD_TIMER_CANCEL_ON_SET ? TIMER_CANCELS : 0);
    file_put(file);
    if (!result && old)
        fill_timer(old, before);
    return result;
}

long sys_timerfd_gettime(int descriptor, struct itimerspec *now) {
    int64_t times[2];
    long result;
    struct file *file = get_timer(descriptor, &result);
    if (!file)
        return result;
    result = orc_hostcall(ORC_TIMER_GET, file->handle, (long)times, 0, 0, 0);
    file_put(file);
    if (!result)
        fill_timer(now, times);
    return result;
}

#define MOST_RANDOM 0x100000ul

long sys_getrandom(void *buffer, size_t length, unsigned flags) {
    if (flags & ~7u)
        return -EINVAL;
    if (length > MOST_RANDOM)
        length = MOST_RANDOM;
    long error = orc_hostcall(ORC_RANDOM, (long)buffer, length, 0, 0, 0);
    return error < 0 ? error : (long)length;
}
