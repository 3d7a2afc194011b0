/* The guest's address space. Two bits a page say what it is: reserved (part of some mapping) and mapped (the Intravisor
 * has pages there; a mapping that was never accessible has none, and costs nothing). The bits lie in zero pages, side by
 * side, and only the parts that describe used ranges are ever touched.
 *
 * Small mappings and the break lie right above the first stack, so that a small program's memory needs few page tables;
 * large ones lie in the heap range. */
#define _GNU_SOURCE
#include "libos.h"

#include "file.h"
#include "memory.h"
#include "shared_data.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define LARGE (1ul << 20)       /* mappings from this size on go to the heap range */
#define SHARED (1ul << 16)      /* read-only mappings of unchanging files are shared from this size on */
#define BREAK_SIZE (1ul << 18)  /* room that is kept for the break, while there is other */

enum kind { RESERVED, MAPPED };

struct bits { /* of 64 pages */
    uint64_t of[2];
};

struct range {
    unsigned long start, end; /* pages */
    struct bits *bits;
};

#define PAGES(start, end) (((end) - (start)) / LIBOS_PAGE)
/* The first stack isn't the guest's to map: these begin where it ends, so that their first ones are in use. */
static struct bits low_bits[PAGES(ORC_STACK_TOP, ORC_FIRST_STACK_END) / 64];
static struct bits high_bits[(PAGES(ORC_HEAP, ORC_HEAP_END) + 63) / 64];
static const struct range ranges[] = {
    {ORC_STACK_TOP / LIBOS_PAGE, ORC_FIRST_STACK_END / LIBOS_PAGE, low_bits},
    {ORC_HEAP / LIBOS_PAGE, ORC_HEAP_END / LIBOS_PAGE, high_bits},
};
#define LOW (&ranges[0])
#define HIGH (&ranges[1])

struct libos_lock libos_memory_lock;

/* The break: [first_heap, current_break) in bytes, of which whole pages up to mapped_break are mapped. */
static unsigned long break_start, current_break, mapped_break;

/* --- Bitmaps. `page` counts from the start of the address space. */

static bool bit(const struct range *range, enum kind kind, unsigned long page) {
    page -= range->start;
    return range->bits[page / 64].of[kind] >> page % 64 & 1;
}

static void set_bits(const struct range *range, enum kind kind, unsigned long page, unsigned long count, bool value) {
    page -= range->start;
    while (count) {
        unsigned long shift = page % 64, step = 64 - shift < count ? 64 - shift : count;
        uint64_t mask = (step == 64 ? ~0ull : (1ull << step) - 1) << shift, *word = &range->bits[page / 64].of[kind];
        if (value)
            *word |= mask;
        else if (*word & mask) /* don't touch what is zero */
            *word &= ~mask;
        page += step;
        count -= step;
    }
}

/* How many pages from `page` on, at most `limit`, have a bit of the value that the first one has. */
static unsigned long run_length(const struct range *range, enum kind kind, unsigned long page, unsigned long limit) {
    bool value = bit(range, kind, page);
    unsigned long count = 0;
    while (count < limit) {
        unsigned long index = page + count - range->start;
        uint64_t word = range->bits[index / 64].of[kind];
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
        if (!bit(range, RESERVED, first) && run >= count)
            return first;
        first += run;
    }
    return 0;
}

static const struct range *range_of(unsigned long page, unsigned long count) {
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (page >= ranges[i].start && page < ranges[i].end && count <= ranges[i].end - page)
            return &ranges[i];
    return NULL;
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

static unsigned long find_place(unsigned long count) {
    unsigned long page = 0;
    if (count * LIBOS_PAGE < LARGE)
        page = find_low(count);
    if (!page)
        page = find_free(HIGH, HIGH->start, HIGH->end, count);
    if (!page)
        page = find_low(count);
    return page;
}

/* --- Changes; the lock is held. */

static long protection_bits(long protection) {
    if (protection & PROT_WRITE)
        return ORC_MEMORY_READ | ORC_MEMORY_WRITE;
    return protection & (PROT_READ | PROT_EXEC) ? ORC_MEMORY_READ : 0;
}

/* In place of whatever was there. A mapping without access stays unmapped. */
static long place(const struct range *range, unsigned long page, unsigned long count, long protection) {
    long result = 0;
    if (protection)
        result = orc_hostcall(ORC_MAP, page * LIBOS_PAGE, count * LIBOS_PAGE, protection, 0, 0);
    else if (run_length(range, MAPPED, page, count) < count || bit(range, MAPPED, page))
        result = orc_hostcall(ORC_UNMAP, page * LIBOS_PAGE, count * LIBOS_PAGE, 0, 0, 0);
    if (result < 0)
        return result;
    set_bits(range, RESERVED, page, count, true);
    set_bits(range, MAPPED, page, count, protection != 0);
    return page * LIBOS_PAGE;
}

static long map_pages(unsigned long count, long protection) {
    unsigned long page = find_place(count);
    if (!page)
        return -ENOMEM;
    return place(range_of(page, count), page, count, protection);
}

static long unmap_pages(const struct range *range, unsigned long page, unsigned long count) {
    for (unsigned long done = 0, step; done < count; done += step) {
        step = run_length(range, MAPPED, page + done, count - done);
        if (!bit(range, MAPPED, page + done))
            continue;
        long result = orc_hostcall(ORC_UNMAP, (page + done) * LIBOS_PAGE, step * LIBOS_PAGE, 0, 0, 0);
        if (result < 0)
            return result;
        set_bits(range, MAPPED, page + done, step, false);
    }
    set_bits(range, RESERVED, page, count, false);
    return 0;
}

static bool is_reserved(const struct range *range, unsigned long page, unsigned long count) {
    return bit(range, RESERVED, page) && run_length(range, RESERVED, page, count) == count;
}

/* --- What the other parts of the libOS use. */

long libos_pages(size_t bytes) {
    libos_lock(&libos_memory_lock);
    long address = map_pages((bytes + LIBOS_PAGE - 1) / LIBOS_PAGE, ORC_MEMORY_READ | ORC_MEMORY_WRITE);
    libos_unlock(&libos_memory_lock);
    return address;
}

void libos_pages_free(long address, size_t bytes) {
    sys_munmap(address, bytes);
}

void libos_forget_pages(unsigned long address, unsigned long size) {
    unsigned long page = address / LIBOS_PAGE, count = size / LIBOS_PAGE;
    const struct range *range = range_of(page, count);
    if (!range)
        return;
    set_bits(range, MAPPED, page, count, false);
    set_bits(range, RESERVED, page, count, false);
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

/* Whole pages from a guest's address and length. */
static const struct range *pages_of(long address, long length, unsigned long *page, unsigned long *count) {
    *page = (unsigned long)address / LIBOS_PAGE;
    *count = ((unsigned long)length + LIBOS_PAGE - 1) / LIBOS_PAGE;
    return (unsigned long)address % LIBOS_PAGE || length <= 0 ? NULL : range_of(*page, *count);
}

/* A hint is taken when it is free. */
static unsigned long choose(long address, unsigned long count, long flags) {
    unsigned long page = (unsigned long)address / LIBOS_PAGE;
    const struct range *range = address ? range_of(page, count) : NULL;
    if (range == LOW && page < low_start())
        range = NULL;
    if (range && !bit(range, RESERVED, page) &&
        run_length(range, RESERVED, page, count) == count)
        return page;
    return flags & MAP_FIXED_NOREPLACE ? 0 : find_place(count);
}

static long fill_from_file(long address, unsigned long length, long fd, int64_t offset) {
    for (unsigned long done = 0; done < length;) {
        long count = libos_pread((int)fd, (char *)address + done, length - done, offset + (int64_t)done);
        if (count == -EINTR && !libos_interrupted())
            continue;
        if (count < 0)
            return count;
        if (count == 0)
            break; /* pages past the end of the file read as zero */
        done += (unsigned long)count;
    }
    return 0;
}

static long check_file(long protection, long flags, long fd, long offset) {
    char byte;
    if (offset < 0 || offset % (long)LIBOS_PAGE)
        return -EINVAL;
    if ((flags & MAP_TYPE) != MAP_PRIVATE && (protection & PROT_WRITE))
        return -ENODEV;
    long readable = libos_pread((int)fd, &byte, 0, 0);
    return readable == -ESPIPE || readable == -EISDIR ? -ENODEV : readable == -EBADF ? -EBADF : readable < 0 ? -EACCES : 0;
}

/* Whether compartments may have one copy of the pages: nobody can write to them, and the file fills them. On success
 * `name` is the file's path. */
static bool is_shareable(long protection, long flags, long fd, long offset, unsigned long length, char name[64]) {
    struct stat status;
    if (protection != PROT_READ || (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) || length < SHARED)
        return false;
    struct file *file = file_get((int)fd);
    bool result = file && file->unchanging && file->operations->status && file->operations->status(file, &status) == 0 &&
                  S_ISREG(status.st_mode) && offset <= status.st_size &&
                  (unsigned long)(status.st_size - offset + LIBOS_PAGE - 1) / LIBOS_PAGE >=
                      (length + LIBOS_PAGE - 1) / LIBOS_PAGE;
    name[0] = 0;
    if (result && file->path) {
        size_t size = file->path_size < 64 ? file->path_size : 64; /* the end tells more than the beginning */
        memcpy(name, file->path + (file->path_size - size), size);
    }
    if (file)
        file_put(file);
    return result;
}

/* Pages with a file's content become the copy that compartments share. If that can't be, they stay what they are. */
static long share_pages(long address, unsigned long length, const char *name) {
    long shared = shared_data_get((const void *)address, (length + LIBOS_PAGE - 1) & -LIBOS_PAGE, name);
    if (shared < 0)
        return address;
    sys_munmap(address, (long)length);
    return shared;
}

static long map_at(long address, unsigned long count, long protection, long flags) {
    long result;
    libos_lock(&libos_memory_lock);
    unsigned long page = (unsigned long)address / LIBOS_PAGE;
    if (!(flags & MAP_FIXED))
        page = choose(address, count, flags);
    const struct range *range = page ? range_of(page, count) : NULL;
    if (range)
        result = place(range, page, count, protection);
    else
        result = flags & MAP_FIXED_NOREPLACE && address ? -EEXIST : -ENOMEM;
    libos_unlock(&libos_memory_lock);
    return result;
}

long sys_mmap(long address, long length, long protection, long flags, long fd, long offset) {
    unsigned long count = ((unsigned long)length + LIBOS_PAGE - 1) / LIBOS_PAGE;
    long type = flags & MAP_TYPE, access = protection_bits(protection);
    bool is_file = !(flags & MAP_ANONYMOUS);
    if (type != MAP_PRIVATE && type != MAP_SHARED && type != MAP_SHARED_VALIDATE)
        return -EINVAL;
    if (length == 0 || ((flags & MAP_FIXED) && (unsigned long)address % LIBOS_PAGE))
        return -EINVAL;
    if (length < 0 || count > PAGES(ORC_HEAP, ORC_HEAP_END))
        return -ENOMEM;
    if (protection & PROT_EXEC)
        return -EPERM; /* code comes as objects, through the dynamic linker */
    long result = is_file ? check_file(protection, flags, fd, offset) : 0;
    if (result < 0)
        return result;
    long mapped = map_at(address, count, is_file ? ORC_MEMORY_READ | ORC_MEMORY_WRITE : access, flags);
    if (mapped < 0 || !is_file)
        return mapped;
    result = fill_from_file(mapped, (unsigned long)length, fd, offset);
    if (result == 0 && access != (ORC_MEMORY_READ | ORC_MEMORY_WRITE))
        result = sys_mprotect(mapped, length, protection);
    if (result < 0) {
        sys_munmap(mapped, length);
        return result;
    }
    char name[64];
    return is_shareable(protection, flags, fd, offset, (unsigned long)length, name)
               ? share_pages(mapped, (unsigned long)length, name)
               : mapped;
}

long sys_munmap(long address, long length) {
    unsigned long page, count;
    const struct range *range = pages_of(address, length, &page, &count);
    if (!range && address % (long)LIBOS_PAGE == 0 && shared_data_unmap(page * LIBOS_PAGE, count * LIBOS_PAGE))
        return 0;
    if (!range)
        return -EINVAL;
    libos_lock(&libos_memory_lock);
    long result = unmap_pages(range, page, count);
    libos_unlock(&libos_memory_lock);
    return result;
}

/* Growing in place: the pages behind are free. */
static bool can_grow(const struct range *range, unsigned long page, unsigned long old_count, unsigned long count) {
    unsigned long next = page + old_count;
    return count <= range->end - page && !bit(range, RESERVED, next) &&
           run_length(range, RESERVED, next, count - old_count) == count - old_count;
}

static long move(const struct range *range, unsigned long page, unsigned long old_count, unsigned long count) {
    long address = map_pages(count, ORC_MEMORY_READ | ORC_MEMORY_WRITE);
    if (address < 0)
        return address;
    for (unsigned long done = 0, step; done < old_count; done += step) {
        step = run_length(range, MAPPED, page + done, old_count - done);
        if (bit(range, MAPPED, page + done))
            memcpy((char *)address + done * LIBOS_PAGE, (char *)((page + done) * LIBOS_PAGE), step * LIBOS_PAGE);
    }
    unmap_pages(range, page, old_count);
    return address;
}

static long resize(const struct range *range, unsigned long page, unsigned long old_count, unsigned long count, long flags) {
    if (!is_reserved(range, page, old_count))
        return -EFAULT;
    if (count < old_count)
        unmap_pages(range, page + count, old_count - count);
    if (count <= old_count)
        return page * LIBOS_PAGE;
    if (can_grow(range, page, old_count, count)) {
        bool is_mapped = bit(range, MAPPED, page + old_count - 1);
        long result = place(range, page + old_count, count - old_count,
                            is_mapped ? ORC_MEMORY_READ | ORC_MEMORY_WRITE : 0);
        return result < 0 ? result : (long)(page * LIBOS_PAGE);
    }
    return flags & MREMAP_MAYMOVE ? move(range, page, old_count, count) : -ENOMEM;
}

long sys_mremap(long address, long old_length, long new_length, long flags, long new_address) {
    unsigned long page, old_count, count = ((unsigned long)new_length + LIBOS_PAGE - 1) / LIBOS_PAGE;
    const struct range *range = pages_of(address, old_length, &page, &old_count);
    (void)new_address;
    if (!range || new_length <= 0 || (flags & ~(long)MREMAP_MAYMOVE))
        return -EINVAL;
    if (count > PAGES(ORC_HEAP, ORC_HEAP_END))
        return -ENOMEM;
    libos_lock(&libos_memory_lock);
    long result = resize(range, page, old_count, count, flags);
    libos_unlock(&libos_memory_lock);
    return result;
}

/* Pages that never were accessible get mapped now. */
/* In a clone some memory shows its zygote's image, and one call can't have that and other memory. */
static long protect_mapped(unsigned long address, unsigned long count, long access) {
    long result = orc_hostcall(ORC_PROTECT, address, count * LIBOS_PAGE, access, 0, 0);
    unsigned long half = count / 2;
    if (result != -EXDEV || half == 0)
        return result;
    result = protect_mapped(address, half, access);
    return result < 0 ? result : protect_mapped(address + half * LIBOS_PAGE, count - half, access);
}

/* What shows the image would show it again: it's written to, where that is allowed. A hostcall finds out. */
static long discard_mapped(unsigned long address, unsigned long count) {
    long result = orc_hostcall(ORC_DISCARD, address, count * LIBOS_PAGE, 0, 0, 0);
    if (result != -EXDEV)
        return result;
    for (result = 0; result == 0 && count; count--, address += LIBOS_PAGE) {
        if (orc_hostcall(ORC_DISCARD, address, LIBOS_PAGE, 0, 0, 0) == 0)
            continue;
        if (orc_hostcall(ORC_USAGE, address, 0, 0, 0, 0) < 0)
            result = -EACCES;
        else
            memset((void *)address, 0, LIBOS_PAGE);
    }
    return result;
}

static long protect_pages(const struct range *range, unsigned long page, unsigned long count, long access) {
    if (!is_reserved(range, page, count))
        return -ENOMEM;
    for (unsigned long done = 0, step; done < count; done += step) {
        unsigned long address = (page + done) * LIBOS_PAGE;
        bool is_mapped = bit(range, MAPPED, page + done);
        step = run_length(range, MAPPED, page + done, count - done);
        if (!is_mapped && !access)
            continue;
        long result = is_mapped ? protect_mapped(address, step, access)
                                : orc_hostcall(ORC_MAP, address, step * LIBOS_PAGE, access, 0, 0);
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

long sys_mprotect(long address, long length, long protection) {
    unsigned long page, count;
    if ((unsigned long)address % LIBOS_PAGE || length < 0)
        return -EINVAL;
    if (length == 0)
        return 0;
    if (protection & PROT_EXEC)
        return -EPERM;
    const struct range *range = pages_of(address, length, &page, &count);
    if (!range || (range == LOW && page < low_start()))
        return protect_other((unsigned long)address, (unsigned long)length, protection);
    libos_lock(&libos_memory_lock);
    long result = protect_pages(range, page, count, protection_bits(protection));
    libos_unlock(&libos_memory_lock);
    return result;
}

static long discard_pages(const struct range *range, unsigned long page, unsigned long count) {
    for (unsigned long done = 0, step; done < count; done += step) {
        step = run_length(range, MAPPED, page + done, count - done);
        if (!bit(range, MAPPED, page + done))
            continue;
        long result = discard_mapped((page + done) * LIBOS_PAGE, step);
        if (result < 0)
            return result;
    }
    return 0;
}

long sys_madvise(long address, long length, long advice) {
    unsigned long page, count;
    if ((unsigned long)address % LIBOS_PAGE || length < 0)
        return -EINVAL;
    if (length == 0)
        return 0;
    const struct range *range = pages_of(address, length, &page, &count);
    bool is_shared = !range && shared_data_covers((unsigned long)address, count * LIBOS_PAGE);
    if (!is_shared && (!range || (range == LOW && page < low_start())))
        return -ENOMEM;
    switch (advice) {
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_WILLNEED:
    case MADV_HUGEPAGE:
    case MADV_NOHUGEPAGE:
    case MADV_DODUMP:
    case MADV_DONTDUMP:
        return 0; /* hints */
    case MADV_DONTNEED:
    case MADV_FREE:
        break;
    default:
        return -EINVAL;
    }
    if (is_shared)
        return 0; /* read again they are what they were */
    libos_lock(&libos_memory_lock);
    long result = is_reserved(range, page, count) ? discard_pages(range, page, count) : -ENOMEM;
    libos_unlock(&libos_memory_lock);
    return result;
}

/* What is mapped counts as resident: programs use this to learn what is mapped. */
long sys_mincore(long address, long length, long vector) {
    unsigned long page, count;
    const struct range *range = pages_of(address, length, &page, &count);
    if ((unsigned long)address % LIBOS_PAGE)
        return -EINVAL;
    if (!range)
        return length == 0 ? 0 : -ENOMEM;
    libos_lock(&libos_memory_lock);
    bool ok = is_reserved(range, page, count);
    for (unsigned long i = 0; ok && i < count; i++)
        ((unsigned char *)vector)[i] = bit(range, MAPPED, page + i);
    libos_unlock(&libos_memory_lock);
    return ok ? 0 : -ENOMEM;
}

/* File mappings are private copies or read-only: there is nothing to write back. */
long sys_msync(long address, long length, long flags) {
    unsigned long page, count;
    const struct range *range = pages_of(address, length, &page, &count);
    if ((unsigned long)address % LIBOS_PAGE || (flags & ~(long)(MS_ASYNC | MS_SYNC | MS_INVALIDATE)))
        return -EINVAL;
    return length == 0 || range || shared_data_covers((unsigned long)address, count * LIBOS_PAGE) ? 0 : -ENOMEM;
}

static bool set_break(unsigned long wanted) {
    unsigned long end = (wanted + LIBOS_PAGE - 1) & -LIBOS_PAGE;
    if (end > mapped_break) {
        unsigned long page = mapped_break / LIBOS_PAGE, count = (end - mapped_break) / LIBOS_PAGE;
        if (end > ORC_FIRST_STACK_END || bit(LOW, RESERVED, page) ||
            run_length(LOW, RESERVED, page, count) < count ||
            place(LOW, page, count, ORC_MEMORY_READ | ORC_MEMORY_WRITE) < 0)
            return false;
    } else if (end < mapped_break) {
        unmap_pages(LOW, end / LIBOS_PAGE, (mapped_break - end) / LIBOS_PAGE);
    }
    mapped_break = end;
    return true;
}

long sys_brk(long address) {
    libos_lock(&libos_memory_lock);
    if (!break_start)
        break_start = current_break = mapped_break = libos_first_page();
    if ((unsigned long)address >= break_start && (unsigned long)address <= ORC_FIRST_STACK_END &&
        set_break((unsigned long)address))
        current_break = (unsigned long)address;
    long result = (long)current_break;
    libos_unlock(&libos_memory_lock);
    return result;
}

bool libos_next_mapping(unsigned long address, struct libos_mapping *mapping) {
    bool found = false;
    libos_lock(&libos_memory_lock);
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0] && !found; i++) {
        const struct range *range = &ranges[i];
        unsigned long page = address / LIBOS_PAGE > range->start ? address / LIBOS_PAGE : range->start;
        for (; page < range->end && !bit(range, RESERVED, page); page += run_length(range, RESERVED, page, range->end - page))
            ;
        if (page >= range->end)
            continue;
        unsigned long count = run_length(range, RESERVED, page, range->end - page);
        count = run_length(range, MAPPED, page, count);
        *mapping = (struct libos_mapping){
            .start = page * LIBOS_PAGE, .end = (page + count) * LIBOS_PAGE, .mapped = bit(range, MAPPED, page)};
        found = true;
    }
    libos_unlock(&libos_memory_lock);
    return found;
}
