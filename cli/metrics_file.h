/* A file that always holds the cell's last Prometheus metrics: each state replaces the one before at once. */
#ifndef ORC_CLI_METRICS_FILE_H
#define ORC_CLI_METRICS_FILE_H

#include "cell_report.h"

struct metrics_file;

/* NULL after a message; opens the file's directory, so that the file can be replaced when the cell is locked
 * down. */
struct metrics_file *metrics_file_open(const char *path);
void metrics_file_write(struct metrics_file *file, const struct cell_report *report);
void metrics_file_close(struct metrics_file *file);

#endif
