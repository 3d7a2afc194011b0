/* What ld.so gives to malloc: the rest of the pages with a program's or a library's variables. The link
 * replaces the C library's function with this one (--wrap). */
#include <stdint.h>
#include "libos.h"

void __real___malloc_donate(char *start, char *end);
void __wrap___malloc_donate(char *start, char *end);

/* libc.so's own last page isn't given away: small programs write to nothing on it, so it would become a
 * private page of each compartment for the sake of a few hundred bytes. In libc.so the text stands behind the
 * variables. */
void __wrap___malloc_donate(char *start, char *end) {
    uintptr_t base = libos_boot->loader_base, text = (uintptr_t)__wrap___malloc_donate;
    if ((uintptr_t)start - base >= text - base)
        __real___malloc_donate(start, end);
}
