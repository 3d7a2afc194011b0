/* Functions that use all fifteen registers. One of them, R, is kept in a vector register that the functions
 * don't name; the source's %rbp takes R's place. An instruction that names R gets it in a register that holds
 * nothing at this point, or in one that is put aside in a second vector register. All of this are moves,
 * which leave the flags alone. */
#include "lift.h"

#define BIT(number) ((uint16_t)(1u << (number)))

/* ---- what to spill ---- */

static int count_uses(const struct text *text, const struct region *group, int number) {
    int count = 0;
    for (int i = 0; i < text->count; i++) {
        const struct instruction *instruction = &text->instructions[i];
        if (group_of(text, instruction) == group && (instruction->reads | instruction->writes) & BIT(number))
            count++;
    }
    return count;
}

/* A vector register that neither the functions use nor arguments are passed in. */
static int find_vector(uint32_t used) {
    for (int number = 15; number >= 8; number--)
        if (!(used & 1u << number))
            return number;
    return NONE;
}

/* The register that the callee saves and that is named least. */
void choose_spill(struct text *text, struct region *group) {
    static const int candidates[] = {RBP, RBX, R12, R13, R14, R15};
    int best = NONE, least = 0;
    group->keeper = find_vector(group->vectors);
    if (group->keeper == NONE)
        return;
    group->helper = find_vector(group->vectors | 1u << group->keeper);
    if (group->helper == NONE)
        return;
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        int count = count_uses(text, group, candidates[i]);
        if (best == NONE || count < least) {
            best = candidates[i];
            least = count;
        }
    }
    group->spilled = best;
    group->replacement = best == RBP ? NONE : best;
}

/* ---- writing ---- */

/* A register for the spilled one's value at this instruction; *is_free: it holds nothing. */
static int find_register(const struct instruction *instruction, int spilled, bool *is_free) {
    static const int candidates[] = {RAX, R11, R10, R9, R8, RCX, RDX, RSI, RDI, RBX, RBP, R12, R13, R14, R15};
    uint16_t named = instruction->reads | instruction->writes;
    int second = NONE;
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        int number = candidates[i];
        if (number == spilled || named & BIT(number))
            continue;
        *is_free = !(instruction->live & BIT(number));
        if (*is_free)
            return number;
        if (second == NONE)
            second = number;
    }
    return second;
}

static const char *prefix_of(const struct text *text, const struct instruction *instruction) {
    return region_of(text, instruction)->vex ? "v" : "";
}

static bool names_general(const ZydisDecodedOperand *operand, int number, unsigned size) {
    return operand->type == ZYDIS_OPERAND_TYPE_REGISTER && operand->size >= size &&
           general_register(operand->reg.value) == number;
}

/* Pushes, pops and moves go to and from the keeper itself. */
static bool print_move(struct text *text, const struct instruction *instruction, int spilled, int keeper) {
    const ZydisDecodedOperand *target = &instruction->operands[0], *source = &instruction->operands[1];
    const char *prefix = prefix_of(text, instruction);
    ZydisMnemonic mnemonic = instruction->decoded.mnemonic;
    if (mnemonic == ZYDIS_MNEMONIC_PUSH) {
        emit(text, "\tleaq\t-8(%%rsp), %%rsp\n\t%smovq\t%%xmm%d, (%%rsp)", prefix, keeper);
        return true;
    }
    if (mnemonic == ZYDIS_MNEMONIC_POP) {
        emit(text, "\t%smovq\t(%%rsp), %%xmm%d\n\tleaq\t8(%%rsp), %%rsp", prefix, keeper);
        return true;
    }
    bool into = names_general(target, spilled, 32), from = names_general(source, spilled, 32);
    const ZydisDecodedOperand *other = into ? source : target;
    bool simple =
        mnemonic == ZYDIS_MNEMONIC_MOV && into != from && other->type != ZYDIS_OPERAND_TYPE_IMMEDIATE &&
        !(other->type == ZYDIS_OPERAND_TYPE_MEMORY && instruction->reads & BIT(spilled) && into) &&
        !(other->type == ZYDIS_OPERAND_TYPE_MEMORY &&
          (general_register(other->mem.base) == spilled || general_register(other->mem.index) == spilled));
    if (!simple)
        return false;
    fprintf(text->out, "\t%s%s\t", prefix, target->size == 64 ? "movq" : "movd");
    if (from)
        fprintf(text->out, "%%xmm%d, ", keeper);
    if (other->type == ZYDIS_OPERAND_TYPE_MEMORY)
        print_memory(text, instruction, other);
    else
        print_register(text, instruction, other->reg.value);
    if (into)
        fprintf(text->out, ", %%xmm%d", keeper);
    fputc('\n', text->out);
    return true;
}

static void print_with_register(struct text *text, const struct instruction *instruction, int spilled,
                                const struct region *group) {
    const char *prefix = prefix_of(text, instruction);
    bool is_free = false, reads = instruction->reads & BIT(spilled),
         writes = instruction->writes & BIT(spilled);
    int number = find_register(instruction, spilled, &is_free);
    const char *name =
        ZydisRegisterGetString(renamed(text, instruction, same_class(ZYDIS_REGISTER_RAX, number)));
    if (!is_free)
        emit(text, "\t%smovq\t%%%s, %%xmm%d", prefix, name, group->helper);
    if (reads)
        emit(text, "\t%smovq\t%%xmm%d, %%%s", prefix, group->keeper, name);
    text->spilled = spilled;
    text->spill_register = number;
    print_plain(text, instruction);
    text->spilled = NONE;
    if (writes)
        emit(text, "\t%smovq\t%%%s, %%xmm%d", prefix, name, group->keeper);
    if (!is_free)
        emit(text, "\t%smovq\t%%xmm%d, %%%s", prefix, group->helper, name);
}

void print_spilled(struct text *text, const struct instruction *instruction) {
    const struct region *group = group_of(text, instruction);
    ZydisInstructionCategory category = instruction->decoded.meta.category;
    bool branches = category == ZYDIS_CATEGORY_CALL || category == ZYDIS_CATEGORY_UNCOND_BR;
    if (branches || category == ZYDIS_CATEGORY_STRINGOP)
        refuse(text, instruction, 4, "all registers are in use, and %%rbp is the data stack pointer");
    else if (!print_move(text, instruction, group->spilled, group->keeper))
        print_with_register(text, instruction, group->spilled, group);
}
