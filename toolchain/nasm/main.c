/* orc-nasm: nasm, whose objects stay in their compartment. It takes nasm's options: nasm assembles, the
 * object is lifted back to assembly text, and this goes where all hand-written assembly goes: through the
 * rewriter and clang's assembler. */
#include "../lift/lift.h"

#include "../common/check.h"
#include "../common/locate.h"
#include "../common/tool.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OMIT "--orc-omit="
#define SAVE "--orc-save="

struct options {
    struct arguments nasm;      /* all but -o and ours */
    const char *output, *input; /* NULL: none given */
    const char *save;           /* where the rewriter's input is kept, or NULL */
    bool direct;                /* nothing to confine: nasm's own business */
    bool names_format;          /* -f; else it's elf64, and not nasm's own default of a flat file */
    bool names_dependency;      /* -MT or -MQ */
    bool dependencies;          /* -MD */
    struct omissions omissions;
};

static void add_omissions(struct options *options, const char *list) {
    char *copy = copy_string(list), *rest = copy;
    for (char *item; (item = strsep(&rest, ","));) {
        if (!*item)
            continue;
        options->omissions.items = realloc(options->omissions.items,
                                           (options->omissions.count + 1) * sizeof *options->omissions.items);
        if (!options->omissions.items)
            fail("out of memory");
        options->omissions.items[options->omissions.count++] = item;
    }
}

/* nasm's options whose value is the next argument unless it's attached. */
static bool takes_value(const char *option) {
    static const char *const long_ones[] = {"-MF",       "-MT",       "-MQ",     "--prefix", "--postfix",
                                            "--gprefix", "--lprefix", "--limit", NULL};
    for (const char *const *name = long_ones; *name; name++)
        if (strcmp(option, *name) == 0)
            return true;
    return strlen(option) == 2 && option[0] == '-' && strchr("ofFIiPpDdUulLXxZ", option[1]);
}

/* Options after which nasm writes no object. */
static bool is_direct(const char *option) {
    static const char *const names[] = {"-v", "-version", "--version", "--v", "-h",  "-hf", "-hp", "--help",
                                        "-E", "-e",       "-a",        "-M",  "-MG", "-y",  NULL};
    for (const char *const *name = names; *name; name++)
        if (strcmp(option, *name) == 0)
            return true;
    return false;
}

static void check_format(const char *format) {
    if (strcmp(format, "elf64") != 0 && strcmp(format, "elf") != 0)
        fail("-f %s: only elf64 can be confined", format);
}

static void parse_options(struct options *options, const struct arguments *line) {
    for (size_t i = 0; i < line->count; i++) {
        const char *argument = line->items[i];
        const char *value = argument[0] == '-' && argument[1] ? argument + 2 : "";
        if (has_prefix(argument, OMIT)) {
            add_omissions(options, argument + strlen(OMIT));
            continue;
        }
        if (has_prefix(argument, SAVE)) {
            options->save = argument + strlen(SAVE);
            continue;
        }
        if (argument[0] != '-') {
            options->input = argument;
            arguments_add(&options->nasm, argument);
            continue;
        }
        bool separate = takes_value(argument) && i + 1 < line->count;
        if (separate)
            value = line->items[++i];
        if (has_prefix(argument, "-o") && (separate || argument[2])) {
            options->output = value;
            continue;
        }
        options->direct |= is_direct(argument);
        options->names_dependency |= has_prefix(argument, "-MT") || has_prefix(argument, "-MQ");
        options->dependencies |= has_prefix(argument, "-MD");
        if (argument[1] == 'f') {
            check_format(value);
            options->names_format = true;
        }
        arguments_add(&options->nasm, argument);
        if (separate)
            arguments_add(&options->nasm, value);
    }
}

/* "dir/a.asm" to "dir/a.o", as nasm does. */
static const char *default_output(const char *input) {
    const char *slash = strrchr(input, '/'), *dot = strrchr(input, '.');
    int kept = (int)(dot && (!slash || dot > slash) ? dot - input : (long)strlen(input));
    return format_string("%.*s.o", kept, input);
}

static int run_nasm(const struct options *options, const char *output) {
    struct arguments command = {0};
    const char *wanted = options->output  ? options->output
                         : options->input ? default_output(options->input)
                                          : "";
    arguments_add(&command, locate_llvm("nasm", "ORC_NASM"));
    if (!options->direct && !options->names_format)
        arguments_add_all(&command, (const char *const[]){"-f", "elf64", NULL});
    arguments_extend(&command, &options->nasm);
    if (!options->direct && options->dependencies && !options->names_dependency)
        arguments_add_all(&command, (const char *const[]){"-MT", wanted, NULL});
    if (output)
        arguments_add_all(&command, (const char *const[]){"-o", output, NULL});
    return tool_run(&command, NULL, NULL, NULL);
}

/* The function that a line of the lifted text belongs to. */
static const char *function_of_line(const char *text, const struct lifted *lifted, int number) {
    const char *at = text, *name = "";
    for (int i = 1; i < number && at; i++) {
        at = strchr(at, '\n');
        at = at ? at + 1 : NULL;
    }
    for (size_t i = 0; at && i < lifted->count && lifted->functions[i].position <= at - text; i++)
        name = lifted->functions[i].function;
    return name;
}

/* The rewriter names lines of the lifted text; whoever wrote the source knows functions. */
static void print_messages(const char *path, const char *source, const char *text,
                           const struct lifted *lifted) {
    FILE *file = fopen(path, "re");
    char line[1024];
    while (file && fgets(line, sizeof line, file)) {
        size_t length = strlen(source);
        char *end = line;
        long number = strncmp(line, source, length) == 0 && line[length] == ':'
                          ? strtol(line + length + 1, &end, 10)
                          : 0;
        if (number > 0 && *end == ':')
            fprintf(stderr, "%s: %s%s", source, function_of_line(text, lifted, (int)number), end);
        else
            fputs(line, stderr);
    }
    if (file)
        fclose(file);
}

static void write_file(const char *path, const char *content, size_t size) {
    FILE *file = fopen(path, "we");
    if (!file || fwrite(content, 1, size, file) != size || fclose(file) != 0)
        fail("unable to write '%s'", path);
}

static int run_rewriter(const char *source, const char *lifted, const char *confined, const char *errors) {
    struct arguments command = {0};
    arguments_add(&command, locate_program("orc-sfi", "ORC_SFI"));
    arguments_add_all(&command,
                      (const char *const[]){"--exact-stack", "--name", source, "-o", confined, lifted, NULL});
    return tool_run(&command, NULL, NULL, errors);
}

static int run_assembler(const char *from, const char *output) {
    struct arguments command = {0};
    arguments_add(&command, locate_llvm("clang-22", "ORC_CLANG"));
    arguments_add_all(&command, (const char *const[]){"--target=x86_64-linux-musl", "-c", "-x", "assembler",
                                                      "-o", output, from, NULL});
    return tool_run(&command, NULL, NULL, NULL);
}

static int confine(const struct options *options, const char *plain) {
    const char *source = options->input;
    const char *lifted = options->save ? options->save : tool_temporary(source, ".s");
    const char *confined = tool_temporary(source, ".orc.s"), *errors = tool_temporary(source, ".errors");
    struct object object;
    struct lifted functions = {0};
    char *content = NULL;
    size_t size = 0;
    read_object(&object, plain, source);
    FILE *out = open_memstream(&content, &size);
    if (!out)
        fail("out of memory");
    bool accepted = write_object(&object, &options->omissions, false, out, &functions);
    fclose(out);
    write_file(lifted, content, size);
    if (!accepted)
        return 1;
    int code = run_rewriter(source, lifted, confined, errors);
    print_messages(errors, source, content, &functions);
    const char *output = options->output ? options->output : default_output(source);
    if (code == 0)
        code = run_assembler(confined, output);
    if (code == 0 && !check_object_code(output, source, stderr)) {
        remove_output(output);
        code = 1;
    }
    return code ? 1 : 0;
}

int main(int argc, char **argv) {
    struct arguments line = {0};
    struct options options = {0};
    tool_begin("orc-nasm");
    arguments_expand(&line, argc, argv);
    parse_options(&options, &line);
    if (options.direct || !options.input)
        return run_nasm(&options, options.output);
    const char *plain = tool_temporary(options.input, ".nasm.o");
    int code = run_nasm(&options, plain);
    return code ? code : confine(&options, plain);
}
