/* Unwind and debug information for the rewritten code.
 *
 * The hardware stack holds the return address at (%rsp) throughout a function, which is what a frame
 * description says at a function's start: so the compiler's own changes to it are dropped, and what's left to
 * describe is the caller's %rbp. Variables that the compiler placed relative to %rsp are relative to %rbp. */
#include "sfi.h"

#include <string.h>

/* DWARF 5, 6.4.2.3 and 7.7.1. */
enum { DW_CFA_VAL_EXPRESSION = 0x16, DW_OP_BREG6 = 0x76, DWARF_RBP = 6 };

static int encode_signed(long value, unsigned char *bytes) {
    int count = 0;
    for (;;) {
        unsigned char byte = value & 0x7f;
        value >>= 7;
        bool last = (value == 0 && !(byte & 0x40)) || (value == -1 && (byte & 0x40));
        bytes[count++] = last ? byte : byte | 0x80;
        if (last)
            return count;
    }
}

/* Says that the caller's %rbp is ours plus a constant, once the depth has changed to `depth`. */
void note_frame(struct program *program, int32_t depth) {
    if (!program->in_unwind || exact_stack || depth == program->unwind_depth || depth == DEPTH_UNKNOWN)
        return;
    program->unwind_depth = depth;
    unsigned char offset[10];
    int length = encode_signed(depth ? depth + RETURN_SLOT : 0, offset);
    char list[64] = "";
    for (int i = 0; i < length; i++)
        strcat(list, sfi_format(", 0x%02x", offset[i]));
    emit(program, "\t.cfi_escape\t0x%02x, %d, %d, 0x%02x%s", DW_CFA_VAL_EXPRESSION, DWARF_RBP, length + 1,
         DW_OP_BREG6, list);
}

/* The register's value is on the data stack, which the unwinder can't read: better none than a wrong one. */
void note_saved_register(struct program *program, int reg) {
    if (program->in_unwind && !exact_stack)
        emit(program, "\t.cfi_undefined\t%%%s", register_name(reg, 64));
}

/* ---- --lines: for messages about what the assembler makes of the text ---- */

void mark_line(struct program *program, int index) {
    emit(program, ".Lorc_line%d:", index);
    program->statements[index].marked = true;
}

/* The characters of a string in assembly. */
static void write_string(struct program *program, const char *text) {
    fputs("\t.asciz\t\"", program->out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', program->out);
        fputc(*text == '\t' ? ' ' : *text, program->out);
    }
    fputs("\"\n", program->out);
}

/* One record for each instruction: its address, "FILE:LINE", its text. */
void write_lines(struct program *program) {
    emit(program, "\t.section\t.orc_lines,\"\",@progbits");
    for (int i = 0; i < program->count; i++) {
        const struct statement *statement = &program->statements[i];
        int line;
        if (statement->kind != STATEMENT_INSTRUCTION || !statement->in_text || !statement->marked)
            continue;
        const char *file = source_place(program, statement, &line);
        emit(program, "\t.quad\t.Lorc_line%d", i);
        write_string(program, sfi_format("%s:%d", file, line));
        write_string(program, statement->text);
    }
}

/* Handles a .cfi_ directive; false if it's to be passed on. */
bool rewrite_unwind_directive(struct program *program, struct statement *statement) {
    static const char *const kept[] = {".cfi_startproc",
                                       ".cfi_endproc",
                                       ".cfi_sections",
                                       ".cfi_personality",
                                       ".cfi_lsda",
                                       ".cfi_signal_frame",
                                       ".cfi_undefined",
                                       NULL};
    if (!starts_with(statement->name, ".cfi_"))
        return false;
    if (strcmp(statement->name, ".cfi_startproc") == 0) {
        program->in_unwind = true;
        program->unwind_depth = 0;
    } else if (strcmp(statement->name, ".cfi_endproc") == 0) {
        place_trap(program);
        program->in_unwind = false;
    }
    return !is_any(statement->name, kept);
}

/* The replacement for a byte of a location expression that names %rsp, or NULL. clang says in comments what a
 * byte of debug information is. */
const char *rewrite_debug_byte(struct program *program, int index) {
    const struct statement *statement = &program->statements[index];
    if (!program->compiler || statement->in_text || strcmp(statement->name, ".byte") != 0)
        return NULL;
    if (strstr(statement->comment, "DW_OP_breg7"))
        return "\t.byte\t118";
    if (strstr(statement->comment, "DW_OP_reg7"))
        return "\t.byte\t86";
    if (index > 0 && strcmp(statement->text, ".byte\t87") == 0 &&
        strstr(program->statements[index - 1].comment, "DW_AT_frame_base"))
        return "\t.byte\t86";
    return NULL;
}
