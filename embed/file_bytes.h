/* Reads whole files. */
#ifndef ORC_EMBED_FILE_BYTES_H
#define ORC_EMBED_FILE_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* Returns the file's content in memory that the caller frees (not NULL even if empty); NULL, errno set, on
 * failure. Files of 4 GiB and above are refused with EFBIG, directories with EISDIR. */
uint8_t *read_file_bytes(const char *name, size_t *size);

#endif
