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
    const struct {
        const char *name;
        uint32_t offset, size;
    } regions[] = {{"constants", layout->constants, layout->constants_size},
                   {"relocated constants", layout->relocated, layout->relocated_size},
                   {"import table", layout->imports, layout->imports_size},
                   {"data", layout->data, layout->data_size},
                   {"text", layout->text, layout->text_size}};
    uint64_t end = 0;
    for (size_t i = 0; i < sizeof regions / sizeof *regions; i++)
        if (!region_follows(&end, regions[i].offset, regions[i].size))
            return fail(error, EINVAL, "object: its %s: misaligned, overlapping or too large",
                        regions[i].name);
    /* Without constants an object's data could become one mapping with the guest's memory below the window.
     */
    if (layout->constants_size == 0 || data != (layout->text_size == 0) ||
        (data && (layout->relocated_size || layout->imports_size || layout->data_size)))
        return fail(error, EINVAL, "object: it lacks constants or text, or is constant data and has more");
    if (layout->jump_tables_size > layout->relocated_size || layout->jump_tables_size % 8 != 0 ||
        layout->imports_size % 8 != 0 || layout->imports_size > MAX_IMPORTS)
        return fail(error, EINVAL, "object: the jump tables or the import table have a fraction of an entry");
    if (layout->data_file_size > layout->data_size)
        return fail(error, EINVAL, "object: the data is larger in the file than in memory");
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
