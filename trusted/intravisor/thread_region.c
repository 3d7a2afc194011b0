/* The threads' regions: one reservation, so that a fault handler knows from its own stack address alone
 * whether the host thread it runs on is one of ours. */
#include <errno.h>
#include <sys/mman.h>

#include "thread.h"

static uint64_t arena; /* lowest address; 0: none */

#define ARENA_SIZE ((uint64_t)MAX_THREADS * THREAD_REGION)

int regions_reserve(void) {
    void *reserved = reserve_aligned(ARENA_SIZE, THREAD_REGION);
    if (!reserved)
        return -errno;
    arena = (uint64_t)reserved;
    return 0;
}

void regions_release(void) {
    munmap((void *)arena, ARENA_SIZE);
    arena = 0;
}

ORC_NO_TLS struct orc_thread *region_thread(uint64_t stack_address) {
    if (arena == 0 || stack_address < arena || stack_address - arena >= ARENA_SIZE)
        return NULL;
    return (struct orc_thread *)((stack_address | (THREAD_REGION - 1)) + 1 - THREAD_SIZE);
}

static int take_region(struct orc_cell *cell) {
    for (unsigned i = 0; i < MAX_THREADS; i++) {
        if ((cell->region_used[i / 8] >> (i % 8)) & 1)
            continue;
        cell->region_used[i / 8] |= (uint8_t)(1u << (i % 8));
        return (int)i;
    }
    return -EAGAIN;
}

static void give_region(struct orc_cell *cell, unsigned index) {
    cell->region_used[index / 8] &= (uint8_t)~(1u << (index % 8));
}

int region_create(struct orc_cell *cell, uint64_t control_stack, struct orc_thread **thread) {
    uint64_t top = page_up(control_stack + THREAD_SIZE); /* control stack and thread */
    if (control_stack < MIN_CONTROL_STACK || control_stack > MAX_CONTROL_STACK)
        return -EINVAL;
    int index = take_region(cell);
    if (index < 0)
        return index;
    uint8_t *region = (uint8_t *)(arena + (uint64_t)index * THREAD_REGION);
    uint8_t *control = region + THREAD_REGION - top;
    int status = map_fixed(control, top, PROT_READ | PROT_WRITE);
    if (status == 0)
        status =
            map_fixed(control - GUARD_SIZE - SIGNAL_STACK_SIZE, SIGNAL_STACK_SIZE, PROT_READ | PROT_WRITE);
    if (status < 0) {
        unmap_fixed(region, THREAD_REGION);
        give_region(cell, (unsigned)index);
        return status;
    }
    *thread = region_thread((uint64_t)region);
    (*thread)->control_stack = (uint64_t)control;
    return 0;
}

void region_destroy(struct orc_cell *cell, struct orc_thread *thread) {
    uint64_t region = thread_region(thread);
    if (unmap_fixed((void *)region, THREAD_REGION) == 0) /* else it stays taken: never reused half-clean */
        give_region(cell, (unsigned)((region - arena) / THREAD_REGION));
}
