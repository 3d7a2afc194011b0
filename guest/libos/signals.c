/* Signals. A signal is pending for one thread or for the compartment; who sends one marks it and interrupts the thread that
 * is to handle it. The thread runs handlers at the end of a system call, or, where an interrupt finds it in other guest
 * code, in the signal entry. Inside the libOS nothing is handled: the entry only sees to it that the next blocking
 * hostcall ends at once. */
#define _GNU_SOURCE
#include "signal_queue.h"
#include "thread.h"
#include "zygote.h"

#include <errno.h>
#include <fenv.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>

#define MASK_SIZE (SIGNALS / 8)
#define UNBLOCKABLE (BIT(SIGKILL) | BIT(SIGSTOP))
#define STOPS (BIT(SIGSTOP) | BIT(SIGTSTP) | BIT(SIGTTIN) | BIT(SIGTTOU))
/* A stopped compartment would have nobody to continue it, so signals that stop are ignored like those that continue. */
#define IGNORED_BY_DEFAULT (BIT(SIGCHLD) | BIT(SIGCONT) | BIT(SIGURG) | BIT(SIGWINCH) | STOPS)

/* The C library's struct k_sigaction. */
struct action {
    void *handler;
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

static struct libos_lock lock; /* actions; what goes with signals */
static struct action actions[SIGNALS];
static uint64_t ignored = IGNORED_BY_DEFAULT; /* atomic: what the actions say */

uint64_t libos_compartment_pending;
uint32_t libos_unrouted;


/* --- Sending */

static bool is_ignored(int signal) {
    return __atomic_load_n(&ignored, __ATOMIC_RELAXED) & BIT(signal);
}

static void note_action(int signal) {
    void *handler = actions[signal - 1].handler;
    bool now = handler == (void *)SIG_IGN || (handler == (void *)SIG_DFL && (IGNORED_BY_DEFAULT & BIT(signal)));
    if (now)
        __atomic_fetch_or(&ignored, BIT(signal), __ATOMIC_RELAXED);
    else
        __atomic_fetch_and(&ignored, ~BIT(signal), __ATOMIC_RELAXED);
}

/* As execve leaves them: what the program that started this one ignored is ignored. */
void libos_signals_start(void) {
    for (int signal = 1; signal < 32; signal++)
        if (libos_boot->ignored_signals & BIT(signal) && signal != SIGKILL && signal != SIGSTOP) {
            actions[signal - 1].handler = (void *)SIG_IGN;
            note_action(signal);
        }
    orc_hostcall(ORC_SIGNAL_ENTRY, (long)libos_signal_entry, 0, 0, 0, 0);
}

static uint64_t *pending_of(struct libos_thread *thread) {
    return thread ? &thread->pending : &libos_compartment_pending;
}

/* A real-time signal is refused where there's no room for what goes with it, unless kill sent it; others go without. */
static long enqueue(struct libos_thread *thread, int signal, const siginfo_t *information, struct timer_signal *timer) {
    uint64_t already = __atomic_load_n(pending_of(thread), __ATOMIC_ACQUIRE);
    if (signal < FIRST_REAL_TIME && !timer && (already & BIT(signal)))
        return 0;
    long error = signal_queue_add(thread, signal, information, timer);
    return signal < FIRST_REAL_TIME || information->si_code == SI_USER ? 0 : error;
}

/* A signal for the compartment goes to a thread that doesn't block it; the calling one, if it can. */
static void route(struct libos_thread *self) {
    uint64_t signals = __atomic_load_n(&libos_compartment_pending, __ATOMIC_ACQUIRE) & (self->mask & ~self->waiting);
    if (!signals)
        return;
    libos_lock(&thread_list_lock);
    for (const struct libos_thread *thread = thread_list; thread && signals; thread = thread->next) {
        uint64_t takes = signals & (~thread->mask | thread->waiting);
        if (thread == self || !takes)
            continue;
        orc_hostcall(ORC_INTERRUPT, thread->id, 0, 0, 0, 0);
        signals &= ~takes;
    }
    libos_unlock(&thread_list_lock);
}

/* The first thread decides whether an ignored signal for all is kept. */
static bool first_blocks(int signal) {
    libos_lock(&thread_list_lock);
    bool blocks = thread_list && thread_list->mask & ~thread_list->waiting & BIT(signal);
    libos_unlock(&thread_list_lock);
    return blocks;
}

/* Is one that is ignored kept nevertheless, because it's blocked? */
static bool is_kept(const struct libos_thread *thread, int signal) {
    return thread ? thread->mask & ~thread->waiting & BIT(signal) : first_blocks(signal);
}

static long mark_pending(struct libos_thread *thread, int signal, const siginfo_t *information,
                         struct timer_signal *timer, int times) {
    if (timer && timer->pending) {
        timer->overrun = timer->overrun > INT_MAX - times ? INT_MAX : timer->overrun + times;
        return 0;
    }
    long error = enqueue(thread, signal, information, timer);
    if (error)
        return error;
    if (timer)
        timer->pending = true, timer->overrun = times - 1;
    __atomic_fetch_or(pending_of(thread), BIT(signal), __ATOMIC_SEQ_CST);
    return 0;
}

/* `thread` is NULL for the compartment, or on the list, which is locked. A timer's: `times` it has expired. */
static long send_timed(struct libos_thread *self, struct libos_thread *thread, int signal, const siginfo_t *information,
                       struct timer_signal *timer, int times) {
    if (signal == SIGKILL)
        libos_end_by_signal(SIGKILL);
    if (is_ignored(signal) && !is_kept(thread, signal))
        return 0;
    libos_lock(&lock);
    long result = mark_pending(thread, signal, information, timer, times);
    libos_unlock(&lock);
    if (result == 0 && thread && thread != self)
        orc_hostcall(ORC_INTERRUPT, thread->id, 0, 0, 0, 0);
    return result;
}

static long send(struct libos_thread *self, struct libos_thread *thread, int signal, const siginfo_t *information) {
    return send_timed(self, thread, signal, information, NULL, 0);
}

/* Who waits for a descriptor of signals learns of it; with no lock of threads or signals. */
static void tell_files(uint64_t signals) {
    if (__atomic_load_n(&signal_files, __ATOMIC_SEQ_CST))
        signal_files_notify(signals);
}

static siginfo_t sent_by_user(int signal, int code) {
    siginfo_t information = {.si_signo = signal, .si_code = code};
    information.si_pid = (int)sys_getpid();
    information.si_uid = (unsigned)sys_getuid();
    return information;
}

static long send_to_compartment(int signal, const siginfo_t *information) {
    struct libos_thread *self = libos_self();
    long result = send(self, NULL, signal, information);
    route(self);
    tell_files(BIT(signal));
    return result;
}

static long send_to_thread(long id, int signal, const siginfo_t *information) {
    long result = -ESRCH;
    libos_lock(&thread_list_lock);
    struct libos_thread *thread = libos_find_thread(id);
    if (thread)
        result = signal ? send(libos_self(), thread, signal, information) : 0;
    libos_unlock(&thread_list_lock);
    if (result == 0 && signal)
        tell_files(BIT(signal));
    return result;
}

void libos_raise(int signal) {
    siginfo_t information = sent_by_user(signal, SI_KERNEL);
    send_to_thread(libos_self()->id, signal, &information);
}

/* Signals from outside. In the libOS, locks may be held: no more than marks then. */
static void take_signals(void) {
    uint64_t signals = (uint64_t)orc_hostcall(ORC_SIGNALS, 0, 0, 0, 0, 0), blocked = libos_self()->mask;
    if (signals & ORC_SIGNAL_FREEZE) {
        signals &= ~(uint64_t)ORC_SIGNAL_FREEZE;
        zygote_ask();
    }
    /* Ignored ones are gone, and interrupt no call. Without the lock, which the interrupted code may hold. */
    for (uint64_t left = signals & ~blocked; left; left &= left - 1)
        if (is_ignored(__builtin_ctzll(left) + 1))
            signals &= ~(left & -left);
    if (!signals)
        return;
    __atomic_fetch_or(&libos_compartment_pending, signals, __ATOMIC_SEQ_CST);
    __atomic_store_n(&libos_unrouted, 1, __ATOMIC_SEQ_CST);
}

void libos_collect(void) {
    take_signals();
    zygote_join();
}

void libos_signals_forget(struct libos_thread *thread) {
    libos_lock(&lock);
    signal_queue_forget(thread);
    libos_unlock(&lock);
}

/* What came from outside finds who takes it. With no lock of threads or signals. */
static void settle(struct libos_thread *self) {
    if (!__atomic_exchange_n(&libos_unrouted, 0, __ATOMIC_SEQ_CST))
        return;
    route(self);
    tell_files(__atomic_load_n(&libos_compartment_pending, __ATOMIC_ACQUIRE));
}

/* --- Handling */

/* With the lock: takes the lowest pending signal of a set, 0 for none. */
static int take_from(struct libos_thread *thread, uint64_t set, siginfo_t *information) {
    uint64_t *pending = pending_of(thread), found = set & __atomic_load_n(pending, __ATOMIC_ACQUIRE);
    if (!found)
        return 0;
    int signal = __builtin_ctzll(found) + 1;
    if (!signal_queue_take(thread, signal, information))
        __atomic_fetch_and(pending, ~BIT(signal), __ATOMIC_SEQ_CST);
    return signal;
}

/* Takes a pending signal of a set: its number, or 0. The thread's own come first. */
static int take(struct libos_thread *self, uint64_t set, siginfo_t *information) {
    libos_lock(&lock);
    int signal = take_from(self, set, information);
    if (!signal)
        signal = take_from(NULL, set, information);
    libos_unlock(&lock);
    return signal;
}

uint64_t libos_signals_pending(void) {
    return __atomic_load_n(&libos_self()->pending, __ATOMIC_ACQUIRE) |
           __atomic_load_n(&libos_compartment_pending, __ATOMIC_ACQUIRE);
}

int libos_signal_take(uint64_t set, siginfo_t *information) {
    return take(libos_self(), set, information);
}

struct frame {
    struct libos_thread *self;
    struct action action;
    siginfo_t information;
    ucontext_t context;
};

static void call_handler(void *argument) {
    struct frame *frame = argument;
    if (frame->action.flags & SA_SIGINFO)
        ((void (*)(int, siginfo_t *, void *))frame->action.handler)(frame->information.si_signo, &frame->information,
                                                                     &frame->context);
    else
        ((void (*)(int))frame->action.handler)(frame->information.si_signo);
}

/* The dynamic stack moves along: it grows towards the data stack in the same memory. */
static void call_on_alternate_stack(struct frame *frame) {
    struct libos_thread *self = frame->self;
    void **dynamic_stack = __orc_dynamic_stack(), *kept = *dynamic_stack;
    self->on_alternate_stack = true;
    *dynamic_stack = (void *)self->stack_address;
    __orc_call_on_stack(call_handler, frame, (void *)((self->stack_address + self->stack_size) & -16ull));
    *dynamic_stack = kept;
    self->on_alternate_stack = false;
}

/* A handler that doesn't return (longjmp) leaves `on_alternate_stack` behind; the stack pointer tells. */
static bool stands_on_alternate_stack(const struct libos_thread *self) {
    char here;
    return self->on_alternate_stack && (uintptr_t)&here - self->stack_address < self->stack_size;
}

/* A handler begins with the default floating-point environment, and what it changes is gone behind it. (Where a signal
 * entry has interrupted guest code, the Intravisor has seen to that.) */
static bool same_modes(const fenv_t *one, const fenv_t *other) {
    return one->__mxcsr == other->__mxcsr && one->__control_word == other->__control_word &&
           one->__status_word == other->__status_word;
}

static void begin_modes(fenv_t *interrupted) {
    const fenv_t standard = {.__control_word = 0x37f, .__mxcsr = 0x1f80};
    fegetenv(interrupted);
    if (!same_modes(interrupted, &standard))
        fesetenv(FE_DFL_ENV);
}

static void end_modes(const fenv_t *interrupted) {
    fenv_t now;
    fegetenv(&now);
    if (!same_modes(interrupted, &now))
        fesetenv(interrupted);
}

struct handled {
    unsigned count;
    bool restart; /* the first of them has SA_RESTART */
};
static void handle_due(struct libos_thread *self, struct handled *handled);

/* Runs one handler. On entry and return the thread counts as in the libOS; the handler is outside. Signals that are due
 * and that the handler doesn't block come before its first instruction, as in Linux. */
static void handle(struct libos_thread *self, const struct action *action, const siginfo_t *information,
                   struct handled *handled) {
    struct frame frame = {.self = self, .action = *action, .information = *information};
    int signal = information->si_signo;
    uint64_t before = self->has_saved_mask ? self->saved_mask : self->mask;
    self->has_saved_mask = false;
    memcpy(&frame.context.uc_sigmask, &before, sizeof before);
    self->mask |= (action->mask | (action->flags & SA_NODEFER ? 0 : BIT(signal))) & ~UNBLOCKABLE;
    bool switches = (action->flags & SA_ONSTACK) && self->stack_size && !(self->stack_flags & SS_DISABLE) &&
                    !stands_on_alternate_stack(self);
    bool was_cancellation_point = self->cancellation_point;
    self->cancellation_point = false;
    if (libos_due(self) & ~self->mask)
        handle_due(self, handled);
    fenv_t modes;
    begin_modes(&modes);
    libos_set_depth(self, 0);
    if (switches)
        call_on_alternate_stack(&frame);
    else
        call_handler(&frame);
    /* The handler of pthread_cancel sends the thread somewhere else. */
    if (frame.context.uc_mcontext.gregs[REG_RIP])
        ((void (*)(void))frame.context.uc_mcontext.gregs[REG_RIP])();
    libos_set_depth(self, 1);
    end_modes(&modes);
    self->cancellation_point = was_cancellation_point;
    memcpy(&self->mask, &frame.context.uc_sigmask, sizeof self->mask);
    self->mask &= ~UNBLOCKABLE;
}

static void act(struct libos_thread *self, const siginfo_t *information, struct handled *handled) {
    int signal = information->si_signo;
    libos_lock(&lock);
    bool drop = is_ignored(signal);
    struct action action = actions[signal - 1];
    if (!drop && action.handler != (void *)SIG_DFL && (action.flags & SA_RESETHAND))
        actions[signal - 1].handler = (void *)SIG_DFL, note_action(signal);
    libos_unlock(&lock);
    if (drop)
        return;
    if (action.handler == (void *)SIG_DFL)
        libos_end_by_signal(signal);
    if (!handled->count++)
        handled->restart = action.flags & SA_RESTART;
    handle(self, &action, information, handled);
}

/* Runs what is due. The thread counts as in the libOS. */
static void handle_due(struct libos_thread *self, struct handled *handled) {
    siginfo_t information;
    settle(self);
    while (libos_due(self) & ~self->mask) {
        int signal = take(self, ~self->mask, &information);
        if (!signal)
            break;
        act(self, &information, handled);
    }
}

/* An interrupt hit guest code. */
void libos_signal_entry(void) {
    struct libos_thread *self = libos_self();
    struct handled handled = {.restart = true};
    take_signals();
    if (self->depth || zygote_wanted()) { /* threads are parked in calls that block */
        orc_hostcall(ORC_SIGNAL_RETURN, 1, 0, 0, 0, 0);
        __builtin_trap();
    }
    libos_set_depth(self, 1);
    handle_due(self, &handled);
    libos_set_depth(self, 0);
    orc_hostcall(ORC_SIGNAL_RETURN, 0, 0, 0, 0, 0);
    __builtin_trap();
}

/* --- Around system calls */

struct libos_thread *libos_enter(void) {
    struct libos_thread *self = libos_self();
    libos_set_depth(self, self->depth + 1);
    return self;
}

/* Calls that SA_RESTART repeats. */
static bool is_restartable(long number) {
    switch (number) {
    case SYS_read:
    case SYS_readv:
    case SYS_pread64:
    case SYS_preadv:
    case SYS_preadv2:
    case SYS_write:
    case SYS_writev:
    case SYS_pwrite64:
    case SYS_pwritev:
    case SYS_pwritev2:
    case SYS_open:
    case SYS_openat:
    case SYS_ioctl:
    case SYS_fcntl:
    case SYS_flock:
    case SYS_accept:
    case SYS_accept4:
    case SYS_connect:
    case SYS_sendto:
    case SYS_sendmsg:
    case SYS_sendmmsg:
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_recvmmsg:
    case SYS_sendfile:
    case SYS_copy_file_range:
    case SYS_futex:
    case SYS_wait4:
    case SYS_waitid:
    case SYS_fsync:
    case SYS_fdatasync:
        return true;
    }
    return false;
}

static void restore_saved_mask(struct libos_thread *self) {
    if (self->has_saved_mask)
        self->mask = self->saved_mask;
    self->has_saved_mask = false;
}

bool libos_leave(struct libos_thread *self, long number, long *result) {
    struct handled handled = {.restart = true};
    if (self->depth > 1) {
        self->depth--;
        return false;
    }
    for (;;) {
        if (libos_due(self) || libos_unrouted)
            handle_due(self, &handled);
        restore_saved_mask(self);
        /* What becomes due from here on interrupts the thread outside the libOS. */
        libos_set_depth(self, 0);
        if (!(libos_due(self) & ~self->mask))
            break;
        libos_set_depth(self, 1);
    }
    bool once = self->not_again;
    self->not_again = false;
    if (*result != -EINTR || (once && handled.count) || !handled.restart || !is_restartable(number))
        return false;
    if (self->cancellation_point && __orc_is_cancelled())
        return false;
    libos_set_depth(self, 1);
    return true;
}

bool libos_interrupted(void) {
    struct libos_thread *self = libos_self();
    return libos_due(self) || (self->cancellation_point && __orc_is_cancelled());
}

long libos_blocking_once(long number, long a, long b, long c, long d, long e) {
    if (libos_interrupted())
        return -EINTR;
    long result = libos_wait(number, a, b, c, d, e);
    if (result == -EINTR) {
        libos_collect();
        settle(libos_self());
    }
    return result;
}

long libos_blocking(long number, long a, long b, long c, long d, long e) {
    for (;;) {
        long result = libos_blocking_once(number, a, b, c, d, e);
        if (result != -EINTR || libos_interrupted())
            return result;
    }
}

long libos_hostcall_repeated(long number, long a, long b, long c, long d, long e) {
    long result;
    while ((result = orc_hostcall(number, a, b, c, d, e)) == -EINTR)
        libos_collect();
    return result;
}

void libos_cancellation_point(int inside) {
    libos_self()->cancellation_point = inside;
}

static void set_temporary_mask(uint64_t mask) {
    struct libos_thread *self = libos_self();
    if (!self->has_saved_mask)
        self->saved_mask = self->mask;
    self->has_saved_mask = true;
    self->mask = mask & ~UNBLOCKABLE;
}

long libos_temporary_mask(const void *mask, size_t size) {
    uint64_t bits;
    if (!mask)
        return 0;
    if (size != MASK_SIZE)
        return -EINVAL;
    memcpy(&bits, mask, sizeof bits);
    set_temporary_mask(bits);
    return 0;
}

/* --- System calls */

static bool is_signal(long signal) {
    return signal > 0 && signal <= SIGNALS;
}

static void discard(int signal) {
    __atomic_fetch_and(&libos_compartment_pending, ~BIT(signal), __ATOMIC_SEQ_CST);
    for (struct libos_thread *thread = thread_list; thread; thread = thread->next)
        __atomic_fetch_and(&thread->pending, ~BIT(signal), __ATOMIC_SEQ_CST);
    signal_queue_drop(signal);
}

long sys_rt_sigaction(long signal, const void *action, void *old, long size) {
    if (!is_signal(signal) || size != MASK_SIZE)
        return -EINVAL;
    if (action && (UNBLOCKABLE & BIT(signal)))
        return -EINVAL;
    libos_lock(&thread_list_lock);
    libos_lock(&lock);
    struct action before = actions[signal - 1];
    if (action) {
        memcpy(&actions[signal - 1], action, sizeof before);
        note_action((int)signal);
        if (is_ignored((int)signal))
            discard((int)signal);
    }
    libos_unlock(&lock);
    libos_unlock(&thread_list_lock);
    if (old)
        memcpy(old, &before, sizeof before);
    return 0;
}

long sys_rt_sigprocmask(long how, const void *set, void *old, long size) {
    struct libos_thread *self = libos_self();
    uint64_t bits = 0, before = self->mask;
    if (size != MASK_SIZE)
        return -EINVAL;
    if (set) {
        memcpy(&bits, set, sizeof bits);
        switch (how) {
        case SIG_BLOCK:
            self->mask |= bits;
            break;
        case SIG_UNBLOCK:
            self->mask &= ~bits;
            break;
        case SIG_SETMASK:
            self->mask = bits;
            break;
        default:
            return -EINVAL;
        }
        self->mask &= ~UNBLOCKABLE;
        if (self->mask & ~before)
            route(self); /* signals that it could have handled until now */
    }
    if (old)
        memcpy(old, &before, sizeof before);
    return 0;
}

long sys_rt_sigpending(void *set, long size) {
    struct libos_thread *self = libos_self();
    if (size > MASK_SIZE)
        return -EINVAL;
    uint64_t pending = (self->pending | libos_compartment_pending) & self->mask;
    memcpy(set, &pending, (size_t)size);
    return 0;
}

/* Waits until something interrupts the thread; false when the time is over. */
static bool wait_for_interrupt(int64_t timeout) {
    return libos_blocking_once(ORC_POLL, 0, 0, timeout, 0, 0) != 0;
}

long sys_rt_sigtimedwait(const void *set, void *information, const void *timeout, long size) {
    struct libos_thread *self = libos_self();
    int64_t left = timeout ? libos_nanoseconds(timeout) : ORC_FOREVER;
    siginfo_t found;
    uint64_t bits;
    int signal = 0;
    if (size != MASK_SIZE || left == -EINVAL)
        return -EINVAL;
    memcpy(&bits, set, sizeof bits);
    bits &= ~UNBLOCKABLE;
    int64_t end = timeout ? libos_now(ORC_CLOCK_MONOTONIC) + left : 0;
    long result = -EAGAIN;
    __atomic_store_n(&self->waiting, bits, __ATOMIC_SEQ_CST);
    while (!(signal = take(self, bits, &found))) {
        if (libos_interrupted() && !(libos_due(self) & bits)) {
            result = -EINTR;
            break;
        }
        if (timeout && (left = end - libos_now(ORC_CLOCK_MONOTONIC)) <= 0)
            break;
        wait_for_interrupt(left);
    }
    __atomic_store_n(&self->waiting, 0, __ATOMIC_SEQ_CST);
    if (signal && information)
        memcpy(information, &found, sizeof found);
    return signal ? signal : result;
}

long sys_rt_sigsuspend(const void *mask, long size) {
    struct libos_thread *self = libos_self();
    if (size != MASK_SIZE)
        return -EINVAL;
    libos_temporary_mask(mask, (size_t)size);
    route(self);
    while (!libos_interrupted())
        wait_for_interrupt(ORC_FOREVER);
    return -EINTR;
}

long sys_pause(void) {
    while (!libos_interrupted())
        wait_for_interrupt(ORC_FOREVER);
    return -EINTR;
}

/* There is one process, which is its own group. -1 are all others. */
static bool is_this_process(long process) {
    return process == sys_getpid() || process == 0 || process == -sys_getpid();
}

long sys_kill(long process, long signal) {
    siginfo_t information = sent_by_user((int)signal, SI_USER);
    if (signal && !is_signal(signal))
        return -EINVAL;
    if (!is_this_process((int)process))
        return -ESRCH;
    return signal ? send_to_compartment((int)signal, &information) : 0;
}

long sys_tkill(long thread, long signal) {
    siginfo_t information = sent_by_user((int)signal, SI_TKILL);
    if (thread <= 0 || (signal && !is_signal(signal)))
        return -EINVAL;
    return send_to_thread(thread, (int)signal, &information);
}

long sys_tgkill(long process, long thread, long signal) {
    if (process <= 0)
        return -EINVAL;
    return process == sys_getpid() ? sys_tkill(thread, signal) : -ESRCH;
}

long sys_rt_sigqueueinfo(long process, long signal, const void *information) {
    siginfo_t copy;
    if (!is_signal(signal))
        return -EINVAL;
    if (!is_this_process((int)process))
        return -ESRCH;
    memcpy(&copy, information, sizeof copy);
    copy.si_signo = (int)signal;
    return send_to_compartment((int)signal, &copy);
}

long sys_rt_tgsigqueueinfo(long process, long thread, long signal, const void *information) {
    siginfo_t copy;
    if (!is_signal(signal) || process <= 0 || thread <= 0)
        return -EINVAL;
    if (process != sys_getpid())
        return -ESRCH;
    memcpy(&copy, information, sizeof copy);
    return send_to_thread(thread, (int)signal, &copy);
}

long sys_sigaltstack(const void *stack, void *old) {
    struct libos_thread *self = libos_self();
    stack_t new, before = {.ss_sp = (void *)self->stack_address, .ss_size = self->stack_size};
    bool in_use = stands_on_alternate_stack(self);
    before.ss_flags = in_use ? SS_ONSTACK : self->stack_size ? (int)self->stack_flags : SS_DISABLE;
    if (stack) {
        memcpy(&new, stack, sizeof new);
        if (in_use)
            return -EPERM;
        if (new.ss_flags & ~(SS_DISABLE | SS_ONSTACK))
            return -EINVAL;
        if (!(new.ss_flags & SS_DISABLE) && new.ss_size < MINSIGSTKSZ)
            return -ENOMEM;
        self->stack_flags = (uint32_t)new.ss_flags & SS_DISABLE;
        self->stack_address = (uint64_t)(uintptr_t)new.ss_sp;
        self->stack_size = new.ss_flags & SS_DISABLE ? 0 : new.ss_size;
    }
    if (old)
        memcpy(old, &before, sizeof before);
    return 0;
}

/* --- For the service's thread, which blocks all signals */

void libos_signal_send(struct libos_thread *self, long thread, int signal, const siginfo_t *information) {
    libos_signal_timed(self, thread, signal, information, NULL, 0);
}

void libos_signal_timed(struct libos_thread *self, long thread, int signal, const siginfo_t *information,
                        struct timer_signal *timer, int times) {
    libos_lock(&thread_list_lock);
    struct libos_thread *to = thread ? libos_find_thread(thread) : NULL;
    if (to)
        send_timed(self, to, signal, information, timer, times);
    libos_unlock(&thread_list_lock);
    if (!thread) {
        send_timed(self, NULL, signal, information, timer, times);
        route(self);
    }
    tell_files(BIT(signal));
}

void libos_signals_forward(struct libos_thread *self) {
    libos_collect();
    settle(self);
    route(self);
}

long libos_timer_signal_reserve(void) {
    libos_lock(&lock);
    long result = signal_queue_reserve();
    libos_unlock(&lock);
    return result;
}

void libos_timer_signal_release(const struct timer_signal *timer) {
    libos_lock(&lock);
    signal_queue_release(timer);
    signal_queue_unreserve();
    libos_unlock(&lock);
}

int libos_timer_signal_overrun(const struct timer_signal *timer) {
    libos_lock(&lock);
    int told = timer->told;
    libos_unlock(&lock);
    return told;
}
