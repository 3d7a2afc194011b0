/* Which general registers are read behind an instruction. */
#include "lift.h"

#define BIT(number) ((uint16_t)(1u << (number)))

static uint16_t live_before(const struct instruction *instruction, uint16_t live, uint16_t at_exit) {
    if (calls_out(instruction))
        return at_exit | instruction->reads;
    if (instruction->decoded.meta.category == ZYDIS_CATEGORY_CALL)
        return UINT16_MAX; /* local functions have conventions of their own */
    return (uint16_t)((live & ~instruction->kills) | instruction->reads);
}

static uint16_t live_after(const struct text *text, const uint16_t *live, int index, uint16_t at_exit) {
    const struct instruction *instruction = &text->instructions[index];
    ZydisInstructionCategory category = instruction->decoded.meta.category;
    bool jumps = category == ZYDIS_CATEGORY_UNCOND_BR || category == ZYDIS_CATEGORY_COND_BR;
    uint16_t result = 0;
    if (category == ZYDIS_CATEGORY_RET || index + 1 == text->count || (jumps && instruction->target == NONE))
        return at_exit | instruction->reads;
    if (category != ZYDIS_CATEGORY_UNCOND_BR)
        result |= live_before(&text->instructions[index + 1], live[index + 1], at_exit);
    if (jumps)
        result |= live_before(&text->instructions[instruction->target], live[instruction->target], at_exit);
    return result;
}

static uint16_t *analyse(const struct text *text, uint16_t at_exit) {
    uint16_t *live = allocate((size_t)text->count + 1, sizeof *live);
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = text->count - 1; i >= 0; i--) {
            uint16_t now = live_after(text, live, i, at_exit);
            changed |= now != live[i];
            live[i] = now;
        }
    }
    return live;
}

/* Local functions may be called for any register. But %r10 and %r11 are read behind the end of none that
 * makes an indirect call, since what it calls there may change them. */
void find_liveness(struct text *text) {
    uint16_t *live = analyse(text, UINT16_MAX), *at_calls = analyse(text, (uint16_t) ~(BIT(R10) | BIT(R11)));
    for (int i = 0; i < text->count; i++)
        text->instructions[i].live = calls_out(&text->instructions[i]) ? at_calls[i] : live[i];
}
