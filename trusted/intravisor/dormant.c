/* Dormant threads: guest threads without a host thread. One that asks for it (ORC_POLL, to rest) leaves its hostcall;
 * what there is of it, the control stack from the gate's frame up and its struct orc_thread above that, is copied to the
 * heap, and the copy takes its place in the compartment. Its worker is free.
 *
 * An epoll of its own tells when it is to go on; in that are what it waits for, and a timer, its alarm: its time is up,
 * or somebody interrupts or stops it. All these epolls are in the sleeper's. The sleeper, a host thread that waits for
 * that, starts a worker in the copy's place and frees the copy. Nobody else does: its pointer to a copy is always good,
 * and everybody else's is under the compartment's lock. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "floats.h"

#define EVENTS 64
#define RETRY 10000000 /* ns until the next try to get a worker */

void set_alarm(const struct orc_thread *thread, int64_t time) {
    const struct itimerspec when = {.it_value = to_timespec(time)};
    if (timerfd_settime(thread->alarm, TFD_TIMER_ABSTIME, &when, NULL) != 0)
        abort(); /* nobody would wake it */
}

int epoll_change(int epoll, int operation, int fd, uint32_t events, void *about) {
    struct epoll_event event = {.events = events, .data.ptr = about};
    return epoll_ctl(epoll, operation, fd, &event);
}

/* A dormant thread gets a worker, or, if it's to stop, its end. Without a worker it is reported again. */
static void wake_up(struct orc_thread *thread) {
    struct orc_compartment *compartment = thread->compartment;
    struct orc_cell *cell = compartment->cell;
    pthread_mutex_lock(&compartment->lock);
    bool stops = thread->stopping;
    int64_t status = stops ? 0 : worker_start(compartment, &(struct thread_start){.original = thread});
    if (status >= 0) {
        HOLD(cell->lock);
        *thread->dormant_link = thread->next_dormant;
        if (thread->next_dormant)
            thread->next_dormant->dormant_link = thread->dormant_link;
    }
    pthread_mutex_unlock(&compartment->lock); /* from here on they may all be gone */
    if (stops)
        worker_finish(thread, &(struct orc_result){.outcome = ORC_STOPPED});
    if (status >= 0)
        dormant_discard(thread);
    else
        nanosleep(&(struct timespec){.tv_nsec = RETRY}, NULL);
}

static void *sleep_and_wake(void *epoll) {
    struct epoll_event events[EVENTS];
    sigset_t all;
    floats_of_host();
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL); /* the embedder's signals are for its own threads */
    for (;;) {
        int count = epoll_wait(*(int *)epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++)
            wake_up(events[i].data.ptr);
    }
    return NULL;
}

/* The process' sleeper, which stays: its epoll, or -1. */
static int sleeper(struct orc_cell *cell) {
    static int epoll = -1;
    static bool runs;
    pthread_t thread;
    HOLD(cell->lock);
    if (epoll < 0)
        epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll >= 0 && !runs)
        runs = pthread_create(&thread, NULL, sleep_and_wake, &epoll) == 0;
    return runs ? epoll : -1;
}

void dormant_discard(struct orc_thread *thread) {
    close(thread->watch); /* and with that it leaves the sleeper's */
    close(thread->alarm);
    free((void *)((uint64_t)thread->copy - thread->kept));
}

bool dormant_prepare(struct orc_thread *thread) {
    floats_keep(thread);
    thread->kept = (uint64_t)thread - (uint64_t)thread->gate_frame;
    void *memory = malloc(thread->kept + sizeof *thread);
    thread->copy = (struct orc_thread *)((uint64_t)memory + thread->kept);
    thread->watch = epoll_create1(EPOLL_CLOEXEC);
    thread->alarm = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    if (memory && epoll_change(thread->watch, EPOLL_CTL_ADD, thread->alarm, EPOLLIN, NULL) == 0 &&
        epoll_change(sleeper(thread->compartment->cell), EPOLL_CTL_ADD, thread->watch, 0, thread->copy) == 0)
        return true;
    dormant_discard(thread);
    return false;
}

void dormant_begin(struct orc_thread *thread) {
    struct orc_compartment *compartment = thread->compartment;
    struct orc_thread *copy = thread->copy;
    struct processor_times spent = {0};
    pthread_mutex_lock(&compartment->lock);
    /* What it has spent is what it had before it began, negative: its next worker goes on from there. */
    thread->before = add_times(&spent, thread);
    compartment->faults += own_faults() - thread->faults_before;
    copy->gate_frame = memcpy((uint8_t *)copy - thread->kept, thread->gate_frame, thread->kept + sizeof *thread);
    copy->before = (struct processor_times){-spent.all, -spent.user};
    copy->dormant = true;
    copy->tid = 0;
    copy->has_timer = false;
    thread_replace(thread, copy);
    {
        HOLD(compartment->cell->lock); /* who looks for the oldest thread meets one of the two */
        copy->dormant_link = &compartment->cell->dormant;
        copy->next_dormant = compartment->cell->dormant;
        if (copy->next_dormant)
            copy->next_dormant->dormant_link = &copy->next_dormant;
        compartment->cell->dormant = copy;
        __atomic_store_n(&thread->running, 0, __ATOMIC_SEQ_CST);
    }
    if (copy->stopping || copy->interrupted)
        set_alarm(copy, AT_ONCE);
    if (epoll_change(sleeper(compartment->cell), EPOLL_CTL_MOD, copy->watch, EPOLLIN, copy) != 0)
        abort(); /* likewise */
    pthread_mutex_unlock(&compartment->lock);
    timers_release(thread);
}
