/* The memory of a bare compartment, which the embedder maps itself. */
#ifndef ORC_BARE_H
#define ORC_BARE_H

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "orc/cell.h"

static inline bool orc_map_bare_range(uint8_t *start, size_t size) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
    return size == 0 || mmap(start, size, PROT_READ | PROT_WRITE, flags, -1, 0) != MAP_FAILED;
}

/* What a bare compartment finds mapped: the first stack's range and the heap, all of it read-write, committed
 * when touched; and `size` bytes of start information at ORC_START_INFO, read-only. */
static inline int orc_compartment_map_bare(struct orc_compartment *compartment, const void *start_info,
                                           size_t size, struct orc_error *error) {
    uint8_t *slot = orc_compartment_slot(compartment);
    if (size <= ORC_START_INFO_END - ORC_START_INFO && orc_map_bare_range(slot + ORC_START_INFO, size) &&
        orc_map_bare_range(slot + ORC_FIRST_STACK, ORC_FIRST_STACK_END - ORC_FIRST_STACK) &&
        orc_map_bare_range(slot + ORC_HEAP, ORC_HEAP_END - ORC_HEAP)) {
        memcpy(slot + ORC_START_INFO, start_info, size);
        if (size == 0 || mprotect(slot + ORC_START_INFO, size, PROT_READ) == 0)
            return 0;
    }
    snprintf(error->message, sizeof error->message, "compartment: can't map its memory");
    return -ENOMEM;
}

#endif
