/* A compartment's own memory: what the guest has mapped, as a sorted list of extents, kept in step with the
 * kernel's mappings and within the quotas. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "intravisor.h"

#define UNMAPPED (-1) /* a protection */

/* Where a range's content comes from, if from no file. */
#define FRESH (-1)
#define SAME (-2)

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

/* Under the memory's lock; usage reads them without. */
static void set_bytes(struct memory_map *map, uint64_t bytes) {
    __atomic_store_n(&map->bytes, bytes, __ATOMIC_RELAXED);
    if (bytes > map->peak)
        __atomic_store_n(&map->peak, bytes, __ATOMIC_RELAXED);
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
    set_bytes(map, change->bytes);
}

/* Changes the kernel's mappings: should that fail half-way, the guest's memory may be gone, but never our
 * account. */
static int apply(const struct orc_compartment *compartment, uint64_t start, uint64_t size, int protection,
                 int source) {
    uint8_t *address = compartment->slot + start;
    if (protection == UNMAPPED)
        return munmap(address, size) == 0 ? 0 : -errno;
    int bits = protection & ~OF_IMAGE;
    if (source == SAME)
        return mprotect(address, size, bits) == 0 ? 0 : -errno;
    return source == FRESH ? map_fixed(address, size, bits)
                           : map_file(address, size, bits, MAP_PRIVATE, source, (uint32_t)start);
}

/* OF_IMAGE or 0 for a range that is mapped wholly; -ENOMEM if it isn't, -EXDEV if it is both. */
static int kind_of(const struct memory_map *map, uint32_t start, uint32_t end) {
    unsigned i = find(map, start);
    if (mapped_bytes(map, start, end) != end - start)
        return -ENOMEM;
    int kind = map->extents[i].protection & OF_IMAGE;
    for (; i < map->count && map->extents[i].start < end; i++)
        if ((map->extents[i].protection & OF_IMAGE) != kind)
            return -EXDEV;
    return kind;
}

static int change_memory(struct orc_compartment *compartment, uint64_t start, uint64_t size, int protection,
                         int source) {
    if (!is_guests(start, size))
        return -EINVAL;
    uint32_t from = (uint32_t)start, to = (uint32_t)(start + size);
    HOLD(compartment->memory_lock);
    int status = source == SAME ? kind_of(&compartment->memory, from, to) : 0;
    if (status < 0)
        return status;
    protection |= status;
    struct change change = plan(&compartment->memory, from, to, protection);
    status = admit(compartment, &change);
    if (status == 0)
        status = apply(compartment, start, size, protection, source);
    if (status == 0)
        commit(&compartment->memory, &change);
    return status;
}

int memory_map(struct orc_compartment *compartment, uint64_t start, uint64_t size, int protection) {
    return change_memory(compartment, start, size, protection, FRESH);
}

int memory_unmap(struct orc_compartment *compartment, uint64_t start, uint64_t size) {
    return change_memory(compartment, start, size, UNMAPPED, FRESH);
}

int memory_protect(struct orc_compartment *compartment, uint64_t start, uint64_t size, int protection) {
    return change_memory(compartment, start, size, protection, SAME);
}

int orc_compartment_map_image(struct orc_compartment *compartment, int image, uint32_t start, uint64_t size,
                              int protection) {
    return change_memory(compartment, start, size, (protection & ~PROT_EXEC) | OF_IMAGE, image);
}

int memory_discard(struct orc_compartment *compartment, uint64_t start, uint64_t size) {
    if (!is_guests(start, size))
        return -EINVAL;
    HOLD(compartment->memory_lock);
    int kind = kind_of(&compartment->memory, (uint32_t)start, (uint32_t)(start + size));
    if (kind != 0) /* what is dropped of an image would come back */
        return kind < 0 ? kind : -EXDEV;
    return madvise(compartment->slot + start, size, MADV_DONTNEED) == 0 ? 0 : -errno;
}

int memory_charge(struct orc_compartment *compartment, uint64_t bytes) {
    HOLD(compartment->memory_lock);
    uint64_t limit = compartment->limits.memory, used = compartment->memory.bytes;
    if (used > limit || bytes > limit - used)
        return -ENOMEM;
    set_bytes(&compartment->memory, used + bytes);
    return 0;
}

void memory_refund(struct orc_compartment *compartment, uint64_t bytes) {
    HOLD(compartment->memory_lock);
    __atomic_sub_fetch(&compartment->memory.bytes, bytes, __ATOMIC_RELAXED);
}
