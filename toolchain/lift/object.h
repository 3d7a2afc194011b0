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

/* What annotate.c has noted of the source, as relocations that change nothing (see there). */
enum note_kind {
    /* Of those at one offset the last counts: the others' bytes are none. */
    NOTE_PADDING,     /* alignment begins here; `addend` is what to, or 0 */
    NOTE_DATA,        /* data begin here */
    NOTE_INSTRUCTION, /* one begins here; `symbol` names the file, `addend` is the line */
    NOTE_VALUE,       /* a value of `addend` bytes that is a difference of places */
    NOTE_COMPLEX,     /* a value that is computed from places in another way */
    NOTE_PLACE,       /* the label that a displacement, or a value in data, counts from */
    NOTE_LESS,        /* ... the label that is subtracted */
    NOTE_IMMEDIATE_PLACE,
    NOTE_IMMEDIATE_LESS, /* the same for an immediate */
    NOTE_END,            /* the label stands at the end of data */
};

struct note {
    uint64_t offset; /* in its section */
    enum note_kind kind;
    uint32_t symbol;
    int64_t addend;
};

/* What a byte of a text section is. */
enum content { CONTENT_PADDING, CONTENT_CODE, CONTENT_START /* of an instruction */, CONTENT_DATA };

struct section {
    const char *name;
    uint32_t type;  /* SHT_... */
    uint64_t flags; /* SHF_... */
    uint64_t alignment, size;
    const uint8_t *data;            /* NULL: zeros */
    struct relocation *relocations; /* by offset */
    size_t relocation_count;
    struct note *notes; /* by offset */
    size_t note_count;
    uint8_t *contents; /* enum content by offset, of a text with notes; NULL: it's all code */
};

struct symbol {
    const char *name;
    uint64_t value, size;
    uint16_t section; /* SHN_UNDEF, SHN_ABS, SHN_COMMON or an index */
    uint8_t binding, type, visibility;
    bool called_with_frame; /* share.c: with %rbp */
    bool ends_table;        /* a label behind data of a text, not in front of what comes next */
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

/* The section is part of the program, not of the tools' bookkeeping; unwind information is made anew. */
bool is_loaded(const struct section *section);

/* Where a symbol of this object and a distance lead: false if that's not known here, since the symbol is of
 * another object's or of others' to replace. */
bool local_place(const struct object *object, uint32_t symbol, int64_t addend, int *section, int64_t *offset);

/* The byte of a section is data that stands in a text. */
bool is_text_data(const struct section *section, int64_t offset);

/* calloc that doesn't fail. */
void *allocate(size_t count, size_t size);

#endif
