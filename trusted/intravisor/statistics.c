/* What compartments use. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "capability.h"
#include "store.h"

/* Clocks of another thread, as the kernel numbers them. */
#define CLOCK_USER 1u
#define CLOCK_SCHEDULED 2u
#define CLOCK_OF_THREAD 4u

static uint64_t read_clock(int tid, unsigned which) {
    clockid_t clock = (clockid_t)((~(unsigned)tid << 3) | CLOCK_OF_THREAD | which);
    struct timespec time;
    return clock_gettime(clock, &time) == 0 ? (uint64_t)to_nanoseconds(time) : 0;
}

struct processor_times thread_times(int tid) {
    if (tid == 0) /* it hasn't run yet */
        return (struct processor_times){0};
    return (struct processor_times){read_clock(tid, CLOCK_SCHEDULED), read_clock(tid, CLOCK_USER)};
}

struct processor_times add_times(struct processor_times *sum, const struct orc_thread *thread) {
    struct processor_times now = thread_times(thread->tid);
    sum->all += now.all - thread->before.all;
    sum->user += now.user - thread->before.user;
    return now;
}

uint64_t own_faults(void) {
    struct rusage usage;
    return getrusage(RUSAGE_THREAD, &usage) == 0 ? (uint64_t)usage.ru_minflt + (uint64_t)usage.ru_majflt : 0;
}

uint64_t thread_time(struct orc_compartment *compartment, uint64_t id) {
    struct processor_times times = {0};
    HOLD(compartment->lock);
    const struct orc_thread *thread = compartment->threads;
    while (thread && thread->id != id)
        thread = thread->next;
    if (!thread)
        return UINT64_MAX;
    add_times(&times, thread);
    return times.all;
}

static void set_times(struct orc_usage *usage, const struct processor_times *times) {
    usage->processor_time = times->all;
    usage->user_time = times->user < times->all ? times->user : times->all;
    usage->system_time = times->all - usage->user_time;
}

void thread_usage(const struct orc_thread *thread, struct orc_usage *usage) {
    struct processor_times times = {0};
    add_times(&times, thread);
    set_times(usage, &times);
    usage->faults = own_faults() - thread->faults_before;
}

void compartment_usage(struct orc_compartment *compartment, struct orc_usage *usage) {
    HOLD(compartment->lock);
    struct processor_times times = compartment->spent;
    *usage = (struct orc_usage){
        .memory = __atomic_load_n(&compartment->memory.bytes, __ATOMIC_RELAXED),
        .memory_limit = compartment->limits.memory,
        .memory_peak = __atomic_load_n(&compartment->memory.peak, __ATOMIC_RELAXED),
        .hostcalls = compartment->hostcalls,
        .faults = compartment->faults,
        .threads = compartment->thread_count,
        .thread_limit = compartment->limits.threads,
        .handles = compartment->handle_count,
        .handle_limit = compartment->limits.handles,
    };
    for (const struct orc_thread *thread = compartment->threads; thread; thread = thread->next) {
        add_times(&times, thread);
        usage->hostcalls += __atomic_load_n(&thread->hostcalls, __ATOMIC_RELAXED);
    }
    set_times(usage, &times);
}

int orc_compartment_statistics(struct orc_compartment *compartment, struct orc_statistics *statistics) {
    struct orc_usage usage;
    compartment_usage(compartment, &usage);
    HOLD(compartment->lock);
    *statistics =
        (struct orc_statistics){.memory_limit = usage.memory_limit, .registered = compartment->registered};
    statistics->processor_time = usage.processor_time;
    statistics->user_time = usage.user_time;
    statistics->system_time = usage.system_time;
    statistics->memory = usage.memory;
    statistics->hostcalls = usage.hostcalls;
    statistics->threads = usage.threads;
    statistics->parked = compartment->parked;
    statistics->handles = usage.handles;
    statistics->objects = compartment->grant_count;
    statistics->running = compartment->started && !compartment->over;
    for (const struct grant *grant = compartment->grants; grant; grant = grant->next) {
        statistics->shared += object_shared_bytes(grant->object);
        statistics->cls += page_up(grant->object->layout.data_size);
    }
    return 0;
}
