/* The orc command: a table of subcommands. */
#include "commands.h"
#include "orc/version.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"run", orc_cmd_run, "run a program in a compartment, or many"},
    {"cell", orc_cmd_cell, "run several programs in one cell, as a file lists them"},
    {"ps", orc_cmd_ps, "list cells and their compartments"},
    {"top", orc_cmd_top, "the same, again and again"},
    {"kill", orc_cmd_kill, "send a signal to compartments"},
    {"objects", orc_cmd_objects, "list the objects that compartments share"},
    {"revoke", orc_cmd_revoke, "take an object away from all compartments"},
    {"stats", orc_cmd_stats, "what compartments use, for people, as JSON or for Prometheus"},
    {"verify", orc_cmd_verify, "check that machine code keeps the fault-isolation rules"},
    {"bare", orc_cmd_bare, "run an object's entry in a compartment without a guest OS"},
    {"exec", orc_cmd_exec, NULL}, /* for ld-orc */
};

#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static void print_usage(FILE *out) {
    fprintf(out, "usage: orc COMMAND [ARGUMENTS]\n"
                 "       orc --help | --version\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (commands[i].summary)
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
    if (strcmp(argv[1], "--version") == 0) {
        printf("orc %s\n", ORC_VERSION);
        return 0;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, argv[1]) == 0) {
            char whole_name[32]; /* what getopt's messages begin with */
            snprintf(whole_name, sizeof whole_name, "orc %s", commands[i].name);
            argv[1] = whole_name;
            return commands[i].run(argc - 1, argv + 1);
        }
    fprintf(stderr, "orc: no command named %s\n", argv[1]);
    print_usage(stderr);
    return 2;
}
