/* Turning lld's output into an object: stubs, thread-local sequences, the note. */
#ifndef ORC_LD_FINISH_H
#define ORC_LD_FINISH_H

#include "image.h"

/* Whether `section` is among the relocated constants, which only relative relocations may touch, and holds an
 * address that only ld.so knows: the link has to be done again with the section among the data. */
bool needs_writable(const struct image *image, const char *section);

/* Finds the relocatable compartment-local storage: where it is linked, the size of its initial content. False
 * if there is none. */
bool find_cls(struct image *image, uint64_t *initial_size);

/* Fills the template and the descriptor and gives each relocation the form that ld.so expects. */
void finish_cls(struct image *image);

/* Checks every dynamic relocation; exits with a message that names the symbol of a bad one. */
void check_relocations(const struct image *image);

/* Rewrites the stubs of the procedure linkage table to jumps through the import table. */
void finish_plt(struct image *image);

/* Rewrites what lld writes into the text (relaxed thread-local sequences, branches to undefined weak
 * functions) into forms that the verifier knows. */
void finish_code(struct image *image);

/* Makes program headers that describe nothing (no interpreter, no thread-local data) PT_NULL: lld keeps what
 * the script names. */
void finish_headers(struct image *image);

/* Fills the note: layout and hash. The last step. */
void finish_note(struct image *image);

#endif
