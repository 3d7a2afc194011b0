/* Writes an object as assembly text: its sections, symbols, data and code. */
#include "classify.h"
#include "lift.h"

#include "../common/tool.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

static const struct symbol *symbol_at(const struct object *object, int section, uint64_t offset) {
    for (size_t i = 0; i < object->symbol_count; i++) {
        const struct symbol *symbol = &object->symbols[i];
        if (symbol->section == section && symbol->value == offset && symbol->binding != STB_LOCAL)
            return symbol;
    }
    return NULL;
}

const char *place_name(const struct object *object, int section, uint64_t offset) {
    const char *table =
        is_text(&object->sections[section]) ? table_name(object, section, (int64_t)offset) : NULL;
    if (table)
        return table;
    const struct symbol *symbol = symbol_at(object, section, offset);
    if (symbol)
        return symbol->name;
    if (is_text(&object->sections[section]))
        return format_string(".Lorc_code%d_%lx", section, (unsigned long)offset);
    return format_string(".Lorc_data%d%+ld", section, (long)offset);
}

char *relocation_value(const struct text *text, const struct relocation *relocation, int64_t addend) {
    const struct object *object = text->object;
    const struct symbol *symbol = &object->symbols[relocation->symbol];
    int section;
    int64_t offset;
    if (!local_place(object, relocation->symbol, addend, &section, &offset))
        return addend ? format_string("%s%+ld", symbol->name, (long)addend) : copy_string(symbol->name);
    if (is_text(&object->sections[section]))
        return copy_string(place_name(object, section, (uint64_t)offset));
    return format_string(".Lorc_data%d%+ld", section, (long)offset);
}

/* ---- symbols ---- */

static bool is_plain_name(const char *name) {
    return *name &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(name) &&
           (*name < '0' || *name > '9');
}

/* Names with a dot in front are labels of the source's own. */
static bool is_written(const struct symbol *symbol) {
    return symbol->type != STT_SECTION && symbol->type != STT_FILE &&
           (symbol->binding != STB_LOCAL || is_plain_name(symbol->name));
}

static void write_symbol_attributes(const struct object *object, FILE *out) {
    for (size_t i = 0; i < object->symbol_count; i++) {
        const struct symbol *symbol = &object->symbols[i];
        if (symbol->binding == STB_LOCAL || !*symbol->name || has_prefix(symbol->name, "orc:"))
            continue;
        if (symbol->type == STT_GNU_IFUNC)
            fail("%s: error: %s is an indirect function: its resolver would have to run before the object is "
                 "shared",
                 object->source, symbol->name);
        fprintf(out, "\t%s\t%s\n", symbol->binding == STB_WEAK ? ".weak" : ".globl", symbol->name);
        if (symbol->visibility != STV_DEFAULT) {
            fprintf(out, "\t%s\t%s\n", symbol->visibility == STV_PROTECTED ? ".protected" : ".hidden",
                    symbol->name);
        }
        if (symbol->section == SHN_COMMON) {
            fprintf(out, "\t.comm\t%s, %lu, %lu\n", symbol->name, (unsigned long)symbol->size,
                    (unsigned long)symbol->value);
        } else if (symbol->section == SHN_ABS) {
            fprintf(out, "\t.set\t%s, %lu\n", symbol->name, (unsigned long)symbol->value);
        }
    }
}

/* ---- data ---- */

static const char *type_name(const struct section *section) {
    switch (section->type) {
    case SHT_NOBITS:
        return "nobits";
    case SHT_INIT_ARRAY:
        return "init_array";
    case SHT_FINI_ARRAY:
        return "fini_array";
    case SHT_PREINIT_ARRAY:
        return "preinit_array";
    case SHT_NOTE:
        return "note";
    default:
        return "progbits";
    }
}

static void write_section_head(const struct section *section, FILE *out) {
    /* Nothing is merged, since it's known by where it stands; names of sections that are, aren't for others.
     */
    fprintf(out, "\t.section\t%s%s,\"a%s%s%s\",@%s\n", section->name,
            section->flags & SHF_MERGE ? ".lifted" : "",
            section->flags & SHF_WRITE && !is_text(section) ? "w" : "", is_text(section) ? "x" : "",
            section->flags & SHF_TLS ? "T" : "", type_name(section));
    if (section->alignment > 1)
        fprintf(out, "\t.balign\t%lu\n", (unsigned long)section->alignment);
}

/* The next offset behind `offset` at which a symbol, a relocation or a difference stands, or the end. */
static uint64_t next_place(const struct object *object, int section, uint64_t offset, uint64_t end,
                           size_t relocation) {
    const struct section *holder = &object->sections[section];
    uint64_t next = end;
    for (size_t i = 0; i < holder->note_count; i++)
        if ((holder->notes[i].kind == NOTE_VALUE || holder->notes[i].kind == NOTE_COMPLEX) &&
            holder->notes[i].offset > offset && holder->notes[i].offset < next)
            next = holder->notes[i].offset;
    if (relocation < holder->relocation_count && holder->relocations[relocation].offset < next)
        next = holder->relocations[relocation].offset;
    for (size_t i = 0; i < object->symbol_count; i++) {
        const struct symbol *symbol = &object->symbols[i];
        if (symbol->section == section && is_written(symbol) && symbol->value > offset &&
            symbol->value < next)
            next = symbol->value;
    }
    return next;
}

/* Local symbols of data are kept for those who look at the program with a debugger. */
static void write_data_labels(const struct object *object, int section, uint64_t offset, FILE *out) {
    for (size_t i = 0; i < object->symbol_count; i++) {
        const struct symbol *symbol = &object->symbols[i];
        if (symbol->section != section || symbol->value != offset || !is_written(symbol))
            continue;
        fprintf(out, "\t.type\t%s,@object\n%s:\n", symbol->name, symbol->name);
        if (symbol->size) {
            fprintf(out, "\t.size\t%s, %lu\n", symbol->name, (unsigned long)symbol->size);
        }
    }
}

static void write_bytes(const struct section *section, uint64_t from, uint64_t to, FILE *out) {
    if (!section->data) {
        fprintf(out, "\t.zero\t%lu\n", (unsigned long)(to - from));
        return;
    }
    for (uint64_t i = from; i < to; i++) {
        bool first = (i - from) % 16 == 0, last = (i - from) % 16 == 15 || i + 1 == to;
        fprintf(out, "%s%u%s", first ? "\t.byte\t" : ",", section->data[i], last ? "\n" : "");
    }
}

static uint64_t write_relocation(const struct object *object, const struct relocation *relocation,
                                 const struct section *section, FILE *out) {
    const struct text here = {.object = object};
    const struct symbol *symbol = &object->symbols[relocation->symbol];
    char *value = relocation_value(&here, relocation, relocation->addend);
    switch (relocation->type) {
    case R_X86_64_64:
        fprintf(out, "\t.quad\t%s\n", value);
        return 8;
    case R_X86_64_PC32:
        /* Which of its own labels the table subtracts can't be seen, so neither can the place in the text. */
        if (!section->contents && symbol->type == STT_SECTION && is_text(&object->sections[symbol->section]))
            fail("%s: %s+%#lx: error: rule 6: a difference to a local place in the text; make that symbol "
                 "global",
                 object->source, section->name, (unsigned long)relocation->offset);
        fprintf(out, "\t.long\t%s-.\n", value);
        return 4;
    default:
        fail("%s: %s+%#lx: error: rule 2: relocation type %u in data: an object's place isn't known before "
             "it's loaded",
             object->source, section->name, (unsigned long)relocation->offset, relocation->type);
    }
}

void write_data_range(const struct object *object, int index, uint64_t start, uint64_t end, FILE *out) {
    const struct section *section = &object->sections[index];
    size_t relocation = 0;
    uint64_t size;
    for (uint64_t offset = start; offset < end;) {
        while (relocation < section->relocation_count && section->relocations[relocation].offset < offset)
            relocation++;
        write_data_labels(object, index, offset, out);
        if (write_value(object, index, offset, out, &size)) {
            offset += size;
            continue;
        }
        if (relocation < section->relocation_count && section->relocations[relocation].offset == offset) {
            offset += write_relocation(object, &section->relocations[relocation], section, out);
            continue;
        }
        uint64_t next = next_place(object, index, offset, end, relocation);
        write_bytes(section, offset, next, out);
        offset = next;
    }
}

static void write_data(const struct object *object, int index, FILE *out) {
    const struct section *section = &object->sections[index];
    write_section_head(section, out);
    fprintf(out, ".Lorc_data%d:\n", index);
    write_data_range(object, index, 0, section->size, out);
    write_data_labels(object, index, section->size, out);
}

/* ---- code ---- */

static void write_label(struct text *text, const char *name, bool function) {
    if (function) {
        fprintf(text->out, "\t.type\t%s,@function\n", name);
    }
    fprintf(text->out, "%s:\n", name);
}

/* Whether the rewriter is to take a place for the start of a function. In an annotated text that's what the
 * source calls one: others are labels that a computed jump may lead to, whose registers stay what they are.
 */
static bool is_function(const struct text *text, const struct instruction *instruction,
                        const struct symbol *symbol) {
    if (!text->object->sections[text->section].contents)
        return instruction->function;
    return symbol && (symbol->binding != STB_LOCAL || symbol->type == STT_FUNC);
}

/* The names of a place: those of others' symbols, local functions' (for backtraces), and the one that text
 * refers to it by. */
static void write_labels(struct text *text, const struct instruction *instruction) {
    const char *name = place_name(text->object, text->section, instruction->offset);
    bool named = false;
    for (size_t i = 0; i < text->object->symbol_count; i++) {
        const struct symbol *symbol = &text->object->symbols[i];
        bool local = symbol->binding == STB_LOCAL;
        if (symbol->section != text->section || symbol->value != instruction->offset ||
            symbol->type == STT_SECTION ||
            (local && (!is_function(text, instruction, symbol) || !is_plain_name(symbol->name))))
            continue;
        write_label(text, symbol->name, is_function(text, instruction, symbol));
        named |= strcmp(symbol->name, name) == 0;
    }
    if (!named)
        write_label(text, name, is_function(text, instruction, NULL));
    if (instruction->marked && instruction->decoded.mnemonic != ZYDIS_MNEMONIC_ENDBR64) {
        fputs("\tendbr64\n", text->out);
    }
}

static void note_function(struct lifted *lifted, long position, const char *function) {
    if ((lifted->count & (lifted->count - 1)) == 0) {
        lifted->functions = realloc(lifted->functions, (2 * lifted->count + 1) * sizeof *lifted->functions);
        if (!lifted->functions)
            fail("out of memory");
    }
    lifted->functions[lifted->count++] = (struct written){position, function};
}

/* For the padding from instruction `index` on: what the source aligns to, or 16 bytes. */
static long padding_alignment(const struct text *text, int index) {
    const struct section *section = &text->object->sections[text->section];
    uint32_t offset = text->instructions[index].offset;
    for (size_t i = 0; i < section->note_count; i++)
        if (section->notes[i].kind == NOTE_PADDING && section->notes[i].offset == offset &&
            section->notes[i].addend > 0)
            return section->notes[i].addend;
    return section->contents ? 1 : 16;
}

static void write_line(struct text *text, const struct instruction *instruction) {
    int64_t line = 0;
    const char *file = text->lines ? source_of(text->object, instruction, &line) : NULL;
    if (!file || (text->last_file == file && text->last_line == line))
        return;
    if (text->last_file != file) {
        fprintf(text->out, "\t.file\t%d \"%s\"\n", text->next_file, file);
        text->next_file++;
    }
    text->last_file = file;
    text->last_line = line;
    fprintf(text->out, "\t.loc\t%d %ld 0\n", text->next_file - 1, (long)line);
}

static bool runs_on(const struct text *text, const struct region *region) {
    return !region->omitted && region->end < text->count &&
           !ends_flow(&text->instructions[region->end - 1]) &&
           text->instructions[region->end - 1].decoded.mnemonic != ZYDIS_MNEMONIC_UD2;
}

/* The hardware stack has nothing but return addresses, so all that is to say of a function is where it is.
 * Where registers have been saved isn't known. */
static void begin_unwind(struct text *text, bool *open) {
    static const char *const saved[] = {"rbp", "rbx", "r12", "r13", "r14", "r15"};
    emit(text, "\t.cfi_startproc");
    for (size_t i = 0; i < sizeof saved / sizeof *saved; i++)
        emit(text, "\t.cfi_undefined\t%%%s", saved[i]);
    *open = true;
}

static void end_region(struct text *text, const struct region *region, bool *unwind_open) {
    if (!*unwind_open || runs_on(text, region))
        return;
    emit(text, "\t.cfi_endproc");
    *unwind_open = false;
}

static void write_code(struct text *text, struct lifted *lifted) {
    const struct section *section = &text->object->sections[text->section];
    bool unwind_open = false;
    write_section_head(section, text->out);
    fprintf(text->out, ".Lorc_text%d:\n", text->section);
    for (int i = 0; i < text->count; i++) {
        const struct instruction *instruction = &text->instructions[i];
        const struct region *region = region_of(text, instruction);
        if (region->first == i)
            note_function(lifted, ftell(text->out), region->name);
        if (region->first == i && *region->name) {
            fputs("\t.p2align\t4\n", text->out);
        } else if (instruction->padding && (i == 0 || !text->instructions[i - 1].padding)) {
            fprintf(text->out, "\t.balign\t%ld\n", padding_alignment(text, i));
        }
        if (region->first == i && text->unwind && *region->name && !region->omitted && !unwind_open)
            begin_unwind(text, &unwind_open);
        if (instruction->label)
            write_labels(text, instruction);
        if (!region->omitted && !instruction->padding) {
            write_line(text, instruction);
            print_instruction(text, instruction);
        } else if (region->omitted && (instruction->label || i == region->first)) {
            fputs("\tud2\n", text->out);
        }
        if (region->end == i + 1)
            end_region(text, region, &unwind_open);
    }
    /* Nothing runs on from the end, but from one file's part of _init to the next one's. */
    if (strcmp(section->name, ".init") != 0 && strcmp(section->name, ".fini") != 0)
        fputs("\tud2\n", text->out);
    if (unwind_open)
        emit(text, "\t.cfi_endproc");
    write_shared_entries(text);
}

static bool has_unwind(const struct object *object) {
    for (size_t i = 0; i < object->section_count; i++)
        if (strcmp(object->sections[i].name, ".eh_frame") == 0)
            return true;
    return false;
}

bool write_object(const struct object *object, const struct omissions *omissions, bool lines, FILE *out,
                  struct lifted *lifted) {
    int errors = 0, next_file = 1;
    classify(object);
    write_symbol_attributes(object, out);
    for (size_t i = 0; i < object->section_count; i++) {
        if (!is_loaded(&object->sections[i]))
            continue;
        if (!is_text(&object->sections[i])) {
            write_data(object, (int)i, out);
            continue;
        }
        struct text text = {.out = out,
                            .spilled = NONE,
                            .lines = lines,
                            .next_file = next_file,
                            .unwind = has_unwind(object)};
        decode_text(&text, object, (int)i);
        find_functions(&text, omissions);
        if (!text.errors) {
            find_liveness(&text);
            rename_frame_register(&text);
            write_code(&text, lifted);
            write_tables(object, (int)i, out);
        }
        next_file = text.next_file;
        errors += text.errors;
    }
    fputs("\t.section\t.note.GNU-stack,\"\",@progbits\n", out);
    return errors == 0;
}
