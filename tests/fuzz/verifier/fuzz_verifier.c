/* Fuzzer (a): whatever the verifier accepts, a second decoder reads as the same instructions, and sees
 * nothing in them that the rules forbid. */
#include "second_decoder.h"

#include "../../../trusted/verifier/verifier_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE 0x10000000u
#define TAIL 16
#define MAX_TEXT 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct orc_import_table imports = {BASE - 0x800, BASE + 0x1000};
/* Entries that all lead to the int3 at the end, which is a boundary always. */
#define JUMPS_ADDRESS (BASE - 0x1000)
#define JUMP_COUNT 8
static uint64_t run_count, accepted_count, table_jump_count;

struct line {
    const uint8_t *bytes;
    size_t offset;
    size_t length;
    const char *text; /* LLVM's */
};

__attribute__((format(printf, 2, 3))) static void complain(const struct line *line, const char *format, ...) {
    va_list arguments;

    fprintf(stderr, "verifier fuzzer: at 0x%zx:", line->offset);
    for (size_t i = 0; i < line->length; i++)
        fprintf(stderr, " %02x", line->bytes[line->offset + i]);
    fprintf(stderr, " '%s': ", line->text);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

static bool is_register_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* True if the text names this register. */
static bool names(const char *text, const char *reg) {
    size_t length = strlen(reg);

    for (const char *at = text; (at = strstr(at, reg)); at++)
        if (!is_register_character(at[length]))
            return true;
    return false;
}

static const char *mnemonic_of(const char *text) {
    while (*text == '\t' || *text == ' ')
        text++;
    /* LLVM also prints the mandatory f2 or f3 of some instructions this way, if another prefix stands behind
     * it. */
    static const char *const prefixes[] = {"lock", "repne", "rep"};
    for (unsigned i = 0; i < 3; i++) {
        size_t length = strlen(prefixes[i]);
        if (strncmp(text, prefixes[i], length) == 0 && (text[length] == '\t' || text[length] == ' '))
            return mnemonic_of(text + length);
    }
    return text;
}

static bool starts_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool has_prefix_from(const char *text, const char *const *prefixes) {
    for (; *prefixes; prefixes++)
        if (starts_with(text, *prefixes))
            return true;
    return false;
}

/* True if base and index are 32-bit registers, as in `%gs:8(%ebp,%r12d,4)`. */
static bool address_is_32_bits(const char *text) {
    const char *open = strchr(text, '(');

    if (!open)
        return false;
    for (const char *at = open; (at = strchr(at, '%')); at++) {
        size_t length = 1;
        while (is_register_character(at[length]))
            length++;
        if (strchr(open, ')') < at)
            break;
        bool legacy = at[1] == 'e',
             extended = at[1] == 'r' && at[length - 1] == 'd' && at[2] >= '0' && at[2] <= '9';
        if (!legacy && !extended)
            return false;
    }
    return true;
}

/* The rules once more, read off LLVM's text. in_guard: the line stands in a guarded sequence. */
static void check_line(const struct line *line, bool in_guard) {
    static const char *const forbidden[] = {
        "push",        "pop\t",    "popq",    "popw",   "popf",       "enter",  "leave",   "syscall",
        "sysenter",    "sysexit",  "sysret",  "int\t",  "int1",       "hlt",    "in\t",    "out",
        "ins\t",       "insb",     "insl",    "insw",   "movsb\t%gs", "stos",   "lods",    "scas",
        "xlat",        "iret",     "lret",    "ljmp",   "lcall",      "rdmsr",  "wrmsr",   "wrfs",
        "wrgs",        "rdfs",     "rdgs",    "swapgs", "xsave",      "xrstor", "fxsave",  "fxrstor",
        "ldmxcsr",     "vldmxcsr", "fldcw",   "fldenv", "frstor",     "fnsave", "fnstenv", "maskmov",
        "vmaskmovdqu", "vpgather", "vgather", "std",    "cli",        "sti",    "mon",     "mwait",
        "clac",        "stac",     NULL};
    static const char *const no_access[] = {"lea", "nop", "prefetch", NULL};
    static const char *const stack[] = {"%rsp", "%esp", "%sp", "%spl", NULL};
    const char *mnemonic = mnemonic_of(line->text);

    if (has_prefix_from(mnemonic, forbidden))
        complain(line, "a forbidden instruction");
    for (unsigned i = 0; stack[i]; i++)
        if (names(line->text, stack[i]))
            complain(line, "rsp is an operand");
    if (strstr(line->text, "%cs:") && !starts_with(mnemonic, "nop"))
        complain(line, "a cs prefix");
    if (strstr(line->text, "%zmm") || strstr(line->text, "%k") || strstr(line->text, "%ds") ||
        strstr(line->text, "%es:") || strstr(line->text, "%cr") || strstr(line->text, "%dr"))
        complain(line, "a special register");
    if (has_prefix_from(mnemonic, no_access) || in_guard)
        return;
    if (strstr(line->text, "%fs:")) {
        const char *source = strstr(line->text, "%fs:56");
        bool is_load = source && strncmp(mnemonic, "mov", 3) == 0 && strchr("lq\t ", mnemonic[3]) &&
                       (source[6] == ',' || strncmp(source + 6, "(,%riz", 6) == 0);
        if (!is_load)
            complain(line, "an access through fs that isn't a load of the thread pointer");
    } else if (strstr(line->text, "%gs:")) {
        bool absolute = !strchr(strstr(line->text, "%gs:"), '(');
        if (!absolute && !address_is_32_bits(strstr(line->text, "%gs:")))
            complain(line, "a 64-bit address");
    } else if (strchr(line->text, '(') && !strstr(line->text, "%st(")) {
        complain(line, "an access without gs");
    }
}

/* The decoder that the verifier uses, told nothing but the bytes. */
static size_t first_decode(const ZydisDecoder *decoder, const struct line *line, size_t available) {
    ZydisDecodedInstruction instruction;

    if (ZYAN_FAILED(ZydisDecoderDecodeInstruction(decoder, NULL, line->bytes + line->offset, available,
                                                  &instruction)))
        return 0;
    return instruction.length;
}

/* Judged alone, without what the pass remembers, the instruction is fine too, unless it's part of a guarded
 * sequence. */
static void check_alone(const ZydisDecoder *decoder, const struct line *line, size_t available,
                        size_t *guard_end) {
    struct violations violations;
    struct instruction instruction =
        orc_judge_instruction(decoder, line->bytes + line->offset, available, &violations);
    struct guard guard;

    if (line->offset < *guard_end)
        return;
    if (instruction.kind == KIND_CODE_READ) {
        for (unsigned reg = 0; reg < 16; reg++)
            if (orc_match_guard(line->bytes + line->offset, available, reg, &guard))
                *guard_end = line->offset + guard.length;
        if (line->offset >= *guard_end)
            complain(line, "a code read outside a guarded sequence");
    } else if (instruction.kind == KIND_NONE || instruction.kind == KIND_THROUGH_REG) {
        complain(line, "accepted, but rejected alone: %s", violations.list[0].reason);
    }
}

/* The last four lines, read off LLVM's text once more: a table jump has its bound right before it, and its
 * table lies inside the tables. */
struct history {
    char text[4][SECOND_TEXT_SIZE];
    size_t end[4];
};

static void check_table_jump(const struct line *line, const struct history *history) {
    unsigned long last, displacement;
    char index[8], base[8], mnemonic[8], expected[64];
    char wide_index[8];

    if (sscanf(history->text[2], " %7[a-z] $%li, %%%7[a-z0-9]", mnemonic, (long *)&last, wide_index) != 3 ||
        (strcmp(mnemonic, "cmpl") != 0 && strcmp(mnemonic, "cmpq") != 0))
        complain(line, "no comparison before a table jump: '%s'", history->text[2]);
    if (strncmp(history->text[1], "\tja\t", 4) != 0)
        complain(line, "no ja before a table jump: '%s'", history->text[1]);
    if (sscanf(history->text[0], " leal %li(%%rip), %%%7[a-z0-9]", (long *)&displacement, base) != 2)
        complain(line, "no table before a table jump: '%s'", history->text[0]);
    snprintf(index, sizeof index, "%s", wide_index);
    if (mnemonic[3] == 'q' && strchr("89", wide_index[1]) == NULL && wide_index[1] != '1')
        index[0] = 'e';
    else if (mnemonic[3] == 'q')
        strcat(index, "d");
    snprintf(expected, sizeof expected, "*%%gs:(%%%s,%%%s,8)", base, index);
    if (!strstr(line->text, expected))
        complain(line, "other registers than '%s'", expected);
    uint64_t start = (uint32_t)(BASE + history->end[0] + displacement);
    if (start < JUMPS_ADDRESS || start % 8 != 0 || last >= JUMP_COUNT ||
        start + 8 * last + 8 > JUMPS_ADDRESS + 8 * JUMP_COUNT)
        complain(line, "a table at 0x%llx with %lu entries and one", (unsigned long long)start, last);
}

static void remember(struct history *history, const struct line *line) {
    for (int i = 3; i > 0; i--) {
        memcpy(history->text[i], history->text[i - 1], SECOND_TEXT_SIZE);
        history->end[i] = history->end[i - 1];
    }
    memcpy(history->text[0], line->text, SECOND_TEXT_SIZE);
    history->end[0] = line->offset + line->length;
}

/* In LLVM's words: a jump through memory at two registers. */
static bool is_table_jump(const struct line *line) {
    unsigned scale;
    char base[8], index[8];
    return sscanf(line->text, " jmpq *%%gs:(%%%7[a-z0-9],%%%7[a-z0-9],%u)", base, index, &scale) == 3;
}

static void check_accepted(const uint8_t *text, size_t length) {
    static struct history history;
    char buffer[SECOND_TEXT_SIZE];
    struct line line = {text, 0, 0, buffer};
    ZydisDecoder decoder;
    size_t guard_end = 0;

    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    while (line.offset < length) {
        size_t available = length - line.offset;
        buffer[0] = 0;
        line.length = first_decode(&decoder, &line, available);
        size_t second = second_decode(text + line.offset, available, BASE + line.offset, buffer);
        if (line.length == 0)
            complain(&line, "accepted, but doesn't decode");
        if (second == 0)
            complain(&line, "LLVM refuses it");
        if (second != line.length)
            complain(&line, "%zu bytes long for LLVM", second);
        check_alone(&decoder, &line, available, &guard_end);
        check_line(&line, line.offset < guard_end);
        if (is_table_jump(&line)) {
            table_jump_count++;
            check_table_jump(&line, &history);
        }
        remember(&history, &line);
        line.offset += line.length;
    }
}

static void print_counts(void) {
    fprintf(stderr, "verifier fuzzer: %llu runs, %llu accepted, with %llu table jumps\n",
            (unsigned long long)run_count, (unsigned long long)accepted_count,
            (unsigned long long)table_jump_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *text;
    size_t length = size + TAIL;

    if (size > MAX_TEXT)
        return 0;
    if (run_count++ == 0)
        atexit(print_counts);
    text = malloc(length); /* exactly as long as it is: AddressSanitizer sees a read beyond the end */
    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    memset(text + size, 0xcc, TAIL);
    uint64_t entries[JUMP_COUNT];
    for (unsigned i = 0; i < JUMP_COUNT; i++)
        entries[i] = BASE + size;
    struct orc_jump_tables jumps = {JUMPS_ADDRESS, JUMP_COUNT, entries};
    if (orc_verify_text(text, length, BASE, imports, jumps, NULL, NULL) == ORC_VERIFY_ACCEPTED) {
        accepted_count++;
        check_accepted(text, length);
    }
    free(text);
    return 0;
}
