/* Signals: a guest's fault ends its activation, a fault in a guest copy becomes -EFAULT, a stop ends guest
 * code. Everything else is a bug of the host, and goes where it would have gone without us. Whose activation
 * it is about, a handler knows by the stack that it runs on. */
#include <errno.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "thread.h"

static const int caught[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
#define CAUGHT (sizeof caught / sizeof *caught)

static struct sigaction previous[CAUGHT], previous_stop;

#define TRAP_BREAKPOINT 3

static bool within(uint64_t address, const uint8_t *start, const uint8_t *end) {
    return address >= (uint64_t)start && address < (uint64_t)end;
}

static void copy_registers(struct orc_registers *to, const greg_t *from) {
    static const uint8_t places[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                     REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
    uint64_t values[sizeof places];
    _Static_assert(sizeof *to == sizeof values, "one field for each, in the same order");
    for (size_t i = 0; i < sizeof places; i++)
        values[i] = (uint64_t)from[places[i]];
    memcpy(to, values, sizeof *to);
}

/* The handler returns into orc_leave. */
static void end_activation(struct orc_thread *thread, greg_t *registers) {
    registers[REG_RIP] = (greg_t)orc_leave;
    registers[REG_RSP] = (greg_t)thread;
    registers[REG_EFL] = FLAGS_AT_REST;
}

static void record_fault(struct orc_thread *thread, const siginfo_t *info, const greg_t *registers) {
    struct orc_fault *fault = &thread->fault;
    uint64_t instruction = (uint64_t)registers[REG_RIP];
    if (info->si_signo == SIGTRAP && registers[REG_TRAPNO] == TRAP_BREAKPOINT)
        instruction--; /* int3 is reported by the byte after it */
    *fault = (struct orc_fault){
        .signal = info->si_signo,
        .instruction = (uint32_t)instruction,
        .host_address = (uint64_t)info->si_addr,
        .flags = (uint64_t)registers[REG_EFL],
    };
    copy_registers(&fault->registers, registers);
    /* Other faults than page faults come from the kernel without an address. */
    thread->fault_has_address =
        (info->si_signo == SIGSEGV || info->si_signo == SIGBUS) && info->si_code != SI_KERNEL;
    thread->outcome = ORC_FAULTED;
}

#define WRITING 2 /* in the error code of a page fault */

/* A write to private pages of a file that weren't written to before? 0 when it is to be tried again; else -errno. The
 * interrupted code is the guest's or orc_guest_copy: it holds no memory_lock, and isn't in the C library. */
static int charge_write(const struct orc_thread *thread, const siginfo_t *info, const greg_t *registers) {
    uint64_t offset = (uint64_t)info->si_addr - thread->slot;
    if (info->si_signo != SIGSEGV || info->si_code != SEGV_ACCERR || !(registers[REG_ERR] & WRITING) ||
        offset >= ORC_SLOT_SIZE)
        return -EFAULT;
    return memory_fault(thread->compartment, (uint32_t)offset);
}

static void record_want_of_memory(struct orc_thread *thread) {
    thread->fault.signal = SIGKILL;
    thread->fault.kind = ORC_FAULT_MEMORY;
}

/* Is the fault the guest's, or one that a hostcall was prepared for? Then decides how to go on. */
static bool contain(struct orc_thread *thread, const siginfo_t *info, greg_t *registers) {
    if (info->si_code <= 0 || !thread->running) /* sent by somebody, or nothing of ours is on the way */
        return false;
    uint64_t instruction = (uint64_t)registers[REG_RIP];
    if (instruction < LOW_SPACE_END) {
        int status = charge_write(thread, info, registers);
        if (status == 0)
            return true;
        record_fault(thread, info, registers);
        if (status == -ENOMEM)
            record_want_of_memory(thread);
        end_activation(thread, registers);
        return true;
    }
    bool access = info->si_signo == SIGSEGV || info->si_signo == SIGBUS;
    if (access && instruction >= (uint64_t)orc_guest_copy_access &&
        instruction < (uint64_t)orc_guest_copy_access_end &&
        (uint64_t)info->si_addr - thread->slot < ORC_SLOT_SIZE) {
        if (charge_write(thread, info, registers) != 0)
            registers[REG_RIP] = (greg_t)orc_guest_copy_fault;
        return true;
    }
    return false;
}

static void call_previous(const struct sigaction *action, int signal, siginfo_t *info, void *context) {
    if (action->sa_handler == SIG_IGN && info->si_code <= 0)
        return;
    if (action->sa_handler == SIG_DFL || action->sa_handler == SIG_IGN) {
        /* The default action ends the process: at once for a signal that was sent, else when the faulting
         * instruction runs again. */
        struct sigaction standard = {.sa_handler = SIG_DFL};
        sigaction(signal, &standard, NULL);
        if (info->si_code <= 0)
            raise(signal);
        return;
    }
    sigset_t mask = ((ucontext_t *)context)->uc_sigmask;
    sigorset(&mask, &mask, &action->sa_mask);
    if (!(action->sa_flags & SA_NODEFER))
        sigaddset(&mask, signal);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    if (action->sa_flags & SA_SIGINFO)
        action->sa_sigaction(signal, info, context);
    else
        action->sa_handler(signal);
}

static void on_fault(struct orc_thread *thread, int signal, siginfo_t *info, ucontext_t *interrupted) {
    if (thread && contain(thread, info, interrupted->uc_mcontext.gregs))
        return;
    for (size_t i = 0; i < CAUGHT; i++)
        if (caught[i] == signal)
            call_previous(&previous[i], signal, info, interrupted);
}

/* Guest code proper: the gate page hands over to orc_gate in any case. */
static bool is_guest_code(uint64_t instruction) {
    return instruction < LOW_SPACE_END && !(instruction >= ORC_GATES && instruction < ORC_GATES_END);
}

/* Ends, interrupts or resumes the guest, if that is what's asked and it's at a place where it can be done. In
 * host code nothing is: gates look at `stopping` on their way out, blocking calls at both flags, and the
 * signal comes again. */
static void act(struct orc_thread *thread, ucontext_t *interrupted) {
    greg_t *registers = interrupted->uc_mcontext.gregs;
    if (thread->resuming)
        upcall_restore(thread, interrupted);
    uint64_t instruction = (uint64_t)registers[REG_RIP];
    bool guest = is_guest_code(instruction);
    if (thread->stopping) {
        if (guest || within(instruction, orc_enter_window, orc_enter_window_end) ||
            within(instruction, orc_exit_window, orc_exit_window_end) ||
            within(instruction, (const uint8_t *)orc_float_gate, orc_float_gate_end))
            end_activation(thread, registers);
        return;
    }
    if (thread->interrupted && !guest)
        return;
    bool calls_entry = thread->interrupted == INTERRUPTED_ANYWHERE && !thread->in_upcall &&
                       thread->compartment->signal_entry != 0;
    if (calls_entry && !upcall_deliver(thread, interrupted))
        return;
    wake_end(thread); /* before the flag: an interrupt in between is one with this */
    if (calls_entry)
        thread->interrupted = 0;
}

static void handler(int signal, siginfo_t *info, void *interrupted) {
    struct orc_thread *thread = region_thread((uint64_t)__builtin_frame_address(0));
    int saved_errno = errno;
    if (signal != STOP_SIGNAL) {
        on_fault(thread, signal, info, interrupted);
    } else if (thread) {
        if (info->si_code == SI_TIMER && info->si_value.sival_int & REASON_LIMIT)
            __atomic_or_fetch(&thread->stopping, STOPPING_EXPIRED, __ATOMIC_SEQ_CST);
        if (thread->running)
            act(thread, interrupted);
    }
    errno = saved_errno;
}

int handlers_install(void) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < CAUGHT; i++)
        if (sigaction(caught[i], &action, &previous[i]) != 0)
            return -errno;
    return sigaction(STOP_SIGNAL, &action, &previous_stop) == 0 ? 0 : -errno;
}

void handlers_remove(void) {
    for (size_t i = 0; i < CAUGHT; i++)
        sigaction(caught[i], &previous[i], NULL);
    sigaction(STOP_SIGNAL, &previous_stop, NULL);
}
