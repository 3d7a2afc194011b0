// Frames delivered: how many, told once a second, and how fast at most.
#ifndef TRANSCODE_REPORT_H
#define TRANSCODE_REPORT_H

#include <stdint.h>
#include <stdio.h>

struct report {
    FILE *file;     // NULL: nobody wants to know
    int64_t frames; // so far
    double next;    // when the next line is due
    double rate;    // frames a second at most; 0: as fast as it can
    double due;     // with a rate: when the next frame is due
};

// Seconds, from an arbitrary time on.
double monotonic_seconds(void);

// Opens FILE for appending, "-" being standard output, and writes the first line. 0, or -1 with errno.
int report_open(struct report *report, const char *file);

// A frame was delivered: counts it, and waits as the rate demands. The first frame, and then one in a second
// of the clock, has a line written, UNIX_MILLISECONDS,FRAMES_SO_FAR.
void report_frame(struct report *report);

// The last line. 0, or -1 with errno if any line wasn't written.
int report_close(struct report *report);

#endif
