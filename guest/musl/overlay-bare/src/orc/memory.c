/* Anonymous memory for one thread. The whole heap range is mapped when the compartment starts and reads as zero, so
 * memory is handed out upwards from `top`, and what comes back is kept in a table of free extents, sorted by address,
 * neighbours merged. Reused memory is cleared when it is handed out again. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include "memory.h"
#include <orc/abi.h>

#define PAGE 4096UL
#define BREAK_SIZE 0x04000000UL /* brk owns the first 64 MiB */
#define MAX_EXTENTS 2048

struct extent {
	unsigned long start, length;
};

static struct extent extents[MAX_EXTENTS];
static unsigned extent_count;
static unsigned long top = ORC_HEAP + BREAK_SIZE;
static unsigned long current_break = ORC_HEAP;

static int in_range(unsigned long start, unsigned long length)
{
	return start % PAGE == 0 && start >= ORC_HEAP + BREAK_SIZE && start <= top && length <= top - start;
}

static unsigned long round_up(unsigned long length)
{
	return (length + PAGE - 1) & -PAGE;
}

/* First fit, taken from the extent's low end. */
static unsigned long take_extent(unsigned long length)
{
	for (unsigned i = 0; i < extent_count; i++) {
		if (extents[i].length < length)
			continue;
		unsigned long start = extents[i].start;
		extents[i].start += length;
		extents[i].length -= length;
		if (!extents[i].length) {
			extent_count--;
			memmove(extents + i, extents + i + 1, (extent_count - i) * sizeof *extents);
		}
		memset((void *)start, 0, length);
		return start;
	}
	return 0;
}

/* An extent that doesn't fit into the table any more is lost until the compartment ends. */
static void give_extent(unsigned long start, unsigned long length)
{
	unsigned i = 0;
	while (i < extent_count && extents[i].start < start)
		i++;
	int joins_previous = i > 0 && extents[i - 1].start + extents[i - 1].length == start;
	int joins_next = i < extent_count && start + length == extents[i].start;
	if (joins_previous && joins_next) {
		extents[i - 1].length += length + extents[i].length;
		extent_count--;
		memmove(extents + i, extents + i + 1, (extent_count - i) * sizeof *extents);
	} else if (joins_previous) {
		extents[i - 1].length += length;
	} else if (joins_next) {
		extents[i].start = start;
		extents[i].length += length;
	} else if (extent_count < MAX_EXTENTS) {
		memmove(extents + i + 1, extents + i, (extent_count - i) * sizeof *extents);
		extents[i] = (struct extent){start, length};
		extent_count++;
	}
}

long __orc_mmap(long address, long length, long protection, long flags, long fd, long offset)
{
	if (length <= 0 || length > ORC_HEAP_END - ORC_HEAP)
		return length ? -ENOMEM : -EINVAL;
	if (protection & PROT_EXEC)
		return -EPERM;
	if (!(flags & MAP_ANONYMOUS) || (flags & MAP_FIXED))
		return -ENOSYS;
	unsigned long size = round_up(length);
	unsigned long start = take_extent(size);
	if (start)
		return start;
	if (size > ORC_HEAP_END - top)
		return -ENOMEM;
	start = top;
	top += size;
	return start;
}

long __orc_munmap(long address, long length)
{
	unsigned long size = round_up(length);
	if (length <= 0 || !in_range(address, size))
		return -EINVAL;
	give_extent(address, size);
	return 0;
}

long __orc_mremap(long address, long old_length, long new_length, long flags)
{
	unsigned long old_size = round_up(old_length), new_size = round_up(new_length);
	if (new_length <= 0 || !in_range(address, old_size) || (flags & MREMAP_FIXED))
		return -EINVAL;
	if (new_size <= old_size) {
		if (new_size < old_size)
			give_extent(address + new_size, old_size - new_size);
		return address;
	}
	if (address + old_size == top && new_size - old_size <= ORC_HEAP_END - top) {
		top += new_size - old_size;
		return address;
	}
	if (!(flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	long moved = __orc_mmap(0, new_size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
	if (moved < 0 && moved > -4096)
		return moved;
	memcpy((void *)moved, (void *)address, old_size);
	give_extent(address, old_size);
	return moved;
}

long __orc_brk(long address)
{
	unsigned long wanted = address;
	if (wanted < ORC_HEAP || wanted > ORC_HEAP + BREAK_SIZE)
		return current_break;
	if (wanted < current_break)
		memset((void *)wanted, 0, current_break - wanted);
	current_break = wanted;
	return current_break;
}
