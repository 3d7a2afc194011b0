/* Where the slots and the threads' regions lie: two ranges of the address space that are never reserved by
 * mappings, because every mapping counts (vm.max_map_count), and between two pieces of a slot there would be
 * one for each gap.
 *
 * No mapping of the host's gets there by itself. Linux places mappings that ask for no address from the top
 * of the 47-bit address space down, or, where that is full or in its legacy layout, from a third of it
 * (0x2aaaaaaaa000) up; a program's own segments and its brk lie above two thirds. The arenas end below the
 * lower of these, and 85 TiB of the host's own mappings would have to exist before the first came near.
 * arena_check sees to it that nothing is there at the start, and that the kernel's choice lies above;
 * arena_take checks each piece again. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "thread.h"

#ifndef SLOTS /* builds with sanitizers, whose shadows lie there, say it differently */
#define SLOTS 0x010000000000
#define SLOTS_END 0x280000000000
#define MAX_THREADS 65536u
#endif
#define REGIONS SLOTS_END
#define REGIONS_END (REGIONS + (uint64_t)MAX_THREADS * THREAD_REGION)

#define MAX_SLOTS ((SLOTS_END - SLOTS) / ORC_SLOT_SIZE)

_Static_assert(SLOTS % ORC_SLOT_SIZE == 0 && REGIONS % THREAD_REGION == 0,
               "pieces are aligned to their size");
_Static_assert(REGIONS_END <= 0x2aaaaaaaa000, "below anything that the kernel chooses");

/* What is taken: a bit each, with a hint where a free one may be. The cell's lock guards them. */
struct pieces {
    uint64_t start, size;
    unsigned count, first_free, end; /* none is taken from `end` on */
    uint8_t *used;
};

static uint8_t slots_used[MAX_SLOTS / 8 + 1], regions_used[MAX_THREADS / 8];
struct pieces slot_arena = {.start = SLOTS, .size = ORC_SLOT_SIZE, .count = MAX_SLOTS, .used = slots_used};
struct pieces region_arena = {
    .start = REGIONS, .size = THREAD_REGION, .count = MAX_THREADS, .used = regions_used};

static bool is_used(const struct pieces *pieces, unsigned index) {
    return (pieces->used[index / 8] >> (index % 8)) & 1;
}

/* Is the range free of mappings? Asking for it, without replacing anything, tells. */
static bool is_unmapped(void *start, uint64_t size) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
    void *got = mmap(start, size, PROT_NONE, flags, -1, 0);
    if (got != MAP_FAILED)
        munmap(got, size);
    return got == start;
}

uint8_t *arena_take(struct pieces *pieces) {
    unsigned index = pieces->first_free;
    while (index < pieces->count && is_used(pieces, index))
        index++;
    if (index == pieces->count)
        return NULL;
    uint8_t *piece = (uint8_t *)(pieces->start + index * pieces->size);
    if (!is_unmapped(piece, pieces->size))
        return NULL;
    pieces->used[index / 8] |= (uint8_t)(1u << (index % 8));
    pieces->first_free = index + 1;
    if (pieces->end <= index)
        pieces->end = index + 1;
    return piece;
}

/* What can't be unmapped stays taken: nothing is reused half-clean. */
void arena_give(struct pieces *pieces, uint8_t *piece) {
    unsigned index = (unsigned)(((uint64_t)piece - pieces->start) / pieces->size);
    if (munmap(piece, pieces->size) != 0)
        return;
    pieces->used[index / 8] &= (uint8_t)~(1u << (index % 8));
    if (index < pieces->first_free)
        pieces->first_free = index;
}

uint8_t *arena_next(const struct pieces *pieces, unsigned *index) {
    while (*index < pieces->end && !is_used(pieces, *index))
        ++*index;
    return *index < pieces->end ? (uint8_t *)(pieces->start + (*index)++ * pieces->size) : NULL;
}

struct orc_thread *region_thread(uint64_t stack_address) {
    if (stack_address < REGIONS || stack_address >= REGIONS_END)
        return NULL;
    return (struct orc_thread *)((stack_address | (THREAD_REGION - 1)) + 1 - THREAD_SIZE);
}

int arena_check(struct orc_error *error) {
    if (!is_unmapped((void *)SLOTS, REGIONS_END - SLOTS))
        return fail(
            error, EEXIST,
            "something of this process is mapped in [0x%llx, 0x%llx), where slots go: see /proc/self/maps",
            (unsigned long long)SLOTS, (unsigned long long)REGIONS_END);
    void *probe = mmap(NULL, ORC_PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (probe == MAP_FAILED)
        return failed(error, errno, "can't map a page");
    munmap(probe, ORC_PAGE_SIZE);
    if ((uint64_t)probe < REGIONS_END)
        return fail(error, ENOTSUP, "this kernel places mappings at %p, where slots go", probe);
    return 0;
}
