/* Whether an assembled file holds nothing but instructions that the verifier takes. It asks the verifier's
 * own judge (trusted/verifier/instruction.c), so that there is one list of what is allowed. */
#ifndef ORC_TOOLCHAIN_CHECK_H
#define ORC_TOOLCHAIN_CHECK_H

#include <stdbool.h>
#include <stdio.h>

/* Checks each instruction of the executable sections of an ELF object: rules 1 to 4, and that direct branches
 * and the mark are where instructions begin. What the linker decides is left to the verifier. `report`: where
 * a line for each rejection goes, or NULL. It names source lines if the object has a section .orc_lines
 * (orc-sfi --lines), else `name` and the function. True if nothing is rejected, or the file is no such
 * object. */
bool check_object_code(const char *path, const char *name, FILE *report);

#endif
