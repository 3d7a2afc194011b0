/* A cell as its operator sees it: gathered in the cell, sent over its control socket as lines of text, and
 * read again by orc ps, objects and stats. */
#ifndef ORC_CLI_CELL_REPORT_H
#define ORC_CLI_CELL_REPORT_H

#include <stdio.h>
#include <sys/types.h>

#include "orc/cell.h"

#define REPORT_NAME_SIZE 68

struct compartment_report {
    char name[REPORT_NAME_SIZE];
    struct orc_statistics statistics;
};

struct cell_report {
    pid_t pid;
    char program[REPORT_NAME_SIZE];
    uint64_t age;                 /* ns */
    uint64_t memory, page_tables; /* bytes of the whole process, as the kernel counts them; 0: unknown */
    struct compartment_report *compartments;
    size_t compartment_count;
    struct orc_object_statistics *objects;
    size_t object_count;
};

/* Adds one to the report; false when there's no memory. Names are cut to their size, and bytes that aren't
 * printable become '?'. */
bool cell_report_add_compartment(struct cell_report *report, const char *name,
                                 const struct orc_statistics *statistics);
bool cell_report_add_object(struct cell_report *report, const struct orc_object_statistics *object);
void cell_report_free(struct cell_report *report);

/* A whole hash in hexadecimal digits. */
bool object_parse_hash(const char *text, uint8_t hash[ORC_HASH_SIZE]);

/* Bytes that users of an object save by sharing it. */
uint64_t object_saving(const struct orc_object_statistics *object);

/* Sums over a cell, in bytes. What is the process' own is what's left of its memory. */
struct cell_totals {
    uint64_t private, objects, saved, own, page_tables;
};
struct cell_totals cell_totals(const struct cell_report *report);

void cell_report_send(FILE *out, const struct cell_report *report);
/* False when the lines aren't a whole report. */
bool cell_report_receive(FILE *in, struct cell_report *report);

/* Forms for people and programs. */
void cells_print_compartments(FILE *out, const struct cell_report *cells, size_t count);
void cells_print_statistics(FILE *out, const struct cell_report *cells, size_t count);
void cells_print_objects(FILE *out, const struct cell_report *cells, size_t count);
void cells_print_json(FILE *out, const struct cell_report *cells, size_t count, bool compartments,
                      bool objects);
void cells_print_metrics(FILE *out, const struct cell_report *cells, size_t count);

#endif
