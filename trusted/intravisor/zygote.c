/* Zygotes: compartments whose threads are all parked in ORC_FREEZE, and the clones that are started from
 * them.
 *
 * All that a guest has of a parked thread is in its slot, in the gate's frame, and in the return addresses
 * above that, and none of it leads to the slot that it was made in. The embedder copies the slot; the rest is
 * copied here. Parked threads count as threads that run, so no code address on their control stacks is reused
 * as long as clones may be made; and a clone's threads are as old as they are. */
#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "store.h"
#include "thread.h"

void orc_compartment_freeze(struct orc_compartment *compartment, bool freeze) {
    HOLD(compartment->lock);
    __atomic_store_n(&compartment->frozen, freeze, __ATOMIC_SEQ_CST);
    if (!freeze) {
        syscall(SYS_futex, &compartment->frozen, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
    } else if (compartment->threads && compartment->parked == 0) {
        __atomic_or_fetch(&compartment->signals, ORC_SIGNAL_FREEZE, __ATOMIC_SEQ_CST);
        thread_interrupt(compartment->threads, INTERRUPTED_BLOCKING);
    }
}

/* The same objects under the same handles, bound alike; their data are the zygote's. */
static int clone_grants(struct orc_compartment *compartment, const struct orc_compartment *zygote,
                        int image) {
    int status = 0;
    for (const struct grant *from = zygote->grants; from && status == 0; from = from->next) {
        struct orc_object *object = from->object;
        uint32_t data = object->base + object->layout.data;
        struct grant *grant;
        status = grant_to(compartment, object, &grant);
        if (status == 0)
            status = map_file(compartment->slot + data, page_up(object->layout.data_size),
                              PROT_READ | PROT_WRITE, MAP_PRIVATE, image, data);
        if (status == 0)
            status = import_table_copy(compartment, grant, from->table);
        if (status == 0)
            status = capability_put_grant(compartment, from->handle, grant);
        if (status == 0)
            grant->count = from->count;
    }
    return status;
}

int64_t clone_start(struct orc_compartment *compartment, const struct orc_start *start,
                    struct orc_error *error) {
    struct orc_compartment *zygote = start->zygote;
    HOLD(zygote->lock);
    if (!zygote->frozen || zygote->ending || zygote->parked < zygote->thread_count ||
        strcmp(zygote->domain, compartment->domain) != 0 ||
        zygote->limits.control_stack != compartment->limits.control_stack)
        return fail(
            error, EPERM,
            "clone: %s isn't frozen, was killed, or has another sharing domain or size of control stacks",
            zygote->name);
    compartment->clone_info = *start->clone_info;
    int64_t status = clone_grants(compartment, zygote, start->image);
    for (const struct orc_thread *thread = zygote->threads; thread && status >= 0; thread = thread->next)
        status = worker_start(compartment, &(struct thread_start){.original = thread});
    compartment->last_thread_id = zygote->last_thread_id;
    return status >= 0 ? status
                       : failed(error, (int)-status, "clone: can't copy its zygote (see the quotas)");
}
