/* mmap and mremap: pages of files, and what is shared. Pages of host files are the host's, those of files in memory are a
 * memory file's from the first mapping on (memory_file.c): so all mappings, and reading and writing, see the same bytes.
 * Shared memory without a file is a file in memory that has no name. */
#define _GNU_SOURCE
#include "memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "file.h"
#include "heap.h"
#include "node.h"
#include "synthetic.h"

#ifndef MAP_ABOVE4G
#define MAP_ABOVE4G 0x80
#endif
#ifndef MAP_UNINITIALIZED
#define MAP_UNINITIALIZED 0x4000000
#endif

#define BYTES(pages) ((long)((pages) * LIBOS_PAGE))
#define READ_AND_WRITE (ORC_MEMORY_READ | ORC_MEMORY_WRITE)

/* --- Areas */

struct area *areas;

struct area *area_at(unsigned long page) {
    struct area *area = areas;
    while (area && area->page + area->count <= page)
        area = area->next;
    return area;
}

static bool enough(const struct changes *changes, unsigned needed) {
    for (const struct area *area = changes->spare; area && needed; area = area->next)
        needed--;
    return needed == 0;
}

static void file_unpin(struct file *file);

static void free_areas(struct area *area) {
    while (area) {
        struct area *next = area->next;
        if (area->file) {
            file_unpin(area->file);
            if (area->file->operations == &memory_operations)
                segment_detached(area->file->node);
            file_put(area->file);
        }
        if (area->before)
            file_put(area->before);
        heap_free(area, sizeof *area);
        area = next;
    }
}

long changes_begin(struct changes *changes, unsigned adds, unsigned splits, unsigned long page, unsigned long count) {
    *changes = (struct changes){0};
    libos_lock(&libos_memory_lock);
    while (!enough(changes, adds + (any_filed(page, count) ? splits : 0))) { /* the heap takes its memory from this map */
        libos_unlock(&libos_memory_lock);
        struct area *area = heap_allocate(sizeof *area);
        if (!area) {
            free_areas(changes->spare);
            return -ENOMEM;
        }
        area->next = changes->spare;
        changes->spare = area;
        libos_lock(&libos_memory_lock);
    }
    return 0;
}

void changes_end(struct changes *changes) {
    libos_unlock(&libos_memory_lock);
    free_areas(changes->spare);
    free_areas(changes->gone);
}

static struct area *take_spare(struct changes *changes, const struct area *like) {
    struct area *area = changes->spare;
    changes->spare = area->next;
    *area = *like;
    file_hold(area->file);
    if (area->before)
        file_hold(area->before);
    if (area->file->operations == &memory_operations)
        node_mapped(area->file->node);
    return area;
}

static void skip_front(struct area *area, unsigned long count) {
    area->page += count;
    area->count -= count;
    area->offset += BYTES(count);
}

/* What of the area lies in [page, end) goes; answers the link to what follows. */
static struct area **cut(struct area **link, unsigned long page, unsigned long end, struct changes *changes) {
    struct area *area = *link;
    unsigned long area_end = area->page + area->count;
    if (area->page < page && area_end > end) {
        struct area *tail = take_spare(changes, area);
        skip_front(tail, end - tail->page);
        area->next = tail;
        area->count = page - area->page;
        return &tail->next;
    }
    if (area->page < page) {
        area->count = page - area->page;
        return &area->next;
    }
    if (area_end > end) {
        skip_front(area, end - area->page);
        return &area->next;
    }
    *link = area->next;
    area->next = changes->gone;
    changes->gone = area;
    return link;
}

void areas_cut(unsigned long page, unsigned long count, struct changes *changes) {
    struct area **link = &areas;
    while (*link && (*link)->page < page + count)
        link = (*link)->page + (*link)->count <= page ? &(*link)->next : cut(link, page, page + count, changes);
}

static bool continues(const struct area *area, const struct area *next) {
    return next && next->page == area->page + area->count && next->file == area->file && next->before == area->before &&
           next->shared == area->shared && next->offset == area->offset + BYTES(area->count);
}

/* Two that are one become one. */
static void merge(struct area *area, struct changes *changes) {
    struct area *next = area->next;
    if (!continues(area, next))
        return;
    area->count += next->count;
    area->next = next->next;
    next->next = changes->gone;
    changes->gone = next;
}

static void add_area(unsigned long page, unsigned long count, const struct area *from, struct changes *changes) {
    struct area *area = take_spare(changes, from), **link = &areas, *before = NULL;
    area->page = page;
    area->count = count;
    for (; *link && (*link)->page < page; link = &before->next)
        before = *link;
    area->next = *link;
    *link = area;
    merge(area, changes);
    if (before)
        merge(before, changes);
}

/* --- Files to map */

/* /dev/zero and MAP_ANONYMOUS, shared. */
static struct file *shared_memory(unsigned long size) {
    struct file *file = NULL;
    libos_lock(&nodes_lock);
    struct node *node = node_create(0x41, S_IFREG | 0777);
    if (node && node_resize(node, (int64_t)size) == 0)
        file = memory_file_open(node, O_RDWR);
    if (node)
        node_put(node);
    libos_unlock(&nodes_lock);
    return file;
}

/* Sees to it that the file can be mapped until file_unpin. -ENODEV, -ENOMEM, -ENFILE. */
static long file_pin(struct file *file) {
    if (file->operations != &memory_operations)
        return (file->kind == FILE_HOST || file->kind == FILE_STREAM) && file->handle != ORC_NO_HANDLE ? 0 : -ENODEV;
    libos_lock(&nodes_lock);
    long result = node_share(file->node);
    if (result == 0)
        node_mapped(file->node);
    libos_unlock(&nodes_lock);
    return result;
}

static void file_unpin(struct file *file) {
    if (file->operations == &memory_operations)
        node_unmapped(file);
}

long area_handle(const struct area *area) {
    return area->file->operations == &memory_operations ? (long)node_handle(area->file->node) : (long)area->file->handle;
}

long area_map_again(const struct area *area, unsigned long page, unsigned long count, long protection) {
    return orc_hostcall(ORC_MAP_FILE, BYTES(page), BYTES(count), protection | (area->shared ? ORC_MEMORY_SHARED : 0),
                        area_handle(area), area->offset + BYTES(page - area->page));
}

long place_file(const struct range *range, unsigned long page, unsigned long count, long protection,
                const struct area *from, struct changes *changes) {
    long result = orc_hostcall(ORC_MAP_FILE, BYTES(page), BYTES(count),
                               protection | (from->shared ? ORC_MEMORY_SHARED : 0), area_handle(from), from->offset);
    if (result < 0)
        return result == -EINVAL ? -ENODEV : result; /* directories, pipes and their like */
    forget_pages(range, page, count, true, changes);
    set_bits(range, MAPPED, page, count, true);
    add_area(page, count, from, changes);
    return BYTES(page);
}

static bool sealed(const struct file *file) {
    return file->operations == &memory_operations && file->node->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE);
}

/* --- Layers */

static bool shows(const struct area *area, uint64_t device, uint64_t inode) {
    struct orc_status status;
    return area->file->kind == FILE_HOST && area->file->layered &&
           orc_hostcall(ORC_STATUS, area->file->handle, (long)&status, 0, 0, 0) == 0 && status.device == device &&
           status.inode == inode;
}

static bool any_shows(uint64_t device, uint64_t inode) {
    bool found = false;
    libos_lock(&libos_memory_lock);
    for (const struct area *area = areas; area && !found; area = area->next)
        found = shows(area, device, inode);
    libos_unlock(&libos_memory_lock);
    return found;
}

/* Pages that were written to stay what they are. */
static void map_layer(const struct area *area) {
    uint64_t at = area->page * LIBOS_PAGE, end = at + area->count * LIBOS_PAGE;
    struct orc_memory_range range;
    while (at < end && orc_hostcall(ORC_MEMORY_RANGE, (long)at, (long)&range, 0, 0, 0) == 0) {
        uint64_t range_end = (uint64_t)range.start + range.size;
        range_end = range_end < end ? range_end : end;
        if ((range.kind == ORC_RANGE_SHARED || range.kind == ORC_RANGE_PRIVATE) &&
            area_map_again(area, at / LIBOS_PAGE, (range_end - at) / LIBOS_PAGE, range.protection) < 0)
            orc_hostcall(ORC_PROTECT, (long)at, (long)(range_end - at), 0, 0, 0); /* rather a fault than what was */
        at = range_end;
    }
}

long areas_follow(struct node *node, uint64_t device, uint64_t inode) {
    if (!areas || !any_shows(device, inode))
        return 0;
    long result = node_share(node);
    struct file *file = result == 0 ? memory_file_open(node, O_RDONLY) : NULL;
    if (!file)
        return result == 0 ? -ENOMEM : result;
    node_mapped(node); /* as long as it's looked for: nobody makes chunks of it again */
    libos_lock(&libos_memory_lock);
    for (struct area *area = areas; area; area = area->next) {
        if (!shows(area, device, inode))
            continue;
        area->before = area->file; /* files are put without locks */
        file_hold(area->file = file);
        node_mapped(node);
        map_layer(area);
    }
    libos_unlock(&libos_memory_lock);
    __atomic_sub_fetch(&node->mapped, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&file->references, __ATOMIC_RELAXED) > 1) /* the areas have it */
        __atomic_sub_fetch(&file->references, 1, __ATOMIC_SEQ_CST);
    return 0;
}

/* --- mmap */

#define KNOWN_FLAGS                                                                                          \
    (MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_DENYWRITE | MAP_EXECUTABLE | MAP_UNINITIALIZED |     \
     MAP_GROWSDOWN | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB | MAP_32BIT | \
     MAP_ABOVE4G | MAP_HUGE_2MB | MAP_HUGE_1GB)

/* The order of Linux' checks. */
static long check_place(long address, long length, long flags) {
    unsigned long count = ((unsigned long)length + LIBOS_PAGE - 1) / LIBOS_PAGE;
    if (length == 0)
        return -EINVAL;
    if (length < 0 || count > (ORC_HEAP_END - ORC_HEAP) / LIBOS_PAGE)
        return -ENOMEM;
    if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE) && (unsigned long)address % LIBOS_PAGE)
        return -EINVAL;
    return libos_may_map(count * LIBOS_PAGE) ? 0 : -ENOMEM;
}

static long check_file(const struct file *file, long protection, long flags) {
    long type = flags & MAP_TYPE;
    if (type == MAP_SHARED_VALIDATE && flags & ~(long)(KNOWN_FLAGS | MAP_TYPE))
        return -EOPNOTSUPP;
    if (type != MAP_PRIVATE && protection & PROT_WRITE && !writable(file))
        return -EACCES;
    if (!readable(file))
        return -EACCES;
    if (type != MAP_PRIVATE && protection & PROT_WRITE && sealed(file))
        return -EPERM;
    return flags & MAP_GROWSDOWN ? -EINVAL : 0;
}

/* Nothing grows downwards here, and there are no huge pages to be had. */
static long check_flags(long protection, long flags, bool is_file) {
    long type = flags & MAP_TYPE;
    if (type != MAP_PRIVATE && type != MAP_SHARED && (type != MAP_SHARED_VALIDATE || !is_file))
        return -EINVAL;
    if (flags & MAP_GROWSDOWN)
        return type == MAP_PRIVATE && !is_file ? -EOPNOTSUPP : -EINVAL;
    if (flags & MAP_HUGETLB)
        return is_file ? -EINVAL : -ENOMEM;
    return protection & PROT_EXEC ? -EPERM : 0; /* code comes as objects, through the dynamic linker */
}

static long map_at(long address, unsigned long count, long protection, long flags, const struct area *from) {
    struct changes changes;
    unsigned long page = (unsigned long)address / LIBOS_PAGE, any, same;
    bool locks = flags & MAP_LOCKED || lock_future;
    if (locks && !rare_bits_make())
        return -ENOMEM;
    long result = changes_begin(&changes, from->file ? 1 : 0, 1, page, flags & MAP_FIXED ? count : 0);
    if (result < 0)
        return result;
    if (!(flags & MAP_FIXED) || flags & MAP_FIXED_NOREPLACE)
        page = choose_place((unsigned long)address, count, flags);
    const struct range *range = page ? pages_of(page * LIBOS_PAGE, count * LIBOS_PAGE, &any, &same) : NULL;
    if (!range)
        result = flags & MAP_FIXED_NOREPLACE && address && range_of((unsigned long)address / LIBOS_PAGE, count) ? -EEXIST
                                                                                                                : -ENOMEM;
    else if (locks && !may_lock(count))
        result = -EAGAIN;
    else if (from->file)
        result = place_file(range, page, count, protection, from, &changes);
    else
        result = place_pages(range, page, count, protection, &changes);
    if (result >= 0 && locks) {
        set_bits(range, LOCKED, page, count, true);
        locked_pages += count;
    }
    changes_end(&changes);
    return result;
}

static long map(long address, long length, long protection, long flags, struct area *from) {
    unsigned long count = ((unsigned long)length + LIBOS_PAGE - 1) / LIBOS_PAGE;
    long access = protection_bits(protection);
    long result = from->file ? file_pin(from->file) : 0;
    if (result < 0)
        return result;
    result = map_at(address, count, access, flags, from);
    if (result >= 0 && access && (flags & (MAP_POPULATE | MAP_LOCKED) || lock_future) && !(flags & MAP_NONBLOCK))
        populate_pages((unsigned long)result / LIBOS_PAGE, count, access & ORC_MEMORY_WRITE && !from->shared);
    if (from->file)
        file_unpin(from->file);
    return result;
}

long map_shared_file(struct file *file, long address, long length, long protection, long flags) {
    struct area from = {.file = file, .shared = true};
    long error = check_place(address, length, flags);
    return error ? error : map(address, length, protection, MAP_SHARED | flags, &from);
}

static long map_anonymous(long address, long length, long protection, long flags) {
    struct area from = {.shared = (flags & MAP_TYPE) != MAP_PRIVATE};
    if (from.shared && !(from.file = shared_memory(((unsigned long)length + LIBOS_PAGE - 1) & -LIBOS_PAGE)))
        return -ENOMEM;
    long result = map(address, length, protection, flags, &from);
    if (from.file)
        file_put(from.file);
    return result;
}

static long map_file(struct file *file, long address, long length, long protection, long flags, long offset) {
    long result = file->kind == FILE_PATH ? -EBADF : check_place(address, length, flags);
    if (result == 0 && offset > INT64_MAX - length) /* as far as offsets can be compared here */
        result = -EOVERFLOW;
    if (result == 0)
        result = check_flags(protection, flags, true);
    if (result == 0)
        result = check_file(file, protection, flags);
    if (result < 0)
        return result;
    if (file->operations == &zero_operations)
        return map_anonymous(address, length, protection, flags);
    struct area from = {.file = file, .offset = offset, .shared = (flags & MAP_TYPE) != MAP_PRIVATE};
    return map(address, length, protection, flags, &from);
}

long sys_mmap(long address, long length, long protection, long flags, long fd, long offset) {
    if (offset % (long)LIBOS_PAGE)
        return -EINVAL;
    if (flags & MAP_ANONYMOUS) {
        long error = check_place(address, length, flags);
        if (!error)
            error = check_flags(protection, flags, false);
        return error ? error : map_anonymous(address, length, protection, flags);
    }
    struct file *file = file_get((int)fd);
    if (!file)
        return -EBADF;
    long result = offset < 0 ? -EOVERFLOW : map_file(file, address, length, protection, flags, offset);
    file_put(file);
    return result;
}

bool area_writable(const struct area *area) {
    return writable(area->file) && !sealed(area->file);
}

bool is_mapped_to_write(const struct node *node) {
    bool found = false;
    libos_lock(&libos_memory_lock);
    for (const struct area *area = areas; area && !found; area = area->next)
        found = area->shared && area->file->operations == &memory_operations && area->file->node == node &&
                writable(area->file);
    libos_unlock(&libos_memory_lock);
    return found;
}

bool is_shared_word(unsigned long address) {
    bool result = false;
    unsigned long page = address / LIBOS_PAGE;
    if (!__atomic_load_n(&areas, __ATOMIC_RELAXED))
        return false;
    libos_lock(&libos_memory_lock);
    const struct area *area = area_of(page);
    result = area && area->shared;
    libos_unlock(&libos_memory_lock);
    return result;
}

/* --- mremap; the lock is held */

/* Areas that a move may need: one that keeps the file, two where it cuts, and at most three that it adds. */
#define MOVE_AREAS 6

struct move {
    const struct range *range, *to_range;
    unsigned long page, old_count, to, count;
    struct changes *changes;
};

/* Where the Intravisor can't move pages as they are: an image's, or what is several mappings to the kernel. */
static long copy_piece(const struct orc_memory_range *piece, unsigned long to, const struct area *area) {
    long size = piece->size, result, from_offset = 0;
    if (area)
        from_offset = area->offset + (long)(piece->start - BYTES(area->page));
    if (area && piece->kind != ORC_RANGE_TOUCHED && piece->kind != ORC_RANGE_IMAGE) {
        long how = piece->protection | (area->shared ? ORC_MEMORY_SHARED : 0);
        result = orc_hostcall(ORC_MAP_FILE, BYTES(to), size, how, area_handle(area), from_offset);
    } else {
        result = orc_hostcall(ORC_MAP, BYTES(to), size, READ_AND_WRITE, 0, 0);
        if (result == 0 && !(piece->protection & ORC_MEMORY_READ))
            result = orc_hostcall(ORC_PROTECT, piece->start, size, ORC_MEMORY_READ, 0, 0);
        if (result == 0)
            memcpy((char *)BYTES(to), (const char *)(unsigned long)piece->start, piece->size);
        if (result == 0 && piece->protection != READ_AND_WRITE)
            result = orc_hostcall(ORC_PROTECT, BYTES(to), size, piece->protection, 0, 0);
    }
    return result < 0 ? result : orc_hostcall(ORC_UNMAP, piece->start, size, 0, 0, 0);
}

/* [page, page + count), which the Intravisor has, goes to `to`. */
static long move_mapped(unsigned long page, unsigned long count, unsigned long to, const struct area *area) {
    unsigned long start = (unsigned long)BYTES(page), end = start + (unsigned long)BYTES(count);
    for (unsigned long at = start; at < end;) {
        struct orc_memory_range piece;
        long result = orc_hostcall(ORC_MEMORY_RANGE, (long)at, (long)&piece, 0, 0, 0);
        if (result < 0)
            return result;
        unsigned long piece_end = piece.start + (unsigned long)piece.size;
        piece.start = (uint32_t)at;
        piece.size = (uint32_t)((piece_end < end ? piece_end : end) - at);
        unsigned long destination = (unsigned long)BYTES(to) + (at - start);
        result = orc_hostcall(ORC_MOVE, (long)at, piece.size, (long)destination, piece.size, 0);
        if (result == -EXDEV || result == -EFAULT)
            result = copy_piece(&piece, destination / LIBOS_PAGE, area);
        if (result < 0)
            return result;
        at += piece.size;
    }
    return 0;
}

/* What protection the last page has, for those that are added behind it; -1: it was never accessible. */
static long protection_at(const struct range *range, unsigned long page) {
    struct orc_memory_range found;
    if (!page_bit(range, MAPPED, page))
        return -1;
    return orc_hostcall(ORC_MEMORY_RANGE, BYTES(page), (long)&found, 0, 0, 0) < 0 ? -1 : (long)found.protection;
}

/* Pages that continue those before them. */
static long extend(const struct range *range, unsigned long page, unsigned long count, long protection,
                   const struct area *area, struct changes *changes) {
    if (count == 0)
        return 0;
    return area ? place_file(range, page, count, protection, area, changes)
                : place_pages(range, page, count, protection < 0 ? 0 : protection, changes);
}

static void keep_bits(const struct move *move, bool wiped, bool locked) {
    set_bits(move->to_range, WIPED, move->to, move->count, wiped);
    if (locked) {
        set_bits(move->to_range, LOCKED, move->to, move->count, true);
        locked_pages += move->count;
    }
}

/* The pages that stay move, then more are added. Those of a file are an area at the new place. */
static long move_pages(const struct move *move, const struct area *area) {
    unsigned long kept = move->old_count < move->count ? move->old_count : move->count;
    long protection = protection_at(move->range, move->page + move->old_count - 1);
    bool wiped = page_bit(move->range, WIPED, move->page), locked = page_bit(move->range, LOCKED, move->page);
    struct area more = area ? *area : (struct area){0};
    for (unsigned long done = 0, step; done < kept; done += step) {
        step = run_length(move->range, MAPPED, move->page + done, kept - done);
        if (!page_bit(move->range, MAPPED, move->page + done))
            continue;
        long result = move_mapped(move->page + done, step, move->to + done, area);
        if (result < 0)
            return result;
        set_bits(move->range, MAPPED, move->page + done, step, false);
        set_bits(move->to_range, MAPPED, move->to + done, step, true);
    }
    set_bits(move->to_range, RESERVED, move->to, kept, true);
    if (area) {
        more.offset += BYTES(move->page - area->page);
        add_area(move->to, kept, &more, move->changes);
        more.offset += BYTES(kept);
    }
    long result = unmap_pages(move->range, move->page, move->old_count, move->changes);
    if (result >= 0)
        result = extend(move->to_range, move->to + kept, move->count - kept, protection, area ? &more : NULL, move->changes);
    keep_bits(move, wiped, locked);
    return result < 0 ? result : BYTES(move->to);
}

/* The same pages stay, as they were when they were mapped. */
static long leave_behind(const struct move *move, const struct area *area, long protection) {
    struct area same = area ? *area : (struct area){0};
    if (area)
        same.offset += BYTES(move->page - area->page);
    return extend(move->range, move->page, move->old_count, protection, area ? &same : NULL, move->changes);
}

static long move_to(const struct move *move, long flags) {
    const struct area *found = area_of(move->page);
    struct area *kept = found ? take_spare(move->changes, found) : NULL; /* what was found may go meanwhile */
    long protection = protection_at(move->range, move->page);
    long result = unmap_pages(move->to_range, move->to, move->count, move->changes);
    if (result >= 0)
        result = move_pages(move, kept);
    if (result >= 0 && flags & MREMAP_DONTUNMAP) {
        long left = leave_behind(move, kept, protection);
        result = left < 0 ? left : result;
    }
    if (kept) {
        kept->next = move->changes->gone;
        move->changes->gone = kept;
    }
    return result;
}

/* A second mapping of shared pages. */
static long duplicate(const struct move *move, const struct area *area) {
    struct area same = *area;
    same.offset += BYTES(move->page - area->page);
    return place_file(move->to_range, move->to, move->count, protection_at(move->range, move->page), &same, move->changes);
}

/* All of one area, or of none. */
static bool is_one(const struct range *range, unsigned long page, unsigned long count) {
    if (!all_have(range, RESERVED, page, count))
        return false;
    if (!any_filed(page, count))
        return true;
    const struct area *area = area_of(page);
    return area && page + count <= area->page + area->count;
}

static long grow(const struct range *range, unsigned long page, unsigned long old_count, unsigned long count,
                 struct changes *changes) {
    const struct area *area = area_of(page);
    struct area more = area ? *area : (struct area){0};
    if (area)
        more.offset += BYTES(page + old_count - area->page);
    long result = extend(range, page + old_count, count - old_count, protection_at(range, page + old_count - 1),
                         area ? &more : NULL, changes);
    return result < 0 ? result : BYTES(page);
}

static long remap(struct move *move, long flags) {
    const struct area *area = area_of(move->page);
    if (move->old_count == 0 && !(area && area->page <= move->page && area->shared))
        return -EINVAL;
    if (!is_one(move->range, move->page, move->old_count ? move->old_count : 1))
        return -EFAULT;
    bool fixed = flags & MREMAP_FIXED, elsewhere = fixed || flags & MREMAP_DONTUNMAP || move->old_count == 0;
    if (locked_pages && page_bit(move->range, LOCKED, move->page) && move->count > move->old_count &&
        !may_lock(move->count - move->old_count))
        return -EAGAIN;
    if (!elsewhere && move->count < move->old_count) {
        long result = unmap_pages(move->range, move->page + move->count, move->old_count - move->count, move->changes);
        return result < 0 ? result : BYTES(move->page);
    }
    if (!elsewhere && move->count == move->old_count)
        return BYTES(move->page);
    if (!elsewhere && can_grow(move->range, move->page, move->old_count, move->count))
        return grow(move->range, move->page, move->old_count, move->count, move->changes);
    if (!(flags & MREMAP_MAYMOVE))
        return -ENOMEM;
    if (!fixed)
        move->to = find_place(move->count);
    move->to_range = move->to ? range_of(move->to, move->count) : NULL;
    if (!move->to_range)
        return -ENOMEM;
    return move->old_count == 0 ? duplicate(move, area) : move_to(move, flags);
}

static bool overlap(unsigned long a, unsigned long a_count, unsigned long b, unsigned long b_count) {
    return a < b + b_count && b < a + a_count;
}

long sys_mremap(long address, long old_length, long new_length, long flags, long new_address) {
    struct changes changes;
    struct move move = {.page = (unsigned long)address / LIBOS_PAGE, .changes = &changes};
    move.old_count = ((unsigned long)old_length + LIBOS_PAGE - 1) / LIBOS_PAGE;
    move.count = ((unsigned long)new_length + LIBOS_PAGE - 1) / LIBOS_PAGE;
    bool fixed = flags & MREMAP_FIXED, stays = flags & MREMAP_DONTUNMAP;
    if (flags & ~(long)(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP) ||
        ((fixed || stays) && !(flags & MREMAP_MAYMOVE)) || (stays && move.old_count != move.count) ||
        (unsigned long)address % LIBOS_PAGE || move.count == 0)
        return -EINVAL;
    if (fixed && ((unsigned long)new_address % LIBOS_PAGE || new_length < 0))
        return -EINVAL;
    move.to = fixed ? (unsigned long)new_address / LIBOS_PAGE : 0;
    if (fixed && overlap(move.page, move.old_count, move.to, move.count))
        return -EINVAL;
    move.range = range_of(move.page, move.old_count ? move.old_count : 1);
    if (!move.range)
        return -EFAULT;
    if (move.count > (ORC_HEAP_END - ORC_HEAP) / LIBOS_PAGE)
        return -ENOMEM;
    if (move.count > move.old_count && !libos_may_map((move.count - move.old_count) * LIBOS_PAGE))
        return -ENOMEM;
    long result = changes_begin(&changes, areas ? MOVE_AREAS : 0, 0, 0, 0); /* an area here isn't new */
    if (result < 0)
        return result;
    result = remap(&move, flags);
    changes_end(&changes);
    return result;
}
