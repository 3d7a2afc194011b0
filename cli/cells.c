#include "cells.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"

struct cell_report *cells_ask(size_t *count) {
    size_t found, answered = 0;
    pid_t *pids = control_cells(&found);
    struct cell_report *cells = calloc(found + 1, sizeof *cells);
    for (size_t i = 0; cells && pids && i < found; i++)
        answered += control_ask_report(pids[i], &cells[answered]);
    free(pids);
    *count = cells ? answered : 0;
    return cells;
}

void cells_free(struct cell_report *cells, size_t count) {
    for (size_t i = 0; i < count; i++)
        cell_report_free(&cells[i]);
    free(cells);
}

bool names_compartment(const char *pattern, const struct cell_report *cell,
                       const struct compartment_report *compartment) {
    const char *slash = strchr(pattern, '/');
    if (slash) {
        char *end;
        long pid = strtol(pattern, &end, 10);
        if (end != slash || pid != cell->pid)
            return false;
        pattern = slash + 1;
    }
    return fnmatch(pattern, compartment->name, 0) == 0;
}

static bool chosen(const struct cell_report *cell, const struct compartment_report *compartment,
                   char *const *patterns) {
    for (; *patterns; patterns++)
        if (names_compartment(*patterns, cell, compartment))
            return true;
    return false;
}

size_t cells_choose(struct cell_report *cells, size_t count, char *const *patterns) {
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        size_t kept = 0;
        for (size_t j = 0; j < cells[i].compartment_count; j++)
            if (!*patterns || chosen(&cells[i], &cells[i].compartments[j], patterns))
                cells[i].compartments[kept++] = cells[i].compartments[j];
        cells[i].compartment_count = kept;
        total += kept;
    }
    return total;
}

int finish_output(const char *command) {
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    fprintf(stderr, "%s: can't write: %s\n", command, strerror(errno));
    return 1;
}
