/* madvise, mlock, mincore, msync: what changes memory is done, hints are hints. */
#define _GNU_SOURCE
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "file.h"
#include "shared_data.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

#define BYTES(pages) ((long)((pages) * LIBOS_PAGE))

/* Whether anything can be read at the address, which isn't the guest's to map: objects, the first stack. A futex wait that
 * doesn't wait finds out. */
static bool is_there(unsigned long page) {
    return page < (1ul << 32) / LIBOS_PAGE && orc_hostcall(ORC_FUTEX_WAIT, BYTES(page), 0, 0, 0, 0) != -EFAULT;
}

/* From `page` on, up to `*count`: how many pages are alike, mapped or not. */
static bool known_run(unsigned long page, unsigned long *count) {
    const struct range *range = range_at(page, count);
    if (range && page_bit(range, RESERVED, page)) {
        *count = run_length(range, RESERVED, page, *count);
        return true;
    }
    *count = 1;
    return is_there(page);
}

static bool all_known(unsigned long page, unsigned long count) {
    for (unsigned long step; count; page += step, count -= step) {
        step = count;
        if (!known_run(page, &step))
            return false;
    }
    return true;
}

/* --- madvise: for pages that are all reserved, and all of one area or of none; the lock is held. */

/* What shows the image would show it again: it is mapped anew. */
static long discard_image(unsigned long page, const struct area *area) {
    struct orc_memory_range found;
    long result = orc_hostcall(ORC_MEMORY_RANGE, BYTES(page), (long)&found, 0, 0, 0);
    if (result < 0 || found.kind != ORC_RANGE_IMAGE)
        return result < 0 ? result : orc_hostcall(ORC_DISCARD, BYTES(page), BYTES(1), 0, 0, 0);
    if (area)
        return area_map_again(area, page, 1, found.protection);
    if (!(found.protection & ORC_MEMORY_WRITE))
        return orc_hostcall(ORC_MAP, BYTES(page), BYTES(1), found.protection, 0, 0);
    memset((void *)BYTES(page), 0, LIBOS_PAGE); /* saves a mapping */
    return 0;
}

static long discard_mapped(unsigned long page, unsigned long count, const struct area *area) {
    long result = orc_hostcall(ORC_DISCARD, BYTES(page), BYTES(count), 0, 0, 0);
    if (result != -EXDEV)
        return result;
    for (result = 0; result == 0 && count; count--, page++)
        result = discard_image(page, area);
    return result;
}

static long discard(const struct range *range, unsigned long page, unsigned long count, const struct area *area) {
    if (locked_pages && !none_has(range, LOCKED, page, count))
        return -EINVAL;
    for (unsigned long done = 0, step; done < count; done += step) {
        step = run_length(range, MAPPED, page + done, count - done);
        if (!page_bit(range, MAPPED, page + done))
            continue;
        long result = discard_mapped(page + done, step, area);
        if (result < 0)
            return result;
    }
    return 0;
}

static long populate(unsigned long page, unsigned long count, bool write) {
    const unsigned long most = ORC_MAX_TRANSFER / LIBOS_PAGE;
    for (unsigned long done = 0, step; done < count; done += step) {
        step = count - done < most ? count - done : most;
        long result = orc_hostcall(ORC_POPULATE, BYTES(page + done), BYTES(step), write, 0, 0);
        if (result < 0)
            return result;
    }
    return 0;
}

static long wipe(const struct range *range, unsigned long page, unsigned long count, const struct area *area, bool wiped) {
    if (area && wiped)
        return -EINVAL;
    set_bits(range, WIPED, page, count, wiped);
    return 0;
}

/* A hole in the file. */
static long remove_pages(const struct range *range, unsigned long page, unsigned long count, const struct area *area) {
    if (!area || !none_has(range, LOCKED, page, count))
        return -EINVAL;
    if (!area->shared || !area_writable(area))
        return -EACCES;
    return orc_hostcall(ORC_ALLOCATE, area_handle(area), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                        area->offset + BYTES(page - area->page), BYTES(count), 0);
}

static long advise(const struct range *range, unsigned long page, unsigned long count, const struct area *area, long advice) {
    switch (advice) {
    case MADV_FREE:
        return area ? -EINVAL : discard(range, page, count, area);
    case MADV_DONTNEED:
        return discard(range, page, count, area);
    case MADV_REMOVE:
        return remove_pages(range, page, count, area);
    case MADV_POPULATE_READ:
    case MADV_POPULATE_WRITE:
        return all_have(range, MAPPED, page, count) ? populate(page, count, advice == MADV_POPULATE_WRITE) : -EINVAL;
    case MADV_WIPEONFORK:
    case MADV_KEEPONFORK:
        return wipe(range, page, count, area, advice == MADV_WIPEONFORK);
    case MADV_COLD:
    case MADV_PAGEOUT:
        return locked_pages && !none_has(range, LOCKED, page, count) ? -EINVAL : 0;
    default:
        return 0; /* hints */
    }
}

static bool is_advice(long advice) {
    return (advice >= MADV_NORMAL && advice <= MADV_DONTNEED) || (advice >= MADV_FREE && advice <= MADV_POPULATE_WRITE);
}

/* How far pages from `page` on are of one area, or of none. */
static unsigned long one_run(unsigned long page, unsigned long count, const struct area **area) {
    const struct area *next = area_at(page);
    bool inside = next && next->page <= page;
    unsigned long end = page + count, limit = !next ? end : inside ? next->page + next->count : next->page;
    *area = inside ? next : NULL;
    return (limit < end ? limit : end) - page;
}

/* Pages outside of what the guest maps: they're there, and stay what they are. */
static long advise_other(unsigned long page, long advice) {
    if (!is_there(page))
        return -ENOMEM;
    return advice == MADV_REMOVE || advice == MADV_WIPEONFORK || advice == MADV_FREE || advice == MADV_DONTNEED ? -EINVAL : 0;
}

/* What comes first, up to `*count` pages: -ENOMEM for pages that aren't mapped, which doesn't keep from going on. */
static long advise_some(unsigned long page, unsigned long *count, long advice) {
    const struct area *area;
    const struct range *range = range_at(page, count);
    if (!range || page < libos_first_page() / LIBOS_PAGE) {
        *count = 1;
        return advise_other(page, advice);
    }
    libos_lock(&libos_memory_lock);
    *count = run_length(range, RESERVED, page, *count);
    long result = -ENOMEM;
    if (page_bit(range, RESERVED, page)) {
        *count = one_run(page, *count, &area);
        result = advise(range, page, *count, area, advice);
    }
    libos_unlock(&libos_memory_lock);
    return result;
}

long sys_madvise(long address, long length, long advice) {
    unsigned long page = (unsigned long)address / LIBOS_PAGE;
    unsigned long count = ((unsigned long)length + LIBOS_PAGE - 1) / LIBOS_PAGE;
    long result = 0;
    if (!is_advice(advice) || (unsigned long)address % LIBOS_PAGE || length < 0)
        return -EINVAL;
    if (advice == MADV_WIPEONFORK && !rare_bits_make())
        return -ENOMEM;
    if (count && shared_data_covers((unsigned long)address, count * LIBOS_PAGE))
        return 0; /* read again they are what they were */
    for (unsigned long step; count; page += step, count -= step) {
        step = count;
        long one = advise_some(page, &step, advice);
        if (one < 0 && one != -ENOMEM)
            return one;
        if (one < 0) {
            result = one;
            if (!range_at(page, &step)) /* nothing of it is the guest's */
                break;
        }
    }
    return result;
}

/* --- mlock: the pages are brought in and counted. Whether the host swaps, it knows. */

bool lock_future;

bool may_lock(unsigned long more) {
    struct rlimit limit;
    if (sys_getrlimit(RLIMIT_MEMLOCK, &limit) < 0)
        return false;
    return limit.rlim_cur == RLIM_INFINITY || locked_pages + more <= limit.rlim_cur / LIBOS_PAGE;
}

/* Errors mean nothing, as on Linux: what can't be brought in now can't later. */
void populate_pages(unsigned long page, unsigned long count, bool write) {
    const struct range *range = range_of(page, count);
    for (unsigned long done = 0, step; range && done < count; done += step) {
        step = run_length(range, MAPPED, page + done, count - done);
        if (page_bit(range, MAPPED, page + done) && populate(page + done, step, write) < 0 && write)
            populate(page + done, step, false);
    }
}

static unsigned long count_unlocked(const struct range *range, unsigned long page, unsigned long count) {
    unsigned long unlocked = 0;
    for (unsigned long done = 0, step; done < count; done += step) {
        step = run_length(range, LOCKED, page + done, count - done);
        unlocked += page_bit(range, LOCKED, page + done) ? 0 : step;
    }
    return unlocked;
}

static long set_locked(const struct range *range, unsigned long page, unsigned long count, bool locked) {
    unsigned long unlocked = count_unlocked(range, page, count);
    if (locked && !may_lock(unlocked))
        return -ENOMEM;
    locked_pages = locked ? locked_pages + unlocked : locked_pages - (count - unlocked);
    set_bits(range, LOCKED, page, count, locked);
    return 0;
}

static long change_locked(unsigned long address, unsigned long length, bool locked, bool populates) {
    unsigned long page = address / LIBOS_PAGE, step;
    if (locked && !rare_bits_make())
        return -ENOMEM;
    if (length > -address - LIBOS_PAGE)
        return length == 0 ? 0 : -EINVAL;
    unsigned long end = (address + length + LIBOS_PAGE - 1) / LIBOS_PAGE;
    if (length == 0)
        return 0;
    if (!all_known(page, end - page))
        return -ENOMEM;
    for (long result; page < end; page += step) {
        step = end - page;
        const struct range *range = range_at(page, &step);
        if (!range) { /* objects and the first stack are the host's to keep */
            step = 1;
            continue;
        }
        libos_lock(&libos_memory_lock);
        result = set_locked(range, page, step, locked);
        libos_unlock(&libos_memory_lock);
        if (result < 0)
            return result;
        if (locked && populates)
            populate_pages(page, step, false);
    }
    return 0;
}

static bool may_lock_at_all(void) {
    struct rlimit limit;
    return sys_getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != 0;
}

long sys_mlock(long address, long length) {
    return may_lock_at_all() ? change_locked((unsigned long)address, (unsigned long)length, true, true) : -EPERM;
}

long sys_mlock2(long address, long length, long flags) {
    if (flags & ~(long)MLOCK_ONFAULT)
        return -EINVAL;
    return may_lock_at_all() ? change_locked((unsigned long)address, (unsigned long)length, true, !flags) : -EPERM;
}

long sys_munlock(long address, long length) {
    return change_locked((unsigned long)address, (unsigned long)length, false, false);
}

/* Everything that is reserved, in both ranges. */
static long change_all(bool locked, bool populates) {
    const unsigned long starts[] = {libos_first_page() / LIBOS_PAGE, ORC_HEAP / LIBOS_PAGE};
    for (int i = 0; i < 2; i++) {
        unsigned long page = starts[i], left = ORC_HEAP_END / LIBOS_PAGE, step;
        const struct range *range = range_at(page, &left);
        for (; left; page += step, left -= step) {
            step = run_length(range, RESERVED, page, left);
            long result = !page_bit(range, RESERVED, page)
                              ? 0
                              : change_locked(page * LIBOS_PAGE, step * LIBOS_PAGE, locked, populates);
            if (result < 0)
                return result;
        }
    }
    return 0;
}

long sys_mlockall(long flags) {
    if (flags & ~(long)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) || flags == 0 || flags == MCL_ONFAULT)
        return -EINVAL;
    if (!may_lock_at_all())
        return -EPERM;
    long result = flags & MCL_CURRENT ? change_all(true, !(flags & MCL_ONFAULT)) : 0;
    if (result == 0)
        lock_future = flags & MCL_FUTURE;
    return result;
}

long sys_munlockall(void) {
    lock_future = false;
    return change_all(false, false);
}

/* --- mincore, msync */

/* What is mapped counts as resident: programs use this to learn what is mapped. */
long sys_mincore(long address, long length, long vector) {
    unsigned long page = (unsigned long)address / LIBOS_PAGE;
    unsigned long count = ((unsigned long)length + LIBOS_PAGE - 1) / LIBOS_PAGE;
    if ((unsigned long)address % LIBOS_PAGE)
        return -EINVAL;
    if (length < 0 || !all_known(page, count))
        return -ENOMEM;
    for (unsigned long i = 0; i < count; i++) {
        const struct range *range = range_of(page + i, 1);
        ((unsigned char *)vector)[i] = !range || page_bit(range, MAPPED, page + i) || is_there(page + i);
    }
    return 0;
}

/* The next file of the host's with changes in these pages, with a reference; or NULL. Moves `*page` behind its area. */
static struct file *next_to_write(unsigned long *page, unsigned long end) {
    struct file *found = NULL;
    libos_lock(&libos_memory_lock);
    for (const struct area *area = area_at(*page); area && area->page < end && !found; area = area->next) {
        *page = area->page + area->count;
        if (area->shared && area->file->kind == FILE_HOST && writable(area->file))
            file_hold(found = area->file);
    }
    libos_unlock(&libos_memory_lock);
    return found;
}

static bool any_locked(unsigned long page, unsigned long count) {
    for (unsigned long step; locked_pages && count; page += step, count -= step) {
        step = count;
        const struct range *range = range_at(page, &step);
        if (range && !none_has(range, LOCKED, page, step))
            return true;
        step = range ? step : 1;
    }
    return false;
}

/* Pages of files are the files' own, so only MS_SYNC has something to do: it waits for the disk. */
long sys_msync(long address, long length, long flags) {
    unsigned long page = (unsigned long)address / LIBOS_PAGE;
    unsigned long count = ((unsigned long)length + LIBOS_PAGE - 1) / LIBOS_PAGE, end = page + count;
    if ((unsigned long)address % LIBOS_PAGE || (flags & ~(long)(MS_ASYNC | MS_SYNC | MS_INVALIDATE)) ||
        (flags & MS_ASYNC && flags & MS_SYNC))
        return -EINVAL;
    if (length < 0 || !all_known(page, count))
        return -ENOMEM;
    if (flags & MS_INVALIDATE && any_locked(page, count))
        return -EBUSY;
    long result = 0;
    for (struct file *file; flags & MS_SYNC && result >= 0 && (file = next_to_write(&page, end));) {
        result = libos_blocking(ORC_SYNC, file->handle, 1, 0, 0, 0);
        file_put(file);
    }
    return result;
}
