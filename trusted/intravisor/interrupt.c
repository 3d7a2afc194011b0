/* Getting a thread out of wherever it is: guest code, or a system call that blocks. The signal of its timer
 * comes at once, and then every 10 ms until the thread has seen why, in case it came just before a system
 * call blocked. Timers are made when they're first needed: most threads never are interrupted. */
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capability.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

#define AGAIN 10000000 /* ns */

static int make_timer(const struct orc_thread *thread, unsigned reason, timer_t *timer) {
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = STOP_SIGNAL};
    event.sigev_value.sival_ptr = (void *)((uint64_t)thread | reason);
    event.sigev_notify_thread_id = thread->tid;
    return timer_create(CLOCK_MONOTONIC, &event, timer) == 0 ? 0 : -errno;
}

static void set_timer(timer_t timer, uint64_t first, uint64_t interval) {
    const struct itimerspec when = {.it_value = to_timespec((int64_t)first),
                                    .it_interval = to_timespec((int64_t)interval)};
    if (timer_settime(timer, 0, &when, NULL) != 0)
        abort(); /* a limit that isn't kept is no limit */
}

/* A signal soon, and again and again until wake_end. Without memory for a timer there's one signal: it is
 * lost if it comes just before a call blocks. A dormant thread goes on. */
static void wake(struct orc_thread *thread) {
    if (!thread->dormant && !thread->has_timer && make_timer(thread, REASON_WAKE, &thread->timer) == 0)
        __atomic_store_n(&thread->has_timer, true, __ATOMIC_RELEASE);
    if (thread->dormant)
        set_alarm(thread, AT_ONCE);
    else if (thread->has_timer)
        set_timer(thread->timer, 1, AGAIN);
    else
        syscall(SYS_tgkill, getpid(), thread->tid, STOP_SIGNAL);
}

void wake_end(struct orc_thread *thread) {
    if (!__atomic_load_n(&thread->has_timer, __ATOMIC_ACQUIRE))
        return;
    set_timer(thread->timer, 0, 0);
    if (thread->stopping) /* a stop that came meanwhile mustn't be lost with the timer */
        set_timer(thread->timer, 1, AGAIN);
}

void timers_release(struct orc_thread *thread) {
    /* What they have sent is delivered before these calls return: nothing comes later, to whoever has the
     * region next. */
    if (thread->has_timer)
        timer_delete(thread->timer);
    if (thread->has_limit)
        timer_delete(thread->limit);
    thread->has_timer = thread->has_limit = false;
}

int set_limit(struct orc_thread *thread, uint64_t nanoseconds) {
    int status = thread->has_limit ? 0 : make_timer(thread, REASON_LIMIT, &thread->limit);
    if (status < 0)
        return status;
    thread->has_limit = true;
    set_timer(thread->limit, nanoseconds, nanoseconds > 0 ? AGAIN : 0);
    return 0;
}

void thread_stop(struct orc_thread *thread) {
    __atomic_or_fetch(&thread->stopping, STOPPING_ASKED, __ATOMIC_SEQ_CST);
    wake(thread);
}

void thread_interrupt(struct orc_thread *thread) {
    __atomic_store_n(&thread->interrupted, INTERRUPTED_ANYWHERE, __ATOMIC_SEQ_CST);
    wake(thread);
}

bool interrupt_take(struct orc_thread *thread) {
    wake_end(thread); /* before the flag: an interrupt in between is one with this */
    return __atomic_exchange_n(&thread->interrupted, 0, __ATOMIC_SEQ_CST) != 0;
}

void interrupt_again(struct orc_thread *thread) {
    if (thread->interrupted != INTERRUPTED_ANYWHERE || thread->in_upcall ||
        thread->compartment->signal_entry == 0)
        return;
    HOLD(thread->compartment->lock);
    wake(thread);
}

bool call_again(struct orc_thread *thread, int64_t result) {
    if (result != -EINTR || thread->stopping)
        return false;
    return !thread->interrupted || !interrupt_take(thread);
}
