/* Zygotes: a compartment is frozen when it has nothing to do, and its memory copied to a file, of which its
 * clones map what the zygote had mapped. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "orc/hostcall.h"
#include "zygote.h"

#define STEP 5000000ull /* ns between two looks */
#define IDLE_SHARE 20   /* a compartment that uses less than one part in so many of the time is idle */

static int maps = -1, memory = -1;

void orc_freeze_open(void) {
    if (maps < 0)
        maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (memory < 0)
        memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
}

__attribute__((format(printf, 3, 4))) static int fail(struct orc_error *error, int code, const char *format,
                                                      ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return code;
}

/* --- Until it is parked --- */

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static int look(struct orc_compartment *compartment, uint64_t end, struct orc_statistics *statistics,
                struct orc_error *error) {
    nanosleep(&(struct timespec){0, STEP}, NULL);
    orc_compartment_statistics(compartment, statistics);
    if (!statistics->running)
        return fail(error, -ESRCH, "%s: it ended before it could be frozen",
                    orc_compartment_name(compartment));
    if (now() >= end)
        return fail(error, -EBUSY, "%s: it is busy: a zygote is frozen when all of its threads wait",
                    orc_compartment_name(compartment));
    return 0;
}

static int wait_until_idle(struct orc_compartment *compartment, uint64_t settle, uint64_t end,
                           struct orc_error *error) {
    struct orc_statistics statistics;
    uint64_t since = now(), used = 0;
    int status;
    while ((status = look(compartment, end, &statistics, error)) == 0 && now() - since < settle) {
        if (statistics.processor_time - used > STEP / IDLE_SHARE)
            since = now();
        used = statistics.processor_time;
    }
    return status;
}

static int wait_until_parked(struct orc_compartment *compartment, uint64_t end, struct orc_error *error) {
    struct orc_statistics statistics;
    int status;
    orc_compartment_freeze(compartment, true);
    do {
        if (orc_compartment_statistics(compartment, &statistics) == 0 && statistics.parked == 0)
            orc_compartment_signal(compartment, ORC_FREEZE_SIGNAL);
        status = look(compartment, end, &statistics, error);
    } while (status == 0 && statistics.parked < statistics.threads);
    return status;
}

/* --- The image --- */

static int add_range(struct orc_zygote *zygote, uint32_t start, uint64_t end, int protection) {
    struct image_range *last = zygote->count > 0 ? &zygote->ranges[zygote->count - 1] : NULL;
    if (last && last->start + last->size == start && last->protection == protection) {
        last->size += end - start;
        return 0;
    }
    void *grown = reallocarray(zygote->ranges, zygote->count + 1, sizeof *zygote->ranges);
    if (!grown)
        return -ENOMEM;
    zygote->ranges = grown;
    zygote->ranges[zygote->count++] = (struct image_range){start, protection, end - start};
    return 0;
}

static bool is_zero(const uint8_t *page) {
    return page[0] == 0 && memcmp(page, page + 1, ORC_PAGE_SIZE - 1) == 0;
}

#define BATCH 16 /* pages */

/* A page past the end of a file that it shows can't be read: there's nothing to be kept of it. */
static void read_pages(uint8_t *pages, uint64_t address, size_t size) {
    if (pread(memory, pages, size, (off_t)address) == (ssize_t)size)
        return;
    for (size_t at = 0; at < size; at += ORC_PAGE_SIZE)
        if (pread(memory, pages + at, ORC_PAGE_SIZE, (off_t)(address + at)) != ORC_PAGE_SIZE)
            memset(pages + at, 0, ORC_PAGE_SIZE);
}

/* The pages that aren't zero; through the kernel, since some of them may have lost their protection. `fresh`:
 * what isn't in memory is zero, and not a part of some template or image. */
static int copy_pages(const struct orc_zygote *zygote, uint32_t start, uint64_t end, bool fresh) {
    uint8_t *slot = orc_compartment_slot(zygote->compartment), pages[BATCH * ORC_PAGE_SIZE];
    for (uint64_t at = start; at < end; at += sizeof pages) {
        size_t size = end - at < sizeof pages ? end - at : sizeof pages;
        if (fresh && !orc_resident_any(zygote->compartment, at, size))
            continue;
        read_pages(pages, (uint64_t)slot + at, size);
        for (size_t page = 0; page < size; page += ORC_PAGE_SIZE)
            if (!is_zero(pages + page) &&
                pwrite(zygote->image, pages + page, ORC_PAGE_SIZE, (off_t)(at + page)) != ORC_PAGE_SIZE)
                return -ENOMEM;
    }
    return 0;
}

/* A mapping of the slot: what is private in the object window is objects' data, which clones map with the objects. */
static int save_mapping(const struct orc_zygote *zygote, uint32_t start, uint64_t end, const char *flags) {
    if (start < ORC_WINDOW || start >= ORC_WINDOW_END || flags[3] != 'p')
        return 0;
    return copy_pages(zygote, start, end, false);
}

static int save_mappings(struct orc_zygote *zygote) {
    uint64_t slot = (uint64_t)orc_compartment_slot(zygote->compartment);
    int copy = maps < 0 || lseek(maps, 0, SEEK_SET) != 0 ? -1 : fcntl(maps, F_DUPFD_CLOEXEC, 3), status = 0;
    FILE *file = copy < 0 ? NULL : fdopen(copy, "r");
    char *line = NULL, flags[5];
    size_t room = 0;
    if (!file)
        return -EIO;
    while (status == 0 && getline(&line, &room, file) > 0) {
        unsigned long long start, end;
        if (sscanf(line, "%llx-%llx %4s", &start, &end, flags) == 3 && start >= slot &&
            end <= slot + ORC_SLOT_SIZE)
            status = save_mapping(zygote, (uint32_t)(start - slot), end - slot, flags);
    }
    free(line);
    fclose(file);
    return status;
}

/* What the guest has mapped is mapped again in clones, but for the pages of files, which their guests map anew. */
static int save_ranges(struct orc_zygote *zygote) {
    struct orc_memory_range range;
    int status = 0;
    for (uint64_t at = 0; status == 0; at = (uint64_t)range.start + range.size) {
        if (at >= ORC_SLOT_SIZE || orc_compartment_memory_range(zygote->compartment, (uint32_t)at, &range) < 0)
            break;
        uint64_t end = (uint64_t)range.start + range.size;
        if (range.kind == ORC_RANGE_SHARED || range.kind == ORC_RANGE_PRIVATE)
            continue;
        status = add_range(zygote, range.start, end, (int)range.protection);
        if (status == 0)
            status = copy_pages(zygote, range.start, end, range.kind == ORC_RANGE_FRESH);
    }
    return status;
}

static int save(struct orc_zygote *zygote) {
    zygote->image = memfd_create("orc-zygote", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (zygote->image < 0 || ftruncate(zygote->image, ORC_SLOT_SIZE) != 0)
        return -errno;
    int status = save_mappings(zygote);
    if (status == 0)
        status = save_ranges(zygote);
    if (status == 0 &&
        fcntl(zygote->image, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
        status = -errno;
    return status;
}

/* --- Zygotes --- */

int orc_zygote_create(struct orc_compartment *compartment, uint64_t settle, uint64_t nanoseconds,
                      struct orc_zygote **zygote, struct orc_error *error) {
    const uint64_t end = now() + nanoseconds;
    struct orc_zygote *made = calloc(1, sizeof *made);
    if (!made)
        return fail(error, -ENOMEM, "%s: no memory for a zygote", orc_compartment_name(compartment));
    *made = (struct orc_zygote){.compartment = compartment, .image = -1};
    int status = wait_until_idle(compartment, settle, end, error);
    if (status == 0)
        status = wait_until_parked(compartment, end, error);
    if (status == 0 && (status = save(made)) < 0)
        fail(error, status, "%s: can't copy its memory: %s", orc_compartment_name(compartment),
             strerror(-status));
    if (status == 0) {
        /* Nothing runs in it any more, so its own pages are of no use. Unmapped parts are an error that
         * doesn't matter. */
        madvise(orc_compartment_slot(compartment), ORC_SLOT_SIZE, MADV_DONTNEED);
        *zygote = made;
        return 0;
    }
    orc_compartment_freeze(compartment, false);
    if (made->image >= 0)
        close(made->image);
    free(made->ranges);
    free(made);
    return status;
}

uint64_t orc_zygote_bytes(const struct orc_zygote *zygote) {
    struct stat status;
    return fstat(zygote->image, &status) == 0 ? (uint64_t)status.st_blocks * 512 : 0;
}

int orc_zygote_clone(const struct orc_zygote *zygote, struct orc_compartment *compartment,
                     const struct orc_clone_info *info, struct orc_error *error) {
    for (size_t i = 0; i < zygote->count; i++) {
        const struct image_range *range = &zygote->ranges[i];
        int status = orc_compartment_map_image(compartment, zygote->image, range->start, range->size,
                                               range->protection);
        if (status < 0)
            return fail(error, status, "%s: can't map its zygote's memory (see the memory limit): %s",
                        orc_compartment_name(compartment), strerror(-status));
    }
    const struct orc_start start = {
        .zygote = zygote->compartment, .image = zygote->image, .clone_info = info};
    return orc_compartment_start(compartment, &start, error);
}

void orc_zygote_destroy(struct orc_zygote *zygote) {
    struct orc_result result;
    if (!zygote)
        return;
    orc_compartment_kill(zygote->compartment);
    orc_compartment_wait(zygote->compartment, UINT64_MAX, &result);
    orc_compartment_destroy(zygote->compartment);
    close(zygote->image);
    free(zygote->ranges);
    free(zygote);
}
