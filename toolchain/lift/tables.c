/* Data that stand in a text go to a section of constants. Code can't be read as data in a compartment, and
 * the verifier reads all of a text as instructions. */
#include "lift.h"

#include "../common/tool.h"

#include <elf.h>
#include <string.h>

/* Where the run of data begins that a place is in, or at whose end it is. */
int64_t table_start(const struct section *section, int64_t offset) {
    while (offset > 0 && is_text_data(section, offset - 1))
        offset--;
    return offset;
}

char *table_name(const struct object *object, int index, int64_t offset) {
    const struct section *section = &object->sections[index];
    if (!is_text_data(section, offset))
        return NULL;
    int64_t start = table_start(section, offset);
    return offset == start
               ? format_string(".Lorc_table%d_%lx", index, (long)start)
               : format_string(".Lorc_table%d_%lx%+ld", index, (long)start, (long)(offset - start));
}

/* As its place in the text says, up to the text's own alignment. */
static uint64_t alignment_of(const struct section *section, uint64_t start) {
    uint64_t low = start & -start;
    return start == 0 || low > section->alignment ? section->alignment : low;
}

static bool holds_addresses(const struct section *section, uint64_t start, uint64_t end) {
    for (size_t i = 0; i < section->relocation_count; i++)
        if (section->relocations[i].offset >= start && section->relocations[i].offset < end &&
            section->relocations[i].type == R_X86_64_64)
            return true;
    return false;
}

static void write_run(const struct object *object, int index, uint64_t start, uint64_t end, FILE *out) {
    const struct section *section = &object->sections[index];
    bool addresses = holds_addresses(section, start, end), writable = section->flags & SHF_WRITE;
    fprintf(out, "\t.section\t%s,\"%s\",@progbits\n",
            writable    ? ".data"
            : addresses ? ".data.rel.ro"
                        : ".rodata",
            writable || addresses ? "aw" : "a");
    fprintf(out, "\t.balign\t%lu\n.Lorc_table%d_%lx:\n", (unsigned long)alignment_of(section, start), index,
            (unsigned long)start);
    write_data_range(object, index, start, end, out);
}

void write_tables(const struct object *object, int index, FILE *out) {
    const struct section *section = &object->sections[index];
    for (uint64_t start = 0; start < section->size; start++) {
        uint64_t end = start;
        while (is_text_data(section, (int64_t)end))
            end++;
        if (end > start)
            write_run(object, index, start, end, out);
        start = end;
    }
}
