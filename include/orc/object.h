/* The shape of an object: what orc-ld writes, what a loader hands to the Intravisor.
 *
 * An object is an ELF shared object laid out as five consecutive, page-aligned regions. Every number below is
 * a byte offset from (or a size relative to) the object's base O, so a region starts at guest address O +
 * offset. In this order:
 *
 *   constants   ELF header, note, symbols, relocations, .rodata, .eh_frame, .dynamic   read-only, shared
 *   relocated   the jump tables, then .data.rel.ro, .init_array, .fini_array, .tdata:
 *               relative relocations only                                              read-only, shared
 *   imports     .got.plt: the import table, 8 bytes an entry, on pages of its own      read-only to the guest
 *   data        .got, .data, .bss: the template of the object's writable state         private copy each
 *   text        .text, .plt: ends in at least 16 bytes of int3                         execute-only, shared
 */
#ifndef ORC_OBJECT_H
#define ORC_OBJECT_H

#include <stdint.h>

#define ORC_PAGE_SIZE 4096u
#define ORC_HASH_SIZE 32u

/* ELF note that carries the hash: section .note.orc, name "ORC", type ORC_NOTE_OBJECT, desc = struct
 * orc_object_note. */
#define ORC_NOTE_NAME "ORC"
#define ORC_NOTE_OBJECT 1u
#define ORC_NOTE_VERSION 2u

/* Sizes in bytes; offsets from the object's base. An empty region has size 0 and still a page-aligned offset.
 */
struct orc_object_layout {
    uint32_t constants, constants_size;
    uint32_t relocated, relocated_size;
    uint32_t jump_tables_size; /* a part of relocated_size: addresses in the text, 8 bytes each */
    uint32_t imports, imports_size;
    uint32_t data, data_file_size; /* bytes that the file provides */
    uint32_t data_size;            /* bytes in memory: the rest is zero */
    uint32_t text, text_size;
    uint32_t relocation_count; /* entries of struct orc_relocation */
};

/* A relative relocation: the 8 bytes at base + offset become base + addend (zero-extended). */
struct orc_relocation {
    uint32_t offset;
    uint32_t addend;
};

struct orc_object_note {
    uint32_t version;  /* ORC_NOTE_VERSION */
    uint32_t reserved; /* zero */
    struct orc_object_layout layout;
    /* BLAKE2b-256 over: version, reserved, layout; then each region's file content in the order above (the
     * hash field itself taken as zero); then the relocations sorted by offset. */
    uint8_t hash[ORC_HASH_SIZE];
};

#endif
