/* Relocatable compartment-local storage (orc/cls.h). lld has linked .cls.data and .cls.bss to addresses
 * behind the text, and left room for the template and the descriptor. */
#include "finish.h"

#include "../common/tool.h"
#include "orc/cls.h"

#include <stdlib.h>
#include <string.h>

bool find_cls(struct image *image, uint64_t *initial_size) {
    const Elf64_Shdr *data = image_section(image, ".cls.data"), *zero = image_section(image, ".cls.bss");
    *initial_size = data ? data->sh_size : 0;
    image->cls_start = data ? data->sh_addr : zero ? zero->sh_addr : UINT64_MAX;
    return data || zero;
}

static uint64_t larger(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

static void fill_descriptor(struct image *image, uint64_t initial_size) {
    const Elf64_Shdr *data = image_section(image, ".cls.data"), *zero = image_section(image, ".cls.bss"),
                     *last = zero ? zero : data, *word = image_section(image, ".cls.displacement"),
                     *place = image_section(image, ".cls.descriptor");
    struct orc_cls cls = {
        .start = (uint32_t)image->cls_start,
        .size = (uint32_t)(last->sh_addr + last->sh_size - image->cls_start),
        .template = (uint32_t)image->template_start,
        .template_size = (uint32_t)initial_size,
        .alignment = (uint32_t)larger(data ? data->sh_addralign : 1, zero ? zero->sh_addralign : 1),
    };
    if (last->sh_addr + last->sh_size > 0x60000000)
        fail("the object's variables are too large for a compartment: %llu bytes",
             (unsigned long long)(last->sh_addr + last->sh_size - image->cls_start));
    if (cls.alignment > 4096)
        fail("a variable wants an alignment of %u: at most 4096 can be had", cls.alignment);
    if (!place || place->sh_size != sizeof cls)
        fail("the output has no .cls.descriptor section of the right size");
    /* Without one nothing refers to the variables but other objects. */
    cls.displacement = word ? (uint32_t)word->sh_addr : 0;
    memcpy(image->bytes + place->sh_offset, &cls, sizeof cls);
}

/* The initial content of the variables goes where every compartment can read it. */
static void fill_template(struct image *image, uint64_t initial_size) {
    const Elf64_Shdr *data = image_section(image, ".cls.data"),
                     *template = image_section(image, ".cls.template");
    if (!initial_size)
        return;
    if (!template || template->sh_size < initial_size || data->sh_type == SHT_NOBITS)
        fail("the output has no room for the initial content of its variables");
    memcpy(image->bytes + template->sh_offset, image->bytes + data->sh_offset, initial_size);
    image->template_start = template->sh_addr;
    image->template_size = template->sh_size;
}

static void convert(const struct image *image, Elf64_Rela *relocation, uint64_t initial_size) {
    if (relocation->r_offset >= image->cls_start && relocation->r_offset - image->cls_start < initial_size)
        relocation->r_offset += image->template_start - image->cls_start;
    if (ELF64_R_TYPE(relocation->r_info) == R_X86_64_RELATIVE &&
        is_cls_address(image, (uint64_t)relocation->r_addend))
        relocation->r_info = ELF64_R_INFO(0, R_X86_64_RELATIVE64);
}

/* Relative ones first, by offset, as a loader hands them to the Intravisor; then as lld does, by symbol. */
static int by_kind(const void *left, const void *right) {
    const Elf64_Rela *a = left, *b = right;
    bool a_first = ELF64_R_TYPE(a->r_info) == R_X86_64_RELATIVE,
         b_first = ELF64_R_TYPE(b->r_info) == R_X86_64_RELATIVE;
    if (a_first != b_first)
        return a_first ? -1 : 1;
    if (ELF64_R_SYM(a->r_info) != ELF64_R_SYM(b->r_info))
        return ELF64_R_SYM(a->r_info) < ELF64_R_SYM(b->r_info) ? -1 : 1;
    return (a->r_offset > b->r_offset) - (a->r_offset < b->r_offset);
}

static void set_relative_count(struct image *image, uint64_t count) {
    const Elf64_Shdr *section = image_section(image, ".dynamic");
    for (size_t i = 0; section && i < section->sh_size / sizeof(Elf64_Dyn); i++) {
        Elf64_Dyn *entry = (Elf64_Dyn *)(image->bytes + section->sh_offset) + i;
        if (entry->d_tag == DT_RELACOUNT)
            entry->d_un.d_val = count;
    }
}

void finish_cls(struct image *image) {
    uint64_t initial_size;
    if (!find_cls(image, &initial_size))
        return;
    fill_template(image, initial_size);
    fill_descriptor(image, initial_size);
    const Elf64_Shdr *section = image_section(image, ".rela.dyn");
    if (!section)
        return;
    Elf64_Rela *relocations = (Elf64_Rela *)(image->bytes + section->sh_offset);
    size_t count = section->sh_size / sizeof *relocations, relative = 0;
    for (size_t i = 0; i < count; i++) {
        convert(image, &relocations[i], initial_size);
        relative += ELF64_R_TYPE(relocations[i].r_info) == R_X86_64_RELATIVE;
    }
    qsort(relocations, count, sizeof *relocations, by_kind);
    set_relative_count(image, relative);
}
