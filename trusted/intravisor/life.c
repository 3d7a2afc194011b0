/* A compartment's life: started, waited for, signalled, killed. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "orc/hostcall.h"
#include "store.h"
#include "thread.h"

void compartment_end(struct orc_compartment *compartment, const struct orc_result *result,
                     const struct orc_thread *but) {
    if (compartment->ending)
        return;
    compartment->ending = true;
    compartment->result = *result;
    for (struct orc_thread *thread = compartment->threads; thread; thread = thread->next)
        if (thread != but)
            thread_stop(thread);
}

#define FIRST_PAGES (3 * ORC_PAGE_SIZE) /* of the first stack */

/* The first stack and, above it, the start block. */
static int map_start(struct orc_compartment *compartment, const struct orc_start *start,
                     struct orc_error *error) {
    if (start->start_info_size > ORC_START_BLOCK_END - ORC_START_BLOCK)
        return fail(error, E2BIG, "start: %zu bytes of arguments and environment are too many",
                    start->start_info_size);
    int status =
        memory_map(compartment, ORC_STACK_TOP - ORC_STACK_SIZE,
                   ORC_STACK_SIZE + page_up(start->start_info_size), ORC_MEMORY_READ | ORC_MEMORY_WRITE);
    if (status < 0)
        return failed(error, -status, "start: can't map the first stack of 8 MiB (see the memory limit)");
    /* What any program touches at once, in one step instead of a fault each; it doesn't matter if it fails.
     */
    madvise(compartment->slot + ORC_STACK_TOP - FIRST_PAGES, FIRST_PAGES + page_up(start->start_info_size),
            MADV_POPULATE_WRITE);
    /* No guest thread runs yet. */
    memcpy(compartment->slot + ORC_START_BLOCK, start->start_info, start->start_info_size);
    return 0;
}

/* Maps the object, unless it is granted already, and gives it a handle. */
static int grant_program(struct orc_compartment *compartment, struct orc_object *object,
                         struct orc_error *error) {
    struct grant *grant = compartment_grant_of(compartment, object);
    int64_t status = grant ? 0 : grant_to(compartment, object, &grant);
    if (status == 0)
        status = capability_of_grant(compartment, grant, 0);
    if (status < 0)
        return failed(error, (int)-status, "start: can't map the object (see the quotas)");
    return 0;
}

static int64_t start_program(struct orc_compartment *compartment, const struct orc_start *start,
                             struct orc_thread **caller, struct orc_error *error) {
    int64_t status = grant_program(compartment, start->object, error);
    if (status == 0)
        status = map_start(compartment, start, error);
    if (status < 0)
        return status;
    const struct thread_start first = {.entry = start->object->base + start->entry,
                                       .stack = ORC_STACK_TOP,
                                       .argument = ORC_START_BLOCK,
                                       .first = true,
                                       .caller = caller};
    status = worker_start(compartment, &first);
    if (status < 0)
        failed(error, (int)-status, "start: can't start a thread at the entry, if it's an entry point");
    return status;
}

/* `caller`: NULL, or where the first thread goes that the calling thread is to run. */
static int begin(struct orc_compartment *compartment, const struct orc_start *start,
                 struct orc_thread **caller, struct orc_error *error) {
    HOLD(compartment->lock);
    if (compartment->started || compartment->ending || compartment->bare ||
        (caller && (start->zygote || host_is_inside())))
        return fail(error, EBUSY, "start: it was started or killed, is bare or a clone, or inside another");
    int64_t status = start->zygote ? clone_start(compartment, start, error)
                                   : start_program(compartment, start, caller, error);
    compartment->started = compartment->worker_count > 0;
    return status < 0 ? (int)status : 0;
}

int orc_compartment_start(struct orc_compartment *compartment, const struct orc_start *start,
                          struct orc_error *error) {
    return begin(compartment, start, NULL, error);
}

int orc_compartment_run(struct orc_compartment *compartment, const struct orc_start *start,
                        struct orc_result *result, struct orc_error *error) {
    struct orc_thread *thread;
    int status = begin(compartment, start, &thread, error);
    if (status < 0)
        return status;
    worker_run(thread);
    return orc_compartment_wait(compartment, UINT64_MAX, result);
}

void make_condition(pthread_cond_t *condition) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

struct timespec time_from_now(uint64_t nanoseconds) {
    const uint64_t far = UINT64_C(1) << 62;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return to_timespec(to_nanoseconds(now) + (int64_t)(nanoseconds < far ? nanoseconds : far));
}

int orc_compartment_wait(struct orc_compartment *compartment, uint64_t nanoseconds,
                         struct orc_result *result) {
    const struct timespec until = time_from_now(nanoseconds);
    int status = 0;
    HOLD(compartment->lock);
    while (!compartment->over && status == 0)
        status = pthread_cond_timedwait(&compartment->ended, &compartment->lock, &until);
    if (!compartment->over)
        return -status;
    *result = compartment->result;
    return 0;
}

void orc_compartment_on_end(struct orc_compartment *compartment, void (*function)(void *context),
                            void *context) {
    pthread_mutex_lock(&compartment->lock);
    bool over = compartment->over;
    compartment->on_end = function;
    compartment->on_end_context = context;
    pthread_mutex_unlock(&compartment->lock);
    if (over && function)
        function(context);
}

void orc_compartment_kill(struct orc_compartment *compartment) {
    HOLD(compartment->lock);
    compartment_end(compartment, &(struct orc_result){.outcome = ORC_STOPPED}, NULL);
    if (!compartment->started && !compartment->over) {
        compartment->over = true;
        pthread_cond_broadcast(&compartment->ended);
    }
}

int orc_compartment_signal(struct orc_compartment *compartment, int signal) {
    if (signal < 1 || signal > ORC_FREEZE_SIGNAL)
        return -EINVAL;
    if (signal == SIGKILL) {
        orc_compartment_kill(compartment);
        return 0;
    }
    HOLD(compartment->lock);
    struct orc_thread *thread = compartment->threads;
    while (thread && !thread->worker)
        thread = thread->next;
    if (!thread)
        return -ESRCH;
    __atomic_or_fetch(&compartment->signals, 1u << (signal - 1), __ATOMIC_SEQ_CST);
    thread_interrupt(thread);
    return 0;
}

static bool kill_users(void *hash, struct orc_compartment *compartment) {
    bool uses = false;
    pthread_mutex_lock(&compartment->lock);
    for (const struct grant *grant = compartment->grants; grant && !uses; grant = grant->next)
        uses = memcmp(grant->object->hash, hash, ORC_HASH_SIZE) == 0;
    pthread_mutex_unlock(&compartment->lock);
    if (uses)
        orc_compartment_kill(compartment);
    return true;
}

int orc_cell_revoke(struct orc_cell *cell, const uint8_t *hash, struct orc_error *error) {
    uint8_t copy[ORC_HASH_SIZE];
    memcpy(copy, hash, sizeof copy); /* it may be one of the objects' own */
    if (!store_revoke(cell, copy))
        return fail(error, ENOENT, "revoke: the cell holds no object of this hash");
    orc_cell_compartments(cell, kill_users, copy);
    return 0;
}
