/* From an assembled object back to assembly text. Shared declarations.
 *
 * Data flows one way: object.c reads the object; code.c decodes its text and finds labels, functions and the
 * regions that jump to each other; registers.c finds another register for %rbp, and spill.c makes one free
 * where all are in use; print.c and gather.c write instructions; write.c writes the sections around them. */
#ifndef ORC_LIFT_LIFT_H
#define ORC_LIFT_LIFT_H

#include "object.h"

#include <Zydis/Zydis.h>
#include <stdio.h>

#define VISIBLE_OPERANDS 5
#define NONE (-1)

/* One instruction of a text section. */
struct instruction {
    uint32_t offset;
    uint8_t length;
    ZydisDecodedInstruction decoded;
    ZydisDecodedOperand operands[VISIBLE_OPERANDS]; /* those that assembly text shows */
    uint16_t reads, writes, kills;       /* general registers, a bit each; kills: written as a whole */
    uint32_t vectors;                    /* vector registers that it names, a bit each */
    uint16_t live;                       /* general registers that are read behind it */
    const struct relocation *relocation; /* inside it, or NULL */
    int target; /* the instruction of this section that it branches to or whose address it takes, or NONE */
    int region; /* which one it belongs to */
    bool label; /* something refers to it */
    bool function; /* a symbol of others', called, or its address is taken */
    bool marked;   /* an indirect branch may reach it: it needs an endbr64 */
    bool padding;  /* a nop that only aligns what comes next */
};

/* From one function symbol to the next. */
struct region {
    const char *name; /* "" before the first */
    int first, end;   /* instructions */
    int group;        /* the first of the regions that it's connected with by branches */
    bool omitted;
    bool vex; /* it uses AVX */
    /* Of a group, in its first region: */
    uint16_t registers; /* general registers that it names, a bit each */
    uint32_t vectors;   /* vector registers */
    int replacement;    /* the register that it uses for what the source calls %rbp, or NONE */
    int spilled;        /* the source's register that is kept in a vector register, or NONE */
    int keeper, helper; /* the vector registers for this */
};

struct text {
    const struct object *object;
    int section; /* its index */
    struct instruction *instructions;
    int count;
    int *at; /* by offset: the instruction that begins there, or NONE; one more than the section has bytes */
    struct region *regions;
    int region_count;
    int errors;
    FILE *out;
    int next_gather;
    int spilled,
        spill_register; /* while an instruction is printed: this register of the source is in that one */
};

/* What the user wants left out: names of instruction sets, and patterns of symbols. */
struct omissions {
    char **items;
    size_t count;
};

/* code.c */
void decode_text(struct text *text, const struct object *object, int section);
void find_functions(struct text *text, const struct omissions *omissions);
const struct region *region_of(const struct text *text, const struct instruction *instruction);
/* "FILE: FUNCTION+OFFSET: error: rule N: INSTRUCTION: why" */
void refuse(struct text *text, const struct instruction *instruction, int rule, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* registers.c */
enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };
int general_register(ZydisRegister name); /* its number, or NONE */
ZydisRegister same_class(ZydisRegister name,
                         int number); /* the register of the same width with another number */
void note_registers(struct instruction *instruction, const ZydisDecodedOperand *operands);
bool calls_out(
    const struct instruction *instruction); /* to code that keeps the callee-saved registers only */
const struct region *group_of(const struct text *text, const struct instruction *instruction);
void rename_frame_register(struct text *text);
ZydisRegister renamed(const struct text *text, const struct instruction *instruction, ZydisRegister name);

/* liveness.c */
void find_liveness(struct text *text);

/* spill.c */
void choose_spill(struct text *text, struct region *group);
/* Before and after an instruction of a group with a spilled register: moves to and from its keeper. */
void print_spilled(struct text *text, const struct instruction *instruction);

/* print.c */
void emit(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void print_instruction(struct text *text, const struct instruction *instruction);
void print_plain(struct text *text, const struct instruction *instruction);
void print_register(struct text *text, const struct instruction *instruction, ZydisRegister name);
void print_memory(struct text *text, const struct instruction *instruction,
                  const ZydisDecodedOperand *operand);

/* gather.c */
bool is_gather(const struct instruction *instruction);
void print_gather(struct text *text, const struct instruction *instruction);

/* write.c */
struct written {
    long position; /* in the text, from which on ... */
    const char *function;
};
struct lifted {
    struct written *functions;
    size_t count;
};
/* Writes the object as assembly text. False: something was refused, and the messages have been printed. */
bool write_object(const struct object *object, const struct omissions *omissions, FILE *out,
                  struct lifted *lifted);
/* The name of a place in a section. */
const char *place_name(const struct object *object, int section, uint64_t offset);
/* What a relocation refers to, less its place where the type says so: "symbol+8". */
char *relocation_value(const struct text *text, const struct relocation *relocation, int64_t addend);

#endif
