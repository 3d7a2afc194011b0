/* A compartment's own memory: what the guest has mapped, as a sorted list of extents, kept in step with the
 * kernel's mappings and within the quotas. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "intravisor.h"

#define UNMAPPED (-1) /* a protection */

/* Mappings that a compartment may have: room for a stack and its guard for each thread, and some. */
static unsigned extent_limit(const struct orc_compartment *compartment) {
    return 256 + 4 * compartment->limits.threads;
}

/* Whole pages in a range that the guest maps itself. */
static bool is_guests(uint64_t start, uint64_t size) {
    if (start % ORC_PAGE_SIZE != 0 || size % ORC_PAGE_SIZE != 0 || size == 0 || size > ORC_SLOT_SIZE)
        return false;
    return (start >= ORC_FIRST_STACK && start + size <= ORC_FIRST_STACK_END) ||
           (start >= ORC_HEAP && start + size <= ORC_HEAP_END);
}

/* The first extent that ends after `address`. */
static unsigned find(const struct memory_map *map, uint32_t address) {
    unsigned low = 0, high = map->count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (map->extents[middle].end > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* How much of the range is mapped. */
static uint64_t mapped_bytes(const struct memory_map *map, uint32_t start, uint32_t end) {
    uint64_t bytes = 0;
    for (unsigned i = find(map, start); i < map->count && map->extents[i].start < end; i++) {
        const struct extent *extent = &map->extents[i];
        bytes += (extent->end < end ? extent->end : end) - (extent->start > start ? extent->start : start);
    }
    return bytes;
}

/* A change to the list: extents [first, last) give way to `count` new ones. */
struct change {
    unsigned first, last, count;
    struct extent extents[3];
    uint64_t bytes; /* of the map, afterwards */
};

static void append(struct change *change, uint32_t start, uint32_t end, int protection) {
    struct extent *last = change->count > 0 ? &change->extents[change->count - 1] : NULL;
    if (start == end || protection == UNMAPPED)
        return;
    if (last && last->end == start && last->protection == protection)
        last->end = end;
    else
        change->extents[change->count++] = (struct extent){start, end, protection};
}

/* [start, end) gets a protection, or becomes UNMAPPED. What lies around it and is alike is taken in. */
static struct change plan(const struct memory_map *map, uint32_t start, uint32_t end, int protection) {
    struct change change = {.first = find(map, start)};
    const struct extent *extents = map->extents;
    change.bytes = map->bytes - mapped_bytes(map, start, end) + (protection == UNMAPPED ? 0 : end - start);
    change.last = change.first;
    while (change.last < map->count && extents[change.last].start < end)
        change.last++;
    if (change.first > 0 && extents[change.first - 1].end == start)
        change.first--;
    if (change.last < map->count && extents[change.last].start == end)
        change.last++;
    bool touches = change.last > change.first;
    if (touches && extents[change.first].start < start)
        append(&change, extents[change.first].start, start, extents[change.first].protection);
    append(&change, start, end, protection);
    if (touches && extents[change.last - 1].end > end)
        append(&change, end, extents[change.last - 1].end, extents[change.last - 1].protection);
    return change;
}

/* May the list change so, and is there room? After this, commit can't fail. */
static int admit(struct orc_compartment *compartment, const struct change *change) {
    struct memory_map *map = &compartment->memory;
    unsigned count = map->count - (change->last - change->first) + change->count;
    if (change->bytes > map->bytes && change->bytes > compartment->limits.memory)
        return -ENOMEM;
    if (count > map->count && count > extent_limit(compartment))
        return -ENOMEM;
    if (count <= map->space)
        return 0;
    unsigned space = map->space ? 2 * map->space : 8;
    struct extent *extents = realloc(map->extents, space * sizeof *extents);
    if (!extents)
        return -ENOMEM;
    map->extents = extents;
    map->space = space;
    return 0;
}

static void commit(struct memory_map *map, const struct change *change) {
    if (change->first == change->last && change->count == 0)
        return;
    memmove(map->extents + change->first + change->count, map->extents + change->last,
            (map->count - change->last) * sizeof *map->extents);
    memcpy(map->extents + change->first, change->extents, change->count * sizeof *map->extents);
    map->count = map->count - (change->last - change->first) + change->count;
    map->bytes = change->bytes;
}

/* Changes the kernel's mappings: should that fail half-way, the guest's memory may be gone, but never our
 * account. */
static int apply(const struct orc_compartment *compartment, uint64_t start, uint64_t size, int protection,
                 bool fresh) {
    uint8_t *address = compartment->slot + start;
    if (protection == UNMAPPED)
        return munmap(address, size) == 0 ? 0 : -errno;
    if (fresh)
        return map_fixed(address, size, protection);
    return mprotect(address, size, protection & ~OF_IMAGE) == 0 ? 0 : -errno;
}

static int change_range(struct orc_compartment *compartment, uint32_t start, uint32_t end, int protection,
                        bool fresh) {
    struct change change = plan(&compartment->memory, start, end, protection);
    int status = admit(compartment, &change);
    if (status == 0)
        status = apply(compartment, start, end - start, protection, fresh);
    if (status == 0)
        commit(&compartment->memory, &change);
    return status;
}

static int change_memory(struct orc_compartment *compartment, uint64_t start, uint64_t size, int protection) {
    if (!is_guests(start, size))
        return -EINVAL;
    HOLD(compartment->memory_lock);
    return change_range(compartment, (uint32_t)start, (uint32_t)(start + size), protection, true);
}

/* Calls `change` for each part of a range that is mapped wholly: a part is alike in these bits of its
 * protection. All of it is one part in these bits unless it belongs to a clone. */
static int change_parts(struct orc_compartment *compartment, uint64_t start, uint64_t size, int bits,
                        int (*change)(struct orc_compartment *, uint32_t start, uint32_t end, int old,
                                      int protection),
                        int protection) {
    if (!is_guests(start, size))
        return -EINVAL;
    const struct memory_map *map = &compartment->memory;
    uint32_t at = (uint32_t)start, end = (uint32_t)(start + size);
    int status = 0;
    HOLD(compartment->memory_lock);
    if (mapped_bytes(map, at, end) != size)
        return -ENOMEM;
    while (at < end && status == 0) {
        unsigned i = find(map, at);
        int old = map->extents[i].protection;
        while (map->extents[i].end < end && ((map->extents[i + 1].protection ^ old) & bits) == 0)
            i++;
        uint32_t part_end = map->extents[i].end < end ? map->extents[i].end : end;
        status = change(compartment, at, part_end, old, protection);
        at = part_end;
    }
    return status;
}

int memory_map(struct orc_compartment *compartment, uint64_t start, uint64_t size, int protection) {
    return change_memory(compartment, start, size, protection);
}

int memory_unmap(struct orc_compartment *compartment, uint64_t start, uint64_t size) {
    return change_memory(compartment, start, size, UNMAPPED);
}

static int protect_part(struct orc_compartment *compartment, uint32_t start, uint32_t end, int old,
                        int protection) {
    return change_range(compartment, start, end, protection | (old & OF_IMAGE), false);
}

int memory_protect(struct orc_compartment *compartment, uint64_t start, uint64_t size, int protection) {
    return change_parts(compartment, start, size, OF_IMAGE, protect_part, protection);
}

/* What is dropped of a zygote's image would come back: fresh memory takes its place. */
static int discard_part(struct orc_compartment *compartment, uint32_t start, uint32_t end, int old,
                        int protection) {
    (void)protection;
    if (old & OF_IMAGE)
        return change_range(compartment, start, end, old & ~OF_IMAGE, true);
    return madvise(compartment->slot + start, end - start, MADV_DONTNEED) == 0 ? 0 : -errno;
}

int memory_discard(struct orc_compartment *compartment, uint64_t start, uint64_t size) {
    return change_parts(compartment, start, size, -1, discard_part, 0);
}

bool memory_allows(const struct orc_compartment *compartment, unsigned extents) {
    return extents <= extent_limit(compartment);
}

int map_image(uint8_t *slot, int image, uint32_t start, uint32_t end, int protection) {
    int flags = MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE;
    void *got = mmap(slot + start, end - start, protection, flags, image, start);
    return got == MAP_FAILED ? -errno : 0;
}

int memory_clone(struct orc_compartment *compartment, const struct orc_compartment *zygote) {
    const struct memory_map *from = &zygote->memory;
    struct memory_map *map = &compartment->memory;
    HOLD(compartment->memory_lock);
    uint64_t bytes = map->bytes;
    for (unsigned i = 0; i < from->count; i++)
        bytes += from->extents[i].end - from->extents[i].start;
    if (bytes > compartment->limits.memory || !memory_allows(compartment, from->count) ||
        !(map->extents = malloc(from->count * sizeof *map->extents)))
        return -ENOMEM;
    map->bytes = bytes;
    map->space = map->count = from->count;
    memcpy(map->extents, from->extents, from->count * sizeof *map->extents);
    int status = 0;
    for (unsigned i = 0; i < map->count && status == 0; i++) {
        const struct extent *extent = &map->extents[i];
        int protection = extent->protection & ~OF_IMAGE;
        status = extent->protection & OF_IMAGE
                     ? map_image(compartment->slot, zygote->image, extent->start, extent->end, protection)
                     : map_fixed(compartment->slot + extent->start, extent->end - extent->start, protection);
    }
    return status;
}

int memory_charge(struct orc_compartment *compartment, uint64_t bytes) {
    HOLD(compartment->memory_lock);
    uint64_t limit = compartment->limits.memory, used = compartment->memory.bytes;
    if (used > limit || bytes > limit - used)
        return -ENOMEM;
    compartment->memory.bytes += bytes;
    return 0;
}

void memory_refund(struct orc_compartment *compartment, uint64_t bytes) {
    HOLD(compartment->memory_lock);
    compartment->memory.bytes -= bytes;
}
