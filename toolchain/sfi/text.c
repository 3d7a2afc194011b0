/* Splits assembly text into statements and parses these. */
#include "sfi.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Everything that is allocated lives until the program ends: one input file, one pass. */
void *sfi_allocate(size_t size) {
    static char *block;
    static size_t left;
    size = (size + 15) & ~(size_t)15;
    if (size > left) {
        left = size > (1u << 20) ? size : 1u << 20;
        block = calloc(1, left);
        if (!block) {
            fprintf(stderr, "orc-sfi: out of memory\n");
            exit(1);
        }
    }
    void *result = block;
    block += size;
    left -= size;
    return result;
}

char *sfi_format(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *text;
    if (vasprintf(&text, format, arguments) < 0) {
        fprintf(stderr, "orc-sfi: out of memory\n");
        exit(1);
    }
    va_end(arguments);
    char *kept = sfi_allocate(strlen(text) + 1);
    strcpy(kept, text);
    free(text);
    return kept;
}

const char *source_place(const struct program *program, const struct statement *statement, int *line) {
    *line = statement->line;
    if (statement->source_line <= 0 || statement->source_file >= program->source_count ||
        !program->sources[statement->source_file])
        return program->file;
    *line = statement->source_line;
    return program->sources[statement->source_file];
}

void refuse(struct program *program, const struct statement *statement, int rule, const char *format, ...) {
    int line;
    const char *file = source_place(program, statement, &line);
    fprintf(stderr, "%s:%d: error: rule %d: %s: ", file, line, rule, statement->text);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    program->errors++;
}

bool starts_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool is_any(const char *text, const char *const *list) {
    for (; *list; list++)
        if (strcmp(text, *list) == 0)
            return true;
    return false;
}

/* ---- registers ---- */

static const char *const names64[16] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                        "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
static const char *const names32[16] = {"eax", "ecx", "edx",  "ebx",  "esp",  "ebp",  "esi",  "edi",
                                        "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d"};
static const char *const names16[16] = {"ax",  "cx",  "dx",   "bx",   "sp",   "bp",   "si",   "di",
                                        "r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w", "r15w"};
static const char *const names8[16] = {"al",  "cl",  "dl",   "bl",   "spl",  "bpl",  "sil",  "dil",
                                       "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b"};
static const char *const names_high[4] = {"ah", "ch", "dh", "bh"};

const char *register_name(int reg, int width) {
    return (width == 64 ? names64 : width == 32 ? names32 : width == 16 ? names16 : names8)[reg];
}

/* Finds a general register by its name without the percent sign. */
static int find_register(const char *name, size_t length, int *width) {
    static const struct {
        const char *const *names;
        int count, width;
    } sets[] = {{names64, 16, 64}, {names32, 16, 32}, {names16, 16, 16}, {names8, 16, 8}, {names_high, 4, 8}};
    for (size_t set = 0; set < sizeof sets / sizeof *sets; set++)
        for (int reg = 0; reg < sets[set].count; reg++)
            if (strlen(sets[set].names[reg]) == length && memcmp(sets[set].names[reg], name, length) == 0) {
                *width = sets[set].width;
                return reg;
            }
    *width = 0;
    return NO_REGISTER;
}

/* ---- operands ---- */

static char *copy(const char *start, size_t length) {
    while (length && isspace((unsigned char)*start))
        start++, length--;
    while (length && isspace((unsigned char)start[length - 1]))
        length--;
    char *text = sfi_allocate(length + 1);
    memcpy(text, start, length);
    return text;
}

/* Parses "(base,index,scale)" into the operand; false if it isn't one. */
static bool parse_address(struct operand *operand, const char *open) {
    const char *close = strchr(open, ')');
    if (!close || close[1])
        return false;
    char *inside = copy(open + 1, (size_t)(close - open - 1));
    if (inside[0] != '%' && inside[0] != ',')
        return false;
    char *part[3] = {inside, NULL, NULL};
    for (int i = 0; i < 2; i++) {
        part[i + 1] = part[i] ? strchr(part[i], ',') : NULL;
        if (part[i + 1])
            *part[i + 1]++ = 0;
    }
    int width;
    char *base = copy(part[0], strlen(part[0]));
    if (base[0] == '%') {
        operand->rip = strcmp(base, "%rip") == 0 || strcmp(base, "%eip") == 0;
        operand->base = find_register(base + 1, strlen(base + 1), &width);
        if (operand->base == NO_REGISTER && !operand->rip)
            return false;
    }
    if (part[1]) {
        char *index = copy(part[1], strlen(part[1]));
        if (starts_with(index, "%xmm") || starts_with(index, "%ymm") || starts_with(index, "%zmm")) {
            operand->vector_index = true;
        } else if (index[0] == '%' && strcmp(index, "%riz") != 0 && strcmp(index, "%eiz") != 0) {
            operand->index = find_register(index + 1, strlen(index + 1), &width);
            if (operand->index == NO_REGISTER)
                return false;
        }
    }
    if (part[2])
        operand->scale = copy(part[2], strlen(part[2]));
    return true;
}

static void parse_operand(struct operand *operand, const char *text) {
    *operand = (struct operand){
        .kind = OPERAND_MEMORY, .reg = NO_REGISTER, .base = NO_REGISTER, .index = NO_REGISTER};
    if (*text == '*') {
        operand->indirect = true;
        text = copy(text + 1, strlen(text + 1));
    }
    operand->text = text;
    if (*text == '$') {
        operand->kind = OPERAND_IMMEDIATE;
        return;
    }
    if (*text == '%') {
        const char *colon = strchr(text, ':');
        if (!colon) {
            operand->kind = OPERAND_REGISTER;
            operand->reg = find_register(text + 1, strlen(text + 1), &operand->width);
            return;
        }
        operand->segment = copy(text + 1, (size_t)(colon - text - 1));
        text = copy(colon + 1, strlen(colon + 1));
    }
    const char *open = strrchr(text, '(');
    if (open && parse_address(operand, open)) {
        operand->displacement = copy(text, (size_t)(open - text));
    } else {
        operand->displacement = text;
        operand->no_register = true;
    }
    if (operand->base == NO_REGISTER && operand->index == NO_REGISTER && !operand->rip &&
        !operand->vector_index)
        operand->no_register = true;
}

static bool is_prefix_word(const char *word, size_t length) {
    static const char *const words[] = {"lock",   "rep",    "repe",    "repz",     "repne",   "repnz",
                                        "data16", "addr32", "notrack", "bnd",      "rex64",   "cs",
                                        "ds",     "es",     "ss",      "xacquire", "xrelease"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == length && memcmp(words[i], word, length) == 0)
            return true;
    return false;
}

void parse_instruction(struct statement *statement) {
    statement->kind = STATEMENT_INSTRUCTION;
    const char *at = statement->text, *prefixes_end = at;
    const char *word = at;
    size_t length;
    for (;;) {
        if (*at == '{') { /* {vex}, {evex}, {disp32}: a hint to the assembler */
            while (*at && *at++ != '}')
                ;
        } else {
            word = at;
            length = strcspn(at, " \t");
            if (!is_prefix_word(word, length))
                break;
            at += length;
        }
        while (isspace((unsigned char)*at))
            at++;
        prefixes_end = at;
        if (!*at)
            break;
    }
    statement->prefixes = copy(statement->text, (size_t)(prefixes_end - statement->text));
    length = strcspn(at, " \t");
    char *name = copy(at, length);
    for (char *c = name; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    statement->name = name;
    at += length;
    while (*at) {
        while (isspace((unsigned char)*at))
            at++;
        int nesting = 0;
        const char *end = at;
        for (; *end && (nesting || *end != ','); end++)
            nesting += *end == '(' ? 1 : *end == ')' ? -1 : 0;
        if (end > at && statement->operand_count < MAX_OPERANDS)
            parse_operand(&statement->operands[statement->operand_count++], copy(at, (size_t)(end - at)));
        at = *end ? end + 1 : end;
    }
}

/* ---- statements ---- */

struct section {
    const char *name;
    bool text;
};

struct reader {
    struct program *program;
    int capacity, line;
    bool in_asm;
    int source_file, source_line;
    const char *prefixes; /* that stood as a statement of their own ("lock; xaddl ..."), or NULL */
    struct section section, previous, stack[16];
    int stack_depth;
};

static bool section_is_text(const char *arguments) {
    if (starts_with(arguments, ".text") || starts_with(arguments, ".init") || starts_with(arguments, ".fini"))
        return !starts_with(arguments, ".init_array") && !starts_with(arguments, ".fini_array");
    const char *flags = strchr(arguments, '"');
    if (flags == arguments && flags) /* a quoted name */
        flags = (flags = strchr(flags + 1, '"')) ? strchr(flags + 1, '"') : NULL;
    const char *end = flags ? strchr(flags + 1, '"') : NULL;
    return end && memchr(flags + 1, 'x', (size_t)(end - flags - 1));
}

static void track_section(struct reader *reader, const char *name, const char *arguments) {
    struct section now = reader->section;
    if (strcmp(name, ".text") == 0)
        reader->section = (struct section){".text", true};
    else if (strcmp(name, ".data") == 0 || strcmp(name, ".bss") == 0)
        reader->section = (struct section){name, false};
    else if (strcmp(name, ".section") == 0 || strcmp(name, ".pushsection") == 0)
        reader->section = (struct section){arguments, section_is_text(arguments)};
    else if (strcmp(name, ".previous") == 0)
        reader->section = reader->previous;
    else if (strcmp(name, ".popsection") == 0 && reader->stack_depth > 0)
        reader->section = reader->stack[--reader->stack_depth];
    else
        return;
    if (strcmp(name, ".pushsection") == 0 && reader->stack_depth < 16)
        reader->stack[reader->stack_depth++] = now;
    reader->previous = now;
}

static const char *last_quoted(const char *text) {
    const char *end = strrchr(text, '"');
    if (!end)
        return NULL;
    const char *start = end - 1;
    while (start > text && *start != '"')
        start--;
    return end > start ? copy(start + 1, (size_t)(end - start - 1)) : NULL;
}

/* Remembers `.file N "dir" "name"`. */
static void track_file(struct program *program, const char *arguments) {
    char *end;
    long number = strtol(arguments, &end, 10);
    const char *quoted = end == arguments ? NULL : strchr(end, '"');
    if (!quoted || number < 0 || number > 100000)
        return;
    /* with an MD5 sum the line ends in digits; the name is the last quoted string */
    const char *name = last_quoted(quoted);
    if (number >= program->source_count) {
        const char **sources = sfi_allocate((size_t)(number + 64) * sizeof *sources);
        if (program->source_count)
            memcpy(sources, program->sources, (size_t)program->source_count * sizeof *sources);
        program->sources = sources;
        program->source_count = (int)number + 64;
    }
    program->sources[number] = name;
}

static struct statement *add_statement(struct reader *reader) {
    struct program *program = reader->program;
    if (program->count == reader->capacity) {
        reader->capacity = reader->capacity ? 2 * reader->capacity : 4096;
        program->statements =
            realloc(program->statements, (size_t)reader->capacity * sizeof *program->statements);
        if (!program->statements) {
            fprintf(stderr, "orc-sfi: out of memory\n");
            exit(1);
        }
    }
    struct statement *statement = &program->statements[program->count++];
    *statement = (struct statement){.line = reader->line,
                                    .in_asm = reader->in_asm,
                                    .in_text = reader->section.text,
                                    .section = reader->section.name,
                                    .source_file = reader->source_file,
                                    .source_line = reader->source_line,
                                    .comment = "",
                                    .prefixes = "",
                                    .depth = DEPTH_UNKNOWN,
                                    .through = -1};
    return statement;
}

static void read_directive(struct reader *reader, struct statement *statement) {
    size_t length = strcspn(statement->text, " \t");
    statement->kind = STATEMENT_DIRECTIVE;
    statement->name = copy(statement->text, length);
    const char *arguments = statement->text + length;
    while (isspace((unsigned char)*arguments))
        arguments++;
    track_section(reader, statement->name, arguments);
    if (strcmp(statement->name, ".loc") == 0)
        sscanf(arguments, "%d %d", &reader->source_file, &reader->source_line);
    else if (strcmp(statement->name, ".file") == 0)
        track_file(reader->program, arguments);
}

/* One statement, without comment: any number of labels, then a directive or an instruction. */
static void read_statement(struct reader *reader, const char *text, const char *comment) {
    for (;;) {
        size_t length = 0;
        if (*text == '"') {
            const char *end = strchr(text + 1, '"');
            length = end ? (size_t)(end - text + 1) : 0;
        } else {
            while (isalnum((unsigned char)text[length]) || strchr("._$@", text[length] ? text[length] : ' '))
                length++;
        }
        if (!length || text[length] != ':')
            break;
        struct statement *label = add_statement(reader);
        label->kind = STATEMENT_LABEL;
        label->name = copy(text, length);
        label->text = label->name;
        label->comment = comment;
        text += length + 1;
        while (isspace((unsigned char)*text))
            text++;
    }
    if (!*text)
        return;
    struct statement *statement = add_statement(reader);
    statement->comment = comment;
    /* `name = value` is an assignment */
    const char *equals = strchr(text, '=');
    size_t word = strcspn(text, " \t=");
    bool assignment = equals && text + word + strspn(text + word, " \t") == equals;
    bool directive = *text == '.' || assignment;
    if (!directive && reader->prefixes) {
        text = sfi_format("%s %s", reader->prefixes, text);
        reader->prefixes = NULL;
    }
    statement->text = text;
    if (directive)
        read_directive(reader, statement);
    else
        parse_instruction(statement);
    if (!directive && !*statement->name) {
        reader->prefixes = statement->text;
        reader->program->count--;
    }
}

/* Splits a line at semicolons outside quotes and drops its comment. */
static void read_line(struct reader *reader, char *line) {
    const char *trimmed = line + strspn(line, " \t");
    if (starts_with(trimmed, "#APP"))
        reader->in_asm = true;
    else if (starts_with(trimmed, "#NO_APP"))
        reader->in_asm = false;
    if (!reader->program->compiler && starts_with(trimmed, "# ") && isdigit((unsigned char)trimmed[2])) {
        /* a preprocessor's line marker: the next line is that one of that file */
        reader->line = atoi(trimmed + 2) - 1;
        const char *name = last_quoted(trimmed);
        if (name)
            reader->program->file = name;
        return;
    }
    char *end = line;
    bool quoted = false;
    for (; *end; end++) {
        if (*end == '"' && (end == line || end[-1] != '\\'))
            quoted = !quoted;
        else if (!quoted && (*end == '#' || (end[0] == '/' && end[1] == '/')))
            break;
    }
    const char *comment = *end ? copy(end, strlen(end)) : "";
    *end = 0;
    quoted = false;
    char *start = line;
    for (char *at = line;; at++) {
        if (*at == '"' && (at == line || at[-1] != '\\'))
            quoted = !quoted;
        if (*at && (quoted || *at != ';'))
            continue;
        char *text = copy(start, (size_t)(at - start));
        if (*text)
            read_statement(reader, text, comment);
        start = at + 1;
        if (!*at)
            break;
    }
    if (*comment && (reader->program->count == 0 ||
                     reader->program->statements[reader->program->count - 1].line != reader->line))
        add_statement(reader)->comment = comment;
}

/* Blanks out C comments, keeping the lines. */
static void strip_block_comments(char *text) {
    bool quoted = false;
    for (char *at = text; *at; at++) {
        if (*at == '\n')
            quoted = false;
        else if (*at == '"' && (at == text || at[-1] != '\\'))
            quoted = !quoted;
        else if (!quoted && at[0] == '/' && at[1] == '*') {
            char *end = strstr(at + 2, "*/");
            for (end = end ? end + 2 : at + strlen(at); at < end; at++)
                if (*at != '\n')
                    *at = ' ';
            at--;
        } else if (!quoted && *at == '#') {
            while (at[1] && at[1] != '\n')
                at++;
        }
    }
}

void parse_program(struct program *program, char *text) {
    struct reader reader = {.program = program, .section = {".text", true}, .previous = {".text", true}};
    if (!program->compiler)
        strip_block_comments(text);
    for (char *line = text; line;) {
        char *next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        reader.line++;
        read_line(&reader, line);
        line = next;
    }
}
