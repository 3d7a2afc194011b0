/* Where the first thread of a compartment starts, with the address of argc. The Intravisor has mapped libc.so and applied
 * its relative relocations; no import is bound yet, and no thread pointer is set. */
#include <stddef.h>
#include <orc/boot.h>
#include <orc/hostcall.h>
#include "dynlink.h"

hidden void __orc_start(const struct orc_boot *boot);
hidden void __dls2(unsigned char *base, size_t *start);

void _dlstart(size_t *start)
{
	size_t *auxv = start + 1 + start[0] + 1;
	while (*auxv++);
	for (; *auxv && *auxv != AT_ORC_BOOT; auxv += 2);
	const struct orc_boot *boot = (void *)auxv[1];
	if (!*auxv)
		__builtin_trap();
	__orc_start(boot);
	__dls2((void *)(size_t)boot->loader_base, start);
}
