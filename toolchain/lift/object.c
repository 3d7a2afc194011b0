#include "object.h"

#include "../common/tool.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *allocate(size_t count, size_t size) {
    void *memory = calloc(count ? count : 1, size);
    if (!memory)
        fail("out of memory");
    return memory;
}

bool is_text(const struct section *section) {
    return section->flags & SHF_EXECINSTR;
}

bool is_loaded(const struct section *section) {
    return section->flags & SHF_ALLOC && section->type != SHT_X86_64_UNWIND &&
           strcmp(section->name, ".eh_frame") != 0 && strcmp(section->name, ".note.gnu.property") != 0;
}

bool local_place(const struct object *object, uint32_t symbol, int64_t addend, int *section,
                 int64_t *offset) {
    const struct symbol *found = &object->symbols[symbol];
    if (found->section == SHN_UNDEF || found->section >= object->section_count)
        return false;
    /* A symbol of others' is named as it is, but for places inside code, which move. */
    if (found->binding != STB_LOCAL && (!addend || !is_text(&object->sections[found->section])))
        return false;
    *section = found->section;
    *offset = (int64_t)found->value + addend;
    return true;
}

bool is_text_data(const struct section *section, int64_t offset) {
    return section->contents && offset >= 0 && (uint64_t)offset < section->size &&
           section->contents[offset] == CONTENT_DATA;
}

/* The whole file, which must be an object; it stays in memory. */
static const uint8_t *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "re");
    uint8_t *content = NULL;
    if (!file || fseek(file, 0, SEEK_END) != 0)
        fail("unable to read '%s': %s", path, strerror(errno));
    long length = ftell(file);
    rewind(file);
    content = allocate((size_t)(length > 0 ? length : 0), 1);
    *size = fread(content, 1, (size_t)length, file);
    fclose(file);
    return content;
}

/* `size` bytes at `offset`, or the end of the program. */
static const void *part(const uint8_t *content, size_t length, uint64_t offset, uint64_t size) {
    if (offset > length || size > length - offset)
        fail("the assembler's object is damaged");
    return content + offset;
}

static int by_offset(const void *a, const void *b) {
    const struct relocation *first = a, *second = b;
    return first->offset < second->offset ? -1 : first->offset > second->offset;
}

static int note_by_offset(const void *a, const void *b) {
    const struct note *first = a, *second = b;
    return first->offset < second->offset   ? -1
           : first->offset > second->offset ? 1
                                            : (int)first->kind - (int)second->kind;
}

/* Whether the relocation is a note, and which. */
static bool note_kind_of(const struct relocation *relocation, const char *symbol, enum note_kind *kind) {
    static const struct {
        const char *name;
        enum note_kind kind;
    } named[] = {{"orc:line:", NOTE_INSTRUCTION},
                 {"orc:data", NOTE_DATA},
                 {"orc:padding", NOTE_PADDING},
                 {"orc:value", NOTE_VALUE},
                 {"orc:complex", NOTE_COMPLEX}};
    switch (relocation->type) {
    case R_X86_64_COPY:
        *kind = NOTE_PLACE;
        return true;
    case R_X86_64_GLOB_DAT:
        *kind = NOTE_LESS;
        return true;
    case R_X86_64_RELATIVE:
        *kind = NOTE_IMMEDIATE_PLACE;
        return true;
    case R_X86_64_IRELATIVE:
        *kind = NOTE_IMMEDIATE_LESS;
        return true;
    case R_X86_64_JUMP_SLOT:
        *kind = NOTE_END;
        return true;
    case R_X86_64_NONE:
        for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
            *kind = named[i].kind;
            if (has_prefix(symbol, named[i].name))
                return true;
        }
        return false;
    default:
        return false;
    }
}

static void read_relocations(struct object *object, struct section *section, const Elf64_Rela *entries,
                             size_t count) {
    section->relocations = allocate(count, sizeof *section->relocations);
    section->notes = allocate(count, sizeof *section->notes);
    for (size_t i = 0; i < count; i++) {
        struct relocation relocation = {entries[i].r_offset, (uint32_t)ELF64_R_TYPE(entries[i].r_info),
                                        (uint32_t)ELF64_R_SYM(entries[i].r_info), entries[i].r_addend};
        enum note_kind kind;
        bool is_note = note_kind_of(&relocation, object->symbols[relocation.symbol].name, &kind);
        if (is_note && kind == NOTE_END)
            object->symbols[relocation.symbol].ends_table = true;
        else if (is_note)
            section->notes[section->note_count++] =
                (struct note){relocation.offset, kind, relocation.symbol, relocation.addend};
        else if (relocation.type != R_X86_64_NONE)
            section->relocations[section->relocation_count++] = relocation;
    }
    qsort(section->relocations, section->relocation_count, sizeof *section->relocations, by_offset);
    qsort(section->notes, section->note_count, sizeof *section->notes, note_by_offset);
}

static void read_symbols(struct object *object, const Elf64_Sym *entries, size_t count, const char *names) {
    object->symbols = allocate(count, sizeof *object->symbols);
    object->symbol_count = count;
    for (size_t i = 0; i < count; i++) {
        const Elf64_Sym *entry = &entries[i];
        object->symbols[i] = (struct symbol){.name = names + entry->st_name,
                                             .value = entry->st_value,
                                             .size = entry->st_size,
                                             .section = entry->st_shndx,
                                             .binding = ELF64_ST_BIND(entry->st_info),
                                             .type = ELF64_ST_TYPE(entry->st_info),
                                             .visibility = ELF64_ST_VISIBILITY(entry->st_other)};
    }
}

void read_object(struct object *object, const char *path, const char *source) {
    size_t length;
    const uint8_t *content = read_file(path, &length);
    const Elf64_Ehdr *header = part(content, length, 0, sizeof *header);
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64 ||
        header->e_machine != EM_X86_64 || header->e_type != ET_REL)
        fail("%s: only 64-bit ELF objects can be confined (-f elf64)", source);
    const Elf64_Shdr *entries =
        part(content, length, header->e_shoff, (uint64_t)header->e_shnum * sizeof *entries);
    const char *names = part(content, length, entries[header->e_shstrndx].sh_offset, 1);
    *object = (struct object){.source = source, .section_count = header->e_shnum};
    object->sections = allocate(header->e_shnum, sizeof *object->sections);
    for (size_t i = 0; i < header->e_shnum; i++) {
        const Elf64_Shdr *entry = &entries[i];
        struct section *section = &object->sections[i];
        section->name = names + entry->sh_name;
        section->type = entry->sh_type;
        section->flags = entry->sh_flags;
        section->alignment = entry->sh_addralign;
        section->size = entry->sh_size;
        if (entry->sh_type != SHT_NOBITS)
            section->data = part(content, length, entry->sh_offset, entry->sh_size);
        if (entry->sh_type == SHT_SYMTAB)
            read_symbols(object, (const void *)section->data, entry->sh_size / sizeof(Elf64_Sym),
                         part(content, length, entries[entry->sh_link].sh_offset, 1));
    }
    for (size_t i = 0; i < header->e_shnum; i++)
        if (entries[i].sh_type == SHT_RELA && entries[i].sh_info < header->e_shnum)
            read_relocations(object, &object->sections[entries[i].sh_info],
                             (const void *)object->sections[i].data, entries[i].sh_size / sizeof(Elf64_Rela));
}
