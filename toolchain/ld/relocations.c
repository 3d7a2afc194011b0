#include "finish.h"

#include "../common/tool.h"

#include <string.h>

/* Calls `visit` for each dynamic relocation. */
static void each_relocation(const struct image *image,
                            void (*visit)(const struct image *, const Elf64_Rela *, void *), void *context) {
    static const char *const tables[] = {".rela.dyn", ".rela.plt"};
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        const Elf64_Shdr *section = image_section(image, tables[t]);
        if (!section || section->sh_type != SHT_RELA)
            continue;
        const Elf64_Rela *relocations = (const Elf64_Rela *)(image->bytes + section->sh_offset);
        for (size_t i = 0; i < section->sh_size / sizeof *relocations; i++)
            visit(image, &relocations[i], context);
    }
}

/* Whether only ld.so can compute what the relocation asks for. */
static bool is_for_loader(const struct image *image, const Elf64_Rela *relocation) {
    return ELF64_R_TYPE(relocation->r_info) != R_X86_64_RELATIVE ||
           is_cls_address(image, (uint64_t)relocation->r_addend);
}

struct search {
    const Elf64_Shdr *section;
    bool found;
};

static void find_constant_for_loader(const struct image *image, const Elf64_Rela *relocation, void *context) {
    struct search *search = context;
    uint64_t offset = relocation->r_offset - search->section->sh_addr;
    if (relocation->r_offset >= search->section->sh_addr && offset < search->section->sh_size &&
        image_region(image, relocation->r_offset) == REGION_RELOCATED && is_for_loader(image, relocation))
        search->found = true;
}

bool needs_writable(const struct image *image, const char *section) {
    struct search search = {image_section(image, section), false};
    if (search.section)
        each_relocation(image, find_constant_for_loader, &search);
    return search.found;
}

/* Where a relocation of this type may lie. The template of relocatable compartment-local storage is read-only
 * for everybody, but what is meant is ld.so's copy of it. */
static bool is_allowed(uint32_t type, enum region region, bool in_template) {
    switch (type) {
    case R_X86_64_RELATIVE:
        return region == REGION_RELOCATED || region == REGION_DATA;
    case R_X86_64_64:
    case R_X86_64_RELATIVE64:
        return region == REGION_DATA || in_template;
    case R_X86_64_GLOB_DAT:
    case R_X86_64_DTPMOD64:
    case R_X86_64_DTPOFF64:
    case R_X86_64_TPOFF64:
        return region == REGION_DATA;
    case R_X86_64_JUMP_SLOT:
        return region == REGION_IMPORTS;
    default:
        return false;
    }
}

static void check_one(const struct image *image, const Elf64_Rela *relocation, void *context) {
    (void)context;
    uint32_t type = (uint32_t)ELF64_R_TYPE(relocation->r_info);
    const char *symbol = dynamic_symbol_name(image, (uint32_t)ELF64_R_SYM(relocation->r_info));
    enum region region = image_region(image, relocation->r_offset);
    bool in_template = relocation->r_offset >= image->template_start &&
                       relocation->r_offset - image->template_start < image->template_size;
    if (type == R_X86_64_IRELATIVE)
        fail("indirect functions (ifunc) aren't supported: their resolver would have to run before the "
             "object is shared");
    if (type == R_X86_64_COPY)
        fail("copy relocation of '%s': compile with -fPIC or -fPIE", symbol);
    if (region == REGION_TEXT || region == REGION_CONSTANTS)
        fail("relocation in read-only shared bytes at 0x%llx, symbol '%s': compile with -fPIC",
             (unsigned long long)relocation->r_offset, symbol);
    if (type == R_X86_64_RELATIVE64 && region == REGION_RELOCATED && !in_template)
        fail("the constant at 0x%llx holds the address of a variable of the relocatable model: ld.so can't "
             "relocate it there",
             (unsigned long long)relocation->r_offset);
    if (!is_allowed(type, region, in_template))
        fail("unexpected relocation of type %u at 0x%llx, symbol '%s'", type,
             (unsigned long long)relocation->r_offset, symbol);
}

void check_relocations(const struct image *image) {
    each_relocation(image, check_one, NULL);
}
