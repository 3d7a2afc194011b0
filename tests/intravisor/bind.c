/* Binding without a guest. */
#include <errno.h>

#include "../../trusted/intravisor/store.h"
#include "orc/hostcall.h"

int bind_entry(struct orc_compartment *compartment, struct orc_object *object, uint32_t import,
               struct orc_object *target, uint32_t entry);

int bind_entry(struct orc_compartment *compartment, struct orc_object *object, uint32_t import,
               struct orc_object *target, uint32_t entry) {
    HOLD(compartment->lock);
    struct grant *grant = compartment_grant_of(compartment, object), *to = compartment_grant_of(compartment, target);
    int64_t handle = grant && to ? capability_of_grant(compartment, to, 0) : -ENOENT;
    if (handle < 0)
        return (int)handle;
    const struct orc_binding binding = {.import = import, .target = (uint32_t)handle, .entry = entry};
    return import_table_bind(compartment, grant, &binding, 1);
}
