#include "finish.h"

#include "../common/tool.h"

#include <string.h>

#define STUB_SIZE 16
#define TRAP 0xcc

static int32_t read_displacement(const uint8_t *bytes) {
    int32_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static bool is_import(const struct image *image, uint64_t address) {
    const struct extent *imports = &image->regions[REGION_IMPORTS];
    return address % 8 == 0 && address >= imports->address && address - imports->address + 8 <= imports->size;
}

/* Whether the dynamic symbol table gives this stub's address to programs (a function pointer to an import
 * that was taken without the GOT): then the stub is a target of indirect calls. */
static bool is_canonical(const struct image *image, uint64_t address) {
    const Elf64_Shdr *section = image_section(image, ".dynsym");
    if (!section)
        return false;
    const Elf64_Sym *symbols = (const Elf64_Sym *)(image->bytes + section->sh_offset);
    for (size_t i = 1; i < section->sh_size / sizeof *symbols; i++)
        if (symbols[i].st_shndx == SHN_UNDEF && symbols[i].st_value == address)
            return true;
    return false;
}

/* Writes `[endbr64;] jmp *%gs:slot(%eip)` and traps over a stub. The base of %eip is the end of the
 * instruction. */
static void write_stub(const struct image *image, uint8_t *stub, uint64_t address, uint64_t slot) {
    static const uint8_t mark[] = {0xf3, 0x0f, 0x1e, 0xfa}, jump[] = {0x65, 0x67, 0xff, 0x25};
    size_t length = 0;
    memset(stub, TRAP, STUB_SIZE);
    if (is_canonical(image, address)) {
        memcpy(stub, mark, sizeof mark);
        length = sizeof mark;
    }
    memcpy(stub + length, jump, sizeof jump);
    int32_t displacement = (int32_t)(slot - (address + length + sizeof jump + sizeof displacement));
    memcpy(stub + length + sizeof jump, &displacement, sizeof displacement);
}

/* The import-table slot that a stub jumps through; 0 if these bytes are none of lld's stubs (or a finished
 * one). */
static uint64_t stub_slot(const uint8_t *stub, uint64_t address) {
    static const uint8_t plain[] = {0xff, 0x25}, marked[] = {0xf3, 0x0f, 0x1e, 0xfa, 0xff, 0x25};
    static const uint8_t finished[] = {0x65, 0x67, 0xff, 0x25},
                         finished_marked[] = {0xf3, 0x0f, 0x1e, 0xfa, 0x65, 0x67, 0xff, 0x25};
    static const struct {
        const uint8_t *bytes;
        size_t size;
    } forms[] = {{plain, sizeof plain},
                 {marked, sizeof marked},
                 {finished, sizeof finished},
                 {finished_marked, sizeof finished_marked}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (memcmp(stub, forms[i].bytes, forms[i].size) == 0)
            return address + forms[i].size + 4 + (uint64_t)(int64_t)read_displacement(stub + forms[i].size);
    return 0;
}

/* Rewrites one section of stubs. What isn't a stub (the lazy-binding header) becomes traps. */
static void finish_section(struct image *image, const char *name) {
    const Elf64_Shdr *section = image_section(image, name);
    if (!section || section->sh_type == SHT_NOBITS)
        return;
    uint8_t *bytes = image->bytes + section->sh_offset;
    for (uint64_t i = 0; i + STUB_SIZE <= section->sh_size; i += STUB_SIZE) {
        uint64_t address = section->sh_addr + i;
        uint64_t slot = stub_slot(bytes + i, address);
        if (slot && is_import(image, slot))
            write_stub(image, bytes + i, address, slot);
        else
            memset(bytes + i, TRAP, STUB_SIZE);
    }
}

/* lld leaves addresses for lazy binding in the import table; only the Intravisor fills it. */
static void clear_imports(struct image *image) {
    const struct extent *imports = &image->regions[REGION_IMPORTS];
    memset(image->bytes + imports->offset, 0, imports->file_size);
}

/* Bytes between the sections of the text are reachable like any other. */
static void fill_gaps(struct image *image) {
    const struct extent *text = &image->regions[REGION_TEXT];
    uint64_t covered = text->address;
    for (size_t i = 1; i < image->section_count; i++) {
        const Elf64_Shdr *section = &image->sections[i];
        if (!(section->sh_flags & SHF_ALLOC) || image_region(image, section->sh_addr) != REGION_TEXT)
            continue;
        if (section->sh_addr > covered)
            memset(image->bytes + text->offset + (covered - text->address), TRAP, section->sh_addr - covered);
        covered = section->sh_addr + section->sh_size;
    }
}

void finish_plt(struct image *image) {
    /* With .plt.sec (all inputs are marked for branch tracking), .plt holds only the lazy halves: no slot in
     * them. */
    finish_section(image, ".plt");
    finish_section(image, ".plt.sec");
    clear_imports(image);
    fill_gaps(image);
}
