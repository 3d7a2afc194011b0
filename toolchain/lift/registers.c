/* The data stack pointer of confined code is %rbp. Hand-written code that uses it as one register more gets
 * another: in all the functions that jump to or call each other, a register that none of them names takes its
 * place. Where both are the callee's to save, nobody else can tell. */
#include "lift.h"

#include <string.h>

#define BIT(number) ((uint16_t)(1u << (number)))

int general_register(ZydisRegister name) {
    switch (ZydisRegisterGetClass(name)) {
    case ZYDIS_REGCLASS_GPR64:
    case ZYDIS_REGCLASS_GPR32:
    case ZYDIS_REGCLASS_GPR16:
        return ZydisRegisterGetId(name);
    case ZYDIS_REGCLASS_GPR8:
        return ZydisRegisterGetId(ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, name));
    default:
        return NONE;
    }
}

ZydisRegister same_class(ZydisRegister name, int number) {
    static const ZydisRegister bytes[] = {
        ZYDIS_REGISTER_AL,   ZYDIS_REGISTER_CL,   ZYDIS_REGISTER_DL,   ZYDIS_REGISTER_BL,
        ZYDIS_REGISTER_SPL,  ZYDIS_REGISTER_BPL,  ZYDIS_REGISTER_SIL,  ZYDIS_REGISTER_DIL,
        ZYDIS_REGISTER_R8B,  ZYDIS_REGISTER_R9B,  ZYDIS_REGISTER_R10B, ZYDIS_REGISTER_R11B,
        ZYDIS_REGISTER_R12B, ZYDIS_REGISTER_R13B, ZYDIS_REGISTER_R14B, ZYDIS_REGISTER_R15B};
    ZydisRegisterClass class = ZydisRegisterGetClass(name);
    return class == ZYDIS_REGCLASS_GPR8 ? bytes[number] : ZydisRegisterEncode(class, (ZyanU8)number);
}

static uint16_t bit_of(ZydisRegister name) {
    int number = general_register(name);
    return number == NONE ? 0 : BIT(number);
}

static uint32_t vector_bit(ZydisRegister name) {
    ZydisRegisterClass class = ZydisRegisterGetClass(name);
    bool is_vector =
        class == ZYDIS_REGCLASS_XMM || class == ZYDIS_REGCLASS_YMM || class == ZYDIS_REGCLASS_ZMM;
    return is_vector ? 1u << ZydisRegisterGetId(name) : 0;
}

static bool is_x87(ZydisRegister name) {
    ZydisRegisterClass class = ZydisRegisterGetClass(name);
    return class == ZYDIS_REGCLASS_X87 || class == ZYDIS_REGCLASS_MMX;
}

/* `operands`: all of them, those too that assembly text doesn't show. */
void note_registers(struct instruction *instruction, const ZydisDecodedOperand *operands) {
    if (instruction->decoded.mnemonic == ZYDIS_MNEMONIC_NOP)
        return;
    instruction->x87 = instruction->decoded.meta.category == ZYDIS_CATEGORY_X87_ALU ||
                       instruction->decoded.meta.category == ZYDIS_CATEGORY_MMX;
    for (int k = 0; k < instruction->decoded.operand_count; k++) {
        const ZydisDecodedOperand *operand = &operands[k];
        if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY) {
            instruction->reads |= bit_of(operand->mem.base) | bit_of(operand->mem.index);
            instruction->vectors |= vector_bit(operand->mem.index);
        }
        if (operand->type != ZYDIS_OPERAND_TYPE_REGISTER)
            continue;
        uint16_t bit = bit_of(operand->reg.value);
        bool always = operand->actions & ZYDIS_OPERAND_ACTION_WRITE,
             reads = operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ;
        instruction->vectors |= vector_bit(operand->reg.value);
        instruction->x87 |= is_x87(operand->reg.value);
        if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
            instruction->writes |= bit;
        if (always && !reads && operand->size >= 32)
            instruction->kills |= bit;
        else
            instruction->reads |= bit; /* less than 32 bits leave the rest as it is */
    }
}

bool calls_out(const struct instruction *instruction) {
    return instruction->decoded.meta.category == ZYDIS_CATEGORY_CALL && instruction->target == NONE;
}

const struct region *group_of(const struct text *text, const struct instruction *instruction) {
    return &text->regions[region_of(text, instruction)->group];
}

/* First registers that every callee saves, then some that hold nothing where control comes in or goes out. */
static int find_replacement(uint16_t used, bool has_call) {
    static const int candidates[] = {R13, R12, R15, R14, RBX, R11, R10};
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        bool lost_in_calls = candidates[i] == R11 || candidates[i] == R10;
        if (!(used & BIT(candidates[i])) && !(lost_in_calls && has_call))
            return candidates[i];
    }
    return NONE;
}

void rename_frame_register(struct text *text) {
    bool *has_call = allocate((size_t)text->region_count + 1, sizeof *has_call);
    for (int i = 0; i < text->count; i++) {
        const struct instruction *instruction = &text->instructions[i];
        struct region *region = &text->regions[instruction->region], *group = &text->regions[region->group];
        if (region->omitted)
            continue;
        group->registers |= instruction->reads | instruction->writes;
        group->vectors |= instruction->vectors;
        group->x87 |= instruction->x87;
        region->vex |= instruction->decoded.encoding == ZYDIS_INSTRUCTION_ENCODING_VEX;
        has_call[region->group] |= calls_out(instruction);
        group->shares_frame |= shares_frame(text, instruction);
    }
    for (size_t i = 0; i < text->object->symbol_count; i++)
        if (is_shared_function(text, &text->object->symbols[i])) {
            int first = text->at[text->object->symbols[i].value];
            text->regions[text->regions[text->instructions[first].region].group].shares_frame = true;
        }
    for (int i = 0; i < text->region_count; i++) {
        struct region *region = &text->regions[i];
        if (region->group != i || !(region->registers & BIT(RBP)))
            continue;
        region->replacement = find_replacement(region->registers, has_call[i]);
        if (region->replacement == NONE || region->shares_frame)
            choose_spill(text, region);
    }
}

ZydisRegister renamed(const struct text *text, const struct instruction *instruction, ZydisRegister name) {
    int number = general_register(name), other = number == text->spilled ? text->spill_register : number;
    if (text->exchanged && number == text->exchanged_from)
        return same_class(name, text->exchanged_to);
    int replacement = group_of(text, instruction)->replacement;
    if (other == RBP && replacement != NONE)
        other = replacement;
    return number == NONE || other == number ? name : same_class(name, other);
}
