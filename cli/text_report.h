/* Verifies a text range and prints what is wrong with it. */
#ifndef ORC_CLI_TEXT_REPORT_H
#define ORC_CLI_TEXT_REPORT_H

#include "orc/verifier.h"

#include <stdio.h>

/* Prints one line for each rejection, in the order of their offsets: `NAME: 0xOFFSET: rule N: INSTRUCTION:
 * why`. */
enum orc_verdict verify_and_report(FILE *out, const char *name, const uint8_t *text, size_t length,
                                   uint32_t address, struct orc_import_table imports,
                                   struct orc_jump_tables jumps);

#endif
