/* orc-sfi: rewrites AT&T assembly so that it can't leave its compartment. */
#include "sfi.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

/* Every error would go away with -fno-jump-tables: orc-cc compiles again so. */
#define EXIT_STARVED 3

/* So that orc-cc knows confined assembly, which isn't to be confined again. */
#define MARK "# orc: confined"

static const char usage[] =
    "usage: orc-sfi [--compiler] [--exact-stack] [--lines] [--mark] [--name SOURCE] [-o OUTPUT] [INPUT]\n"
    "Rewrites AT&T assembly into its confined form. Reads standard input and writes standard\n"
    "output unless told otherwise.\n"
    "  --compiler    the input is clang's output, not a person's\n"
    "  --exact-stack  the code handles its stack in ways of its own\n"
    "  --lines       a section .orc_lines says which source line each instruction is from\n"
    "  --mark        begin the output with the comment '" MARK "'\n"
    "  --name NAME   call the input NAME in messages\n";

static char *read_all(FILE *in) {
    size_t capacity = 1 << 16, length = 0;
    char *text = malloc(capacity);
    while (text) {
        length += fread(text + length, 1, capacity - length - 1, in);
        if (length < capacity - 1)
            break;
        capacity *= 2;
        char *grown = realloc(text, capacity);
        if (!grown)
            free(text);
        text = grown;
    }
    if (text && memchr(text, 0, length)) {
        fprintf(stderr, "orc-sfi: the input holds null bytes; it's not assembly text\n");
        exit(1);
    }
    if (text)
        text[length] = 0;
    return text;
}

int main(int argc, char **argv) {
    static const struct option options[] = {{"compiler", no_argument, NULL, 'c'},
                                            {"exact-stack", no_argument, NULL, 'x'},
                                            {"lines", no_argument, NULL, 'l'},
                                            {"name", required_argument, NULL, 'n'},
                                            {"mark", no_argument, NULL, 'm'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    static struct program program; /* static: what it points to stays reachable for the leak checker */
    static char *text;
    const char *output = NULL, *name = NULL;
    bool mark = false;
    for (int option; (option = getopt_long(argc, argv, "o:h", options, NULL)) != -1;) {
        switch (option) {
        case 'c':
            program.compiler = true;
            break;
        case 'x':
            exact_stack = true;
            break;
        case 'l':
            program.marks_lines = true;
            break;
        case 'm':
            mark = true;
            break;
        case 'n':
            name = optarg;
            break;
        case 'o':
            output = optarg;
            break;
        case 'h':
            fputs(usage, stdout);
            return 0;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    if (argc - optind > 1) {
        fputs(usage, stderr);
        return 2;
    }
    const char *input = optind < argc ? argv[optind] : "-";
    FILE *in = strcmp(input, "-") == 0 ? stdin : fopen(input, "r");
    if (!in) {
        fprintf(stderr, "orc-sfi: can't read %s: %s\n", input, strerror(errno));
        return 1;
    }
    program.file = name ? name : strcmp(input, "-") == 0 ? "<stdin>" : input;
    text = read_all(in);
    if (!text || ferror(in)) {
        fprintf(stderr, "orc-sfi: can't read %s: %s\n", input, strerror(errno));
        return 1;
    }
    parse_program(&program, text);
    read_bytes(&program);
    analyse_flow(&program);

    /* Written whole or not at all. */
    char *result = NULL;
    size_t size = 0;
    program.out = open_memstream(&result, &size);
    if (!program.out) {
        fprintf(stderr, "orc-sfi: out of memory\n");
        return 1;
    }
    if (mark)
        emit(&program, "%s", MARK);
    if (!program.errors)
        rewrite_program(&program);
    fclose(program.out);
    if (program.errors) {
        free(result);
        return program.errors == program.starved ? EXIT_STARVED : 1;
    }
    FILE *out = output ? fopen(output, "w") : stdout;
    if (!out || fwrite(result, 1, size, out) != size || fflush(out) != 0) {
        fprintf(stderr, "orc-sfi: can't write %s: %s\n", output ? output : "standard output",
                strerror(errno));
        if (out && output)
            remove(output);
        return 1;
    }
    free(result);
    return 0;
}
