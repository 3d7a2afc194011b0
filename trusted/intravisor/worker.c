/* Workers: the host threads that guests' threads run on. A worker's stacks and the guest thread's lie in one
 * region; finished workers wait for the next guest thread, a few of them at least. */
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "floats.h"
#include "guest_memory.h"
#include "thread.h"

#define MAX_IDLE_WORKERS 64u
#define MAX_IDLE_AFTER_REST 8u /* their memory is what resting is about */
#define KEPT_STACK (2 * ORC_PAGE_SIZE) /* of an idle worker's control stack */

static void wait_for_job(struct orc_thread *thread) {
    while (__atomic_load_n(&thread->job, __ATOMIC_ACQUIRE) == 0)
        syscall(SYS_futex, &thread->job, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

static void give_job(struct orc_thread *thread) {
    __atomic_store_n(&thread->job, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, &thread->job, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* --- What a worker does --- */

void worker_finish(struct orc_thread *thread, const struct orc_result *result) {
    struct orc_compartment *compartment = thread->compartment;
    bool ends = result->outcome == ORC_FAULTED ||
                (result->outcome == ORC_EXITED && thread->exited == EXITED_COMPARTMENT) ||
                (result->outcome == ORC_RETURNED && thread->first);
    void (*on_end)(void *context) = NULL;
    pthread_mutex_lock(&compartment->lock);
    void *context = compartment->on_end_context;
    if (ends)
        compartment_end(compartment, result, thread);
    thread_leave(thread);
    if (thread->tid != 0) /* it is the calling one */
        compartment->faults += own_faults() - thread->faults_before;
    if (--compartment->worker_count == 0) {
        compartment_end(compartment, &(struct orc_result){.outcome = ORC_EXITED}, thread);
        compartment->over = true;
        on_end = compartment->on_end;
        pthread_cond_broadcast(&compartment->ended);
    }
    pthread_mutex_unlock(&compartment->lock);
    timers_release(thread);
    if (on_end)
        on_end(context);
}

static void work(struct orc_thread *thread) {
    struct orc_compartment *compartment = thread->compartment;
    struct orc_result result;
    if (thread->tid == 0) { /* until then nobody could send it signals */
        HOLD(compartment->lock);
        thread->tid = gettid();
        if (thread->interrupted)
            thread_interrupt(thread);
    }
    thread->faults_before = own_faults();
    thread_run(thread, 0, &result);
    if (thread->exited == EXITED_HOST_THREAD)
        dormant_begin(thread);
    else
        worker_finish(thread, &result);
}

/* Gives back what a deep guest, or host, used of the control stack. */
static void trim_control_stack(const struct orc_thread *thread) {
    uint64_t kept = ((uint64_t)thread & ~(uint64_t)(ORC_PAGE_SIZE - 1)) + ORC_PAGE_SIZE - KEPT_STACK;
    madvise((void *)thread->control_stack, kept - thread->control_stack, MADV_DONTNEED);
}

static bool has_default_size(const struct orc_thread *thread) {
    return thread_region(thread) + THREAD_REGION - thread->control_stack ==
           page_up(DEFAULT_CONTROL_STACK + THREAD_SIZE);
}

/* Joins the workers of a list and frees their regions. */
static void reap(struct orc_cell *cell, struct orc_thread *list) {
    while (list) {
        struct orc_thread *thread = list;
        list = thread->next;
        pthread_join(thread->owner, NULL);
        region_destroy(cell, &cell->workers, thread);
    }
}

/* Puts the worker among the idle ones, or among those that are to be joined, in place of those who were there. */
static bool become_idle(struct orc_cell *cell, struct orc_thread *thread) {
    const unsigned most = thread->exited == EXITED_HOST_THREAD ? MAX_IDLE_AFTER_REST : MAX_IDLE_WORKERS;
    trim_control_stack(thread);
    pthread_mutex_lock(&cell->lock);
    bool stays = cell->idle_worker_count < most && has_default_size(thread);
    struct orc_thread **list = stays ? &cell->idle_workers : &cell->finished_workers;
    struct orc_thread *finished = stays ? NULL : cell->finished_workers;
    cell->idle_worker_count += stays;
    thread->job = 0;
    thread->next = stays ? *list : NULL;
    *list = thread;
    pthread_mutex_unlock(&cell->lock);
    reap(cell, finished);
    return stays;
}

static void *worker_main(void *argument) {
    struct orc_thread *thread = argument;
    struct orc_cell *cell = thread->compartment->cell;
    stack_t stack = {.ss_sp = (void *)thread_signal_stack(thread), .ss_size = SIGNAL_STACK_SIZE}, before;
    floats_of_host();
    block_signals(NULL);
    sigaltstack(&stack, &before);
    do {
        work(thread);
        if (!become_idle(cell, thread))
            break;
        wait_for_job(thread);
    } while (thread->compartment);
    sigaltstack(&before, NULL);
    return NULL;
}

/* --- What its creator does --- */

static int create_host_thread(struct orc_thread *thread) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    int status = pthread_attr_setstack(&attributes, (void *)thread_host_stack(thread), HOST_STACK_SIZE);
    if (status == 0)
        status = pthread_create(&thread->owner, &attributes, worker_main, thread);
    pthread_attr_destroy(&attributes);
    return -status;
}

/* An idle worker, or a region for a new one. */
static int take_worker(struct orc_cell *cell, uint64_t control_stack, struct orc_thread **thread) {
    struct orc_thread *idle = NULL;
    {
        HOLD(cell->lock);
        if (cell->idle_workers && control_stack == DEFAULT_CONTROL_STACK) {
            idle = cell->idle_workers;
            cell->idle_workers = idle->next;
            cell->idle_worker_count--;
        }
    }
    *thread = idle;
    return idle ? 0 : region_create(cell, control_stack, &cell->workers, thread);
}

/* A region for the calling thread: one that such a thread has left, or a new one. */
static int take_caller(struct orc_cell *cell, uint64_t control_stack, struct orc_thread **thread) {
    *thread = NULL;
    if (control_stack == DEFAULT_CONTROL_STACK) {
        HOLD(cell->lock);
        *thread = cell->idle_regions;
        cell->idle_regions = *thread ? (*thread)->next : NULL;
    }
    int status = *thread ? 0 : region_create(cell, control_stack, &cell->workers, thread);
    if (status < 0)
        return status;
    (*thread)->worker = false;
    (*thread)->owner = pthread_self();
    (*thread)->tid = gettid();
    (*thread)->before = thread_times((*thread)->tid);
    return 0;
}

static void fill(struct orc_thread *thread, struct orc_compartment *compartment,
                 const struct thread_start *start) {
    thread_prepare(thread, compartment);
    thread->began = to_nanoseconds(time_from_now(0));
    thread->first = start->first;
    thread->entry = start->entry;
    thread->registers = (struct orc_registers){.rdi = start->argument, .rbp = start->stack};
    thread->thread_pointer = start->thread_pointer;
    const struct orc_thread *original = start->original;
    if (start->creator)
        floats_inherit(thread, start->creator);
    if (!original)
        return;
    floats_inherit(thread, original);
    /* It gets the other's control stack, which has the same size: nothing but return addresses of guest code, and
     * above them the host's own, which is the same in all threads. */
    uint64_t size = (uint64_t)original - (uint64_t)original->gate_frame;
    thread->gate_frame = (struct gate_frame *)((uint64_t)thread - size);
    memcpy(thread->gate_frame, original->gate_frame, size);
    thread->thread_pointer = original->thread_pointer;
    thread->first = original->first;
    thread->value = 1; /* of the hostcall that it returns from: ORC_FREEZE, or ORC_POLL */
    if (!original->dormant)
        return;
    thread->value = original->interrupted ? -EINTR : 0;
    thread->hostcalls = original->hostcalls;
    thread->before.all += original->before.all;
    thread->before.user += original->before.user;
}

/* The compartment's lock keeps the entry's object where it is. */
static int check_start(struct orc_compartment *compartment, const struct thread_start *start) {
    const uint32_t id = compartment->last_thread_id + 1;
    if (start->original && start->original->dormant) /* it's there already */
        return 0;
    if (compartment->ending)
        return -EINTR;
    if (compartment->thread_count >= compartment->limits.threads)
        return -EAGAIN;
    if (!start->original && !compartment_has_entry(compartment, start->entry))
        return -EINVAL;
    return start->id_address ? orc_guest_copy(compartment->slot + start->id_address, &id, sizeof id) : 0;
}

int64_t worker_start(struct orc_compartment *compartment, const struct thread_start *start) {
    struct orc_cell *cell = compartment->cell;
    const struct orc_thread *original = start->original;
    struct orc_thread *thread;
    int status = check_start(compartment, start);
    if (status < 0)
        return status;
    if ((start->caller ? take_caller : take_worker)(cell, compartment->limits.control_stack, &thread) < 0)
        return -EAGAIN;
    fill(thread, compartment, start);
    bool idle = thread->worker;
    thread->worker = true;
    if (start->caller) {
        *start->caller = thread;
    } else if (!idle && (status = create_host_thread(thread)) < 0) { /* it waits for the compartment's lock */
        region_destroy(cell, &cell->workers, thread);
        return status;
    }
    if (original && original->dormant) {
        thread_replace(original, thread);
    } else {
        thread_join(thread);
        compartment->worker_count++;
    }
    thread_arm(thread);
    if (original) { /* its return addresses are as old */
        HOLD(cell->lock); /* who looks for the oldest thread meets this one or the other, which can't leave now */
        thread->id = original->id;
        __atomic_store_n(&thread->born, original->born, __ATOMIC_SEQ_CST);
    }
    uint32_t id = thread->id;
    if (idle)
        give_job(thread);
    return id;
}

void worker_run(struct orc_thread *thread) {
    struct orc_cell *cell = thread->compartment->cell;
    attach_host();
    activate(thread);
    work(thread);
    detach_host(thread);
    if (!has_default_size(thread)) {
        region_destroy(cell, &cell->workers, thread);
        return;
    }
    trim_control_stack(thread);
    HOLD(cell->lock);
    thread->next = cell->idle_regions; /* no more of them than threads that were here at once */
    cell->idle_regions = thread;
}

void workers_release(struct orc_cell *cell) {
    while (cell->idle_regions) {
        struct orc_thread *idle = cell->idle_regions;
        cell->idle_regions = idle->next;
        region_destroy(cell, &cell->workers, idle);
    }
    for (;;) {
        pthread_mutex_lock(&cell->lock);
        struct orc_thread *idle = cell->idle_workers, *finished = cell->finished_workers;
        bool any = cell->workers > 0;
        cell->idle_workers = cell->finished_workers = NULL;
        cell->idle_worker_count = 0;
        pthread_mutex_unlock(&cell->lock);
        if (!any)
            return;
        for (struct orc_thread *thread = idle; thread; thread = thread->next) {
            thread->compartment = NULL;
            give_job(thread);
        }
        reap(cell, idle);
        reap(cell, finished);
        sched_yield(); /* a compartment's last worker may still be on its way to the idle ones */
    }
}
