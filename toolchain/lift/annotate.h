/* Notes in an assembly source, for what its object would forget. */
#ifndef ORC_LIFT_ANNOTATE_H
#define ORC_LIFT_ANNOTATE_H

#include <stdio.h>

/* Writes the assembly text, which is clang's own (cc1as -filetype asm), with notes. `source` is the file that
 * lines are of unless the text names another. Changes `text`. */
void annotate(char *text, const char *source, FILE *out);

#endif
