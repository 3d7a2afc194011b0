/* Decodes a text section and finds its labels, functions and regions. */
#include "lift.h"

#include "../common/tool.h"

#include <elf.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- messages ---- */

static const char *instruction_text(const struct text *text, const struct instruction *instruction) {
    static char buffer[128];
    ZydisFormatter formatter;
    ZydisDecoder decoder;
    ZydisDecodedInstruction decoded;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    const struct section *section = &text->object->sections[text->section];
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ZydisFormatterInit(&formatter,
                       instruction->note ? ZYDIS_FORMATTER_STYLE_ATT : ZYDIS_FORMATTER_STYLE_INTEL);
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, section->data + instruction->offset,
                                             section->size - instruction->offset, &decoded, operands)) ||
        !ZYAN_SUCCESS(ZydisFormatterFormatInstruction(&formatter, &decoded, operands,
                                                      decoded.operand_count_visible, buffer, sizeof buffer,
                                                      ZYDIS_RUNTIME_ADDRESS_NONE, NULL)))
        return "(no instruction)";
    return buffer;
}

const char *source_of(const struct object *object, const struct instruction *instruction, int64_t *line) {
    if (!instruction->note)
        return NULL;
    *line = instruction->note->addend;
    return object->symbols[instruction->note->symbol].name + strlen("orc:line:");
}

/* "FILE:LINE: ", or if that's not known "FILE: FUNCTION+OFFSET: ". */
static void print_position(const struct text *text, const struct instruction *instruction) {
    int64_t line;
    const char *file = source_of(text->object, instruction, &line);
    const struct region *region = region_of(text, instruction);
    uint32_t start = region ? text->instructions[region->first].offset : 0;
    if (file)
        fprintf(stderr, "%s:%ld: ", file, (long)line);
    else
        fprintf(stderr, "%s: %s+%#x: ", text->object->source,
                region && *region->name ? region->name : "(text)", instruction->offset - start);
}

void refuse(struct text *text, const struct instruction *instruction, int rule, const char *format, ...) {
    const struct region *region = region_of(text, instruction);
    print_position(text, instruction);
    fprintf(stderr, "error: rule %d: %s: ", rule, instruction_text(text, instruction));
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    if (instruction->note && region && *region->name)
        fprintf(stderr, " (in %s)", region->name);
    fputc('\n', stderr);
    text->errors++;
}

/* ---- instructions ---- */

static void decode_one(struct text *text, const ZydisDecoder *decoder, uint32_t offset) {
    const struct section *section = &text->object->sections[text->section];
    struct instruction *instruction = &text->instructions[text->count];
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    *instruction = (struct instruction){.offset = offset, .length = 1, .target = NONE, .region = NONE};
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(decoder, section->data + offset, section->size - offset,
                                             &instruction->decoded, operands))) {
        instruction->decoded = (ZydisDecodedInstruction){.mnemonic = ZYDIS_MNEMONIC_INVALID};
    } else {
        instruction->length = instruction->decoded.length;
        for (int k = 0; k < instruction->decoded.operand_count_visible && k < VISIBLE_OPERANDS; k++)
            instruction->operands[k] = operands[k];
        note_registers(instruction, operands);
    }
    text->at[offset] = text->count++;
}

static void attach_relocations(struct text *text) {
    const struct section *section = &text->object->sections[text->section];
    int index = 0;
    for (size_t i = 0; i < section->relocation_count; i++) {
        const struct relocation *relocation = &section->relocations[i];
        while (index < text->count &&
               text->instructions[index].offset + text->instructions[index].length <= relocation->offset)
            index++;
        if (index == text->count)
            return;
        if (text->instructions[index].offset > relocation->offset)
            continue; /* of data */
        if (text->instructions[index].relocation)
            refuse(text, &text->instructions[index], 1, "two relocations in one instruction");
        text->instructions[index].relocation = relocation;
    }
}

static void attach_note(struct instruction *instruction, const struct note *note) {
    switch (note->kind) {
    case NOTE_INSTRUCTION:
        if (!instruction->note)
            instruction->note = note;
        return;
    case NOTE_PLACE:
        instruction->displacement.from = note;
        return;
    case NOTE_LESS:
        instruction->displacement.less = note;
        return;
    case NOTE_IMMEDIATE_PLACE:
        instruction->immediate.from = note;
        return;
    case NOTE_IMMEDIATE_LESS:
        instruction->immediate.less = note;
        return;
    default:
        return;
    }
}

/* The instruction that a byte belongs to, or NULL. */
static struct instruction *instruction_with(struct text *text, uint64_t offset) {
    const struct section *section = &text->object->sections[text->section];
    while (offset > 0 && offset < section->size && section->contents[offset] == CONTENT_CODE &&
           text->at[offset] == NONE)
        offset--;
    bool found = offset < section->size && text->at[offset] != NONE;
    return found ? &text->instructions[text->at[offset]] : NULL;
}

static void attach_notes(struct text *text) {
    const struct section *section = &text->object->sections[text->section];
    for (size_t i = 0; i < section->note_count; i++) {
        struct instruction *instruction = instruction_with(text, section->notes[i].offset);
        if (!instruction || instruction->padding)
            continue;
        if (is_complex(section, section->notes[i].offset)) {
            if (section->notes[i].kind == NOTE_COMPLEX &&
                !keeps_value(text->object, section, section->notes[i].offset))
                refuse(text, instruction, 2, "only sums and differences of labels can be followed");
            if (section->notes[i].kind >= NOTE_COMPLEX)
                continue;
        }
        attach_note(instruction, &section->notes[i]);
    }
    /* What was spelled has the line of what stands before it. */
    const struct note *last = NULL;
    size_t next = 0;
    for (int i = 0; i < text->count; i++) {
        for (; next < section->note_count && section->notes[next].offset <= text->instructions[i].offset;
             next++)
            if (section->notes[next].kind == NOTE_INSTRUCTION)
                last = &section->notes[next];
        if (!text->instructions[i].note)
            text->instructions[i].note = last;
    }
}

/* nasm aligns labels with nops; as the code's size changes, these are replaced. */
static void find_padding(struct text *text) {
    for (int i = 0; i < text->count; i++) {
        int end = i;
        while (end < text->count && text->instructions[end].decoded.mnemonic == ZYDIS_MNEMONIC_NOP)
            end++;
        if (end == i)
            continue;
        const struct instruction *last = &text->instructions[end - 1];
        bool aligns = (last->offset + last->length) % 16 == 0 || end == text->count;
        for (; i < end; i++)
            text->instructions[i].padding = aligns;
    }
}

/* The bytes of alignment are one instruction each, whatever they are: they aren't written. */
static void decode_annotated(struct text *text, const ZydisDecoder *decoder) {
    const struct section *section = &text->object->sections[text->section];
    for (uint32_t offset = 0; offset < section->size;) {
        if (section->contents[offset] == CONTENT_START) {
            decode_one(text, decoder, offset);
            struct instruction *instruction = &text->instructions[text->count - 1];
            for (offset++; offset < section->size && section->contents[offset] == CONTENT_CODE;)
                offset++;
            if (instruction->decoded.mnemonic == ZYDIS_MNEMONIC_INVALID)
                instruction->length = (uint8_t)(offset - instruction->offset);
            else
                offset = instruction->offset + instruction->length;
        } else if (section->contents[offset] == CONTENT_DATA) {
            offset++;
        } else {
            text->instructions[text->count] =
                (struct instruction){.offset = offset,
                                     .length = 1,
                                     .target = NONE,
                                     .region = NONE,
                                     .padding = true,
                                     .decoded = {.mnemonic = ZYDIS_MNEMONIC_NOP}};
            text->at[offset++] = text->count++;
        }
    }
}

void decode_text(struct text *text, const struct object *object, int section) {
    ZydisDecoder decoder;
    text->object = object;
    text->section = section;
    size_t size = object->sections[section].size;
    text->instructions = allocate(size + 1, sizeof *text->instructions);
    text->at = allocate(size + 1, sizeof *text->at);
    for (size_t i = 0; i <= size; i++)
        text->at[i] = NONE;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    if (object->sections[section].contents)
        decode_annotated(text, &decoder);
    else
        for (uint32_t offset = 0; offset < size; offset += text->instructions[text->count - 1].length)
            decode_one(text, &decoder, offset);
    attach_relocations(text);
    if (object->sections[section].contents)
        attach_notes(text);
    else
        find_padding(text);
}

/* ---- labels ---- */

static bool is_branch(const struct instruction *instruction) {
    ZydisInstructionCategory category = instruction->decoded.meta.category;
    return category == ZYDIS_CATEGORY_CALL || category == ZYDIS_CATEGORY_COND_BR ||
           category == ZYDIS_CATEGORY_UNCOND_BR;
}

static struct instruction *instruction_at(struct text *text, int64_t offset) {
    bool inside = offset >= 0 && (uint64_t)offset < text->object->sections[text->section].size;
    return inside && text->at[offset] != NONE ? &text->instructions[text->at[offset]] : NULL;
}

static void mark_function(struct text *text, int64_t offset) {
    struct instruction *target = instruction_at(text, offset);
    if (target)
        target->label = target->function = target->marked = true;
}

/* Where an instruction's relative operand leads, if that's in its own section. */
static bool find_target(const struct text *text, const struct instruction *instruction, int64_t *offset) {
    const struct relocation *relocation = instruction->relocation;
    int64_t end = (int64_t)instruction->offset + instruction->length;
    if (relocation) {
        int section;
        bool relative = relocation->type == R_X86_64_PC32 || relocation->type == R_X86_64_PLT32 ||
                        relocation->type == R_X86_64_PC8;
        return relative &&
               local_place(text->object, relocation->symbol,
                           relocation->addend + end - (int64_t)relocation->offset, &section, offset) &&
               section == text->section;
    }
    for (int k = 0; k < instruction->decoded.operand_count_visible; k++) {
        const ZydisDecodedOperand *operand = &instruction->operands[k];
        if (operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && operand->imm.is_relative)
            *offset = end + operand->imm.value.s;
        else if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY && operand->mem.base == ZYDIS_REGISTER_RIP)
            *offset = end + operand->mem.disp.value;
        else
            continue;
        return true;
    }
    return false;
}

bool place_of(const struct object *object, const struct note *note, struct place *place) {
    if (!note)
        return false;
    const struct symbol *symbol = &object->symbols[note->symbol];
    if (symbol->section == SHN_UNDEF || symbol->section >= object->section_count ||
        symbol->binding == STB_WEAK)
        return false;
    *place = (struct place){symbol->section, (int64_t)symbol->value + note->addend, symbol->ends_table};
    return true;
}

/* Whether an operand leads to data in the text: it does itself, or it counts from a label there. */
static bool leads_to_data(const struct text *text, const struct instruction *instruction, int64_t offset) {
    struct place from;
    return is_text_data(&text->object->sections[text->section], offset) ||
           (place_of(text->object, instruction->displacement.from, &from) && from.section == text->section &&
            is_in_table(text->object, from));
}

static void follow_instruction(struct text *text, struct instruction *instruction) {
    int64_t offset;
    if (instruction->decoded.mnemonic == ZYDIS_MNEMONIC_NOP || !find_target(text, instruction, &offset))
        return;
    struct instruction *target = instruction_at(text, offset);
    bool takes_address = instruction->decoded.mnemonic == ZYDIS_MNEMONIC_LEA;
    if (!is_branch(instruction) && leads_to_data(text, instruction, offset))
        return;
    const ZydisDecodedOperand *operand = &instruction->operands[0];
    bool relative = operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && operand->imm.is_relative;
    if (!relative && !takes_address && is_branch(instruction)) {
        refuse(text, instruction, 6, "the text can't be read for an address to go to");
        return;
    }
    if (!is_branch(instruction) && !takes_address) {
        refuse(text, instruction, 2, "instructions can't be read as data; put tables into .rodata");
        return;
    }
    if (!target) {
        refuse(text, instruction, 5, "it leads to %s%#lx of the text, where no instruction begins",
               offset < 0 ? "-" : "", labs(offset));
        return;
    }
    instruction->target = (int)(target - text->instructions);
    target->label = true;
    target->function |= takes_address || instruction->decoded.meta.category == ZYDIS_CATEGORY_CALL;
    target->marked |= takes_address;
}

/* A label that something counts from may be jumped to. */
static void follow_note(struct text *text, const struct note *note) {
    struct place place;
    if (note->kind < NOTE_PLACE || !place_of(text->object, note, &place) || place.section != text->section ||
        is_in_table(text->object, place))
        return;
    struct instruction *target = instruction_at(text, place.offset);
    if (!target)
        return;
    target->label = true;
    if (note->kind == NOTE_PLACE)
        target->function = target->marked = true;
}

static void follow_distances(struct text *text, struct instruction *instruction) {
    const struct distance *distances[] = {&instruction->displacement, &instruction->immediate};
    for (int k = 0; k < 2; k++) {
        if (!distances[k]->less || !distances[k]->from)
            continue;
        follow_note(text, distances[k]->from);
        follow_note(text, distances[k]->less);
    }
}

/* What data say of places in this text. */
static void follow_data(struct text *text, const struct section *section) {
    for (size_t i = 0; i < section->note_count; i++) {
        const struct note *note = &section->notes[i];
        bool in_data = !section->contents || is_text_data(section, (int64_t)note->offset);
        if (in_data && (note->kind == NOTE_PLACE || note->kind == NOTE_LESS))
            follow_note(text, note);
    }
    for (size_t i = 0; i < section->relocation_count; i++) {
        const struct relocation *relocation = &section->relocations[i];
        int place_section;
        int64_t offset;
        if ((is_text(section) && !is_text_data(section, (int64_t)relocation->offset)) ||
            is_value(section, relocation->offset) ||
            !local_place(text->object, relocation->symbol, relocation->addend, &place_section, &offset))
            continue;
        if (place_section == text->section)
            mark_function(text, offset);
    }
}

static void mark_symbols(struct text *text) {
    const struct object *object = text->object;
    for (size_t i = 0; i < object->symbol_count; i++) {
        const struct symbol *symbol = &object->symbols[i];
        if (symbol->section == text->section && (symbol->binding != STB_LOCAL || symbol->type == STT_FUNC))
            mark_function(text, (int64_t)symbol->value);
    }
}

static void follow_references(struct text *text) {
    const struct object *object = text->object;
    for (size_t i = 0; i < object->section_count; i++)
        if (is_loaded(&object->sections[i]))
            follow_data(text, &object->sections[i]);
    for (int i = 0; i < text->count; i++) {
        if (region_of(text, &text->instructions[i])->omitted)
            continue;
        follow_instruction(text, &text->instructions[i]);
        follow_distances(text, &text->instructions[i]);
    }
}

/* ---- regions ---- */

const struct region *region_of(const struct text *text, const struct instruction *instruction) {
    return instruction->region == NONE ? NULL : &text->regions[instruction->region];
}

static const char *function_symbol(const struct text *text, const struct instruction *instruction) {
    for (size_t i = 0; i < text->object->symbol_count; i++) {
        const struct symbol *symbol = &text->object->symbols[i];
        if (symbol->section == text->section && symbol->value == instruction->offset && *symbol->name &&
            (symbol->binding != STB_LOCAL || symbol->type == STT_FUNC))
            return symbol->name;
    }
    return NULL;
}

bool ends_flow(const struct instruction *instruction) {
    ZydisInstructionCategory category = instruction->decoded.meta.category;
    return category == ZYDIS_CATEGORY_UNCOND_BR || category == ZYDIS_CATEGORY_RET;
}

static int first_of_group(const struct text *text, int region) {
    while (text->regions[region].group != region)
        region = text->regions[region].group;
    return region;
}

static void join(struct text *text, int a, int b) {
    int first = first_of_group(text, a), second = first_of_group(text, b);
    if (first > second)
        text->regions[first].group = second;
    else
        text->regions[second].group = first;
}

static void split_regions(struct text *text) {
    text->regions = allocate((size_t)text->count + 1, sizeof *text->regions);
    for (int i = 0; i < text->count; i++) {
        struct instruction *instruction = &text->instructions[i];
        const char *name = instruction->function ? function_symbol(text, instruction) : NULL;
        if (name || i == 0) {
            int index = text->region_count++;
            text->regions[index] = (struct region){
                .name = name ? name : "", .first = i, .group = index, .replacement = NONE, .spilled = NONE};
        }
        instruction->region = text->region_count - 1;
        text->regions[instruction->region].end = i + 1;
    }
}

static void connect_regions(struct text *text) {
    for (int i = 0; i < text->count; i++) {
        const struct instruction *instruction = &text->instructions[i];
        if (region_of(text, instruction)->omitted)
            continue;
        if (instruction->target != NONE)
            join(text, instruction->region, text->instructions[instruction->target].region);
        if (i + 1 < text->count && !ends_flow(instruction) && !instruction->padding)
            join(text, instruction->region, text->instructions[i + 1].region);
    }
    for (int i = 0; i < text->region_count; i++)
        text->regions[i].group = first_of_group(text, i);
}

/* The instruction set that the verifier doesn't know, or NULL. */
static const char *unknown_set(const struct text *text, const struct instruction *instruction) {
    if (instruction->padding)
        return NULL;
    if (instruction->decoded.mnemonic == ZYDIS_MNEMONIC_INVALID) {
        const struct section *section = &text->object->sections[text->section];
        const uint8_t *bytes = section->data + instruction->offset;
        bool has_prefix = bytes[0] == 0x67 && instruction->offset + 1 < section->size;
        return bytes[has_prefix] == 0x62 ? "avx512" : "unknown";
    }
    switch (instruction->decoded.encoding) {
    case ZYDIS_INSTRUCTION_ENCODING_EVEX:
    case ZYDIS_INSTRUCTION_ENCODING_MVEX:
        return "avx512";
    case ZYDIS_INSTRUCTION_ENCODING_XOP:
        return "xop";
    case ZYDIS_INSTRUCTION_ENCODING_3DNOW:
        return "3dnow";
    default:
        break;
    }
    if (instruction->decoded.meta.isa_ext == ZYDIS_ISA_EXT_FMA4)
        return "fma4";
    /* Instructions of AVX-512 on its mask registers are encoded as AVX is. */
    if (instruction->decoded.meta.category == ZYDIS_CATEGORY_KMASK)
        return "avx512";
    return is_optional(&instruction->decoded) && !is_accepted(&instruction->decoded)
               ? ZydisISAExtGetString(instruction->decoded.meta.isa_ext)
               : NULL;
}

static bool omits(const struct omissions *omissions, const char *name) {
    for (size_t i = 0; i < omissions->count; i++)
        if (fnmatch(omissions->items[i], name, FNM_CASEFOLD) == 0)
            return true;
    return false;
}

static void refuse_set(struct text *text, const struct instruction *instruction, const char *set) {
    if (instruction->decoded.mnemonic == ZYDIS_MNEMONIC_INVALID && !instruction->note)
        refuse(text, instruction, 1, "data in a text section can't be read from there; put it into .rodata");
    else
        refuse(text, instruction, 1, "not on the allow-list (--orc-omit=%s leaves such functions out)", set);
}

static void warn_of_omission(const struct text *text, const struct region *region,
                             const struct instruction *instruction) {
    print_position(text, instruction);
    fprintf(stderr, "warning: %s is left out, with a trap in its place: %s: guest code can't have it\n",
            *region->name ? region->name : "the beginning of the text",
            instruction->decoded.mnemonic == ZYDIS_MNEMONIC_INVALID ? "an instruction that isn't known"
                                                                    : instruction_text(text, instruction));
}

/* A region with instructions of an unknown set is refused, or left out if the user says so. */
static void check_sets(struct text *text, struct region *region, const struct omissions *omissions) {
    region->omitted = *region->name && omits(omissions, region->name);
    for (int i = region->first; i < region->end && !region->omitted; i++) {
        const char *set = unknown_set(text, &text->instructions[i]);
        if (!set)
            continue;
        region->omitted = omits(omissions, set) || omissions->unknown_sets;
        if (!region->omitted)
            refuse_set(text, &text->instructions[i], set);
        else if (omissions->unknown_sets)
            warn_of_omission(text, region, &text->instructions[i]);
        return;
    }
}

void find_functions(struct text *text, const struct omissions *omissions) {
    mark_symbols(text);
    split_regions(text);
    for (int i = 0; i < text->region_count; i++)
        check_sets(text, &text->regions[i], omissions);
    if (text->errors)
        return;
    follow_references(text);
    connect_regions(text);
}
