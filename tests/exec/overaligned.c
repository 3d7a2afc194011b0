/* Locals aligned to 32, 64 and 4096 bytes, in leaf and non-leaf functions and with many arguments. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct line {
    _Alignas(64) unsigned char bytes[64];
};

static __attribute__((noinline)) unsigned touch(void *p, unsigned alignment, int value) {
    memset(p, value, alignment);
    return (unsigned)((uintptr_t)p % alignment);
}

static __attribute__((noinline)) unsigned with32(int n) {
    _Alignas(32) char a[32];
    char odd[n & 7 ? 13 : 13];
    _Alignas(32) char b[96];
    odd[0] = (char)n;
    return touch(a, 32, n) + touch(b, 32, n + 1) + (unsigned)a[n & 31] + (unsigned)b[n & 31] +
           (unsigned)odd[0];
}

static __attribute__((noinline)) unsigned with64(int a, int b, int c, int d, int e, int f, int g, int h) {
    struct line line = {{0}};
    unsigned misaligned = touch(&line, 64, a + h);
    return misaligned + line.bytes[b & 63] + (unsigned)(c + d + e + f + g);
}

static __attribute__((noinline)) unsigned page(int n) {
    _Alignas(4096) unsigned char page[4096];
    unsigned misaligned = touch(page, 4096, n);
    return misaligned + page[n] + page[4095];
}

static __attribute__((noinline)) struct line by_value(struct line x, int n) {
    x.bytes[n & 63] ^= (unsigned char)n;
    return x;
}

static unsigned recursive(int n) {
    _Alignas(128) int values[32];
    values[n & 31] = n;
    unsigned misaligned = (unsigned)((uintptr_t)values & 127);
    return n ? recursive(n - 1) + (unsigned)values[n & 31] + misaligned : misaligned;
}

int main(void) {
    for (int n = 0; n < 20; n++)
        printf("%u %u %u %u\n", with32(n), with64(n, 2, 3, 4, 5, 6, 7, n), page(n), recursive(n));
    struct line line = {{1, 2, 3}};
    for (int i = 0; i < 10; i++)
        line = by_value(line, i * 7);
    for (int i = 0; i < 64; i++)
        printf("%d ", line.bytes[i]);
    printf("\n");
    return 0;
}
