/* Instructions that change the floating-point modes. Gate 1 does that for guests; each becomes a call of a
 * function in libbuiltins.a that asks it to, and that keeps all registers but %rax and the flags
 * (guest/builtins/floats.S). */
#include "sfi.h"

#include <string.h>

static const struct replacement {
    const char *name, *function;
    bool word; /* of 16 bits */
    bool address;
} replacements[] = {
    {"ldmxcsr", "__orc_load_mxcsr", false, false},
    {"vldmxcsr", "__orc_load_mxcsr", false, false},
    {"fldcw", "__orc_load_x87_control", true, false},
    {"fldcww", "__orc_load_x87_control", true, false},
    {"fldenv", "__orc_load_x87_environment", false, true},
    {"fnstenv", "__orc_store_x87_environment", false, true},
};

static const struct replacement *find(const struct statement *statement) {
    for (size_t i = 0; i < sizeof replacements / sizeof *replacements; i++)
        if (strcmp(statement->name, replacements[i].name) == 0)
            return &replacements[i];
    return NULL;
}

bool is_mode_change(const struct statement *statement) {
    return find(statement) && statement->operand_count == 1 && statement->operands[0].kind == OPERAND_MEMORY;
}

void rewrite_mode_change(struct program *program, struct statement *statement) {
    const struct replacement *replacement = find(statement);
    const struct operand *operand = &statement->operands[0];
    emit(program, "\tmovq\t%%rax, %%gs:%d(%%ebp)", SPILL_OFFSET);
    if (replacement->address)
        emit(program, "\tleaq\t%s, %%rax", unconfined(operand, statement->depth));
    else
        emit(program, "\tmov%s\t%s, %%eax", replacement->word ? "zwl" : "l",
             confined(operand, statement->depth));
    emit(program, "\tcall\t%s", replacement->function);
    emit(program, "\tmovq\t%%gs:%d(%%ebp), %%rax", SPILL_OFFSET);
}
