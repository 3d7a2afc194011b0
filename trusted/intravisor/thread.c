/* Threads: attaching a host thread to a compartment, and calling into it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "floats.h"
#include "orc/hostcall.h"
#include "store.h"
#include "thread.h"

#define SAME_OFFSET(field, offset)                                                                           \
    _Static_assert(offsetof(struct orc_thread, field) == (offset),                                           \
                   "layout.h and thread.h disagree on " #field);
#define SAME_OFFSETS(X)                                                                                      \
    X(registers, THREAD_REGISTERS)                                                                           \
    X(entry, THREAD_ENTRY)                                                                                   \
    X(host_stack, THREAD_HOST_STACK)                                                                         \
    X(gate, THREAD_GATE)                                                                                     \
    X(gate_limit, THREAD_GATE_LIMIT)                                                                         \
    X(gate_frame, THREAD_GATE_FRAME)                                                                         \
    X(stopping, THREAD_LEAVE)                                                                                \
    X(exited, THREAD_LEAVE + 4)                                                                              \
    X(value, THREAD_VALUE)                                                                                   \
    X(outcome, THREAD_OUTCOME)                                                                               \
    X(modes, THREAD_MODES)                                                                                   \
    X(avx, THREAD_AVX)                                                                                       \
    X(mxcsr, THREAD_MXCSR)                                                                                   \
    X(x87_control, THREAD_X87_CONTROL)                                                                       \
    X(float_gate, THREAD_FLOAT_GATE)                                                                         \
    X(mxcsr_reserved, THREAD_MXCSR_RESERVED)                                                                 \
    X(guest_mxcsr, THREAD_GUEST_MXCSR)                                                                       \
    X(guest_x87, THREAD_GUEST_X87)
SAME_OFFSETS(SAME_OFFSET)
_Static_assert(sizeof(struct orc_registers) == 16 * 8, "crossing.S loads 16 registers");
_Static_assert(sizeof(struct x87_environment) == 28 &&
                   offsetof(struct x87_environment, status) == X87_STATUS &&
                   offsetof(struct x87_environment, tags) == X87_TAGS,
               "as fnstenv stores it");
_Static_assert(X87_STATUS_BITS == ORC_X87_STATUS, "what gate 1 sets");
_Static_assert(sizeof(struct orc_thread) <= THREAD_SIZE, "the thread fits its place");
_Static_assert(THREAD_SIZE % 64 == 0, "the control stack begins aligned");
_Static_assert(OUTCOME_RETURNED == ORC_RETURNED, "crossing.S writes enum orc_outcome");
_Static_assert(DEFAULT_CONTROL_STACK + ORC_PAGE_SIZE + BELOW_CONTROL_STACK <= 0x200000,
               "what a small thread touches lies under one page-table page");

/* What the host thread had before its first orc_thread_create, the thread whose signal stack it uses now, the
 * slot at its GS base, and whether it is running guest code, perhaps in a hostcall. */
static _Thread_local struct {
    unsigned threads;
    struct orc_thread *active;
    uint64_t slot;
    bool inside;
    stack_t signal_stack;
    uint64_t mask;
} host;

static void set_signal_mask(const uint64_t *mask, uint64_t *before) {
    if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, mask, before, sizeof *mask) != 0)
        abort();
}

/* A handler of the embedder, or of libc (which uses two signals that its own functions refuse to block),
 * might run on the control stack if it arrived in the middle of guest code. */
void block_signals(uint64_t *before) {
    const int let_through[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, STOP_SIGNAL};
    uint64_t blocked = UINT64_MAX;
    for (size_t i = 0; i < sizeof let_through / sizeof *let_through; i++)
        blocked &= ~(UINT64_C(1) << (let_through[i] - 1));
    set_signal_mask(&blocked, before);
}

/* A guest's write to a broken pipe, or beyond a limit, left these pending. They aren't the embedder's. */
static void drop_pending_signals(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    sigaddset(&signals, SIGXFSZ);
    while (sigtimedwait(&signals, NULL, &(struct timespec){0}) > 0) {
    }
}

void attach_host(void) {
    if (host.threads++ > 0)
        return;
    sigaltstack(NULL, &host.signal_stack);
    block_signals(&host.mask);
}

void activate(struct orc_thread *thread) {
    if (host.active == thread)
        return;
    stack_t stack = {.ss_sp = (void *)thread_signal_stack(thread), .ss_size = SIGNAL_STACK_SIZE};
    if (sigaltstack(&stack, NULL) != 0)
        abort(); /* without it a guest's fault would take the process along */
    host.active = thread;
}

void detach_host(const struct orc_thread *thread) {
    if (host.active == thread) {
        sigaltstack(&host.signal_stack, NULL);
        host.active = NULL;
    }
    if (--host.threads > 0)
        return;
    drop_pending_signals();
    set_signal_mask(&host.mask, NULL);
}

/* Clears everything but where the region's parts lie. */
void thread_prepare(struct orc_thread *thread, struct orc_compartment *compartment) {
    HOLD(compartment->cell->lock); /* the store looks at all threads */
    *thread = (struct orc_thread){
        .compartment = compartment,
        .control_stack = thread->control_stack,
        .avx = compartment->cell->avx,
        .slot = (uint64_t)compartment->slot,
        .gate = (uint64_t)orc_gate,
        .float_gate = (uint64_t)orc_float_gate,
        .mxcsr_reserved = compartment->cell->mxcsr_reserved,
        .gate_limit = thread->control_stack + GATE_STACK,
        .owner = thread->owner,
        .before = thread->before,
        .tid = thread->tid,
        .worker = thread->worker,
    };
}

void thread_join(struct orc_thread *thread) {
    struct orc_compartment *compartment = thread->compartment;
    struct orc_thread **link = &compartment->threads;
    while (*link)
        link = &(*link)->next;
    *link = thread;
    thread->next = NULL;
    thread->id = ++compartment->last_thread_id;
    if (compartment->thread_count++ > 0)
        __atomic_store_n(&compartment->threaded, true, __ATOMIC_RELAXED);
}

void thread_replace(const struct orc_thread *thread, struct orc_thread *by) {
    struct orc_thread **link = &thread->compartment->threads;
    while (*link != thread)
        link = &(*link)->next;
    by->next = thread->next;
    *link = by;
}

void thread_leave(struct orc_thread *thread) {
    struct orc_compartment *compartment = thread->compartment;
    UNLINK(compartment->threads, thread, next);
    compartment->thread_count--;
    thread->before = add_times(&compartment->spent, thread); /* a worker's next thread begins with that */
    compartment->hostcalls += thread->hostcalls;
}

int orc_thread_create(struct orc_compartment *compartment, struct orc_thread **thread,
                      struct orc_error *error) {
    struct orc_cell *cell = compartment->cell;
    struct orc_thread *created = NULL;
    {
        HOLD(compartment->lock);
        if (compartment->started && !compartment->threaded)
            return fail(error, EBUSY, "thread: the compartment's threads are the Intravisor's");
        __atomic_store_n(&compartment->threaded, true, __ATOMIC_RELAXED);
    }
    int status = region_create(cell, compartment->limits.control_stack, &cell->threads, &created);
    if (status < 0)
        return failed(error, -status, "thread: can't make its region");
    created->owner = pthread_self();
    created->tid = gettid();
    thread_prepare(created, compartment);
    created->before = thread_times(created->tid);
    created->faults_before = own_faults();
    attach_host();
    *thread = created;
    HOLD(compartment->lock);
    thread_join(created);
    return 0;
}

int orc_thread_destroy(struct orc_thread *thread) {
    if (!pthread_equal(thread->owner, pthread_self()))
        return -EPERM;
    if (thread->running)
        return -EBUSY;
    struct orc_cell *cell = thread->compartment->cell;
    {
        HOLD(thread->compartment->lock);
        thread_leave(thread);
    }
    timers_release(thread);
    detach_host(thread);
    region_destroy(cell, &cell->threads, thread);
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

/* The control stack holds nothing but return addresses of guest code, above the host's own first frame. */
static void copy_frames(const struct orc_thread *thread, struct orc_fault *fault) {
    uint64_t at = fault->registers.rsp, end = (uint64_t)thread - sizeof(uint64_t);
    if (at < thread->control_stack || at % sizeof(uint64_t) != 0)
        return;
    for (; at < end && fault->frame_count < ORC_FAULT_FRAMES; at += sizeof(uint64_t))
        fault->frames[fault->frame_count++] = (uint32_t)*(const uint64_t *)at;
}

static void describe_fault(struct orc_thread *thread, struct orc_fault *fault) {
    *fault = thread->fault;
    if (thread->outcome == OUTCOME_EXHAUSTED) {
        *fault = (struct orc_fault){
            .kind = ORC_FAULT_CONTROL_STACK, .signal = SIGSEGV, .instruction = (uint32_t)thread->value};
    } else {
        if (fault->kind != ORC_FAULT_MEMORY)
            fault->kind = classify(thread, fault, thread->fault_has_address);
        if (fault->kind == ORC_FAULT_DATA || fault->kind == ORC_FAULT_CODE || fault->kind == ORC_FAULT_MEMORY)
            fault->address = (uint32_t)fault->host_address; /* a slot is aligned to its size */
        copy_frames(thread, fault);
    }
    HOLD(thread->compartment->lock);
    const struct grant *grant = compartment_grant_at(thread->compartment, fault->instruction);
    if (grant) {
        fault->object = grant->object;
        fault->offset = fault->instruction - grant->object->base;
    }
}

static void describe(struct orc_thread *thread, struct orc_result *result) {
    bool faulted = thread->outcome == ORC_FAULTED || thread->outcome == OUTCOME_EXHAUSTED;
    *result = (struct orc_result){.outcome = (enum orc_outcome)thread->outcome, .value = thread->value};
    if (thread->outcome == ORC_NOTHING) /* left at a gate's exit, or by a stop */
        result->outcome = thread->exited ? ORC_EXITED : ORC_STOPPED;
    if (!faulted)
        return;
    result->outcome = ORC_FAULTED;
    describe_fault(thread, &result->fault);
    if (result->fault.kind == ORC_FAULT_OUTSIDE) {
        fprintf(stderr, "orc: code 0x%x reached 0x%llx outside its slot: the isolation is broken\n",
                result->fault.instruction, (unsigned long long)result->fault.host_address);
        abort();
    }
}

void thread_arm(struct orc_thread *thread) {
    __atomic_store_n(&thread->born, store_age(thread->compartment->cell), __ATOMIC_SEQ_CST);
    __atomic_store_n(&thread->running, 1, __ATOMIC_SEQ_CST);
}

bool host_is_inside(void) {
    return host.inside;
}

/* The host leaves GS alone, so it's set when this host thread comes to another slot. */
static void set_bases(const struct orc_thread *thread) {
    if (host.slot != thread->slot)
        set_slot_base(thread->compartment->cell->fsgsbase, host.slot = thread->slot);
    set_thread_pointer(thread->thread_pointer);
}

int thread_run(struct orc_thread *thread, uint64_t nanoseconds, struct orc_result *result) {
    if (!thread->worker)
        activate(thread);
    thread->outcome = ORC_NOTHING;
    thread->exited = 0;
    thread->in_upcall = 0;
    if (!thread->running)
        thread_arm(thread);
    int status = nanoseconds > 0 ? set_limit(thread, nanoseconds) : 0;
    set_bases(thread);
    host.inside = true;
    if (status == 0)
        orc_enter(thread);
    host.inside = false;
    set_thread_pointer(0);
    if (status == 0 && nanoseconds > 0)
        set_limit(thread, 0);
    if (thread->exited != EXITED_HOST_THREAD) /* else what is on its control stack stays in use */
        __atomic_store_n(&thread->running, 0, __ATOMIC_SEQ_CST);
    describe(thread, result);
    if (!thread->worker) { /* a worker is done */
        thread->stopping = 0;
        wake_end(thread);
    }
    return status;
}

static bool ready(struct orc_thread *thread, uint32_t entry) {
    HOLD(thread->compartment->lock);
    thread_arm(thread);
    if (thread->compartment->ending)
        thread->stopping |= STOPPING_ASKED;
    thread->running = compartment_has_entry(thread->compartment, entry);
    return thread->running;
}

int orc_call(struct orc_thread *thread, uint32_t entry, const struct orc_registers *registers,
             uint64_t nanoseconds, struct orc_result *result) {
    if (!pthread_equal(thread->owner, pthread_self()))
        return -EPERM;
    if (thread->running || host_is_inside())
        return -EBUSY;
    if (!ready(thread, entry))
        return -ENOENT;
    thread->entry = entry;
    thread->registers = *registers;
    floats_set(thread, 0); /* what an earlier activation had set is gone */
    return thread_run(thread, nanoseconds, result);
}

void orc_thread_stop(struct orc_thread *thread) {
    HOLD(thread->compartment->lock);
    thread_stop(thread);
}
