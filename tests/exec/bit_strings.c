/* Bit sets: set, clear, test and flip through memory, population, sieve, find first, de Bruijn, Gray code. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint64_t set[1600];
static int test(const uint64_t *s, unsigned n) {
    return s[n / 64] >> (n % 64) & 1;
}
static void put(uint64_t *s, unsigned n) {
    s[n >> 6] |= 1UL << (n & 63);
}
static void drop(uint64_t *s, unsigned n) {
    s[n >> 6] &= ~(1UL << (n & 63));
}
static void flip(uint64_t *s, unsigned n) {
    s[n >> 6] ^= 1UL << (n & 63);
}
static int memory_bit(unsigned *p, int n) {
    unsigned char c;
    __asm__ volatile("btl %2, %1\n\tsetc %0" : "=q"(c) : "r"(*p), "r"(n) : "cc");
    return c;
}

int main(void) {
    memset(set, -1, sizeof set);
    drop(set, 0), drop(set, 1);
    for (unsigned i = 2; i * i < 100000; i++)
        if (test(set, i))
            for (unsigned j = i * i; j < 100000; j += i)
                drop(set, j);
    int count = 0;
    unsigned last = 0;
    for (unsigned i = 0; i < 100000; i++)
        if (test(set, i))
            count++, last = i;
    printf("%d %u\n", count, last);
    for (unsigned i = 0; i < 100000; i += 3)
        flip(set, i);
    for (unsigned i = 0; i < 100000; i += 977)
        put(set, i);
    uint64_t total = 0;
    for (int i = 0; i < 1562; i++) {
        total += (uint64_t)__builtin_popcountl(set[i]);
        for (uint64_t w = set[i]; w; w &= w - 1)
            total = total * 3 + (uint64_t)__builtin_ctzl(w);
    }
    printf("%lu\n", total);
    for (unsigned i = 0; i < 32; i++) {
        unsigned gray = i ^ i >> 1;
        printf("%u%d ", gray, memory_bit(&gray, (int)i & 3));
    }
    printf("\n");
    return 0;
}
