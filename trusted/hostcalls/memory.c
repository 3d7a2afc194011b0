/* Memory: the guest maps, in the two ranges that are its own. */
#include "hostcalls.h"

static bool is_protection(uint64_t protection) {
    return protection == 0 || protection == ORC_MEMORY_READ || protection == (ORC_MEMORY_READ | ORC_MEMORY_WRITE);
}

int64_t call_map(struct orc_thread *thread, const uint64_t *arguments) {
    if (!is_protection(arguments[2]))
        return -EINVAL;
    return memory_map(thread->compartment, guest_pointer(arguments[0]).address, arguments[1], (int)arguments[2]);
}

int64_t call_unmap(struct orc_thread *thread, const uint64_t *arguments) {
    return memory_unmap(thread->compartment, guest_pointer(arguments[0]).address, arguments[1]);
}

int64_t call_protect(struct orc_thread *thread, const uint64_t *arguments) {
    if (!is_protection(arguments[2]))
        return -EINVAL;
    return memory_protect(thread->compartment, guest_pointer(arguments[0]).address, arguments[1], (int)arguments[2]);
}

int64_t call_discard(struct orc_thread *thread, const uint64_t *arguments) {
    return memory_discard(thread->compartment, guest_pointer(arguments[0]).address, arguments[1]);
}
