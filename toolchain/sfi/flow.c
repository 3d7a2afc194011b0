/* What a statement's neighbours must know of it: where functions start, which labels an indirect jump may
 * reach, how deep the stack is before each statement, and which scratch registers live past each computed
 * goto. */
#include "sfi.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- labels by name ---- */

struct label_table {
    int *slots; /* statement index + 1 */
    size_t size;
};

static size_t hash_name(const char *name) {
    size_t hash = 5381;
    while (*name)
        hash = hash * 33 + (unsigned char)*name++;
    return hash;
}

static int *find_slot(const struct program *program, struct label_table *table, const char *name) {
    size_t at = hash_name(name) & (table->size - 1);
    while (table->slots[at] && strcmp(program->statements[table->slots[at] - 1].name, name) != 0)
        at = (at + 1) & (table->size - 1);
    return &table->slots[at];
}

static bool is_numeric_label(const char *name) {
    return isdigit((unsigned char)*name) && strspn(name, "0123456789") == strlen(name);
}

static struct label_table index_labels(const struct program *program) {
    struct label_table table = {.size = 1024};
    while (table.size < 2 * (size_t)program->count)
        table.size *= 2;
    table.slots = calloc(table.size, sizeof *table.slots);
    if (!table.slots)
        abort();
    for (int i = 0; i < program->count; i++) {
        const struct statement *statement = &program->statements[i];
        if (statement->kind == STATEMENT_LABEL && !is_numeric_label(statement->name))
            *find_slot(program, &table, statement->name) = i + 1;
    }
    return table;
}

/* The statement that a branch operand written at `from` names, or -1. */
int resolve_label(const struct program *program, struct label_table *table, const char *name, int from) {
    size_t digits = strspn(name, "0123456789");
    if (digits && (name[digits] == 'b' || name[digits] == 'f') && !name[digits + 1]) {
        int step = name[digits] == 'b' ? -1 : 1;
        for (int i = from + step; i >= 0 && i < program->count; i += step) {
            const struct statement *statement = &program->statements[i];
            if (statement->kind == STATEMENT_LABEL && strlen(statement->name) == digits &&
                memcmp(statement->name, name, digits) == 0)
                return i;
        }
        return -1;
    }
    return *find_slot(program, table, name) - 1;
}

/* ---- kinds of branches ---- */

static const char *mnemonic_of(const struct statement *statement) {
    return statement->kind == STATEMENT_INSTRUCTION ? statement->name : "";
}

bool is_jump(const struct statement *statement) {
    static const char *const names[] = {"jmp", "jmpq", NULL};
    return is_any(mnemonic_of(statement), names);
}

bool is_conditional(const struct statement *statement) {
    const char *name = mnemonic_of(statement);
    return (name[0] == 'j' && !is_jump(statement)) || starts_with(name, "loop");
}

bool is_call(const struct statement *statement) {
    static const char *const names[] = {"call", "callq", NULL};
    return is_any(mnemonic_of(statement), names);
}

bool is_return(const struct statement *statement) {
    static const char *const names[] = {"ret", "retq", NULL};
    return is_any(mnemonic_of(statement), names);
}

bool ends_flow(const struct statement *statement) {
    static const char *const traps[] = {"ud2", "int3", "hlt", "ud1l", "ud1q", "ud1w", NULL};
    return is_jump(statement) || is_return(statement) || is_any(mnemonic_of(statement), traps);
}

static bool is_indirect(const struct statement *statement) {
    return statement->operand_count == 1 && statement->operands[0].indirect;
}

/* ---- functions and labels whose address is taken ---- */

static bool is_debug_section(const char *arguments) {
    return starts_with(arguments, ".debug") || starts_with(arguments, ".llvm") ||
           starts_with(arguments, ".stack_sizes") || starts_with(arguments, ".eh_frame") ||
           starts_with(arguments, "__patchable");
}

static bool defines_data(const char *directive) {
    static const char *const names[] = {".long",  ".quad",  ".int",   ".4byte", ".8byte",
                                        ".value", ".short", ".2byte", NULL};
    return is_any(directive, names);
}

/* Marks the local labels named in an expression, other than as the right side of a difference. */
static void mark_labels(struct program *program, struct label_table *table, const char *expression,
                        bool in_jump_table) {
    for (const char *at = expression; *at;) {
        size_t length = 0;
        while (isalnum((unsigned char)at[length]) || (at[length] && strchr("._$", at[length])))
            length++;
        if (!length) {
            at++;
            continue;
        }
        char *name = sfi_format("%.*s", (int)length, at);
        int index = isdigit((unsigned char)*name) ? -1 : *find_slot(program, table, name) - 1;
        if (index >= 0 && program->statements[index].in_text && (at == expression || at[-1] != '-')) {
            program->statements[index].address_taken = true;
            program->statements[index].named_elsewhere |= !in_jump_table;
        }
        at += length;
    }
}

static void mark_entries(struct program *program, struct label_table *table) {
    bool debug = false, switch_table = false;
    for (int i = 0; i < program->count; i++) {
        struct statement *statement = &program->statements[i];
        if (statement->kind == STATEMENT_LABEL)
            switch_table = starts_with(statement->name, ".LJTI");
        if (statement->kind == STATEMENT_DIRECTIVE) {
            const char *arguments = statement->text + strlen(statement->name);
            arguments += strspn(arguments, " \t");
            if (strcmp(statement->name, ".type") == 0 && strstr(arguments, "function")) {
                char *name = sfi_format("%.*s", (int)strcspn(arguments, ", \t"), arguments);
                int index = *find_slot(program, table, name) - 1;
                if (index >= 0)
                    program->statements[index].function_entry = true;
            } else if (strcmp(statement->name, ".section") == 0 ||
                       strcmp(statement->name, ".pushsection") == 0) {
                debug = is_debug_section(arguments);
            } else if (strcmp(statement->name, ".text") == 0 || strcmp(statement->name, ".data") == 0) {
                debug = false;
            } else if (!statement->in_text && !debug && defines_data(statement->name)) {
                mark_labels(program, table, arguments, switch_table || in_jump_tables(statement));
            }
        } else if (statement->kind == STATEMENT_LABEL && statement->in_text && !statement->in_asm &&
                   !starts_with(statement->name, ".L") && !is_numeric_label(statement->name)) {
            statement->function_entry = true;
        } else if (statement->kind == STATEMENT_INSTRUCTION && !is_jump(statement) &&
                   !is_conditional(statement) && !is_call(statement)) {
            for (int k = 0; k < statement->operand_count; k++)
                if (statement->operands[k].kind != OPERAND_REGISTER)
                    mark_labels(program, table,
                                statement->operands[k].kind == OPERAND_IMMEDIATE
                                    ? statement->operands[k].text
                                    : statement->operands[k].displacement,
                                false);
        }
    }
    int function = 0;
    for (int i = 0; i < program->count; i++) {
        struct statement *statement = &program->statements[i];
        if (statement->function_entry) {
            function = i;
            statement->address_taken = false; /* has its endbr64, or is reached by direct calls alone */
        }
        statement->function = function;
    }
}

/* The first statement after the function that contains statement `index`. */
static int function_end(const struct program *program, int index) {
    int function = program->statements[index].function;
    while (index < program->count && program->statements[index].function == function)
        index++;
    return index;
}

static bool has_address_taken(const struct program *program, int function) {
    int end = function_end(program, function);
    for (int i = function; i < end; i++)
        if (program->statements[i].address_taken)
            return true;
    return false;
}

/* A jump through the global offset table. */
static bool is_import(const struct statement *statement) {
    const struct operand *target = &statement->operands[0];
    return target->kind == OPERAND_MEMORY && target->rip && strstr(target->displacement, "@GOTPCREL");
}

/* Indirect jumps that stay in their function: to jump tables and taken labels. All others are tail calls. */
static void mark_computed_gotos(struct program *program) {
    for (int i = 0; i < program->count; i++) {
        struct statement *statement = &program->statements[i];
        if (statement->in_text && is_jump(statement) && is_indirect(statement))
            statement->computed_goto = !strstr(statement->comment, "TAILCALL") && !is_import(statement) &&
                                       has_address_taken(program, statement->function);
    }
}

/* The next label that a computed goto may lead to: `*at` counts from 0. Returns -1 behind the last. */
static int next_target(const struct program *program, int index, int first, int end, int *at) {
    int table = program->statements[index].through;
    if (table >= 0)
        return *at < program->statements[table].entry_count ? program->statements[table].entries[(*at)++]
                                                            : -1;
    for (int i = first + *at; i < end; i++)
        if (program->statements[i].address_taken) {
            *at = i + 1 - first;
            return i;
        }
    return -1;
}

static void find_jump_tables(struct program *program, struct label_table *table) {
    int analysed = -1;
    index_tables(program, table);
    for (int i = 0; i < program->count; i++) {
        struct statement *statement = &program->statements[i];
        if (statement->computed_goto && statement->function != analysed) {
            analysed = statement->function;
            find_tables(program, table, analysed, function_end(program, analysed));
        }
    }
}

/* ---- depth ---- */

struct work {
    int *items; /* pairs: statement, depth */
    int count, capacity;
};

/* What stands behind a call, under a label: only if the call returns does it go on there. Many front ends put
 * nothing between a call that doesn't and the next block, so these ways are followed last. */
struct ways {
    struct work first;
    struct work behind_calls; /* triples: statement, depth, the call */
};

static void push_item(struct work *work, int item) {
    if (work->count == work->capacity) {
        work->capacity = work->capacity ? 2 * work->capacity : 256;
        work->items = realloc(work->items, (size_t)work->capacity * sizeof *work->items);
        if (!work->items)
            abort();
    }
    work->items[work->count++] = item;
}

static void push_work(struct work *work, int index, int32_t depth) {
    push_item(work, index);
    push_item(work, depth);
}

static void branch_depth(struct program *program, struct label_table *table, struct work *work, int index,
                         int32_t depth) {
    struct statement *statement = &program->statements[index];
    if (statement->computed_goto) {
        int first = statement->function, end = function_end(program, index), at = 0, target;
        while ((target = next_target(program, index, first, end, &at)) >= 0)
            push_work(work, target, depth);
        return;
    }
    int target =
        is_indirect(statement) ? -1 : resolve_label(program, table, statement->operands[0].text, index);
    if (target >= 0 && !program->statements[target].function_entry)
        push_work(work, target, depth);
    else if (depth != 0)
        refuse(program, statement, 4, "a jump out of the function with %d bytes on the stack", (int)depth);
}

/* Follows the flow from a statement until it meets what is known or an end. */
static void walk(struct program *program, struct label_table *table, struct ways *ways, int index,
                 int32_t depth) {
    int call = -1; /* the instruction before, if it's one */
    for (; index < program->count; index++) {
        struct statement *statement = &program->statements[index];
        if (!statement->in_text || statement->kind == STATEMENT_EMPTY)
            continue;
        if (statement->function_entry && depth != 0) {
            if (call >= 0)
                program->statements[call].never_returns = true;
            return; /* in the text only: what stands before doesn't return */
        }
        if (statement->kind == STATEMENT_LABEL && call >= 0) {
            push_work(&ways->behind_calls, index, depth);
            push_item(&ways->behind_calls, call);
            return;
        }
        if (statement->depth != DEPTH_UNKNOWN) {
            if (statement->depth != depth && statement->kind != STATEMENT_DIRECTIVE)
                refuse(program, statement, 4, "the stack is %d bytes deep on one way here and %d on another",
                       (int)statement->depth, (int)depth);
            if (statement->kind != STATEMENT_DIRECTIVE)
                return;
        }
        statement->depth = depth;
        if (statement->kind != STATEMENT_INSTRUCTION)
            continue;
        if (is_return(statement) && depth != 0)
            refuse(program, statement, 4, "a return with %d bytes on the stack", (int)depth);
        if ((is_jump(statement) || is_conditional(statement)) && statement->operand_count == 1)
            branch_depth(program, table, &ways->first, index, depth);
        if (ends_flow(statement))
            return;
        call = is_call(statement) ? index : -1;
        depth += stack_effect(statement);
        if (depth < 0) {
            refuse(program, statement, 4, "pops the return address; the data stack holds none");
            return;
        }
    }
}

static void drain(struct program *program, struct label_table *table, struct ways *ways) {
    struct work *work = &ways->first, *behind = &ways->behind_calls;
    for (int next = 0;; next += 3) {
        while (work->count) {
            work->count -= 2;
            walk(program, table, ways, work->items[work->count], work->items[work->count + 1]);
        }
        if (next == behind->count)
            break;
        int index = behind->items[next], depth = behind->items[next + 1];
        int32_t known = program->statements[index].depth;
        if (known == DEPTH_UNKNOWN)
            push_work(work, index, depth);
        else if (known != depth)
            program->statements[behind->items[next + 2]].never_returns = true;
    }
    behind->count = 0;
}

static bool has_jump_tables(const struct program *program) {
    for (int i = 0; i < program->count; i++)
        if (program->statements[i].kind == STATEMENT_LABEL &&
            starts_with(program->statements[i].name, ".LJTI"))
            return true;
    return false;
}

/* Jump tables of one function may stand at different depths: one before the prologue that the compiler
 * delayed, one behind it. A jump is followed to the labels of all of them, so that looks like a conflict. */
static void blame_jump_tables(struct program *program, int errors) {
    if (program->compiler && has_jump_tables(program))
        program->starved += errors;
}

static void find_depths(struct program *program, struct label_table *table) {
    struct ways ways = {0};
    int errors = program->errors;
    for (int i = 0; i < program->count; i++)
        if (program->statements[i].function_entry)
            push_work(&ways.first, i, 0);
    drain(program, table, &ways);
    /* What no known way reaches (after a call that doesn't return, top-level assembly) is as deep as what
     * stands before it in the text. */
    int32_t before = 0;
    for (int i = 0; i < program->count && !program->errors; i++) {
        struct statement *statement = &program->statements[i];
        if (!statement->in_text || statement->kind != STATEMENT_INSTRUCTION)
            continue;
        if (statement->depth == DEPTH_UNKNOWN) {
            push_work(&ways.first, i, before);
            drain(program, table, &ways);
        }
        before = statement->depth;
    }
    blame_jump_tables(program, program->errors - errors);
    free(ways.first.items);
    free(ways.behind_calls.items);
}

/* ---- which registers live past each statement ---- */

#define BIT(reg) ((uint16_t)(1u << (reg)))
static const uint16_t arguments = BIT(RDI) | BIT(RSI) | BIT(RDX) | BIT(RCX) | BIT(R8) | BIT(R9) | BIT(RAX);
const uint16_t callee_saved_registers =
    BIT(RBX) | BIT(R12) | BIT(R13) | BIT(R14) | BIT(R15) | BIT(RSP) | BIT(RBP);
const uint16_t implicit_registers = BIT(RAX) | BIT(RBX) | BIT(RCX) | BIT(RDX) | BIT(RSI) | BIT(RDI);

static uint16_t register_bit(int reg) {
    return reg == NO_REGISTER ? 0 : BIT(reg);
}

static uint16_t named_registers(const struct operand *operand) {
    return register_bit(operand->reg) | register_bit(operand->base) | register_bit(operand->index);
}

static bool has_prefix_in(const char *text, const char *const *prefixes) {
    for (; *prefixes; prefixes++)
        if (starts_with(text, *prefixes))
            return true;
    return false;
}

/* Instructions that may read registers that they don't name. */
bool reads_implicitly(const struct statement *statement) {
    static const char *const prefixes[] = {
        "mul",    "div",  "idiv",  "cqto",  "cltq",        "cltd", "cwt",   "cbt",  "cmpxchg", "cpuid",
        "xgetbv", "loop", "jrcxz", "jecxz", "sha256rnds2", "pcmp", "vpcmp", "sahf", NULL};
    return has_prefix_in(statement->name, prefixes) || is_string_instruction(statement) ||
           (starts_with(statement->name, "imul") && statement->operand_count == 1);
}

bool zeroes(const struct statement *statement) {
    return starts_with(statement->name, "xor") && statement->operand_count == 2 &&
           statement->operands[0].kind == OPERAND_REGISTER && statement->operands[0].reg != NO_REGISTER &&
           statement->operands[0].reg == statement->operands[1].reg;
}

/* Whether the last operand is written without being read. Only forms listed here count: anything else is
 * taken to read what it names. */
bool writes_only(const struct statement *statement) {
    static const char *const prefixes[] = {"mov",   "vmov", "lea",  "pop",      "cvt",       "vcvt", "tzcnt",
                                           "lzcnt", "shlx", "shrx", "sarx",     "rorx",      "andn", "blsr",
                                           "pext",  "pdep", "bzhi", "pmovmskb", "vpmovmskb", "set",  NULL};
    int last = statement->operand_count - 1;
    if (last < 0 || statement->operands[last].kind != OPERAND_REGISTER)
        return false;
    return has_prefix_in(statement->name, prefixes) || starts_with(statement->name, "popcnt") ||
           (starts_with(statement->name, "imul") && statement->operand_count == 3) || zeroes(statement);
}

/* Where clang sends what can't happen: it takes no arguments. */
static bool is_call_of_abort(const struct statement *statement) {
    static const char *const names[] = {"abort", "abort@PLT", NULL};
    return statement->operand_count == 1 && is_any(statement->operands[0].text, names);
}

static uint16_t live_before(const struct statement *statement, uint16_t live) {
    uint16_t used = reads_implicitly(statement) ? implicit_registers : 0;
    if (is_call(statement)) {
        live &= callee_saved_registers;
        used |= is_call_of_abort(statement) ? 0 : arguments;
    }
    int last = statement->operand_count - 1;
    bool pure = writes_only(statement);
    if (pure && statement->operands[last].width >= 32) /* less leaves the rest of the register as it is */
        live &= (uint16_t)~register_bit(statement->operands[last].reg);
    for (int k = 0; k <= last; k++)
        if (!(pure && k == last) && !zeroes(statement))
            used |= named_registers(&statement->operands[k]);
    return live | used;
}

/* What lives after a statement that leaves the function or ends it. */
static uint16_t live_at_exit(const struct statement *statement) {
    if (is_return(statement))
        return callee_saved_registers | BIT(RAX) | BIT(RDX);
    return is_jump(statement) || is_conditional(statement) ? callee_saved_registers | arguments : 0;
}

static uint16_t live_after(struct program *program, struct label_table *table, const uint16_t *before,
                           int first, int end, int index, uint16_t live) {
    const struct statement *statement = &program->statements[index];
    if (ends_flow(statement))
        live = statement->computed_goto ? 0 : live_at_exit(statement);
    if (statement->computed_goto) {
        int at = 0, target;
        while ((target = next_target(program, index, first, end, &at)) >= 0)
            live |= target >= first && target < end ? before[target - first] : UINT16_MAX;
    } else if ((is_jump(statement) || is_conditional(statement)) && !is_indirect(statement)) {
        int target = resolve_label(program, table, statement->operands[0].text, index);
        bool inside = target >= first && target < end && !program->statements[target].function_entry;
        if (is_jump(statement) && inside)
            live = 0;
        live |= inside ? before[target - first] : live_at_exit(statement);
    }
    return live;
}

static void find_liveness(struct program *program, struct label_table *table, int first) {
    int end = function_end(program, first);
    uint16_t *before = calloc((size_t)(end - first) + 1, sizeof *before);
    if (!before)
        abort();
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = end - 1; i >= first; i--) {
            struct statement *statement = &program->statements[i];
            uint16_t live = before[i + 1 - first];
            if (statement->in_text && statement->kind == STATEMENT_INSTRUCTION) {
                live = live_after(program, table, before, first, end, i, live);
                statement->live = live;
                live = live_before(statement, live);
            }
            changed = changed || before[i - first] != live;
            before[i - first] = statement->live_in = live;
        }
    }
    free(before);
}

/* An in-place guard reads the byte before the target too, so a nop stands before every label of its function
 * that an indirect jump may reach. */
static void choose_guards(struct program *program, struct label_table *table) {
    int analysed = -1;
    for (int i = 0; i < program->count; i++) {
        struct statement *statement = &program->statements[i];
        if (!statement->computed_goto)
            continue;
        if (statement->function != analysed) {
            analysed = statement->function;
            find_liveness(program, table, analysed);
            find_table_jumps(program, table, analysed, function_end(program, analysed));
        }
        if (statement->table_jump || statement->goes_to)
            continue;
        int target, scratch;
        choose_branch_registers(statement, &target, &scratch);
        statement->in_place_guard = target != NO_REGISTER && scratch == NO_REGISTER;
        if (!statement->in_place_guard)
            continue;
        int end = function_end(program, i);
        for (int k = statement->function; k < end; k++)
            if (program->statements[k].address_taken)
                program->statements[k].nop_before = true;
    }
}

void analyse_flow(struct program *program) {
    struct label_table table = index_labels(program);
    mark_entries(program, &table);
    mark_computed_gotos(program);
    find_jump_tables(program, &table);
    if (exact_stack)
        count_exact_depths(program);
    else
        find_depths(program, &table);
    choose_guards(program, &table);
    free(table.slots);
}
