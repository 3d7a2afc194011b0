/* A guest's memory, as hostcalls see it. A guest address can't be dereferenced by mistake: these are the only
 * ways. */
#ifndef ORC_INTRAVISOR_GUEST_MEMORY_H
#define ORC_INTRAVISOR_GUEST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "orc/abi.h"

struct orc_thread;

typedef struct {
    uint32_t address;
} guest_address;

/* A pointer argument: the upper half of its register is ignored. */
static inline guest_address guest_pointer(uint64_t argument) {
    return (guest_address){(uint32_t)argument};
}

/* Do `size` bytes fit between the address and the end of the slot? */
static inline bool guest_range(guest_address start, uint64_t size) {
    return size <= ORC_SLOT_SIZE - (uint64_t)start.address;
}

/* Copy between the host and the calling thread's slot: 0, or -EFAULT for a range that leaves the slot or
 * isn't mapped for that access (some of it may have been copied then). */
int guest_read(const struct orc_thread *thread, void *to, guest_address from, size_t size);
int guest_write(const struct orc_thread *thread, guest_address to, const void *from, size_t size);

#endif
