/* Time. */
#define _GNU_SOURCE
#include "clock.h"
#include "thread.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/timex.h>
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

/* --- Which clock */

/* Clocks by a process' or thread's id: its complement shifted, and what is counted. */
#define BY_ID_THREAD 4
#define BY_ID_ALL 0 /* user and system */
#define BY_ID_USER 1
#define BY_ID_SCHEDULED 2

static long thread_source(uint32_t id, struct time_source *source) {
    if (id == 0 || id == (uint32_t)sys_gettid())
        id = libos_own_id();
    if (id == (uint32_t)sys_getpid())
        id = FIRST_THREAD;
    *source = (struct time_source){ORC_CLOCK_OF_THREAD, id};
    return libos_has_thread(id) ? 0 : -EINVAL;
}

static long source_by_id(int clock, struct time_source *source) {
    int id = ~(clock >> 3), what = clock & 3;
    bool of_thread = clock & BY_ID_THREAD;
    if (id < 0 || what > BY_ID_SCHEDULED)
        return -EINVAL;
    if (of_thread)
        return what == BY_ID_USER ? -EINVAL : thread_source((uint32_t)id, source);
    *source = (struct time_source){what == BY_ID_USER ? SOURCE_USER_TIME : ORC_CLOCK_COMPARTMENT, 0};
    return id == 0 || id == sys_getpid() || id == FIRST_THREAD ? 0 : -EINVAL;
}

static long clock_source(int clock, struct time_source *source) {
    static const struct {
        int clock;
        long number;
    } known[] = {{CLOCK_MONOTONIC, ORC_CLOCK_MONOTONIC},
                 {CLOCK_REALTIME, ORC_CLOCK_REALTIME},
                 {CLOCK_REALTIME_COARSE, ORC_CLOCK_REALTIME},
                 {CLOCK_MONOTONIC_COARSE, ORC_CLOCK_MONOTONIC},
                 {CLOCK_MONOTONIC_RAW, ORC_CLOCK_MONOTONIC},
                 {CLOCK_BOOTTIME, ORC_CLOCK_BOOT},
                 {CLOCK_TAI, ORC_CLOCK_TAI},
                 {CLOCK_PROCESS_CPUTIME_ID, ORC_CLOCK_COMPARTMENT},
                 {CLOCK_THREAD_CPUTIME_ID, ORC_CLOCK_THREAD}};
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].clock == clock) {
            *source = (struct time_source){known[i].number, 0};
            return 0;
        }
    return clock < 0 ? source_by_id(clock, source) : -EINVAL;
}

static bool is_alarm_clock(int clock) {
    return clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM;
}

/* Those that can only be read: and the alarm clocks, as on a machine that nothing wakes. */
static bool only_read(int clock) {
    return clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_MONOTONIC_RAW ||
           is_alarm_clock(clock);
}

long timer_source(int clock, struct time_source *source) {
    if (only_read(clock))
        return -EOPNOTSUPP;
    return clock == CLOCK_THREAD_CPUTIME_ID ? thread_source(0, source) : clock_source(clock, source);
}

static int64_t user_time(void) {
    struct orc_usage usage;
    long error = orc_hostcall(ORC_USAGE, (long)&usage, 0, 0, 0, 0);
    return error < 0 ? error : (int64_t)usage.user_time;
}

int64_t source_now(const struct time_source *source) {
    return source->clock == SOURCE_USER_TIME ? user_time()
                                             : orc_hostcall(ORC_CLOCK, source->clock, source->thread, 0, 0, 0);
}

bool source_is_processor_time(const struct time_source *source) {
    return source->clock == SOURCE_USER_TIME || source->clock == ORC_CLOCK_COMPARTMENT ||
           source->clock == ORC_CLOCK_THREAD || source->clock == ORC_CLOCK_OF_THREAD;
}

/* --- Reading and setting */

long sys_clock_gettime(long clock, void *time) {
    struct time_source source;
    long error = clock_source((int)clock, &source);
    if (error)
        return error;
    int64_t ns = source_now(&source);
    if (ns < 0)
        return -EINVAL; /* the thread has just ended */
    struct timespec now = timespec_of(ns);
    memcpy(time, &now, sizeof now);
    return 0;
}

long sys_clock_getres(long clock, void *resolution) {
    struct timespec one = {.tv_nsec = 1};
    struct time_source source;
    long error = clock_source((int)clock, &source);
    if (error)
        return error;
    if (resolution)
        memcpy(resolution, &one, sizeof one);
    return 0;
}

/* Nobody here may set the host's clock, and the others can't be set at all. */
long sys_clock_settime(long clock, const void *time) {
    struct time_source source;
    if (libos_nanoseconds(time) < 0 || (clock_source((int)clock, &source) < 0))
        return -EINVAL;
    return clock == CLOCK_REALTIME || source_is_processor_time(&source) ? -EPERM : -EINVAL;
}

long sys_settimeofday(const void *time, const void *zone) {
    struct timeval wanted = {0};
    (void)zone;
    if (time)
        memcpy(&wanted, time, sizeof wanted);
    return wanted.tv_sec < 0 || wanted.tv_usec < 0 || wanted.tv_usec >= 1000000 ? -EINVAL : -EPERM;
}

/* How well the host's clock is disciplined isn't known here, which is what an unsynchronised clock's state says. */
long sys_adjtimex(struct timex *state) {
    if (state->modes)
        return -EPERM;
    int64_t now = libos_now(ORC_CLOCK_REALTIME), ahead = libos_now(ORC_CLOCK_TAI) - now + SECOND / 2;
    *state = (struct timex){.status = STA_UNSYNC,
                            .maxerror = 16000000,
                            .esterror = 16000000,
                            .constant = 2,
                            .precision = 1,
                            .tolerance = 32768000,
                            .time = timeval_of(now),
                            .tick = 10000,
                            .tai = (int)(ahead / SECOND)};
    return TIME_ERROR;
}

long sys_clock_adjtime(long clock, struct timex *state) {
    struct time_source source;
    if (clock == CLOCK_REALTIME)
        return sys_adjtimex(state);
    return is_alarm_clock((int)clock) || clock_source((int)clock, &source) == 0 ? -EOPNOTSUPP : -EINVAL;
}

/* --- Sleeping */

int64_t wall_clock_delay(int64_t left) {
    int64_t most = left > 60 * SECOND ? 10 * SECOND : SECOND;
    return left > most ? most : left;
}

/* As long as nothing runs, processor time is looked at less and less often. */
static int64_t processor_delay(int64_t left, int64_t progress, int64_t delay) {
    int64_t least = left / (libos_boot->processors > 1 ? libos_boot->processors : 1);
    delay = progress ? least : 2 * delay;
    delay = delay < least ? least : delay;
    return delay < SECOND / 1000 ? SECOND / 1000 : delay > SECOND / 4 && delay > least ? SECOND / 4 : delay;
}

static long sleep_until(const struct time_source *source, int64_t end, int64_t *left) {
    int64_t delay = 0, before = -1;
    for (;;) {
        int64_t now = source_now(source);
        *left = end - now;
        if (*left <= 0 || now < 0)
            return now < 0 ? -EINVAL : 0;
        if (source_is_processor_time(source))
            delay = processor_delay(*left, now - before, delay);
        else
            delay = source->clock == ORC_CLOCK_MONOTONIC ? *left : wall_clock_delay(*left);
        before = now;
        if (libos_blocking_once(ORC_POLL, 0, 0, delay, 0, 0) == -EINTR && libos_interrupted()) {
            *left = end - source_now(source);
            return -EINTR;
        }
    }
}

/* A thread can't wait for its own processor time. */
static bool is_own_time(const struct time_source *source) {
    return source->clock == ORC_CLOCK_OF_THREAD && source->thread == libos_own_id();
}

static long sleep_source(int clock, bool absolute, struct time_source *source) {
    if (clock == CLOCK_THREAD_CPUTIME_ID || only_read(clock))
        return -EOPNOTSUPP;
    long error = clock_source(clock, source);
    if (!error && !absolute && !source_is_processor_time(source))
        source->clock = ORC_CLOCK_MONOTONIC;
    return error;
}

long sys_clock_nanosleep(long clock, long flags, const void *time, void *left_over) {
    bool absolute = flags & TIMER_ABSTIME;
    struct time_source source;
    int64_t left;
    long result = sleep_source((int)clock, absolute, &source);
    if (result)
        return result;
    int64_t wanted = libos_nanoseconds(time);
    if (wanted < 0 || is_own_time(&source))
        return -EINVAL;
    int64_t now = absolute ? 0 : source_now(&source);
    result = sleep_until(&source, wanted > NEVER - now ? NEVER : now + wanted, &left);
    if (result == -EINTR && !absolute && left_over) {
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
    struct orc_usage usage = {0};
    /* struct rusage as the kernel has it: the C library's is longer. */
    struct {
        struct timeval user, system;
        long maximum, unused[3], minor_faults, other[9];
    } answer = {0};
    if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != RUSAGE_THREAD)
        return -EINVAL;
    if (who != RUSAGE_CHILDREN) {
        long status = orc_hostcall(ORC_USAGE, (long)&usage, who == RUSAGE_THREAD, 0, 0, 0);
        if (status < 0)
            return status;
    }
    answer.user = timeval_of((int64_t)usage.user_time);
    answer.system = timeval_of((int64_t)usage.system_time);
    answer.maximum = (long)(usage.memory_peak / 1024);
    answer.minor_faults = (long)usage.faults;
    memcpy(result, &answer, sizeof answer);
    return 0;
}
