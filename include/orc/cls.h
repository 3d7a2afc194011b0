/* How an object of the relocatable model tells ld.so where its compartment-local storage (CLS) belongs:
 * docs/cls.md. The Intravisor knows nothing of it: for it the template is a part of the relocated constants.
 *
 * The variables are linked to addresses behind the text, where nothing is ever mapped. ld.so copies the
 * template, which is their initial content, to memory of the compartment's, followed by zeros, and stores the
 * distance between that memory and the linked addresses in the object's displacement word, which is in the
 * data region.
 *
 * Relocations: one at an offset in the template belongs to the copy; the value of a symbol at or behind
 * `start` is moved by the displacement; type R_X86_64_RELATIVE64 is base + addend + displacement. */
#ifndef ORC_CLS_H
#define ORC_CLS_H

#include <stdint.h>

#define ORC_PT_CLS 0x6f726301u /* program header: struct orc_cls, in the constants */

/* Offsets from the object's base; sizes in bytes. */
struct orc_cls {
    uint32_t start, size;             /* the linked addresses */
    uint32_t template, template_size; /* the first bytes of them; the rest is zero */
    uint32_t displacement;            /* the word */
    uint32_t alignment;               /* of `start` and the memory, a power of two */
};

#endif
