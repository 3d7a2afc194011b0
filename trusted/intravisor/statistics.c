/* What compartments use. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "capability.h"
#include "store.h"

#define SECOND 1000000000

/* Clocks of another thread, as the kernel numbers them. */
#define CLOCK_USER 1u
#define CLOCK_SCHEDULED 2u
#define CLOCK_OF_THREAD 4u

static uint64_t read_clock(int tid, unsigned which) {
    clockid_t clock = (clockid_t)((~(unsigned)tid << 3) | CLOCK_OF_THREAD | which);
    struct timespec time;
    return clock_gettime(clock, &time) == 0 ? (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec : 0;
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
        usage->hostcalls += thread->hostcalls;
    }
    usage->processor_time = times.all;
    usage->user_time = times.user < times.all ? times.user : times.all;
    usage->system_time = times.all - usage->user_time;
}

/* --- Resident memory: what the page map says about pages that are the process' own --- */

#define PAGE_PRESENT (UINT64_C(1) << 63)
#define PAGE_SWAPPED (UINT64_C(1) << 62)
#define PAGE_OF_FILE (UINT64_C(1) << 61)

static uint64_t private_bytes(const struct orc_cell *cell, uint64_t start, uint64_t size) {
    uint64_t chunk[512], bytes = 0;
    uint64_t page = start / ORC_PAGE_SIZE, end = page_up(start + size) / ORC_PAGE_SIZE;
    while (page < end) {
        uint64_t count = end - page < 512 ? end - page : 512;
        ssize_t got = pread(cell->pagemap, chunk, count * sizeof *chunk, (off_t)(page * sizeof *chunk));
        if (got <= 0)
            break;
        for (uint64_t i = 0; i < (uint64_t)got / sizeof *chunk; i++)
            bytes += (chunk[i] & (PAGE_PRESENT | PAGE_SWAPPED)) && !(chunk[i] & PAGE_OF_FILE) ? ORC_PAGE_SIZE : 0;
        page += (uint64_t)got / sizeof *chunk;
    }
    return bytes;
}

static uint64_t resident_bytes(struct orc_compartment *compartment) {
    uint64_t bytes = 0, slot = (uint64_t)compartment->slot;
    for (const struct grant *grant = compartment->grants; grant; grant = grant->next)
        bytes += private_bytes(compartment->cell, slot + grant->object->base + grant->object->layout.data,
                               grant->object->layout.data_size);
    for (const struct orc_thread *thread = compartment->threads; thread; thread = thread->next) {
        uint64_t lowest = thread_context(thread);
        bytes += private_bytes(compartment->cell, lowest, thread_region(thread) + THREAD_REGION - lowest);
    }
    HOLD(compartment->memory_lock);
    for (unsigned i = 0; i < compartment->memory.count; i++) {
        const struct extent *extent = &compartment->memory.extents[i];
        bytes += private_bytes(compartment->cell, slot + extent->start, extent->end - extent->start);
    }
    return bytes;
}

int orc_compartment_statistics(struct orc_compartment *compartment, struct orc_statistics *statistics) {
    struct orc_usage usage;
    compartment_usage(compartment, &usage);
    HOLD(compartment->lock);
    *statistics = (struct orc_statistics){
        .processor_time = usage.processor_time,
        .user_time = usage.user_time,
        .system_time = usage.system_time,
        .memory = usage.memory,
        .memory_limit = usage.memory_limit,
        .resident = compartment->cell->pagemap >= 0 ? resident_bytes(compartment) : 0,
        .hostcalls = usage.hostcalls,
        .registered = compartment->registered,
        .threads = usage.threads,
        .handles = usage.handles,
        .objects = compartment->grant_count,
        .running = compartment->started && !compartment->over,
    };
    for (const struct grant *grant = compartment->grants; grant; grant = grant->next)
        statistics->shared += object_shared_bytes(grant->object);
    return 0;
}
