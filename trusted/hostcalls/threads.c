/* The compartment and its threads: exit, thread pointer, unwinding, threads, interruption, futexes. */
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../intravisor/floats.h"
#include "hostcalls.h"

int64_t call_exit(struct orc_thread *thread, const uint64_t *arguments) {
    thread->value = (int64_t)arguments[0];
    thread->exited = EXITED_COMPARTMENT;
    return 0;
}

int64_t call_set_thread_pointer(struct orc_thread *thread, const uint64_t *arguments) {
    set_thread_pointer(thread->thread_pointer = guest_pointer(arguments[0]).address);
    return 0;
}

/* --- setjmp and longjmp --- */

/* Marks count from the activation's first return address, the host's own, which no unwinding may remove. */
static uint64_t stack_start(const struct orc_thread *thread) {
    return (uint64_t)thread - 8;
}

/* Where the stack pointer will be once the gate has returned. */
static uint64_t stack_pointer(const struct orc_thread *thread) {
    return (uint64_t)(thread->gate_frame + 1);
}

int64_t call_mark(struct orc_thread *thread, const uint64_t *arguments) {
    (void)arguments;
    uint64_t here = stack_pointer(thread);
    uint64_t after_return = here + 8;
    if (after_return > stack_start(thread)) /* the entry point itself has no guest to return to */
        return -EINVAL;
    uint64_t return_address = *(const uint64_t *)here;
    return (int64_t)((stack_start(thread) - after_return) << 32 | (uint32_t)return_address);
}

/* Below the mark the control stack holds nothing but return addresses of guest code: any of them is safe to
 * be at. */
int64_t call_unwind(struct orc_thread *thread, const uint64_t *arguments) {
    uint64_t mark = arguments[0], here = stack_pointer(thread), start = stack_start(thread);
    /* An entry point that jumped to the gate made the host's own return address the gate's. */
    if (here > start || mark % 8 != 0 || mark > start - here)
        return -EINVAL;
    struct gate_frame *frame = (struct gate_frame *)(start - mark) - 1;
    memmove(frame, thread->gate_frame, sizeof *frame);
    thread->gate_frame = frame;
    if (thread->in_upcall && start - mark > thread->upcall_stack)
        thread->in_upcall = 0; /* what was interrupted isn't there any more */
    return 0;
}

/* --- Threads --- */

int64_t call_thread_create(struct orc_thread *thread, const uint64_t *arguments) {
    struct orc_thread_start asked;
    if (guest_read(thread, &asked, guest_pointer(arguments[0]), sizeof asked) < 0)
        return -EFAULT;
    if (asked.reserved != 0)
        return -EINVAL;
    if (!guest_range((guest_address){asked.id_address}, sizeof(uint32_t)))
        return -EFAULT;
    const struct thread_start start = {asked.entry,      asked.stack,          asked.argument,
                                       asked.id_address, asked.thread_pointer, .first = false,
                                       .creator = thread};
    floats_keep(thread);
    HOLD(thread->compartment->lock);
    return worker_start(thread->compartment, &start);
}

/* `operation` with FUTEX_PRIVATE_FLAG: the word is known by its address. Without: by the page of its file. */
static int64_t futex(struct orc_thread *thread, guest_address address, int operation, uint32_t value,
                     const struct timespec *until) {
    void *word = kernel_buffer(thread, address, sizeof(uint32_t));
    if (!word)
        return -EFAULT;
    return result_of(
        syscall(SYS_futex, word, operation, value, until, NULL, FUTEX_BITSET_MATCH_ANY));
}

/* The memory may be gone, which is the guest's own business. */
int64_t call_thread_exit(struct orc_thread *thread, const uint64_t *arguments) {
    const guest_address address = guest_pointer(arguments[0]);
    const uint32_t zero = 0;
    if (address.address && guest_write(thread, address, &zero, sizeof zero) == 0)
        futex(thread, address, FUTEX_WAKE_PRIVATE, 1, NULL);
    thread->value = 0;
    thread->exited = EXITED_THREAD;
    return 0;
}

int64_t call_thread_id(struct orc_thread *thread, const uint64_t *arguments) {
    (void)arguments;
    return thread->id;
}

int64_t call_interrupt(struct orc_thread *thread, const uint64_t *arguments) {
    HOLD(thread->compartment->lock);
    struct orc_thread *target = thread->compartment->threads;
    while (target && target->id != arguments[0])
        target = target->next;
    if (!target)
        return -ESRCH;
    thread_interrupt(target);
    return 0;
}

int64_t call_signal_entry(struct orc_thread *thread, const uint64_t *arguments) {
    struct orc_compartment *compartment = thread->compartment;
    uint32_t entry = guest_pointer(arguments[0]).address;
    HOLD(compartment->lock);
    if (entry != 0 && !compartment_has_entry(compartment, entry))
        return -EINVAL;
    compartment->signal_entry = entry;
    return 0;
}

int64_t call_signal_return(struct orc_thread *thread, const uint64_t *arguments) {
    if (arguments[0] > 1 || !thread->in_upcall)
        return -EINVAL;
    return upcall_return(thread, arguments[0] == 1);
}

int64_t call_signals(struct orc_thread *thread, const uint64_t *arguments) {
    (void)arguments;
    return __atomic_exchange_n(&thread->compartment->signals, 0, __ATOMIC_SEQ_CST);
}

/* `shared`, of a call. */
static int futex_operation(int operation, uint64_t shared) {
    return shared ? operation : operation | FUTEX_PRIVATE_FLAG;
}

int64_t call_futex_wait(struct orc_thread *thread, const uint64_t *arguments) {
    int64_t timeout = (int64_t)arguments[2], result;
    int operation = futex_operation(FUTEX_WAIT_BITSET, arguments[3]);
    struct timespec until;
    if ((timeout < 0 && timeout != ORC_FOREVER) || arguments[3] > 1)
        return -EINVAL;
    if (timeout >= 0)
        until = time_from_now((uint64_t)timeout);
    do
        result = futex(thread, guest_pointer(arguments[0]), operation, (uint32_t)arguments[1],
                       timeout >= 0 ? &until : NULL);
    while (call_again(thread, result));
    return result;
}

int64_t call_futex_wake(struct orc_thread *thread, const uint64_t *arguments) {
    uint32_t count = arguments[1] < INT_MAX ? (uint32_t)arguments[1] : INT_MAX;
    if (arguments[2] > 1)
        return -EINVAL;
    return futex(thread, guest_pointer(arguments[0]), futex_operation(FUTEX_WAKE, arguments[2]), count, NULL);
}

int64_t call_yield(struct orc_thread *thread, const uint64_t *arguments) {
    (void)thread, (void)arguments;
    sched_yield();
    return 0;
}

/* --- Zygotes: their threads are parked here --- */

void orc_compartment_freeze(struct orc_compartment *compartment, bool freeze) {
    __atomic_store_n(&compartment->frozen, freeze, __ATOMIC_SEQ_CST);
    if (!freeze)
        syscall(SYS_futex, &compartment->frozen, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

/* As long as the thread counts as parked, its frame, and what lies above that on its control stack, doesn't
 * change: it takes the lock before it goes on. */
int64_t call_freeze(struct orc_thread *thread, const uint64_t *arguments) {
    struct orc_compartment *compartment = thread->compartment;
    (void)arguments;
    if (!compartment->frozen || thread->in_upcall)
        return -EAGAIN;
    floats_keep(thread);
    __atomic_add_fetch(&compartment->parked, 1, __ATOMIC_SEQ_CST);
    while (compartment->frozen && !thread->stopping) {
        syscall(SYS_futex, &compartment->frozen, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
        wake_end(thread); /* an interrupt waits until it goes on */
    }
    HOLD(compartment->lock);
    __atomic_sub_fetch(&compartment->parked, 1, __ATOMIC_SEQ_CST);
    return 0;
}

int64_t call_clone_info(struct orc_thread *thread, const uint64_t *arguments) {
    const struct orc_clone_info *info = &thread->compartment->clone_info;
    return guest_write(thread, guest_pointer(arguments[0]), info, sizeof *info);
}
