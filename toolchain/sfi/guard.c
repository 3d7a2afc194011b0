/* Guards for indirect branches (rule 6), and the trap that they fail to. */
#include "sfi.h"

#include <string.h>

/* endbr64 as a little-endian number, negated: so that the guard's own immediate doesn't spell the mark. */
#define NEGATED_MARK 0x05e1f00d
/* The mark's first three bytes behind a nop, and its last byte. */
#define NOP_AND_MARK 0x1e0ff390
#define LAST_OF_MARK 0xfa

#define NO_JUMP_TABLES_HINT "compile with -fno-jump-tables, or use fewer values across the computed goto"

const char *trap_label(struct program *program) {
    if (!program->trap)
        program->trap = sfi_format(".Lorc_trap%d", program->next_label++);
    return program->trap;
}

/* Places the function's trap, where nothing falls into it. */
void place_trap(struct program *program) {
    if (!program->trap)
        return;
    emit(program, "%s:\n\tint3", program->trap);
    program->trap = NULL;
}

static void guard_with_scratch(struct program *program, int target, int scratch) {
    emit(program, "\tmovl\t(%%%s), %%%s", register_name(target, 64), register_name(scratch, 32));
    emit(program, "\taddl\t$0x%08x, %%%s", NEGATED_MARK, register_name(scratch, 32));
    emit(program, "\tjne\t%s", trap_label(program));
}

static void guard_in_place(struct program *program, int target) {
    emit(program, "\tcmpl\t$0x%08x, -1(%%%s)", NOP_AND_MARK, register_name(target, 64));
    emit(program, "\tjne\t%s", trap_label(program));
    emit(program, "\tcmpb\t$0x%02x, 3(%%%s)", LAST_OF_MARK, register_name(target, 64));
    emit(program, "\tjne\t%s", trap_label(program));
}

/* Finds the register that an indirect branch goes through and one for its guard; NO_REGISTER where there's
 * none. At calls and tail calls %r10 and %r11 hold nothing (x86-64 psABI 3.2.1; C has no static chains). */
void choose_branch_registers(const struct statement *statement, int *target, int *scratch) {
    static const int candidates[] = {R11, R10, R9,  R8,  RAX, RCX, RDX,        RSI,
                                     RDI, RBX, R12, R13, R14, R15, NO_REGISTER};
    const struct operand *operand = &statement->operands[0];
    bool loads = operand->kind == OPERAND_MEMORY;
    int found[2] = {NO_REGISTER, NO_REGISTER};
    for (int i = 0, count = 0; candidates[i] != NO_REGISTER && count < (loads ? 2 : 1); i++) {
        int reg = candidates[i];
        bool free = statement->computed_goto ? !(statement->live & (1u << reg)) : reg == R10 || reg == R11;
        if (free && reg != operand->reg)
            found[count++] = reg;
    }
    *target = loads ? found[0] : operand->reg;
    *scratch = loads ? found[1] : found[0];
}

/* `addq A, T` right before a computed goto through T is how a jump table's target is computed. Both are below
 * 4 GiB, so the 32-bit addition gives the same, and the guard may start with it. */
bool begins_guard(const struct program *program, int index) {
    const struct statement *add = &program->statements[index];
    const struct operand *target = &add->operands[1];
    if (!add->in_text || add->kind != STATEMENT_INSTRUCTION || strcmp(add->name, "addq") != 0 ||
        add->operand_count != 2 || add->operands[0].kind != OPERAND_REGISTER ||
        target->kind != OPERAND_REGISTER || target->reg == NO_REGISTER ||
        add->operands[0].reg == NO_REGISTER || add->operands[0].reg == RSP || target->reg == RSP ||
        add->operands[0].reg == RBP || target->reg == RBP)
        return false;
    int next = index + 1;
    while (next < program->count && program->statements[next].kind == STATEMENT_EMPTY)
        next++;
    const struct statement *jump = &program->statements[next];
    return next < program->count && jump->computed_goto && jump->operands[0].kind == OPERAND_REGISTER &&
           jump->operands[0].reg == target->reg;
}

void rewrite_indirect_branch(struct program *program, struct statement *statement) {
    const struct operand *operand = &statement->operands[0];
    int target, scratch;
    choose_branch_registers(statement, &target, &scratch);
    if (operand->kind == OPERAND_REGISTER && (target == NO_REGISTER || target == RSP || target == RBP)) {
        refuse(program, statement, 6, "not a register that a branch can go through");
        return;
    }
    if (target == NO_REGISTER) {
        program->starved++;
        refuse(program, statement, 6, "no register is free for the branch's target; " NO_JUMP_TABLES_HINT);
        return;
    }
    if (operand->kind == OPERAND_REGISTER && program->guard_begun)
        program->guard_begun = false;
    else if (operand->kind == OPERAND_REGISTER)
        emit(program, "\tmovl\t%%%s, %%%s", register_name(target, 32), register_name(target, 32));
    else
        emit(program, "\tmovl\t%s, %%%s", confined(operand, statement->depth), register_name(target, 32));
    if (statement->in_place_guard)
        guard_in_place(program, target);
    else
        guard_with_scratch(program, target, scratch);
    emit(program, "\t%s\t*%%%s", is_call(statement) ? "callq" : "jmpq", register_name(target, 64));
}
