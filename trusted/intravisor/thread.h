/* A host thread's view of a compartment: see layout.h for the region it lives in. */
#ifndef ORC_INTRAVISOR_THREAD_H
#define ORC_INTRAVISOR_THREAD_H

#include <pthread.h>
#include <time.h>

#include "intravisor.h"
#include "layout.h"

/* For code that may run while the FS base is the guest's: nothing in it may touch thread-local storage. */
#define ORC_NO_TLS __attribute__((noinline, no_stack_protector, disable_sanitizer_instrumentation))

struct orc_thread {
    struct orc_registers registers; /* what the guest starts with */
    uint64_t entry;
    uint64_t guest_fs, host_fs;
    uint64_t slot;
    uint64_t host_stack;
    uint64_t gate;       /* the gate page jumps through this */
    uint64_t gate_limit; /* a gate needs the stack pointer to be above this */
    struct gate_frame *gate_frame;
    volatile uint32_t stopping; /* ORC_STOPPING_*: set by signals and by other threads */
    uint32_t exited;
    int64_t value;
    volatile uint32_t outcome;
    uint32_t fsgsbase, avx;
    uint32_t mxcsr;
    uint16_t x87_control;

    /* From here on C alone. */
    uint32_t running;
    struct orc_compartment *compartment;
    pthread_t owner;
    timer_t timer;
    uint64_t control_stack; /* lowest address */
    struct orc_fault fault;
    bool fault_has_address;
};

#define STOPPING_ASKED 1u
#define STOPPING_EXPIRED 2u

/* What a gate keeps on the control stack while the hostcall runs. */
struct gate_frame {
    uint64_t r15, r14, r13, r12, rbx, rbp;
    uint64_t return_address;
};

/* The parts of a region below the control stack, from its top down: [guard][signal stack][guard]. */
#define SIGNAL_STACK_SIZE 0x10000
#define GUARD_SIZE 0x10000
#define MIN_CONTROL_STACK (2 * GATE_STACK)
#define MAX_CONTROL_STACK (THREAD_REGION - 2 * GUARD_SIZE - SIGNAL_STACK_SIZE - ORC_PAGE_SIZE)
#define DEFAULT_CONTROL_STACK 0x100000

static inline uint64_t thread_region(const struct orc_thread *thread) {
    return (uint64_t)thread & ~(uint64_t)(THREAD_REGION - 1);
}

/* Runs the guest as the thread says and fills in `result`: orc_call without its checks. */
void thread_run(struct orc_thread *thread, uint64_t nanoseconds, struct orc_result *result);

/* crossing.S */
void orc_enter(struct orc_thread *thread);
void orc_gate(void);
int orc_guest_copy(void *to, const void *from, size_t size);
extern const uint8_t orc_leave[];
extern const uint8_t orc_enter_window[], orc_enter_window_end[];
extern const uint8_t orc_exit_window[], orc_exit_window_end[];
extern const uint8_t orc_guest_copy_access[], orc_guest_copy_fault[];
extern const uint8_t orc_gate_code[], orc_gate_code_end[];

/* hostcall.c: what orc_gate calls. */
int64_t orc_hostcall(struct orc_thread *thread, const uint64_t arguments[6]);

#endif
