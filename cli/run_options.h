/* What `orc run` and `orc cell` were asked to do. */
#ifndef ORC_CLI_RUN_OPTIONS_H
#define ORC_CLI_RUN_OPTIONS_H

#include "text.h"

/* For the whole cell. */
struct cell_options {
    const char *metrics;
    uint64_t nanoseconds; /* 0: no limit */
    bool stats;
};

/* For compartments of one program. */
struct run_options {
    const char *root, *name, *domain, *hostname, *working_directory;
    const char *streams[3]; /* files; NULL: this process's own */
    struct strings mounts, environment, listens, publishes, connects;
    uint64_t memory;           /* bytes; 0: the default */
    unsigned threads, handles; /* 0: the default */
    unsigned count;            /* of compartments */
    bool numbered;             /* -n was given: {i} is their number */
    bool no_sharing;
    bool native;           /* it sees this machine as it is */
    bool executed;         /* by ld-orc, with what execve hands over */
    const char *argv0;     /* NULL: the program's path in the compartment */
    const char *user_text; /* UID[:GID], names or numbers; NULL: none */
    uint32_t user, group;  /* what it means: run_prepare finds out */
    bool zygote;           /* the compartments are clones of one that is started before them */
    uint64_t settle;       /* ns for which that one has to be idle */
    char **arguments;      /* PROGRAM first, up to a NULL */
};

/* Returns the exit status to end with, or -1 to go on. Options for the whole cell are refused where `cell` is
 * NULL. */
int run_options_parse(int argc, char **argv, struct run_options *options, struct cell_options *cell);
void run_options_free(struct run_options *options);

#endif
