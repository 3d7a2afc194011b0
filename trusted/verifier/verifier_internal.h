/* What the verifier's files share. Private to this folder. */
#ifndef ORC_VERIFIER_INTERNAL_H
#define ORC_VERIFIER_INTERNAL_H

#include "orc/verifier.h"

#include <Zydis/Zydis.h>

enum instruction_kind {
    KIND_NONE,        /* not decoded, or rejected */
    KIND_PLAIN,       /* nothing left to check */
    KIND_BRANCH,      /* direct jump or call: rule 5 checks the target */
    KIND_CODE_READ,   /* reads outside the slot: breaks rule 2 unless it stands in a guarded sequence */
    KIND_THROUGH_REG, /* indirect jump or call through a register: breaks rule 6 unless in a guarded sequence
                       */
    KIND_THROUGH_TABLE, /* jump or call through %gs:disp(%eip): rule 7 checks the address */
    KIND_TABLE_JUMP,    /* jump through %gs:(%eXX,%eYY,N): breaks rule 7 unless it ends a guarded sequence */
};

/* Which operand a 32-bit mov sets, and so zero-extends: a guarded sequence may follow. */
enum zero_extended { ZERO_EXTENDS_NOTHING, ZERO_EXTENDS_REG, ZERO_EXTENDS_RM };

struct violation {
    int rule;
    const char *reason;
};

#define MAX_VIOLATIONS 3

/* One instruction, judged on its own. */
struct instruction {
    uint8_t length;
    uint8_t kind;
    uint8_t zero_extended;  /* enum zero_extended */
    uint8_t relative_bytes; /* KIND_BRANCH: width of the displacement that ends the instruction */
    uint8_t header_length;  /* bytes before displacement and immediates, if the judgement follows from their
                               shape; or 0 */
};

/* The rules that an instruction breaks; with KIND_CODE_READ, KIND_THROUGH_REG and KIND_TABLE_JUMP, outside a
 * guarded sequence. */
struct violations {
    unsigned count;
    struct violation list[MAX_VIOLATIONS];
};

/* Judges the instruction at bytes, of which `available` may be read (at least 1): rules 1 to 4 and the forms
 * of branches. */
struct instruction orc_judge_instruction(const ZydisDecoder *decoder, const uint8_t *bytes, size_t available,
                                         struct violations *violations);

/* The rest of a guarded sequence, as found by orc_match_guard. Offsets count from its first byte. */
struct guard {
    unsigned length;
    unsigned trap_count;
    struct {
        unsigned start;
        unsigned length;
        int32_t displacement; /* from start + length */
    } traps[2];
};

/* Matches the bytes that follow a zero-extension of `target_register` against the guarded sequences of
 * rule 6. True if the whole of one lies there. */
bool orc_match_guard(const uint8_t *bytes, size_t available, unsigned target_register, struct guard *guard);

/* Where the instructions of a table jump begin, and where the last one ends. */
enum { TABLE_COMPARE, TABLE_BRANCH, TABLE_ADDRESS, TABLE_JUMP, TABLE_END, TABLE_PLACES };

struct table_jump {
    int32_t table; /* from the end of the instruction at TABLE_ADDRESS */
    int32_t last;  /* the highest index, not negative */
};

/* Matches four instructions that stand one behind the other against the guarded sequence of rule 7. */
bool orc_match_table_jump(const uint8_t *bytes, const size_t places[TABLE_PLACES], struct table_jump *jump);

#endif
