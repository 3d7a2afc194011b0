/* What the commands that look at running cells have in common. */
#ifndef ORC_CLI_CELLS_H
#define ORC_CLI_CELLS_H

#include "cell_report.h"

/* Reports of all cells of this user, to be given back with cells_free. */
struct cell_report *cells_ask(size_t *count);
void cells_free(struct cell_report *cells, size_t count);

/* Leaves only compartments whose names match one of the patterns (none: all stay). A pattern is a name as for
 * fnmatch(3), perhaps with the cell's number and a slash before it. Returns how many are left. */
size_t cells_choose(struct cell_report *cells, size_t count, char *const *patterns);

/* Whether a pattern means this compartment. */
bool names_compartment(const char *pattern, const struct cell_report *cell,
                       const struct compartment_report *compartment);

/* The exit status after everything is printed: 1 and a message when standard output couldn't be written. */
int finish_output(const char *command);

#endif
