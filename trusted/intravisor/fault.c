/* Signals: a guest's fault ends its activation, a fault in a guest copy becomes -EFAULT, a stop ends guest
 * code. Everything else is a bug of the host, and goes where it would have gone without us.
 *
 * A signal may arrive while the FS base is the guest's, whatever rip says. So a handler first looks at which
 * stack it runs on, and if that belongs to a thread of ours, it sets the host's FS base before anything else.
 */
#include <errno.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "segment_base.h"
#include "thread.h"

static const int caught[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
#define CAUGHT (sizeof caught / sizeof *caught)

static struct sigaction previous[CAUGHT], previous_stop;

#define TRAP_BREAKPOINT 3
#define FLAGS_AT_REST 0x202 /* interrupts enabled, everything else clear */

static bool within(uint64_t address, const uint8_t *start, const uint8_t *end) {
    return address >= (uint64_t)start && address < (uint64_t)end;
}

static void copy_registers(struct orc_registers *to, const greg_t *from) {
    *to = (struct orc_registers){
        .rax = (uint64_t)from[REG_RAX],
        .rcx = (uint64_t)from[REG_RCX],
        .rdx = (uint64_t)from[REG_RDX],
        .rbx = (uint64_t)from[REG_RBX],
        .rsp = (uint64_t)from[REG_RSP],
        .rbp = (uint64_t)from[REG_RBP],
        .rsi = (uint64_t)from[REG_RSI],
        .rdi = (uint64_t)from[REG_RDI],
        .r8 = (uint64_t)from[REG_R8],
        .r9 = (uint64_t)from[REG_R9],
        .r10 = (uint64_t)from[REG_R10],
        .r11 = (uint64_t)from[REG_R11],
        .r12 = (uint64_t)from[REG_R12],
        .r13 = (uint64_t)from[REG_R13],
        .r14 = (uint64_t)from[REG_R14],
        .r15 = (uint64_t)from[REG_R15],
    };
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

/* Is the fault the guest's, or one that a hostcall was prepared for? Then decides how to go on. */
static bool contain(struct orc_thread *thread, const siginfo_t *info, greg_t *registers) {
    if (info->si_code <= 0 || !thread->running) /* sent by somebody, or nothing of ours is on the way */
        return false;
    uint64_t instruction = (uint64_t)registers[REG_RIP];
    if (instruction < LOW_SPACE_END) {
        record_fault(thread, info, registers);
        end_activation(thread, registers);
        return true;
    }
    bool access = info->si_signo == SIGSEGV || info->si_signo == SIGBUS;
    if (access && instruction == (uint64_t)orc_guest_copy_access &&
        (uint64_t)info->si_addr - thread->slot < ORC_SLOT_SIZE) {
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

/* With the host's FS base. */
static __attribute__((noinline)) void on_fault(struct orc_thread *thread, int signal, siginfo_t *info,
                                               void *context) {
    int saved_errno = errno;
    ucontext_t *interrupted = context;
    if (!thread || !contain(thread, info, interrupted->uc_mcontext.gregs)) {
        for (size_t i = 0; i < CAUGHT; i++)
            if (caught[i] == signal)
                call_previous(&previous[i], signal, info, context);
    }
    errno = saved_errno;
}

static __attribute__((noinline)) void on_stop(struct orc_thread *thread, siginfo_t *info,
                                              ucontext_t *interrupted) {
    struct orc_thread *stopped = info->si_value.sival_ptr;
    if (info->si_code != SI_TIMER)
        return;
    __atomic_or_fetch(&stopped->stopping, STOPPING_EXPIRED, __ATOMIC_SEQ_CST);
    if (stopped != thread || !thread->running)
        return;
    /* The gate page hands over to orc_gate in any case, and a gate looks at `stopping` before it returns. */
    greg_t *registers = interrupted->uc_mcontext.gregs;
    uint64_t instruction = (uint64_t)registers[REG_RIP];
    bool guest = instruction < LOW_SPACE_END && !(instruction >= ORC_GATES && instruction < ORC_GATES_END);
    if (guest || within(instruction, orc_enter_window, orc_enter_window_end) ||
        within(instruction, orc_exit_window, orc_exit_window_end))
        end_activation(thread, registers);
}

static ORC_NO_TLS void fault_handler(int signal, siginfo_t *info, void *context) {
    struct orc_thread *thread = region_thread((uint64_t)__builtin_frame_address(0));
    if (!thread) {
        on_fault(NULL, signal, info, context);
        return;
    }
    uint64_t base = read_fs_base(thread->fsgsbase);
    write_fs_base(thread->fsgsbase, thread->host_fs);
    on_fault(thread, signal, info, context);
    write_fs_base(thread->fsgsbase, base);
}

static ORC_NO_TLS void stop_handler(int signal, siginfo_t *info, void *context) {
    (void)signal;
    struct orc_thread *thread = region_thread((uint64_t)__builtin_frame_address(0));
    if (!thread)
        return;
    uint64_t base = read_fs_base(thread->fsgsbase);
    write_fs_base(thread->fsgsbase, thread->host_fs);
    on_stop(thread, info, context);
    write_fs_base(thread->fsgsbase, base);
}

int handlers_install(void) {
    struct sigaction action = {.sa_sigaction = fault_handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < CAUGHT; i++)
        if (sigaction(caught[i], &action, &previous[i]) != 0)
            return -errno;
    action.sa_sigaction = stop_handler;
    return sigaction(STOP_SIGNAL, &action, &previous_stop) == 0 ? 0 : -errno;
}

void handlers_remove(void) {
    for (size_t i = 0; i < CAUGHT; i++)
        sigaction(caught[i], &previous[i], NULL);
    sigaction(STOP_SIGNAL, &previous_stop, NULL);
}
