/* From parsed options to commands: compile, rewrite, assemble, link. */
#ifndef ORC_CC_STAGES_H
#define ORC_CC_STAGES_H

#include "options.h"

/* Does what the options ask for. Returns the exit code. */
int run_stages(struct options *options);

/* The directory with the guest's C library: --sysroot, $ORC_SYSROOT or ../lib/orc/sysroot; NULL if it has
 * none. */
const char *find_sysroot(const struct options *options);

/* Fills `command` with orc-ld and its arguments. */
void link_command(const struct options *options, const char *output, struct arguments *command);

#endif
