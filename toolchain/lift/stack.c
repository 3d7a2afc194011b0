/* Pushes and pops of other things than registers, which the rewriter leaves to us: memory goes through a
 * register, and of flags it's enough that nobody reads them afterwards. */
#include "lift.h"

#include <stdlib.h>

/* Below the red zone, where a register is put aside for an instruction. */
enum { ASIDE = -144 };

/* What a program sees of flags that it can't have: interrupts are on, the direction is up. */
#define ORDINARY_FLAGS 0x202

/* ---- memory ---- */

static const char *whole_name(const struct text *text, const struct instruction *instruction, int number) {
    return ZydisRegisterGetString(renamed(text, instruction, same_class(ZYDIS_REGISTER_RAX, number)));
}

static void print_between(struct text *text, const struct instruction *instruction, const char *before,
                          const char *after) {
    fprintf(text->out, "\tmovq\t%s", before);
    print_memory(text, instruction, &instruction->operands[0]);
    fprintf(text->out, "%s\n", after);
}

static void print_push(struct text *text, const struct instruction *instruction, const char *name,
                       bool is_free) {
    char after[32];
    snprintf(after, sizeof after, ", %%%s", name);
    if (!is_free)
        emit(text, "\tmovq\t%%%s, %d(%%rsp)", name, ASIDE);
    print_between(text, instruction, "", after);
    emit(text, "\tmovq\t%%%s, -8(%%rsp)", name);
    if (!is_free)
        emit(text, "\tmovq\t%d(%%rsp), %%%s", ASIDE, name);
    emit(text, "\tleaq\t-8(%%rsp), %%rsp");
}

/* An address relative to the stack pointer is meant behind the pop. */
static void print_pop(struct text *text, const struct instruction *instruction, const char *name,
                      bool is_free) {
    char before[32];
    snprintf(before, sizeof before, "%%%s, ", name);
    if (!is_free)
        emit(text, "\tmovq\t%%%s, %d(%%rsp)", name, ASIDE);
    emit(text, "\tmovq\t(%%rsp), %%%s", name);
    emit(text, "\tleaq\t8(%%rsp), %%rsp");
    print_between(text, instruction, before, "");
    if (!is_free)
        emit(text, "\tmovq\t%d(%%rsp), %%%s", ASIDE - 8, name);
}

static bool print_memory_operation(struct text *text, const struct instruction *instruction) {
    const ZydisDecodedOperand *operand = &instruction->operands[0];
    bool pushes = instruction->decoded.mnemonic == ZYDIS_MNEMONIC_PUSH, is_free = false;
    if ((!pushes && instruction->decoded.mnemonic != ZYDIS_MNEMONIC_POP) ||
        operand->type != ZYDIS_OPERAND_TYPE_MEMORY || operand->size != 64)
        return false;
    int spare = text->spilled == NONE ? group_of(text, instruction)->spilled : text->spill_register;
    int number = find_register(instruction, spare, &is_free);
    if (number == group_of(text, instruction)->spilled)
        is_free = false;
    if (pushes)
        print_push(text, instruction, whole_name(text, instruction, number), is_free);
    else
        print_pop(text, instruction, whole_name(text, instruction, number), is_free);
    return true;
}

/* The stack pointer itself is pushed as it was before, and popped without being changed. */
static bool print_pointer_operation(struct text *text, const struct instruction *instruction) {
    const ZydisDecodedOperand *operand = &instruction->operands[0];
    bool pushes = instruction->decoded.mnemonic == ZYDIS_MNEMONIC_PUSH,
         pops = instruction->decoded.mnemonic == ZYDIS_MNEMONIC_POP;
    if ((!pushes && !pops) || operand->type != ZYDIS_OPERAND_TYPE_REGISTER ||
        operand->reg.value != ZYDIS_REGISTER_RSP)
        return false;
    if (pushes)
        emit(text, "\tmovq\t%%rsp, -8(%%rsp)\n\tleaq\t-8(%%rsp), %%rsp");
    else
        emit(text, "\tmovq\t(%%rsp), %%rsp");
    return true;
}

/* ---- flags ---- */

#define ARITHMETIC                                                                                           \
    (ZYDIS_CPUFLAG_CF | ZYDIS_CPUFLAG_PF | ZYDIS_CPUFLAG_AF | ZYDIS_CPUFLAG_ZF | ZYDIS_CPUFLAG_SF |          \
     ZYDIS_CPUFLAG_OF)

/* Whether one of these flags is read from instruction `index` on. `seen` has what was asked of each. */
static bool flags_are_read(const struct text *text, int index, uint32_t flags, uint32_t *seen) {
    while (index < text->count) {
        const struct instruction *instruction = &text->instructions[index];
        const ZydisAccessedFlags *accessed = instruction->decoded.cpu_flags;
        ZydisInstructionCategory category = instruction->decoded.meta.category;
        if ((seen[index] & flags) == flags)
            return false;
        seen[index] |= flags;
        if (accessed && !instruction->padding) {
            if (accessed->tested & flags)
                return true;
            flags &= ~(accessed->modified | accessed->set_0 | accessed->set_1 | accessed->undefined);
        }
        if (!flags || category == ZYDIS_CATEGORY_RET || calls_out(instruction))
            return false; /* a function leaves nothing in the flags */
        bool jumps = category == ZYDIS_CATEGORY_UNCOND_BR || category == ZYDIS_CATEGORY_COND_BR;
        if (category == ZYDIS_CATEGORY_CALL || (jumps && instruction->target == NONE))
            return true;
        if (jumps && flags_are_read(text, instruction->target, flags, seen))
            return true;
        if (category == ZYDIS_CATEGORY_UNCOND_BR)
            return false;
        index++;
    }
    return false;
}

static bool matters(const struct text *text, const struct instruction *instruction) {
    uint32_t *seen = allocate((size_t)text->count + 1, sizeof *seen);
    bool read = flags_are_read(text, (int)(instruction - text->instructions) + 1, ARITHMETIC, seen);
    free(seen);
    return read;
}

/* The flags that are pushed come back by a popf of the same function, and aren't looked at. */
static bool comes_back(const struct text *text, const struct instruction *instruction) {
    const struct region *region = region_of(text, instruction);
    int index = (int)(instruction - text->instructions);
    if (index + 1 < region->end && text->instructions[index + 1].decoded.mnemonic == ZYDIS_MNEMONIC_POP)
        return false;
    for (int i = region->first; i < region->end; i++)
        if (text->instructions[i].decoded.mnemonic == ZYDIS_MNEMONIC_POPFQ)
            return true;
    return false;
}

static bool print_flags_operation(struct text *text, const struct instruction *instruction) {
    if (instruction->decoded.mnemonic == ZYDIS_MNEMONIC_PUSHFQ) {
        if (comes_back(text, instruction))
            emit(text, "\tpushq\t$%d", ORDINARY_FLAGS);
        else
            refuse(text, instruction, 1, "the flags can't be seen as a number");
        return true;
    }
    if (instruction->decoded.mnemonic == ZYDIS_MNEMONIC_POPFQ) {
        if (matters(text, instruction))
            refuse(text, instruction, 1,
                   "flags can't be restored from the stack, and they are read afterwards");
        else
            emit(text, "\tleaq\t8(%%rsp), %%rsp");
        return true;
    }
    return false;
}

bool print_stack_operation(struct text *text, const struct instruction *instruction) {
    return print_memory_operation(text, instruction) || print_pointer_operation(text, instruction) ||
           print_flags_operation(text, instruction);
}
