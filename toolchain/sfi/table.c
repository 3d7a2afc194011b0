/* Jumps through tables (rule 7). The compiler's jump tables, and tables of labels that the pass has put into
 * .jump_tables, hold addresses that the verifier has checked: a jump whose index is bounded right before
 * needs no guard, and its targets need no endbr64.
 *
 *   cmpl $LAST,I ; ja DEFAULT ; leal TABLE(%rip),B ; jmp *%gs:(B,I,8)
 *
 * A switch is written by clang as a comparison, then, anywhere behind it, `movslq (B,I,4),M ; addq B,M ; jmpq
 * *M` with B = TABLE, whose entries are relative to it. Which table a register holds is found by following
 * the flow. */
#include "sfi.h"

#include <stdlib.h>
#include <string.h>

#define SECTION ".jump_tables"
#define UNKNOWN (-1)
#define LOOK_BACK 24 /* instructions between a table's index and the jump */

/* What a register holds before a statement: the address of a label, the difference that was read from the
 * switch's table at that label, or an address out of the table there. */
enum value_kind { NOTHING_KNOWN, ADDRESS, DIFFERENCE, TARGET };
struct value {
    enum value_kind kind;
    int label; /* the index of its statement */
};

struct values {
    bool reached;
    struct value registers[16];
};

struct search {
    struct program *program;
    struct label_table *labels;
    int first, end; /* of the function */
    struct values *values;
};

static struct statement *at(const struct search *search, int index) {
    return &search->program->statements[index];
}

/* ---- the tables ---- */

bool in_jump_tables(const struct statement *statement) {
    return starts_with(statement->section, SECTION) &&
           (!statement->section[strlen(SECTION)] || strchr(".,", statement->section[strlen(SECTION)]));
}

/* A table that clang made for a switch, in a section whose name says where it goes. */
static bool is_switch_table(const struct program *program, const struct statement *label) {
    return program->compiler && !label->in_text && label->kind == STATEMENT_LABEL &&
           starts_with(label->name, ".LJTI") && starts_with(label->section, ".rodata");
}

/* Entries of the table at `label`: `.long TARGET-TABLE`, or `.quad TARGET`. `end`: the statement behind them.
 */
static int count_entries(const struct program *program, int label, int *end) {
    bool relative = is_switch_table(program, &program->statements[label]);
    const char *base = sfi_format("-%s", program->statements[label].name);
    int count = 0, i = label + 1;
    for (; i < program->count; i++) {
        const struct statement *entry = &program->statements[i];
        size_t length = strlen(entry->text ? entry->text : "");
        if (entry->kind == STATEMENT_EMPTY)
            continue;
        if (entry->kind != STATEMENT_DIRECTIVE || strcmp(entry->name, relative ? ".long" : ".quad") != 0 ||
            (relative && (length < strlen(base) || strcmp(entry->text + length - strlen(base), base) != 0)))
            break;
        count++;
    }
    *end = i;
    return count;
}

/* The label that an entry names: before the minus, or all of it. */
static int entry_target(const struct program *program, struct label_table *labels,
                        const struct statement *entry) {
    const char *value = entry->text + strlen(entry->name);
    value += strspn(value, " \t");
    return resolve_label(program, labels, sfi_format("%.*s", (int)strcspn(value, "-+ \t"), value), 0);
}

static void index_table(struct program *program, struct label_table *labels, int label) {
    struct statement *table = &program->statements[label];
    int end, found = 0, count = count_entries(program, label, &end);
    int *entries = sfi_allocate((size_t)(count ? count : 1) * sizeof *entries);
    for (int i = label + 1; i < end; i++) {
        const struct statement *entry = &program->statements[i];
        int target = entry->kind == STATEMENT_DIRECTIVE ? entry_target(program, labels, entry) : UNKNOWN;
        if (target >= 0 && program->statements[target].in_text)
            entries[found++] = target;
    }
    /* A table that leads anywhere else is none that a jump could be written for. */
    table->entry_count = found == count ? count : 0;
    table->entries = entries;
}

/* Finds the tables and their entries. */
void index_tables(struct program *program, struct label_table *labels) {
    for (int i = 0; i < program->count; i++) {
        const struct statement *statement = &program->statements[i];
        if (statement->kind == STATEMENT_LABEL && !statement->in_text &&
            (is_switch_table(program, statement) || in_jump_tables(statement)))
            index_table(program, labels, i);
    }
}

/* How many entries the table has that this label stands for; 0: it stands for none. */
static int table_size(const struct search *search, int label, bool relative) {
    if (label < 0 || is_switch_table(search->program, at(search, label)) != relative)
        return 0;
    return at(search, label)->entry_count;
}

/* Writes a switch's table where the verifier knows it. Returns the statement behind it. */
int rewrite_switch_table(struct program *program, int label) {
    const struct statement *table = &program->statements[label];
    const char *rest = table->section + strlen(".rodata"), *flags = strchr(rest, '"');
    int end;
    count_entries(program, label, &end);
    if (flags)
        emit(program, "\t.pushsection\t" SECTION "%.*s\"aw%s", (int)(flags - rest), rest, flags + 2);
    else
        emit(program, "\t.pushsection\t" SECTION "%s,\"aw\",@progbits", rest);
    emit(program, "\t.p2align\t3\n%s:", table->name);
    for (int i = label + 1; i < end; i++) {
        const struct statement *entry = &program->statements[i];
        if (entry->kind == STATEMENT_DIRECTIVE)
            emit(program, "\t.quad\t%.*s",
                 (int)(strlen(entry->text) - strlen(".long\t") - strlen(table->name) - 1),
                 entry->text + strlen(".long\t"));
    }
    emit(program, "\t.popsection");
    return end;
}

/* ---- what registers hold ---- */

static bool writes_all_it_names(const struct statement *statement) {
    static const char *const names[] = {"xchg", "xadd", "cmpxchg", "mulx", NULL};
    for (int i = 0; names[i]; i++)
        if (starts_with(statement->name, names[i]))
            return true;
    return false;
}

static bool only_compares(const struct statement *statement) {
    return (starts_with(statement->name, "cmp") && !starts_with(statement->name, "cmpxchg")) ||
           starts_with(statement->name, "test");
}

/* The registers that a statement may change, as bits. */
static uint16_t changed_registers(const struct statement *statement) {
    uint16_t changed = 0;
    if (statement->kind != STATEMENT_INSTRUCTION || only_compares(statement) || is_jump(statement))
        return is_string_instruction(statement) ? UINT16_MAX : 0;
    if (is_call(statement))
        return (uint16_t)~callee_saved_registers;
    if (reads_implicitly(statement) || starts_with(statement->name, "rdtsc"))
        changed |= implicit_registers;
    int last = statement->operand_count - 1;
    for (int k = writes_all_it_names(statement) ? 0 : last; k >= 0 && k <= last; k++)
        if (statement->operands[k].kind == OPERAND_REGISTER && statement->operands[k].reg != NO_REGISTER)
            changed |= (uint16_t)(1u << statement->operands[k].reg);
    return changed;
}

static bool names_register(const struct statement *statement, int reg) {
    for (int k = 0; k < statement->operand_count; k++) {
        const struct operand *operand = &statement->operands[k];
        if (operand->reg == reg || operand->base == reg || operand->index == reg)
            return true;
    }
    return false;
}

static bool is_named(const struct statement *statement, const char *name) {
    return statement->kind == STATEMENT_INSTRUCTION && strcmp(statement->name, name) == 0;
}

/* The label that `leaq LABEL(%rip),REG` loads, or UNKNOWN. */
static int loaded_label(const struct search *search, const struct statement *statement) {
    const struct operand *source = &statement->operands[0];
    if (!is_named(statement, "leaq") || statement->operand_count != 2 || !source->rip || source->segment)
        return UNKNOWN;
    return resolve_label(search->program, search->labels, source->displacement, 0);
}

static struct value register_value(const struct values *values, const struct operand *operand) {
    bool known = operand->kind == OPERAND_REGISTER && operand->reg != NO_REGISTER;
    return known ? values->registers[operand->reg] : (struct value){0};
}

/* What a load through a table's address and an index reads: `movslq (B,I,4),M`, `movq (B,I,8),M`. */
static struct value loaded_value(const struct search *search, const struct values *values,
                                 const struct operand *source, bool relative) {
    struct value base = {0};
    if (source->kind == OPERAND_MEMORY && !source->segment && source->base != NO_REGISTER &&
        !*source->displacement && source->index != NO_REGISTER)
        base = values->registers[source->base];
    if (base.kind != ADDRESS || !table_size(search, base.label, relative))
        return (struct value){0};
    return (struct value){relative ? DIFFERENCE : TARGET, base.label};
}

/* What the last operand holds behind a statement. */
static struct value computed_value(const struct search *search, const struct statement *statement,
                                   const struct values *before) {
    const struct operand *source = &statement->operands[0];
    int label = loaded_label(search, statement);
    if (label != UNKNOWN)
        return (struct value){ADDRESS, label};
    if (statement->operand_count != 2)
        return (struct value){0};
    if (is_named(statement, "movq"))
        return source->kind == OPERAND_REGISTER ? register_value(before, source)
                                                : loaded_value(search, before, source, false);
    if (is_named(statement, "movslq"))
        return loaded_value(search, before, source, true);
    if (is_named(statement, "addq")) {
        struct value a = register_value(before, source), b = register_value(before, &statement->operands[1]);
        bool sum = (a.kind == ADDRESS && b.kind == DIFFERENCE) || (a.kind == DIFFERENCE && b.kind == ADDRESS);
        if (sum && a.label == b.label)
            return (struct value){TARGET, a.label};
    }
    return (struct value){0};
}

static void transfer(const struct search *search, int index, struct values *values) {
    const struct statement *statement = at(search, index);
    if (!statement->in_text || statement->kind != STATEMENT_INSTRUCTION)
        return;
    struct value computed = computed_value(search, statement, values);
    const struct operand *target = &statement->operands[1];
    uint16_t changed = changed_registers(statement);
    for (int reg = 0; reg < 16; reg++)
        if (changed & 1u << reg)
            values->registers[reg] = (struct value){0};
    if (computed.kind != NOTHING_KNOWN && target->kind == OPERAND_REGISTER && target->reg != NO_REGISTER &&
        target->width == 64)
        values->registers[target->reg] = computed;
}

static bool merge(struct values *into, const struct values *from) {
    bool changed = !into->reached;
    if (!into->reached)
        *into = *from;
    for (int reg = 0; reg < 16; reg++) {
        struct value *a = &into->registers[reg];
        const struct value *b = &from->registers[reg];
        if (a->kind != NOTHING_KNOWN && (a->kind != b->kind || a->label != b->label)) {
            *a = (struct value){0};
            changed = true;
        }
    }
    return changed;
}

static bool merge_at(const struct search *search, int index, const struct values *from) {
    return index >= search->first && index < search->end &&
           merge(&search->values[index - search->first], from);
}

/* The table that an indirect jump goes through, by what registers hold before it; UNKNOWN: another way. */
static int table_of_jump(const struct search *search, int index) {
    const struct operand *target = &at(search, index)->operands[0];
    const struct values *values = &search->values[index - search->first];
    struct value value = target->kind == OPERAND_REGISTER ? register_value(values, target)
                                                          : loaded_value(search, values, target, false);
    return value.kind == TARGET ? value.label : UNKNOWN;
}

static bool follow_jump(const struct search *search, int index, const struct values *after) {
    bool changed = false;
    const int *targets = NULL;
    int table = table_of_jump(search, index), count = table == UNKNOWN ? 0 : at(search, table)->entry_count;
    if (count)
        targets = at(search, table)->entries;
    for (int k = 0; k < count; k++)
        changed |= merge_at(search, targets[k], after);
    for (int i = search->first; !count && i < search->end; i++)
        if (at(search, i)->address_taken)
            changed |= merge_at(search, i, after);
    return changed;
}

static bool follow(const struct search *search, int index) {
    const struct statement *statement = at(search, index);
    struct values after = search->values[index - search->first];
    bool changed = false;
    transfer(search, index, &after);
    if (statement->computed_goto) {
        changed |= follow_jump(search, index, &after);
    } else if ((is_jump(statement) || is_conditional(statement)) && !statement->operands[0].indirect) {
        changed |= merge_at(
            search, resolve_label(search->program, search->labels, statement->operands[0].text, index),
            &after);
    }
    if (!statement->in_text || !ends_flow(statement))
        changed |= merge_at(search, index + 1, &after);
    return changed;
}

/* Finds what registers hold in the function that starts at `first`, and the tables that its indirect jumps go
 * through. */
void find_tables(struct program *program, struct label_table *labels, int first, int end) {
    struct search search = {.program = program, .labels = labels, .first = first, .end = end};
    search.values = calloc((size_t)(end - first) + 1, sizeof *search.values);
    if (!search.values)
        abort();
    search.values[0].reached = true;
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = first; i < end; i++)
            if (search.values[i - first].reached)
                changed |= follow(&search, i);
    }
    for (int i = first; i < end; i++)
        if (at(&search, i)->computed_goto)
            at(&search, i)->through = search.values[i - first].reached ? table_of_jump(&search, i) : UNKNOWN;
    at(&search, first)->values = search.values;
}

/* The label whose address the register holds. */
static int value_of(const struct search *search, int index, int reg) {
    const struct values *values = &search->values[index - search->first];
    bool known = values->reached && reg != NO_REGISTER && values->registers[reg].kind == ADDRESS;
    return known ? values->registers[reg].label : UNKNOWN;
}

/* ---- jumps ---- */

/* The instruction before `index` that leads only here; -1: a label, another section or a branch is in
 * between. */
static int previous(const struct search *search, int index) {
    while (--index >= search->first) {
        const struct statement *statement = at(search, index);
        if (statement->kind == STATEMENT_INSTRUCTION)
            return statement->in_text && !is_call(statement) && !ends_flow(statement) ? index : -1;
        if (statement->kind == STATEMENT_LABEL || !statement->in_text ||
            (statement->kind == STATEMENT_DIRECTIVE && strcmp(statement->name, ".loc") != 0 &&
             !starts_with(statement->name, ".cfi_")))
            return -1;
    }
    return -1;
}

/* Goes back from `index` to the instruction of this name whose last operand is `reg`, over such as don't
 * touch that register; -1 if there's none. */
static int find_back(const struct search *search, int index, const char *name, int reg) {
    for (int steps = 0; steps < LOOK_BACK && (index = previous(search, index)) >= 0; steps++) {
        const struct statement *statement = at(search, index);
        if (is_named(statement, name) && statement->operand_count == 2 &&
            statement->operands[1].kind == OPERAND_REGISTER && statement->operands[1].reg == reg)
            return index;
        if (is_conditional(statement) || names_register(statement, reg) ||
            changed_registers(statement) & 1u << reg)
            return -1;
    }
    return -1;
}

static bool changes_between(const struct search *search, int from, int to, int reg) {
    for (int i = from + 1; i < to; i++)
        if (at(search, i)->in_text && changed_registers(at(search, i)) & 1u << reg)
            return true;
    return false;
}

static bool is_encodable_base(int reg) {
    return reg != NO_REGISTER && reg != RSP && reg != RBP && reg != R13;
}

static bool is_index(int reg) {
    return reg != NO_REGISTER && reg != RSP && reg != RBP;
}

static int free_base(const struct statement *jump, int index) {
    static const int candidates[] = {R11, R10, R9,  R8,  RAX, RCX, RDX,
                                     RSI, RDI, RBX, R12, R14, R15, NO_REGISTER};
    for (int i = 0; candidates[i] != NO_REGISTER; i++)
        if (candidates[i] != index && !(jump->live & 1u << candidates[i]))
            return candidates[i];
    return NO_REGISTER;
}

/* `jmpq *(B,I,8)` through a table of labels, or `movq (B,I,8),M ; jmpq *M`. */
static bool match_label_table(const struct search *search, int index, struct table_jump *jump) {
    const struct operand *target = &at(search, index)->operands[0];
    int load = index, sum = NO_REGISTER;
    if (target->kind == OPERAND_REGISTER && target->reg != NO_REGISTER) {
        load = find_back(search, index, "movq", sum = target->reg);
        if (load < 0 || at(search, index)->live & 1u << sum)
            return false;
        target = &at(search, load)->operands[0];
    }
    if (target->kind != OPERAND_MEMORY || target->segment || *target->displacement || !target->scale ||
        strcmp(target->scale, "8") != 0 || target->base == target->index || !is_index(target->index))
        return false;
    jump->table = value_of(search, load, target->base);
    jump->count = table_size(search, jump->table, false);
    jump->load = load < index ? load : -1, jump->add = -1;
    jump->copies =
        load < index && target->index != sum && changes_between(search, load, index, target->index);
    jump->index = jump->copies ? sum : target->index;
    jump->base =
        sum != jump->index && is_encodable_base(sum) ? sum : free_base(at(search, index), jump->index);
    if (load == index && is_encodable_base(target->base))
        jump->base = target->base; /* it holds the table's address already */
    return jump->count > 0 && jump->base != NO_REGISTER;
}

/* `movslq (B,I,4),M ; addq P,M ; jmpq *M`, or `addq M,P ; jmpq *P`. */
static bool match_switch(const struct search *search, int index, struct table_jump *jump) {
    const struct operand *target = &at(search, index)->operands[0];
    if (target->kind != OPERAND_REGISTER || target->reg == NO_REGISTER)
        return false;
    int add = find_back(search, index, "addq", target->reg);
    if (add < 0 || at(search, add)->operands[0].kind != OPERAND_REGISTER)
        return false;
    int other = at(search, add)->operands[0].reg;
    bool target_is_base = table_size(search, value_of(search, add, target->reg), true) > 0;
    int offset = target_is_base ? other : target->reg, pointer = target_is_base ? target->reg : other;
    int load = find_back(search, add, "movslq", offset);
    if (load < 0 || offset == pointer)
        return false;
    const struct operand *entry = &at(search, load)->operands[0];
    jump->table = value_of(search, add, pointer);
    jump->count = table_size(search, jump->table, true);
    if (!jump->count || entry->kind != OPERAND_MEMORY || entry->segment || *entry->displacement ||
        !entry->scale || strcmp(entry->scale, "4") != 0 || !is_index(entry->index) ||
        entry->base == entry->index || value_of(search, load, entry->base) != jump->table)
        return false;
    for (int i = add + 1; i < index; i++)
        if (at(search, i)->in_text &&
            (names_register(at(search, i), offset) || names_register(at(search, i), target->reg)))
            return false;
    jump->load = load, jump->add = add;
    jump->index =
        changes_between(search, load, index, entry->index) && entry->index != offset ? offset : entry->index;
    jump->copies = jump->index != entry->index;
    /* The pointer holds the table's address already, unless it got another value behind the addition; the
     * sum's register is dead behind the jump. */
    int sum = target->reg;
    bool pointer_stays = pointer == sum || !changes_between(search, add, index, pointer);
    jump->base = pointer_stays && is_encodable_base(pointer) && pointer != jump->index ? pointer
                 : is_encodable_base(sum) && sum != jump->index ? sum
                                                                : free_base(at(search, index), jump->index);
    return jump->base != NO_REGISTER && is_index(jump->index);
}

/* The `leaq TABLE(%rip),BASE` that the sequence does again, if nothing else needs it. */
static void find_address(const struct search *search, int index, struct table_jump *jump) {
    jump->address = -1;
    for (int steps = 0, i = index; steps < LOOK_BACK && (i = previous(search, i)) >= 0; steps++) {
        const struct statement *statement = at(search, i);
        if (statement->replaced_by)
            continue;
        if (loaded_label(search, statement) == jump->table && statement->operands[1].reg == jump->base) {
            jump->address = i;
            return;
        }
        if (is_conditional(statement) || names_register(statement, jump->base) ||
            changed_registers(statement) & 1u << jump->base)
            return;
    }
}

/* Whether the statement may be executed on the way to `target` as well: registers are all that it reads and
 * changes, and what it changes isn't read there. */
static bool is_harmless(const struct statement *statement, const struct statement *target) {
    static const char *const names[] = {"mov", "lea", "xor", "add", "sub", "and", "or",
                                        "shl", "shr", "sar", "inc", "dec", NULL};
    bool known = false;
    for (int i = 0; names[i]; i++)
        known |= starts_with(statement->name, names[i]);
    uint16_t changed = changed_registers(statement);
    if (!known || statement->in_asm || !target || changed & (target->live_in | 1u << RSP | 1u << RBP))
        return false;
    for (int k = 0; k < statement->operand_count; k++) {
        const struct operand *operand = &statement->operands[k];
        if (operand->kind == OPERAND_MEMORY && (!starts_with(statement->name, "lea") || operand->segment))
            return false;
        if (operand->kind == OPERAND_REGISTER && operand->reg == NO_REGISTER)
            return false;
    }
    return statement->operand_count > 0;
}

/* The compiler's own `cmp $LAST,I ; ja DEFAULT` before the jump serves as the bound if it can be moved there.
 */
static void find_bound(const struct search *search, int index, struct table_jump *jump) {
    int above = index;
    jump->compare = -1;
    do
        above = previous(search, above);
    while (above >= 0 && !is_conditional(at(search, above)));
    int compare = above >= 0 ? previous(search, above) : -1;
    if (compare < 0 ||
        (strcmp(at(search, above)->name, "ja") != 0 && strcmp(at(search, above)->name, "jae") != 0))
        return;
    const struct statement *statement = at(search, compare), *target;
    bool wide = is_named(statement, "cmpq");
    int label = resolve_label(search->program, search->labels, at(search, above)->operands[0].text, above);
    long limit;
    if ((!wide && !is_named(statement, "cmpl")) || statement->operand_count != 2 ||
        statement->operands[0].kind != OPERAND_IMMEDIATE || statement->operands[1].kind != OPERAND_REGISTER ||
        statement->operands[1].reg == NO_REGISTER || !parse_number(statement->operands[0].text + 1, &limit) ||
        label < search->first || label >= search->end)
        return;
    limit -= strcmp(at(search, above)->name, "jae") == 0;
    target = at(search, label);
    int reg = jump->copies ? at(search, jump->load)->operands[0].index : jump->index;
    if (statement->operands[1].reg != reg || (wide && jump->copies) || limit < 0 || limit >= jump->count)
        return;
    for (int i = above + 1; i < index; i++) {
        const struct statement *between = at(search, i);
        bool gone = between->replaced_by && i != jump->load;
        if (gone || between->kind != STATEMENT_INSTRUCTION)
            continue;
        if (i == jump->load ? jump->copies && target->live_in & 1u << jump->index
                            : !is_harmless(between, target) || changed_registers(between) & 1u << reg)
            return;
    }
    jump->compare = compare, jump->above = above;
    jump->last = (int)limit, jump->wide = wide;
}

/* A jump through a register that holds a label of the function. */
static int known_target(const struct search *search, int index) {
    const struct operand *target = &at(search, index)->operands[0];
    int label = target->kind == OPERAND_REGISTER ? value_of(search, index, target->reg) : UNKNOWN;
    return label >= search->first && label < search->end && at(search, label)->address_taken ? label
                                                                                             : UNKNOWN;
}

static void plan_jump(const struct search *search, int index) {
    struct statement *statement = at(search, index);
    struct table_jump *jump = sfi_allocate(sizeof *jump);
    int label = known_target(search, index);
    if (label != UNKNOWN) {
        statement->goes_to = at(search, label)->name;
    } else if (match_label_table(search, index, jump) || match_switch(search, index, jump)) {
        jump->last = jump->count - 1;
        statement->table_jump = jump;
    }
}

static bool is_from_switch(const struct search *search, struct value value) {
    return (value.kind == DIFFERENCE || value.kind == TARGET) &&
           is_switch_table(search->program, at(search, value.label));
}

/* Whether the statement reads what was computed for a switch's jump, other than to get there. The jump
 * through the table leaves nothing of that in its registers. */
static bool reads_switch_value(const struct search *search, int index) {
    const struct statement *statement = at(search, index);
    const struct values *values = &search->values[index - search->first];
    if (!statement->in_text || statement->kind != STATEMENT_INSTRUCTION || !values->reached ||
        statement->computed_goto || zeroes(statement) ||
        (is_named(statement, "addq") && computed_value(search, statement, values).kind == TARGET))
        return false;
    for (int k = 0; k < statement->operand_count; k++) {
        const struct operand *operand = &statement->operands[k];
        const int named[] = {operand->reg, operand->base, operand->index};
        bool written = k == statement->operand_count - 1 && writes_only(statement);
        for (int i = written ? 1 : 0; i < 3; i++)
            if (named[i] != NO_REGISTER && is_from_switch(search, values->registers[named[i]]))
                return true;
    }
    return false;
}

/* Switch tables serve one kind of jump only: all or none of a function's. */
static void forget_switches(const struct search *search) {
    for (int i = search->first; i < search->end; i++)
        if (at(search, i)->table_jump &&
            is_switch_table(search->program, at(search, at(search, i)->table_jump->table)))
            at(search, i)->table_jump = NULL;
}

/* The switch's table whose address the statement puts into a register, or UNKNOWN. */
static int moved_table(const struct search *search, int index) {
    const struct statement *statement = at(search, index);
    if (!statement->in_text || statement->kind != STATEMENT_INSTRUCTION)
        return UNKNOWN;
    struct value moved = computed_value(search, statement, &search->values[index - search->first]);
    bool table = moved.kind == ADDRESS && is_switch_table(search->program, at(search, moved.label)) &&
                 statement->operands[1].kind == OPERAND_REGISTER;
    return table ? moved.label : UNKNOWN;
}

/* Marks the tables whose addresses the statement reads from registers, other than to copy them. */
static void note_address_use(const struct search *search, int index) {
    const struct statement *statement = at(search, index);
    const struct values *values = &search->values[index - search->first];
    if (!statement->in_text || statement->kind != STATEMENT_INSTRUCTION || statement->replaced_by ||
        zeroes(statement) || moved_table(search, index) != UNKNOWN)
        return;
    for (int k = 0; k < statement->operand_count; k++) {
        const struct operand *operand = &statement->operands[k];
        const int named[] = {operand->reg, operand->base, operand->index};
        bool written = k == statement->operand_count - 1 && writes_only(statement);
        for (int i = written ? 1 : 0; i < 3; i++)
            if (named[i] != NO_REGISTER && values->registers[named[i]].kind == ADDRESS)
                at(search, values->registers[named[i]].label)->address_needed = true;
    }
}

/* A switch's jump loads the table's address itself: where nothing else reads it, the compiler's own loads go.
 * It puts them at the ends of loops, many for each jump. */
static void drop_addresses(const struct search *search) {
    static const struct table_jump dropped = {.load = -1};
    for (int i = search->first; i < search->end; i++)
        note_address_use(search, i);
    for (int i = search->first; i < search->end; i++) {
        int table = moved_table(search, i);
        if (table != UNKNOWN && !at(search, table)->address_needed)
            at(search, i)->replaced_by = &dropped;
    }
}

static void replace_parts(const struct search *search, const struct table_jump *jump) {
    if (jump->load >= 0)
        at(search, jump->load)->replaced_by = jump;
    if (jump->add >= 0)
        at(search, jump->add)->replaced_by = jump;
    at(search, jump->table)->becomes_jump_table = is_switch_table(search->program, at(search, jump->table));
}

static void replace_bound(const struct search *search, int index) {
    struct table_jump *jump = at(search, index)->table_jump;
    find_address(search, index, jump);
    if (jump->address >= 0)
        at(search, jump->address)->replaced_by = jump;
    find_bound(search, index, jump);
    if (jump->compare >= 0)
        at(search, jump->compare)->replaced_by = at(search, jump->above)->replaced_by = jump;
}

/* Plans the table jumps of the function that starts at `first`. */
void find_table_jumps(struct program *program, struct label_table *labels, int first, int end) {
    struct search search = {.program = program,
                            .labels = labels,
                            .first = first,
                            .end = end,
                            .values = program->statements[first].values};
    bool all = true;
    for (int i = first; i < end; i++)
        if (at(&search, i)->computed_goto) {
            plan_jump(&search, i);
            all &= at(&search, i)->table_jump || at(&search, i)->goes_to;
        }
    for (int i = first; i < end; i++)
        all &= !reads_switch_value(&search, i);
    if (!all)
        forget_switches(&search);
    for (int i = first; i < end; i++)
        if (at(&search, i)->table_jump)
            replace_parts(&search, at(&search, i)->table_jump);
    if (all)
        drop_addresses(&search);
    for (int i = first; i < end; i++) {
        struct statement *statement = at(&search, i);
        if (statement->table_jump)
            replace_bound(&search, i);
        /* Nothing else reads the tables: a label that only they name is reached by no guarded jump. */
        if (all && statement->address_taken && !statement->named_elsewhere)
            statement->unmarked = true;
    }
    free(search.values);
    at(&search, first)->values = NULL;
}

/* What is left of a statement that the jump replaces. */
void rewrite_replaced(struct program *program, int index) {
    const struct statement *statement = &program->statements[index];
    const struct table_jump *jump = statement->replaced_by;
    if (jump->copies && jump->load == index)
        emit(program, "\tmovl\t%%%s, %%%s", register_name(statement->operands[0].index, 32),
             register_name(jump->index, 32));
}

void rewrite_table_jump(struct program *program, const struct statement *statement) {
    const struct table_jump *jump = statement->table_jump;
    const char *bound = register_name(jump->index, jump->wide ? 64 : 32);
    emit(program, "\tcmp%c\t$%d, %%%s", jump->wide ? 'q' : 'l', jump->last, bound);
    emit(program, "\tja\t%s",
         jump->compare >= 0 ? program->statements[jump->above].operands[0].text : trap_label(program));
    emit(program, "\tleal\t%s(%%rip), %%%s", program->statements[jump->table].name,
         register_name(jump->base, 32));
    emit(program, "\tjmpq\t*%%gs:(%%%s,%%%s,8)", register_name(jump->base, 32),
         register_name(jump->index, 32));
}
