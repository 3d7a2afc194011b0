/* Resource limits. Those that the libOS can keep are kept: descriptors, the size of files, memory, threads. The others
 * say what the compartment has and can't be changed. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "files.h"
#include "thread.h"

#define DESCRIPTORS 1024
#define MOST_DESCRIPTORS 65536
#define SIGNALS_PENDING 30000

static struct libos_lock lock;
static uint32_t changed; /* atomic: bit N: resource N has the limits that were set */
static struct rlimit limits[RLIM_NLIMITS];

/* Lower than what the compartment has anyway: whether anybody has to look. */
static bool memory_is_limited, threads_are_limited;

static struct rlimit from_start(int resource) {
    const rlim_t memory = libos_boot->memory_limit ? libos_boot->memory_limit : RLIM_INFINITY;
    const rlim_t stack = libos_boot->stack_high - libos_boot->stack_low;
    const rlim_t threads = libos_boot->thread_limit;
    switch (resource) {
    case RLIMIT_NOFILE:
        return (struct rlimit){DESCRIPTORS, MOST_DESCRIPTORS};
    case RLIMIT_STACK:
        return (struct rlimit){stack, stack};
    case RLIMIT_AS:
    case RLIMIT_DATA:
    case RLIMIT_RSS:
        return (struct rlimit){memory, memory};
    case RLIMIT_NPROC:
        return (struct rlimit){threads, threads};
    case RLIMIT_SIGPENDING:
        return (struct rlimit){SIGNALS_PENDING, SIGNALS_PENDING};
    case RLIMIT_CORE: /* nothing is dumped, and nobody gets ahead of others */
    case RLIMIT_NICE:
    case RLIMIT_RTPRIO:
    case RLIMIT_MSGQUEUE:
        return (struct rlimit){0, 0};
    default:
        return (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
    }
}

static struct rlimit limits_of(int resource) {
    bool was_set = __atomic_load_n(&changed, __ATOMIC_ACQUIRE) & 1u << resource;
    return was_set ? limits[resource] : from_start(resource);
}

static rlim_t current(int resource) {
    return limits_of(resource).rlim_cur;
}

unsigned libos_descriptor_limit(void) {
    return (unsigned)current(RLIMIT_NOFILE);
}

uint64_t libos_signal_limit(void) {
    return current(RLIMIT_SIGPENDING);
}

/* --- What is asked before something grows */

bool libos_file_size_limited;

long libos_check_growth(int64_t old_size, int64_t new_size) {
    if (new_size <= old_size || (uint64_t)new_size <= current(RLIMIT_FSIZE))
        return 0;
    libos_raise(SIGXFSZ);
    return -EFBIG;
}

long libos_check_file_size(int64_t position, size_t *length) {
    uint64_t limit = current(RLIMIT_FSIZE);
    if (position < 0 || !*length)
        return 0;
    if ((uint64_t)position >= limit) {
        libos_raise(SIGXFSZ);
        return -EFBIG;
    }
    if (*length > limit - (uint64_t)position)
        *length = limit - (uint64_t)position;
    return 0;
}

bool libos_may_map(size_t length) {
    struct orc_usage usage;
    if (!__atomic_load_n(&memory_is_limited, __ATOMIC_RELAXED))
        return true;
    rlim_t limit = current(RLIMIT_AS) < current(RLIMIT_DATA) ? current(RLIMIT_AS) : current(RLIMIT_DATA);
    if (orc_hostcall(ORC_USAGE, (long)&usage, 0, 0, 0, 0) < 0)
        return true;
    return usage.memory <= limit && length <= limit - usage.memory;
}

/* Called with the list of threads locked. */
bool libos_may_start_thread(void) {
    rlim_t count = 0;
    if (!__atomic_load_n(&threads_are_limited, __ATOMIC_RELAXED))
        return true;
    for (const struct libos_thread *thread = thread_list; thread; thread = thread->next)
        count++;
    return count < current(RLIMIT_NPROC);
}

/* --- Changes */

/* The first stack has its full size from the start, so that a lower limit has no growth to refuse; no file is ever
 * dumped; and the resident set and locks are limited by nobody on Linux either. */
static bool can_change(int resource) {
    switch (resource) {
    case RLIMIT_NOFILE:
    case RLIMIT_FSIZE:
    case RLIMIT_AS:
    case RLIMIT_DATA:
    case RLIMIT_STACK:
    case RLIMIT_NPROC:
    case RLIMIT_CORE:
    case RLIMIT_RSS:
    case RLIMIT_LOCKS:
    case RLIMIT_MEMLOCK:
    case RLIMIT_SIGPENDING:
        return true;
    }
    return false;
}

static void note_limits(void) {
    bool memory = current(RLIMIT_AS) < from_start(RLIMIT_AS).rlim_cur ||
                  current(RLIMIT_DATA) < from_start(RLIMIT_DATA).rlim_cur;
    bool threads = current(RLIMIT_NPROC) < libos_boot->thread_limit;
    __atomic_store_n(&memory_is_limited, memory, __ATOMIC_RELAXED);
    __atomic_store_n(&threads_are_limited, threads, __ATOMIC_RELAXED);
    __atomic_store_n(&libos_file_size_limited, current(RLIMIT_FSIZE) != RLIM_INFINITY, __ATOMIC_RELAXED);
}

static long change(int resource, const struct rlimit *wanted) {
    const struct rlimit now = limits_of(resource);
    bool is_same = wanted->rlim_cur == now.rlim_cur && wanted->rlim_max == now.rlim_max;
    if (wanted->rlim_cur > wanted->rlim_max)
        return -EINVAL;
    if (is_same)
        return 0;
    if (wanted->rlim_max > now.rlim_max || !can_change(resource))
        return -EPERM;
    limits[resource] = *wanted;
    __atomic_fetch_or(&changed, 1u << resource, __ATOMIC_RELEASE);
    note_limits();
    return 0;
}

long sys_prlimit64(long process, long resource, const void *limit, void *old) {
    struct rlimit wanted, before;
    long result = 0;
    if (process != 0 && !libos_is_own(process))
        return -ESRCH;
    if (resource < 0 || resource >= RLIM_NLIMITS)
        return -EINVAL;
    if (limit)
        memcpy(&wanted, limit, sizeof wanted);
    libos_lock(&lock);
    before = limits_of((int)resource);
    if (limit)
        result = change((int)resource, &wanted);
    libos_unlock(&lock);
    if (result == 0 && old)
        memcpy(old, &before, sizeof before);
    return result;
}

long sys_getrlimit(long resource, void *limit) {
    return sys_prlimit64(0, resource, NULL, limit);
}

long sys_setrlimit(long resource, const void *limit) {
    return sys_prlimit64(0, resource, limit, NULL);
}
