/* A thread as the libOS sees it: threads.c keeps the list, signals.c the signals. */
#ifndef LIBOS_THREAD_STATE_H
#define LIBOS_THREAD_STATE_H

#include <errno.h>

#include "libos.h"
#include "libos_thread.h"

#pragma GCC visibility push(hidden)

struct libos_thread {
    struct libos_thread *next; /* under thread_list_lock */
    uint32_t id;
    uint32_t depth;   /* in the libOS: signal handlers wait */
    uint32_t clear_id; /* address of a word that is cleared when the thread ends */
    uint64_t mask;    /* bit N - 1: signal N is blocked */
    uint64_t pending; /* atomic: sent to this thread */
    uint64_t waiting; /* sigwait takes these, though they are blocked */
    uint64_t saved_mask;
    bool has_saved_mask;     /* sigsuspend, ppoll: saved_mask comes back when the call ends */
    bool cancellation_point; /* in a system call that pthread_cancel ends */
    bool on_alternate_stack;
    bool parked; /* zygote.c's */
    uint32_t stack_flags;
    uint64_t stack_address, stack_size; /* sigaltstack */
};
_Static_assert(sizeof(struct libos_thread) <= LIBOS_THREAD_SIZE, "it lies in the thread's block");

static inline struct libos_thread *libos_self(void) {
    struct libos_thread *self;
    __asm__("movq %%fs:%c1, %0" : "=r"(self) : "i"(LIBOS_THREAD_POINTER_OFFSET));
    return self;
}

/* What PR_SET_NAME sets, of any thread: 0 or -ESRCH. */
long libos_thread_get_name(long id, char name[16]);
long libos_thread_set_name(long id, const char *name);

/* The alarm's thread, which isn't in the list; NULL: there is none. */
struct libos_thread *libos_alarm_thread(void);

extern struct libos_lock thread_list_lock;
extern struct libos_thread *thread_list;

/* signals.c */
extern uint64_t libos_compartment_pending; /* atomic: sent to the compartment */
extern uint32_t libos_unrouted; /* atomic: signals came that the interrupted thread hasn't looked at yet */

/* Signals that the thread has to handle, or waits for. */
static inline uint64_t libos_due(const struct libos_thread *self) {
    uint64_t pending = __atomic_load_n(&self->pending, __ATOMIC_ACQUIRE) |
                       __atomic_load_n(&libos_compartment_pending, __ATOMIC_ACQUIRE);
    return pending & (~self->mask | self->waiting);
}

/* Only the thread itself looks at its depth, in the signal entry. */
static inline void libos_set_depth(struct libos_thread *self, uint32_t depth) {
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    __atomic_store_n(&self->depth, depth, __ATOMIC_RELAXED);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* Asks for signals from outside, after a hostcall that was interrupted. */
void libos_collect(void);

/* libos_blocking_once for the most frequent calls, which have to be among those that SA_RESTART repeats (signals.c): then
 * -EINTR without a reason of the guest's repeats the whole system call. */
static inline long libos_blocking_repeated_later(long number, long a, long b, long c, long d) {
    const struct libos_thread *self = libos_self();
    if (__builtin_expect(libos_due(self) || (libos_threaded && self->cancellation_point && __orc_is_cancelled()), 0))
        return -EINTR;
    long result = orc_hostcall(number, a, b, c, d, 0);
    if (__builtin_expect(result == -EINTR, 0))
        libos_collect();
    return result;
}

void libos_signal_entry(void);
/* Where interrupted guest code goes: told to the Intravisor at the start. */
void libos_signals_start(void);
/* A thread that ends: what was sent to it goes with it. It's off the list, which is locked. */
void libos_signals_forget(struct libos_thread *thread);
/* A SIGALRM for the compartment; what interrupted a thread that handles no signals goes to one that does. */
void libos_signal_alarm(struct libos_thread *self);
void libos_signals_forward(struct libos_thread *self);

#pragma GCC visibility pop

#endif
