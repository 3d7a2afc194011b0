/* Timers that send signals: setitimer, alarm, timer_create. One thread keeps the time for all of them (service.c).
 *
 * A clock of processor time doesn't wake anybody: it's looked at as soon as the time could be over, and less and less
 * often while nothing runs. So it is with wall clocks, which may be set: they are looked at now and then. */
#define _GNU_SOURCE
#include "clock.h"
#include "heap.h"
#include "service.h"
#include "signal_queue.h"
#include "thread.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#define MILLISECOND 1000000ll
#define SECOND 1000000000ll
#define SHORTEST_INTERVAL MILLISECOND /* less would leave no time for anything between two signals */
#define SHORTEST_LOOK (MILLISECOND / 4)
#define LONGEST_LOOK (SECOND / 2) /* at processor time */

struct timer {
    struct timer *next;
    int id, clock;
    int notify, signal;
    long thread; /* SIGEV_THREAD_ID */
    union sigval value;
    struct time_source source; /* what `end` is on */
    int64_t end, interval;     /* ns; end 0: off */
    int64_t look, delay, seen; /* processor time: when to look again, how long that is, what it was */
    int64_t left;              /* while the compartment is frozen */
    struct timer_signal sent;
};

static struct libos_lock lock;
static struct timer *timers; /* of timer_create */
static int next_id;
static struct timer interval_timers[3] = {
    [ITIMER_REAL] = {.id = -1, .signal = SIGALRM, .source = {ORC_CLOCK_MONOTONIC, 0}},
    [ITIMER_VIRTUAL] = {.id = -1, .signal = SIGVTALRM, .source = {SOURCE_USER_TIME, 0}},
    [ITIMER_PROF] = {.id = -1, .signal = SIGPROF, .source = {ORC_CLOCK_COMPARTMENT, 0}},
};

/* Interval timers first, then the others. */
static struct timer *next_timer(struct timer *timer) {
    if (timer && timer->id >= 0)
        return timer->next;
    timer = timer ? timer + 1 : interval_timers;
    return timer < interval_timers + 3 ? timer : timers;
}

/* --- In the service's thread */

static void send_signal(struct libos_thread *self, struct timer *timer, int64_t times) {
    siginfo_t information = {.si_signo = timer->signal, .si_code = SI_KERNEL};
    if (timer->id < 0) {
        libos_signal_send(self, 0, timer->signal, &information);
        return;
    }
    information.si_code = SI_TIMER;
    information.si_timerid = timer->id;
    information.si_value = timer->value;
    libos_signal_timed(self, timer->thread, timer->signal, &information, &timer->sent,
                       times < INT_MAX ? (int)times : INT_MAX);
}

/* Time that goes by at least until so much processor time may be spent. */
static int64_t processor_delay(struct timer *timer, int64_t now, int64_t left) {
    int64_t processors = timer->source.clock == ORC_CLOCK_OF_THREAD ? 1 : libos_boot->processors;
    int64_t least = left / (processors > 1 ? processors : 1);
    if (now == timer->seen && timer->delay < LONGEST_LOOK)
        timer->delay *= 2;
    else if (now != timer->seen)
        timer->delay = least;
    if (timer->delay < least)
        timer->delay = least;
    timer->seen = now;
    return timer->delay;
}

static int64_t delay_of(struct timer *timer, int64_t now, int64_t left) {
    int64_t delay = left;
    if (source_is_processor_time(&timer->source))
        delay = processor_delay(timer, now, left);
    else if (timer->source.clock != ORC_CLOCK_MONOTONIC)
        delay = wall_clock_delay(left);
    return delay < SHORTEST_LOOK ? SHORTEST_LOOK : delay;
}

/* Sends what is due. The time until the next look. */
static int64_t expire(struct libos_thread *self, struct timer *timer, int64_t monotonic) {
    if (timer->look > monotonic)
        return timer->look - monotonic;
    int64_t now = source_now(&timer->source), left = timer->end - now;
    if (now < 0) /* its thread has ended */
        return ORC_FOREVER;
    if (left <= 0) {
        int64_t times = timer->interval ? 1 - left / timer->interval : 1;
        timer->end = timer->interval ? timer->end + times * timer->interval : 0;
        send_signal(self, timer, times);
        left = timer->end - now;
    }
    if (!timer->end)
        return ORC_FOREVER;
    int64_t delay = delay_of(timer, now, left);
    if (source_is_processor_time(&timer->source))
        timer->look = monotonic + delay;
    return delay;
}

int64_t timers_expire(struct libos_thread *self) {
    int64_t next = ORC_FOREVER;
    libos_lock(&lock);
    int64_t monotonic = libos_now(ORC_CLOCK_MONOTONIC);
    for (struct timer *timer = next_timer(NULL); timer; timer = next_timer(timer)) {
        int64_t wait = timer->end && timer->notify != SIGEV_NONE ? expire(self, timer, monotonic) : ORC_FOREVER;
        if (wait >= 0 && (next < 0 || wait < next))
            next = wait;
    }
    libos_unlock(&lock);
    return next;
}

/* --- Setting; with the lock. */

/* What is left, on a timer that may have expired without a signal. One that is set never reads as zero. */
static int64_t time_left(const struct timer *timer) {
    int64_t now = source_now(&timer->source), left = timer->end - now;
    if (!timer->end || now < 0)
        return 0;
    if (left <= 0 && timer->notify == SIGEV_NONE)
        return timer->interval ? timer->interval - -left % timer->interval : 0;
    return left > 0 ? left : 1;
}

static void set(struct timer *timer, int64_t end, int64_t interval) {
    timer->end = end;
    timer->interval = interval;
    timer->look = 0;
    timer->delay = SHORTEST_LOOK;
    timer->seen = -1;
}

static int64_t end_from_now(const struct timer *timer, int64_t first) {
    int64_t now = source_now(&timer->source);
    return now < 0 ? 0 : first > INT64_MAX - now ? INT64_MAX : now + first;
}

/* --- Clones */

void timers_freeze(void) {
    for (struct timer *timer = next_timer(NULL); timer; timer = next_timer(timer))
        timer->left = source_is_processor_time(&timer->source) ? time_left(timer) : 0;
}

void timers_thaw(void) {
    for (struct timer *timer = next_timer(NULL); timer; timer = next_timer(timer))
        if (timer->left)
            set(timer, end_from_now(timer, timer->left), timer->interval);
}

/* --- setitimer */

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

static struct itimerval current(const struct timer *timer) {
    return (struct itimerval){.it_value = timeval_of(time_left(timer)), .it_interval = timeval_of(timer->interval)};
}

static long set_interval_timer(struct timer *timer, int64_t first, int64_t interval, struct itimerval *before) {
    long result = first ? service_start() : 0;
    libos_lock(&lock);
    *before = current(timer);
    if (result == 0)
        set(timer, first ? end_from_now(timer, first) : 0,
            interval && interval < SHORTEST_INTERVAL ? SHORTEST_INTERVAL : interval);
    libos_unlock(&lock);
    service_wake();
    return result;
}

long sys_alarm(long seconds) {
    struct itimerval before;
    long result = set_interval_timer(&interval_timers[ITIMER_REAL], (int64_t)(unsigned)seconds * SECOND, 0, &before);
    return result < 0 ? result : before.it_value.tv_sec + (before.it_value.tv_usec > 0);
}

long sys_setitimer(long which, const void *value, void *old) {
    struct itimerval new = {0}, before;
    if (which < ITIMER_REAL || which > ITIMER_PROF)
        return -EINVAL;
    if (value)
        memcpy(&new, value, sizeof new);
    int64_t first = nanoseconds_of(&new.it_value), interval = nanoseconds_of(&new.it_interval);
    if (first < 0 || interval < 0)
        return -EINVAL;
    long result = set_interval_timer(&interval_timers[which], first, interval, &before);
    if (result == 0 && old)
        memcpy(old, &before, sizeof before);
    return result;
}

long sys_getitimer(long which, void *value) {
    if (which < ITIMER_REAL || which > ITIMER_PROF)
        return -EINVAL;
    libos_lock(&lock);
    struct itimerval now = current(&interval_timers[which]);
    libos_unlock(&lock);
    memcpy(value, &now, sizeof now);
    return 0;
}

/* --- timer_create */

/* The kernel's struct sigevent, as far as it counts here. */
struct event {
    union sigval value;
    int signal, notify, thread;
};

static struct timer *find(long id) {
    struct timer *timer = timers;
    while (timer && timer->id != id)
        timer = timer->next;
    return timer;
}

static long check_event(const struct event *event) {
    if (event->notify == SIGEV_NONE)
        return 0;
    if (event->notify != SIGEV_SIGNAL && event->notify != SIGEV_THREAD && event->notify != SIGEV_THREAD_ID)
        return -EINVAL;
    if (event->signal <= 0 || event->signal > SIGNALS)
        return -EINVAL;
    return event->notify == SIGEV_THREAD_ID && !libos_has_thread(event->thread) ? -EINVAL : 0;
}

/* Ids count up, as the kernel's do. */
static int new_id(void) {
    while (find(next_id))
        next_id = next_id == INT_MAX ? 0 : next_id + 1;
    int id = next_id;
    next_id = id == INT_MAX ? 0 : id + 1;
    return id;
}

static int timer_add(struct timer *timer, bool has_value) {
    libos_lock(&lock);
    int id = timer->id = new_id();
    if (!has_value)
        timer->value.sival_int = id;
    timer->next = timers;
    timers = timer;
    libos_unlock(&lock);
    return id;
}

long sys_timer_create(long clock, const void *asked, int *id) {
    struct event event = {.signal = SIGALRM, .notify = SIGEV_SIGNAL};
    struct time_source source;
    long result = timer_source((int)clock, &source);
    if (result < 0)
        return result;
    if (asked)
        memcpy(&event, asked, sizeof event);
    result = check_event(&event);
    if (result == 0)
        result = service_start();
    if (result == 0)
        result = libos_timer_signal_reserve();
    if (result < 0)
        return result;
    struct timer *timer = heap_allocate(sizeof *timer);
    if (!timer) {
        libos_timer_signal_release(NULL);
        return -EAGAIN;
    }
    *timer = (struct timer){.clock = (int)clock,
                            .notify = event.notify,
                            .signal = event.signal,
                            .thread = event.notify == SIGEV_THREAD_ID ? event.thread : 0,
                            .value = event.value,
                            .source = source};
    *id = timer_add(timer, asked != NULL);
    return 0;
}

/* A clock that may be set moves the end of absolute times only. */
static void choose_source(struct timer *timer, bool absolute) {
    timer_source(timer->clock, &timer->source);
    bool settable = timer->source.clock == ORC_CLOCK_REALTIME || timer->source.clock == ORC_CLOCK_TAI;
    if (settable && !absolute)
        timer->source.clock = ORC_CLOCK_MONOTONIC;
}

static void fill(struct itimerspec *time, const struct timer *timer) {
    int64_t left = time_left(timer);
    *time = (struct itimerspec){.it_interval = {.tv_sec = timer->interval / SECOND, .tv_nsec = timer->interval % SECOND},
                                .it_value = {.tv_sec = left / SECOND, .tv_nsec = left % SECOND}};
}

static void arm(struct timer *timer, bool absolute, int64_t first, int64_t interval) {
    bool of_thread = timer->source.clock == ORC_CLOCK_OF_THREAD; /* whose is known since it was made */
    if (!of_thread)
        choose_source(timer, absolute);
    int64_t end = !first ? 0 : absolute ? first : end_from_now(timer, first);
    set(timer, end, first ? interval : 0);
}

long sys_timer_settime(long id, long flags, const struct itimerspec *new, struct itimerspec *old) {
    int64_t first = libos_nanoseconds(&new->it_value), interval = libos_nanoseconds(&new->it_interval);
    struct itimerspec before;
    if (first < 0 || interval < 0)
        return -EINVAL;
    libos_lock(&lock);
    struct timer *timer = find(id);
    if (timer) {
        fill(&before, timer);
        arm(timer, flags & TIMER_ABSTIME, first, interval);
    }
    libos_unlock(&lock);
    if (!timer)
        return -EINVAL;
    service_wake();
    if (old)
        *old = before;
    return 0;
}

long sys_timer_gettime(long id, struct itimerspec *now) {
    libos_lock(&lock);
    const struct timer *timer = find(id);
    if (timer)
        fill(now, timer);
    libos_unlock(&lock);
    return timer ? 0 : -EINVAL;
}

long sys_timer_getoverrun(long id) {
    libos_lock(&lock);
    const struct timer *timer = find(id);
    long result = timer ? libos_timer_signal_overrun(&timer->sent) : -EINVAL;
    libos_unlock(&lock);
    return result;
}

long sys_timer_delete(long id) {
    libos_lock(&lock);
    struct timer **link = &timers;
    while (*link && (*link)->id != id)
        link = &(*link)->next;
    struct timer *timer = *link;
    if (timer) {
        *link = timer->next;
        libos_timer_signal_release(&timer->sent);
        heap_free(timer, sizeof *timer);
    }
    libos_unlock(&lock);
    return timer ? 0 : -EINVAL;
}
