/* Functions that use all fifteen registers. One of them, R, is kept in a vector register that the functions
 * don't name, or if they name all, in one of MMX; the source's %rbp takes R's place. An instruction that
 * names R gets it in a register that holds nothing at this point, or in one that is put aside in a second
 * vector register. All of this are moves, which leave the flags alone. */
#include "lift.h"

#include <limits.h>

#define BIT(number) ((uint16_t)(1u << (number)))

/* ---- what to spill ---- */

/* Where a register must be in its place: branches through it, string instructions. */
static bool is_fixed(const struct instruction *instruction) {
    ZydisInstructionCategory category = instruction->decoded.meta.category;
    return category == ZYDIS_CATEGORY_CALL || category == ZYDIS_CATEGORY_UNCOND_BR ||
           category == ZYDIS_CATEGORY_STRINGOP;
}

/* INT_MAX: it can't be spilled. */
static int count_uses(const struct text *text, const struct region *group, int number) {
    int count = 0;
    for (int i = 0; i < text->count; i++) {
        const struct instruction *instruction = &text->instructions[i];
        if (group_of(text, instruction) != group ||
            !((instruction->reads | instruction->writes) & BIT(number)))
            continue;
        if (is_fixed(instruction))
            return INT_MAX;
        count++;
    }
    return count;
}

/* A vector register that neither the functions use nor arguments are passed in; or one of MMX. %mm7 is taken
 * (share.c). Other files' assembly may hold values in vector registers that these functions don't use. */
static int find_vector(const struct region *group, int except) {
    for (int number = 15; number >= 8 && !group->shares_frame; number--)
        if (number != except && !(group->vectors & 1u << number))
            return number;
    for (int number = MMX + 6; number >= MMX && !group->x87; number--)
        if (number != except)
            return number;
    return NONE;
}

/* The register that the callee saves and that is named least. */
void choose_spill(struct text *text, struct region *group) {
    static const int candidates[] = {RBP, RBX, R12, R13, R14, R15};
    int best = NONE, least = 0;
    group->keeper = find_vector(group, NONE);
    if (group->keeper == NONE)
        return;
    group->helper = find_vector(group, group->keeper);
    if (group->helper == NONE)
        return;
    if (group->replacement != NONE) { /* which the source doesn't name: other files' assembly may */
        group->spilled = group->replacement;
        return;
    }
    for (size_t i = group->shares_frame ? 1 : 0; i < sizeof candidates / sizeof *candidates; i++) {
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

int find_register(const struct instruction *instruction, int except, bool *is_free) {
    static const int candidates[] = {RAX, R11, R10, R9, R8, RCX, RDX, RSI, RDI, RBX, RBP, R12, R13, R14, R15};
    uint16_t named = instruction->reads | instruction->writes;
    int second = NONE;
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        int number = candidates[i];
        if (number == except || named & BIT(number))
            continue;
        *is_free = !(instruction->live & BIT(number));
        if (*is_free)
            return number;
        if (second == NONE)
            second = number;
    }
    return second;
}

const char *keeper_name(int keeper) {
    static const char *const names[] = {"mm0", "mm1", "mm2", "mm3", "mm4", "mm5", "mm6", "mm7"};
    return keeper >= MMX ? names[keeper - MMX]
                         : ZydisRegisterGetString(ZydisRegisterEncode(ZYDIS_REGCLASS_XMM, (ZyanU8)keeper));
}

/* "mov" or "vmov": AVX and SSE aren't mixed. */
const char *keeper_move(const struct text *text, const struct instruction *instruction, int keeper) {
    return keeper < MMX && region_of(text, instruction)->vex ? "vmov" : "mov";
}

void free_x87(struct text *text, const struct instruction *instruction) {
    const struct region *group = group_of(text, instruction);
    if (group->spilled != NONE && (group->keeper >= MMX || group->helper >= MMX))
        emit(text, "\temms");
}

static bool names_general(const ZydisDecodedOperand *operand, int number, unsigned size) {
    return operand->type == ZYDIS_OPERAND_TYPE_REGISTER && operand->size >= size &&
           general_register(operand->reg.value) == number;
}

/* Pushes, pops and moves go to and from the keeper itself. */
static bool print_move(struct text *text, const struct instruction *instruction, int spilled, int keeper) {
    const ZydisDecodedOperand *target = &instruction->operands[0], *source = &instruction->operands[1];
    const char *move = keeper_move(text, instruction, keeper), *name = keeper_name(keeper);
    ZydisMnemonic mnemonic = instruction->decoded.mnemonic;
    if (mnemonic == ZYDIS_MNEMONIC_PUSH && target->type == ZYDIS_OPERAND_TYPE_REGISTER) {
        emit(text, "\tleaq\t-8(%%rsp), %%rsp\n\t%sq\t%%%s, (%%rsp)", move, name);
        return true;
    }
    if (mnemonic == ZYDIS_MNEMONIC_POP && target->type == ZYDIS_OPERAND_TYPE_REGISTER) {
        emit(text, "\t%sq\t(%%rsp), %%%s\n\tleaq\t8(%%rsp), %%rsp", move, name);
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
    fprintf(text->out, "\t%s%s\t", move, target->size == 64 ? "q" : "d");
    if (from)
        fprintf(text->out, "%%%s, ", name);
    if (other->type == ZYDIS_OPERAND_TYPE_MEMORY)
        print_memory(text, instruction, other);
    else
        print_register(text, instruction, other->reg.value);
    if (into)
        fprintf(text->out, ", %%%s", name);
    fputc('\n', text->out);
    return true;
}

static void print_with_register(struct text *text, const struct instruction *instruction, int spilled,
                                const struct region *group) {
    const char *keeper = keeper_name(group->keeper), *move = keeper_move(text, instruction, group->keeper),
               *helper = keeper_name(group->helper), *help = keeper_move(text, instruction, group->helper);
    bool is_free = false, reads = instruction->reads & BIT(spilled),
         writes = instruction->writes & BIT(spilled);
    int number = find_register(instruction, spilled, &is_free);
    const char *name =
        ZydisRegisterGetString(renamed(text, instruction, same_class(ZYDIS_REGISTER_RAX, number)));
    if (!is_free)
        emit(text, "\t%sq\t%%%s, %%%s", help, name, helper);
    if (reads)
        emit(text, "\t%sq\t%%%s, %%%s", move, keeper, name);
    text->spilled = spilled;
    text->spill_register = number;
    print_plain(text, instruction);
    text->spilled = NONE;
    if (writes)
        emit(text, "\t%sq\t%%%s, %%%s", move, name, keeper);
    if (!is_free)
        emit(text, "\t%sq\t%%%s, %%%s", help, helper, name);
}

/* `leave`, when it's %rbp that is kept. */
static void print_leave(struct text *text, const struct instruction *instruction,
                        const struct region *group) {
    const char *keeper = keeper_name(group->keeper), *move = keeper_move(text, instruction, group->keeper),
               *helper = keeper_name(group->helper), *help = keeper_move(text, instruction, group->helper);
    bool is_free = false;
    int number = find_register(instruction, group->spilled, &is_free);
    const char *name =
        ZydisRegisterGetString(renamed(text, instruction, same_class(ZYDIS_REGISTER_RAX, number)));
    if (!is_free)
        emit(text, "\t%sq\t%%%s, %%%s", help, name, helper);
    emit(text, "\t%sq\t%%%s, %%%s", move, keeper, name);
    emit(text, "\tmovq\t%%%s, %%rsp", name);
    if (!is_free)
        emit(text, "\t%sq\t%%%s, %%%s", help, helper, name);
    emit(text, "\t%sq\t(%%rsp), %%%s\n\tleaq\t8(%%rsp), %%rsp", move, keeper);
}

void print_spilled(struct text *text, const struct instruction *instruction) {
    const struct region *group = group_of(text, instruction);
    if (is_fixed(instruction))
        refuse(text, instruction, 4, "all registers are in use, and %%rbp is the data stack pointer");
    else if (instruction->decoded.mnemonic == ZYDIS_MNEMONIC_LEAVE)
        print_leave(text, instruction, group);
    else if (!print_move(text, instruction, group->spilled, group->keeper))
        print_with_register(text, instruction, group->spilled, group);
}
