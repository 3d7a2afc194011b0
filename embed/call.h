/* What orc_launch needs of calls into compartments. */
#ifndef ORC_EMBED_CALL_H
#define ORC_EMBED_CALL_H

#include "orc/launch.h"

/* A pair of sockets: grants one end, at `*handle`; the other is kept in `*calls`, which is NULL on failure.
 */
int calls_open(struct orc_cell *cell, struct orc_compartment *compartment, struct orc_calls **calls,
               uint32_t *handle, struct orc_error *error);

#endif
