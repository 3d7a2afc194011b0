/* A relocatable ELF object, as an assembler writes it, read into memory. */
#ifndef ORC_LIFT_OBJECT_H
#define ORC_LIFT_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct relocation {
    uint64_t offset; /* in its section */
    uint32_t type;   /* R_X86_64_... */
    uint32_t symbol; /* its index */
    int64_t addend;
};

struct section {
    const char *name;
    uint32_t type;  /* SHT_... */
    uint64_t flags; /* SHF_... */
    uint64_t alignment, size;
    const uint8_t *data;            /* NULL: zeros */
    struct relocation *relocations; /* by offset */
    size_t relocation_count;
};

struct symbol {
    const char *name;
    uint64_t value, size;
    uint16_t section; /* SHN_UNDEF, SHN_ABS, SHN_COMMON or an index */
    uint8_t binding, type, visibility;
};

struct object {
    const char *source; /* the file that it was assembled from, for messages */
    struct section *sections;
    size_t section_count;
    struct symbol *symbols;
    size_t symbol_count;
};

/* Reads the object; ends the program if it's no relocatable x86-64 object. */
void read_object(struct object *object, const char *path, const char *source);

/* The section holds code. */
bool is_text(const struct section *section);

/* The section is part of the program, not of the tools' bookkeeping. */
bool is_loaded(const struct section *section);

/* calloc that doesn't fail. */
void *allocate(size_t count, size_t size);

#endif
