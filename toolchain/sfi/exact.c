/* --exact-stack: for code that a person wrote for the hardware, with a stack discipline of its own. It calls
 * local functions without a frame, reaches into its caller's, aligns its stack and puts it back, or leaves a
 * function by another's end: the depth is no property of a place. So %rbp is the source's %rsp and 8 in all
 * places, as compiled code has it at the entry of a function, and a call takes the 8 bytes off that the
 * hardware would push. Nothing has to be known of the depth, and nothing is refused for it; it costs two
 * `lea`s at each call. */
#include "sfi.h"

#include <string.h>

bool exact_stack, exact_shifted;

/* Only differences between adjacent stack operations count. */
void count_exact_depths(struct program *program) {
    int32_t depth = 0;
    for (int i = 0; i < program->count; i++) {
        struct statement *statement = &program->statements[i];
        statement->depth = depth;
        if (statement->in_text && statement->kind == STATEMENT_INSTRUCTION)
            depth += stack_effect(statement);
    }
}

static bool is_sp(const struct operand *operand) {
    return operand->kind == OPERAND_REGISTER && operand->reg == RSP;
}

static void shift(struct program *program, int by) {
    emit(program, "\tleaq\t%d(%%rbp), %%rbp", by);
}

/* Before a call and behind it. */
void begin_exact_call(struct program *program, struct statement *statement) {
    const struct operand *target = &statement->operands[0];
    if (target->kind == OPERAND_MEMORY && target->base == RSP)
        refuse(program, statement, 6, "load the target into a register before the call");
    shift(program, -RETURN_SLOT);
}

void end_exact_call(struct program *program) {
    shift(program, RETURN_SLOT);
}

/* Writes to the stack pointer other than by constants. */
static bool rewrite_write(struct program *program, const struct statement *statement) {
    const struct operand *source = &statement->operands[0];
    bool moves = starts_with(statement->name, "mov"), computes = starts_with(statement->name, "lea");
    if (moves && source->kind == OPERAND_REGISTER && source->reg != NO_REGISTER) {
        emit(program, "\tleaq\t%d(%%%s), %%rbp", RETURN_SLOT, register_name(source->reg, 64));
    } else if ((moves || computes) && source->kind == OPERAND_MEMORY && !source->segment) {
        emit(program, "\t%s\t%s, %%rbp", moves ? "movq" : "leaq",
             moves ? confined(source, statement->depth) : unconfined(source, statement->depth));
        shift(program, RETURN_SLOT);
    } else {
        return false;
    }
    return true;
}

static bool names_sp_implicitly(const struct statement *statement) {
    return starts_with(statement->name, "push") || starts_with(statement->name, "pop") ||
           is_call(statement) || is_jump(statement);
}

/* Rewrites an instruction that names the stack pointer as a register. Returns false if it doesn't. */
bool rewrite_exact_reference(struct program *program, struct statement *statement) {
    const struct operand *operands = statement->operands;
    bool found = false;
    for (int k = 0; k < statement->operand_count; k++)
        found |= is_sp(&operands[k]);
    if (!found)
        return false;
    if (statement->operand_count == 2 && is_sp(&operands[1]) && operands[1].width == 64 &&
        rewrite_write(program, statement))
        return true;
    if (statement->operand_count == 2 && is_sp(&operands[0]) && starts_with(statement->name, "mov") &&
        operands[1].kind == OPERAND_REGISTER && operands[1].reg != NO_REGISTER) {
        emit(program, "\tlea%s\t%d(%%rbp), %s", operands[1].width == 32 ? "l" : "q", -RETURN_SLOT,
             operands[1].text);
        return true;
    }
    if (names_sp_implicitly(statement)) {
        refuse(program, statement, 4, "the stack pointer can only be moved, computed with and compared");
        return true;
    }
    /* Between the two shifts %rbp is the source's stack pointer itself. */
    const char *list = "";
    exact_shifted = true;
    for (int k = 0; k < statement->operand_count; k++) {
        const char *text = is_sp(&operands[k]) ? sfi_format("%%%s", register_name(RBP, operands[k].width))
                           : operands[k].kind == OPERAND_MEMORY ? confined(&operands[k], statement->depth)
                                                                : operands[k].text;
        list = sfi_format("%s%s%s", list, k ? ", " : "", text);
    }
    exact_shifted = false;
    shift(program, -RETURN_SLOT);
    emit(program, "\t%s%s\t%s", strstr(statement->prefixes, "lock") ? "lock\t" : "", statement->name, list);
    shift(program, RETURN_SLOT);
    return true;
}
