/* An object forgets what its source said: which bytes of a text are instructions and which are a table, from
 * which label a displacement counts, that a constant is the distance of two labels, the line. So the source,
 * expanded by clang (macros, conditionals, numbered labels), gets notes before it's assembled: relocations at
 * the place, of kinds that no assembler's object holds and that object.c takes out again.
 *
 *   NONE, "orc:line:FILE" + LINE      an instruction         COPY, label        a place
 *   NONE, "orc:data", "orc:padding"   other bytes            GLOB_DAT, label    ... less another one
 *   NONE, "orc:value" + SIZE          a difference           RELATIVE, IRELATIVE   the same in an immediate
 *   NONE, "orc:complex"               anything else that is computed from places
 *   JUMP_SLOT, label                  the label stands behind data, and not in front of an instruction */
#include "annotate.h"

#include "../common/arguments.h"
#include "../common/tool.h"
#include "object.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SYMBOLS 8
#define MAX_NESTING 16
#define MAX_ENDS 16

struct assignment {
    const char *name, *value;
};

struct annotator {
    FILE *out;
    const char *source;
    char **files; /* of the .file directives, by number */
    size_t file_count;
    size_t file;
    long line;
    bool in_text, in_data; /* of the text: behind a directive of data */
    bool dropping;         /* a section of debug information */
    char *ends[MAX_ENDS];  /* labels behind data of the text, as long as nothing else has come */
    int end_count;
    struct assignment *assignments;
    size_t assignment_count; /* in the whole text */
    size_t known_count;      /* as far as it has been read */
};

/* ---- expressions ---- */

/* The symbols that an expression adds and subtracts. */
struct expression {
    char *plus[MAX_SYMBOLS], *minus[MAX_SYMBOLS];
    int plus_count, minus_count;
    bool complex;  /* not a sum */
    bool modified; /* sym@GOTPCREL and the like: the relocation says it all */
};

static bool begins_symbol(char c) {
    return isalpha((unsigned char)c) || c == '_' || c == '.' || c == '"';
}

static size_t symbol_length(const char *text) {
    size_t length = 0;
    if (*text == '"') {
        const char *end = strchr(text + 1, '"');
        return end ? (size_t)(end - text) + 1 : strlen(text);
    }
    while (isalnum((unsigned char)text[length]) || (text[length] && strchr("_.$", text[length])))
        length++;
    return length;
}

/* The last one before this place, or the first behind it. */
static const char *assigned_value(const struct annotator *annotator, const char *name) {
    for (size_t i = annotator->known_count; i > 0; i--)
        if (strcmp(annotator->assignments[i - 1].name, name) == 0)
            return annotator->assignments[i - 1].value;
    for (size_t i = annotator->known_count; i < annotator->assignment_count; i++)
        if (strcmp(annotator->assignments[i].name, name) == 0)
            return annotator->assignments[i].value;
    return NULL;
}

static void add_symbol(struct expression *expression, char *name, int sign) {
    char **list = sign > 0 ? expression->plus : expression->minus;
    int *count = sign > 0 ? &expression->plus_count : &expression->minus_count;
    if (*count < MAX_SYMBOLS)
        list[(*count)++] = name;
    else
        expression->complex = true;
}

/* A sum as far as it has been read: what stands in parentheses is one of its own. */
struct level {
    int sign;       /* of the whole */
    bool has_label; /* in it */
    bool factor;    /* it's the right side of a product or the like */
};

/* Adds what stands in `text` to the expression, with this sign. */
static void parse_sum(const struct annotator *annotator, const char *text, size_t length, int sign,
                      struct expression *expression, int nesting) {
    struct level levels[MAX_NESTING] = {{.sign = sign}};
    int level = 0, next = 1;
    bool last_has_label = false, factor = false; /* the term before; what comes next is multiplied */
    const char *end = text + length;
    while (text < end) {
        if (*text == '(' && level + 1 < MAX_NESTING) {
            levels[level + 1] = (struct level){levels[level].sign * next, false, factor};
            level++;
            next = 1;
            factor = false;
            text++;
        } else if (*text == ')' && level > 0) {
            last_has_label = levels[level].has_label;
            expression->complex |= last_has_label && levels[level].factor;
            levels[--level].has_label |= last_has_label;
            next = 1;
            factor = false;
            text++;
        } else if (begins_symbol(*text)) {
            char *name = format_string("%.*s", (int)symbol_length(text), text);
            const char *value = assigned_value(annotator, name);
            text += strlen(name);
            expression->modified |= *text == '@';
            expression->complex |= factor;
            while (text < end && (*text == '@' || isalnum((unsigned char)*text)))
                text++;
            if (value && nesting < MAX_NESTING)
                parse_sum(annotator, value, strlen(value), levels[level].sign * next, expression,
                          nesting + 1);
            else
                add_symbol(expression, name, levels[level].sign * next);
            levels[level].has_label = last_has_label = true;
            next = 1;
            factor = false;
        } else if (isdigit((unsigned char)*text)) {
            while (text < end && isalnum((unsigned char)*text))
                text++;
            next = 1;
            last_has_label = factor = false;
        } else {
            bool operates = strchr("*/%&|^~<>!=(", *text) != NULL;
            expression->complex |= operates && last_has_label;
            factor |= operates;
            next = *text == '-' ? -next : next;
            if (*text == '+' || *text == '-')
                last_has_label = factor = false;
            text++;
        }
    }
}

/* A label that is added and subtracted has no part in the sum. */
static void cancel(struct expression *expression) {
    for (int i = 0; i < expression->plus_count; i++) {
        for (int k = 0; k < expression->minus_count; k++) {
            if (strcmp(expression->plus[i], expression->minus[k]) != 0)
                continue;
            expression->plus[i--] = expression->plus[--expression->plus_count];
            expression->minus[k] = expression->minus[--expression->minus_count];
            break;
        }
    }
}

static struct expression parse(const struct annotator *annotator, const char *text, size_t length) {
    struct expression expression = {0};
    parse_sum(annotator, text, length, 1, &expression, 0);
    cancel(&expression);
    bool none = expression.plus_count + expression.minus_count == 0;
    bool simple = expression.plus_count == 1 && expression.minus_count <= 1 && !expression.complex;
    expression.complex = !none && !simple;
    return expression;
}

/* ---- notes ---- */

static void note(const struct annotator *annotator, const char *type, const char *symbol, long addend) {
    fprintf(annotator->out, "\t.reloc\t., R_X86_64_%s, %s+%ld\n", type, symbol, addend);
}

static void note_complex(const struct annotator *annotator, const struct expression *expression) {
    note(annotator, "NONE", "\"orc:complex\"", 0);
    for (int i = 0; i < expression->plus_count; i++)
        note(annotator, "COPY", expression->plus[i], 0);
    for (int i = 0; i < expression->minus_count; i++)
        note(annotator, "COPY", expression->minus[i], 0);
}

static void note_places(const struct annotator *annotator, const struct expression *expression,
                        bool immediate) {
    if (expression->modified)
        return;
    if (expression->complex)
        note_complex(annotator, expression);
    else if (expression->plus_count)
        note(annotator, immediate ? "RELATIVE" : "COPY", expression->plus[0], 0);
    if (!expression->complex && expression->minus_count)
        note(annotator, immediate ? "IRELATIVE" : "GLOB_DAT", expression->minus[0], 0);
}

static const char *line_symbol(const struct annotator *annotator) {
    bool known = annotator->file < annotator->file_count && annotator->files[annotator->file];
    const char *name = known ? annotator->files[annotator->file] : annotator->source;
    char *quoted = format_string("\"orc:line:%s", "");
    for (; *name; name++) {
        char *longer = format_string(*name == '"' || *name == '\\' ? "%s\\%c" : "%s%c", quoted, *name);
        free(quoted);
        quoted = longer;
    }
    return format_string("%s\"", quoted);
}

/* ---- statements ---- */

static void annotate_operand(const struct annotator *annotator, const char *operand, size_t length) {
    while (length && (isspace((unsigned char)*operand) || *operand == '*'))
        operand++, length--;
    if (!length || *operand == '%')
        return;
    bool immediate = *operand == '$';
    if (immediate)
        operand++, length--;
    for (size_t i = 0; i + 1 < length && !immediate; i++)
        if (operand[i] == '(' && (operand[i + 1] == '%' || operand[i + 1] == ','))
            length = i;
    struct expression expression = parse(annotator, operand, length);
    note_places(annotator, &expression, immediate);
}

static bool is_direct_branch(const char *name, const char *operands) {
    return (*name == 'j' || has_prefix(name, "call") || has_prefix(name, "loop") ||
            has_prefix(name, "xbegin")) &&
           *operands != '*';
}

static void annotate_instruction(struct annotator *annotator, const char *text) {
    static const char *symbol;
    static size_t symbol_file;
    static bool known;
    while (*text == '{') /* {vex} */
        text += strcspn(text, "}") + 1, text += strspn(text, "} \t");
    size_t length = strcspn(text, " \t");
    const char *operands = text + length + strspn(text + length, " \t");
    if (!known || symbol_file != annotator->file)
        symbol = line_symbol(annotator);
    known = true;
    symbol_file = annotator->file;
    note(annotator, "NONE", symbol, annotator->line);
    if (is_direct_branch(text, operands))
        return;
    int nesting = 0;
    const char *start = operands;
    for (const char *at = operands;; at++) {
        nesting += *at == '(' ? 1 : *at == ')' ? -1 : 0;
        if (*at && (*at != ',' || nesting))
            continue;
        annotate_operand(annotator, start, (size_t)(at - start));
        start = at + 1;
        if (!*at)
            return;
    }
}

static int value_size(const char *directive) {
    static const struct {
        const char *name;
        int size;
    } list[] = {{".byte", 1}, {".short", 2}, {".value", 2}, {".2byte", 2}, {".long", 4},
                {".int", 4},  {".4byte", 4}, {".quad", 8},  {".8byte", 8}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (strcmp(directive, list[i].name) == 0)
            return list[i].size;
    return 0;
}

static bool is_in(const char *name, const char *const *list) {
    for (; *list; list++)
        if (strcmp(name, *list) == 0)
            return true;
    return false;
}

static bool is_data(const char *directive) {
    static const char *const names[] = {".ascii", ".asciz",   ".string",  ".zero", ".skip",  ".space",
                                        ".fill",  ".uleb128", ".sleb128", ".org",  ".float", ".double",
                                        ".octa",  ".incbin",  ".single",  NULL};
    return value_size(directive) || is_in(directive, names);
}

/* Labels behind data: ends of it if no instruction and no further data follow directly. */
static void note_ends(struct annotator *annotator, bool are_ends) {
    for (int i = 0; i < annotator->end_count; i++) {
        if (are_ends)
            note(annotator, "JUMP_SLOT", annotator->ends[i], 0);
        free(annotator->ends[i]);
    }
    annotator->end_count = 0;
}

static void add_end(struct annotator *annotator, const char *label) {
    if (annotator->in_text && (annotator->in_data || annotator->end_count) && annotator->end_count < MAX_ENDS)
        annotator->ends[annotator->end_count++] = format_string("%.*s", (int)strlen(label) - 1, label);
}

static bool is_padding(const char *directive) {
    static const char *const names[] = {".p2align", ".balign",  ".align", ".p2alignw", ".p2alignl",
                                        ".balignw", ".balignl", ".nops",  NULL};
    return is_in(directive, names);
}

static void annotate_data(struct annotator *annotator, const char *directive, const char *arguments) {
    int size = value_size(directive);
    if (annotator->in_text && !annotator->in_data)
        note(annotator, "NONE", "\"orc:data\"", 0);
    annotator->in_data = true;
    if (!size)
        return;
    struct expression expression = parse(annotator, arguments, strlen(arguments));
    if (expression.modified || (!expression.complex && !expression.minus_count))
        return; /* a constant, or what a relocation says */
    if (!expression.complex)
        note(annotator, "NONE", "\"orc:value\"", size);
    note_places(annotator, &expression, false);
}

static bool section_is_text(const char *directive, const char *arguments) {
    const char *flags = strchr(arguments, '"');
    if (flags == arguments && flags) /* a quoted name */
        flags = (flags = strchr(flags + 1, '"')) ? strchr(flags + 1, '"') : NULL;
    const char *end = flags ? strchr(flags + 1, '"') : NULL;
    bool named =
        has_prefix(arguments, ".text") || strcmp(arguments, ".init") == 0 || strcmp(arguments, ".fini") == 0;
    return strcmp(directive, ".text") == 0 || (end && memchr(flags + 1, 'x', (size_t)(end - flags - 1))) ||
           (!flags && named);
}

/* `.file N "directory" "name"`, or with the name alone. */
static void note_file(struct annotator *annotator, const char *arguments) {
    char *end;
    unsigned long number = strtoul(arguments, &end, 10);
    const char *last = strrchr(arguments, '"'), *first = last;
    if (end == arguments || !last || number > 100000)
        return;
    while (first > arguments && first[-1] != '"')
        first--;
    if (number >= annotator->file_count) {
        annotator->files = realloc(annotator->files, (number + 1) * sizeof *annotator->files);
        if (!annotator->files)
            fail("out of memory");
        while (annotator->file_count <= number)
            annotator->files[annotator->file_count++] = NULL;
    }
    annotator->files[number] = format_string("%.*s", (int)(last - first), first);
}

/* True: it's for the assembler too. */
static bool annotate_directive(struct annotator *annotator, const char *directive, const char *arguments) {
    static const char *const sections[] = {".text", ".data", ".bss", ".section", NULL};
    if (strcmp(directive, ".loc") == 0) {
        char *end;
        annotator->file = strtoul(arguments, &end, 10);
        annotator->line = strtol(end, NULL, 10);
        return false;
    }
    if (strcmp(directive, ".file") == 0 && isdigit((unsigned char)*arguments)) {
        note_file(annotator, arguments);
        return false;
    }
    bool continues = is_data(directive) || has_prefix(directive, ".cfi_");
    if (!annotator->dropping && annotator->end_count && !has_prefix(directive, ".cfi_"))
        note_ends(annotator, !continues);
    if (is_in(directive, sections)) {
        annotator->in_text = section_is_text(directive, arguments);
        annotator->dropping = has_prefix(arguments, ".debug_");
    }
    if (annotator->dropping)
        return false;
    if (is_data(directive)) {
        annotate_data(annotator, directive, arguments);
        return true;
    }
    annotator->in_data = false;
    if (is_padding(directive) && annotator->in_text) {
        long amount = strtol(arguments, NULL, 0);
        bool power = has_prefix(directive, ".p2"), bytes = strcmp(directive, ".nops") == 0;
        note(annotator, "NONE", "\"orc:padding\"", bytes ? 0 : power ? 1L << (amount & 15) : amount);
    }
    return true;
}

/* `name = value`: where the value begins, or NULL. */
static const char *find_assignment(const char *text) {
    size_t length = symbol_length(text), gap = strspn(text + length, " \t");
    return length && text[length + gap] == '=' ? text + length + gap + 1 : NULL;
}

static void add_assignment(struct annotator *annotator, const char *text, const char *value) {
    annotator->assignments =
        realloc(annotator->assignments, (annotator->assignment_count + 1) * sizeof *annotator->assignments);
    if (!annotator->assignments)
        fail("out of memory");
    size_t end = strcspn(value, "#\n");
    annotator->assignments[annotator->assignment_count++] = (struct assignment){
        format_string("%.*s", (int)symbol_length(text), text), format_string("%.*s", (int)end, value)};
}

/* Labels may be used before they are assigned. clang writes assignments at the beginning of a line. */
static void find_assignments(struct annotator *annotator, const char *text) {
    for (const char *line = text; line;) {
        const char *next = strchr(line, '\n'), *value = find_assignment(line);
        if (value)
            add_assignment(annotator, line, value);
        line = next ? next + 1 : NULL;
    }
}

/* The line without its comment; a # in quotes begins none. */
static void cut_comment(char *line) {
    bool quoted = false;
    for (char *at = line; *at; at++) {
        if (quoted && *at == '\\' && at[1])
            at++;
        else if (*at == '"')
            quoted = !quoted;
        else if (!quoted && *at == '#')
            *at = 0;
    }
    for (size_t length = strlen(line); length && isspace((unsigned char)line[length - 1]); length--)
        line[length - 1] = 0;
}

static void annotate_line(struct annotator *annotator, char *line) {
    cut_comment(line);
    const char *text = line + strspn(line, " \t");
    bool is_label = *text && text[strlen(text) - 1] == ':';
    bool kept = *text && !annotator->dropping;
    if (!*text)
        return;
    bool assigns = text == line && find_assignment(text);
    annotator->known_count += assigns;
    if (is_label || assigns) {
        if (is_label)
            add_end(annotator, text);
        annotator->in_data &= !is_label;
    } else if (*text == '.') {
        size_t length = strcspn(text, " \t");
        char *directive = format_string("%.*s", (int)length, text);
        kept = annotate_directive(annotator, directive, text + length + strspn(text + length, " \t"));
        free(directive);
    } else if (!annotator->dropping) {
        annotator->in_data = false;
        note_ends(annotator, false);
        annotate_instruction(annotator, text);
    }
    if (kept)
        fprintf(annotator->out, "%s\n", line);
}

void annotate(char *text, const char *source, FILE *out) {
    struct annotator annotator = {.out = out, .source = source, .in_text = true};
    find_assignments(&annotator, text);
    for (char *line = text; line;) {
        char *next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        annotate_line(&annotator, line);
        line = next;
    }
}
