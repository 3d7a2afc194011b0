/* A thread as the libOS sees it: threads.c keeps the list, signals.c the signals. */
#ifndef LIBOS_THREAD_STATE_H
#define LIBOS_THREAD_STATE_H

#include <errno.h>
#include <signal.h>

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
    bool not_again;          /* the system call has a time limit: SA_RESTART doesn't repeat it */
    bool on_alternate_stack;
    bool parked; /* zygote.c's */
    uint32_t stack_flags;
    uint64_t stack_address, stack_size; /* sigaltstack */
    uint64_t robust_list;               /* address of its head */
    char name[16];
};
_Static_assert(sizeof(struct libos_thread) <= LIBOS_THREAD_SIZE, "it lies in the thread's block");

static inline struct libos_thread *libos_self(void) {
    struct libos_thread *self;
    __asm__("movq %%fs:%c1, %0" : "=r"(self) : "i"(LIBOS_THREAD_POINTER_OFFSET));
    return self;
}

/* What PR_SET_NAME sets, of any thread (0: the calling one): 0 or -ESRCH. */
long libos_thread_get_name(long id, char name[16]);
long libos_thread_set_name(long id, const char *name);

/* The calling thread's id. A new thread may run before its creator has noted it. */
static inline uint32_t libos_own_id(void) {
    const struct libos_thread *self = libos_self();
    uint32_t id = __atomic_load_n(&self->id, __ATOMIC_RELAXED);
    return id ? id : (uint32_t)orc_hostcall(ORC_THREAD_ID, 0, 0, 0, 0, 0);
}

#define FIRST_THREAD 1u /* its id; it answers to the process' id, too, which a clone has of its own */

extern struct libos_lock thread_list_lock;
extern struct libos_thread *thread_list;
/* On the list, which is locked; NULL: there is none. */
struct libos_thread *libos_find_thread(long id);
bool libos_has_thread(long id);
/* The id that the program sees. */
uint32_t libos_thread_number(const struct libos_thread *thread);

/* futex.c: the thread ends. */
void libos_robust_exit(const struct libos_thread *self);

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
/* For the service's thread, which handles no signals: sends one to a thread, 0 for the compartment. A timer's has expired
 * so many times. What interrupted it goes to a thread that handles it. */
struct timer_signal;
void libos_signal_send(struct libos_thread *self, long thread, int signal, const siginfo_t *information);
void libos_signal_timed(struct libos_thread *self, long thread, int signal, const siginfo_t *information,
                        struct timer_signal *timer, int times);
void libos_signals_forward(struct libos_thread *self);
/* What a timer of timer_create keeps for its signal: 0 or -EAGAIN; gives that back. Its overrun. */
long libos_timer_signal_reserve(void);
void libos_timer_signal_release(const struct timer_signal *timer);
int libos_timer_signal_overrun(const struct timer_signal *timer);

/* Pending for the calling thread or the compartment. Takes one of a set: its number, or 0. */
uint64_t libos_signals_pending(void);
int libos_signal_take(uint64_t set, siginfo_t *information);

/* signal_file.c: how many there are; some of these signals are pending. With no lock of threads or signals. */
extern uint32_t signal_files;
void signal_files_notify(uint64_t signals);

#pragma GCC visibility pop

#endif
