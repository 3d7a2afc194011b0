/* Mappings in clones. A clone's memory shows its zygote's as it was. What is a file's page is mapped anew: a host file's
 * from the file that the clone has opened again, those of files in memory from memory files of its own, whose content
 * waits in chunks meanwhile. Private pages that were written to are in the image, and pages that clones are to find empty
 * are made so. The leader runs alone here. */
#include "zygote.h"

#include <errno.h>

#include "file.h"
#include "heap.h"
#include "memory.h"
#include "node.h"

/* A part of an area that the Intravisor has as one range. */
struct mapping_record {
    struct mapping_record *next;
    const struct area *area;
    struct orc_memory_range range;
};

static bool in_memory(const struct area *area) {
    return area->file->operations == &memory_operations;
}

/* A file without a name can't be opened again. */
static bool can_reopen(const struct file *file) {
    static bool told; /* the launcher asks again and again */
    struct orc_status status;
    if (file->granted)
        return true;
    if (file->path && orc_hostcall(ORC_STATUS, file->handle, (long)&status, 0, 0, 0) == 0 && status.links > 0)
        return true;
    if (!told)
        libos_log("zygote: it has mapped a file that has no name any more");
    told = true;
    return false;
}

static bool add_range(struct mapping_record **list, const struct area *area, const struct orc_memory_range *range) {
    struct mapping_record *record = heap_allocate(sizeof *record);
    if (!record)
        return false;
    *record = (struct mapping_record){.next = *list, .area = area, .range = *range};
    *list = record;
    return true;
}

static bool record_area(struct mapping_record **list, const struct area *area) {
    uint64_t start = area->page * LIBOS_PAGE, end = start + area->count * LIBOS_PAGE;
    while (start < end) {
        struct orc_memory_range range;
        if (orc_hostcall(ORC_MEMORY_RANGE, (long)start, (long)&range, 0, 0, 0) < 0)
            return false;
        uint64_t range_end = (uint64_t)range.start + range.size;
        range.start = (uint32_t)start;
        range.size = (uint32_t)((range_end < end ? range_end : end) - start);
        if (!add_range(list, area, &range))
            return false;
        start += range.size;
    }
    return true;
}

bool mappings_record(struct mapping_record **list) {
    if (!nodes_unshare())
        return false;
    for (const struct area *area = areas; area; area = area->next)
        if ((!in_memory(area) && !can_reopen(area->file)) || !record_area(list, area))
            return false;
    return true;
}

void mappings_forget(struct mapping_record *list, bool frozen) {
    if (!frozen)
        nodes_keep_shared();
    while (list) {
        struct mapping_record *record = list;
        list = record->next;
        heap_free(record, sizeof *record);
    }
}

static void remake_range(const struct mapping_record *record) {
    const struct orc_memory_range *range = &record->range;
    if (range->kind != ORC_RANGE_SHARED && range->kind != ORC_RANGE_PRIVATE)
        return; /* it was written to, and is in the image */
    long result = area_map_again(record->area, range->start / LIBOS_PAGE, range->size / LIBOS_PAGE, range->protection);
    if (result < 0)
        clone_fails("can't map a file again:", result);
}

/* Mapped pages of one kind are replaced by fresh ones. */
static void wipe_run(unsigned long page, unsigned long count) {
    uint64_t start = page * LIBOS_PAGE, end = start + count * LIBOS_PAGE;
    while (start < end) {
        struct orc_memory_range range;
        if (orc_hostcall(ORC_MEMORY_RANGE, (long)start, (long)&range, 0, 0, 0) < 0 || range.start >= end)
            return;
        uint64_t from = range.start > start ? range.start : start, to = (uint64_t)range.start + range.size;
        to = to < end ? to : end;
        if (range.protection && orc_hostcall(ORC_MAP, (long)from, (long)(to - from), range.protection, 0, 0) < 0)
            clone_fails("can't wipe memory at page", (long)(from / LIBOS_PAGE));
        if (!range.protection && (orc_hostcall(ORC_MAP, (long)from, (long)(to - from), ORC_MEMORY_READ, 0, 0) < 0 ||
                                  orc_hostcall(ORC_PROTECT, (long)from, (long)(to - from), 0, 0, 0) < 0))
            clone_fails("can't wipe memory at page", (long)(from / LIBOS_PAGE));
        start = to;
    }
}

static void wipe_range(unsigned long page, unsigned long left) {
    const struct range *range = range_at(page, &left);
    for (unsigned long step; range && left; page += step, left -= step) {
        step = run_length(range, WIPED, page, left);
        if (page_bit(range, WIPED, page))
            wipe_run(page, step);
    }
}

void mappings_remake(const struct mapping_record *list) {
    long result = nodes_share_again();
    if (result < 0)
        clone_fails("no memory for its mapped files:", result);
    for (const struct mapping_record *record = list; record; record = record->next)
        remake_range(record);
    wipe_range(libos_first_page() / LIBOS_PAGE, ORC_HEAP_END / LIBOS_PAGE);
    wipe_range(ORC_HEAP / LIBOS_PAGE, ORC_HEAP_END / LIBOS_PAGE);
}
