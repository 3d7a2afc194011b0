/* The allocator: many sizes, realloc, calloc's zeroes, aligned allocation, large blocks mapped and unmapped.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 300 };
static struct {
    unsigned char *p;
    size_t n;
    unsigned char tag;
} slots[SLOTS];
static uint32_t seed = 42;
static uint32_t next(void) {
    return (seed = seed * 1664525 + 1013904223) >> 7;
}
static int intact(int i) {
    for (size_t k = 0; k < slots[i].n; k += 1 + slots[i].n / 50)
        if (slots[i].p[k] != slots[i].tag)
            return 0;
    return 1;
}

int main(void) {
    long bad = 0, total = 0;
    for (int round = 0; round < 30000; round++) {
        int i = (int)(next() % SLOTS);
        size_t n = next() % 100 ? next() % 700 + 1 : next() % 300000 + 1;
        switch (next() % 4) {
        case 0:
            if (slots[i].p) {
                bad += !intact(i);
                free(slots[i].p);
            }
            slots[i].p = calloc(n, 1);
            for (size_t k = 0; k < n; k++)
                bad += slots[i].p[k] != 0;
            break;
        case 1:
            if (slots[i].p) {
                bad += !intact(i);
                size_t kept = n < slots[i].n ? n : slots[i].n;
                slots[i].p = realloc(slots[i].p, n);
                for (size_t k = 0; k < kept; k += 17)
                    bad += slots[i].p[k] != slots[i].tag;
                break;
            } /* fall through */
        case 2:
            if (slots[i].p) {
                bad += !intact(i);
                free(slots[i].p);
            }
            slots[i].p = malloc(n);
            break;
        default:
            if (slots[i].p) {
                bad += !intact(i);
                free(slots[i].p);
            }
            slots[i].p = aligned_alloc(64, (n + 63) / 64 * 64);
            bad += (uintptr_t)slots[i].p % 64 != 0;
        }
        slots[i].n = n, slots[i].tag = (unsigned char)next();
        memset(slots[i].p, slots[i].tag, n);
        total += (long)n;
    }
    for (int i = 0; i < SLOTS; i++) {
        if (slots[i].p)
            bad += !intact(i);
        free(slots[i].p);
    }
    char *large = malloc(10 << 20);
    memset(large, 1, 10 << 20);
    large = realloc(large, 40 << 20);
    printf("%d %d\n", large[0], large[(10 << 20) - 1]);
    free(large);
    printf("%ld %ld %d\n", bad, total, malloc(SIZE_MAX / 2) == NULL);
    return (int)bad;
}
