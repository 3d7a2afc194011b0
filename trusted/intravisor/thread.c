/* Threads: attaching a host thread to a compartment, and calling into it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "segment_base.h"
#include "thread.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

#define SAME_OFFSET(field, offset)                                                                           \
    _Static_assert(offsetof(struct orc_thread, field) == (offset),                                           \
                   "layout.h and thread.h disagree on " #field)
SAME_OFFSET(registers, THREAD_REGISTERS);
SAME_OFFSET(entry, THREAD_ENTRY);
SAME_OFFSET(guest_fs, THREAD_GUEST_FS);
SAME_OFFSET(host_fs, THREAD_HOST_FS);
SAME_OFFSET(slot, THREAD_SLOT);
SAME_OFFSET(host_stack, THREAD_HOST_STACK);
SAME_OFFSET(gate, THREAD_GATE);
SAME_OFFSET(gate_limit, THREAD_GATE_LIMIT);
SAME_OFFSET(gate_frame, THREAD_GATE_FRAME);
SAME_OFFSET(stopping, THREAD_LEAVE);
SAME_OFFSET(exited, THREAD_LEAVE + 4);
SAME_OFFSET(value, THREAD_VALUE);
SAME_OFFSET(outcome, THREAD_OUTCOME);
SAME_OFFSET(fsgsbase, THREAD_FSGSBASE);
SAME_OFFSET(avx, THREAD_AVX);
SAME_OFFSET(mxcsr, THREAD_MXCSR);
SAME_OFFSET(x87_control, THREAD_X87_CONTROL);
_Static_assert(sizeof(struct orc_registers) == 16 * 8, "crossing.S loads 16 registers");
_Static_assert(sizeof(struct orc_thread) <= THREAD_SIZE, "the thread fits its place");
_Static_assert(THREAD_SIZE % 64 == 0, "the control stack begins aligned");
_Static_assert(OUTCOME_RETURNED == ORC_RETURNED, "crossing.S writes enum orc_outcome");
_Static_assert(THREAD_REGION % GUARD_SIZE == 0, "the region holds whole guards");

#define STOP_AGAIN 10000000 /* ns: a stop that came while a hostcall was about to block comes again */

/* What the host thread had before its first orc_thread_create, and the thread whose signal stack it uses now.
 */
static _Thread_local struct {
    unsigned threads;
    struct orc_thread *active;
    stack_t signal_stack;
    uint64_t mask;
} host;

static void set_signal_mask(const uint64_t *mask, uint64_t *before) {
    if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, mask, before, sizeof *mask) != 0)
        abort();
}

/* A handler of the embedder, or of libc (which uses two signals that its own functions refuse to block),
 * would run on the guest's FS base if it arrived in the middle of guest code. */
static void block_signals(void) {
    const int let_through[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, STOP_SIGNAL};
    uint64_t blocked = UINT64_MAX;
    for (size_t i = 0; i < sizeof let_through / sizeof *let_through; i++)
        blocked &= ~(UINT64_C(1) << (let_through[i] - 1));
    set_signal_mask(&blocked, &host.mask);
}

static void attach_host(void) {
    if (host.threads++ > 0)
        return;
    sigaltstack(NULL, &host.signal_stack);
    block_signals();
}

static void activate(struct orc_thread *thread) {
    if (host.active == thread)
        return;
    stack_t stack = {.ss_sp = (void *)(thread->control_stack - GUARD_SIZE - SIGNAL_STACK_SIZE),
                     .ss_size = SIGNAL_STACK_SIZE};
    if (sigaltstack(&stack, NULL) != 0)
        abort(); /* without it a guest's fault would take the process along */
    host.active = thread;
}

static void detach_host(const struct orc_thread *thread) {
    if (host.active == thread) {
        sigaltstack(&host.signal_stack, NULL);
        host.active = NULL;
    }
    if (--host.threads == 0)
        set_signal_mask(&host.mask, NULL);
}

static int create_timer(struct orc_thread *thread) {
    struct sigevent event = {
        .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = STOP_SIGNAL, .sigev_value.sival_ptr = thread};
    event.sigev_notify_thread_id = gettid();
    return timer_create(CLOCK_MONOTONIC, &event, &thread->timer) == 0 ? 0 : -errno;
}

static void set_timer(const struct orc_thread *thread, uint64_t nanoseconds) {
    struct itimerspec when = {
        .it_value = {(time_t)(nanoseconds / 1000000000), (long)(nanoseconds % 1000000000)},
        .it_interval = {0, nanoseconds > 0 ? STOP_AGAIN : 0},
    };
    if (timer_settime(thread->timer, 0, &when, NULL) != 0)
        abort(); /* a limit that isn't kept is no limit */
}

static void start_thread(struct orc_thread *thread, struct orc_compartment *compartment) {
    thread->compartment = compartment;
    thread->owner = pthread_self();
    thread->fsgsbase = compartment->cell->fsgsbase;
    thread->avx = compartment->cell->avx;
    thread->host_fs = read_fs_base(thread->fsgsbase);
    thread->slot = (uint64_t)compartment->slot;
    thread->guest_fs = thread->slot + ORC_TLS_REACH;
    thread->gate = (uint64_t)orc_gate;
    thread->gate_limit = thread->control_stack + GATE_STACK;
}

int orc_thread_create(struct orc_compartment *compartment, const struct orc_thread_options *options,
                      struct orc_thread **thread, struct orc_error *error) {
    struct orc_cell *cell = compartment->cell;
    size_t size = options && options->control_stack ? options->control_stack : DEFAULT_CONTROL_STACK;
    struct orc_thread *created = NULL;
    pthread_mutex_lock(&cell->lock);
    int status = region_create(cell, size, &created);
    if (status == 0 && (status = create_timer(created)) < 0)
        region_destroy(cell, created);
    if (status == 0) {
        cell->threads++;
        compartment->threads++;
    }
    pthread_mutex_unlock(&cell->lock);
    if (status < 0)
        return fail(error, -status, "thread: can't make one with a control stack of %zu bytes (%u to %u): %s",
                    size, MIN_CONTROL_STACK, MAX_CONTROL_STACK, strerror(-status));
    start_thread(created, compartment);
    attach_host();
    *thread = created;
    return 0;
}

int orc_thread_destroy(struct orc_thread *thread) {
    if (!pthread_equal(thread->owner, pthread_self()))
        return -EPERM;
    if (thread->running)
        return -EBUSY;
    struct orc_compartment *compartment = thread->compartment;
    struct orc_cell *cell = compartment->cell;
    timer_delete(thread->timer);
    detach_host(thread);
    pthread_mutex_lock(&cell->lock);
    region_destroy(cell, thread);
    compartment->threads--;
    cell->threads--;
    pthread_mutex_unlock(&cell->lock);
    return 0;
}

/* Where did the guest's access go? */
static enum orc_fault_kind classify(const struct orc_thread *thread, const struct orc_fault *fault,
                                    bool has_address) {
    if (!has_address)
        return ORC_FAULT_INSTRUCTION;
    uint64_t address = fault->host_address;
    /* An access that straddles the slot's end may be reported by its last byte. */
    if (address >= thread->slot && address - thread->slot < ORC_SLOT_SIZE + 64)
        return ORC_FAULT_DATA;
    if (address < LOW_SPACE_END)
        return ORC_FAULT_CODE;
    if (address >= thread_region(thread) && address < thread->control_stack)
        return ORC_FAULT_CONTROL_STACK;
    return ORC_FAULT_OUTSIDE;
}

static void describe_fault(struct orc_thread *thread, struct orc_fault *fault) {
    struct orc_cell *cell = thread->compartment->cell;
    *fault = thread->fault;
    if (thread->outcome == OUTCOME_EXHAUSTED) {
        *fault = (struct orc_fault){
            .kind = ORC_FAULT_CONTROL_STACK, .signal = SIGSEGV, .instruction = (uint32_t)thread->value};
    } else {
        fault->kind = classify(thread, fault, thread->fault_has_address);
        if (fault->kind == ORC_FAULT_DATA || fault->kind == ORC_FAULT_CODE)
            fault->address = (uint32_t)fault->host_address; /* a slot is aligned to its size */
    }
    pthread_mutex_lock(&cell->lock);
    const struct orc_object *object = object_at(cell, fault->instruction);
    if (object) {
        fault->object = object;
        fault->offset = fault->instruction - object->base;
    }
    pthread_mutex_unlock(&cell->lock);
}

static void describe(struct orc_thread *thread, struct orc_result *result) {
    *result = (struct orc_result){.outcome = (enum orc_outcome)thread->outcome};
    if (thread->outcome == ORC_NOTHING) /* left at a gate's exit, or by a stop */
        result->outcome = thread->exited ? ORC_EXITED : ORC_STOPPED;
    if (thread->outcome == ORC_FAULTED || thread->outcome == OUTCOME_EXHAUSTED) {
        result->outcome = ORC_FAULTED;
        describe_fault(thread, &result->fault);
    }
    if (result->outcome == ORC_RETURNED || result->outcome == ORC_EXITED)
        result->value = thread->value;
}

void thread_run(struct orc_thread *thread, uint64_t nanoseconds, struct orc_result *result) {
    activate(thread);
    thread->outcome = ORC_NOTHING;
    thread->exited = 0;
    thread->running = 1;
    if (nanoseconds > 0)
        set_timer(thread, nanoseconds);
    orc_enter(thread);
    if (nanoseconds > 0 || thread->stopping)
        set_timer(thread, 0);
    thread->running = 0;
    describe(thread, result);
    thread->stopping = 0;
}

static bool holds_entry(const struct orc_compartment *compartment, uint32_t entry) {
    struct orc_cell *cell = compartment->cell;
    pthread_mutex_lock(&cell->lock);
    const struct orc_object *object = object_at(cell, entry);
    bool holds =
        object && compartment_grant_of(compartment, object) && object_has_entry(object, entry - object->base);
    pthread_mutex_unlock(&cell->lock);
    return holds;
}

int orc_call(struct orc_thread *thread, uint32_t entry, const struct orc_registers *registers,
             uint64_t nanoseconds, struct orc_result *result) {
    if (!pthread_equal(thread->owner, pthread_self()))
        return -EPERM;
    if (thread->running)
        return -EBUSY;
    if (!holds_entry(thread->compartment, entry))
        return -ENOENT;
    thread->entry = entry;
    thread->registers = *registers;
    thread_run(thread, nanoseconds, result);
    if (result->outcome == ORC_FAULTED && result->fault.kind == ORC_FAULT_OUTSIDE) {
        fprintf(stderr, "orc: code 0x%x reached 0x%llx outside its slot: the isolation is broken\n",
                result->fault.instruction, (unsigned long long)result->fault.host_address);
        abort();
    }
    return 0;
}

void orc_thread_stop(struct orc_thread *thread) {
    __atomic_or_fetch(&thread->stopping, STOPPING_ASKED, __ATOMIC_SEQ_CST);
    set_timer(thread, 1);
}
