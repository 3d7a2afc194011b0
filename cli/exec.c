/* orc exec: what ld-orc executes, for a program that was itself executed. It's `orc run` with the options of
 * $ORC_RUN, and with what execve hands over: arguments, environment, working directory; and what the parent
 * learns of the end is what it would learn of a native program's.
 *
 *     orc exec PROGRAM COUNT VARIABLE... ARGV0 ARGUMENT... */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "command_lines.h"
#include "commands.h"
#include "run.h"

#define MOST_VARIABLES 1000000

struct execution {
    char *program, **variables, *name, **arguments;
    unsigned variable_count;
};

static bool parse_arguments(int argc, char **argv, struct execution *execution) {
    if (argc < 4)
        return false;
    execution->program = argv[1];
    execution->variables = argv + 3;
    if (strcmp(argv[2], "0") != 0 && !parse_count(argv[2], MOST_VARIABLES, &execution->variable_count))
        return false;
    if ((unsigned)argc < 4 + execution->variable_count)
        return false;
    execution->name = argv[3 + execution->variable_count];
    execution->arguments = argv + 4 + execution->variable_count;
    return true;
}

/* This process's own dynamic linker has looked at its environment already. */
static void complete_environment(const struct execution *execution) {
    unsetenv("ORC_EXEC");
    for (unsigned i = 0; i < execution->variable_count; i++)
        if (strchr(execution->variables[i], '='))
            putenv(execution->variables[i]);
}

/* The command line of `orc run`; `*at` is the program's place in it. */
static bool write_command(const struct execution *execution, struct strings *command, size_t *at) {
    const char *options = getenv("ORC_RUN");
    struct command_lines lines = {0};
    unsigned bad_line;
    if (options && !command_lines_parse(options, strlen(options), &lines, &bad_line)) {
        fprintf(stderr, "orc run: ORC_RUN=%s: a quotation mark without its other half\n", options);
        return false;
    }
    strings_add(command, copy("orc run"));
    for (size_t i = 0; i < lines.count; i++)
        for (size_t word = 0; word < lines.lines[i].words.count; word++)
            strings_add(command, copy(lines.lines[i].words.items[word]));
    command_lines_free(&lines);
    strings_add(command, copy("--"));
    *at = command->count;
    strings_add(command, copy(execution->program));
    for (char **argument = execution->arguments; *argument; argument++)
        strings_add(command, copy(*argument));
    return true;
}

/* As the program's parent would see it end natively. Comes back only where this signal ends nothing. */
static void end_by_signal(int number) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    signal(number, SIG_DFL);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(number);
}

static int run_command(const struct execution *execution, struct strings *command, size_t at) {
    struct run run = {.group_count = 1, .title = command->items[at]};
    struct group group = {.run = &run, .program_file = -1};
    int status = run_options_parse((int)command->count, command->items, &group.options, &run.options);
    if (status >= 0)
        return status;
    if (group.options.arguments != command->items + at) {
        fprintf(stderr, "orc run: ORC_RUN=%s: %s isn't an option: only options can stand there\n",
                getenv("ORC_RUN"), group.options.arguments[0]);
        return RUN_FAILED;
    }
    const char *slash = strrchr(run.title, '/');
    run.title = slash ? slash + 1 : run.title;
    run.groups = &group;
    group.options.executed = true;
    if (!group.options.argv0)
        group.options.argv0 = execution->name;
    status = run_all(&run);
    if (run.signal)
        end_by_signal(run.signal);
    return status;
}

int orc_cmd_exec(int argc, char **argv) {
    struct execution execution = {0};
    struct strings command = {0};
    size_t at;
    if (!parse_arguments(argc, argv, &execution)) {
        fputs("orc exec: for ld-orc alone; `orc run` is what you want\n", stderr);
        return 2;
    }
    complete_environment(&execution);
    int status =
        write_command(&execution, &command, &at) ? run_command(&execution, &command, at) : RUN_FAILED;
    strings_free(&command);
    return status;
}
