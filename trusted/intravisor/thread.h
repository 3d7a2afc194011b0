/* A host thread's view of a compartment: see layout.h for the region it lives in. */
#ifndef ORC_INTRAVISOR_THREAD_H
#define ORC_INTRAVISOR_THREAD_H

#include <pthread.h>

#include "intravisor.h"
#include "layout.h"
#include "segment_base.h"

/* What fnstenv stores. */
struct x87_environment {
    uint16_t control, unused1, status, unused2, tags, unused3;
    uint32_t last[4]; /* the last instruction and its operand */
};

struct orc_thread {
    struct orc_registers registers; /* what the guest starts with */
    uint64_t entry;
    uint64_t host_stack;
    uint64_t gate;       /* the gate page jumps through this */
    uint64_t gate_limit; /* a gate needs the stack pointer to be above this */
    struct gate_frame *gate_frame;
    volatile uint32_t stopping; /* STOPPING_*: set by signals and by other threads */
    uint16_t exited;            /* EXITED_* */
    uint16_t modes;             /* FLOAT_* */
    int64_t value;
    volatile uint32_t outcome;
    uint32_t avx;
    uint32_t mxcsr; /* the host's, and its x87 control word */
    uint16_t x87_control;
    uint64_t float_gate;     /* the gate page jumps through this, too */
    uint32_t mxcsr_reserved; /* bits that this processor doesn't have */
    uint32_t guest_mxcsr;    /* the guest's while host code runs, if `modes` says so */
    struct x87_environment guest_x87;

    /* From here on C alone. */
    uint32_t thread_pointer; /* the guest's */
    uint64_t slot;
    volatile uint32_t running;     /* guest code may be on the control stack */
    volatile uint32_t interrupted; /* INTERRUPTED_*: what signals and other threads want of it */
    volatile uint32_t in_upcall;   /* the interrupted context is kept, until the signal entry returns */
    volatile uint32_t resuming;    /* the next signal puts it back */
    uint64_t upcall_stack;         /* where the signal entry's return address lies */
    uint64_t born;                 /* the store's age when it began to run guest code (store.c) */
    uint64_t hostcalls;
    int64_t began; /* ns, monotonic: when it got its host thread */
    uint32_t id;
    int tid;
    bool worker, has_timer, has_limit;
    timer_t timer; /* wakes it out of blocking calls and guest code, until it has seen why */
    timer_t limit; /* its time is up */
    struct orc_compartment *compartment;
    struct orc_thread *next; /* in its compartment's list, or among idle or finished workers */
    pthread_t owner;
    uint64_t control_stack;        /* lowest address */
    struct processor_times before; /* what the host thread had spent when this thread began */
    uint64_t faults_before;        /* its page faults, likewise */
    uint32_t job;                  /* an idle worker waits until this isn't 0 */
    bool first;                    /* the compartment's: when it returns, the compartment ends */
    bool dormant;
    int watch, alarm;        /* its epoll, and the timer in that: from dormant_prepare on, like these: */
    struct orc_thread *copy; /* what takes its place; itself in the copy */
    uint64_t kept;           /* bytes of control stack below the copy */
    struct orc_thread *next_dormant, **dormant_link; /* the cell's list */
    bool fault_has_address;
    struct orc_fault fault;
};

#define FLAGS_AT_REST 0x202 /* interrupts enabled, everything else clear */

#define STOPPING_ASKED 1u
#define STOPPING_EXPIRED 2u

#define EXITED_COMPARTMENT 1u /* and with it all its threads */
#define EXITED_THREAD 2u
#define EXITED_HOST_THREAD 3u /* the guest's thread becomes dormant */

#define INTERRUPTED_ANYWHERE 1u /* ends a blocking call, or calls the signal entry */
#define INTERRUPTED_BLOCKING 2u /* ends the next blocking call only */

/* What a thread's timers send along with its address. */
#define REASON_WAKE 0u
#define REASON_LIMIT 1u

/* What a gate keeps on the control stack while the hostcall runs. */
struct gate_frame {
    uint64_t r15, r14, r13, r12, rbx, rbp;
    uint64_t return_address;
};

/* A region from its top down: thread, control stack, guard, host stack (a worker's; it holds its thread-local
 * storage), signal stack, the context of interrupted guest code; then nothing. What a small thread touches
 * lies in its last 2 MiB, so that one page-table page is enough. */
#define GUARD_SIZE 0x10000
#define HOST_STACK_SIZE 0x30000
#define SIGNAL_STACK_SIZE 0x10000
#define CONTEXT_SIZE 0x8000
#define BELOW_CONTROL_STACK (GUARD_SIZE + HOST_STACK_SIZE + SIGNAL_STACK_SIZE + CONTEXT_SIZE)
#define MIN_CONTROL_STACK (2 * GATE_STACK)
#define MAX_CONTROL_STACK (THREAD_REGION - BELOW_CONTROL_STACK - GUARD_SIZE - ORC_PAGE_SIZE)
#define DEFAULT_CONTROL_STACK 0x100000

static inline uint64_t thread_region(const struct orc_thread *thread) {
    return (uint64_t)thread & ~(uint64_t)(THREAD_REGION - 1);
}
static inline uint64_t thread_host_stack(const struct orc_thread *thread) {
    return thread->control_stack - GUARD_SIZE - HOST_STACK_SIZE;
}
static inline uint64_t thread_signal_stack(const struct orc_thread *thread) {
    return thread_host_stack(thread) - SIGNAL_STACK_SIZE;
}
static inline uint64_t thread_context(const struct orc_thread *thread) {
    return thread_signal_stack(thread) - CONTEXT_SIZE;
}

/* thread_region.c: a thread's memory; `count`, of the cell, counts it. Takes the cell's lock. */
int region_create(struct orc_cell *cell, uint64_t control_stack, unsigned *count, struct orc_thread **thread);
void region_destroy(struct orc_cell *cell, unsigned *count, struct orc_thread *thread);
/* The thread on one of whose stacks this address lies, or NULL; for signal handlers: touches no memory. */
struct orc_thread *region_thread(uint64_t stack_address);

/* thread.c */
/* A thread for this compartment in a region that was made; not yet in its list. */
void thread_prepare(struct orc_thread *thread, struct orc_compartment *compartment);
/* Into and out of the compartment's list; the caller holds its lock. */
void thread_join(struct orc_thread *thread);
void thread_leave(struct orc_thread *thread);
/* Puts another in its place. */
void thread_replace(const struct orc_thread *thread, struct orc_thread *by);
/* Runs the guest as the thread says and fills in `result`: orc_call without its checks. -errno: there is no
 * timer for the limit, and nothing has run. */
int thread_run(struct orc_thread *thread, uint64_t nanoseconds, struct orc_result *result);
void block_signals(uint64_t *before);
/* Is the calling host thread in a hostcall (in a function of the embedder's)? Then it can't run other guests:
 * what it goes back to needs the segment bases that are set now. */
bool host_is_inside(void);
/* The calling host thread, not one of the Intravisor's, is to run guests; on this thread's signal stack; it
 * is done with it, and what it had before is put back. */
void attach_host(void);
void activate(struct orc_thread *thread);
void detach_host(const struct orc_thread *thread);
/* From here on no code that exists now makes way for other code until the thread has run. Before its entry is
 * checked, under the compartment's lock. */
void thread_arm(struct orc_thread *thread);
/* statistics.c: adds what the thread has spent since it began; what its host thread has spent. */
struct processor_times add_times(struct processor_times *sum, const struct orc_thread *thread);
/* The calling host thread's page faults. */
uint64_t own_faults(void);

/* worker.c: starts a thread of the Intravisor's at `entry`; the caller holds the compartment's lock.
 * `id_address`: 0, or where the new thread's id is stored before it runs. Its id, or -errno. */
struct thread_start {
    uint32_t entry, stack, argument, id_address;
    uint32_t thread_pointer;
    bool first;
    const struct orc_thread *original; /* a zygote's thread, or a dormant one, which it goes on as; else NULL */
    const struct orc_thread *creator; /* whose floating-point modes it has, or NULL */
    struct orc_thread **caller; /* not NULL: on the calling thread, which has to call worker_run on this */
};
int64_t worker_start(struct orc_compartment *compartment, const struct thread_start *start);
/* Runs the guest's thread on the calling thread to its end. */
void worker_run(struct orc_thread *thread);

/* The guest's thread is gone, which ran or was dormant. The compartment may be destroyed as soon as its lock is
 * free. */
void worker_finish(struct orc_thread *thread, const struct orc_result *result);

/* dormant.c */
/* In a worker's hostcall: gets all that is needed for being dormant; false when it can't be had. */
bool dormant_prepare(struct orc_thread *thread);
/* Gives that back, in the hostcall or of a dormant one. */
void dormant_discard(struct orc_thread *thread);
/* The worker has left the activation: the copy takes over. */
void dormant_begin(struct orc_thread *thread);
/* When a dormant thread goes on at the latest: a time of the monotonic clock. */
void set_alarm(const struct orc_thread *thread, int64_t time);
#define AT_ONCE 1
int epoll_change(int epoll, int operation, int fd, uint32_t events, void *about);

/* interrupt.c. The caller holds the compartment's lock, so that the thread stays. */
void thread_stop(struct orc_thread *thread);
void thread_interrupt(struct orc_thread *thread);
/* Of the calling thread: its timers go, and with them any signal of theirs. */
void timers_release(struct orc_thread *thread);
/* The calling thread is about to block: takes an interrupt that came before, if there is one. */
bool interrupt_take(struct orc_thread *thread);
/* It's about to go back to guest code: an interrupt that is left comes again there. */
void interrupt_again(struct orc_thread *thread);
/* What a stop or an interrupt wants has been seen: no more signals. */
void wake_end(struct orc_thread *thread);
/* -errno: the kernel has no timer left. */
int set_limit(struct orc_thread *thread, uint64_t nanoseconds);

/* upcall.c: the guest's signal entry. On the signal stack. */
bool upcall_deliver(struct orc_thread *thread, void *interrupted);
void upcall_restore(struct orc_thread *thread, void *interrupted);
/* In a hostcall: goes on where the guest was interrupted. `repeat`: its next blocking call ends with -EINTR.
 */
int64_t upcall_return(struct orc_thread *thread, bool repeat);

/* crossing.S */
void orc_enter(struct orc_thread *thread);
void orc_gate(void);
void orc_gate_of_modes(void); /* of a thread with modes of its own */
void orc_float_gate(void);
int orc_guest_copy(void *to, const void *from, size_t size);
extern const uint8_t orc_leave[];
extern const uint8_t orc_enter_window[], orc_enter_window_end[];
extern const uint8_t orc_exit_window[], orc_exit_window_end[];
extern const uint8_t orc_guest_copy_access[], orc_guest_copy_access_end[], orc_guest_copy_fault[];
extern const uint8_t orc_float_gate_end[];
extern const uint8_t orc_gate_code[], orc_gate_code_end[];
extern const uint8_t orc_float_gate_code[], orc_float_gate_code_end[];

/* hostcalls/table.c: what orc_gate calls. */
int64_t orc_hostcall(struct orc_thread *thread, const uint64_t arguments[6]);

#endif
