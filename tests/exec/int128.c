/* 128-bit integers: arithmetic, division, shifts, comparisons, conversions, arguments. */
#include <stdio.h>
#include <stdint.h>

typedef __int128 i128;
typedef unsigned __int128 u128;

static void show(const char *what, u128 x) {
    printf("%s %016lx%016lx\n", what, (uint64_t)(x >> 64), (uint64_t)x);
}

static __attribute__((noinline)) u128 six(int a, u128 b, int c, i128 d, u128 e, int f) {
    return b * (unsigned)a + (u128)d * (unsigned)c - e / (unsigned)f;
}

int main(void) {
    u128 values[] = {0,
                     1,
                     (u128)1 << 63,
                     (u128)1 << 64,
                     ~(u128)0,
                     ((u128)0x123456789abcdef << 64) | 0xfedcba9876543210,
                     1000000007,
                     (u128)0xdeadbeef << 90,
                     (u128)-5};
    enum { COUNT = sizeof values / sizeof *values };
    for (int i = 0; i < COUNT; i++)
        for (int j = 0; j < COUNT; j++) {
            volatile u128 va = values[i], vb = values[j];
            u128 a = va, b = vb;
            show("+", a + b);
            show("-", a - b);
            show("*", a * b);
            if (b) {
                show("/", a / b);
                show("%", a % b);
                if ((i128)b != -1) {
                    show("s/", (u128)((i128)a / (i128)b));
                    show("s%", (u128)((i128)a % (i128)b));
                }
            }
            printf("%d%d%d%d\n", a < b, (i128)a < (i128)b, a == b, (i128)a >= (i128)b);
            show("six", six(i + 1, a, j, (i128)b, a ^ b, j + 1));
        }
    for (int i = 0; i < 128; i += 9) {
        volatile int n = i;
        show("<<", values[5] << n);
        show(">>", values[5] >> n);
        show("s>>", (u128)((i128)(values[4] - 12345) >> n));
    }
    for (int i = 0; i < COUNT; i++) {
        volatile u128 v = values[i];
        printf("%a %a %a %La\n", (double)v, (double)(i128)v, (float)v, (long double)v);
        show("d", (u128)(double)(v >> 1));
        show("sd", (u128)(i128)(-(double)(v >> 2)));
        show("f", (u128)(float)(v >> 3));
        show("ld", (u128)(long double)(v >> 1));
    }
    i128 product;
    printf("%d", __builtin_mul_overflow((i128)values[5], (i128)values[5], &product));
    show(" mulo", (u128)product);
    printf("%d", __builtin_mul_overflow((i128)-12345, (i128)values[6], &product));
    show(" mulo", (u128)product);
    return 0;
}
