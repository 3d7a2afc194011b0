/* Shared by the files of `orc run`. */
#ifndef ORC_CLI_RUN_H
#define ORC_CLI_RUN_H

#include <stdio.h>

#include "orc/launch.h"
#include "run_options.h"

enum {
    RUN_TIME_IS_UP = 124,
    RUN_FAILED = 125, /* it couldn't be run */
    RUN_SIGNAL = 128, /* and the signal's number */
};

/* One compartment of a run. */
struct instance {
    struct run *run;
    struct orc_compartment *compartment; /* NULL: not started, or ended and destroyed */
    struct orc_launch_mount *mounts;
    size_t mount_count;
    struct orc_network_grant *networks;
    size_t network_count;
    struct strings arguments, environment;
    char *hostname, *name;
    struct instance *next_ended;
    bool killed;
};

/* A run: from options to the compartments' ends. */
struct run {
    struct run_options options;
    struct orc_cell *cell;
    struct orc_launcher *launcher;
    struct instance *instances; /* options.count of them */
    struct orc_file *streams[3];
    char *program;                 /* its path in the compartments */
    int program_file, loader_file; /* the host's files, for messages and symbols; -1: none */
    uint64_t start;                /* ns, monotonic */
    unsigned alive, failed;
    int status; /* the exit status: the highest so far */
};

void run_print_usage(FILE *out);

/* run_prepare.c: opens everything that the compartments get, before the cell is locked down. */
bool run_prepare(struct run *run);
void run_release(struct run *run);

uint64_t monotonic_time(void);

#endif
