/* The guest's signal entry: guest code is interrupted, all its registers are kept in trusted memory, and the
 * entry is called on the control stack below. When it has returned (by a hostcall), a signal of the
 * Intravisor's own puts the registers back: the kernel restores what it saved, so nothing is left out.
 *
 * Why that confines: the entry is an entry point, checked when it was set and forgotten with its object, and
 * it starts like any other call; its return address is a trap in the gate page. Interrupted code goes on with
 * the registers that it had, so what a guarded sequence has checked still holds (code never changes while a
 * thread lives). The control stack above the trap isn't popped before that, or the kept context is dropped
 * (call_unwind). */
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "floats.h"
#include "store.h"
#include "thread.h"

#define TRAP (ORC_GATES + ORC_PAGE_SIZE - 1) /* an int3 in the gate page */
#define RED_ZONE 256

/* The kernel's description of the vector state, in the unused end of the FXSAVE area. */
#define XSAVE_MAGIC 0x46505853u
#define FXSAVE_SIZE 512
struct xsave_note {
    uint32_t magic, whole_size;
    uint64_t features;
    uint32_t size, unused[7];
};
#define XSAVE_NOTE (FXSAVE_SIZE - sizeof(struct xsave_note))

/* In the region's context area. */
struct kept_context {
    gregset_t registers;
    uint32_t vector_size;
    uint16_t modes; /* FLOAT_*: of the interrupted code */
    _Alignas(64) uint8_t vectors[];
};
#define MAX_VECTORS (CONTEXT_SIZE - offsetof(struct kept_context, vectors))

static uint32_t vector_size(const uint8_t *vectors) {
    struct xsave_note note;
    memcpy(&note, vectors + XSAVE_NOTE, sizeof note);
    return note.magic == XSAVE_MAGIC ? note.whole_size : FXSAVE_SIZE;
}

/* As a program begins, and a handler on Linux: default modes, an empty x87 stack, and vector registers that
 * are zero. The kernel takes registers whose bits are clear in the XSAVE header to be in their initial state.
 */
#define FXSAVE_MXCSR 24
static void reset_vectors(uint8_t *vectors, uint32_t size) {
    const uint16_t x87[] = {X87_CONTROL_DEFAULT, 0, 0}; /* control, status and tag words */
    const uint32_t mxcsr = MXCSR_DEFAULT;
    memcpy(vectors, x87, sizeof x87);
    memcpy(vectors + FXSAVE_MXCSR, &mxcsr, sizeof mxcsr);
    memset(vectors + 32, 0, 128 + 256); /* x87 and SSE registers */
    if (size > FXSAVE_SIZE)
        memset(vectors + FXSAVE_SIZE, 0, sizeof(uint64_t));
}

/* The first call pushes on what is left of the control stack; a gate needs some too. */
static bool has_room(const struct orc_thread *thread, uint64_t rsp) {
    return rsp > thread->gate_limit + GATE_STACK / 4 && rsp < (uint64_t)thread;
}

bool upcall_deliver(struct orc_thread *thread, void *interrupted) {
    mcontext_t *context = &((ucontext_t *)interrupted)->uc_mcontext;
    greg_t *registers = context->gregs;
    uint8_t *vectors = (uint8_t *)context->fpregs;
    struct kept_context *kept = (struct kept_context *)thread_context(thread);
    uint32_t entry = thread->compartment->signal_entry, size = vectors ? vector_size(vectors) : 0;
    uint64_t rsp = (uint64_t)registers[REG_RSP];
    if (entry == 0 || size == 0 || size > MAX_VECTORS || !has_room(thread, rsp))
        return false;

    memcpy(kept->registers, registers, sizeof kept->registers);
    memcpy(kept->vectors, vectors, size);
    kept->vector_size = size;
    reset_vectors(vectors, size);
    kept->modes = thread->modes;
    floats_set(thread, 0);
    thread->upcall_stack = rsp - sizeof(uint64_t);
    *(uint64_t *)thread->upcall_stack = TRAP;
    thread->in_upcall = 1;
    registers[REG_RIP] = entry;
    registers[REG_RSP] = (greg_t)thread->upcall_stack;
    registers[REG_RBP] = (greg_t)((uint32_t)((uint64_t)registers[REG_RBP] - RED_ZONE) & ~15u);
    registers[REG_RDI] = 0;
    registers[REG_EFL] = FLAGS_AT_REST;
    return true;
}

void upcall_restore(struct orc_thread *thread, void *interrupted) {
    mcontext_t *context = &((ucontext_t *)interrupted)->uc_mcontext;
    const struct kept_context *kept = (const struct kept_context *)thread_context(thread);
    uint8_t *vectors = (uint8_t *)context->fpregs;
    thread->resuming = 0;
    thread->in_upcall = 0;
    if (vector_size(vectors) != kept->vector_size)
        __builtin_trap(); /* the kernel has one format for a thread */
    memcpy(context->gregs, kept->registers, sizeof kept->registers);
    memcpy(vectors, kept->vectors, kept->vector_size);
    floats_set(thread, kept->modes);
}

int64_t upcall_return(struct orc_thread *thread, bool repeat) {
    uint32_t none = 0;
    if (repeat)
        __atomic_compare_exchange_n(&thread->interrupted, &none, INTERRUPTED_BLOCKING, false,
                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    thread->resuming = 1;
    while (thread->resuming) /* a signal to oneself comes before the call returns, and its handler goes
                                elsewhere */
        syscall(SYS_tgkill, getpid(), thread->tid, STOP_SIGNAL);
    return 0;
}
