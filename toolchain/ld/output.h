/* The last write: whole or not at all. */
#ifndef ORC_LD_OUTPUT_H
#define ORC_LD_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

/* Writes an executable file. An existing regular file is replaced in one step; a device is written to. Exits
 * with a message, leaving nothing partial, if that fails. */
void write_output(const char *path, const uint8_t *bytes, size_t size);

#endif
