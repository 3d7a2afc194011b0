/* The data stack. The compiler's %rsp becomes %rbp; pushes and pops become moves; a run of adjacent stack
 * operations becomes one `lea` and the moves. */
#include "sfi.h"

#include <stdlib.h>
#include <string.h>

int pending(int32_t depth) {
    return (depth == 0 || exact_stack) && !exact_shifted ? -RETURN_SLOT : 0;
}

static bool is_sp(const struct operand *operand) {
    return operand->kind == OPERAND_REGISTER && operand->reg == RSP && operand->width == 64;
}

bool parse_number(const char *text, long *value) {
    char *end;
    *value = strtol(text, &end, 0);
    return end != text && *end == 0;
}

/* Matches `op $N, %rsp` and `lea N(%rsp), %rsp`; *grow is by how much the stack gets deeper. */
static bool is_adjustment(const struct statement *statement, int32_t *grow) {
    if (statement->operand_count != 2 || !is_sp(&statement->operands[1]))
        return false;
    const struct operand *amount = &statement->operands[0];
    long value;
    if (starts_with(statement->name, "lea") && amount->kind == OPERAND_MEMORY && amount->base == RSP &&
        amount->index == NO_REGISTER) {
        if (!parse_number(amount->displacement, &value))
            return false;
        *grow = (int32_t)-value;
        return true;
    }
    bool subtract = starts_with(statement->name, "sub");
    if ((!subtract && !starts_with(statement->name, "add")) || amount->kind != OPERAND_IMMEDIATE ||
        !parse_number(amount->text + 1, &value))
        return false;
    *grow = (int32_t)(subtract ? value : -value);
    return true;
}

static bool is_push(const struct statement *statement) {
    static const char *const names[] = {"push", "pushq", NULL};
    return statement->operand_count == 1 && is_any(statement->name, names);
}

static bool is_pop(const struct statement *statement) {
    static const char *const names[] = {"pop", "popq", NULL};
    return statement->operand_count == 1 && is_any(statement->name, names);
}

bool is_stack_operation(const struct statement *statement) {
    int32_t grow;
    return statement->kind == STATEMENT_INSTRUCTION &&
           (is_push(statement) || is_pop(statement) || is_adjustment(statement, &grow));
}

int32_t stack_effect(const struct statement *statement) {
    int32_t grow = 0;
    if (is_push(statement))
        return 8;
    if (is_pop(statement))
        return -8;
    return is_adjustment(statement, &grow) ? grow : 0;
}

/* Statements that may stand within a run: they emit no code. */
static bool is_transparent(const struct statement *statement) {
    return statement->kind == STATEMENT_EMPTY ||
           (statement->kind == STATEMENT_DIRECTIVE && starts_with(statement->name, ".cfi_"));
}

static const struct statement *neighbour(const struct program *program, int index, int step) {
    for (index += step; index >= 0 && index < program->count; index += step)
        if (!is_transparent(&program->statements[index]))
            return &program->statements[index];
    return NULL;
}

/* clang moves its stack pointer by 8 with a push of %rax or a pop to a dead register: the value means
 * nothing. (With -Oz it also pushes a constant and pops it: there push and pop are adjacent.) */
static bool moves_no_value(const struct program *program, int index) {
    const struct statement *statement = &program->statements[index];
    if (!program->compiler || statement->in_asm)
        return false;
    int reg = statement->operands[0].reg;
    if (is_push(statement)) {
        const struct statement *next = neighbour(program, index, 1);
        return reg == RAX && !(next && next->kind == STATEMENT_INSTRUCTION && is_pop(next));
    }
    const struct statement *last = neighbour(program, index, -1);
    bool caller_saved =
        reg == RAX || reg == RCX || reg == RDX || reg == RSI || reg == RDI || (reg >= R8 && reg <= R11);
    return caller_saved && !(last && last->kind == STATEMENT_INSTRUCTION && is_push(last));
}

static void move_sp(struct program *program, int32_t from, int32_t to) {
    long delta = (long)from - to + pending(from) - pending(to);
    if (delta)
        emit(program, "\tleaq\t%ld(%%rbp), %%rbp", delta);
    note_frame(program, to);
}

/* The frame address, relative to %rbp while that stands for `depth`, of the stack slot at `slot_depth`. */
static long slot_offset(int32_t depth, int32_t slot_depth) {
    return (long)depth - slot_depth + pending(depth);
}

static bool is_callee_saved(int reg) {
    return reg == RBX || (reg >= R12 && reg <= R15);
}

static void emit_push(struct program *program, int index, int32_t depth, int32_t slot_depth) {
    const struct statement *statement = &program->statements[index];
    const struct operand *value = &statement->operands[0];
    long offset = slot_offset(depth, slot_depth);
    if (value->kind == OPERAND_IMMEDIATE) {
        emit(program, "\tmovq\t%s, %%gs:%ld(%%ebp)", value->text, offset);
    } else if (value->kind == OPERAND_REGISTER) {
        if (value->reg == NO_REGISTER || value->width != 64 || value->reg == RSP) {
            refuse(program, statement, 4,
                   "only 64-bit general registers but the stack pointer can be pushed");
            return;
        }
        /* %rbp holds the stack pointer itself and is kept by every callee: there's nothing to save. */
        if (value->reg == RBP || moves_no_value(program, index))
            return;
        emit(program, "\tmovq\t%%%s, %%gs:%ld(%%ebp)", register_name(value->reg, 64), offset);
        if (is_callee_saved(value->reg))
            note_saved_register(program, value->reg);
    } else {
        refuse(program, statement, 4, "can't push memory; load it into a register first");
    }
}

static void emit_pop(struct program *program, int index, int32_t depth, int32_t slot_depth) {
    const struct statement *statement = &program->statements[index];
    const struct operand *value = &statement->operands[0];
    if (value->kind != OPERAND_REGISTER || value->reg == NO_REGISTER || value->width != 64 ||
        value->reg == RSP) {
        refuse(program, statement, 4, "only 64-bit general registers but the stack pointer can be popped");
        return;
    }
    if (value->reg == RBP || moves_no_value(program, index))
        return;
    emit(program, "\tmovq\t%%gs:%ld(%%ebp), %%%s", slot_offset(depth, slot_depth),
         register_name(value->reg, 64));
}

/* Rewrites the stack operations that start at `first` and go the same way; returns the next statement's
 * index. */
int rewrite_stack_run(struct program *program, int first) {
    bool deeper = stack_effect(&program->statements[first]) > 0;
    int last = first;
    for (int i = first + 1; i < program->count; i++) {
        const struct statement *statement = &program->statements[i];
        if (is_transparent(statement))
            continue;
        if (!is_stack_operation(statement) || (stack_effect(statement) > 0) != deeper)
            break;
        last = i;
    }
    int32_t from = program->statements[first].depth;
    int32_t to = program->statements[last].depth + stack_effect(&program->statements[last]);
    if (deeper)
        move_sp(program, from, to);
    for (int i = first; i <= last; i++) {
        struct statement *statement = &program->statements[i];
        if (statement->kind == STATEMENT_DIRECTIVE)
            rewrite_unwind_directive(program, statement);
        else if (statement->kind == STATEMENT_INSTRUCTION && is_push(statement))
            emit_push(program, i, to, statement->depth + 8);
        else if (statement->kind == STATEMENT_INSTRUCTION && is_pop(statement))
            emit_pop(program, i, from, statement->depth);
    }
    if (!deeper)
        move_sp(program, from, to);
    return last + 1;
}

/* A copy of the compiler's stack pointer, outside a frame, takes two `lea`s, which leave the flags alone. */
static void rewrite_sp_source(struct program *program, struct statement *statement, int at) {
    int shift = pending(statement->depth);
    if (shift && starts_with(statement->name, "mov") && statement->operand_count == 2 && at == 0 &&
        statement->operands[1].kind == OPERAND_REGISTER && statement->operands[1].reg != NO_REGISTER) {
        emit(program, "\tleaq\t%d(%%rbp), %s", shift, statement->operands[1].text);
        return;
    }
    if (shift)
        emit(program, "\tleaq\t%d(%%rbp), %%rbp", shift);
    const char *text[2] = {NULL, NULL};
    for (int k = 0; k < 2; k++) {
        struct operand *operand = &statement->operands[k];
        text[k] = k == at                           ? sfi_format("%%%s", register_name(RBP, operand->width))
                  : operand->kind == OPERAND_MEMORY ? confined(operand, RETURN_SLOT)
                                                    : operand->text;
    }
    emit(program, "\t%s\t%s, %s", statement->name, text[0], text[1]);
    if (shift)
        emit(program, "\tleaq\t%d(%%rbp), %%rbp", -shift);
}

/* Rewrites an instruction that names the stack pointer as a register operand, or the return address's slot.
 * Returns false if the instruction does neither. */
bool rewrite_stack_reference(struct program *program, struct statement *statement) {
    long value;
    const struct operand *source = &statement->operands[0];
    if (statement->operand_count == 2 && starts_with(statement->name, "mov") &&
        source->kind == OPERAND_MEMORY && source->base == RSP && source->index == NO_REGISTER &&
        !source->segment && statement->operands[1].kind == OPERAND_REGISTER &&
        statement->operands[1].reg != NO_REGISTER &&
        parse_number(*source->displacement ? source->displacement : "0", &value) &&
        value == statement->depth) {
        /* __builtin_return_address: the return address is out of reach; null says so */
        emit(program, "\tmovl\t$0, %%%s", register_name(statement->operands[1].reg, 32));
        return true;
    }
    int at = -1;
    for (int k = 0; k < statement->operand_count; k++)
        if (statement->operands[k].kind == OPERAND_REGISTER && statement->operands[k].reg == RSP)
            at = k;
    if (at < 0)
        return false;
    static const char *const readers[] = {"mov",  "movq", "movl", "add",  "addq", "addl", "sub",  "subq",
                                          "subl", "cmp",  "cmpq", "cmpl", "xor",  "xorq", "xorl", "and",
                                          "andq", "andl", "or",   "orq",  "orl",  NULL};
    bool compares = starts_with(statement->name, "cmp");
    if (statement->operand_count == 2 && (at == 0 || compares) && is_any(statement->name, readers) &&
        !(statement->operands[0].reg == RSP && statement->operands[1].reg == RSP))
        rewrite_sp_source(program, statement, at);
    else
        refuse(
            program, statement, 4,
            "the stack pointer can only be moved by constants and read by moves, additions and comparisons");
    return true;
}
