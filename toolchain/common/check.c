#include "check.h"

#include "../../trusted/verifier/verifier_internal.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_REPORTS 20
#define LINES_SECTION ".orc_lines"

struct object {
    const uint8_t *bytes;
    size_t size;
    const Elf64_Shdr *sections;
    size_t section_count;
    const char *name;
    FILE *report;
    unsigned rejections;
};

/* ---- the file ---- */

static bool lies_inside(const struct object *object, uint64_t offset, uint64_t size) {
    return offset <= object->size && size <= object->size - offset;
}

static bool find_sections(struct object *object) {
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)object->bytes;
    if (object->size < sizeof *header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
        header->e_type != ET_REL || header->e_shoff % 8 != 0 ||
        !lies_inside(object, header->e_shoff, (uint64_t)header->e_shnum * sizeof *object->sections))
        return false;
    object->sections = (const Elf64_Shdr *)(object->bytes + header->e_shoff);
    object->section_count = header->e_shnum;
    /* With more sections than the header can count, the first section's size is their number. */
    if (!object->section_count && header->e_shoff)
        object->section_count = object->sections[0].sh_size;
    if (!lies_inside(object, header->e_shoff, object->section_count * sizeof *object->sections))
        return false;
    for (size_t i = 0; i < object->section_count; i++)
        if (object->sections[i].sh_type != SHT_NOBITS && i > 0 &&
            !lies_inside(object, object->sections[i].sh_offset, object->sections[i].sh_size))
            return false;
    return true;
}

static const void *content(const struct object *object, const Elf64_Shdr *section) {
    return object->bytes + section->sh_offset;
}

static const char *section_name(const struct object *object, const Elf64_Shdr *section) {
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)object->bytes;
    size_t index = header->e_shstrndx == SHN_XINDEX ? object->sections[0].sh_link : header->e_shstrndx;
    return index < object->section_count
               ? (const char *)content(object, &object->sections[index]) + section->sh_name
               : "";
}

static const Elf64_Shdr *find_section(const struct object *object, const char *name, uint32_t type) {
    for (size_t i = 1; i < object->section_count; i++)
        if (object->sections[i].sh_type == type &&
            strcmp(section_name(object, &object->sections[i]), name) == 0)
            return &object->sections[i];
    return NULL;
}

/* ---- where an instruction comes from ---- */

/* The record of the last line that begins at or before the place: "FILE:LINE", then the instruction, each
 * with a null byte. NULL if there's none. */
static const char *find_line(const struct object *object, size_t section, uint64_t offset) {
    const Elf64_Shdr *lines = find_section(object, LINES_SECTION, SHT_PROGBITS);
    const Elf64_Shdr *places = find_section(object, ".rela" LINES_SECTION, SHT_RELA);
    const char *found = NULL;
    uint64_t best = 0;
    if (!lines || !places || places->sh_link >= object->section_count)
        return NULL;
    const Elf64_Rela *relocations = content(object, places);
    const Elf64_Sym *symbols = content(object, &object->sections[places->sh_link]);
    for (size_t i = 0; i < places->sh_size / sizeof *relocations; i++) {
        const Elf64_Sym *symbol = &symbols[ELF64_R_SYM(relocations[i].r_info)];
        uint64_t place = symbol->st_value + (uint64_t)relocations[i].r_addend;
        if (symbol->st_shndx != section || place > offset || (found && place < best) ||
            relocations[i].r_offset + 8 >= lines->sh_size)
            continue;
        best = place;
        found = (const char *)content(object, lines) + relocations[i].r_offset + 8;
    }
    return found;
}

/* The symbol that the place belongs to, and how far behind it that is. */
static const char *find_symbol(const struct object *object, size_t section, uint64_t *offset) {
    const Elf64_Shdr *table = find_section(object, ".symtab", SHT_SYMTAB);
    const Elf64_Sym *best = NULL, *symbols = table ? content(object, table) : NULL;
    for (size_t i = 1; table && i < table->sh_size / sizeof *symbols; i++)
        if (symbols[i].st_shndx == section && symbols[i].st_name && symbols[i].st_value <= *offset &&
            (!best || symbols[i].st_value > best->st_value))
            best = &symbols[i];
    if (!best)
        return section_name(object, &object->sections[section]);
    *offset -= best->st_value;
    return (const char *)content(object, &object->sections[table->sh_link]) + best->st_name;
}

static const char *mnemonic_at(const struct object *object, size_t section, uint64_t offset) {
    const Elf64_Shdr *header = &object->sections[section];
    ZydisDecoder decoder;
    ZydisDecodedInstruction decoded;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    bool is_valid = ZYAN_SUCCESS(
        ZydisDecoderDecodeInstruction(&decoder, NULL, (const uint8_t *)content(object, header) + offset,
                                      header->sh_size - offset, &decoded));
    return is_valid ? ZydisMnemonicGetString(decoded.mnemonic) : "(no instruction)";
}

static void reject(struct object *object, size_t section, uint64_t offset, int rule, const char *reason) {
    if (object->rejections++ >= MOST_REPORTS || !object->report)
        return;
    const char *line = find_line(object, section, offset);
    if (line) {
        fprintf(object->report, "%s: error: rule %d: %s: %s\n", line, rule, line + strlen(line) + 1, reason);
        return;
    }
    const char *mnemonic = mnemonic_at(object, section, offset),
               *symbol = find_symbol(object, section, &offset);
    fprintf(object->report, "%s: error: rule %d: %s+0x%llx: %s: %s\n", object->name, rule, symbol,
            (unsigned long long)offset, mnemonic, reason);
}

/* ---- the code ---- */

struct code {
    const uint8_t *bytes;
    size_t size, section;
    uint8_t *starts;        /* whether an instruction begins at the byte */
    uint32_t *branch_there; /* 1 + the offset of a branch that leads to the byte, or 0 */
};

static int64_t displacement_before(const uint8_t *end, unsigned width) {
    int32_t value;
    if (width == 1)
        return (int8_t)end[-1];
    memcpy(&value, end - sizeof value, sizeof value);
    return value;
}

/* What leads out of the section is the linker's business. */
static void note_branch(struct code *code, size_t offset, struct instruction instruction) {
    size_t end = offset + instruction.length;
    if (instruction.kind != KIND_BRANCH)
        return;
    int64_t target = (int64_t)end + displacement_before(code->bytes + end, instruction.relative_bytes);
    if (target >= 0 && target < (int64_t)code->size)
        code->branch_there[target] = (uint32_t)offset + 1;
}

/* The length of the guarded sequence (rule 6) that begins with a read of code; 0 if there's none. Which register it's
 * about, and what stands before it, is left to the verifier: only the rewriter makes such reads. */
static size_t guard_length(const struct code *code, size_t offset) {
    struct guard guard;
    for (unsigned target = 0; target < 16; target++)
        if (orc_match_guard(code->bytes + offset, code->size - offset, target, &guard))
            return guard.length;
    return 0;
}

static void check_instructions(struct object *object, struct code *code) {
    ZydisDecoder decoder;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    for (size_t i = 0; i < code->size;) {
        struct violations violations;
        struct instruction instruction =
            orc_judge_instruction(&decoder, code->bytes + i, code->size - i, &violations);
        code->starts[i] = 1;
        note_branch(code, i, instruction);
        size_t guarded = instruction.kind == KIND_CODE_READ ? guard_length(code, i) : 0;
        bool rejected = instruction.kind == KIND_NONE || (instruction.kind == KIND_CODE_READ && !guarded);
        for (unsigned k = 0; rejected && k < violations.count; k++)
            reject(object, code->section, i, violations.list[k].rule, violations.list[k].reason);
        i += guarded ? guarded : instruction.length;
    }
}

static void check_places(struct object *object, const struct code *code) {
    static const uint8_t mark[] = {0xf3, 0x0f, 0x1e, 0xfa};
    for (size_t i = 0; i < code->size; i++)
        if (code->branch_there[i] && !code->starts[i])
            reject(object, code->section, code->branch_there[i] - 1, 5, "branch into an instruction");
    const uint8_t *end = code->bytes + code->size, *at = code->bytes;
    while ((at = memmem(at, (size_t)(end - at), mark, sizeof mark))) {
        if (!code->starts[at - code->bytes])
            reject(object, code->section, (uint64_t)(at - code->bytes), 6,
                   "the bytes of endbr64 inside or across instructions");
        at++;
    }
}

static void check_section(struct object *object, size_t section) {
    const Elf64_Shdr *header = &object->sections[section];
    struct code code = {content(object, header), header->sh_size, section, NULL, NULL};
    if (header->sh_type != SHT_PROGBITS || !(header->sh_flags & SHF_EXECINSTR) || !code.size)
        return;
    code.starts = calloc(code.size, sizeof *code.starts);
    code.branch_there = calloc(code.size, sizeof *code.branch_there);
    if (!code.starts || !code.branch_there)
        abort();
    check_instructions(object, &code);
    check_places(object, &code);
    free(code.starts);
    free(code.branch_there);
}

bool check_object_code(const char *path, const char *name, FILE *report) {
    struct object object = {.name = name, .report = report};
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) != 0 || !S_ISREG(status.st_mode) || !status.st_size)
        return file < 0 || close(file) == 0;
    object.size = (size_t)status.st_size;
    void *bytes = mmap(NULL, object.size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    object.bytes = bytes;
    if (bytes == MAP_FAILED)
        return false;
    for (size_t i = 1; find_sections(&object) && i < object.section_count; i++)
        check_section(&object, i);
    if (object.rejections > MOST_REPORTS && report)
        fprintf(report, "%s: error: %u more instructions that the verifier would refuse\n", name,
                object.rejections - MOST_REPORTS);
    munmap(bytes, object.size);
    return object.rejections == 0;
}
