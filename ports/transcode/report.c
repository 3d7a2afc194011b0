#include "report.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

double monotonic_seconds(void) {
    return seconds(CLOCK_MONOTONIC);
}

// Flushed line by line, so that a reader never sees half of one.
static void write_line(struct report *report) {
    fprintf(report->file, "%.0f,%" PRId64 "\n", seconds(CLOCK_REALTIME) * 1000, report->frames);
    fflush(report->file);
}

int report_open(struct report *report, const char *file) {
    report->file = strcmp(file, "-") == 0 ? stdout : fopen(file, "a");
    if (!report->file)
        return -1;
    write_line(report);
    return 0;
}

// Who is late doesn't hurry afterwards to make up for it: the rate is one of a live stream.
static void wait_until_due(struct report *report) {
    double now = monotonic_seconds();
    double ahead = report->due - now;
    report->due = (ahead > 0 ? report->due : now) + 1 / report->rate;
    if (ahead <= 0)
        return;
    struct timespec rest = {.tv_sec = (time_t)ahead, .tv_nsec = (long)((ahead - (time_t)ahead) * 1e9)};
    while (nanosleep(&rest, &rest) != 0) {
    }
}

void report_frame(struct report *report) {
    report->frames++;
    if (report->rate > 0)
        wait_until_due(report);
    if (!report->file)
        return;
    double now = monotonic_seconds();
    if (report->frames > 1 && now < report->next)
        return;
    write_line(report);
    report->next = report->frames > 1 && now < report->next + 1 ? report->next + 1 : now + 1;
}

int report_close(struct report *report) {
    if (!report->file)
        return 0;
    write_line(report);
    int failed = ferror(report->file);
    return fclose(report->file) != 0 || failed ? -1 : 0;
}
