/* orc-sfi: AT&T assembly in, confined AT&T assembly out. Shared declarations.
 *
 * Data flows one way: text.c splits the input into statements and parses them; bytes.c makes instructions of
 * what is spelled as data; flow.c finds functions, the depth of the compiler's stack at every statement, and
 * which scratch registers are free at computed gotos; rewrite.c writes each statement in its confined form,
 * with the help of frame.c and exact.c (stack), guard.c (indirect branches), table.c (jump tables), string.c
 * (string instructions), bits.c (strings of bits), float.c (floating-point modes) and debug.c (unwind and debug
 * information). */
#ifndef ORC_SFI_H
#define ORC_SFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* General registers by their hardware number. */
enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15, NO_REGISTER = -1 };

enum operand_kind { OPERAND_IMMEDIATE, OPERAND_REGISTER, OPERAND_MEMORY };

struct operand {
    enum operand_kind kind;
    bool indirect;    /* written with a star: the target of an indirect branch */
    const char *text; /* as written, less the star */
    int reg, width;   /* a general register: number and bits; else NO_REGISTER */
    /* memory */
    const char *segment;      /* "fs", or NULL */
    const char *displacement; /* as written, may be "" */
    int base, index;
    bool rip;          /* base is %rip or %eip */
    bool vector_index; /* a gather's index */
    bool no_register;  /* displacement alone */
    const char *scale; /* NULL, or "1", "2", "4", "8" */
};

enum statement_kind { STATEMENT_EMPTY, STATEMENT_LABEL, STATEMENT_DIRECTIVE, STATEMENT_INSTRUCTION };

/* A jump through a table, as table.c has planned it. Statements by their indices; -1: there's none. */
struct table_jump {
    int table, count;   /* the table's label, its entries */
    int index, base;    /* registers */
    int load, add;      /* the statements that computed the target */
    int address;        /* the one that put the table's address into the base */
    int compare, above; /* the statements that bounded the index, if they do it here */
    int last;           /* the highest index */
    bool wide;          /* compared in 64 bits */
    bool copies;        /* at `load` the index is copied, as its register changes before the jump */
};

#define MAX_OPERANDS 5
#define DEPTH_UNKNOWN INT32_MIN

struct statement {
    enum statement_kind kind;
    int line;        /* of the assembly text */
    int source_file; /* of the last .loc, 0 if none */
    int source_line;
    const char *text;     /* the statement, trimmed, without comment */
    const char *comment;  /* what followed on its line, or "" */
    const char *name;     /* a label's name, a directive's name, a mnemonic */
    const char *prefixes; /* of an instruction: "lock " or "" ... */
    struct operand operands[MAX_OPERANDS];
    int operand_count;
    bool in_text;        /* the section is executable */
    bool in_asm;         /* from an inline-assembly statement */
    const char *section; /* the arguments of its directive */

    /* filled in by flow.c */
    bool function_entry;
    bool address_taken;   /* a label that an indirect jump may reach */
    bool named_elsewhere; /* ... and that something else than jump tables names */
    bool unmarked;        /* ... and that needs no endbr64, since only table jumps reach it */
    int32_t depth;    /* bytes between the stack pointer at the function's entry and before this statement */
    int function;     /* index of the statement that starts the function */
    uint16_t live_in; /* a bit a register: its value is read from this statement on, or behind it */
    uint16_t
        live; /* a bit a register: its value is read after this statement (computed gotos' functions only) */
    bool computed_goto;  /* an indirect jump within the function */
    bool in_place_guard; /* its guard may use no scratch register */
    bool nop_before;     /* a label that in-place guards reach: a nop stands before its endbr64 */
    bool marked;         /* a label for --lines stands before it */
    bool never_returns;  /* a call: what stands behind it is for others */
    struct table_jump *table_jump;
    int through;        /* a computed goto: the label of the table that its target is from, or -1 */
    const int *entries; /* a table's label: the labels in it */
    int entry_count;
    struct values *values;                /* at a function's start, while table.c needs them */
    const char *goes_to;                  /* a computed goto to this label alone */
    const struct table_jump *replaced_by; /* the table jump that does what this statement did */
    bool becomes_jump_table;              /* the label of a switch's table */
    bool address_needed;                  /* a table: more than the jumps through it reads its address */
};

struct program {
    struct statement *statements;
    int count;
    const char *file;     /* for messages */
    const char **sources; /* .file table, by number */
    int source_count;
    bool compiler;    /* the text comes from clang, not from a person */
    bool marks_lines; /* --lines */
    FILE *out;
    int errors;
    int starved; /* errors that jump tables may have caused: no register left for a guard, depths that seem to
                    conflict */
    int next_label;       /* for labels that the rewriter makes */
    bool guard_begun;     /* the last instruction zero-extended the target of the branch that comes next */
    const char *trap;     /* this function's trap label, once it is needed; not yet placed */
    int32_t unwind_depth; /* what the emitted unwind information says the depth is */
    bool in_unwind;       /* between .cfi_startproc and .cfi_endproc */
};

/* text.c */
void *sfi_allocate(size_t size);
char *sfi_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
void parse_program(struct program *program, char *text);
void parse_instruction(struct statement *statement); /* from its text */
bool starts_with(const char *text, const char *prefix);
bool is_any(const char *text, const char *const *list);
const char *register_name(int reg, int width);
/* Where a statement comes from: its file and line in the source if they are known. */
const char *source_place(const struct program *program, const struct statement *statement, int *line);
/* Reports a construct that can't be confined, by file, line, rule of the design and reason. */
void refuse(struct program *program, const struct statement *statement, int rule, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* bytes.c */
void read_bytes(struct program *program);

/* flow.c */
struct label_table;
extern const uint16_t callee_saved_registers, implicit_registers; /* a bit a register */
/* The statement of the label that an operand written at `from` names, or -1. */
int resolve_label(const struct program *program, struct label_table *table, const char *name, int from);
bool reads_implicitly(const struct statement *statement);
bool writes_only(const struct statement *statement); /* its last operand */
bool zeroes(const struct statement *statement);
void analyse_flow(struct program *program);
bool ends_flow(const struct statement *statement);
bool is_jump(const struct statement *statement);
bool is_conditional(const struct statement *statement);
bool is_call(const struct statement *statement);
bool is_return(const struct statement *statement);

/* frame.c: the compiler's %rsp is kept in %rbp. Inside a frame %rbp is that very value; outside (depth 0)
 * it's 8 more, since `call` pushes nothing here. */
#define RETURN_SLOT 8
#define SPILL_OFFSET (-RETURN_SLOT - 128 - 8) /* from %rbp: below the compiler's red zone */
bool parse_number(const char *text, long *value);
int32_t stack_effect(const struct statement *statement); /* bytes by which the depth grows */
bool is_stack_operation(const struct statement *statement);
int pending(int32_t depth); /* the compiler's %rsp less ours, in bytes */
int rewrite_stack_run(struct program *program, int first);
bool rewrite_stack_reference(struct program *program, struct statement *statement);

/* exact.c */
extern bool exact_stack, exact_shifted; /* shifted: %rbp is the stack pointer itself just now */
void count_exact_depths(struct program *program);
void begin_exact_call(struct program *program, struct statement *statement);
void end_exact_call(struct program *program);
bool rewrite_exact_reference(struct program *program, struct statement *statement);

/* guard.c */
void choose_branch_registers(const struct statement *statement, int *target, int *scratch);
bool begins_guard(const struct program *program, int index);
void rewrite_indirect_branch(struct program *program, struct statement *statement);
void place_trap(struct program *program);
const char *trap_label(struct program *program);

/* table.c */
struct values;
bool in_jump_tables(const struct statement *statement);
void index_tables(struct program *program, struct label_table *labels);
void find_tables(struct program *program, struct label_table *labels, int first, int end);
void find_table_jumps(struct program *program, struct label_table *labels, int first, int end);
void rewrite_table_jump(struct program *program, const struct statement *statement);
void rewrite_replaced(struct program *program, int index);
int rewrite_switch_table(struct program *program, int label);

/* string.c */
bool is_string_instruction(const struct statement *statement);
void rewrite_string(struct program *program, struct statement *statement);

/* bits.c */
bool is_bit_string(const struct statement *statement);
void rewrite_bit_string(struct program *program, struct statement *statement);

/* float.c */
bool is_mode_change(const struct statement *statement);
void rewrite_mode_change(struct program *program, struct statement *statement);

/* debug.c */
void mark_line(struct program *program, int index);
void write_lines(struct program *program);
bool rewrite_unwind_directive(struct program *program, struct statement *statement);
void note_frame(struct program *program, int32_t depth);
void note_saved_register(struct program *program, int reg);
const char *rewrite_debug_byte(struct program *program, int index);

/* rewrite.c */
void rewrite_program(struct program *program);
void emit(struct program *program, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A memory operand in its confined form; `shift` is added to the displacement of stack references. */
const char *confined(const struct operand *operand, int32_t depth);
const char *unconfined(const struct operand *operand,
                       int32_t depth); /* for lea and nop: no segment, 64-bit names */

#endif
