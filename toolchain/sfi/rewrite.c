/* Writes each statement in its confined form. */
#include "sfi.h"

#include "orc/abi.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void emit(struct program *program, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(program->out, format, arguments);
    va_end(arguments);
    fputc('\n', program->out);
}

/* ---- memory operands ---- */

static const char *shifted(const char *displacement, int shift) {
    if (!shift)
        return displacement;
    char *end;
    long value = strtol(*displacement ? displacement : "0", &end, 0);
    if (*end)
        return sfi_format("%s%+d", displacement, shift);
    return sfi_format("%ld", value + shift);
}

static const char *address(const struct operand *operand, int32_t depth, int width) {
    int shift = operand->base == RSP ? pending(depth) : 0;
    const char *displacement = shifted(operand->displacement, shift);
    if (operand->rip)
        return sfi_format("%s(%%%s)", displacement, width == 32 ? "eip" : "rip");
    int base = operand->base == RSP ? RBP : operand->base;
    const char *index = operand->index == NO_REGISTER
                            ? ""
                            : sfi_format(",%%%s,%s", register_name(operand->index, width),
                                         operand->scale ? operand->scale : "1");
    return sfi_format("%s(%s%s%s)", displacement, base == NO_REGISTER ? "" : "%",
                      base == NO_REGISTER ? "" : register_name(base, width), index);
}

const char *confined(const struct operand *operand, int32_t depth) {
    if (operand->no_register)
        /* the pseudo index makes the assembler take the 32-bit address size */
        return sfi_format("%%gs:%s(,%%eiz,1)", operand->displacement);
    return sfi_format("%%gs:%s", address(operand, depth, 32));
}

const char *unconfined(const struct operand *operand, int32_t depth) {
    return operand->no_register ? operand->text : address(operand, depth, 64);
}

/* ---- thread-local storage ---- */

/* The function that a call or jump through the global offset table (-fno-plt) leads to, for one through the
 * import table; NULL if it's another kind of branch. */
static const char *import_name(const struct statement *statement) {
    const struct operand *target = &statement->operands[0];
    const char *suffix = target->kind == OPERAND_MEMORY ? strstr(target->displacement, "@GOTPCREL") : NULL;
    if (!suffix || !target->rip || (suffix[strlen("@GOTPCREL")] && strcmp(suffix, "@GOTPCREL_NORELAX") != 0))
        return NULL;
    return sfi_format("%.*s@PLT", (int)(suffix - target->displacement), target->displacement);
}

/* Keeps the general-dynamic sequence as long as the psABI's (16 bytes, x86-64 psABI 4.4.6: the linker may
 * relax it), with nops where the ABI has prefixes that the verifier doesn't take. */
static bool rewrite_tls_call(struct program *program, struct statement *statement) {
    if (statement->operand_count == 0)
        return false;
    const char *first =
        statement->operands[0].kind == OPERAND_MEMORY ? statement->operands[0].displacement : "";
    if (starts_with(statement->name, "lea") && (strstr(first, "@TLSGD") || strstr(first, "@tlsgd"))) {
        emit(program, "\tnop\n\tleaq\t%s(%%rip), %s", first, statement->operands[1].text);
        return true;
    }
    if (is_call(statement) && strstr(statement->prefixes, "data16")) {
        const char *import = import_name(statement);
        emit(program, "\tnopl\t(%%rax)\n\tcallq\t%s", import ? import : statement->operands[0].text);
        return true;
    }
    if (strcasestr(first, "@tlsdesc") || strcasestr(first, "@tlscall")) {
        refuse(program, statement, 3, "there are no TLS descriptors: compile with -mtls-dialect=gnu");
        return true;
    }
    return false;
}

static const struct operand *segment_operand(const struct statement *statement) {
    for (int k = 0; k < statement->operand_count; k++)
        if (statement->operands[k].kind == OPERAND_MEMORY && statement->operands[k].segment)
            return &statement->operands[k];
    return NULL;
}

/* A load of %fs:disp: the thread pointer, which is what stands at %fs:0, or what it points to. The load of
 * the thread pointer is all that may name %fs (rule 3). */
static void rewrite_thread_local(struct program *program, struct statement *statement) {
    const struct operand *source = segment_operand(statement), *to = &statement->operands[1];
    if (strcmp(source->segment, "fs") != 0) {
        refuse(program, statement, 2, "the %%%s segment is not for guest code", source->segment);
        return;
    }
    bool loads = is_any(statement->name, (const char *const[]){"mov", "movl", "movq", NULL}) &&
                 source == &statement->operands[0] && source->no_register && statement->operand_count == 2 &&
                 to->kind == OPERAND_REGISTER && to->reg != NO_REGISTER && to->reg != RSP && to->width >= 32;
    if (!loads) {
        refuse(
            program, statement, 3,
            "guest code can't access memory through %%fs; load the thread pointer from %%fs:0 and use that");
        return;
    }
    if (strcmp(source->displacement, "0") == 0) {
        emit(program, "\t%s\t%%fs:%d, %s", statement->name, ORC_THREAD_POINTER, to->text);
        return;
    }
    emit(program, "\tmovq\t%%fs:%d, %%%s", ORC_THREAD_POINTER, register_name(to->reg, 64));
    emit(program, "\t%s\t%%gs:%s(%%%s), %s", statement->name, source->displacement,
         register_name(to->reg, 32), to->text);
}

/* ---- single instructions ---- */

static bool is_plain_nop(const struct statement *statement) {
    return starts_with(statement->name, "nop") || strcmp(statement->name, "endbr64") == 0;
}

/* What can't be made safe at all, by mnemonic. */
static const char *forbidden(const struct statement *statement) {
    static const struct {
        const char *name, *why;
        bool whole; /* the name itself, not all that start with it */
    } list[] = {
        {"syscall", "system calls go through a gate", false},
        {"sysenter", "system calls go through a gate", false},
        {"int", "software interrupts are not for guest code", true},
        {"into", "software interrupts are not for guest code", false},
        {"pushf", "flags can't be saved to or restored from the stack", false},
        {"popf", "flags can't be saved to or restored from the stack", false},
        {"pusha", "not a 64-bit instruction", false},
        {"enter", "frames of the hardware stack are not for guest code", false},
        {"leave", "frames of the hardware stack are not for guest code", false},
        {"frstor", "the whole x87 state can't be exchanged; fldenv, ldmxcsr and fldcw can be had", false},
        {"fnsave", "the whole x87 state can't be exchanged; fnstenv, stmxcsr and fnstcw can be had", false},
        {"fxrstor", "the floating-point control state is the Intravisor's", false},
        {"xrstor", "the extended state is the Intravisor's", false},
        {"fxsave", "the extended state is the Intravisor's", false},
        {"xsave", "the extended state is the Intravisor's", false},
        {"std", "the direction flag stays clear", true},
        {"sahf", "not on the allow-list", false},
        {"lahf", "not on the allow-list", false},
        {"wrfsbase", "segment bases are the Intravisor's", false},
        {"wrgsbase", "segment bases are the Intravisor's", false},
        {"rdfsbase", "segment bases are the Intravisor's", false},
        {"rdgsbase", "segment bases are the Intravisor's", false},
        {"swapgs", "segment bases are the Intravisor's", false},
        {"maskmov", "its address is implicit; store under a mask with vpmaskmov or blend", false},
        {"vmaskmovdqu", "its address is implicit; store under a mask with vpmaskmov or blend", false},
        {"xlat", "its address is implicit", false},
        {"in", "port access is not for guest code", true},
        {"inb", "port access is not for guest code", true},
        {"inw", "port access is not for guest code", true},
        {"inl", "port access is not for guest code", true},
        {"insb", "port access is not for guest code", true},
        {"insw", "port access is not for guest code", true},
        {"insl", "port access is not for guest code", true},
        {"pushw", "only 64-bit registers go on the stack", true},
        {"popw", "only 64-bit registers go on the stack", true},
        {"out", "port access is not for guest code", false},
        {"lret", "far control transfers are not for guest code", false},
        {"lcall", "far control transfers are not for guest code", false},
        {"ljmp", "far control transfers are not for guest code", false},
        {"iret", "far control transfers are not for guest code", false},
        {"xbegin", "transactions are not on the allow-list", false},
        {"cli", "a privileged instruction", false},
        {"sti", "a privileged instruction", false},
        {"rdmsr", "a privileged instruction", false},
        {"wrmsr", "a privileged instruction", false},
        {"rdpmc", "not on the allow-list", false},
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        if (list[i].whole ? strcmp(statement->name, list[i].name) == 0
                          : starts_with(statement->name, list[i].name))
            return list[i].why;
    }
    return NULL;
}

/* clang aligns the stack to 32 bytes for its 32-byte moves of stack slots; here it's aligned to 16, and no
 * function realigns it. Slots are reached through any register, so no 32-byte move asks for alignment. */
static const char *unaligned_name(const struct program *program, const struct statement *statement) {
    static const char *const pairs[][2] = {
        {"vmovaps", "vmovups"}, {"vmovapd", "vmovupd"}, {"vmovdqa", "vmovdqu"}};
    if (!program->compiler || statement->operand_count != 2)
        return statement->name;
    for (int k = 0; k < 2; k++)
        if (statement->operands[k].kind == OPERAND_MEMORY &&
            starts_with(statement->operands[1 - k].text, "%ymm"))
            for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
                if (strcmp(statement->name, pairs[i][0]) == 0)
                    return pairs[i][1];
    return statement->name;
}

/* Whether a constant's little-endian bytes contain the mark (endbr64), which may stand nowhere in text but as
 * an instruction. */
static bool spells_mark(const char *immediate) {
    char *end;
    unsigned long long value = strtoull(immediate + 1 + (immediate[1] == '-'), &end, 0);
    if (*end)
        return false;
    if (immediate[1] == '-')
        value = -value;
    for (int shift = 0; shift <= 32; shift += 8)
        if ((uint32_t)(value >> shift) == 0xfa1e0ff3)
            return true;
    return false;
}

static bool rewrite_marked_constant(struct program *program, struct statement *statement) {
    const struct operand *constant = &statement->operands[0];
    if (statement->operand_count < 1 || constant->kind != OPERAND_IMMEDIATE || !spells_mark(constant->text))
        return false;
    const struct operand *target = &statement->operands[1];
    if (statement->operand_count == 2 && starts_with(statement->name, "mov") &&
        target->kind == OPERAND_REGISTER && target->reg != NO_REGISTER && target->reg != RSP &&
        target->reg != RBP && target->width >= 32) {
        emit(program, "\t%s\t$~(%s), %s\n\tnot%c\t%s", statement->name, constant->text + 1, target->text,
             target->width == 64 ? 'q' : 'l', target->text);
        return true;
    }
    refuse(program, statement, 6,
           "the constant contains the bytes of endbr64; move it into a register first");
    return true;
}

static bool names_frame_register(const struct statement *statement) {
    for (int k = 0; k < statement->operand_count; k++) {
        const struct operand *operand = &statement->operands[k];
        if (operand->reg == RBP || operand->base == RBP || operand->index == RBP || operand->index == RSP)
            return true;
    }
    return false;
}

/* ---- what the processor can do ---- */

/* The function that answers cpuid in a compartment (guest/builtins/cpuid.c); it has the only one itself. */
#define CPUID_FUNCTION "__orc_cpuid"

static bool answers_cpuid(const struct program *program, int index) {
    const char *name = program->statements[program->statements[index].function].name;
    return name && strcmp(name, CPUID_FUNCTION) == 0;
}

/* Programs ask the processor what they may use, and get what a compartment may use. Flags are lost. */
static bool rewrite_processor_query(struct program *program, int index, const char *name) {
    if (strcmp(name, "cpuid") == 0 && !answers_cpuid(program, index)) {
        emit(program, "\t.hidden\t" CPUID_FUNCTION "\n\tcallq\t" CPUID_FUNCTION);
        return true;
    }
    if (strcmp(name, "xgetbv") == 0) {
        /* of the registers that the system keeps, those of x87, SSE and AVX */
        emit(program, "\txgetbv\n\tandl\t$7, %%eax\n\txorl\t%%edx, %%edx");
        return true;
    }
    return false;
}

static const char *hint_of(const struct statement *statement) {
    return starts_with(statement->text, "{")
               ? sfi_format("%.*s ", (int)strcspn(statement->text, "}") + 1, statement->text)
               : "";
}

static void rewrite_operands(struct program *program, struct statement *statement) {
    bool computes = starts_with(statement->name, "lea") || starts_with(statement->name, "nop");
    const char *list = "";
    for (int k = 0; k < statement->operand_count; k++) {
        const struct operand *operand = &statement->operands[k];
        const char *text = operand->text;
        if (operand->kind == OPERAND_MEMORY) {
            if (operand->vector_index) {
                refuse(program, statement, 9, "gathers and scatters are not on the allow-list (-mno-gather)");
                return;
            }
            text = computes ? unconfined(operand, statement->depth) : confined(operand, statement->depth);
        }
        list = sfi_format("%s%s%s", list, k ? ", " : "", text);
    }
    const char *lock = strstr(statement->prefixes, "lock") ? "lock\t" : "";
    emit(program, "\t%s%s%s\t%s", hint_of(statement), lock, unaligned_name(program, statement), list);
}

static void rewrite_branch(struct program *program, struct statement *statement) {
    bool shifts = exact_stack && is_call(statement);
    if (shifts)
        begin_exact_call(program, statement);
    if (statement->operand_count == 1 && statement->operands[0].indirect) {
        const char *import = import_name(statement);
        if (import)
            emit(program, "\t%s\t%s", is_call(statement) ? "callq" : "jmp", import);
        else
            rewrite_indirect_branch(program, statement);
    } else {
        emit(program, "\t%s\t%s", statement->name,
             statement->operand_count ? statement->operands[0].text : "");
    }
    if (shifts)
        end_exact_call(program);
    if (statement->never_returns)
        emit(program, "\tud2");
}

static void rewrite_instruction(struct program *program, struct statement *statement) {
    const char *why = forbidden(statement);
    bool branch = is_jump(statement) || is_conditional(statement) || is_call(statement);
    note_frame(program, statement->depth);
    if (statement->replaced_by) {
        rewrite_replaced(program, (int)(statement - program->statements));
    } else if (statement->table_jump) {
        rewrite_table_jump(program, statement);
    } else if (statement->goes_to) {
        emit(program, "\tjmp\t%s", statement->goes_to);
    } else if (rewrite_processor_query(program, (int)(statement - program->statements), statement->name)) {
        return;
    } else if (is_string_instruction(statement)) {
        rewrite_string(program, statement);
    } else if (why) {
        refuse(program, statement, 1, "%s", why);
    } else if (strcmp(statement->name, "hlt") == 0 || starts_with(statement->name, "ud1")) {
        emit(program, "\tud2"); /* all that these do is to fault */
    } else if (strcmp(statement->name, "cld") == 0) {
        emit(program, "\tnop"); /* it's clear always */
    } else if (is_return(statement)) {
        if (statement->operand_count)
            refuse(program, statement, 4, "a return can't pop arguments");
        else
            emit(program, "\tretq");
    } else if (is_plain_nop(statement)) {
        emit(program, "\t%s", statement->text);
    } else if (names_frame_register(statement)) {
        refuse(program, statement, 4, "%%rbp is the data stack pointer; use another register");
    } else if (rewrite_tls_call(program, statement)) {
    } else if (segment_operand(statement) && !starts_with(statement->name, "lea")) {
        rewrite_thread_local(program, statement);
    } else if (is_mode_change(statement)) {
        rewrite_mode_change(program, statement);
    } else if (branch) {
        rewrite_branch(program, statement);
    } else if (is_bit_string(statement)) {
        rewrite_bit_string(program, statement);
    } else if (!rewrite_marked_constant(program, statement) &&
               !(exact_stack ? rewrite_exact_reference : rewrite_stack_reference)(program, statement)) {
        rewrite_operands(program, statement);
    }
    if (ends_flow(statement))
        place_trap(program); /* nothing falls into it here, and a near trap makes short branches */
}

/* ---- labels and directives ---- */

/* The labels from `first` on that mark one place. */
static int end_of_labels(const struct program *program, int first) {
    int i = first;
    while (i < program->count &&
           (program->statements[i].kind == STATEMENT_LABEL || program->statements[i].kind == STATEMENT_EMPTY))
        i++;
    return i;
}

static bool starts_with_mark(const struct program *program, int index) {
    for (; index < program->count; index++) {
        const struct statement *statement = &program->statements[index];
        if (statement->kind == STATEMENT_INSTRUCTION)
            return strcmp(statement->name, "endbr64") == 0;
        if (statement->kind == STATEMENT_DIRECTIVE && !starts_with(statement->name, ".cfi_") &&
            strcmp(statement->name, ".loc") != 0)
            return false;
    }
    return false;
}

static int rewrite_labels(struct program *program, int first) {
    int end = end_of_labels(program, first);
    bool taken = false, nop = false, unmarked = false;
    for (int i = first; i < end; i++) {
        taken |= program->statements[i].address_taken && !program->statements[i].unmarked;
        unmarked |= program->statements[i].unmarked;
        nop |= program->statements[i].nop_before;
    }
    if (nop)
        emit(program, "\tnop");
    for (int i = first; i < end; i++)
        if (program->statements[i].kind == STATEMENT_LABEL)
            emit(program, "%s:", program->statements[i].name);
    if (taken && program->statements[first].in_text && !starts_with_mark(program, end))
        emit(program, "\tendbr64");
    while (unmarked && !taken && program->compiler && end < program->count &&
           strcmp(program->statements[end].text ? program->statements[end].text : "", "endbr64") == 0)
        end++;
    return end;
}

static bool is_data(const char *directive) {
    static const char *const names[] = {".byte",   ".short",  ".value",   ".2byte",   ".long",  ".int",
                                        ".4byte",  ".quad",   ".8byte",   ".octa",    ".ascii", ".asciz",
                                        ".string", ".float",  ".double",  ".zero",    ".space", ".skip",
                                        ".fill",   ".incbin", ".uleb128", ".sleb128", NULL};
    return is_any(directive, names);
}

static bool is_macro_language(const char *directive) {
    static const char *const names[] = {".macro",  ".rept",   ".irp",     ".irpc",     ".if",
                                        ".ifdef",  ".ifndef", ".include", ".altmacro", ".intel_syntax",
                                        ".code32", ".code16", NULL};
    return is_any(directive, names);
}

static void rewrite_directive(struct program *program, int index) {
    struct statement *statement = &program->statements[index];
    if (rewrite_unwind_directive(program, statement))
        return;
    if (strcmp(statement->name, ".size") == 0 && statement->in_text)
        place_trap(program);
    if (statement->in_text && is_data(statement->name)) {
        refuse(
            program, statement, 1,
            "data in a text section that spells no whole instruction, or one that depends on its place: put "
            "data into .rodata, and write instructions by their names and branches with labels");
        return;
    }
    if (is_macro_language(statement->name)) {
        refuse(program, statement, 1, "expand this first (orc-cc does it for .s and .S files)");
        return;
    }
    const char *replacement = rewrite_debug_byte(program, index);
    if (replacement)
        emit(program, "%s", replacement);
    else
        emit(program, "\t%s", statement->text);
}

static bool leaves_section(const struct statement *statement) {
    static const char *const names[] = {".section", ".text", ".data", ".bss", NULL};
    return statement->kind == STATEMENT_DIRECTIVE && is_any(statement->name, names);
}

void rewrite_program(struct program *program) {
    for (int i = 0; i < program->count;) {
        struct statement *statement = &program->statements[i];
        if (program->trap && (statement->function_entry || leaves_section(statement)))
            place_trap(program);
        if (program->marks_lines && statement->kind == STATEMENT_INSTRUCTION && statement->in_text)
            mark_line(program, i);
        if (statement->becomes_jump_table) {
            i = rewrite_switch_table(program, i);
        } else if (statement->kind == STATEMENT_LABEL) {
            i = rewrite_labels(program, i);
        } else if (statement->kind == STATEMENT_INSTRUCTION && !statement->in_text) {
            refuse(program, statement, 1, "code in a section that isn't executable");
            i++;
        } else if (is_stack_operation(statement)) {
            i = rewrite_stack_run(program, i);
        } else {
            if (!statement->replaced_by && begins_guard(program, i)) {
                emit(program, "\taddl\t%%%s, %%%s", register_name(statement->operands[0].reg, 32),
                     register_name(statement->operands[1].reg, 32));
                program->guard_begun = true;
            } else if (statement->kind == STATEMENT_INSTRUCTION) {
                rewrite_instruction(program, statement);
            }
            if (statement->kind == STATEMENT_DIRECTIVE)
                rewrite_directive(program, i);
            i++;
        }
    }
    place_trap(program);
    if (program->marks_lines)
        write_lines(program);
}
