/* orc cell: several programs in one cell, a command line of `orc run` for each. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command_lines.h"
#include "commands.h"
#include "run.h"

#define LARGEST_FILE (16u << 20)

static const char usage[] =
    "usage: orc cell [OPTION...] FILE\n"
    "\n"
    "Runs several programs in one cell: each line of FILE (-: of standard input) is what would stand behind "
    "`orc run`,\n"
    "options and all, for one compartment or, with -n, for many.\n"
    "\n"
    "      --time SECONDS   kill them all after that long\n"
    "      --stats          at the end, what each compartment used, on standard error\n"
    "      --metrics FILE   keep Prometheus metrics in FILE, anew every 5 seconds\n"
    "      --no-sharing     no compartment shares anything with another: for comparison\n"
    "      --help\n"
    "\n"
    "Exit status: the highest of the programs', as `orc run` has it; 125 when FILE or one of them can't be "
    "used.\n";

static const struct option long_options[] = {
    {"time", required_argument, NULL, 't'},    {"stats", no_argument, NULL, 's'},
    {"metrics", required_argument, NULL, 'm'}, {"no-sharing", no_argument, NULL, 'n'},
    {"help", no_argument, NULL, 'h'},          {0},
};

struct cell_command {
    struct cell_options options;
    bool no_sharing;
    const char *file;
};

/* Returns the exit status to end with, or -1 to go on. */
static int parse_options(int argc, char **argv, struct cell_command *command) {
    int option;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
        switch (option) {
        case 'h':
            fputs(usage, stdout);
            return 0;
        case 's':
            command->options.stats = true;
            break;
        case 'm':
            command->options.metrics = optarg;
            break;
        case 'n':
            command->no_sharing = true;
            break;
        case 't':
            if (parse_seconds(optarg, &command->options.nanoseconds))
                break;
            fprintf(stderr, "orc cell: --time %s: not a number of seconds above 0\n", optarg);
            return RUN_FAILED;
        default:
            fputs("`orc cell --help` lists the options\n", stderr);
            return RUN_FAILED;
        }
    if (optind + 1 != argc) {
        fputs("orc cell: name one file of command lines; `orc cell --help` tells what it holds\n", stderr);
        return RUN_FAILED;
    }
    command->file = argv[optind];
    return -1;
}

/* The whole of a stream, up to a limit; NULL after a message. */
static char *read_all(FILE *in, const char *name, size_t *length) {
    char *text = NULL;
    size_t room = 0;
    *length = 0;
    while (!feof(in) && !ferror(in) && *length <= LARGEST_FILE) {
        if (*length == room) {
            char *grown = realloc(text, room = room ? room * 2 : 4096);
            if (!grown)
                break;
            text = grown;
        }
        *length += fread(text + *length, 1, room - *length, in);
    }
    if (feof(in) && !ferror(in) && *length <= LARGEST_FILE)
        return text;
    fprintf(stderr, "orc cell: %s: can't be read, or is larger than 16 MiB\n", name);
    free(text);
    return NULL;
}

static bool read_lines(const char *name, struct command_lines *lines) {
    bool is_input = strcmp(name, "-") == 0;
    FILE *in = is_input ? stdin : fopen(name, "re");
    size_t length;
    unsigned bad_line;
    if (!in) {
        fprintf(stderr, "orc cell: %s: %s\n", name, strerror(errno));
        return false;
    }
    char *text = read_all(in, name, &length);
    if (!is_input)
        fclose(in);
    if (!text)
        return false;
    bool good = command_lines_parse(text, length, lines, &bad_line);
    if (!good)
        fprintf(stderr, "orc cell: %s:%u: a quotation mark without its other half\n", name, bad_line);
    else if (lines->count == 0)
        fprintf(stderr, "orc cell: %s: no command lines\n", name);
    free(text);
    return good && lines->count > 0;
}

/* The options' strings and the program's arguments stay in `lines`. */
static int parse_lines(const struct cell_command *command, struct command_lines *lines, struct run *run) {
    for (size_t i = 0; i < lines->count; i++) {
        struct strings *words = &lines->lines[i].words;
        struct group *group = &run->groups[run->group_count++];
        /* The name of the command comes first: what getopt's messages begin with. */
        char *name = copy("orc run");
        strings_add(words, name);
        memmove(words->items + 1, words->items, (words->count - 1) * sizeof *words->items);
        words->items[0] = name;
        *group = (struct group){.run = run, .program_file = -1};
        int status = run_options_parse((int)words->count, words->items, &group->options, NULL);
        group->options.no_sharing |= command->no_sharing;
        if (status < 0)
            continue;
        if (status > 0)
            fprintf(stderr, "orc cell: %s:%u: this line can't be used\n", command->file,
                    lines->lines[i].number);
        return status;
    }
    return -1;
}

static int run_lines(const struct cell_command *command, struct command_lines *lines) {
    const char *slash = strrchr(command->file, '/');
    struct run run = {.options = command->options, .title = slash ? slash + 1 : command->file};
    run.groups = calloc(lines->count, sizeof *run.groups);
    if (!run.groups) {
        fputs("orc cell: no memory\n", stderr);
        return RUN_FAILED;
    }
    int status = parse_lines(command, lines, &run);
    if (status < 0)
        status = run_all(&run);
    else
        for (size_t i = 0; i < run.group_count; i++)
            run_options_free(&run.groups[i].options);
    free(run.groups);
    return status;
}

int orc_cmd_cell(int argc, char **argv) {
    struct cell_command command = {0};
    struct command_lines lines = {0};
    int status = parse_options(argc, argv, &command);
    if (status >= 0)
        return status;
    status = read_lines(command.file, &lines) ? run_lines(&command, &lines) : RUN_FAILED;
    command_lines_free(&lines);
    return status;
}
