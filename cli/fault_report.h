/* What a guest's fault looks like to the operator. */
#ifndef ORC_CLI_FAULT_REPORT_H
#define ORC_CLI_FAULT_REPORT_H

#include "orc/cell.h"

/* A file of the operator's whose functions can be named, when an object has its hash. */
struct symbol_file {
    int fd;
    const char *name;
};

/* Prints to stderr which compartment faulted, where and how, its registers and its calls. */
void print_fault_report(struct orc_cell *cell, const char *compartment, const struct orc_fault *fault,
                        const struct symbol_file *files, size_t file_count);

/* The registers at a fault, four a line, to stderr. */
void print_fault_registers(const struct orc_fault *fault);

#endif
