/* poll and select: what memory knows is ready at once, the rest is the host's. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/select.h>
#include <sys/time.h>
#include "file.h"
#include "files.h"
#include "heap.h"
#include "wait.h"

/* -EINTR without a reason of the guest's: waits for what's left of the time. */
long wait_until(long (*wait)(void *context, int64_t timeout), void *context, int64_t timeout) {
    int64_t deadline = timeout > 0 ? libos_now(ORC_CLOCK_MONOTONIC) + timeout : 0;
    if (timeout > 0 && deadline < 0)
        deadline = INT64_MAX;
    for (;;) {
        long result = wait(context, timeout);
        if (result != -EINTR || libos_interrupted())
            return result;
        if (timeout > 0) {
            timeout = deadline - libos_now(ORC_CLOCK_MONOTONIC);
            if (timeout < 0)
                timeout = 0;
        }
    }
}

struct polls {
    struct orc_poll *all;
    unsigned count;
};

static long wait_polls(void *context, int64_t timeout) {
    struct polls *polls = context;
    return libos_blocking_once(ORC_POLL, (long)polls->all, polls->count, timeout, 0, 0);
}

#define FILE_READY (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)
#define FEW 32

/* The host's part of each entry; how many are ready without it. Files are kept until the end. */
static long prepare(struct pollfd *polls, unsigned count, struct orc_poll *host, struct file **files) {
    long ready = 0;
    for (unsigned i = 0; i < count; i++) {
        struct pollfd *poll = &polls[i];
        struct file *file = files[i] = poll->fd < 0 ? NULL : file_get(poll->fd);
        bool by_host = file && file->kind <= FILE_TIMER;
        host[i] = (struct orc_poll){by_host ? file->handle : ORC_NO_HANDLE, poll->events, 0};
        poll->revents = poll->fd < 0              ? 0
                        : !file                   ? POLLNVAL
                        : file->kind == FILE_PATH ? POLLNVAL
                        : by_host                 ? 0
                                                  : poll->events & FILE_READY;
        ready += poll->revents != 0;
    }
    return ready;
}

static long poll_host(struct pollfd *polls, unsigned count, int64_t timeout, struct orc_poll *host,
                      struct file **files) {
    long ready = prepare(polls, count, host, files);
    struct polls context = {host, count};
    long result = wait_until(wait_polls, &context, ready ? 0 : timeout);
    for (unsigned i = 0; i < count; i++) {
        if (files[i] && result >= 0 && host[i].handle != ORC_NO_HANDLE)
            polls[i].revents = host[i].revents;
        if (files[i])
            file_put(files[i]);
    }
    return result < 0 ? result : result + ready;
}

static long poll_files(struct pollfd *polls, unsigned long count, int64_t timeout) {
    struct orc_poll few[FEW];
    struct file *few_files[FEW];
    if (count <= FEW)
        return poll_host(polls, count, timeout, few, few_files);
    if (count > ORC_MAX_POLL)
        return -EINVAL;
    size_t size = count * sizeof(struct orc_poll), files_size = count * sizeof(struct file *);
    struct orc_poll *host = heap_allocate(size);
    struct file **files = heap_allocate(files_size);
    long result = host && files ? poll_host(polls, count, timeout, host, files) : -ENOMEM;
    heap_free(host, size);
    heap_free(files, files_size);
    return result;
}

long sys_poll(struct pollfd *polls, unsigned long count, int milliseconds) {
    return poll_files(polls, count, milliseconds < 0 ? ORC_FOREVER : milliseconds * (int64_t)1000000);
}

/* The time that's left is stored, as Linux does. */
struct deadline {
    int64_t timeout, end;
};

static long deadline_start(struct deadline *deadline, const struct timespec *timeout) {
    *deadline = (struct deadline){ORC_FOREVER, 0};
    if (!timeout)
        return 0;
    deadline->timeout = libos_nanoseconds(timeout);
    if (deadline->timeout < 0)
        return -EINVAL;
    if (deadline->timeout)
        deadline->end = libos_now(ORC_CLOCK_MONOTONIC) + deadline->timeout;
    return 0;
}

static int64_t deadline_left(const struct deadline *deadline) {
    int64_t left = deadline->timeout ? deadline->end - libos_now(ORC_CLOCK_MONOTONIC) : 0;
    return left < 0 ? 0 : left;
}

static void store_left(const struct deadline *deadline, struct timespec *timeout) {
    if (!timeout)
        return;
    int64_t left = deadline_left(deadline);
    timeout->tv_sec = left / 1000000000;
    timeout->tv_nsec = left % 1000000000;
}

long sys_ppoll(struct pollfd *polls, unsigned long count, struct timespec *timeout, const void *mask,
               size_t size) {
    struct deadline deadline;
    long result = deadline_start(&deadline, timeout);
    if (!result)
        result = libos_temporary_mask(mask, size);
    if (result < 0)
        return result;
    result = poll_files(polls, count, deadline.timeout);
    store_left(&deadline, timeout);
    return result;
}

#define MOST_SELECTED 1024

static bool is_set(const void *set, int descriptor) {
    return set && ((const uint64_t *)set)[descriptor / 64] >> (descriptor % 64) & 1;
}

static unsigned fill_polls(int count, const void *read, const void *write, const void *except,
                           struct pollfd *polls) {
    unsigned used = 0;
    for (int i = 0; i < count; i++) {
        short events = (is_set(read, i) ? POLLIN : 0) | (is_set(write, i) ? POLLOUT : 0) |
                       (is_set(except, i) ? POLLPRI : 0);
        if (events)
            polls[used++] = (struct pollfd){.fd = i, .events = events};
    }
    return used;
}

static void clear_set(void *set, int count) {
    if (set)
        memset(set, 0, (count + 63) / 64 * 8);
}

static long mark(void *set, int descriptor, bool ready) {
    if (set && ready)
        ((uint64_t *)set)[descriptor / 64] |= (uint64_t)1 << (descriptor % 64);
    return set && ready;
}

static long select_polls(int count, void *read, void *write, void *except, int64_t timeout,
                         struct pollfd *polls) {
    unsigned used = fill_polls(count, read, write, except, polls);
    long result = poll_files(polls, used, timeout), marked = 0;
    if (result < 0)
        return result;
    for (unsigned i = 0; i < used; i++)
        if (polls[i].revents & POLLNVAL)
            return -EBADF;
    clear_set(read, count);
    clear_set(write, count);
    clear_set(except, count);
    for (unsigned i = 0; i < used; i++) {
        int asked = polls[i].events, found = polls[i].revents;
        marked += mark(read, polls[i].fd, asked & POLLIN && found & (POLLIN | POLLHUP | POLLERR));
        marked += mark(write, polls[i].fd, asked & POLLOUT && found & (POLLOUT | POLLERR));
        marked += mark(except, polls[i].fd, asked & POLLPRI && found & POLLPRI);
    }
    return marked;
}

static long select_files(int count, void *read, void *write, void *except, int64_t timeout) {
    if (count < 0)
        return -EINVAL;
    if (count > MOST_SELECTED)
        count = MOST_SELECTED;
    struct pollfd *polls = heap_allocate(count * sizeof *polls + 1);
    if (!polls)
        return -ENOMEM;
    long result = select_polls(count, read, write, except, timeout, polls);
    heap_free(polls, count * sizeof *polls + 1);
    return result;
}

long sys_select(int count, void *read, void *write, void *except, struct timeval *timeout) {
    struct deadline deadline;
    struct timespec exact;
    if (timeout && (timeout->tv_sec < 0 || timeout->tv_usec < 0))
        return -EINVAL;
    if (timeout)
        exact = (struct timespec){.tv_sec = timeout->tv_sec + timeout->tv_usec / 1000000,
                                  .tv_nsec = timeout->tv_usec % 1000000 * 1000};
    long result = deadline_start(&deadline, timeout ? &exact : NULL);
    if (result < 0)
        return result;
    result = select_files(count, read, write, except, deadline.timeout);
    if (timeout) {
        store_left(&deadline, &exact);
        *timeout = (struct timeval){.tv_sec = exact.tv_sec, .tv_usec = exact.tv_nsec / 1000};
    }
    return result;
}

/* The sixth argument of the system call. */
struct masked {
    const void *mask;
    size_t size;
};

long sys_pselect6(int count, void *read, void *write, void *except, struct timespec *timeout,
                  const void *masked) {
    const struct masked *mask = masked;
    struct deadline deadline;
    long result = deadline_start(&deadline, timeout);
    if (!result && mask)
        result = libos_temporary_mask(mask->mask, mask->size);
    if (result < 0)
        return result;
    result = select_files(count, read, write, except, deadline.timeout);
    store_left(&deadline, timeout);
    return result;
}
