/* What the bytes of an annotated text are: instructions, data or padding. The notes say which were written as
 * instructions. Bytes that were written as data are instructions all the same if control reaches them: people
 * spell what their assembler doesn't know. */
#include "classify.h"

#include "../common/tool.h"

#include <Zydis/Zydis.h>
#include <elf.h>
#include <string.h>

/* From one note to the next. */
struct unit {
    uint64_t start, end;
    enum note_kind kind;
};

struct classifier {
    const struct object *object;
    struct section *section;
    int index; /* of the section */
    struct unit *units;
    size_t count;
    bool *targeted;  /* by offset: a direct branch leads here */
    bool *continues; /* by offset: control runs on to here from the instruction that ends here */
    ZydisDecoder decoder;
};

static bool is_main(enum note_kind kind) {
    return kind == NOTE_PADDING || kind == NOTE_DATA || kind == NOTE_INSTRUCTION;
}

static void find_units(struct classifier *classifier) {
    const struct section *section = classifier->section;
    classifier->units = allocate(section->note_count + 1, sizeof *classifier->units);
    for (size_t i = 0; i < section->note_count; i++) {
        const struct note *note = &section->notes[i];
        size_t next = i + 1;
        while (next < section->note_count && !is_main(section->notes[next].kind))
            next++;
        uint64_t end = next < section->note_count ? section->notes[next].offset : section->size;
        if (is_main(note->kind) && end > note->offset)
            classifier->units[classifier->count++] = (struct unit){note->offset, end, note->kind};
    }
}

static bool ends_flow(const ZydisDecodedInstruction *decoded) {
    return decoded->meta.category == ZYDIS_CATEGORY_UNCOND_BR ||
           decoded->meta.category == ZYDIS_CATEGORY_RET || decoded->mnemonic == ZYDIS_MNEMONIC_UD2 ||
           decoded->mnemonic == ZYDIS_MNEMONIC_INT3 || decoded->mnemonic == ZYDIS_MNEMONIC_HLT;
}

static bool decode(const struct classifier *classifier, uint64_t offset, ZydisDecodedInstruction *decoded,
                   ZydisDecodedOperand *operands) {
    const struct section *section = classifier->section;
    return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&classifier->decoder, section->data + offset,
                                               section->size - offset, decoded, operands));
}

static bool has_relocation(const struct section *section, uint64_t start, uint64_t end) {
    for (size_t i = 0; i < section->relocation_count; i++)
        if (section->relocations[i].offset >= start && section->relocations[i].offset < end)
            return true;
    return false;
}

/* Notes where the instruction there leads; returns its end, or `end` if it can't be decoded. */
static uint64_t follow(struct classifier *classifier, uint64_t offset, uint64_t end) {
    ZydisDecodedInstruction decoded;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    if (!decode(classifier, offset, &decoded, operands)) {
        classifier->continues[end] = true;
        return end;
    }
    uint64_t next = offset + decoded.length;
    if (!ends_flow(&decoded))
        classifier->continues[next] = true;
    if (decoded.operand_count_visible && operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
        operands[0].imm.is_relative && !has_relocation(classifier->section, offset, next)) {
        int64_t target = (int64_t)next + operands[0].imm.value.s;
        if (target >= 0 && (uint64_t)target < classifier->section->size)
            classifier->targeted[target] = true;
    }
    return next;
}

static void mark(struct classifier *classifier, uint64_t start, uint64_t end, enum content content) {
    memset(classifier->section->contents + start, (int)content, end - start);
}

static void mark_instruction(struct classifier *classifier, uint64_t start, uint64_t end) {
    mark(classifier, start, end, CONTENT_CODE);
    classifier->section->contents[start] = CONTENT_START;
}

static void mark_written(struct classifier *classifier) {
    for (size_t i = 0; i < classifier->count; i++) {
        const struct unit *unit = &classifier->units[i];
        if (unit->kind == NOTE_INSTRUCTION) {
            mark_instruction(classifier, unit->start, unit->end);
            follow(classifier, unit->start, unit->end);
        } else {
            mark(classifier, unit->start, unit->end,
                 unit->kind == NOTE_DATA ? CONTENT_DATA : CONTENT_PADDING);
        }
    }
}

static const struct symbol *symbol_there(const struct classifier *classifier, uint64_t offset, uint8_t type) {
    const struct object *object = classifier->object;
    for (size_t i = 0; i < object->symbol_count; i++) {
        const struct symbol *symbol = &object->symbols[i];
        if (symbol->section == classifier->index && symbol->value == offset && symbol->type == type &&
            *symbol->name)
            return symbol;
    }
    return NULL;
}

static bool is_reached(const struct classifier *classifier, const struct unit *unit) {
    static const uint8_t branch_target[] = {0xf3, 0x0f, 0x1e, 0xfa};
    const uint8_t *bytes = classifier->section->data + unit->start;
    if (symbol_there(classifier, unit->start, STT_OBJECT))
        return false;
    return classifier->targeted[unit->start] || classifier->continues[unit->start] ||
           symbol_there(classifier, unit->start, STT_FUNC) ||
           (unit->end - unit->start >= sizeof branch_target &&
            memcmp(bytes, branch_target, sizeof branch_target) == 0);
}

/* The end of the instructions from `start` on: of the unit, or where control leaves it. The last one may be
 * begun in it only: a prefix that's spelled, and the instruction by its name. 0: these are none. */
static uint64_t end_of_code(const struct classifier *classifier, uint64_t start, uint64_t end) {
    ZydisDecodedInstruction decoded;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    const uint8_t *contents = classifier->section->contents;
    uint64_t offset = start;
    while (offset < end) {
        if (!decode(classifier, offset, &decoded, operands))
            return 0;
        offset += decoded.length;
        if (ends_flow(&decoded))
            break;
    }
    bool begins = offset >= classifier->section->size || contents[offset] != CONTENT_CODE;
    return offset <= end || begins ? offset : 0;
}

/* Whether something has changed. */
static bool convert(struct classifier *classifier, const struct unit *unit) {
    bool changed = false;
    for (uint64_t start = unit->start; unit->kind == NOTE_DATA && start < unit->end; start++) {
        bool reached = start == unit->start ? is_reached(classifier, unit) : classifier->targeted[start];
        uint64_t end = reached && is_text_data(classifier->section, (int64_t)start)
                           ? end_of_code(classifier, start, unit->end)
                           : 0;
        for (uint64_t offset = start, next; offset < end; offset = next) {
            next = follow(classifier, offset, end);
            mark_instruction(classifier, offset, next);
        }
        changed |= end != 0;
    }
    return changed;
}

/* Padding that control runs through. */
static void pass_padding(struct classifier *classifier) {
    for (size_t i = 0; i < classifier->count; i++)
        if (classifier->units[i].kind == NOTE_PADDING && classifier->continues[classifier->units[i].start])
            classifier->continues[classifier->units[i].end] = true;
}

/* Padding between data stays with them, so that distances in a table do. */
static void join_data(struct section *section) {
    for (uint64_t offset = 1; offset < section->size; offset++) {
        uint64_t end = offset;
        while (end < section->size && section->contents[end] == CONTENT_PADDING)
            end++;
        if (end > offset && end < section->size && section->contents[offset - 1] == CONTENT_DATA &&
            section->contents[end] == CONTENT_DATA)
            memset(section->contents + offset, CONTENT_DATA, end - offset);
        offset = end > offset ? end : offset;
    }
}

static void classify_section(const struct object *object, int index) {
    struct section *section = &object->sections[index];
    struct classifier classifier = {.object = object, .section = section, .index = index};
    section->contents = allocate(section->size + 1, 1);
    classifier.targeted = allocate(section->size + 32, sizeof *classifier.targeted);
    classifier.continues = allocate(section->size + 32, sizeof *classifier.continues);
    ZydisDecoderInit(&classifier.decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    find_units(&classifier);
    mark_written(&classifier);
    for (bool changed = true; changed;) {
        changed = false;
        pass_padding(&classifier);
        for (size_t i = 0; i < classifier.count; i++)
            changed |= convert(&classifier, &classifier.units[i]);
    }
    join_data(section);
}

void classify(const struct object *object) {
    for (size_t i = 0; i < object->section_count; i++) {
        bool annotated = false;
        for (size_t k = 0; k < object->sections[i].note_count; k++)
            annotated |= is_main(object->sections[i].notes[k].kind);
        if (is_text(&object->sections[i]) && annotated)
            classify_section(object, (int)i);
    }
}
