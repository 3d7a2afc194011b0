/* Which bytes of a text are instructions, and which are data. */
#ifndef ORC_LIFT_CLASSIFY_H
#define ORC_LIFT_CLASSIFY_H

#include "object.h"

/* Fills in the contents of texts that have notes. */
void classify(const struct object *object);

#endif
