/* What goes with pending signals. Everything here is under the lock of signals.c. */
#ifndef LIBOS_SIGNAL_QUEUE_H
#define LIBOS_SIGNAL_QUEUE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

struct libos_thread;

#define SIGNALS 64
#define BIT(signal) (1ull << ((signal) - 1))
/* The C library keeps 32 to 34 for itself; they aren't queued more than once either, but for the timers'. */
#define FIRST_REAL_TIME 35

/* A timer's signal is pending once; what expires meanwhile is counted, and told when it's taken. */
struct timer_signal {
    bool pending;
    int overrun; /* since it was sent */
    int told;    /* of the last one that was taken: timer_getoverrun */
};

/* Adds one for a thread (NULL: for the compartment). -EAGAIN when there's no room for it: RLIMIT_SIGPENDING, or memory. */
long signal_queue_add(const struct libos_thread *thread, int signal, const siginfo_t *information,
                      struct timer_signal *timer);
/* Takes the first one; information without one says that the kernel sent it. True: there is another. */
bool signal_queue_take(const struct libos_thread *thread, int signal, siginfo_t *information);
/* All of a signal, or of a thread, are dropped. */
void signal_queue_drop(int signal);
void signal_queue_forget(const struct libos_thread *thread);
/* The timer is gone; its signal stays. */
void signal_queue_release(const struct timer_signal *timer);
/* Room that a timer keeps for its signal: -EAGAIN. */
long signal_queue_reserve(void);
void signal_queue_unreserve(void);

#pragma GCC visibility pop

#endif
