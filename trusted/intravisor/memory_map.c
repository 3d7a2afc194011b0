/* A compartment's own memory: what the guest has mapped, as a sorted list of extents, kept in step with the
 * kernel's mappings and within the quotas.
 *
 * Private pages of files that nobody has written to cost the guest nothing. So the kernel keeps them read-only, and
 * what writes to them first (guest code and orc_guest_copy by a fault, system calls by memory_prepare) has them
 * charged. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capability.h"

#define UNMAPPED UINT8_MAX /* a kind */

/* Private pages of a file are charged in pieces of this size, so that few of them are mappings of their own. */
#define PIECE 0x10000u
#define LARGE_PIECE 0x100000u

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

static uint32_t lower(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

static uint32_t higher(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

/* A file's pages are its own memory, or the page cache's, until they are copied for this mapping. */
static bool is_charged(const struct extent *extent) {
    return extent->kind != ORC_RANGE_SHARED && extent->kind != ORC_RANGE_PRIVATE;
}

/* The kernel keeps it read-only until somebody writes to it and it is charged: memory_fault. */
static bool is_lazy(const struct extent *extent) {
    return extent->kind == ORC_RANGE_PRIVATE && extent->protection & ORC_MEMORY_WRITE;
}

/* Of the same mapping, or of none. */
static bool of_one(const struct extent *a, const struct extent *b) {
    return a->kind == b->kind && a->file == b->file && a->mapping == b->mapping && a->read_only == b->read_only;
}

static bool alike(const struct extent *a, const struct extent *b) {
    return of_one(a, b) && a->protection == b->protection;
}

/* How much of the range is mapped, or is mapped and charged. */
static uint64_t bytes_in(const struct memory_map *map, uint32_t start, uint32_t end, bool charged) {
    uint64_t bytes = 0;
    for (unsigned i = find(map, start); i < map->count && map->extents[i].start < end; i++) {
        const struct extent *extent = &map->extents[i];
        if (!charged || is_charged(extent))
            bytes += lower(extent->end, end) - higher(extent->start, start);
    }
    return bytes;
}

/* A change to the list: extents [first, last) give way to `count` new ones. */
struct change {
    unsigned first, last, count;
    struct extent extents[3];
    int64_t bytes; /* how many more of the map's are charged */
};

static void append(struct change *change, const struct extent *extent, uint32_t start, uint32_t end) {
    struct extent *last = change->count > 0 ? &change->extents[change->count - 1] : NULL;
    if (start == end || extent->kind == UNMAPPED)
        return;
    if (last && last->end == start && alike(last, extent)) {
        last->end = end;
        return;
    }
    struct extent *added = &change->extents[change->count++];
    *added = *extent;
    added->start = start;
    added->end = end;
}

/* The range of `wanted` becomes what that says. What lies around it and is alike is taken in. */
static struct change plan(const struct memory_map *map, const struct extent *wanted) {
    uint32_t start = wanted->start, end = wanted->end;
    struct change change = {.first = find(map, start)};
    const struct extent *extents = map->extents;
    change.bytes = wanted->kind != UNMAPPED && is_charged(wanted) ? end - start : 0;
    change.bytes -= (int64_t)bytes_in(map, start, end, true);
    change.last = change.first;
    while (change.last < map->count && extents[change.last].start < end)
        change.last++;
    if (change.first > 0 && extents[change.first - 1].end == start)
        change.first--;
    if (change.last < map->count && extents[change.last].start == end)
        change.last++;
    bool touches = change.last > change.first;
    if (touches && extents[change.first].start < start)
        append(&change, &extents[change.first], extents[change.first].start, start);
    append(&change, wanted, start, end);
    if (touches && extents[change.last - 1].end > end)
        append(&change, &extents[change.last - 1], end, extents[change.last - 1].end);
    return change;
}

/* Under the memory's lock, but for what is given back; usage reads them without. */
static void add_bytes(struct memory_map *map, int64_t bytes) {
    uint64_t now = __atomic_add_fetch(&map->bytes, (uint64_t)bytes, __ATOMIC_RELAXED);
    if (bytes > 0 && now > map->peak)
        __atomic_store_n(&map->peak, now, __ATOMIC_RELAXED);
}

/* How many extents more. */
static int growth(const struct change *change) {
    return (int)change->count - (int)(change->last - change->first);
}

/* May so many bytes and extents be added, and is there room? After this, commit can't fail. */
static int admit(struct orc_compartment *compartment, int64_t bytes, int extents) {
    struct memory_map *map = &compartment->memory;
    uint64_t limit = compartment->limits.memory, used = __atomic_load_n(&map->bytes, __ATOMIC_RELAXED);
    if (bytes > 0 && (used > limit || (uint64_t)bytes > limit - used))
        return -ENOMEM;
    if (extents <= 0)
        return 0;
    unsigned count = map->count + (unsigned)extents;
    if (count > extent_limit(compartment))
        return -ENOMEM;
    if (count <= map->space)
        return 0;
    unsigned space = map->space ? 2 * map->space : 8;
    struct extent *grown = realloc(map->extents, space * sizeof *grown);
    if (!grown)
        return -ENOMEM;
    map->extents = grown;
    map->space = space;
    return 0;
}

static unsigned count_lazy(const struct extent *extents, unsigned count) {
    unsigned lazy = 0;
    for (unsigned i = 0; i < count; i++)
        lazy += is_lazy(&extents[i]);
    return lazy;
}

static void put_files(struct extent *extents, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        if (extents[i].file)
            file_put(extents[i].file);
}

static void commit(struct memory_map *map, const struct change *change) {
    unsigned before = change->last - change->first;
    struct extent *place = map->extents + change->first;
    if (before == 0 && change->count == 0)
        return;
    for (unsigned i = 0; i < change->count; i++)
        if (change->extents[i].file)
            file_hold(change->extents[i].file);
    unsigned lazy = map->lazy - count_lazy(place, before) + count_lazy(change->extents, change->count);
    put_files(place, before);
    memmove(place + change->count, map->extents + change->last,
            (map->count - change->last) * sizeof *map->extents);
    memcpy(place, change->extents, change->count * sizeof *map->extents);
    map->count = map->count - before + change->count;
    __atomic_store_n(&map->lazy, lazy, __ATOMIC_RELAXED);
    add_bytes(map, change->bytes);
}

static int kernel_protection(const struct extent *extent) {
    return is_lazy(extent) ? PROT_READ : extent->protection;
}

static int protect(const struct orc_compartment *compartment, const struct extent *wanted) {
    uint8_t *address = compartment->slot + wanted->start;
    return mprotect(address, wanted->end - wanted->start, kernel_protection(wanted)) == 0 ? 0 : -errno;
}

/* Changes the kernel's mappings: should that fail half-way, the guest's memory may be gone, but never our
 * account. */
static int map_anew(const struct orc_compartment *compartment, const struct extent *wanted, int file,
                    uint64_t offset) {
    uint8_t *address = compartment->slot + wanted->start;
    uint64_t size = wanted->end - wanted->start;
    if (wanted->kind == UNMAPPED)
        return munmap(address, size) == 0 ? 0 : -errno;
    if (wanted->kind == ORC_RANGE_FRESH)
        return map_fixed(address, size, wanted->protection);
    int sharing = wanted->kind == ORC_RANGE_SHARED ? MAP_SHARED : MAP_PRIVATE;
    return map_file(address, size, kernel_protection(wanted), sharing, file, offset);
}

/* Puts something else in place of what there is. With the lock held. */
static int replace(struct orc_compartment *compartment, const struct extent *wanted, int file, uint64_t offset) {
    struct change change = plan(&compartment->memory, wanted);
    int status = admit(compartment, change.bytes, growth(&change));
    if (status == 0)
        status = map_anew(compartment, wanted, file, offset);
    if (status == 0)
        commit(&compartment->memory, &change);
    return status;
}

/* Gives a range that is of one mapping another protection or kind. Likewise. */
static int adjust(struct orc_compartment *compartment, const struct extent *wanted) {
    struct change change = plan(&compartment->memory, wanted);
    int status = admit(compartment, change.bytes, growth(&change));
    if (status == 0)
        status = protect(compartment, wanted);
    if (status == 0)
        commit(&compartment->memory, &change);
    return status;
}

static struct extent range_of(uint64_t start, uint64_t size, unsigned kind, int protection) {
    return (struct extent){.start = (uint32_t)start,
                           .end = (uint32_t)(start + size),
                           .kind = (uint8_t)kind,
                           .protection = (uint8_t)protection};
}

int memory_map(struct orc_compartment *compartment, uint64_t start, uint64_t size, int protection) {
    if (!is_guests(start, size))
        return -EINVAL;
    struct extent wanted = range_of(start, size, ORC_RANGE_FRESH, protection);
    HOLD(compartment->memory_lock);
    return replace(compartment, &wanted, -1, 0);
}

int memory_unmap(struct orc_compartment *compartment, uint64_t start, uint64_t size) {
    if (!is_guests(start, size))
        return -EINVAL;
    struct extent wanted = range_of(start, size, UNMAPPED, 0);
    HOLD(compartment->memory_lock);
    return replace(compartment, &wanted, -1, 0);
}

int orc_compartment_map_image(struct orc_compartment *compartment, int image, uint32_t start, uint64_t size,
                              int protection) {
    if (!is_guests(start, size))
        return -EINVAL;
    struct extent wanted = range_of(start, size, ORC_RANGE_IMAGE, protection & ~PROT_EXEC);
    HOLD(compartment->memory_lock);
    return replace(compartment, &wanted, image, start);
}

/* Small ones are charged at once: that saves a fault. */
int memory_map_file(struct orc_compartment *compartment, uint64_t start, uint64_t size, int protection,
                    const struct file_mapping *mapping) {
    if (!is_guests(start, size))
        return -EINVAL;
    bool small = size <= PIECE && protection & ORC_MEMORY_WRITE;
    unsigned kind = mapping->shared ? ORC_RANGE_SHARED : small ? ORC_RANGE_TOUCHED : ORC_RANGE_PRIVATE;
    struct extent wanted = range_of(start, size, kind, protection);
    wanted.file = mapping->file;
    wanted.read_only = mapping->read_only;
    HOLD(compartment->memory_lock);
    wanted.mapping = ++compartment->memory.last_mapping;
    int status = replace(compartment, &wanted, mapping->file->fd, mapping->offset);
    if (status == -ENOMEM && kind == ORC_RANGE_TOUCHED) {
        wanted.kind = ORC_RANGE_PRIVATE;
        status = replace(compartment, &wanted, mapping->file->fd, mapping->offset);
    }
    return status;
}

/* The end of the part from `start` on, up to `end`, that is of one mapping. */
static uint32_t part_end(const struct memory_map *map, uint32_t start, uint32_t end) {
    unsigned i = find(map, start);
    uint32_t at = map->extents[i].end;
    for (; at < end && map->extents[i + 1].start == at && of_one(&map->extents[i], &map->extents[i + 1]); i++)
        at = map->extents[i + 1].end;
    return lower(at, end);
}

/* Calls `change` for each part of the range, which is wholly mapped, with what is there. */
static int for_parts(struct orc_compartment *compartment, uint64_t start, uint64_t size, int argument,
                     int (*change)(struct orc_compartment *compartment, struct extent *part, int argument)) {
    const struct memory_map *map = &compartment->memory;
    uint32_t at = (uint32_t)start, end = (uint32_t)(start + size);
    int status = bytes_in(map, at, end, false) == size ? 0 : -ENOMEM;
    while (status == 0 && at < end) {
        struct extent part = map->extents[find(map, at)];
        part.start = at;
        part.end = at = part_end(map, at, end);
        status = change(compartment, &part, argument);
    }
    return status;
}

static int protect_part(struct orc_compartment *compartment, struct extent *part, int protection) {
    if (part->read_only && protection & ORC_MEMORY_WRITE)
        return -EACCES;
    part->protection = (uint8_t)protection;
    return adjust(compartment, part);
}

int memory_protect(struct orc_compartment *compartment, uint64_t start, uint64_t size, int protection) {
    if (!is_guests(start, size))
        return -EINVAL;
    HOLD(compartment->memory_lock);
    return for_parts(compartment, start, size, protection, protect_part);
}

static int refuse_image(struct orc_compartment *compartment, struct extent *part, int argument) {
    (void)compartment, (void)argument;
    return part->kind == ORC_RANGE_IMAGE ? -EXDEV : 0;
}

/* Pages that were copied for a mapping go after they can't be written to any more. */
static int untouch(struct orc_compartment *compartment, uint32_t start, uint32_t end) {
    const struct memory_map *map = &compartment->memory;
    int status = 0;
    for (uint32_t at = start; at < end && status == 0;) {
        struct extent part = map->extents[find(map, at)];
        part.start = at;
        part.end = at = lower(part.end, end);
        part.kind = ORC_RANGE_PRIVATE;
        uint8_t *address = compartment->slot + part.start;
        status = protect(compartment, &part);
        if (status == 0 && madvise(address, part.end - part.start, MADV_DONTNEED) != 0)
            status = -errno;
        if (status == 0)
            status = adjust(compartment, &part);
    }
    return status;
}

static int discard_part(struct orc_compartment *compartment, struct extent *part, int argument) {
    (void)argument;
    if (part->kind == ORC_RANGE_TOUCHED)
        return untouch(compartment, part->start, part->end);
    uint8_t *address = compartment->slot + part->start;
    return madvise(address, part->end - part->start, MADV_DONTNEED) == 0 ? 0 : -errno;
}

int memory_discard(struct orc_compartment *compartment, uint64_t start, uint64_t size) {
    if (!is_guests(start, size))
        return -EINVAL;
    HOLD(compartment->memory_lock);
    int status = for_parts(compartment, start, size, 0, refuse_image); /* what is dropped of it would come back */
    return status < 0 ? status : for_parts(compartment, start, size, 0, discard_part);
}

/* The part of a lazy extent around a page that is charged together: the more is written in a row, the larger, and
 * as large as it takes when extents get scarce. */
static struct extent piece_around(const struct orc_compartment *compartment, unsigned index, uint32_t page) {
    const struct memory_map *map = &compartment->memory;
    const struct extent *lazy = &map->extents[index], *left = index > 0 ? lazy - 1 : NULL;
    uint32_t size = PIECE;
    if (left && left->kind == ORC_RANGE_TOUCHED && left->mapping == lazy->mapping && left->end == page)
        while (size < LARGE_PIECE && size < left->end - left->start)
            size *= 2;
    if (map->count > extent_limit(compartment) / 2)
        size = LARGE_PIECE;
    if (map->count > extent_limit(compartment) / 4 * 3)
        return *lazy;
    struct extent piece = *lazy;
    piece.start = higher(lazy->start, page & -size);
    piece.end = lazy->end - piece.start < size ? lazy->end : lower(lazy->end, (page & -size) + size);
    return piece;
}

/* Charges a part of a lazy extent and lets the guest write to it. With the lock held. */
static int touch(struct orc_compartment *compartment, struct extent part) {
    part.kind = ORC_RANGE_TOUCHED;
    return adjust(compartment, &part);
}

static int touch_around(struct orc_compartment *compartment, unsigned index, uint32_t page) {
    struct extent whole = compartment->memory.extents[index], one = whole;
    one.start = page;
    one.end = page + ORC_PAGE_SIZE;
    int status = touch(compartment, piece_around(compartment, index, page));
    if (status == -ENOMEM) /* close to the quota of bytes */
        status = touch(compartment, one);
    return status == -ENOMEM ? touch(compartment, whole) : status; /* or of extents */
}

int memory_fault(struct orc_compartment *compartment, uint32_t address) {
    HOLD(compartment->memory_lock);
    const struct memory_map *map = &compartment->memory;
    unsigned index = find(map, address);
    const struct extent *extent = index < map->count ? &map->extents[index] : NULL;
    if (!extent || extent->start > address || !(extent->protection & ORC_MEMORY_WRITE))
        return -EFAULT;
    if (extent->kind == ORC_RANGE_PRIVATE)
        return touch_around(compartment, index, address & -ORC_PAGE_SIZE);
    return extent->kind == ORC_RANGE_TOUCHED ? 0 : -EFAULT; /* another thread was faster */
}

int memory_prepare(struct orc_compartment *compartment, uint32_t start, uint64_t size) {
    uint64_t last = start + (size > 0 ? size - 1 : 0);
    uint32_t at = start & -ORC_PAGE_SIZE, end = (uint32_t)(last & -(uint64_t)ORC_PAGE_SIZE);
    int status = 0;
    HOLD(compartment->memory_lock);
    const struct memory_map *map = &compartment->memory;
    for (unsigned i; status == 0 && (i = find(map, at)) < map->count && map->extents[i].start <= end;) {
        at = higher(map->extents[i].start, at);
        if (is_lazy(&map->extents[i]))
            status = touch_around(compartment, i, at);
        else
            at = map->extents[i].end;
    }
    return status;
}

/* What is there, as one extent, or -errno when it can't be moved. */
static int movable(const struct memory_map *map, uint32_t start, uint32_t end, struct extent *found) {
    unsigned index = find(map, start);
    if (index == map->count || map->extents[index].start > start)
        return -ENOMEM;
    *found = map->extents[index];
    return found->end < end || found->kind == ORC_RANGE_IMAGE ? -EXDEV : 0;
}

int memory_move(struct orc_compartment *compartment, uint64_t start, uint64_t size, uint64_t to, uint64_t new_size) {
    if (!is_guests(start, size) || !is_guests(to, new_size) || (start < to + new_size && to < start + size))
        return -EINVAL;
    struct extent gone = range_of(start, size, UNMAPPED, 0), moved;
    HOLD(compartment->memory_lock);
    struct memory_map *map = &compartment->memory;
    int status = movable(map, gone.start, gone.end, &moved);
    if (status < 0)
        return status;
    moved.start = (uint32_t)to;
    moved.end = (uint32_t)(to + new_size);
    struct change away = plan(map, &gone), there = plan(map, &moved);
    int more = 4; /* each of the two adds two at most */
    status = admit(compartment, away.bytes + there.bytes, more);
    if (status < 0)
        return status;
    void *moved_to = mremap(compartment->slot + start, size, new_size, MREMAP_MAYMOVE | MREMAP_FIXED,
                            compartment->slot + to);
    if (moved_to == MAP_FAILED)
        return -errno;
    if (moved.file)
        file_hold(moved.file); /* while it is in neither place */
    commit(map, &away);
    there = plan(map, &moved);
    commit(map, &there);
    if (moved.file)
        file_put(moved.file);
    return 0;
}

int memory_populate(struct orc_compartment *compartment, uint64_t start, uint64_t size, bool write) {
    if (!is_guests(start, size) || size > ORC_MAX_TRANSFER)
        return -EINVAL;
    int status = write ? memory_prepare(compartment, (uint32_t)start, size) : 0;
    if (status < 0)
        return status;
    int advice = write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
    return madvise(compartment->slot + start, size, advice) == 0 ? 0 : -errno;
}

int orc_compartment_memory_range(struct orc_compartment *compartment, uint32_t address,
                                 struct orc_memory_range *range) {
    HOLD(compartment->memory_lock);
    unsigned index = find(&compartment->memory, address);
    if (index == compartment->memory.count)
        return -ENOENT;
    const struct extent *extent = &compartment->memory.extents[index];
    *range = (struct orc_memory_range){extent->start, extent->end - extent->start, extent->protection, extent->kind};
    return 0;
}

void memory_release(struct orc_compartment *compartment) {
    put_files(compartment->memory.extents, compartment->memory.count);
    free(compartment->memory.extents);
}

int memory_charge(struct orc_compartment *compartment, uint64_t bytes) {
    HOLD(compartment->memory_lock);
    int status = bytes > INT64_MAX ? -ENOMEM : admit(compartment, (int64_t)bytes, 0);
    if (status == 0)
        add_bytes(&compartment->memory, (int64_t)bytes);
    return status;
}

/* Takes no lock: a file's last mapping goes with the lock held. */
void memory_refund(struct orc_compartment *compartment, uint64_t bytes) {
    add_bytes(&compartment->memory, -(int64_t)bytes);
}

/* --- Memory files */

static int64_t pages_more(const struct host_file *file, uint64_t size) {
    return (int64_t)page_up(size) - (int64_t)page_up(file->size);
}

int memory_file_resize(struct orc_compartment *compartment, struct host_file *file, uint64_t size) {
    if (size > MOST_FILE)
        return -EFBIG;
    HOLD(compartment->memory_lock);
    int64_t more = pages_more(file, size);
    if (admit(compartment, more, 0) < 0)
        return -ENOSPC;
    if (ftruncate(file->fd, (off_t)size) != 0)
        return -errno;
    add_bytes(&compartment->memory, more);
    file->size = size;
    return 0;
}

int64_t memory_file_write(struct orc_compartment *compartment, struct host_file *file, const void *buffer,
                          uint64_t length, uint64_t offset) {
    if (offset > MOST_FILE - length)
        return -EFBIG;
    HOLD(compartment->memory_lock);
    if (offset + length > file->size && admit(compartment, pages_more(file, offset + length), 0) < 0)
        return -ENOSPC;
    ssize_t written = pwrite(file->fd, buffer, length, (off_t)offset);
    if (written < 0)
        return -errno;
    if (offset + (uint64_t)written > file->size && written > 0) {
        add_bytes(&compartment->memory, pages_more(file, offset + (uint64_t)written));
        file->size = offset + (uint64_t)written;
    }
    return written;
}
