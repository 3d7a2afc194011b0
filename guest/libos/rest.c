/* Resting: a thread that waits for long gives its host thread back (ORC_POLL's last argument), which is most of what it
 * costs. So every wait is one of PATIENCE at most, as before; who still waits then rests.
 *
 * The host can wake a thread that rests when a handle is ready. A futex is none: who rests on one waits for an event of
 * its own, and is listed here for those who wake futexes. Not those of libos_lock, which never waits for long; and not
 * the word that ORC_THREAD_EXIT clears, whose waiters only the Intravisor wakes. */
#include "libos.h"
#include "thread.h"
#include "watch.h"

#include <errno.h>
#include <poll.h>

#define PATIENCE 250000000 /* ns; the Intravisor lets nobody rest sooner (orc_cell_options.patience) */

/* A thread that rests on a futex, in its own frame. */
struct sleeper {
    struct sleeper *next;
    uint32_t address, event;
    bool woken;
};
static struct libos_lock sleepers_lock;
static struct sleeper *sleepers;
static uint32_t sleeper_count; /* atomic */

static long rest(void *polls, long count, int64_t timeout) {
    return orc_hostcall(ORC_POLL, (long)polls, count, timeout, 1, 0);
}

static long rest_on_handle(uint32_t handle, int64_t timeout) {
    struct orc_poll poll = {handle, POLLIN, 0};
    return rest(&poll, 1, timeout);
}

static void list_sleeper(struct sleeper *sleeper) {
    libos_lock(&sleepers_lock);
    sleeper->next = sleepers;
    sleepers = sleeper;
    __atomic_fetch_add(&sleeper_count, 1, __ATOMIC_SEQ_CST);
    libos_unlock(&sleepers_lock);
}

static void unlist_sleeper(struct sleeper *sleeper) {
    libos_lock(&sleepers_lock);
    struct sleeper **link = &sleepers;
    while (*link != sleeper)
        link = &(*link)->next;
    *link = sleeper->next;
    __atomic_fetch_sub(&sleeper_count, 1, __ATOMIC_SEQ_CST);
    libos_unlock(&sleepers_lock);
}

/* 1: it was woken. Who changes the word and then finds nobody listed has changed it before it is looked at here. */
static long rest_on_futex(long address, long value, int64_t timeout) {
    long event = (uint32_t)address == libos_self()->clear_id ? -EAGAIN : wake_event_get();
    if (event < 0)
        return -EAGAIN;
    struct sleeper sleeper = {.address = (uint32_t)address, .event = (uint32_t)event};
    list_sleeper(&sleeper);
    long result = orc_hostcall(ORC_FUTEX_WAIT, address, value, 0, 0, 0);
    if (result == -ETIMEDOUT)
        result = rest_on_handle(sleeper.event, timeout);
    unlist_sleeper(&sleeper);
    if (sleeper.woken)
        wake_event_clear(sleeper.event);
    wake_event_put(sleeper.event);
    return sleeper.woken ? 1 : result;
}

/* Those that rest on the word: how many, of `count` at most. */
static long wake_sleepers(uint32_t address, long count) {
    long woken = 0;
    libos_lock(&sleepers_lock);
    for (struct sleeper *sleeper = sleepers; sleeper && woken < count; sleeper = sleeper->next)
        if (sleeper->address == address && !sleeper->woken) {
            sleeper->woken = true;
            wake_event_signal(sleeper->event);
            woken++;
        }
    libos_unlock(&sleepers_lock);
    return woken;
}

long libos_futex_wake(long address, long count) {
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* the word changes before this looks for sleepers */
    long woken = __atomic_load_n(&sleeper_count, __ATOMIC_SEQ_CST) ? wake_sleepers((uint32_t)address, count) : 0;
    long result = woken < count ? orc_hostcall(ORC_FUTEX_WAKE, address, count - woken, 0, 0, 0) : 0;
    return result < 0 ? result : result + woken;
}

/* As when the hostcall is interrupted, once there's something to look at; -EAGAIN when it can't rest in this one. */
static long rest_in(long number, long a, long b, int64_t timeout) {
    if (number == ORC_POLL)
        return rest((void *)a, b, timeout);
    return number == ORC_EPOLL_WAIT ? rest_on_handle((uint32_t)a, timeout) : rest_on_futex(a, b, timeout);
}

long libos_wait(long number, long a, long b, long c, long d, long e) {
    bool futex = number == ORC_FUTEX_WAIT, epoll = number == ORC_EPOLL_WAIT;
    int64_t timeout = epoll ? d : c;
    if ((!futex && !epoll && number != ORC_POLL) || (futex && d) || (timeout >= 0 && timeout <= PATIENCE))
        return orc_hostcall(number, a, b, c, d, e);
    long result = orc_hostcall(number, a, b, epoll ? c : PATIENCE, epoll ? PATIENCE : d, e);
    if (result != (futex ? -ETIMEDOUT : 0))
        return result;
    if (timeout >= 0)
        timeout -= PATIENCE;
    result = rest_in(number, a, b, timeout);
    if (result == -EAGAIN) /* it can't: it goes on as it is */
        return orc_hostcall(number, a, b, epoll ? c : timeout, epoll ? timeout : d, e);
    return futex && result == 1 ? 0 : -EINTR;
}

long libos_wait_readable(uint32_t handle) {
    struct orc_poll poll = {handle, POLLIN, 0};
    long result = libos_blocking(ORC_POLL, (long)&poll, 1, ORC_FOREVER, 0, 0);
    return result < 0 ? result : 0;
}
