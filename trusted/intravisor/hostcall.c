/* The hostcalls of a bare compartment (include/orc/bare.h). Every argument is the guest's, and hostile. */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "guest_memory.h"
#include "orc/bare.h"
#include "thread.h"

#define CHUNK 4096 /* bytes that one call moves at most, through a buffer on the control stack */
_Static_assert(CHUNK <= GATE_STACK / 4, "the gate leaves enough stack for the buffer");

static int64_t call_exit(struct orc_thread *thread, const uint64_t *arguments) {
    thread->value = (int64_t)arguments[0];
    thread->exited = 1;
    return 0;
}

static int64_t call_write(struct orc_thread *thread, const uint64_t *arguments) {
    uint64_t length = arguments[2];
    if (arguments[0] != STDOUT_FILENO && arguments[0] != STDERR_FILENO)
        return -EBADF;
    if (!guest_range(guest_pointer(arguments[1]), length))
        return -EFAULT;
    char buffer[CHUNK];
    size_t size = length < CHUNK ? length : CHUNK;
    if (guest_read(thread, buffer, guest_pointer(arguments[1]), size) < 0)
        return -EFAULT;
    ssize_t written = write((int)arguments[0], buffer, size);
    return written < 0 ? -errno : written;
}

static int64_t call_read(struct orc_thread *thread, const uint64_t *arguments) {
    uint64_t length = arguments[2];
    if (arguments[0] != STDIN_FILENO)
        return -EBADF;
    if (!guest_range(guest_pointer(arguments[1]), length))
        return -EFAULT;
    char buffer[CHUNK];
    ssize_t got = read(STDIN_FILENO, buffer, length < CHUNK ? length : CHUNK);
    if (got < 0)
        return -errno;
    return guest_write(thread, guest_pointer(arguments[1]), buffer, (size_t)got) < 0 ? -EFAULT : got;
}

/* Thread-local accesses aren't confined by the GS base: whatever they can reach around the pointer lies in
 * the slot. */
static int64_t call_set_thread_pointer(struct orc_thread *thread, const uint64_t *arguments) {
    uint32_t address = guest_pointer(arguments[0]).address;
    if (address < ORC_TLS_REACH || address > ORC_HEAP_END - ORC_TLS_REACH - 8)
        return -EINVAL;
    thread->guest_fs = thread->slot + address; /* the gate loads it on its way out */
    return 0;
}

static int64_t call_clock(struct orc_thread *thread, const uint64_t *arguments) {
    (void)thread, (void)arguments;
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return -errno;
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Marks count from the activation's first return address, the host's own, which no unwinding may remove. */
static uint64_t stack_start(const struct orc_thread *thread) {
    return (uint64_t)thread - 8;
}

/* Where the stack pointer will be once the gate has returned. */
static uint64_t stack_pointer(const struct orc_thread *thread) {
    return (uint64_t)(thread->gate_frame + 1);
}

static int64_t call_mark(struct orc_thread *thread, const uint64_t *arguments) {
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
static int64_t call_unwind(struct orc_thread *thread, const uint64_t *arguments) {
    uint64_t mark = arguments[0], here = stack_pointer(thread), start = stack_start(thread);
    /* An entry point that jumped to the gate made the host's own return address the gate's. */
    if (here > start || mark % 8 != 0 || mark > start - here)
        return -EINVAL;
    struct gate_frame *frame = (struct gate_frame *)(start - mark) - 1;
    memmove(frame, thread->gate_frame, sizeof *frame);
    thread->gate_frame = frame;
    return 0;
}

int64_t orc_hostcall(struct orc_thread *thread, const uint64_t arguments[6]) {
    static int64_t (*const calls[ORC_BARE_HOSTCALLS])(struct orc_thread *, const uint64_t *) = {
        [ORC_BARE_EXIT] = call_exit,
        [ORC_BARE_WRITE] = call_write,
        [ORC_BARE_SET_THREAD_POINTER] = call_set_thread_pointer,
        [ORC_BARE_CLOCK] = call_clock,
        [ORC_BARE_READ] = call_read,
        [ORC_BARE_MARK] = call_mark,
        [ORC_BARE_UNWIND] = call_unwind,
    };
    if (arguments[0] >= ORC_BARE_HOSTCALLS)
        return -ENOSYS;
    return calls[arguments[0]](thread, arguments + 1);
}
