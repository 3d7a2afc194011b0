// The command line.
#ifndef TRANSCODE_OPTIONS_H
#define TRANSCODE_OPTIONS_H

#include "pipeline.h"

#include <stdint.h>

struct options {
    struct settings settings;
    const char *input;  // a file, or "-"; NULL with a port
    const char *output; // a file, or "-"; NULL: into the void
    const char *report; // "-": standard output; NULL: none
    uint16_t port;      // 0: no service
    int64_t segments;   // of a service or a loop: ends after so many; 0: never
    double seconds;     // of a loop: no further segment after that long; 0: for ever
    double rate;        // frames a second at most; 0: no limit
    int loop;
};

// Exits on --help, and with 2, after a message, on a command line that makes no sense.
void parse_options(struct options *options, int count, char **arguments);

#endif
