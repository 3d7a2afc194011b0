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

static void find_symbolic_constant(const struct image *image, const Elf64_Rela *relocation, void *found) {
    if (ELF64_R_TYPE(relocation->r_info) != R_X86_64_RELATIVE &&
        image_region(image, relocation->r_offset) == REGION_RELOCATED)
        *(bool *)found = true;
}

bool needs_writable_relro(const struct image *image) {
    bool found = false;
    each_relocation(image, find_symbolic_constant, &found);
    return found;
}

/* Where a relocation of this type may lie. */
static bool is_allowed(uint32_t type, enum region region) {
    switch (type) {
    case R_X86_64_RELATIVE:
        return region == REGION_RELOCATED || region == REGION_DATA;
    case R_X86_64_64:
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
    if (type == R_X86_64_IRELATIVE)
        fail("indirect functions (ifunc) aren't supported: their resolver would have to run before the "
             "object is shared");
    if (type == R_X86_64_COPY)
        fail("copy relocation of '%s': compile with -fPIC or -fPIE", symbol);
    if (region == REGION_TEXT || region == REGION_CONSTANTS)
        fail("relocation in read-only shared bytes at 0x%llx, symbol '%s': compile with -fPIC",
             (unsigned long long)relocation->r_offset, symbol);
    if (!is_allowed(type, region))
        fail("unexpected relocation of type %u at 0x%llx, symbol '%s'", type,
             (unsigned long long)relocation->r_offset, symbol);
}

void check_relocations(const struct image *image) {
    each_relocation(image, check_one, NULL);
}
