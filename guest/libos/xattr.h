/* Extended attributes of nodes. */
#ifndef LIBOS_XATTR_H
#define LIBOS_XATTR_H

#include "node.h"

#pragma GCC visibility push(hidden)
/* With nodes_lock. */
void attributes_free(struct node *node);
#pragma GCC visibility pop

#endif
