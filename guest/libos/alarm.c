/* ITIMER_REAL: a thread of the libOS' own keeps the time and sends SIGALRM. It's made when a timer is first
 * set, isn't in the list of threads, blocks all signals, and stays: most programs never set one. */
#define _GNU_SOURCE
#include "thread.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

#define STACK_SIZE (2 * LIBOS_PAGE)
#define BLOCK_SIZE 128            /* at the top of the stack, where the thread pointer leads */
#define SHORTEST_INTERVAL 1000000 /* ns: less would leave no time for anything between two signals */

static struct {
    struct libos_lock lock;
    int64_t end, interval; /* ns; end 0: off */
    uint32_t changes;      /* of these; the thread waits for one */
    bool has_thread;
} timer;

static struct libos_thread timer_thread = {.depth = 1, .mask = ~0ull};

/* Is the time over? Then the next one begins. */
static bool expire(int64_t *left, uint32_t *seen) {
    libos_lock(&timer.lock);
    *seen = timer.changes;
    *left = timer.end ? timer.end - libos_now(ORC_CLOCK_MONOTONIC) : ORC_FOREVER;
    bool expired = timer.end && *left <= 0;
    if (expired)
        timer.end = timer.interval ? timer.end + timer.interval * (1 - *left / timer.interval) : 0;
    libos_unlock(&timer.lock);
    return expired;
}

static int run_timer(void *unused) {
    int64_t left;
    uint32_t seen;
    (void)unused;
    for (;;) {
        if (expire(&left, &seen))
            libos_signal_alarm(&timer_thread);
        else if (libos_wait(ORC_FUTEX_WAIT, (long)&timer.changes, seen, left, 0, 0) == -EINTR ||
                 __atomic_load_n(&libos_unrouted, __ATOMIC_RELAXED)) /* noted while it waited for a lock */
            libos_signals_forward(&timer_thread);
    }
}

static long start_timer(void) {
    long stack = libos_pages(STACK_SIZE);
    if (stack < 0)
        return -EAGAIN;
    uint32_t block = (uint32_t)stack + STACK_SIZE - BLOCK_SIZE;
    *(struct libos_thread **)(uintptr_t)(block + LIBOS_THREAD_POINTER_OFFSET) = &timer_thread;
    struct orc_thread_start start = {
        .entry = (uint32_t)(uintptr_t)run_timer, .stack = block, .thread_pointer = block};
    libos_threaded = true;
    long result = orc_hostcall(ORC_THREAD_CREATE, (long)&start, 0, 0, 0, 0);
    if (result < 0)
        libos_pages_free(stack, STACK_SIZE);
    else
        timer_thread.id = (uint32_t)result, timer.has_thread = true;
    return result < 0 ? result : 0;
}

struct libos_thread *libos_alarm_thread(void) {
    return timer.has_thread ? &timer_thread : NULL;
}

static struct timeval timeval_of(int64_t nanoseconds) {
    int64_t microseconds = (nanoseconds + 999) / 1000;
    return (struct timeval){.tv_sec = microseconds / 1000000, .tv_usec = microseconds % 1000000};
}

static int64_t nanoseconds_of(const struct timeval *time) {
    if (time->tv_sec < 0 || time->tv_usec < 0 || time->tv_usec >= 1000000)
        return -EINVAL;
    return time->tv_sec > INT64_MAX / 2000000000 ? INT64_MAX / 2
                                                 : time->tv_sec * 1000000000 + time->tv_usec * 1000;
}

/* Under the lock. A timer that is set never reads as zero. */
static struct itimerval current(void) {
    int64_t left = timer.end ? timer.end - libos_now(ORC_CLOCK_MONOTONIC) : 0;
    if (timer.end && left <= 0)
        left = 1;
    return (struct itimerval){.it_value = timeval_of(left), .it_interval = timeval_of(timer.interval)};
}

static long set_timer(int64_t first, int64_t interval, struct itimerval *before) {
    int64_t now = libos_now(ORC_CLOCK_MONOTONIC);
    libos_lock(&timer.lock);
    *before = current();
    long result = first && !timer.has_thread ? start_timer() : 0;
    if (result == 0) {
        timer.end = first ? now + first : 0;
        timer.interval = interval && interval < SHORTEST_INTERVAL ? SHORTEST_INTERVAL : interval;
        __atomic_fetch_add(&timer.changes, 1, __ATOMIC_SEQ_CST);
    }
    libos_unlock(&timer.lock);
    if (timer.has_thread)
        libos_futex_wake((long)&timer.changes, 1);
    return result;
}

long sys_alarm(long seconds) {
    struct itimerval before;
    long result = set_timer((int64_t)(unsigned)seconds * 1000000000, 0, &before);
    return result < 0 ? result : before.it_value.tv_sec + (before.it_value.tv_usec > 0);
}

long sys_setitimer(long which, const void *value, void *old) {
    struct itimerval new = {0}, before;
    if (which != ITIMER_REAL)
        return which == ITIMER_VIRTUAL || which == ITIMER_PROF ? -ENOSYS : -EINVAL;
    if (value)
        memcpy(&new, value, sizeof new);
    int64_t first = nanoseconds_of(&new.it_value), interval = nanoseconds_of(&new.it_interval);
    if (first < 0 || interval < 0)
        return -EINVAL;
    long result = set_timer(first, first ? interval : 0, &before);
    if (result == 0 && old)
        memcpy(old, &before, sizeof before);
    return result;
}

long sys_getitimer(long which, void *value) {
    if (which != ITIMER_REAL)
        return which == ITIMER_VIRTUAL || which == ITIMER_PROF ? -ENOSYS : -EINVAL;
    libos_lock(&timer.lock);
    struct itimerval now = current();
    libos_unlock(&timer.lock);
    memcpy(value, &now, sizeof now);
    return 0;
}
