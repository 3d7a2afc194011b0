/* The guest's address space. Some bits a page say what it is (memory.h). They lie in zero pages, side by side, and only the
 * parts that describe used ranges are ever touched.
 *
 * Small mappings and the break lie right above the first stack, so that a small program's memory needs few page tables;
 * large ones lie in the heap range. */
#define _GNU_SOURCE
#include "memory.h"

#include "file.h"
#include "shared_data.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define LARGE (1ul << 20)       /* mappings from this size on go to the heap range */
#define BREAK_SIZE (1ul << 18)  /* room that is kept for the break, while there is other */

#define PAGES(start, end) (((end) - (start)) / LIBOS_PAGE)
/* The first stack isn't the guest's to map: these begin where it ends, so that their first ones are in use. */
static struct bits low_bits[PAGES(ORC_STACK_TOP, ORC_FIRST_STACK_END) / 64];
static struct bits high_bits[(PAGES(ORC_HEAP, ORC_HEAP_END) + 63) / 64];
#define LOW_COUNT (sizeof low_bits / sizeof *low_bits)
#define HIGH_COUNT (sizeof high_bits / sizeof *high_bits)
static const struct range ranges[] = {
    {ORC_STACK_TOP / LIBOS_PAGE, ORC_FIRST_STACK_END / LIBOS_PAGE, low_bits, 0},
    {ORC_HEAP / LIBOS_PAGE, ORC_HEAP_END / LIBOS_PAGE, high_bits, LOW_COUNT},
};
static struct bits *rare_bits;
#define LOW (&ranges[0])
#define HIGH (&ranges[1])

struct libos_lock libos_memory_lock;
unsigned long locked_pages;

/* The break: [first_heap, current_break) in bytes, of which whole pages up to mapped_break are mapped. */
static unsigned long break_start, current_break, mapped_break;

/* --- Bitmaps. `page` counts from the start of the address space. */

bool rare_bits_make(void) {
    if (__atomic_load_n(&rare_bits, __ATOMIC_ACQUIRE))
        return true;
    long pages = libos_pages((LOW_COUNT + HIGH_COUNT) * sizeof *rare_bits);
    struct bits *none = NULL;
    if (pages > 0 && !__atomic_compare_exchange_n(&rare_bits, &none, (struct bits *)pages, false, __ATOMIC_ACQ_REL,
                                                  __ATOMIC_ACQUIRE))
        libos_pages_free(pages, (LOW_COUNT + HIGH_COUNT) * sizeof *rare_bits); /* another thread was faster */
    return pages > 0;
}

static uint64_t *word_of(const struct range *range, enum page_bit kind, unsigned long index) {
    if (kind < FIRST_RARE)
        return &range->bits[index].of[kind];
    return &rare_bits[range->first_rare + index].of[kind - FIRST_RARE];
}

static bool are_none(enum page_bit kind) {
    return kind >= FIRST_RARE && !rare_bits;
}

bool page_bit(const struct range *range, enum page_bit kind, unsigned long page) {
    page -= range->start;
    return !are_none(kind) && *word_of(range, kind, page / 64) >> page % 64 & 1;
}

void set_bits(const struct range *range, enum page_bit kind, unsigned long page, unsigned long count, bool value) {
    if (are_none(kind))
        return;
    page -= range->start;
    while (count) {
        unsigned long shift = page % 64, step = 64 - shift < count ? 64 - shift : count;
        uint64_t mask = (step == 64 ? ~0ull : (1ull << step) - 1) << shift, *word = word_of(range, kind, page / 64);
        if (value)
            *word |= mask;
        else if (*word & mask) /* don't touch what is zero */
            *word &= ~mask;
        page += step;
        count -= step;
    }
}

unsigned long run_length(const struct range *range, enum page_bit kind, unsigned long page, unsigned long limit) {
    bool value = page_bit(range, kind, page);
    unsigned long count = are_none(kind) ? limit : 0;
    while (count < limit) {
        unsigned long index = page + count - range->start;
        uint64_t word = *word_of(range, kind, index / 64);
        uint64_t others = (value ? ~word : word) >> index % 64;
        unsigned long same = others ? (unsigned long)__builtin_ctzll(others) : 64 - index % 64;
        count += same;
        if (others)
            break;
    }
    return count < limit ? count : limit;
}

/* First fit in [first, last): a page, or 0. */
static unsigned long find_free(const struct range *range, unsigned long first, unsigned long last,
                               unsigned long count) {
    while (first < last && count <= last - first) {
        unsigned long run = run_length(range, RESERVED, first, last - first);
        if (!page_bit(range, RESERVED, first) && run >= count)
            return first;
        first += run;
    }
    return 0;
}

const struct range *range_of(unsigned long page, unsigned long count) {
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (page >= ranges[i].start && page < ranges[i].end && count <= ranges[i].end - page)
            return &ranges[i];
    return NULL;
}

const struct range *range_at(unsigned long page, unsigned long *count) {
    const struct range *range = range_of(page, 1);
    if (range && *count > range->end - page)
        *count = range->end - page;
    return range;
}

/* --- Placement */

/* The first whole page after the start information; what is left of the page before is the libOS' (heap.c). */
unsigned long libos_first_page(void) {
    return (libos_boot->first_heap + LIBOS_PAGE - 1) & -LIBOS_PAGE;
}

static unsigned long low_start(void) {
    return libos_first_page() / LIBOS_PAGE;
}

static unsigned long find_low(unsigned long count) {
    unsigned long after_break = low_start() + BREAK_SIZE / LIBOS_PAGE;
    unsigned long page = find_free(LOW, after_break, LOW->end, count);
    unsigned long break_end = (mapped_break ? mapped_break : libos_first_page()) / LIBOS_PAGE;
    return page || break_end >= after_break ? page : find_free(LOW, break_end, after_break, count);
}

unsigned long find_place(unsigned long count) {
    unsigned long page = 0;
    if (count * LIBOS_PAGE < LARGE)
        page = find_low(count);
    if (!page)
        page = find_free(HIGH, HIGH->start, HIGH->end, count);
    if (!page)
        page = find_low(count);
    return page;
}

/* A hint is taken when it is free. */
unsigned long choose_place(unsigned long address, unsigned long count, long flags) {
    unsigned long page = address / LIBOS_PAGE;
    const struct range *range = address ? range_of(page, count) : NULL;
    if (range == LOW && page < low_start())
        range = NULL;
    if (range && none_has(range, RESERVED, page, count))
        return page;
    return flags & MAP_FIXED_NOREPLACE ? 0 : find_place(count);
}

bool can_grow(const struct range *range, unsigned long page, unsigned long old_count, unsigned long count) {
    unsigned long next = page + old_count;
    return count <= range->end - page && none_has(range, RESERVED, next, count - old_count);
}

const struct range *pages_of(unsigned long address, unsigned long length, unsigned long *page, unsigned long *count) {
    *page = address / LIBOS_PAGE;
    *count = length / LIBOS_PAGE + (length % LIBOS_PAGE != 0);
    const struct range *range = address % LIBOS_PAGE || length == 0 ? NULL : range_of(*page, *count);
    return range == LOW && *page < low_start() ? NULL : range;
}

/* --- Changes; the lock is held. */

long protection_bits(long protection) {
    if (protection & PROT_WRITE)
        return ORC_MEMORY_READ | ORC_MEMORY_WRITE;
    return protection & (PROT_READ | PROT_EXEC) ? ORC_MEMORY_READ : 0;
}

static void unlock_pages(const struct range *range, unsigned long page, unsigned long count) {
    for (unsigned long done = 0, step; locked_pages && done < count; done += step) {
        step = run_length(range, LOCKED, page + done, count - done);
        if (!page_bit(range, LOCKED, page + done))
            continue;
        set_bits(range, LOCKED, page + done, step, false);
        locked_pages -= step;
    }
}

/* All but areas. */
static void forget(const struct range *range, unsigned long page, unsigned long count, bool reserved) {
    set_bits(range, RESERVED, page, count, reserved);
    set_bits(range, MAPPED, page, count, false);
    set_bits(range, WIPED, page, count, false);
    unlock_pages(range, page, count);
}

void forget_pages(const struct range *range, unsigned long page, unsigned long count, bool reserved,
                  struct changes *changes) {
    areas_cut(page, count, changes);
    forget(range, page, count, reserved);
}

long place_pages(const struct range *range, unsigned long page, unsigned long count, long protection,
                 struct changes *changes) {
    long result = 0;
    if (protection)
        result = orc_hostcall(ORC_MAP, page * LIBOS_PAGE, count * LIBOS_PAGE, protection, 0, 0);
    else if (!none_has(range, MAPPED, page, count))
        result = orc_hostcall(ORC_UNMAP, page * LIBOS_PAGE, count * LIBOS_PAGE, 0, 0, 0);
    if (result < 0)
        return result;
    forget_pages(range, page, count, true, changes);
    set_bits(range, MAPPED, page, count, protection != 0);
    return page * LIBOS_PAGE;
}

/* At a place that was free. */
static long map_pages(unsigned long page, unsigned long count) {
    struct changes none = {0};
    const struct range *range = page ? range_of(page, count) : NULL;
    return range ? place_pages(range, page, count, ORC_MEMORY_READ | ORC_MEMORY_WRITE, &none) : -ENOMEM;
}

long unmap_pages(const struct range *range, unsigned long page, unsigned long count, struct changes *changes) {
    for (unsigned long done = 0, step; done < count; done += step) {
        step = run_length(range, MAPPED, page + done, count - done);
        if (!page_bit(range, MAPPED, page + done))
            continue;
        long result = orc_hostcall(ORC_UNMAP, (page + done) * LIBOS_PAGE, step * LIBOS_PAGE, 0, 0, 0);
        if (result < 0)
            return result;
        set_bits(range, MAPPED, page + done, step, false);
    }
    forget_pages(range, page, count, false, changes);
    return 0;
}

/* --- What the other parts of the libOS use. */

long libos_pages(size_t bytes) {
    libos_lock(&libos_memory_lock);
    unsigned long count = (bytes + LIBOS_PAGE - 1) / LIBOS_PAGE;
    long address = map_pages(find_place(count), count);
    libos_unlock(&libos_memory_lock);
    return address;
}

void libos_pages_free(long address, size_t bytes) {
    sys_munmap(address, bytes);
}

void libos_forget_pages(unsigned long address, unsigned long size) {
    unsigned long page = address / LIBOS_PAGE, count = size / LIBOS_PAGE;
    const struct range *range = range_of(page, count);
    if (range)
        forget(range, page, count, false); /* it's a mapping of the C library's: no file's */
}

/* A page that isn't the guest's to map, but for those below the first stack, is taken to be there. */
static bool is_mapped(unsigned long page) {
    if (page >= HIGH->start && page < HIGH->end)
        return page_bit(HIGH, MAPPED, page);
    if (page >= low_start() && page < LOW->end)
        return page_bit(LOW, MAPPED, page);
    return page >= ORC_FIRST_STACK / LIBOS_PAGE;
}

bool libos_maps(const void *start, unsigned long size) {
    unsigned long first = (unsigned long)start, last = first + size - 1;
    return size == 0 || (first <= last && last < 1ul << 32 && is_mapped(first / LIBOS_PAGE) &&
                         (last - first < LIBOS_PAGE - first % LIBOS_PAGE || is_mapped(last / LIBOS_PAGE)));
}

/* When the program starts. ld.so went deeper into the first stack than small programs do: those pages go back. */
#define LOADER_STACK (1ul << 17)
__attribute__((constructor)) static void discard_loader_stack(void) {
    char here;
    unsigned long end = (unsigned long)&here & -LIBOS_PAGE, low = libos_boot->stack_low;
    unsigned long start = end - low > LOADER_STACK ? end - LOADER_STACK : low;
    if (end > low && end < libos_boot->stack_high)
        orc_hostcall(ORC_DISCARD, (long)start, (long)(end - start), 0, 0, 0);
}

/* --- System calls */

long sys_munmap(long address, long length) {
    unsigned long page, count;
    struct changes changes;
    const struct range *range = length > 0 ? pages_of(address, length, &page, &count) : NULL;
    if (!range && length > 0 && address % (long)LIBOS_PAGE == 0 &&
        shared_data_unmap(page * LIBOS_PAGE, count * LIBOS_PAGE))
        return 0;
    if (!range)
        return -EINVAL;
    long result = changes_begin(&changes, 0, 1, page, count);
    if (result < 0)
        return result;
    result = unmap_pages(range, page, count, &changes);
    changes_end(&changes);
    return result;
}

/* What the libOS knows of pages of files: those of one that can't be written to never are. */
static bool may_protect(unsigned long page, unsigned long count, long access) {
    if (!(access & ORC_MEMORY_WRITE))
        return true;
    for (const struct area *area = area_at(page); area && area->page < page + count; area = area->next)
        if (area->shared && !area_writable(area))
            return false;
    return true;
}

/* Pages that never were accessible get mapped now. */
static long protect_pages(const struct range *range, unsigned long page, unsigned long count, long access) {
    if (!all_have(range, RESERVED, page, count))
        return -ENOMEM;
    if (!may_protect(page, count, access))
        return -EACCES;
    for (unsigned long done = 0, step; done < count; done += step) {
        unsigned long address = (page + done) * LIBOS_PAGE;
        bool is_mapped = page_bit(range, MAPPED, page + done);
        step = run_length(range, MAPPED, page + done, count - done);
        if (!is_mapped && !access)
            continue;
        long result = orc_hostcall(is_mapped ? ORC_PROTECT : ORC_MAP, address, step * LIBOS_PAGE, access, 0, 0);
        if (result < 0)
            return result;
        set_bits(range, MAPPED, page + done, step, true);
    }
    return 0;
}

/* The first stack and the objects have the protection that they need: changing it isn't possible, and asking for what
 * they have succeeds. */
static long protect_other(unsigned long address, unsigned long length, long protection) {
    if (address >= libos_boot->stack_low && address < libos_first_page() && length <= libos_first_page() - address)
        return (protection & (PROT_READ | PROT_WRITE)) == (PROT_READ | PROT_WRITE) ? 0 : -EACCES;
    if (address >= ORC_WINDOW && address < ORC_WINDOW_END)
        return protection == PROT_READ && shared_data_covers(address, (length + LIBOS_PAGE - 1) & -LIBOS_PAGE) ? 0 : -EACCES;
    return -ENOMEM;
}

#define PROTECTIONS (PROT_READ | PROT_WRITE | PROT_EXEC | 8 /* PROT_SEM, which means nothing */)

long sys_mprotect(long address, long length, long protection) {
    unsigned long page, count;
    if ((unsigned long)address % LIBOS_PAGE || protection & ~(long)PROTECTIONS)
        return -EINVAL; /* nothing grows downwards or upwards here */
    if (length == 0)
        return 0;
    if (length < 0)
        return -ENOMEM;
    if (protection & PROT_EXEC)
        return -EPERM;
    const struct range *range = pages_of(address, length, &page, &count);
    if (!range)
        return protect_other((unsigned long)address, (unsigned long)length, protection);
    libos_lock(&libos_memory_lock);
    long result = protect_pages(range, page, count, protection_bits(protection));
    libos_unlock(&libos_memory_lock);
    return result;
}

static bool set_break(unsigned long wanted, struct changes *changes) {
    unsigned long end = (wanted + LIBOS_PAGE - 1) & -LIBOS_PAGE;
    if (end > mapped_break && !libos_may_map(end - mapped_break))
        return false;
    if (end > mapped_break) {
        unsigned long page = mapped_break / LIBOS_PAGE, count = (end - mapped_break) / LIBOS_PAGE;
        if (end > ORC_FIRST_STACK_END || !none_has(LOW, RESERVED, page, count) || map_pages(page, count) < 0)
            return false;
    } else if (end < mapped_break) {
        unmap_pages(LOW, end / LIBOS_PAGE, (mapped_break - end) / LIBOS_PAGE, changes);
    }
    mapped_break = end;
    return true;
}

long sys_brk(long address) {
    struct changes changes;
    if (changes_begin(&changes, 0, 0, 0, 0) < 0)
        return current_break;
    if (!break_start)
        break_start = current_break = mapped_break = libos_first_page();
    if ((unsigned long)address >= break_start && (unsigned long)address <= ORC_FIRST_STACK_END &&
        set_break((unsigned long)address, &changes))
        current_break = (unsigned long)address;
    long result = (long)current_break;
    changes_end(&changes);
    return result;
}

/* Of pages that are all reserved: how many from the first on are one mapping to the Intravisor, too, and what may be done
 * with them. */
static unsigned long describe(const struct range *range, unsigned long page, unsigned long count,
                              struct libos_mapping *mapping) {
    struct orc_memory_range found;
    const struct area *area = area_at(page);
    count = run_length(range, MAPPED, page, count);
    if (area && area->page > page && area->page - page < count)
        count = area->page - page;
    if (area && area->page <= page) {
        unsigned long left = area->page + area->count - page;
        count = left < count ? left : count;
        mapping->offset = (uint64_t)area->offset + (page - area->page) * LIBOS_PAGE;
        mapping->shared = area->shared;
    }
    if (!page_bit(range, MAPPED, page) ||
        orc_hostcall(ORC_MEMORY_RANGE, (long)(page * LIBOS_PAGE), (long)&found, 0, 0, 0) < 0)
        return count;
    unsigned long left = ((unsigned long)found.start + found.size) / LIBOS_PAGE - page;
    mapping->access = found.protection;
    return left < count ? left : count;
}

bool libos_next_mapping(unsigned long address, struct libos_mapping *mapping) {
    bool found = false;
    libos_lock(&libos_memory_lock);
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0] && !found; i++) {
        const struct range *range = &ranges[i];
        unsigned long page = address / LIBOS_PAGE > range->start ? address / LIBOS_PAGE : range->start;
        while (page < range->end && !page_bit(range, RESERVED, page))
            page += run_length(range, RESERVED, page, range->end - page);
        if (page >= range->end)
            continue;
        *mapping = (struct libos_mapping){.start = page * LIBOS_PAGE};
        unsigned long count = run_length(range, RESERVED, page, range->end - page);
        mapping->end = mapping->start + describe(range, page, count, mapping) * LIBOS_PAGE;
        found = true;
    }
    libos_unlock(&libos_memory_lock);
    return found;
}
