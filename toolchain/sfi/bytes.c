/* Instructions that a source spells as data, for assemblers that didn't know them: they become the statements
 * that they spell, before anything else looks at the text. The run of data directives has to spell whole
 * instructions; a prefix at its end goes to the instruction behind it. What isn't code, or depends on where
 * it stands, stays as it is and is refused later. */
#include "sfi.h"

#include "../common/att.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES 65536

struct run {
    uint8_t bytes[MAX_BYTES];
    size_t count;
};

static bool append(struct run *run, uint64_t value, size_t size) {
    if (run->count + size > MAX_BYTES)
        return false;
    for (size_t i = 0; i < size; i++)
        run->bytes[run->count++] = (uint8_t)(i < 8 ? value >> 8 * i : 0);
    return true;
}

static size_t element_size(const char *directive) {
    static const struct {
        const char *name;
        size_t size;
    } list[] = {{".byte", 1}, {".short", 2}, {".value", 2}, {".word", 2}, {".2byte", 2}, {".hword", 2},
                {".long", 4}, {".int", 4},   {".4byte", 4}, {".quad", 8}, {".8byte", 8}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (strcmp(directive, list[i].name) == 0)
            return list[i].size;
    return 0;
}

static bool append_numbers(struct run *run, const char *at, size_t size) {
    for (;;) {
        at += strspn(at, " \t");
        bool negative = *at == '-';
        char *end;
        uint64_t value = strtoull(at + negative, &end, 0);
        if (end == at + negative || !isdigit((unsigned char)at[negative]))
            return false;
        end += strspn(end, " \t");
        if ((*end && *end != ',') || !append(run, negative ? -value : value, size))
            return false;
        if (!*end)
            return true;
        at = end + 1;
    }
}

/* One character of a string, an escape sequence perhaps. */
static int next_character(const char **at) {
    static const char escapes[] = "b\bf\fn\nr\rt\t\"\"\\\\";
    const char *p = *at;
    if (*p != '\\')
        return (unsigned char)*(*at)++;
    p++;
    int value = 0, digits = 0;
    if (*p == 'x' || *p == 'X') {
        value = (int)strtoul(p + 1, (char **)at, 16) & 0xff;
        return value;
    }
    for (; digits < 3 && *p >= '0' && *p <= '7'; digits++)
        value = value * 8 + *p++ - '0';
    for (const char *escape = escapes; !digits && *escape; escape += 2)
        if (*p == escape[0]) {
            *at = p + 1;
            return escape[1];
        }
    *at = p;
    return digits ? value & 0xff : '\\';
}

static bool append_strings(struct run *run, const char *at, bool ends_in_null) {
    for (;;) {
        at += strspn(at, " \t");
        if (*at++ != '"')
            return false;
        while (*at && *at != '"')
            if (!append(run, (uint64_t)next_character(&at), 1))
                return false;
        if (*at++ != '"' || (ends_in_null && !append(run, 0, 1)))
            return false;
        at += strspn(at, " \t");
        if (*at++ != ',')
            return at[-1] == 0;
    }
}

/* Adds what a data directive defines; false if it's none, or isn't made of numbers. */
static bool append_data(struct run *run, const struct statement *statement) {
    if (statement->kind != STATEMENT_DIRECTIVE || !statement->in_text)
        return false;
    const char *arguments = statement->text + strlen(statement->name);
    size_t size = element_size(statement->name);
    if (size)
        return append_numbers(run, arguments, size);
    bool is_string = strcmp(statement->name, ".asciz") == 0 || strcmp(statement->name, ".string") == 0;
    return (is_string || strcmp(statement->name, ".ascii") == 0) && append_strings(run, arguments, is_string);
}

/* ---- whether it's code ---- */

/* Whether a branch, or the symbol table, makes this label a place where code begins. */
static bool begins_code(const struct program *program, const char *label) {
    for (int i = 0; i < program->count; i++) {
        const struct statement *statement = &program->statements[i];
        const char *named = "";
        if (statement->kind == STATEMENT_DIRECTIVE && strcmp(statement->name, ".type") == 0 &&
            strstr(statement->text, "function"))
            named = statement->text + strlen(".type") + strspn(statement->text + strlen(".type"), " \t");
        else if (statement->operand_count == 1 &&
                 (is_jump(statement) || is_conditional(statement) || is_call(statement)))
            named = statement->operands[0].text;
        size_t length = strlen(label);
        if (strncmp(named, label, length) == 0 && !isalnum((unsigned char)named[length]) &&
            !(named[length] && strchr("._$", named[length])))
            return true;
        if (isdigit((unsigned char)*label) && strncmp(named, label, length) == 0 &&
            (named[length] == 'b' || named[length] == 'f'))
            return true;
    }
    return false;
}

/* Whether the statement behind `last` is executed: what stands before it leads there, or its label is known.
 * A table behind a return isn't code. */
static bool is_reached(const struct program *program, const struct statement *statements, int last) {
    for (int i = last; i >= 0; i--) {
        const struct statement *statement = &statements[i];
        if (!statement->in_text)
            return false;
        if (statement->kind == STATEMENT_INSTRUCTION)
            return !ends_flow(statement);
        if (statement->kind == STATEMENT_LABEL && begins_code(program, statement->name))
            return true;
    }
    return false;
}

/* ---- decoding ---- */

static void print_memory(FILE *out, const ZydisDecodedOperandMem *memory) {
    bool has_register = memory->base != ZYDIS_REGISTER_NONE || memory->index != ZYDIS_REGISTER_NONE;
    if (memory->segment == ZYDIS_REGISTER_FS || memory->segment == ZYDIS_REGISTER_GS)
        fprintf(out, "%%%s:", ZydisRegisterGetString(memory->segment));
    if (memory->disp.value || !has_register)
        fprintf(out, "%lld", (long long)memory->disp.value);
    if (!has_register)
        return;
    fputc('(', out);
    if (memory->base != ZYDIS_REGISTER_NONE)
        fprintf(out, "%%%s", ZydisRegisterGetString(memory->base));
    if (memory->index != ZYDIS_REGISTER_NONE)
        fprintf(out, ",%%%s,%d", ZydisRegisterGetString(memory->index), memory->scale);
    fputc(')', out);
}

static void print_operand(FILE *out, const ZydisDecodedInstruction *decoded,
                          const ZydisDecodedOperand *operand) {
    if (decoded->meta.category == ZYDIS_CATEGORY_CALL || decoded->meta.category == ZYDIS_CATEGORY_UNCOND_BR)
        fputc('*', out);
    if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY)
        print_memory(out, &operand->mem);
    else if (operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
        fprintf(out, operand->imm.is_signed ? "$%lld" : "$%#llx", (long long)operand->imm.value.s);
    else if (ZydisRegisterGetClass(operand->reg.value) == ZYDIS_REGCLASS_X87)
        fprintf(out, "%%st(%d)", ZydisRegisterGetId(operand->reg.value));
    else
        fprintf(out, "%%%s", ZydisRegisterGetString(operand->reg.value));
}

/* Whether it means something else in another place. */
static bool depends_on_place(const ZydisDecodedInstruction *decoded, const ZydisDecodedOperand *operands) {
    for (int k = 0; k < decoded->operand_count_visible; k++)
        if (operands[k].type == ZYDIS_OPERAND_TYPE_POINTER ||
            (operands[k].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && operands[k].imm.is_relative) ||
            (operands[k].type == ZYDIS_OPERAND_TYPE_MEMORY &&
             (operands[k].mem.base == ZYDIS_REGISTER_RIP || operands[k].mem.base == ZYDIS_REGISTER_EIP)))
            return true;
    return false;
}

static void print_instruction(FILE *out, const ZydisDecodedInstruction *decoded,
                              const ZydisDecodedOperand *operands) {
    if (decoded->mnemonic == ZYDIS_MNEMONIC_NOP || decoded->mnemonic == ZYDIS_MNEMONIC_RET) {
        fputs(decoded->mnemonic == ZYDIS_MNEMONIC_NOP ? "nop" : "retq", out);
        if (decoded->mnemonic == ZYDIS_MNEMONIC_RET && decoded->operand_count_visible)
            fprintf(out, " $%lld", (long long)operands[0].imm.value.s);
        return;
    }
    if (decoded->meta.category == ZYDIS_CATEGORY_STRINGOP) {
        print_att_string_operation(out, decoded);
        return;
    }
    if (decoded->attributes & ZYDIS_ATTRIB_HAS_LOCK)
        fputs("lock ", out);
    print_att_mnemonic(out, decoded, operands);
    for (int k = decoded->operand_count_visible - 1; k >= 0; k--) {
        fputs(k == decoded->operand_count_visible - 1 ? "\t" : ", ", out);
        print_operand(out, decoded, &operands[k]);
    }
}

static const char *instruction_text(const ZydisDecodedInstruction *decoded,
                                    const ZydisDecodedOperand *operands) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        abort();
    print_instruction(out, decoded, operands);
    fclose(out);
    const char *kept = sfi_format("%s", text);
    free(text);
    return kept;
}

/* The words of the prefixes that `bytes` ends in; NULL if it isn't made of these alone. */
static const char *prefix_words(const uint8_t *bytes, size_t count) {
    const char *words = "";
    for (size_t i = 0; i < count; i++) {
        const char *word = bytes[i] == 0xf0   ? "lock "
                           : bytes[i] == 0xf2 ? "repne "
                           : bytes[i] == 0xf3 ? "rep "
                           : bytes[i] == 0x66 ? "data16 "
                           : bytes[i] == 0x48 ? "rex64 "
                                              : NULL;
        if (!word)
            return NULL;
        words = sfi_format("%s%s", words, word);
    }
    return words;
}

/* ---- statements ---- */

struct output {
    struct statement *statements;
    int count, capacity;
    const char *prefixes; /* for the next instruction, or "" */
};

static void put(struct output *output, const struct statement *statement) {
    if (output->count == output->capacity) {
        output->capacity = 2 * output->capacity + 64;
        output->statements =
            realloc(output->statements, (size_t)output->capacity * sizeof *output->statements);
        if (!output->statements)
            abort();
    }
    output->statements[output->count++] = *statement;
}

static void put_instruction(struct output *output, const struct statement *from, const char *text) {
    struct statement statement = *from;
    statement.text = sfi_format("%s%s", output->prefixes, text);
    output->prefixes = "";
    parse_instruction(&statement);
    put(output, &statement);
}

/* Decodes a run; nothing is put out if it doesn't spell instructions. */
static bool put_run(struct output *output, const struct statement *from, const struct run *run,
                    bool before_instruction) {
    struct output before = *output;
    ZydisDecoder decoder;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    for (size_t i = 0; i < run->count;) {
        ZydisDecodedInstruction decoded;
        ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
        const char *prefixes = prefix_words(run->bytes + i, run->count - i);
        if (prefixes && before_instruction) {
            output->prefixes = prefixes;
            return true;
        }
        if (ZYAN_FAILED(
                ZydisDecoderDecodeFull(&decoder, run->bytes + i, run->count - i, &decoded, operands)) ||
            depends_on_place(&decoded, operands)) {
            output->count = before.count;
            output->prefixes = before.prefixes;
            return false;
        }
        put_instruction(output, from, instruction_text(&decoded, operands));
        i += decoded.length;
    }
    return true;
}

static bool is_bytes(const struct statement *statement) {
    static struct run unused;
    unused.count = 0;
    return append_data(&unused, statement);
}

/* Takes the run of data directives that begins at `first`; returns the index behind it. */
static int take_run(const struct program *program, struct output *output, int first) {
    static struct run run;
    int end = first, last = first;
    run.count = 0;
    for (; end < program->count; end++) {
        const struct statement *statement = &program->statements[end];
        if (statement->kind == STATEMENT_EMPTY)
            continue;
        if (!append_data(&run, statement))
            break;
        last = end;
    }
    bool before_instruction = end < program->count && program->statements[end].kind == STATEMENT_INSTRUCTION;
    bool taken = is_reached(program, output->statements, output->count - 1) &&
                 put_run(output, &program->statements[first], &run, before_instruction);
    for (int i = first; i <= last && !taken; i++)
        put(output, &program->statements[i]);
    return last + 1;
}

void read_bytes(struct program *program) {
    struct output output = {.prefixes = ""};
    bool found = false;
    for (int i = 0; i < program->count && !found; i++)
        found = is_bytes(&program->statements[i]);
    if (!found)
        return;
    for (int i = 0; i < program->count;) {
        const struct statement *statement = &program->statements[i];
        if (is_bytes(statement)) {
            i = take_run(program, &output, i);
            continue;
        }
        if (statement->kind == STATEMENT_INSTRUCTION && *output.prefixes) {
            struct statement bare = *statement;
            bare.operand_count = 0;
            put_instruction(&output, &bare, statement->text);
        } else {
            put(&output, statement);
        }
        i++;
    }
    free(program->statements);
    program->statements = output.statements;
    program->count = output.count;
}
