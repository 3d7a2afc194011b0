/* What `orc run` was asked to do. */
#ifndef ORC_CLI_RUN_OPTIONS_H
#define ORC_CLI_RUN_OPTIONS_H

#include "text.h"

struct run_options {
    const char *root, *name, *domain, *hostname, *working_directory, *metrics;
    struct strings mounts, environment, listens, connects;
    uint64_t memory;           /* bytes; 0: the default */
    uint64_t nanoseconds;      /* 0: no limit */
    unsigned threads, handles; /* 0: the default */
    unsigned count;            /* of compartments */
    bool stats;
    char **arguments; /* PROGRAM first, up to a NULL */
};

/* Returns the exit status to end with, or -1 to go on. */
int run_options_parse(int argc, char **argv, struct run_options *options);

#endif
