/* Is an object's image well-formed? Nothing in it is believed before this. */
#include <errno.h>

#include "object_check.h"

#define MAX_SPAN ((uint64_t)ORC_WINDOW_END - ORC_WINDOW)
#define MAX_IMPORTS (1u << 20) /* bytes: each compartment may have a table of its own */

/* The next region begins at or after `*end`, on a page; moves `*end` behind it. */
static bool region_follows(uint64_t *end, uint32_t offset, uint64_t size) {
    if (offset % ORC_PAGE_SIZE != 0 || offset < *end)
        return false;
    *end = page_up(offset + size);
    return *end <= MAX_SPAN;
}

int object_check_layout(const struct orc_object_layout *layout, bool data, struct orc_error *error) {
    uint64_t end = 0;
    if (!region_follows(&end, layout->constants, layout->constants_size))
        return fail(error, EINVAL, "object: the constants are misaligned or too large");
    if (!region_follows(&end, layout->relocated, layout->relocated_size))
        return fail(error, EINVAL,
                    "object: the relocated constants are misaligned, overlap or are too large");
    if (layout->jump_tables_size > layout->relocated_size || layout->jump_tables_size % 8 != 0)
        return fail(error, EINVAL, "object: the jump tables aren't whole entries of the relocated constants");
    if (!region_follows(&end, layout->imports, layout->imports_size) || layout->imports_size % 8 != 0 ||
        layout->imports_size > MAX_IMPORTS)
        return fail(error, EINVAL,
                    "object: the import table is misaligned, overlaps, is too large or has a fraction of an entry");
    if (!region_follows(&end, layout->data, layout->data_size) || layout->data_file_size > layout->data_size)
        return fail(error, EINVAL,
                    "object: the data is misaligned, overlaps or is larger in the file than in memory");
    if (!region_follows(&end, layout->text, layout->text_size) || data != (layout->text_size == 0))
        return fail(error, EINVAL, "object: the text is misaligned, overlaps, is empty or too large");
    if (data && (layout->relocated_size || layout->imports_size || layout->data_size || layout->constants_size == 0))
        return fail(error, EINVAL, "object: one of constant data has constants and nothing else");
    if (layout->relocation_count > ((uint64_t)layout->relocated_size + layout->data_file_size) / 8)
        return fail(error, EINVAL, "object: more relocations than there is room for");
    return 0;
}

uint32_t object_span(const struct orc_object_layout *layout) {
    return (uint32_t)page_up((uint64_t)layout->text + layout->text_size);
}

static bool lies_in(uint32_t offset, uint32_t start, uint32_t size) {
    return size >= 8 && offset >= start && offset - start <= size - 8;
}

int object_check_relocation(const struct orc_object_layout *layout, uint32_t base,
                            const struct orc_relocation *relocation, const struct orc_relocation *previous,
                            struct orc_error *error) {
    uint32_t offset = relocation->offset;
    if (previous && offset < previous->offset + (uint64_t)8)
        return fail(error, EINVAL, "object: the relocations aren't sorted, or overlap, at 0x%x", offset);
    if (!lies_in(offset, layout->relocated, layout->relocated_size) &&
        !lies_in(offset, layout->data, layout->data_file_size))
        return fail(error, EINVAL,
                    "object: the relocation at 0x%x isn't in the relocated constants or in the data that the "
                    "file gives",
                    offset);
    if (relocation->addend > UINT32_MAX - base)
        return fail(error, EINVAL, "object: the relocation at 0x%x leads beyond 4 GiB", offset);
    return 0;
}
