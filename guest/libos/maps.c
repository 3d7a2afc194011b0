/* /proc/self/maps and smaps: objects, the stack, and what the program has mapped, in the order of their
 * addresses. */
#include <link.h>
#include <string.h>
#include "heap.h"
#include "synthetic.h"

struct mapping {
    uint64_t start, end, offset;
    char access[5]; /* "rw-p" */
    const char *name;
};

struct mappings {
    struct mapping *all;
    size_t count, room;
};

static void add(struct mappings *mappings, struct mapping mapping) {
    if (mappings->count == mappings->room) {
        size_t room = mappings->room ? 2 * mappings->room : 64;
        struct mapping *grown =
            heap_resize(mappings->all, mappings->room * sizeof mapping, room * sizeof mapping);
        if (!grown)
            return; /* the rest isn't told */
        mappings->all = grown;
        mappings->room = room;
    }
    size_t at = mappings->count++;
    for (; at && mappings->all[at - 1].start > mapping.start; at--)
        mappings->all[at] = mappings->all[at - 1];
    mappings->all[at] = mapping;
}

/* --- Objects. What of their pages is protected after relocation isn't told apart. */

static uint64_t page_down(uint64_t address) {
    return address & -(uint64_t)LIBOS_PAGE;
}

static int add_object(struct dl_phdr_info *object, size_t size, void *context) {
    (void)size;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &object->dlpi_phdr[i];
        uint64_t start = object->dlpi_addr + header->p_vaddr;
        if (header->p_type != PT_LOAD || !header->p_memsz)
            continue;
        add(context, (struct mapping){.start = page_down(start),
                                      .end = page_down(start + header->p_memsz + LIBOS_PAGE - 1),
                                      .offset = page_down(header->p_offset),
                                      .access = {header->p_flags & PF_R ? 'r' : '-',
                                                 header->p_flags & PF_W ? 'w' : '-',
                                                 header->p_flags & PF_X ? 'x' : '-', 'p', 0},
                                      .name = object->dlpi_name});
    }
    return 0;
}

static void add_pages(struct mappings *mappings) {
    struct libos_mapping found;
    uint64_t end_of_break = (uint64_t)sys_brk(0);
    for (unsigned long at = 0; libos_next_mapping(at, &found); at = found.end) {
        bool heap =
            found.start < end_of_break && found.end > libos_first_page() && found.start < ORC_FIRST_STACK_END;
        add(mappings, (struct mapping){.start = found.start,
                                       .end = found.end,
                                       .offset = found.offset,
                                       .access = {found.access & ORC_MEMORY_READ ? 'r' : '-',
                                                  found.access & ORC_MEMORY_WRITE ? 'w' : '-', '-',
                                                  found.shared ? 's' : 'p', 0},
                                       .name = heap ? "[heap]" : NULL});
    }
}

static void collect(struct mappings *mappings) {
    dl_iterate_phdr(add_object, mappings);
    add(mappings, (struct mapping){.start = libos_boot->stack_low,
                                   .end = libos_boot->stack_high,
                                   .access = "rw-p",
                                   .name = "[stack]"});
    add_pages(mappings);
}

static void add_header(struct text *text, const struct mapping *mapping) {
    size_t before = text->length;
    text_add_hexadecimal(text, mapping->start, 8);
    text_add(text, "-");
    text_add_hexadecimal(text, mapping->end, 8);
    text_add(text, " ");
    text_add(text, mapping->access);
    text_add(text, " ");
    text_add_hexadecimal(text, mapping->offset, 8);
    text_add(text, " 00:00 0 ");
    while (mapping->name && *mapping->name && !text->failed && text->length - before < 73)
        text_add(text, " ");
    if (mapping->name)
        text_add(text, mapping->name);
    text_add(text, "\n");
}

/* What is mapped is charged, and taken for resident. */
static void add_details(struct text *text, uint64_t size, uint64_t resident, bool all) {
    static const char *const none[] = {"Shared_Clean:          0 kB\n", "Shared_Dirty:          0 kB\n",
                                       "Private_Clean:         0 kB\n"};
    static const char *const more[] = {
        "LazyFree:              0 kB\n", "AnonHugePages:         0 kB\n", "ShmemPmdMapped:        0 kB\n",
        "FilePmdMapped:         0 kB\n", "Shared_Hugetlb:        0 kB\n", "Private_Hugetlb:       0 kB\n",
        "Swap:                  0 kB\n", "SwapPss:               0 kB\n", "Locked:                0 kB\n"};
    if (all)
        text_add_line(text, "Size:           ", size / 1024,
                      " kB\nKernelPageSize:        4 kB\nMMUPageSize:           4 kB\n");
    text_add_line(text, "Rss:            ", resident / 1024, " kB\n");
    text_add_line(text, "Pss:            ", resident / 1024, " kB\n");
    for (unsigned i = 0; i < sizeof none / sizeof *none; i++)
        text_add(text, none[i]);
    text_add_line(text, "Private_Dirty:  ", resident / 1024, " kB\n");
    text_add_line(text, "Referenced:     ", resident / 1024, " kB\n");
    text_add_line(text, "Anonymous:      ", resident / 1024, " kB\n");
    for (unsigned i = 0; i < sizeof more / sizeof *more; i++)
        text_add(text, more[i]);
}

static uint64_t resident_bytes(const struct mapping *mapping) {
    return mapping->access[1] == 'w' ? mapping->end - mapping->start : 0;
}

static void add_flags(struct text *text, const struct mapping *mapping) {
    text_add(text, "THPeligible:           0\nVmFlags:");
    text_add(text, mapping->access[0] == 'r' ? " rd" : "");
    text_add(text, mapping->access[1] == 'w' ? " wr" : "");
    text_add(text, mapping->access[2] == 'x' ? " ex" : "");
    text_add(text, mapping->access[3] == 's' ? " sh mr mw \n" : " mr mw me \n");
}

static void describe(struct text *text, bool details) {
    struct mappings mappings = {0};
    collect(&mappings);
    for (size_t i = 0; i < mappings.count; i++) {
        const struct mapping *mapping = &mappings.all[i];
        add_header(text, mapping);
        if (!details)
            continue;
        add_details(text, mapping->end - mapping->start, resident_bytes(mapping), true);
        add_flags(text, mapping);
    }
    heap_free(mappings.all, mappings.room * sizeof *mappings.all);
}

void proc_maps(struct text *text) {
    describe(text, false);
}

void proc_details(struct text *text) {
    describe(text, true);
}

void proc_details_sum(struct text *text) {
    struct mappings mappings = {0};
    uint64_t resident = 0;
    collect(&mappings);
    for (size_t i = 0; i < mappings.count; i++)
        resident += resident_bytes(&mappings.all[i]);
    if (mappings.count)
        add_header(text, &(struct mapping){.start = mappings.all[0].start,
                                           .end = mappings.all[mappings.count - 1].end,
                                           .access = "---p",
                                           .name = "[rollup]"});
    add_details(text, 0, resident, false);
    heap_free(mappings.all, mappings.room * sizeof *mappings.all);
}
