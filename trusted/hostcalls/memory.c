/* Memory: the guest maps, in the two ranges that are its own. */
#include "hostcalls.h"

static int64_t change(struct orc_thread *thread, const uint64_t *arguments,
                      int (*how)(struct orc_compartment *, uint64_t, uint64_t, int)) {
    uint64_t protection = arguments[2];
    if (protection > (ORC_MEMORY_READ | ORC_MEMORY_WRITE) || protection == ORC_MEMORY_WRITE)
        return -EINVAL;
    return how(thread->compartment, guest_pointer(arguments[0]).address, arguments[1], (int)protection);
}

int64_t call_map(struct orc_thread *thread, const uint64_t *arguments) {
    return change(thread, arguments, memory_map);
}

int64_t call_protect(struct orc_thread *thread, const uint64_t *arguments) {
    return change(thread, arguments, memory_protect);
}

int64_t call_unmap(struct orc_thread *thread, const uint64_t *arguments) {
    return memory_unmap(thread->compartment, guest_pointer(arguments[0]).address, arguments[1]);
}

int64_t call_discard(struct orc_thread *thread, const uint64_t *arguments) {
    return memory_discard(thread->compartment, guest_pointer(arguments[0]).address, arguments[1]);
}
