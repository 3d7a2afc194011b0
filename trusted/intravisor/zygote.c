/* Zygotes: compartments that are frozen, and what is started from their image.
 *
 * A frozen compartment's threads are parked inside hostcalls. So all that the guest has of a thread is in its
 * slot, in the gate's frame and in the return addresses above it: clones get copies of these. None of it
 * leads to the slot that it was made in. The parked threads go on counting as threads that run, so that no
 * code address on their control stacks is reused while clones may be made; a clone's threads are as old. */
#include <errno.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "orc/hostcall.h"
#include "orc/zygote.h"
#include "store.h"
#include "thread.h"

#define AGAIN 5000000                  /* ns between two looks at threads that aren't parked yet */
#define LEAST_GAP (64 * ORC_PAGE_SIZE) /* so many zero pages are fresh memory in clones, not image */

/* --- Parking --- */

void park_wait(struct orc_thread *thread) {
    struct orc_compartment *compartment = thread->compartment;
    uint32_t frozen;
    while ((frozen = compartment->frozen) != 0 && !thread->stopping) {
        syscall(SYS_futex, &compartment->frozen, FUTEX_WAIT_PRIVATE, frozen, NULL, NULL, 0);
        wake_end(thread); /* an interrupt waits until it goes on */
    }
    HOLD(compartment->lock);
    thread->parked = false;
    compartment->parked--;
}

/* The last one isn't parked: it is asked to call ORC_FREEZE, once it has recorded what clones will need. */
void park(struct orc_thread *thread) {
    struct orc_compartment *compartment = thread->compartment;
    {
        HOLD(compartment->lock);
        if (compartment->parked + 1 == compartment->thread_count && !thread->freezes) {
            __atomic_or_fetch(&compartment->signals, ORC_SIGNAL_FREEZE, __ATOMIC_SEQ_CST);
            return;
        }
        thread->parked = true;
        compartment->parked++;
        pthread_cond_broadcast(&compartment->ended);
    }
    park_wait(thread);
}

void thaw(struct orc_compartment *compartment) {
    __atomic_store_n(&compartment->frozen, 0, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &compartment->frozen, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

/* Waits until every thread is parked. */
static int park_all(struct orc_compartment *compartment, uint64_t nanoseconds) {
    const struct timespec until = time_from_now(nanoseconds);
    bool late = false;
    HOLD(compartment->lock);
    if (!compartment->started || compartment->ending || compartment->frozen)
        return -EINVAL;
    compartment->frozen = FROZEN_ZYGOTE;
    while (!compartment->ending && compartment->parked < compartment->thread_count && !late) {
        for (struct orc_thread *thread = compartment->threads; thread; thread = thread->next)
            if (!thread->parked && !thread->interrupted)
                thread_interrupt(thread, INTERRUPTED_BLOCKING);
        const struct timespec step = time_from_now(AGAIN);
        late = to_nanoseconds(step) > to_nanoseconds(until);
        pthread_cond_timedwait(&compartment->ended, &compartment->lock, &step);
    }
    return compartment->ending ? -ESRCH : late ? -EBUSY : 0;
}

/* --- The image --- */

static bool is_zero(const uint8_t *page) {
    return page[0] == 0 && memcmp(page, page + 1, ORC_PAGE_SIZE - 1) == 0;
}

static int save_page(const struct orc_compartment *compartment, uint32_t page) {
    ssize_t done = pwrite(compartment->image, compartment->slot + page, ORC_PAGE_SIZE, page);
    return done == ORC_PAGE_SIZE ? 0 : -ENOMEM;
}

static int add_extent(struct memory_map *map, uint32_t start, uint32_t end, int protection) {
    if (start == end)
        return 0;
    if (map->count == map->space) {
        void *grown = realloc(map->extents, (2 * (size_t)map->space + 8) * sizeof *map->extents);
        if (!grown)
            return -ENOMEM;
        map->extents = grown;
        map->space = 2 * map->space + 8;
    }
    map->extents[map->count++] = (struct extent){start, end, protection};
    return 0;
}

/* Copies an extent's pages that aren't zero to the image. Wide gaps between them become extents of their own.
 */
static int save_extent(const struct orc_compartment *compartment, const struct extent *extent,
                       struct memory_map *map) {
    uint32_t start = extent->start, used = start; /* [start, used) is image */
    int status = mprotect(compartment->slot + start, extent->end - start, PROT_READ) == 0 ? 0 : -errno;
    for (uint32_t page = start; page < extent->end && status == 0; page += ORC_PAGE_SIZE) {
        if (is_zero(compartment->slot + page))
            continue;
        if (page - used >= LEAST_GAP || used == start) {
            status = add_extent(map, start, used, extent->protection | OF_IMAGE);
            if (status == 0)
                status = add_extent(map, used, page, extent->protection & ~OF_IMAGE);
            start = page;
        }
        used = page + ORC_PAGE_SIZE;
        if (status == 0)
            status = save_page(compartment, page);
    }
    if (status == 0)
        status = add_extent(map, start, used, extent->protection | OF_IMAGE);
    return status < 0 ? status : add_extent(map, used, extent->end, extent->protection & ~OF_IMAGE);
}

static int save_data(const struct orc_compartment *compartment, const struct orc_object *object) {
    uint32_t start = object->base + object->layout.data, size = (uint32_t)page_up(object->layout.data_size);
    int status = 0;
    for (uint32_t page = start; page < start + size && status == 0; page += ORC_PAGE_SIZE)
        if (!is_zero(compartment->slot + page))
            status = save_page(compartment, page);
    return status;
}

/* No thread of the guest runs, and none will: its memory, and its account, are nobody else's. */
static int save(struct orc_compartment *compartment) {
    struct memory_map map = {.bytes = compartment->memory.bytes};
    int status = compartment->image = memory_file("orc-zygote", ORC_SLOT_SIZE);
    for (unsigned i = 0; i < compartment->memory.count && status >= 0; i++)
        status = save_extent(compartment, &compartment->memory.extents[i], &map);
    for (const struct grant *grant = compartment->grants; grant && status >= 0; grant = grant->next)
        status = save_data(compartment, grant->object);
    if (status >= 0)
        status = memory_allows(compartment, map.count) ? memory_file_seal(compartment->image) : -ENOMEM;
    if (status < 0) {
        free(map.extents);
        return status;
    }
    free(compartment->memory.extents);
    compartment->memory = map;
    munmap(compartment->slot, ORC_SLOT_SIZE); /* what can't be unmapped now goes with the slot */
    return 0;
}

int orc_compartment_freeze(struct orc_compartment *compartment, uint64_t nanoseconds,
                           struct orc_error *error) {
    int status = park_all(compartment, nanoseconds);
    if (status == -EBUSY) {
        HOLD(compartment->lock);
        thaw(compartment);
        return fail(error, EBUSY, "freeze: a thread didn't come to a hostcall that waits: try again later");
    }
    if (status < 0)
        return fail(error, -status, "freeze: the compartment doesn't run, or is frozen already");
    status = save(compartment);
    if (status < 0) {
        orc_compartment_kill(compartment); /* its memory may be read-only by now */
        return failed(error, -status, "freeze: no memory for the image");
    }
    return 0;
}

/* --- Clones --- */

static int clone_grants(struct orc_compartment *compartment, const struct orc_compartment *zygote) {
    int status = 0;
    for (const struct grant *from = zygote->grants; from && status == 0; from = from->next) {
        struct orc_object *object = from->object;
        uint32_t data = object->base + object->layout.data;
        struct grant *grant;
        status = grant_to(compartment, object, &grant);
        if (status == 0 && from->handle != ORC_NO_HANDLE)
            status = capability_put_grant(compartment, grant, from->handle);
        if (status == 0)
            status = import_table_clone(compartment, grant, from);
        if (status == 0 && object->layout.data_size > 0)
            status = map_image(compartment->slot, zygote->image, data,
                               data + (uint32_t)page_up(object->layout.data_size), PROT_READ | PROT_WRITE);
        if (status == 0)
            grant->count = from->count;
    }
    return status;
}

static int clone_threads(struct orc_compartment *compartment, const struct orc_compartment *zygote) {
    compartment->frozen = FROZEN_CLONE;
    for (const struct orc_thread *thread = zygote->threads; thread; thread = thread->next) {
        const struct thread_start start = {.original = thread};
        int64_t id = worker_start(compartment, &start);
        if (id < 0)
            return (int)id;
    }
    compartment->last_thread_id = zygote->last_thread_id;
    compartment->started = true;
    return 0;
}

static int check_clone(const struct orc_compartment *compartment, const struct orc_compartment *zygote,
                       struct orc_error *error) {
    if (compartment->started || compartment->ending || compartment->bare ||
        compartment->memory.count + compartment->thread_count > 0)
        return fail(error, EBUSY, "clone: the compartment isn't new");
    if (zygote->image < 0 || zygote->ending || zygote->cell != compartment->cell)
        return fail(error, EBUSY, "clone: %s is no zygote, or was killed", zygote->name);
    if (strcmp(compartment->domain, zygote->domain) != 0)
        return fail(error, EPERM, "clone: the zygote belongs to another sharing domain");
    if (compartment->limits.control_stack != zygote->limits.control_stack)
        return fail(error, EINVAL, "clone: its zygote's control stacks have another size");
    return 0;
}

static int start_clone(struct orc_compartment *compartment, struct orc_compartment *zygote, const void *info,
                       size_t info_size, struct orc_error *error) {
    HOLD(zygote->lock);
    pthread_mutex_lock(&compartment->lock);
    int status = check_clone(compartment, zygote, error);
    if (status == 0) {
        compartment->clone_info = malloc(info_size);
        status = compartment->clone_info ? 0 : -ENOMEM;
        if (status == 0) {
            compartment->clone_info_size = info_size;
            memcpy(compartment->clone_info, info, info_size);
            status = clone_grants(compartment, zygote);
        }
        if (status == 0)
            status = memory_clone(compartment, zygote);
        if (status == 0)
            status = clone_threads(compartment, zygote);
        if (status < 0)
            failed(error, -status, "clone: can't copy the zygote (see the quotas)");
    }
    pthread_mutex_unlock(&compartment->lock);
    return status;
}

int orc_compartment_start_clone(struct orc_compartment *compartment, struct orc_compartment *zygote,
                                const void *info, size_t info_size, struct orc_error *error) {
    int status = start_clone(compartment, zygote, info, info_size, error);
    if (status == 0 || status == -EBUSY)
        return status;
    orc_compartment_kill(compartment); /* some of its threads may have been started */
    HOLD(compartment->lock);
    while (compartment->worker_count > 0)
        pthread_cond_wait(&compartment->ended, &compartment->lock);
    return status;
}
