/* Turning lld's output into an object: stubs, thread-local sequences, the note. */
#ifndef ORC_LD_FINISH_H
#define ORC_LD_FINISH_H

#include "image.h"

/* Whether a relocation against a symbol lies in the relocated constants, which only relative relocations may
 * touch: the link has to be done again with .data.rel.ro among the data. */
bool needs_writable_relro(const struct image *image);

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
