/* Time, chance, accounts, and a line for the operator. */
#include <string.h>
#include <sys/random.h>

#include "hostcalls.h"

#define MAX_RANDOM 0x100000u
#define MAX_LOG 512u

const clockid_t host_clocks[] = {[ORC_CLOCK_MONOTONIC] = CLOCK_MONOTONIC,
                                 [ORC_CLOCK_REALTIME] = CLOCK_REALTIME,
                                 [ORC_CLOCK_COMPARTMENT] = -1,
                                 [ORC_CLOCK_THREAD] = CLOCK_THREAD_CPUTIME_ID,
                                 [ORC_CLOCK_BOOT] = CLOCK_BOOTTIME,
                                 [ORC_CLOCK_OF_THREAD] = -1,
                                 [ORC_CLOCK_TAI] = CLOCK_TAI};

static int64_t clock_of_thread(struct orc_compartment *compartment, uint64_t id) {
    uint64_t spent = thread_time(compartment, id);
    return spent == UINT64_MAX ? -ESRCH : (int64_t)spent;
}

int64_t call_clock(struct orc_thread *thread, const uint64_t *arguments) {
    if (arguments[0] > ORC_CLOCK_TAI)
        return -EINVAL;
    if (arguments[0] == ORC_CLOCK_OF_THREAD)
        return clock_of_thread(thread->compartment, arguments[1]);
    if (arguments[0] == ORC_CLOCK_COMPARTMENT) {
        struct orc_usage usage;
        compartment_usage(thread->compartment, &usage);
        return (int64_t)usage.processor_time;
    }
    struct timespec now;
    int64_t before = arguments[0] == ORC_CLOCK_THREAD ? (int64_t)thread->before.all : 0; /* the host thread's */
    return clock_gettime(host_clocks[arguments[0]], &now) == 0 ? to_nanoseconds(now) - before : -errno;
}

int64_t call_random(struct orc_thread *thread, const uint64_t *arguments) {
    uint64_t length = arguments[1], done = 0;
    if (length > MAX_RANDOM)
        return -EINVAL;
    uint8_t *buffer = kernel_buffer_to_fill(thread, guest_pointer(arguments[0]), length);
    if (!buffer)
        return -EFAULT;
    while (done < length) {
        ssize_t got = getrandom(buffer + done, length - done, 0);
        if (got < 0 && errno != EINTR)
            return -errno;
        done += got > 0 ? (uint64_t)got : 0;
    }
    return 0;
}

int64_t call_usage(struct orc_thread *thread, const uint64_t *arguments) {
    struct orc_usage usage;
    if (arguments[1] > 1)
        return -EINVAL;
    compartment_usage(thread->compartment, &usage);
    usage.faults += own_faults() - thread->faults_before;
    if (arguments[1] == 1)
        thread_usage(thread, &usage);
    return guest_write(thread, guest_pointer(arguments[0]), &usage, sizeof usage);
}

int64_t call_log(struct orc_thread *thread, const uint64_t *arguments) {
    char line[MAX_LOG];
    size_t length = arguments[1] < sizeof line ? arguments[1] : sizeof line;
    if (guest_read(thread, line, guest_pointer(arguments[0]), length) < 0)
        return -EFAULT;
    call_operator(thread->compartment, line, length);
    return 0;
}
