/* More arguments than registers: integers, doubles, mixed, small ones, through pointers, in recursion. */
#include <stdio.h>

static __attribute__((noinline)) long ints(int a, long b, short c, char d, unsigned e, long f, int g, char h,
                                           short i, long j, _Bool k, int *l) {
    return a + 2 * b + 3 * c + 5 * d + 7 * (long)e + 11 * f + 13 * g + 17 * h + 19 * i + 23 * j + 29 * k +
           31 * *l;
}
static __attribute__((noinline)) double doubles(double a, float b, double c, double d, float e, double f,
                                                double g, double h, double i, float j, double k) {
    return a + 2 * b + 3 * c + 5 * d + 7 * e + 11 * f + 13 * g + 17 * h + 19 * i + 23 * j + 29 * k;
}
static __attribute__((noinline)) double both(int a, double b, long c, double d, int e, double f, int g,
                                             double h, int i, double j, int k, double l, int m, double n,
                                             int o, double p, int q, double r) {
    return a + b * 2 + (double)c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8 + i * 9 + j * 10 + k * 11 +
           l * 12 + m * 13 + n * 14 + o * 15 + p * 16 + q * 17 + r * 18;
}
static __attribute__((noinline)) long rotate(long a, long b, long c, long d, long e, long f, long g, long h,
                                             long i, int n) {
    return n ? rotate(b, c, d, e, f, g, h, i, a + n, n - 1) + a
             : a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8 + i * 9;
}
typedef double (*many)(int, double, long, double, int, double, int, double, int, double, int, double, int,
                       double, int, double, int, double);

int main(void) {
    int value = 99;
    volatile many pointer = both;
    for (int i = -2; i < 3; i++) {
        printf("%ld\n", ints(i, i * 2L, (short)(i * 3), (char)(i * 4), 5u + (unsigned)i, i, i + 7,
                             (char)(i + 8), (short)(i - 9), 10, i & 1, &value));
        printf("%g\n", doubles(i, 2, 3, 4, 5, 6, 7, 8, 9, 10, i * 11));
        printf("%g\n", pointer(i, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, i));
        printf("%ld\n", rotate(1, 2, 3, 4, 5, 6, 7, 8, i, 25));
    }
    return 0;
}
