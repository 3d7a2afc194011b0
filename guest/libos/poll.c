/* poll and select: what memory knows is ready at once, the rest is the host's. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/time.h>
#include "file.h"
#include "files.h"
#include "heap.h"
#include "wait.h"
#include "watch.h"

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

#define FILE_READY (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)
#define FEW 32

/* One call: what was asked, its files, which are kept until the end, and the host's part. */
struct polls {
    struct pollfd *asked;
    unsigned count;
    struct file **files;
    struct orc_poll *host; /* one more than asked: for an event that wakes the thread */
    bool by_host;          /* any of them */
    bool sets;             /* some are epoll sets, for which the host's word isn't enough */
    bool watched;          /* some are pipes of the compartment's own */
    struct poll_watch *watches;
    uint32_t event; /* the host's, or ORC_NO_HANDLE */
    uint32_t woken; /* a futex: the event has been signalled, or there is none */
};

/* Pipes that another thread may make ready. */
struct poll_watch {
    struct watch watch;
    struct polls *polls;
};

static void polls_woken(struct watch *watch, uint32_t events) {
    struct polls *polls = ((struct poll_watch *)watch)->polls;
    (void)events;
    if (polls->woken)
        return;
    __atomic_store_n(&polls->woken, 1, __ATOMIC_RELEASE);
    if (polls->event == ORC_NO_HANDLE)
        libos_futex_wake((long)&polls->woken, 1);
    else
        wake_event_signal(polls->event);
}

static void polls_unwatch(struct polls *polls) {
    libos_lock(&watch_lock);
    for (unsigned i = 0; i < polls->count; i++)
        if (polls->watches[i].polls)
            watch_remove(&polls->watches[i].watch);
    libos_unlock(&watch_lock);
    heap_free(polls->watches, polls->count * sizeof *polls->watches);
    if (polls->event != ORC_NO_HANDLE) {
        if (polls->woken)
            wake_event_clear(polls->event);
        wake_event_put(polls->event);
    }
}

/* From here on who makes one of the pipes ready wakes this thread. Not needed while there is no other. */
static long polls_watch(struct polls *polls) {
    if (polls->by_host) {
        long event = wake_event_get();
        if (event < 0)
            return event;
        polls->event = (uint32_t)event;
        polls->host[polls->count] = (struct orc_poll){polls->event, POLLIN, 0};
    }
    polls->watches = heap_allocate(polls->count * sizeof *polls->watches);
    if (!polls->watches) {
        if (polls->event != ORC_NO_HANDLE)
            wake_event_put(polls->event);
        return -ENOMEM;
    }
    libos_lock(&watch_lock);
    for (unsigned i = 0; i < polls->count; i++) {
        struct file *file = polls->files[i];
        if (!file || !file->operations->ready)
            continue;
        struct poll_watch *watch = &polls->watches[i];
        *watch = (struct poll_watch){
            {.file = file, .events = (uint16_t)polls->asked[i].events, .notify = polls_woken}, polls};
        watch_add(file->own, &watch->watch);
    }
    libos_unlock(&watch_lock);
    return 0;
}

/* What is known here of an entry. */
static int ready_here(const struct pollfd *asked, struct file *file, bool by_host) {
    if (asked->fd < 0 || by_host)
        return 0;
    if (!file || file->kind == FILE_PATH)
        return POLLNVAL;
    if (file->operations->ready)
        return (int)file->operations->ready(file) & (asked->events | WATCH_ALWAYS);
    return asked->events & FILE_READY;
}

/* How many are ready without the host. */
static long look(struct polls *polls) {
    long ready = 0;
    for (unsigned i = 0; i < polls->count; i++) {
        struct pollfd *asked = &polls->asked[i];
        asked->revents = (short)ready_here(asked, polls->files[i], polls->host[i].handle != ORC_NO_HANDLE);
        ready += asked->revents != 0;
    }
    return ready;
}

/* More than one hostcall takes: in parts, which don't wait. */
static long host_poll_parts(struct orc_poll *polls, unsigned count) {
    long ready = 0;
    for (unsigned done = 0, part; done < count; done += part) {
        part = count - done < ORC_MAX_POLL ? count - done : ORC_MAX_POLL;
        long result = libos_blocking_once(ORC_POLL, (long)(polls + done), part, 0, 0, 0);
        if (result < 0)
            return result;
        ready += result;
    }
    return ready;
}

/* A set of the host's takes any number. A handle that is there twice is watched for all that is asked of it. */
static long watch_all(uint32_t set, const struct orc_poll *polls, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        if (polls[i].handle == ORC_NO_HANDLE)
            continue;
        uint32_t events = polls[i].events;
        long error = orc_hostcall(ORC_EPOLL_CONTROL, set, EPOLL_CTL_ADD, polls[i].handle, events, 0);
        for (unsigned other = 0; error == -EEXIST && other < count; other++)
            if (polls[other].handle == polls[i].handle)
                events |= polls[other].events;
        if (error == -EEXIST)
            error = orc_hostcall(ORC_EPOLL_CONTROL, set, EPOLL_CTL_MOD, polls[i].handle, events, 0);
        if (error)
            return error;
    }
    return 0;
}

static long host_poll_many(struct orc_poll *polls, unsigned count, int64_t timeout) {
    struct epoll_event event;
    long result = host_poll_parts(polls, count);
    if (result || !timeout)
        return result;
    long set = orc_hostcall(ORC_EPOLL, 0, 0, 0, 0, 0);
    if (set < 0)
        return set;
    result = watch_all((uint32_t)set, polls, count);
    if (!result)
        result = libos_blocking_once(ORC_EPOLL_WAIT, set, (long)&event, 1, timeout, 0);
    orc_hostcall(ORC_CLOSE, set, 0, 0, 0, 0);
    return result > 0 ? host_poll_parts(polls, count) : result;
}

static long host_poll(struct orc_poll *polls, unsigned count, int64_t timeout) {
    return count <= ORC_MAX_POLL ? libos_blocking_once(ORC_POLL, (long)polls, count, timeout, 0, 0)
                                 : host_poll_many(polls, count, timeout);
}

/* As epoll.c says: before and after the host is asked. */
static void settle_sets(const struct polls *polls) {
    for (unsigned i = 0; i < polls->count; i++)
        if (polls->files[i] && polls->files[i]->kind == FILE_EPOLL)
            epoll_settle(polls->files[i]);
}

/* How many of the host's answers weren't true. */
static long check_sets(struct polls *polls) {
    long untrue = 0;
    for (unsigned i = 0; i < polls->count; i++)
        if (polls->host[i].revents && polls->files[i]->kind == FILE_EPOLL && !epoll_is_ready(polls->files[i])) {
            polls->host[i].revents = 0;
            untrue++;
        }
    return untrue;
}

/* The host's answers take the place of those that were found here. -EINTR: another turn. */
static long ask_host(struct polls *polls, int64_t timeout) {
    unsigned with_event = polls->event != ORC_NO_HANDLE;
    if (polls->sets)
        settle_sets(polls);
    long result = host_poll(polls->host, polls->count + with_event, timeout);
    long untrue = polls->sets && result > 0 ? check_sets(polls) : 0;
    for (unsigned i = 0; result >= 0 && i < polls->count; i++)
        if (polls->host[i].handle != ORC_NO_HANDLE)
            polls->asked[i].revents = (short)polls->host[i].revents;
    if (untrue && untrue == result && timeout)
        return -EINTR;
    return result - untrue - (result > 0 && with_event && polls->host[polls->count].revents);
}

static void forget_wake(struct polls *polls) {
    libos_lock(&watch_lock);
    if (polls->woken && polls->event != ORC_NO_HANDLE)
        wake_event_clear(polls->event);
    polls->woken = 0;
    libos_unlock(&watch_lock);
}

/* One turn: -EINTR for another, as long as no signal is due. */
static long wait_polls(void *context, int64_t timeout) {
    struct polls *polls = context;
    if (polls->watches)
        forget_wake(polls);
    long ready = look(polls);
    if (ready || !polls->watched || polls->by_host) {
        long result = !polls->by_host && ready ? 0 : ask_host(polls, ready ? 0 : timeout);
        if (result < 0)
            return result;
        return ready + result == 0 && polls->woken && timeout ? -EINTR : ready + result;
    }
    if (!timeout)
        return 0;
    long result = libos_blocking_once(ORC_FUTEX_WAIT, (long)&polls->woken, 0, timeout, 0, 0);
    return result == -ETIMEDOUT ? 0 : -EINTR;
}

/* Keeps the files and sorts them. */
static void prepare(struct polls *polls) {
    for (unsigned i = 0; i < polls->count; i++) {
        const struct pollfd *asked = &polls->asked[i];
        struct file *file = polls->files[i] = asked->fd < 0 ? NULL : file_get(asked->fd);
        bool watched = file && file->operations->ready,
             by_host = file && !watched && file->kind <= FILE_TIMER;
        polls->host[i] =
            (struct orc_poll){by_host ? file->handle : ORC_NO_HANDLE, (uint16_t)asked->events, 0};
        polls->watched |= watched;
        polls->by_host |= by_host;
        if (file && file->kind == FILE_EPOLL) {
            epoll_is_watched(file);
            polls->sets = true;
        }
    }
}

static long poll_prepared(struct polls *polls, int64_t timeout) {
    prepare(polls);
    long ready = look(polls);
    bool watch = polls->watched && libos_threaded && timeout && !ready;
    long result = watch ? polls_watch(polls) : 0;
    if (!result) {
        result = wait_until(wait_polls, polls, ready ? 0 : timeout);
        if (watch)
            polls_unwatch(polls);
    }
    for (unsigned i = 0; i < polls->count; i++)
        if (polls->files[i])
            file_put(polls->files[i]);
    return result;
}

static long poll_files(struct pollfd *asked, unsigned long count, int64_t timeout) {
    struct orc_poll few[FEW + 1];
    struct file *few_files[FEW];
    struct polls polls = {
        .asked = asked, .count = (unsigned)count, .host = few, .files = few_files, .event = ORC_NO_HANDLE};
    if (count <= FEW)
        return poll_prepared(&polls, timeout);
    if (count > libos_descriptor_limit())
        return -EINVAL;
    size_t size = (count + 1) * sizeof(struct orc_poll), files_size = count * sizeof(struct file *);
    polls.host = heap_allocate(size);
    polls.files = heap_allocate(files_size);
    long result = polls.host && polls.files ? poll_prepared(&polls, timeout) : -ENOMEM;
    heap_free(polls.host, size);
    heap_free(polls.files, files_size);
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
