/* Threads: each is a host thread with a control stack of its own; what the guest gives it is the data stack and the
 * thread's block. */
#define _GNU_SOURCE
#include "files.h"
#include "synthetic.h"
#include "thread.h"

#include "memory.h"

#include <errno.h>
#include <limits.h>
#include <sys/syscall.h>
#include <time.h>

/* The kernel's numbers. */
enum {
    FUTEX_WAIT,
    FUTEX_WAKE,
    FUTEX_REQUEUE = 3,
    FUTEX_CMP_REQUEUE,
    FUTEX_WAKE_OP,
    FUTEX_WAIT_BITSET = 9,
    FUTEX_WAKE_BITSET,
    FUTEX_PRIVATE_FLAG = 128,
    FUTEX_CLOCK_REALTIME = 256
};
enum { FUTEX_OP_SET, FUTEX_OP_ADD, FUTEX_OP_OR, FUTEX_OP_ANDN, FUTEX_OP_XOR, FUTEX_OP_OPARG_SHIFT = 8 };

struct libos_lock thread_list_lock;
struct libos_thread *thread_list;

/* --- The first thread: its block moves once, from libc.so's own memory to the place that ld.so allocates. */

void libos_thread_first(void *state, const struct orc_boot *boot) {
    struct libos_thread *self = state;
    libos_start(boot);
    self->id = (uint32_t)orc_hostcall(ORC_THREAD_ID, 0, 0, 0, 0, 0);
    thread_list = self;
    process_start();
    privileges_start();
    names_start();
    libos_signals_start();
    files_start();
}

void libos_thread_move(void *old_state, void *new_state) {
    struct libos_thread *old = old_state, *new = new_state;
    *new = *old;
    thread_list = new; /* it is the only one */
}

uint32_t libos_thread_next(uint32_t from) {
    uint32_t found = 0;
    libos_lock(&thread_list_lock);
    for (const struct libos_thread *thread = thread_list; thread; thread = thread->next)
        if (thread->id >= from && (!found || thread->id < found))
            found = thread->id;
    libos_unlock(&thread_list_lock);
    return found;
}

bool libos_thread_exists(uint32_t id) {
    return id && libos_thread_next(id) == id;
}

/* --- Start and end */

int libos_thread_create(const struct libos_new_thread *new) {
    struct libos_thread *self = libos_enter(), *state = new->state;
    long result;
    *state = (struct libos_thread){
        .clear_id = (uint32_t)(uintptr_t)new->clear_id, .mask = self->mask, .pending = 0};
    struct orc_thread_start start = {
        .entry = (uint32_t)(uintptr_t)new->function,
        .stack = (uint32_t)(uintptr_t)new->stack,
        .thread_pointer = (uint32_t)(uintptr_t)new->thread_pointer,
        .argument = (uint32_t)(uintptr_t)new->argument,
        .id_address = (uint32_t)(uintptr_t)new->id,
    };
    libos_threaded = true;
    /* The new thread can't end, nor be found by its id, before it is on the list. */
    libos_lock(&thread_list_lock);
    result = libos_may_start_thread() ? orc_hostcall(ORC_THREAD_CREATE, (long)&start, 0, 0, 0, 0) : -EAGAIN;
    if (result >= 0) {
        /* The Intravisor stores it as well, before the new thread runs; that may be after this call. */
        state->id = (uint32_t)result;
        *new->id = (int)result;
        /* Behind the first one, as who looks for a thread that takes a signal begins there: so does Linux. */
        state->next = thread_list->next;
        thread_list->next = state;
    }
    libos_unlock(&thread_list_lock);
    while (libos_leave(self, SYS_clone, &result))
        ;
    return (int)result;
}

/* After this nobody interrupts the thread any more: who does holds the lock, and an interrupt that was sent before
 * arrives no later than with the next hostcall. */
static void leave_list(struct libos_thread *self) {
    libos_lock(&thread_list_lock);
    for (struct libos_thread **link = &thread_list; *link; link = &(*link)->next)
        if (*link == self) {
            *link = self->next;
            break;
        }
    libos_signals_forget(self);
    libos_unlock(&thread_list_lock);
    orc_hostcall(ORC_YIELD, 0, 0, 0, 0, 0);
}

_Noreturn void sys_exit(long status) {
    struct libos_thread *self = libos_self();
    (void)status;
    leave_list(self);
    for (;;)
        orc_hostcall(ORC_THREAD_EXIT, self->clear_id, 0, 0, 0, 0);
}

_Noreturn void libos_thread_unmap_and_exit(void *base, size_t size) {
    struct libos_thread *self = libos_enter();
    leave_list(self);
    libos_lock(&libos_memory_lock);
    libos_forget_pages((unsigned long)base, size);
    __orc_unmap_and_exit(base, size, (int *)(uintptr_t)self->clear_id, &libos_memory_lock.word);
}

_Noreturn void sys_exit_group(long status) {
    for (;;)
        orc_hostcall(ORC_EXIT, status & 0xff, 0, 0, 0, 0);
}

/* Nobody handled it. */
_Noreturn void libos_end_by_signal(int signal) {
    for (;;)
        orc_hostcall(ORC_EXIT, ORC_EXIT_SIGNAL | (128 + signal), 0, 0, 0, 0);
}

long sys_set_tid_address(long address) {
    struct libos_thread *self = libos_self();
    self->clear_id = (uint32_t)address;
    return self->id;
}

/* The C library sets its thread pointers by hostcalls of its own, and nobody else may. */
long sys_arch_prctl(long code, long address) {
    (void)code, (void)address;
    return -EINVAL;
}

long sys_gettid(void) {
    return libos_self()->id;
}

long sys_sched_yield(void) {
    return orc_hostcall(ORC_YIELD, 0, 0, 0, 0, 0);
}

/* Robust mutexes are the C library's work when a thread ends; there's no other process to die with one. */
long sys_set_robust_list(long head, long size) {
    (void)head, (void)size;
    return 0;
}

/* --- Futexes */

/* The time to wait, from now on; -EINVAL. */
static int64_t futex_timeout(const struct timespec *timeout, bool absolute, bool realtime) {
    if (!timeout)
        return ORC_FOREVER;
    int64_t wanted = libos_nanoseconds(timeout);
    if (wanted < 0 || !absolute)
        return wanted;
    int64_t now = libos_now(realtime ? ORC_CLOCK_REALTIME : ORC_CLOCK_MONOTONIC);
    return wanted > now ? wanted - now : 0;
}

static long futex_wait(long address, long value, int64_t timeout, bool shared) {
    if (timeout == -EINVAL)
        return -EINVAL;
    if (timeout == ORC_FOREVER)
        return libos_blocking(ORC_FUTEX_WAIT, address, value & 0xffffffff, timeout, shared, 0);
    int64_t end = libos_now(ORC_CLOCK_MONOTONIC) + timeout;
    for (;;) {
        long result = libos_blocking_once(ORC_FUTEX_WAIT, address, value & 0xffffffff, timeout, shared, 0);
        if (result != -EINTR || libos_interrupted())
            return result;
        timeout = end - libos_now(ORC_CLOCK_MONOTONIC);
        if (timeout <= 0)
            return -ETIMEDOUT;
    }
}

static long wake(long address, long count, bool shared) {
    count = count < 0 ? INT_MAX : count;
    return shared ? orc_hostcall(ORC_FUTEX_WAKE, address, count, 1, 0, 0) : libos_futex_wake(address, count);
}

/* Waiters that should move to another futex wake up instead, and find out for themselves: a wake-up without a reason is
 * always allowed. */
static long requeue(long address, long wake_count, long requeue_count, bool shared) {
    long count = wake_count > INT_MAX - requeue_count ? INT_MAX : wake_count + requeue_count;
    return wake(address, count, shared);
}

static long wake_operation(long address, long count, long count2, long address2, uint32_t operation, bool is_private) {
    int argument = (int)(operation << 8) >> 20, comparand = (int)(operation << 20) >> 20, old;
    int *word = (int *)address2;
    if (operation >> 28 & FUTEX_OP_OPARG_SHIFT)
        argument = 1 << (argument & 31);
    switch (operation >> 28 & 7) {
    case FUTEX_OP_SET:
        old = __atomic_exchange_n(word, argument, __ATOMIC_SEQ_CST);
        break;
    case FUTEX_OP_ADD:
        old = __atomic_fetch_add(word, argument, __ATOMIC_SEQ_CST);
        break;
    case FUTEX_OP_OR:
        old = __atomic_fetch_or(word, argument, __ATOMIC_SEQ_CST);
        break;
    case FUTEX_OP_ANDN:
        old = __atomic_fetch_and(word, ~argument, __ATOMIC_SEQ_CST);
        break;
    case FUTEX_OP_XOR:
        old = __atomic_fetch_xor(word, argument, __ATOMIC_SEQ_CST);
        break;
    default:
        return -ENOSYS;
    }
    const bool outcomes[] = {old == comparand, old != comparand, old < comparand,
                             old <= comparand, old > comparand,  old >= comparand};
    uint32_t comparison = operation >> 24 & 15;
    if (comparison >= sizeof outcomes)
        return -ENOSYS;
    long woken = wake(address, count, !is_private && is_shared_word(address));
    return woken >= 0 && outcomes[comparison] ? woken + wake(address2, count2, !is_private && is_shared_word(address2))
                                              : woken;
}

long sys_futex(long address, long operation, long value, long timeout, long address2, long value3) {
    bool realtime = operation & FUTEX_CLOCK_REALTIME, is_private = operation & FUTEX_PRIVATE_FLAG;
    bool shared = !is_private && is_shared_word(address);
    switch (operation & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME)) {
    case FUTEX_WAIT:
        return futex_wait(address, value, futex_timeout((const struct timespec *)timeout, false, realtime), shared);
    case FUTEX_WAIT_BITSET:
        if (!(uint32_t)value3)
            return -EINVAL;
        return futex_wait(address, value, futex_timeout((const struct timespec *)timeout, true, realtime), shared);
    case FUTEX_WAKE:
        return wake(address, value, shared);
    case FUTEX_WAKE_BITSET: /* who waits for other bits wakes up for nothing; all do, so that the right one is among them */
        return (uint32_t)value3 ? wake(address, (uint32_t)value3 == 0xffffffff ? value : INT_MAX, shared) : -EINVAL;
    case FUTEX_CMP_REQUEUE:
        if (__atomic_load_n((int *)address, __ATOMIC_SEQ_CST) != (int)value3)
            return -EAGAIN;
        return requeue(address, value, (int)timeout < 0 ? INT_MAX : (int)timeout, shared);
    case FUTEX_REQUEUE:
        return requeue(address, value, (int)timeout < 0 ? INT_MAX : (int)timeout, shared);
    case FUTEX_WAKE_OP:
        return wake_operation(address, value, (int)timeout, address2, (uint32_t)value3, is_private);
    }
    return -ENOSYS;
}
