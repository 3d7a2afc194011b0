/* String instructions (rule 9): their destination is always in the ES segment, whose base is zero, so none
 * can be confined. Each becomes a loop with the same effect on registers, memory and flags; the direction
 * flag is clear in guest code always. */
#include "sfi.h"

#include <string.h>

static int element_size(const char *name) {
    switch (name[strlen(name) - 1]) {
    case 'b':
        return 1;
    case 'w':
        return 2;
    case 'l':
    case 'd':
        return 4;
    case 'q':
        return 8;
    }
    return 0;
}

static bool is_family(const char *name, const char *family) {
    size_t length = strlen(family);
    return strncmp(name, family, length) == 0 && strlen(name) == length + 1 && element_size(name);
}

/* movs and cmps are also the names of sign extensions and of SSE instructions: a string instruction is
 * written without operands or with its %es destination; lods with its (%rsi). */
bool is_string_instruction(const struct statement *statement) {
    static const char *const families[] = {"movs", "stos", "lods", "scas", "cmps"};
    if (statement->kind != STATEMENT_INSTRUCTION)
        return false;
    bool family = false;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        family = family || is_family(statement->name, families[i]);
    if (!family || statement->operand_count == 0)
        return family;
    for (int k = 0; k < statement->operand_count; k++)
        if (statement->operands[k].segment && strcmp(statement->operands[k].segment, "es") == 0)
            return true;
    return starts_with(statement->name, "lods");
}

static void advance(struct program *program, const char *pointer, int size) {
    emit(program, "\tleaq\t%d(%%%s), %%%s", size, pointer, pointer);
}

static char suffix_of(int size) {
    return size == 1 ? 'b' : size == 2 ? 'w' : size == 4 ? 'l' : 'q';
}

/* One step without counting; `scratch` is saved around it. */
static void emit_step(struct program *program, const char *family, int size) {
    const char *scratch = register_name(R11, size * 8), *accumulator = register_name(RAX, size * 8);
    char suffix = suffix_of(size);
    if (strcmp(family, "movs") == 0) {
        emit(program, "\tmov%c\t%%gs:(%%esi), %%%s", suffix, scratch);
        emit(program, "\tmov%c\t%%%s, %%gs:(%%edi)", suffix, scratch);
    } else if (strcmp(family, "stos") == 0) {
        emit(program, "\tmov%c\t%%%s, %%gs:(%%edi)", suffix, accumulator);
    } else if (strcmp(family, "lods") == 0) {
        emit(program, "\tmov%c\t%%gs:(%%esi), %%%s", suffix, accumulator);
    } else if (strcmp(family, "scas") == 0) {
        emit(program, "\tcmp%c\t%%gs:(%%edi), %%%s", suffix, accumulator);
    } else {
        emit(program, "\tmov%c\t%%gs:(%%esi), %%%s", suffix, scratch);
        emit(program, "\tcmp%c\t%%gs:(%%edi), %%%s", suffix, scratch);
    }
    if (strcmp(family, "stos") != 0 && strcmp(family, "scas") != 0)
        advance(program, "rsi", size);
    if (strcmp(family, "lods") != 0)
        advance(program, "rdi", size);
}

void rewrite_string(struct program *program, struct statement *statement) {
    char family[5] = {0};
    memcpy(family, statement->name, 4);
    int size = element_size(statement->name);
    bool compares = strcmp(family, "scas") == 0 || strcmp(family, "cmps") == 0;
    bool needs_scratch = strcmp(family, "movs") == 0 || strcmp(family, "cmps") == 0;
    bool until_equal = strstr(statement->prefixes, "repn") != NULL;
    bool repeats = strstr(statement->prefixes, "rep") != NULL;
    if (needs_scratch)
        emit(program, "\tmovq\t%%r11, %%gs:%d(%%ebp)", SPILL_OFFSET);
    if (repeats) {
        int label = program->next_label++;
        emit(program, ".Lorc_string%d:\n\tjrcxz\t.Lorc_string_end%d", label, label);
        emit_step(program, family, size);
        emit(program, "\tleaq\t-1(%%rcx), %%rcx");
        emit(program, "\t%s\t.Lorc_string%d", !compares ? "jmp" : until_equal ? "jne" : "je", label);
        emit(program, ".Lorc_string_end%d:", label);
    } else {
        emit_step(program, family, size);
    }
    if (needs_scratch)
        emit(program, "\tmovq\t%%gs:%d(%%ebp), %%r11", SPILL_OFFSET);
}
