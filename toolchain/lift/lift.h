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

/* A place in a section of the object. */
struct place {
    int section;
    int64_t offset;
    bool ends_table; /* it's the end of the data before it */
};

/* The label that an operand counts from, and the one that is subtracted. */
struct distance {
    const struct note *from, *less; /* or NULL */
};

/* One instruction of a text section. */
struct instruction {
    uint32_t offset;
    uint8_t length;
    ZydisDecodedInstruction decoded;
    ZydisDecodedOperand operands[VISIBLE_OPERANDS]; /* those that assembly text shows */
    uint16_t reads, writes, kills;           /* general registers, a bit each; kills: written as a whole */
    uint32_t vectors;                        /* vector registers that it names, a bit each */
    bool x87;                                /* it names one of the x87 or of MMX, or changes their state */
    uint16_t live;                           /* general registers that are read behind it */
    const struct relocation *relocation;     /* inside it, or NULL */
    const struct note *note;                 /* of an annotated text: file and line, or NULL */
    struct distance displacement, immediate; /* as the source has them, if they are of labels */
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
    int keeper, helper; /* the registers for this: %xmm of that number, or %mm and the number less MMX */
    bool x87;           /* it names registers of the x87 or of MMX, which are the same */
    bool shares_frame;  /* %rbp may come from another file's assembly, or go there */
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
    bool unwind; /* the source has unwind information */
    bool lines;  /* to be written */
    int next_file;
    const char *last_file;
    int64_t last_line; /* that was */
    FILE *out;
    int next_gather;
    int spilled,
        spill_register; /* while an instruction is printed: this register of the source is in that one */
    bool exchanged;     /* ... and this one has changed places with that */
    int exchanged_from, exchanged_to;
};

/* What the user wants left out: names of instruction sets, and patterns of symbols. */
struct omissions {
    char **items;
    size_t count;
    bool unknown_sets; /* all that guest code can't have, with a warning */
};

/* code.c */
void decode_text(struct text *text, const struct object *object, int section);
void find_functions(struct text *text, const struct omissions *omissions);
const struct region *region_of(const struct text *text, const struct instruction *instruction);
/* What a note names; false if it's no place of this object, or one that others may replace. */
bool place_of(const struct object *object, const struct note *note, struct place *place);
/* The instruction's file, NULL if that's not known, and line. */
const char *source_of(const struct object *object, const struct instruction *instruction, int64_t *line);
bool ends_flow(const struct instruction *instruction);
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

/* share.c */
/* Whether it calls assembly of another file, to which %rbp may be an argument or a result. */
bool shares_frame(const struct text *text, const struct instruction *instruction);
/* The symbol is a function that other files' assembly may call so. */
bool is_shared_function(const struct text *text, const struct symbol *symbol);
void print_shared_call(struct text *text, const struct instruction *instruction);
/* The entries for such calls. */
void write_shared_entries(struct text *text);

/* liveness.c */
void find_liveness(struct text *text);

/* spill.c */
#define MMX 32
/* "movq %xmm9, " and the like, of a keeper or a helper. */
const char *keeper_move(const struct text *text, const struct instruction *instruction, int keeper);
const char *keeper_name(int keeper);
/* The x87 must be free of MMX's values where others may use it: before calls and returns. */
void free_x87(struct text *text, const struct instruction *instruction);
/* A general register that isn't `except` and that the instruction doesn't name; *is_free: it holds nothing.
 */
int find_register(const struct instruction *instruction, int except, bool *is_free);
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

/* stack.c */
/* Pushes and pops of memory and of flags; false if it's none. */
bool print_stack_operation(struct text *text, const struct instruction *instruction);

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
bool write_object(const struct object *object, const struct omissions *omissions, bool lines, FILE *out,
                  struct lifted *lifted);
/* accepted.c */
/* The verifier takes this instruction, or the rewriter has something else for it. */
bool is_accepted(const ZydisDecodedInstruction *decoded);
/* It's of a set that programs ask the processor for. */
bool is_optional(const ZydisDecodedInstruction *decoded);

/* distance.c */
/* Writes the difference of labels that a displacement or an immediate is; false if it's none. `value` is what
 * the assembler has computed for it, less the place if there's a relocation. */
bool print_distance(struct text *text, const struct instruction *instruction, const struct distance *distance,
                    int64_t value);
/* The value of the data at this offset of a section, if a note says that it's one; then *size is its size. */
bool write_value(const struct object *object, int section, uint64_t offset, FILE *out, uint64_t *size);
bool is_value(const struct section *section, uint64_t offset);
/* Something there is computed from labels in another way; and it stays what it is, since all of them are in
 * one table, or in one section of data. */
bool is_complex(const struct section *section, uint64_t offset);
bool keeps_value(const struct object *object, const struct section *section, uint64_t offset);

/* tables.c */
/* The data that stand in a text, in a section of their own. */
void write_tables(const struct object *object, int index, FILE *out);
/* The name of one, and how far it is to the place; NULL if the place is in none. */
int64_t table_start(const struct section *section, int64_t offset);
char *table_name(const struct object *object, int section, int64_t offset);

/* The place is in data of a text, or at its end. */
bool is_in_table(const struct object *object, struct place place);
/* Its name, in an expression. */
const char *name_of(const struct object *object, struct place place);
/* The name of a place in a section. */
const char *place_name(const struct object *object, int section, uint64_t offset);
/* The data of a section from one place to another. */
void write_data_range(const struct object *object, int section, uint64_t start, uint64_t end, FILE *out);
/* What a relocation refers to, less its place where the type says so: "symbol+8". */
char *relocation_value(const struct text *text, const struct relocation *relocation, int64_t addend);

#endif
