/* A thread's region: two mappings, with nothing between, below and above them. */
#include <errno.h>
#include <sys/mman.h>

#include "thread.h"

int region_create(struct orc_cell *cell, uint64_t control_stack, unsigned *count,
                  struct orc_thread **thread) {
    uint64_t top = page_up(control_stack + THREAD_SIZE); /* control stack and thread */
    HOLD(cell->lock);
    uint8_t *region = arena_take(&region_arena);
    if (!region)
        return -EAGAIN;
    uint8_t *control = region + THREAD_REGION - top;
    int status = map_fixed(control, top, PROT_READ | PROT_WRITE);
    if (status == 0)
        status = map_fixed(control - BELOW_CONTROL_STACK, BELOW_CONTROL_STACK - GUARD_SIZE,
                           PROT_READ | PROT_WRITE);
    if (status < 0) {
        arena_give(&region_arena, region);
        return status;
    }
    *thread = region_thread((uint64_t)region);
    (*thread)->control_stack = (uint64_t)control;
    ++*count;
    return 0;
}

void region_destroy(struct orc_cell *cell, unsigned *count, struct orc_thread *thread) {
    HOLD(cell->lock);
    arena_give(&region_arena, (uint8_t *)thread_region(thread));
    --*count;
}
