/* What compartments use. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
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

void compartment_usage(struct orc_compartment *compartment, struct orc_usage *usage) {
    HOLD(compartment->lock);
    struct processor_times times = compartment->spent;
    *usage = (struct orc_usage){
        .memory = __atomic_load_n(&compartment->memory.bytes, __ATOMIC_RELAXED),
        .memory_limit = compartment->limits.memory,
        .hostcalls = compartment->hostcalls,
        .threads = compartment->thread_count,
        .thread_limit = compartment->limits.threads,
        .handles = compartment->handle_count,
        .handle_limit = compartment->limits.handles,
    };
    for (const struct orc_thread *thread = compartment->threads; thread; thread = thread->next) {
        add_times(&times, thread);
        usage->hostcalls += __atomic_load_n(&thread->hostcalls, __ATOMIC_RELAXED);
    }
    usage->processor_time = times.all;
    usage->user_time = times.user < times.all ? times.user : times.all;
    usage->system_time = times.all - usage->user_time;
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
