/* The guest's own memory management: anonymous mappings inside the heap range of its slot. */
#ifndef ORC_GUEST_MEMORY_H
#define ORC_GUEST_MEMORY_H

#include "features.h"

hidden long __orc_mmap(long address, long length, long protection, long flags, long fd, long offset);
hidden long __orc_munmap(long address, long length);
hidden long __orc_mremap(long address, long old_length, long new_length, long flags);
hidden long __orc_brk(long address);

#endif
