/* The linker script of one link: object.ld with its places filled. */
#ifndef ORC_LD_SCRIPT_H
#define ORC_LD_SCRIPT_H

#include "image.h"

#include "../common/arguments.h"

/* What can be known only after a first link. */
struct script_variant {
    bool relro_is_writable;        /* .data.rel.ro holds addresses that only ld.so knows */
    bool tdata_is_writable;        /* so does .tdata */
    bool has_cls;                  /* relocatable compartment-local storage */
    uint64_t template_size;        /* its initial content */
    struct arguments own_sections; /* writable output sections that object.ld doesn't name */
};

/* Writes the script to a temporary file and returns its path. */
char *write_script(const struct script_variant *variant);

/* Adds the writable sections of `image` that neither object.ld nor the variant names. False if there are
 * none. lld would place such a section after whatever writable section it finds, in a region where it doesn't
 * belong. */
bool find_own_sections(const struct image *image, struct script_variant *variant);

#endif
