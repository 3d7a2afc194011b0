/* Shared by the files of `orc run` and `orc cell`. */
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
    struct group *group;
    struct orc_compartment *compartment; /* NULL: not started, or ended and destroyed */
    struct orc_launch_mount *mounts;
    size_t mount_count;
    struct orc_network_grant *networks;
    size_t network_count;
    struct orc_published *published;
    size_t published_count;
    struct strings arguments, environment;
    char *hostname, *name, *domain;
    struct orc_file *streams[3];   /* its own; NULL: the run's */
    struct orc_launcher *launcher; /* its own, when it shares nothing; else NULL */
    struct instance *next_ended;
    bool killed;
};

/* Compartments with the same options. */
struct group {
    struct run *run;
    struct run_options options;
    struct instance *instances;  /* options.count of them, and with --zygote one more: the zygote */
    struct orc_zygote *zygote;   /* made of that one's compartment */
    int zygote_input[2];         /* what the zygote would read, if anyone wrote to it */
    char *program;               /* its path in the compartments */
    char *directory;             /* where they start, unless an option says so; NULL: / */
    bool is_mounted;             /* a mount shows it there */
    char *home;                  /* of its user; NULL: the default */
    char *accounts[2]; /* /etc/passwd and /etc/group with a user whom the system root doesn't know, or NULL */
    struct strings mount_points; /* of this machine, with --native */
    size_t first_mounts;         /* how many mounts come before those of --mount */
    int program_file;            /* the host's file, for messages and symbols; -1: none */
};

/* A run: from options to the compartments' ends. */
struct run {
    struct cell_options options;
    struct group *groups;
    size_t group_count;
    const char *title; /* of the cell, in lists */
    struct orc_cell *cell;
    struct orc_launcher *launcher;
    struct orc_file *streams[3];
    int loader_file; /* for symbols; -1: none */
    uint64_t start;  /* ns, monotonic */
    uint32_t file_mode_mask, ignored_signals; /* this process's own, when it was started */
    unsigned count;                           /* of compartments */
    unsigned alive, failed;
    int status; /* the exit status: the highest so far */
    int signal; /* that ended the last compartment; 0: none */
};

/* The zygote of a group, or NULL. */
static inline struct instance *zygote_of(const struct group *group) {
    return group->options.zygote && group->instances ? &group->instances[group->options.count] : NULL;
}

void run_print_usage(FILE *out);

/* Runs it, releases what it holds, and returns the exit status. */
int run_all(struct run *run);

/* run_prepare.c: opens everything that the compartments get, before the cell is locked down. */
bool run_prepare(struct run *run);
void run_release(struct run *run);
void run_release_streams(struct instance *instance);

uint64_t monotonic_time(void);

#endif
