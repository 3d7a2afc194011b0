/* Time. */
#define _GNU_SOURCE
#include "libos.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>

#define SECOND 1000000000ll
#define NEVER INT64_MAX

static struct timespec timespec_of(int64_t nanoseconds) {
    return (struct timespec){.tv_sec = nanoseconds / SECOND, .tv_nsec = nanoseconds % SECOND};
}

static struct timeval timeval_of(int64_t nanoseconds) {
    return (struct timeval){.tv_sec = nanoseconds / SECOND, .tv_usec = nanoseconds % SECOND / 1000};
}

int64_t libos_nanoseconds(const struct timespec *time) {
    struct timespec copy;
    memcpy(&copy, time, sizeof copy);
    if (copy.tv_sec < 0 || copy.tv_nsec < 0 || copy.tv_nsec >= SECOND)
        return -EINVAL;
    return copy.tv_sec >= NEVER / SECOND ? NEVER : copy.tv_sec * SECOND + copy.tv_nsec;
}

/* The Intravisor's number of a clock; -EINVAL. Clocks of threads by their id (pthread_getcpuclockid) are known for the
 * calling thread alone. */
static long clock_number(long clock) {
    switch ((int)clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        return ORC_CLOCK_REALTIME;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
        return ORC_CLOCK_MONOTONIC;
    case CLOCK_BOOTTIME:
        return ORC_CLOCK_BOOT;
    case CLOCK_PROCESS_CPUTIME_ID:
        return ORC_CLOCK_COMPARTMENT;
    case CLOCK_THREAD_CPUTIME_ID:
        return ORC_CLOCK_THREAD;
    }
    if ((int)clock < 0 && ((int)clock & 7) == 6)
        return ~((int)clock >> 3) == sys_gettid() ? ORC_CLOCK_THREAD : -EINVAL;
    if ((int)clock < 0 && ((int)clock & 7) == 2) {
        int process = ~((int)clock >> 3);
        return process == 0 || process == sys_getpid() ? ORC_CLOCK_COMPARTMENT : -EINVAL;
    }
    return -EINVAL;
}

long sys_clock_gettime(long clock, void *time) {
    long number = clock_number(clock);
    if (number < 0)
        return number;
    struct timespec now = timespec_of(libos_now(number));
    memcpy(time, &now, sizeof now);
    return 0;
}

long sys_clock_getres(long clock, void *resolution) {
    struct timespec one = {.tv_nsec = 1};
    long number = clock_number(clock);
    if (number < 0)
        return number;
    if (resolution)
        memcpy(resolution, &one, sizeof one);
    return 0;
}

/* Until `end` on the monotonic clock, or on the real-time clock, which may be set meanwhile: look again now and then. */
static long sleep_until(long clock, int64_t end, int64_t *left) {
    for (;;) {
        *left = end - libos_now(clock);
        if (*left <= 0)
            return 0;
        int64_t step = clock == ORC_CLOCK_REALTIME && *left > SECOND ? SECOND : *left;
        if (libos_blocking_once(ORC_POLL, 0, 0, step, 0, 0) == -EINTR && libos_interrupted()) {
            *left = end - libos_now(clock);
            return -EINTR;
        }
    }
}

long sys_clock_nanosleep(long clock, long flags, const void *time, void *left_over) {
    long number = clock_number(clock);
    int64_t wanted = libos_nanoseconds(time), left;
    if (number < 0 || wanted < 0 || clock == CLOCK_THREAD_CPUTIME_ID)
        return -EINVAL;
    if (number == ORC_CLOCK_COMPARTMENT || number == ORC_CLOCK_THREAD)
        return -EOPNOTSUPP;
    if (flags & TIMER_ABSTIME)
        return sleep_until(number, wanted, &left);
    int64_t now = libos_now(ORC_CLOCK_MONOTONIC);
    long result = sleep_until(ORC_CLOCK_MONOTONIC, wanted > NEVER - now ? NEVER : now + wanted, &left);
    if (result == -EINTR && left_over) {
        struct timespec rest = timespec_of(left > 0 ? left : 0);
        memcpy(left_over, &rest, sizeof rest);
    }
    return result;
}

long sys_nanosleep(const void *time, void *left) {
    return sys_clock_nanosleep(CLOCK_MONOTONIC, 0, time, left);
}

long sys_gettimeofday(void *time, void *zone) {
    struct timeval now = timeval_of(libos_now(ORC_CLOCK_REALTIME));
    if (time)
        memcpy(time, &now, sizeof now);
    if (zone)
        memset(zone, 0, 2 * sizeof(int));
    return 0;
}

long sys_time(void *time) {
    time_t now = libos_now(ORC_CLOCK_REALTIME) / SECOND;
    if (time)
        memcpy(time, &now, sizeof now);
    return now;
}

#define TICK (SECOND / 100)

long sys_times(void *times) {
    struct orc_usage usage;
    long result = orc_hostcall(ORC_USAGE, (long)&usage, 0, 0, 0, 0);
    if (result < 0)
        return result;
    struct tms now = {.tms_utime = (clock_t)(usage.user_time / TICK), .tms_stime = (clock_t)(usage.system_time / TICK)};
    if (times)
        memcpy(times, &now, sizeof now);
    return libos_now(ORC_CLOCK_MONOTONIC) / TICK;
}

long sys_getrusage(long who, void *result) {
    struct orc_usage usage;
    /* struct rusage as the kernel has it: the C library's is longer. */
    struct {
        struct timeval user, system;
        long other[14];
    } answer = {0};
    if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != 1 /* RUSAGE_THREAD */)
        return -EINVAL;
    long status = orc_hostcall(ORC_USAGE, (long)&usage, 0, 0, 0, 0);
    if (status < 0)
        return status;
    if (who == RUSAGE_SELF) {
        answer.user = timeval_of((int64_t)usage.user_time);
        answer.system = timeval_of((int64_t)usage.system_time);
        answer.other[0] = (long)(usage.memory / 1024); /* ru_maxrss */
    } else if (who == 1) {
        answer.user = timeval_of(libos_now(ORC_CLOCK_THREAD));
    }
    memcpy(result, &answer, sizeof answer);
    return 0;
}
