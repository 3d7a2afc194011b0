/* Decodes a text section and finds its labels, functions and regions. */
#include "lift.h"

#include "../common/tool.h"

#include <elf.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- messages ---- */

static const char *intel_text(const struct text *text, const struct instruction *instruction) {
    static char buffer[128];
    ZydisFormatter formatter;
    ZydisDecoder decoder;
    ZydisDecodedInstruction decoded;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    const struct section *section = &text->object->sections[text->section];
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, section->data + instruction->offset,
                                             section->size - instruction->offset, &decoded, operands)) ||
        !ZYAN_SUCCESS(ZydisFormatterFormatInstruction(&formatter, &decoded, operands,
                                                      decoded.operand_count_visible, buffer, sizeof buffer,
                                                      ZYDIS_RUNTIME_ADDRESS_NONE, NULL)))
        return "(no instruction)";
    return buffer;
}

void refuse(struct text *text, const struct instruction *instruction, int rule, const char *format, ...) {
    const struct region *region = region_of(text, instruction);
    uint32_t start = region ? text->instructions[region->first].offset : 0;
    fprintf(stderr, "%s: %s+%#x: error: rule %d: %s: ", text->object->source,
            region && *region->name ? region->name : "(text)", instruction->offset - start, rule,
            intel_text(text, instruction));
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
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
        if (text->instructions[index].relocation)
            refuse(text, &text->instructions[index], 1, "two relocations in one instruction");
        text->instructions[index].relocation = relocation;
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
    for (uint32_t offset = 0; offset < size; offset += text->instructions[text->count - 1].length)
        decode_one(text, &decoder, offset);
    attach_relocations(text);
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
        const struct symbol *symbol = &text->object->symbols[relocation->symbol];
        if (symbol->section != text->section || symbol->type != STT_SECTION)
            return false;
        *offset = (int64_t)symbol->value + relocation->addend + end - (int64_t)relocation->offset;
        return true;
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

static void follow_instruction(struct text *text, struct instruction *instruction) {
    int64_t offset;
    if (instruction->decoded.mnemonic == ZYDIS_MNEMONIC_NOP || !find_target(text, instruction, &offset))
        return;
    struct instruction *target = instruction_at(text, offset);
    bool takes_address = instruction->decoded.mnemonic == ZYDIS_MNEMONIC_LEA;
    if (!is_branch(instruction) && !takes_address) {
        refuse(text, instruction, 2, "text can't be read as data; put tables into .rodata");
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

/* Other sections' relocations to places in this text. */
static void follow_data(struct text *text, const struct section *section) {
    for (size_t i = 0; i < section->relocation_count; i++) {
        const struct relocation *relocation = &section->relocations[i];
        const struct symbol *symbol = &text->object->symbols[relocation->symbol];
        if (symbol->section == text->section && symbol->type == STT_SECTION)
            mark_function(text, (int64_t)symbol->value + relocation->addend);
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
        if ((int)i != text->section && is_loaded(&object->sections[i]))
            follow_data(text, &object->sections[i]);
    for (int i = 0; i < text->count; i++)
        if (!region_of(text, &text->instructions[i])->omitted)
            follow_instruction(text, &text->instructions[i]);
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

static bool ends_flow(const struct instruction *instruction) {
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
    return instruction->decoded.meta.category == ZYDIS_CATEGORY_KMASK ? "avx512" : NULL;
}

static bool omits(const struct omissions *omissions, const char *name) {
    for (size_t i = 0; i < omissions->count; i++)
        if (fnmatch(omissions->items[i], name, 0) == 0)
            return true;
    return false;
}

/* A region with instructions of an unknown set is refused, or left out if the user says so. */
static void check_sets(struct text *text, struct region *region, const struct omissions *omissions) {
    region->omitted = *region->name && omits(omissions, region->name);
    for (int i = region->first; i < region->end && !region->omitted; i++) {
        const char *set = unknown_set(text, &text->instructions[i]);
        if (!set)
            continue;
        region->omitted = omits(omissions, set);
        if (region->omitted)
            return;
        if (text->instructions[i].decoded.mnemonic == ZYDIS_MNEMONIC_INVALID)
            refuse(text, &text->instructions[i], 1,
                   "data in a text section can't be read from there; put it into .rodata");
        else
            refuse(text, &text->instructions[i], 1,
                   "not on the allow-list (--orc-omit=%s leaves such functions out)", set);
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
