/* Zygotes: compartments whose threads are all parked in ORC_FREEZE, and the clones that are started from
 * them.
 *
 * All that a guest has of a parked thread is in its slot, in the gate's frame, and in the return addresses
 * above that, and none of it leads to the slot that it was made in. The embedder copies the slot; the rest is
 * copied here. Parked threads count as threads that run, so no code address on their control stacks is reused
 * as long as clones may be made; and a clone's threads are as old as they are. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "store.h"
#include "thread.h"

/* The same objects under the same handles, bound alike; their data are the zygote's. */
static int clone_grants(struct orc_compartment *compartment, const struct orc_start *start) {
    int64_t status = 0;
    for (const struct grant *from = start->zygote->grants; from && status >= 0; from = from->next) {
        struct orc_object *object = from->object;
        uint32_t data = object->base + object->layout.data;
        struct grant *grant;
        status = grant_to(compartment, object, &grant);
        if (status == 0)
            status = map_file(compartment->slot + data, page_up(object->layout.data_size),
                              PROT_READ | PROT_WRITE, MAP_PRIVATE, start->image, data);
        if (status == 0 && (status = import_table_copy(compartment, grant, from->table)) == 0) {
            status = capability_of_grant(compartment, grant, from->handle);
            grant->count = from->count;
        }
        if (status >= 0 && status != from->handle)
            status = -EEXIST;
    }
    return (int)status;
}

int64_t clone_start(struct orc_compartment *compartment, const struct orc_start *start,
                    struct orc_error *error) {
    struct orc_compartment *zygote = start->zygote;
    HOLD(zygote->lock);
    if (!zygote->frozen || zygote->ending || zygote->parked == 0 || zygote->parked < zygote->thread_count ||
        compartment->grants || strcmp(zygote->domain, compartment->domain) != 0 ||
        zygote->limits.control_stack != compartment->limits.control_stack)
        return fail(error, EPERM,
                    "clone: its zygote isn't frozen, or differs in domain, stack size or objects");
    compartment->clone_info = *start->clone_info;
    /* The first thread runs before the others are there: it can't be the only one that sees the C-list. */
    compartment->threaded |= zygote->parked > 1;
    int64_t status = clone_grants(compartment, start);
    for (const struct orc_thread *thread = zygote->threads; thread && status >= 0; thread = thread->next)
        status = worker_start(compartment, &(struct thread_start){.original = thread});
    compartment->last_thread_id = zygote->last_thread_id;
    if (status < 0) /* half a clone never runs */
        compartment_end(compartment, &(struct orc_result){.outcome = ORC_STOPPED}, NULL);
    return status < 0 ? failed(error, (int)-status, "clone: can't copy it (see the quotas)") : status;
}
