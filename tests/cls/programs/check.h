/* CHECK(condition): says what failed; main returns DONE. */
#ifndef CHECK_H
#define CHECK_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int failures;
#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            printf("%s:%d: %s\n", __FILE_NAME__, __LINE__, #condition); \
            failures++; \
        } \
    } while (0)
#define DONE (printf("%d failures\n", failures), failures != 0)
/* Keeps the optimiser from knowing a pointer's target. */
static inline void *opaque(const volatile void *pointer) {
    __asm__ volatile("" : "+r"(pointer) : : "memory");
    return (void *)(uintptr_t)pointer;
}
#endif
