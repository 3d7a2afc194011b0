/* Reads an object from an ELF file. Untrusted: the Intravisor checks again whatever it is handed.
 *
 * Every number in the file is taken as hostile; after a successful read, each offset and size below lies
 * inside the file and below 4 GiB, regions neither overlap nor leave their order, and the hash in the note is
 * right.
 */
#ifndef ORC_EMBED_OBJECT_FILE_H
#define ORC_EMBED_OBJECT_FILE_H

#include "orc/cell.h"
#include "orc/verifier.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A relocation other than R_X86_64_RELATIVE, as the file has it. */
struct object_file_binding {
    uint32_t offset; /* from the base: of the 8 bytes to fill */
    uint32_t type;   /* R_X86_64_JUMP_SLOT, R_X86_64_GLOB_DAT, ... */
    uint32_t symbol; /* index in .dynsym */
    int64_t addend;
};

struct object_file {
    uint8_t *file; /* the whole file; freed by object_file_close */
    size_t file_size;

    struct orc_object_note note; /* layout and hash */
    uint32_t hash_field;         /* where the note's hash field stands among the constants */
    uint32_t entry;              /* offset from the base; 0: none */

    /* The regions' file content, `*_size` bytes each (data: data_file_size), or NULL for an empty region. */
    const uint8_t *constants;
    const uint8_t *relocated;
    const uint8_t *imports;
    const uint8_t *data;
    const uint8_t *text;

    struct orc_relocation *relocations; /* note.layout.relocation_count of them, sorted by offset */
    struct object_file_binding *bindings;
    size_t binding_count;
    uint64_t *jump_entries; /* of object_file_jumps */

    uint32_t program_headers; /* offset of the program headers from the base */
    uint16_t program_header_count;
};

/* Reads and checks an object. On failure returns false, and the message is `NAME: what is wrong`. */
bool object_file_open(struct object_file *object, const char *name, struct orc_error *error);

/* The jump tables as they'll be with the object at `base`, until object_file_close. False: no memory. */
bool object_file_jumps(struct object_file *object, uint32_t base, struct orc_jump_tables *jumps);
void object_file_close(struct object_file *object);

#endif
