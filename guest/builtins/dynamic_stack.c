/* The dynamic stack: where alloca() and variable-length arrays live, since a function that keeps them on the
 * data stack would need a frame pointer. It grows up towards the data stack, which grows down from the other
 * end of the same memory; when they meet, the program ends, as on any stack overflow.
 *
 * This is the version for programs with one thread and no C library. It's weak: a C library defines
 * __orc_dynamic_stack itself, with the place in each thread's own block and the value at the low end of its
 * stack. Objects find one definition between them, by the ordinary rules of symbol lookup. */
#include "builtins.h"

#include "orc/abi.h"

/* Above the first thread blocks and heap pages. */
#define START (ORC_FIRST_STACK + 0x01000000)

/* What stays free between the two stacks: frames of functions that allocate nothing dynamically. */
#define DISTANCE 0x4000

static void *top = (void *)START;

void **__orc_dynamic_stack(void) {
    return &top;
}

void *__orc_dynamic_alloc(void **place, size_t size, size_t alignment) {
    char marker;
    /* Addresses are 32-bit numbers; so is the sum that is compared, in 64 bits so that it can't wrap. */
    uint64_t start = ((uint32_t)(uintptr_t)*place + alignment - 1) & -(uint64_t)alignment;
    uint64_t data_stack = (uint32_t)(uintptr_t)&marker;
    if (size >= data_stack || start + size + DISTANCE >= data_stack)
        __builtin_trap();
    *place = (void *)(start + size);
    return (void *)start;
}
