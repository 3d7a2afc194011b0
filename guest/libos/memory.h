/* Between memory.c and threads.c: a thread that frees its own stack. */
#ifndef LIBOS_MEMORY_H
#define LIBOS_MEMORY_H

#include "libos.h"

#pragma GCC visibility push(hidden)
extern struct libos_lock libos_memory_lock;
/* Takes whole pages out of the map, which is locked; the caller unmaps them. */
void libos_forget_pages(unsigned long address, unsigned long size);
#pragma GCC visibility pop

#endif
