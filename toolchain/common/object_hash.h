/* The hash that names an object, as include/orc/object.h defines it. Used by the linker and by the orc
 * command; the Intravisor computes it on its own. */
#ifndef ORC_OBJECT_HASH_H
#define ORC_OBJECT_HASH_H

#include "orc/object.h"

#include <stdbool.h>
#include <stddef.h>

/* The file content of the regions: layout.constants_size bytes at constants, and so on (data:
 * data_file_size). A pointer to an empty region may be NULL. */
struct orc_object_content {
    const uint8_t *constants;
    const uint8_t *relocated;
    const uint8_t *imports;
    const uint8_t *data;
    const uint8_t *text;
};

/* Hashes an object.
 *
 * note: its hash field isn't read. hash_offset: where the constants hold the note's hash field, which counts
 * as zero; SIZE_MAX if they don't hold it. relocations: layout.relocation_count of them, sorted by offset.
 * False if the hash field doesn't lie inside the constants, or libsodium fails.
 */
bool orc_object_hash(const struct orc_object_note *note, const struct orc_object_content *content,
                     size_t hash_offset, const struct orc_relocation *relocations,
                     uint8_t hash[ORC_HASH_SIZE]);

#endif
