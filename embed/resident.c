/* How much memory of its own a compartment has: what the page map says about its slot. The cell is one
 * process, and the kernel counts processes, so this looks at pages. */
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "zygote.h"

#define PRESENT (UINT64_C(1) << 63)
#define SWAPPED (UINT64_C(1) << 62)
#define OF_FILE (UINT64_C(1) << 61)
#define REGIONS 256
#define TABLE_SHIFT 21     /* a table of pages serves 2 MiB */
#define DIRECTORY_SHIFT 30 /* a table of those serves 1 GiB */

static int page_map = -1;

void orc_page_map_open(void) {
    if (page_map < 0)
        page_map = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
}

/* What is found, from the slot's start to its end. */
struct count {
    uint64_t slot;
    uint64_t pages, cls_pages, tables; /* bytes */
    uint64_t table_end, directory_end; /* what tables that were counted serve */
};

/* Units of 1 << shift bytes that the range touches and that weren't counted before. */
static uint64_t new_units(uint64_t start, uint64_t end, unsigned shift, uint64_t *counted_to) {
    uint64_t first = start >> shift << shift;
    if (first < *counted_to)
        first = *counted_to;
    if (first >= end)
        return 0;
    uint64_t units = ((end - first - 1) >> shift) + 1;
    *counted_to = first + (units << shift);
    return units;
}

/* A range of pages that are there, all of a file or all of the compartment's own. */
static void count_range(struct count *count, uint64_t start, uint64_t end, bool own) {
    uint64_t offset = start - count->slot;
    count->tables += new_units(start, end, TABLE_SHIFT, &count->table_end) * ORC_PAGE_SIZE;
    count->tables += new_units(start, end, DIRECTORY_SHIFT, &count->directory_end) * ORC_PAGE_SIZE;
    count->pages += own ? end - start : 0;
    if (own && offset >= ORC_WINDOW && offset < ORC_WINDOW_END)
        count->cls_pages += end - start;
}

#ifdef PAGEMAP_SCAN
/* The kernel walks what there is of page tables: false before Linux 6.7. */
static bool scan(struct count *count, uint64_t start, uint64_t end) {
    struct page_region found[REGIONS];
    while (start < end) {
        struct pm_scan_arg arguments = {.size = sizeof arguments,
                                        .start = start,
                                        .end = end,
                                        .vec = (uint64_t)found,
                                        .vec_len = REGIONS,
                                        .category_anyof_mask = PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
                                        .return_mask = PAGE_IS_FILE | PAGE_IS_PFNZERO};
        int regions = ioctl(page_map, PAGEMAP_SCAN, &arguments);
        if (regions < 0)
            return false;
        for (int i = 0; i < regions; i++) /* the zero page, which was only read, is nobody's */
            count_range(count, found[i].start, found[i].end, found[i].categories == 0);
        start = arguments.walk_end;
    }
    return true;
}
#else
static bool scan(struct count *count, uint64_t start, uint64_t end) {
    (void)count, (void)start, (void)end;
    return false;
}
#endif

static void count_pages(struct count *count, uint64_t start, uint64_t end) {
    uint64_t entries[4096];
    for (uint64_t page = start; page < end;) {
        ssize_t got =
            pread(page_map, entries, sizeof entries, (off_t)(page / ORC_PAGE_SIZE * sizeof *entries));
        if (got <= 0)
            break;
        for (size_t i = 0; i < (size_t)got / sizeof *entries; i++, page += ORC_PAGE_SIZE)
            if (entries[i] & (PRESENT | SWAPPED))
                count_range(count, page, page + ORC_PAGE_SIZE, !(entries[i] & OF_FILE));
    }
}

int orc_launch_statistics(struct orc_compartment *compartment, struct orc_statistics *statistics) {
    uint64_t slot = (uint64_t)orc_compartment_slot(compartment), end = slot + ORC_SLOT_SIZE;
    struct count count = {.slot = slot};
    int status = orc_compartment_statistics(compartment, statistics);
    if (status < 0 || page_map < 0)
        return status;
    if (!scan(&count, slot, end)) {
        count = (struct count){.slot = slot};
        count_pages(&count, slot, end);
    }
    statistics->resident = count.pages;
    statistics->cls_written = count.cls_pages < statistics->cls ? count.cls_pages : statistics->cls;
    statistics->page_tables = count.tables + (uint64_t)statistics->threads * ORC_PAGE_SIZE;
    return 0;
}

bool orc_resident_any(const struct orc_compartment *compartment, uint64_t start, uint64_t size) {
    uint64_t entries[64], first = ((uint64_t)orc_compartment_slot(compartment) + start) / ORC_PAGE_SIZE;
    size_t bytes = size / ORC_PAGE_SIZE * sizeof *entries;
    if (bytes > sizeof entries ||
        pread(page_map, entries, bytes, (off_t)(first * sizeof *entries)) != (ssize_t)bytes)
        return true;
    for (size_t i = 0; i < bytes / sizeof *entries; i++)
        if (entries[i] & (PRESENT | SWAPPED))
            return true;
    return false;
}
