/* Writes an object as assembly text: its sections, symbols, data and code. */
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
    if (symbol->type == STT_SECTION && is_text(&object->sections[symbol->section]))
        return copy_string(place_name(object, symbol->section, symbol->value + (uint64_t)addend));
    if (symbol->type == STT_SECTION)
        return format_string(".Lorc_data%d%+ld", symbol->section, (long)symbol->value + addend);
    return addend ? format_string("%s%+ld", symbol->name, (long)addend) : copy_string(symbol->name);
}

/* ---- symbols ---- */

static bool is_plain_name(const char *name) {
    return *name &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(name) &&
           (*name < '0' || *name > '9');
}

static void write_symbol_attributes(const struct object *object, FILE *out) {
    for (size_t i = 0; i < object->symbol_count; i++) {
        const struct symbol *symbol = &object->symbols[i];
        if (symbol->binding == STB_LOCAL || !*symbol->name)
            continue;
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

static void write_section_head(const struct section *section, FILE *out) {
    fprintf(out, "\t.section\t%s,\"a%s%s%s\",@%s\n", section->name, section->flags & SHF_WRITE ? "w" : "",
            is_text(section) ? "x" : "", section->flags & SHF_TLS ? "T" : "",
            section->type == SHT_NOBITS ? "nobits" : "progbits");
    if (section->alignment > 1)
        fprintf(out, "\t.balign\t%lu\n", (unsigned long)section->alignment);
}

/* The next offset behind `offset` at which a symbol or a relocation stands, or the end. */
static uint64_t next_place(const struct object *object, int section, uint64_t offset, size_t relocation) {
    const struct section *holder = &object->sections[section];
    uint64_t next = holder->size;
    if (relocation < holder->relocation_count && holder->relocations[relocation].offset < next)
        next = holder->relocations[relocation].offset;
    for (size_t i = 0; i < object->symbol_count; i++) {
        const struct symbol *symbol = &object->symbols[i];
        if (symbol->section == section && symbol->binding != STB_LOCAL && symbol->value > offset &&
            symbol->value < next)
            next = symbol->value;
    }
    return next;
}

static void write_data_labels(const struct object *object, int section, uint64_t offset, FILE *out) {
    for (size_t i = 0; i < object->symbol_count; i++) {
        const struct symbol *symbol = &object->symbols[i];
        if (symbol->section != section || symbol->value != offset || symbol->binding == STB_LOCAL)
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
        if (symbol->type == STT_SECTION && is_text(&object->sections[symbol->section]))
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

static void write_data(const struct object *object, int index, FILE *out) {
    const struct section *section = &object->sections[index];
    size_t relocation = 0;
    write_section_head(section, out);
    fprintf(out, ".Lorc_data%d:\n", index);
    for (uint64_t offset = 0; offset < section->size;) {
        write_data_labels(object, index, offset, out);
        if (relocation < section->relocation_count && section->relocations[relocation].offset == offset) {
            offset += write_relocation(object, &section->relocations[relocation++], section, out);
            continue;
        }
        uint64_t next = next_place(object, index, offset, relocation);
        write_bytes(section, offset, next, out);
        offset = next;
    }
    write_data_labels(object, index, section->size, out);
}

/* ---- code ---- */

static void write_label(struct text *text, const char *name, bool function) {
    if (function) {
        fprintf(text->out, "\t.type\t%s,@function\n", name);
    }
    fprintf(text->out, "%s:\n", name);
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
            (local && (!instruction->function || !is_plain_name(symbol->name))))
            continue;
        write_label(text, symbol->name, instruction->function);
        named |= strcmp(symbol->name, name) == 0;
    }
    if (!named)
        write_label(text, name, instruction->function);
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

static void write_code(struct text *text, struct lifted *lifted) {
    const struct section *section = &text->object->sections[text->section];
    write_section_head(section, text->out);
    fprintf(text->out, ".Lorc_text%d:\n", text->section);
    for (int i = 0; i < text->count; i++) {
        const struct instruction *instruction = &text->instructions[i];
        const struct region *region = region_of(text, instruction);
        if (region->first == i)
            note_function(lifted, ftell(text->out), region->name);
        bool aligned = (i == region->first && *region->name) ||
                       (instruction->padding && (i == 0 || !text->instructions[i - 1].padding));
        if (aligned) {
            fputs("\t.p2align\t4\n", text->out);
        }
        if (instruction->label)
            write_labels(text, instruction);
        if (!region->omitted && !instruction->padding)
            print_instruction(text, instruction);
        else if (region->omitted && (instruction->label || i == region->first)) {
            fputs("\tud2\n", text->out);
        }
    }
    fputs("\tud2\n", text->out); /* nothing runs on from the end */
}

bool write_object(const struct object *object, const struct omissions *omissions, FILE *out,
                  struct lifted *lifted) {
    int errors = 0;
    write_symbol_attributes(object, out);
    for (size_t i = 0; i < object->section_count; i++) {
        if (!is_loaded(&object->sections[i]))
            continue;
        if (!is_text(&object->sections[i])) {
            write_data(object, (int)i, out);
            continue;
        }
        struct text text = {.out = out, .spilled = NONE};
        decode_text(&text, object, (int)i);
        find_functions(&text, omissions);
        if (!text.errors) {
            find_liveness(&text);
            rename_frame_register(&text);
            write_code(&text, lifted);
        }
        errors += text.errors;
    }
    fputs("\t.section\t.note.GNU-stack,\"\",@progbits\n", out);
    return errors == 0;
}
