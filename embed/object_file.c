/* The ELF reader. In order: headers, loadable segments, note and layout, region contents, relocations, hash.
 */
#include "object_file.h"
#include "file_bytes.h"

#include "../toolchain/common/object_hash.h"

#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PROGRAM_HEADERS 64
#define ADDRESS_SPACE 0x100000000u
#define NOTE_ALIGNMENT 4

struct reader {
    const char *name;
    struct object_file *object;
    struct orc_error *error;
    Elf64_Ehdr header;
    Elf64_Phdr segments[MAX_PROGRAM_HEADERS];
    unsigned segment_count;
    size_t hash_offset; /* of the note's hash field, in the file */
};

/* Where the dynamic section says that the relocations are. */
struct relocation_tables {
    uint64_t rela, rela_size, rela_entry;
    uint64_t plt, plt_size, plt_type;
    bool has_other; /* DT_REL or DT_RELR */
};

__attribute__((format(printf, 2, 3))) static bool malformed(const struct reader *reader, const char *format,
                                                            ...) {
    va_list arguments;

    char *message = reader->error->message;
    size_t size = sizeof reader->error->message;
    int length = snprintf(message, size, "%s: ", reader->name);
    if (length < 0 || (size_t)length >= size)
        return false;
    va_start(arguments, format);
    vsnprintf(message + length, size - (size_t)length, format, arguments);
    va_end(arguments);
    return false;
}

/* True if [start, start + size) lies in [0, limit). */
static bool lies_within(uint64_t start, uint64_t size, uint64_t limit) {
    return start <= limit && size <= limit - start;
}

static const uint8_t *file_range(const struct reader *reader, uint64_t offset, uint64_t size) {
    return lies_within(offset, size, reader->object->file_size) ? reader->object->file + offset : NULL;
}

/* --- Headers
 * --------------------------------------------------------------------------------------------------- */

static bool read_header(struct reader *reader) {
    const uint8_t *bytes = file_range(reader, 0, sizeof reader->header);
    Elf64_Ehdr *header = &reader->header;

    if (reader->object->file_size >= SELFMAG && memcmp(reader->object->file, ELFMAG, SELFMAG) != 0)
        return malformed(reader, "not an ELF file");
    if (!bytes)
        return malformed(reader, "too short for an ELF file: %zu bytes", reader->object->file_size);
    memcpy(header, bytes, sizeof *header);
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
        header->e_ident[EI_VERSION] != EV_CURRENT || header->e_machine != EM_X86_64)
        return malformed(reader, "not an ELF file for x86-64");
    if (header->e_type != ET_DYN)
        return malformed(reader, "not a shared object or position-independent program (ELF type %u)",
                         header->e_type);
    return true;
}

static bool read_program_headers(struct reader *reader) {
    const Elf64_Ehdr *header = &reader->header;
    const uint8_t *bytes;

    if (header->e_phentsize != sizeof(Elf64_Phdr))
        return malformed(reader, "program headers of %u bytes each", header->e_phentsize);
    if (header->e_phnum == 0 || header->e_phnum > MAX_PROGRAM_HEADERS)
        return malformed(reader, "%u program headers; an object has 1 to %u", header->e_phnum,
                         MAX_PROGRAM_HEADERS);
    bytes = file_range(reader, header->e_phoff, header->e_phnum * sizeof(Elf64_Phdr));
    if (!bytes)
        return malformed(reader, "the program headers lie outside the file");
    memcpy(reader->segments, bytes, header->e_phnum * sizeof(Elf64_Phdr));
    reader->segment_count = header->e_phnum;
    reader->object->program_headers = (uint32_t)header->e_phoff;
    reader->object->program_header_count = header->e_phnum;
    return true;
}

static bool check_segment(const struct reader *reader, unsigned index) {
    const Elf64_Phdr *segment = &reader->segments[index];

    if (!file_range(reader, segment->p_offset, segment->p_filesz))
        return malformed(reader, "segment %u lies outside the file", index);
    if (segment->p_type != PT_LOAD)
        return true;
    if (segment->p_filesz > segment->p_memsz)
        return malformed(reader, "segment %u is larger in the file than in memory", index);
    if (!lies_within(segment->p_vaddr, segment->p_memsz, ADDRESS_SPACE))
        return malformed(reader, "segment %u lies beyond 4 GiB", index);
    if (segment->p_vaddr % ORC_PAGE_SIZE != segment->p_offset % ORC_PAGE_SIZE)
        return malformed(reader, "segment %u is misaligned: address 0x%llx, file offset 0x%llx", index,
                         (unsigned long long)segment->p_vaddr, (unsigned long long)segment->p_offset);
    if ((segment->p_flags & PF_X) && (segment->p_flags & PF_W))
        return malformed(reader, "segment %u is writable and executable", index);
    return true;
}

/* Loadable segments stand in ascending order, on pages of their own; one is executable. */
static bool check_segments(const struct reader *reader) {
    uint64_t end = 0;
    unsigned executable_count = 0;

    for (unsigned i = 0; i < reader->segment_count; i++) {
        const Elf64_Phdr *segment = &reader->segments[i];
        if (!check_segment(reader, i))
            return false;
        if (segment->p_type != PT_LOAD || segment->p_memsz == 0)
            continue;
        if ((segment->p_vaddr & -(uint64_t)ORC_PAGE_SIZE) < end)
            return malformed(reader, "segment %u overlaps the one before it, or shares a page with it", i);
        end = segment->p_vaddr + segment->p_memsz;
        executable_count += (segment->p_flags & PF_X) != 0;
    }
    if (executable_count != 1)
        return malformed(reader, "%u executable segments; an object has one", executable_count);
    return true;
}

static const Elf64_Phdr *find_segment(const struct reader *reader, uint32_t type) {
    for (unsigned i = 0; i < reader->segment_count; i++)
        if (reader->segments[i].p_type == type)
            return &reader->segments[i];
    return NULL;
}

/* The file's bytes for [address, address + size), which must lie in one loadable segment's file content. */
static const uint8_t *content_at(const struct reader *reader, uint64_t address, uint64_t size) {
    for (unsigned i = 0; i < reader->segment_count; i++) {
        const Elf64_Phdr *segment = &reader->segments[i];
        if (segment->p_type == PT_LOAD && address >= segment->p_vaddr &&
            lies_within(address - segment->p_vaddr, size, segment->p_filesz))
            return reader->object->file + segment->p_offset + (address - segment->p_vaddr);
    }
    return NULL;
}

/* --- Note and layout
 * ------------------------------------------------------------------------------------------- */

static uint64_t align_note(uint64_t size) {
    return (size + NOTE_ALIGNMENT - 1) & -(uint64_t)NOTE_ALIGNMENT;
}

/* Looks for the object's note in one PT_NOTE segment. */
static bool find_note_in(struct reader *reader, const Elf64_Phdr *segment) {
    uint64_t at = segment->p_offset, end = segment->p_offset + segment->p_filesz;
    Elf64_Nhdr header;

    while (end - at >= sizeof header) {
        memcpy(&header, reader->object->file + at, sizeof header);
        uint64_t name = at + sizeof header, desc = name + align_note(header.n_namesz);
        uint64_t next = desc + align_note(header.n_descsz);
        if (next > end)
            return false;
        if (header.n_type == ORC_NOTE_OBJECT && header.n_namesz == sizeof ORC_NOTE_NAME &&
            memcmp(reader->object->file + name, ORC_NOTE_NAME, sizeof ORC_NOTE_NAME) == 0 &&
            header.n_descsz == sizeof reader->object->note) {
            memcpy(&reader->object->note, reader->object->file + desc, sizeof reader->object->note);
            reader->hash_offset = desc + offsetof(struct orc_object_note, hash);
            return true;
        }
        at = next;
    }
    return false;
}

static bool read_note(struct reader *reader) {
    for (unsigned i = 0; i < reader->segment_count; i++) {
        if (reader->segments[i].p_type != PT_NOTE || !find_note_in(reader, &reader->segments[i]))
            continue;
        if (reader->object->note.version != ORC_NOTE_VERSION || reader->object->note.reserved != 0)
            return malformed(reader, "a note of version %u; this program knows version %u",
                             reader->object->note.version, ORC_NOTE_VERSION);
        return true;
    }
    return malformed(reader, "no ORC note: not an object made by orc-ld");
}

static bool check_region(const struct reader *reader, const char *what, uint32_t offset, uint64_t size,
                         uint64_t *end) {
    if (offset % ORC_PAGE_SIZE != 0)
        return malformed(reader, "the note's %s region is misaligned: 0x%x", what, offset);
    if (offset < *end)
        return malformed(reader, "the note's %s region overlaps the one before it", what);
    *end = offset + size;
    if (*end > ADDRESS_SPACE - ORC_PAGE_SIZE)
        return malformed(reader, "the note's %s region lies beyond 4 GiB", what);
    return true;
}

static bool check_layout(const struct reader *reader) {
    const struct orc_object_layout *layout = &reader->object->note.layout;
    uint64_t end = 0;

    if (layout->constants != 0)
        return malformed(reader, "the note's constants don't begin at the object's base");
    if (layout->data_file_size > layout->data_size)
        return malformed(reader, "the note's data is larger in the file than in memory");
    if (layout->jump_tables_size > layout->relocated_size || layout->jump_tables_size % 8 != 0)
        return malformed(reader, "the note's jump tables aren't whole entries of the relocated constants");
    if (layout->imports_size % 8 != 0)
        return malformed(reader, "the note's import table isn't a whole number of entries");
    return check_region(reader, "constants", layout->constants, layout->constants_size, &end) &&
           check_region(reader, "relocated", layout->relocated, layout->relocated_size, &end) &&
           check_region(reader, "imports", layout->imports, layout->imports_size, &end) &&
           check_region(reader, "data", layout->data, layout->data_size, &end) &&
           check_region(reader, "text", layout->text, layout->text_size, &end);
}

static bool find_content(const struct reader *reader, const char *what, uint32_t offset, uint32_t size,
                         const uint8_t **content) {
    *content = NULL;
    if (size == 0)
        return true;
    *content = content_at(reader, offset, size);
    return *content || malformed(reader, "no segment of the file holds the note's %s region", what);
}

/* The executable segment and the note's text are one and the same, so that nothing executable escapes the
 * verifier. */
static bool check_text(const struct reader *reader) {
    const struct orc_object_layout *layout = &reader->object->note.layout;

    for (unsigned i = 0; i < reader->segment_count; i++) {
        const Elf64_Phdr *segment = &reader->segments[i];
        if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X) || segment->p_memsz == 0)
            continue;
        if (segment->p_vaddr != layout->text || segment->p_memsz != layout->text_size ||
            segment->p_filesz != segment->p_memsz)
            return malformed(reader, "the executable segment isn't what the note calls text");
    }
    return true;
}

static bool find_contents(struct reader *reader) {
    struct object_file *object = reader->object;
    const struct orc_object_layout *layout = &object->note.layout;

    return find_content(reader, "constants", layout->constants, layout->constants_size, &object->constants) &&
           find_content(reader, "relocated", layout->relocated, layout->relocated_size, &object->relocated) &&
           find_content(reader, "imports", layout->imports, layout->imports_size, &object->imports) &&
           find_content(reader, "data", layout->data, layout->data_file_size, &object->data) &&
           find_content(reader, "text", layout->text, layout->text_size, &object->text) && check_text(reader);
}

static bool read_entry(struct reader *reader) {
    const struct orc_object_layout *layout = &reader->object->note.layout;
    uint64_t entry = reader->header.e_entry;

    if (entry != 0 && (entry < layout->text || entry - layout->text >= layout->text_size))
        return malformed(reader, "the entry 0x%llx isn't in the text", (unsigned long long)entry);
    reader->object->entry = (uint32_t)entry;
    return true;
}

/* --- Relocations
 * ----------------------------------------------------------------------------------------------- */

static void note_dynamic_entry(struct relocation_tables *tables, const Elf64_Dyn *entry) {
    switch (entry->d_tag) {
    case DT_RELA:
        tables->rela = entry->d_un.d_val;
        break;
    case DT_RELASZ:
        tables->rela_size = entry->d_un.d_val;
        break;
    case DT_RELAENT:
        tables->rela_entry = entry->d_un.d_val;
        break;
    case DT_JMPREL:
        tables->plt = entry->d_un.d_val;
        break;
    case DT_PLTRELSZ:
        tables->plt_size = entry->d_un.d_val;
        break;
    case DT_PLTREL:
        tables->plt_type = entry->d_un.d_val;
        break;
    case DT_REL:
    case DT_RELR:
        tables->has_other = true;
        break;
    default:
        break;
    }
}

static bool read_dynamic(const struct reader *reader, struct relocation_tables *tables) {
    const Elf64_Phdr *segment = find_segment(reader, PT_DYNAMIC);
    Elf64_Dyn entry;

    for (uint64_t at = 0; segment && segment->p_filesz - at >= sizeof entry; at += sizeof entry) {
        memcpy(&entry, reader->object->file + segment->p_offset + at, sizeof entry);
        if (entry.d_tag == DT_NULL)
            break;
        note_dynamic_entry(tables, &entry);
    }
    if (tables->has_other)
        return malformed(reader, "relocations of a kind other than DT_RELA");
    if (tables->rela_size && tables->rela_entry != sizeof(Elf64_Rela))
        return malformed(reader, "relocations of %llu bytes each", (unsigned long long)tables->rela_entry);
    if (tables->plt_size && tables->plt_type != DT_RELA)
        return malformed(reader, "PLT relocations of a kind other than DT_RELA");
    return true;
}

static bool lies_in_region(uint64_t offset, uint32_t start, uint32_t size) {
    return offset >= start && lies_within(offset - start, 8, size);
}

static bool add_relative(struct reader *reader, const Elf64_Rela *rela, uint32_t *count) {
    struct object_file *object = reader->object;
    const struct orc_object_layout *layout = &object->note.layout;

    if (!lies_in_region(rela->r_offset, layout->relocated, layout->relocated_size) &&
        !lies_in_region(rela->r_offset, layout->data, layout->data_file_size))
        return malformed(reader, "the relocation at 0x%llx isn't in relocated constants or data",
                         (unsigned long long)rela->r_offset);
    if (rela->r_addend < 0 || rela->r_addend > UINT32_MAX || ELF64_R_SYM(rela->r_info) != 0)
        return malformed(reader, "the relocation at 0x%llx leads out of the object",
                         (unsigned long long)rela->r_offset);
    if (*count == layout->relocation_count)
        return malformed(reader, "more relative relocations than the note counts");
    object->relocations[*count].offset = (uint32_t)rela->r_offset;
    object->relocations[(*count)++].addend = (uint32_t)rela->r_addend;
    return true;
}

static bool add_binding(struct reader *reader, const Elf64_Rela *rela) {
    struct object_file *object = reader->object;
    const struct orc_object_layout *layout = &object->note.layout;

    /* In the relocated constants: those of relocatable variables' template, which ld.so applies to its copy.
     */
    if (!lies_in_region(rela->r_offset, layout->imports, layout->imports_size) &&
        !lies_in_region(rela->r_offset, layout->relocated, layout->relocated_size) &&
        !lies_in_region(rela->r_offset, layout->data, layout->data_file_size))
        return malformed(
            reader, "the relocation at 0x%llx isn't in the import table, the relocated constants or the data",
            (unsigned long long)rela->r_offset);
    object->bindings[object->binding_count++] = (struct object_file_binding){
        .offset = (uint32_t)rela->r_offset,
        .type = ELF64_R_TYPE(rela->r_info),
        .symbol = ELF64_R_SYM(rela->r_info),
        .addend = rela->r_addend,
    };
    return true;
}

static bool add_table(struct reader *reader, const uint8_t *table, uint64_t size, uint32_t *relative_count) {
    Elf64_Rela rela;

    for (uint64_t at = 0; size - at >= sizeof rela; at += sizeof rela) {
        memcpy(&rela, table + at, sizeof rela);
        bool added = ELF64_R_TYPE(rela.r_info) == R_X86_64_RELATIVE
                         ? add_relative(reader, &rela, relative_count)
                         : add_binding(reader, &rela);
        if (!added)
            return false;
    }
    return true;
}

static int compare_relocations(const void *left, const void *right) {
    uint32_t a = ((const struct orc_relocation *)left)->offset,
             b = ((const struct orc_relocation *)right)->offset;

    return (a > b) - (a < b);
}

/* Sorts them; each must have its 8 bytes for itself. */
static bool order_relocations(struct reader *reader, uint32_t count) {
    struct orc_relocation *relocations = reader->object->relocations;

    if (count != reader->object->note.layout.relocation_count)
        return malformed(reader, "%u relative relocations, where the note counts %u", count,
                         reader->object->note.layout.relocation_count);
    qsort(relocations, count, sizeof *relocations, compare_relocations);
    for (uint32_t i = 1; i < count; i++)
        if (relocations[i].offset - relocations[i - 1].offset < 8)
            return malformed(reader, "relocations overlap at 0x%x", relocations[i].offset);
    return true;
}

static bool read_relocations(struct reader *reader) {
    struct object_file *object = reader->object;
    struct relocation_tables tables = {0};
    const uint8_t *rela, *plt;
    uint64_t total;
    uint32_t count = 0;

    if (!read_dynamic(reader, &tables))
        return false;
    rela = tables.rela_size ? content_at(reader, tables.rela, tables.rela_size) : object->file;
    plt = tables.plt_size ? content_at(reader, tables.plt, tables.plt_size) : object->file;
    if (!rela || !plt)
        return malformed(reader, "the relocations lie outside the file");
    if (tables.rela_size % sizeof(Elf64_Rela) != 0 || tables.plt_size % sizeof(Elf64_Rela) != 0)
        return malformed(reader, "a relocation is cut off");
    total = tables.rela_size / sizeof(Elf64_Rela) + tables.plt_size / sizeof(Elf64_Rela);
    if (object->note.layout.relocation_count > total)
        return malformed(reader, "the note counts %u relative relocations; the file has fewer",
                         object->note.layout.relocation_count);
    object->relocations =
        calloc(object->note.layout.relocation_count + (size_t)1, sizeof *object->relocations);
    object->bindings = calloc(total + 1, sizeof *object->bindings);
    if (!object->relocations || !object->bindings)
        return malformed(reader, "no memory for its relocations");
    return add_table(reader, rela, tables.rela_size, &count) &&
           add_table(reader, plt, tables.plt_size, &count) && order_relocations(reader, count);
}

/* --- The whole
 * ------------------------------------------------------------------------------------------------- */

static bool check_hash(struct reader *reader) {
    struct object_file *object = reader->object;
    const struct orc_object_content content = {
        .constants = object->constants,
        .relocated = object->relocated,
        .imports = object->imports,
        .data = object->data,
        .text = object->text,
    };
    uint8_t hash[ORC_HASH_SIZE];
    size_t constants = object->constants ? (size_t)(object->constants - object->file) : 0;

    if (!object->constants || reader->hash_offset < constants ||
        !lies_within(reader->hash_offset - constants, sizeof hash, object->note.layout.constants_size))
        return malformed(reader, "the note isn't among the constants");
    object->hash_field = (uint32_t)(reader->hash_offset - constants);
    if (!orc_object_hash(&object->note, &content, reader->hash_offset - constants, object->relocations, hash))
        return malformed(reader, "its hash cannot be computed");
    if (memcmp(hash, object->note.hash, sizeof hash) != 0)
        return malformed(reader, "the content doesn't match the hash in its note");
    return true;
}

static bool read_object(struct reader *reader) {
    return read_header(reader) && read_program_headers(reader) && check_segments(reader) &&
           read_note(reader) && check_layout(reader) && find_contents(reader) && read_entry(reader) &&
           read_relocations(reader) && check_hash(reader);
}

bool object_file_open(struct object_file *object, const char *name, struct orc_error *error) {
    struct reader reader = {.name = name, .object = object, .error = error};

    *object = (struct object_file){0};
    object->file = read_file_bytes(name, &object->file_size);
    if (!object->file)
        return malformed(&reader, "cannot be read: %s", strerror(errno));
    if (read_object(&reader))
        return true;
    object_file_close(object);
    return false;
}

bool object_file_jumps(struct object_file *object, uint32_t base, struct orc_jump_tables *jumps) {
    const struct orc_object_layout *layout = &object->note.layout;
    uint32_t size = layout->jump_tables_size;
    uint8_t *bytes = malloc(size + sizeof *jumps->entries);

    if (!bytes)
        return false;
    free(object->jump_entries);
    object->jump_entries = (uint64_t *)(void *)bytes;
    if (size)
        memcpy(bytes, object->relocated, size);
    for (uint32_t i = 0; i < layout->relocation_count; i++) {
        uint64_t offset = (uint64_t)object->relocations[i].offset - layout->relocated;
        uint64_t value = (uint64_t)base + object->relocations[i].addend;
        if (object->relocations[i].offset >= layout->relocated && offset < size)
            memcpy(bytes + offset, &value, size - offset < sizeof value ? size - offset : sizeof value);
    }
    *jumps = (struct orc_jump_tables){base + layout->relocated, size / 8, object->jump_entries};
    return true;
}

void object_file_close(struct object_file *object) {
    free(object->file);
    free(object->relocations);
    free(object->bindings);
    free(object->jump_entries);
    *object = (struct object_file){0};
}
