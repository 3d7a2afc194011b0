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

static int page_map = -1;

void orc_resident_open(void) {
    if (page_map < 0)
        page_map = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
}

#ifdef PAGEMAP_SCAN
/* The kernel walks what there is of page tables: -1 before Linux 6.7. */
static int64_t scan(uint64_t start, uint64_t end) {
    struct page_region found[REGIONS];
    int64_t bytes = 0;
    while (start < end) {
        struct pm_scan_arg arguments = {.size = sizeof arguments,
                                        .start = start,
                                        .end = end,
                                        .vec = (uint64_t)found,
                                        .vec_len = REGIONS,
                                        .category_inverted = PAGE_IS_FILE,
                                        .category_mask = PAGE_IS_FILE,
                                        .category_anyof_mask = PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
                                        .return_mask = PAGE_IS_PRESENT};
        int count = ioctl(page_map, PAGEMAP_SCAN, &arguments);
        if (count < 0)
            return -1;
        for (int i = 0; i < count; i++)
            bytes += (int64_t)(found[i].end - found[i].start);
        start = arguments.walk_end;
    }
    return bytes;
}
#else
static int64_t scan(uint64_t start, uint64_t end) {
    (void)start, (void)end;
    return -1;
}
#endif

static uint64_t count_pages(uint64_t start, uint64_t end) {
    uint64_t entries[4096], bytes = 0;
    for (uint64_t page = start / ORC_PAGE_SIZE; page < end / ORC_PAGE_SIZE;) {
        ssize_t got = pread(page_map, entries, sizeof entries, (off_t)(page * sizeof *entries));
        if (got <= 0)
            break;
        for (size_t i = 0; i < (size_t)got / sizeof *entries; i++)
            bytes += (entries[i] & (PRESENT | SWAPPED)) && !(entries[i] & OF_FILE) ? ORC_PAGE_SIZE : 0;
        page += (uint64_t)got / sizeof *entries;
    }
    return bytes;
}

uint64_t orc_resident_bytes(const struct orc_compartment *compartment) {
    uint64_t slot = (uint64_t)orc_compartment_slot(compartment), end = slot + ORC_SLOT_SIZE;
    if (page_map < 0)
        return 0;
    int64_t bytes = scan(slot, end);
    return bytes >= 0 ? (uint64_t)bytes : count_pages(slot, end);
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
