/* orc-lift: hand-written assembly in, the same out in the form that orc-sfi --exact-stack takes: instructions
 * by their names, one each, with %rbp left to the rewriter; tables out of the text. clang expands and
 * assembles the source, with notes of what the object would forget, and the object is written as text again.
 */
#include "annotate.h"
#include "lift.h"

#include "../common/locate.h"
#include "../common/tool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: orc-lift [--name SOURCE] [--lines] [--omit ITEM,...] [-o OUTPUT] INPUT [-- CLANG OPTIONS]\n"
    "Rewrites hand-written AT&T or Intel assembly, preprocessed, so that orc-sfi --exact-stack can confine "
    "it.\n"
    "  --name NAME   call the input NAME in messages\n"
    "  --lines       say in the output which lines it comes from\n"
    "  --omit ITEM   leave functions out, with a trap in their place: by symbol, or by instruction set\n";

struct options {
    const char *input, *output, *name;
    bool lines;
    struct omissions omissions;
    struct arguments clang;
};

static void add_omissions(struct omissions *omissions, const char *list) {
    char *rest = copy_string(list);
    for (char *item; (item = strsep(&rest, ","));) {
        omissions->items = realloc(omissions->items, (omissions->count + 1) * sizeof *omissions->items);
        if (!omissions->items)
            fail("out of memory");
        omissions->items[omissions->count++] = item;
    }
}

static void parse_options(struct options *options, int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        bool has_value = i + 1 < argc;
        if (strcmp(argv[i], "--lines") == 0) {
            options->lines = true;
        } else if (strcmp(argv[i], "--name") == 0 && has_value) {
            options->name = argv[++i];
        } else if (strcmp(argv[i], "--omit") == 0 && has_value) {
            add_omissions(&options->omissions, argv[++i]);
        } else if (strcmp(argv[i], "-o") == 0 && has_value) {
            options->output = argv[++i];
        } else if (strcmp(argv[i], "--") == 0) {
            while (++i < argc)
                arguments_add(&options->clang, argv[i]);
        } else if (argv[i][0] == '-' || options->input) {
            fputs(usage, strcmp(argv[i], "--help") == 0 ? stdout : stderr);
            exit(strcmp(argv[i], "--help") == 0 ? 0 : 2);
        } else {
            options->input = argv[i];
        }
    }
    if (!options->input) {
        fputs(usage, stderr);
        exit(2);
    }
    if (!options->name)
        options->name = options->input;
    options->omissions.unknown_sets = true;
}

/* Macros, conditionals and numbered labels are gone afterwards; .loc says the lines. */
static int expand(const struct options *options, const char *output) {
    struct arguments command = {0};
    arguments_add(&command, locate_llvm("clang-22", "ORC_CLANG"));
    arguments_add_all(&command, (const char *const[]){"--target=x86_64-linux-musl", "-c", NULL});
    arguments_extend(&command, &options->clang);
    arguments_add_all(&command, (const char *const[]){"-g", "-x", "assembler", options->input, "-Xclangas",
                                                      "-filetype", "-Xclangas", "asm", "-o", output, NULL});
    return tool_run(&command, NULL, NULL, NULL);
}

static int assemble(const char *input, const char *output) {
    struct arguments command = {0};
    arguments_add(&command, locate_llvm("clang-22", "ORC_CLANG"));
    arguments_add_all(&command, (const char *const[]){"--target=x86_64-linux-musl", "-c", "-x", "assembler",
                                                      input, "-o", output, NULL});
    return tool_run(&command, NULL, NULL, NULL);
}

static char *read_text(const char *path) {
    FILE *file = fopen(path, "re");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        fail("unable to read '%s': %s", path, strerror(errno));
    long length = ftell(file);
    rewind(file);
    char *text = allocate((size_t)length + 1, 1);
    text[fread(text, 1, (size_t)length, file)] = 0;
    fclose(file);
    return text;
}

static FILE *open_output(const char *path) {
    FILE *file = fopen(path, "we");
    if (!file)
        fail("unable to write '%s': %s", path, strerror(errno));
    return file;
}

static void write_notes(const char *expanded, const char *name, const char *output) {
    FILE *file = open_output(output);
    char *text = read_text(expanded);
    annotate(text, name, file);
    free(text);
    if (fclose(file) != 0)
        fail("unable to write '%s': %s", output, strerror(errno));
}

static bool lift(const struct options *options, const char *object_path) {
    struct object object;
    struct lifted lifted = {0};
    char *text = NULL;
    size_t size = 0;
    read_object(&object, object_path, options->name);
    FILE *memory = open_memstream(&text, &size);
    if (!memory)
        fail("out of memory");
    bool accepted = write_object(&object, &options->omissions, options->lines, memory, &lifted);
    fclose(memory);
    if (!accepted)
        return false;
    FILE *out = options->output ? open_output(options->output) : stdout;
    if (fwrite(text, 1, size, out) != size || fflush(out) != 0)
        fail("unable to write '%s': %s", options->output ? options->output : "standard output",
             strerror(errno));
    free(text);
    return true;
}

int main(int argc, char **argv) {
    struct options options = {0};
    tool_begin("orc-lift");
    parse_options(&options, argc, argv);
    const char *expanded = tool_temporary(options.name, ".expanded.s"),
               *annotated = tool_temporary(options.name, ".annotated.s"),
               *object = tool_temporary(options.name, ".plain.o");
    int code = expand(&options, expanded);
    if (code)
        return code;
    write_notes(expanded, options.name, annotated);
    code = assemble(annotated, object);
    if (code)
        return code;
    return lift(&options, object) ? 0 : 1;
}
