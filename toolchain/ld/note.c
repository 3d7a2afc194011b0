#include "finish.h"

#include "../common/object_hash.h"
#include "../common/tool.h"

#include <stdlib.h>
#include <string.h>

/* name size, description size, type, "ORC\0" */
#define NOTE_HEADER_SIZE 16

void finish_headers(struct image *image) {
    const Elf64_Ehdr *header = image->header;
    if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phoff % 8 ||
        header->e_phoff + header->e_phnum * sizeof(Elf64_Phdr) > image->size)
        fail("broken program headers");
    Elf64_Phdr *segments = (Elf64_Phdr *)(image->bytes + header->e_phoff);
    for (size_t i = 0; i < header->e_phnum; i++)
        if (segments[i].p_memsz == 0 && segments[i].p_type != PT_GNU_STACK)
            memset(&segments[i], 0, sizeof segments[i]);
}

static int by_offset(const void *left, const void *right) {
    uint32_t a = ((const struct orc_relocation *)left)->offset,
             b = ((const struct orc_relocation *)right)->offset;
    return (a > b) - (a < b);
}

/* The relative relocations, sorted. */
static struct orc_relocation *collect_relocations(const struct image *image, uint32_t *count) {
    const Elf64_Shdr *section = image_section(image, ".rela.dyn");
    size_t total = section ? section->sh_size / sizeof(Elf64_Rela) : 0;
    struct orc_relocation *list = calloc(total + 1, sizeof *list);
    if (!list)
        fail("out of memory");
    *count = 0;
    for (size_t i = 0; i < total; i++) {
        const Elf64_Rela *relocation = (const Elf64_Rela *)(image->bytes + section->sh_offset) + i;
        if (ELF64_R_TYPE(relocation->r_info) == R_X86_64_RELATIVE)
            list[(*count)++] =
                (struct orc_relocation){(uint32_t)relocation->r_offset, (uint32_t)relocation->r_addend};
    }
    qsort(list, *count, sizeof *list, by_offset);
    return list;
}

/* The size of the jump tables, which stand first among the relocated constants. */
static uint64_t find_jump_tables(const struct image *image) {
    const Elf64_Shdr *section = image_section(image, ".jump_tables");
    if (!section || !section->sh_size)
        return 0;
    if (section->sh_addr != image->regions[REGION_RELOCATED].address || section->sh_size % 8)
        fail("the jump tables aren't the first of the relocated constants, or hold a part of an entry");
    return section->sh_size;
}

static void fill_layout(const struct image *image, struct orc_object_layout *layout) {
    const struct extent *regions = image->regions;
    const struct extent *last = &regions[REGION_TEXT];
    if (last->address + last->size > 0x60000000)
        fail("the object is too large for the object window: %llu bytes",
             (unsigned long long)(last->address + last->size));
    layout->constants = (uint32_t)regions[REGION_CONSTANTS].address;
    layout->constants_size = (uint32_t)regions[REGION_CONSTANTS].size;
    layout->relocated = (uint32_t)regions[REGION_RELOCATED].address;
    layout->relocated_size = (uint32_t)regions[REGION_RELOCATED].size;
    layout->jump_tables_size = (uint32_t)find_jump_tables(image);
    layout->imports = (uint32_t)regions[REGION_IMPORTS].address;
    layout->imports_size = (uint32_t)regions[REGION_IMPORTS].size;
    layout->data = (uint32_t)regions[REGION_DATA].address;
    layout->data_file_size = (uint32_t)regions[REGION_DATA].file_size;
    layout->data_size = (uint32_t)regions[REGION_DATA].size;
    layout->text = (uint32_t)regions[REGION_TEXT].address;
    layout->text_size = (uint32_t)regions[REGION_TEXT].size;
}

void finish_note(struct image *image) {
    const Elf64_Shdr *section = image_section(image, ".note.orc");
    struct orc_object_note note = {.version = ORC_NOTE_VERSION};
    if (!section || section->sh_size != NOTE_HEADER_SIZE + sizeof note)
        fail("the output has no .note.orc section of the right size");
    fill_layout(image, &note.layout);
    struct orc_relocation *relocations = collect_relocations(image, &note.layout.relocation_count);
    uint8_t *place = image->bytes + section->sh_offset + NOTE_HEADER_SIZE;
    memcpy(place, &note, sizeof note);
    const struct extent *regions = image->regions;
    struct orc_object_content content = {
        .constants = image->bytes,
        .relocated = image->bytes + regions[REGION_RELOCATED].offset,
        .imports = image->bytes + regions[REGION_IMPORTS].offset,
        .data = image->bytes + regions[REGION_DATA].offset,
        .text = image->bytes + regions[REGION_TEXT].offset,
    };
    size_t hash_offset = section->sh_offset + NOTE_HEADER_SIZE + offsetof(struct orc_object_note, hash);
    if (!orc_object_hash(&note, &content, hash_offset, relocations, note.hash))
        fail("unable to compute the hash of the object");
    memcpy(place, &note, sizeof note);
    free(relocations);
}
