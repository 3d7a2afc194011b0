/* Where the toolchain's parts stand: programs beside this one, everything else in ../lib/orc. The build tree
 * and an installation have the same shape. */
#ifndef ORC_TOOLCHAIN_LOCATE_H
#define ORC_TOOLCHAIN_LOCATE_H

/* The path of a program beside this one; the environment variable overrides it when set (may be NULL). */
char *locate_program(const char *name, const char *variable);

/* The path of a file in ../lib/orc. */
char *locate_file(const char *name);

/* The name of an LLVM tool: the environment variable's value when set, else `name`, looked up in PATH. */
const char *locate_llvm(const char *name, const char *variable);

#endif
