#include "text_report.h"

#include <Zydis/Zydis.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_REPORTED 100000

struct rejection_list {
    struct orc_rejection *items;
    size_t count;
    size_t capacity;
};

static bool collect(void *context, const struct orc_rejection *rejection) {
    struct rejection_list *list = context;

    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 64;
        struct orc_rejection *items = realloc(list->items, capacity * sizeof *items);
        if (!items)
            return false;
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = *rejection;
    return list->count < MAX_REPORTED;
}

static int compare(const void *left, const void *right) {
    const struct orc_rejection *a = left, *b = right;

    if (a->offset != b->offset)
        return a->offset < b->offset ? -1 : 1;
    return a->rule - b->rule;
}

static void print_bytes(FILE *out, const uint8_t *bytes, size_t count) {
    fputs(".byte ", out);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%s0x%02x", i ? "," : "", bytes[i]);
}

/* Writes the star of an indirect branch, which the formatter leaves out. */
static void print_text(FILE *out, const ZydisDisassembledInstruction *instruction) {
    const char *space = strchr(instruction->text, ' ');
    bool indirect = instruction->info.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT &&
                    instruction->info.opcode == 0xff &&
                    instruction->info.meta.branch_type != ZYDIS_BRANCH_TYPE_NONE;

    if (indirect && space && !strchr(instruction->text, '*'))
        fprintf(out, "%.*s *%s", (int)(space - instruction->text), instruction->text, space + 1);
    else
        fputs(instruction->text, out);
}

static void print_instruction(FILE *out, const uint8_t *text, size_t length, uint32_t address,
                              const struct orc_rejection *rejection) {
    const uint8_t *bytes = text + rejection->offset;
    ZydisDisassembledInstruction instruction;
    ZyanStatus status;

    if (rejection->rule == 8 || rejection->offset == length) {
        fputs(rejection->rule == 8 ? "(end)" : "(jump tables)", out);
        return;
    }
    status = ZydisDisassembleATT(ZYDIS_MACHINE_MODE_LONG_64, (ZyanU64)address + rejection->offset, bytes,
                                 length - rejection->offset, &instruction);
    if (ZYAN_SUCCESS(status))
        print_text(out, &instruction);
    else
        print_bytes(out, bytes, rejection->length);
}

enum orc_verdict verify_and_report(FILE *out, const char *name, const uint8_t *text, size_t length,
                                   uint32_t address, struct orc_import_table imports,
                                   struct orc_jump_tables jumps) {
    struct rejection_list list = {0};
    enum orc_verdict verdict = orc_verify_text(text, length, address, imports, jumps, collect, &list);

    if (list.count)
        qsort(list.items, list.count, sizeof *list.items, compare);
    for (size_t i = 0; i < list.count; i++) {
        const struct orc_rejection *rejection = &list.items[i];
        fprintf(out, "%s: 0x%" PRIx32 ": rule %d: ", name, rejection->offset, rejection->rule);
        print_instruction(out, text, length, address, rejection);
        fprintf(out, ": %s\n", rejection->reason);
    }
    free(list.items);
    return verdict;
}
