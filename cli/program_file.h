/* The operator's program file: is it an object at all? And the names of functions in such a file. Content is
 * taken as hostile; these read it from an open descriptor, at bounded offsets, into bounded memory. */
#ifndef ORC_CLI_PROGRAM_FILE_H
#define ORC_CLI_PROGRAM_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "orc/object.h"

/* False, after a message that says what to do, unless the file is a regular one that looks like an object.
 * The whole is checked inside the compartment. */
bool program_file_check(int fd, const char *name);

/* The file's hash, by its note. False if it has none. */
bool program_file_hash(int fd, uint8_t hash[ORC_HASH_SIZE]);

/* Looks for the function that holds `offset`. Writes its name, cut to `size` and with unprintable bytes
 * replaced, and how far behind its start `offset` is. */
bool program_file_symbol(int fd, uint32_t offset, char *name, size_t size, uint32_t *distance);

#endif
