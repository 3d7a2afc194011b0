/* bt, bts, btr and btc with memory and the bit's number in a register. The number reaches beyond the operand:
 * it's a signed offset into a string of bits, 2^63 of them in both directions, so the verifier takes no such
 * access. Here the address of the word is computed first. The change is a compare-and-exchange, with `lock`
 * if the source has it: as one instruction does, it happens wholly or not at all if a signal interrupts.
 * Registers and flags are left as the instruction leaves them: the carry flag is the bit's old value, the
 * zero flag stays. */
#include "sfi.h"

#include <string.h>

enum { ADDRESS, NUMBER, WORD, SCRATCH_COUNT };

bool is_bit_string(const struct statement *statement) {
    static const char *const names[] = {"bt",   "btw",  "btl",  "btq", "bts",  "btsw", "btsl", "btsq", "btr",
                                        "btrw", "btrl", "btrq", "btc", "btcw", "btcl", "btcq", NULL};
    return is_any(statement->name, names) && statement->operand_count == 2 &&
           statement->operands[0].kind == OPERAND_REGISTER && statement->operands[1].kind == OPERAND_MEMORY;
}

static void choose_scratch(const struct statement *statement, int *scratch) {
    const struct operand *bit = &statement->operands[0], *memory = &statement->operands[1];
    int count = 0;
    for (int reg = R15; count < SCRATCH_COUNT; reg--)
        if (reg != bit->reg && reg != memory->base && reg != memory->index)
            scratch[count++] = reg;
}

static void spill(struct program *program, int place, int reg) {
    emit(program, "\tmovq\t%%%s, %%gs:%d(%%ebp)", register_name(reg, 64), SPILL_OFFSET - 8 * place);
}

static void unspill(struct program *program, int place, int reg) {
    emit(program, "\tmovq\t%%gs:%d(%%ebp), %%%s", SPILL_OFFSET - 8 * place, register_name(reg, 64));
}

/* Rotations leave the zero flag alone, and so does `lea`. The upper bits of the rotated number don't reach
 * into the 32 bits of the address. */
static void find_word(struct program *program, const struct statement *statement, const int *scratch) {
    const struct operand *bit = &statement->operands[0];
    const char *number = register_name(scratch[NUMBER], 64), *address = register_name(scratch[ADDRESS], 64);
    int shift = bit->width == 64 ? 6 : bit->width == 32 ? 5 : 4;
    emit(program, "\tleaq\t%s, %%%s", unconfined(&statement->operands[1], statement->depth), address);
    emit(program, "\tmov%s\t%%%s, %%%s",
         bit->width == 64   ? "q"
         : bit->width == 32 ? "slq"
                            : "swq",
         register_name(bit->reg, bit->width), number);
    emit(program, "\trorq\t$%d, %%%s", shift, number);
    emit(program, "\tleal\t(%%%s,%%%s,%d), %%%s", address, number, bit->width / 8,
         register_name(scratch[ADDRESS], 32));
    emit(program, "\trolq\t$%d, %%%s", shift, number);
}

static void test_bit(struct program *program, int width, int number, int word) {
    char suffix = width == 64 ? 'q' : width == 32 ? 'l' : 'w';
    emit(program, "\tbt%c\t%%%s, %%%s", suffix, register_name(number, width), register_name(word, width));
}

static void change_bit(struct program *program, const struct statement *statement, const int *scratch) {
    int width = statement->operands[0].width, label = program->next_label++;
    char suffix = width == 64 ? 'q' : width == 32 ? 'l' : 'w';
    const char *address = register_name(scratch[ADDRESS], 32), *word = register_name(scratch[WORD], width);
    int flag = SPILL_OFFSET - 8 * (SCRATCH_COUNT + 1);
    emit(program, "\tsete\t%%gs:%d(%%ebp)", flag);
    emit(program, "\tmov%c\t%%gs:(%%%s), %%%s", suffix, address, register_name(RAX, width));
    emit(program, ".Lorc_bits%d:\n\tmovq\t%%rax, %%%s", label, register_name(scratch[WORD], 64));
    emit(program, "\t%.3s%c\t%%%s, %%%s", statement->name, suffix, register_name(scratch[NUMBER], width),
         word);
    emit(program, "\t%scmpxchg%c\t%%%s, %%gs:(%%%s)", strstr(statement->prefixes, "lock") ? "lock\t" : "",
         suffix, word, address);
    emit(program, "\tjne\t.Lorc_bits%d", label);
    emit(program, "\tcmpb\t$1, %%gs:%d(%%ebp)", flag);
    test_bit(program, width, scratch[NUMBER], RAX);
}

void rewrite_bit_string(struct program *program, struct statement *statement) {
    const struct operand *bit = &statement->operands[0];
    bool changes = starts_with(statement->name, "bts") || starts_with(statement->name, "btr") ||
                   starts_with(statement->name, "btc");
    int scratch[SCRATCH_COUNT];
    if (bit->reg == NO_REGISTER || bit->reg == RSP || bit->width < 16) {
        refuse(program, statement, 4, "the bit's number can't be in this register");
        return;
    }
    choose_scratch(statement, scratch);
    for (int i = 0; i < SCRATCH_COUNT; i++)
        spill(program, i, scratch[i]);
    if (changes)
        spill(program, SCRATCH_COUNT, RAX);
    find_word(program, statement, scratch);
    if (changes) {
        change_bit(program, statement, scratch);
        unspill(program, SCRATCH_COUNT, RAX);
    } else {
        emit(program, "\tmov%c\t%%gs:(%%%s), %%%s",
             bit->width == 64   ? 'q'
             : bit->width == 32 ? 'l'
                                : 'w',
             register_name(scratch[ADDRESS], 32), register_name(scratch[WORD], bit->width));
        test_bit(program, bit->width, scratch[NUMBER], scratch[WORD]);
    }
    for (int i = 0; i < SCRATCH_COUNT; i++)
        unspill(program, i, scratch[i]);
}
