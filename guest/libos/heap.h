/* Memory for the libOS' own structures: blocks of a few size classes, never moved, with no header. The caller
 * knows the size when it gives a block back. Safe with threads. */
#ifndef LIBOS_HEAP_H
#define LIBOS_HEAP_H

#include <stddef.h>

/* Zeroed; NULL when there is no memory. */
void *heap_allocate(size_t size);
void heap_free(void *block, size_t size);

/* `size` bytes of a block of `old_size`, which moves; NULL leaves the old one alone. New bytes are zero. */
void *heap_resize(void *block, size_t old_size, size_t size);

#endif
