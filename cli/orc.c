/* The orc command: a table of subcommands. */
#include "commands.h"

#include <stdio.h>
#include <string.h>

/* Absent from builds without the Intravisor. */
#pragma weak orc_cmd_bare

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"verify", orc_cmd_verify, "check that machine code keeps the fault-isolation rules"},
    {"bare", orc_cmd_bare, "run an object's entry in a compartment without a guest OS"},
};

#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static void print_usage(FILE *out) {
    fprintf(out, "usage: orc COMMAND [ARGUMENTS]\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (commands[i].run)
            fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
    fprintf(out, "\n`orc COMMAND --help` tells more.\n");
}

int main(int argc, char **argv) {
    if (argc < 2) {
        print_usage(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return 0;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (commands[i].run && strcmp(commands[i].name, argv[1]) == 0)
            return commands[i].run(argc - 1, argv + 1);
    fprintf(stderr, "orc: no command named %s\n", argv[1]);
    print_usage(stderr);
    return 2;
}
