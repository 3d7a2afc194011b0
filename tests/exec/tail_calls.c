/* Tail calls: direct, conditional, indirect, through a table, with stack arguments, guaranteed by musttail.
 */
#include <stdio.h>

static __attribute__((noinline)) long finish(long a, long b) {
    return a * 3 + b;
}
static __attribute__((noinline)) long other(long a, long b) {
    return a - b * 2;
}

__attribute__((noinline)) long conditional(long a, long b) {
    if (a > b)
        return finish(a, b);
    return other(b, a);
}

__attribute__((noinline)) long guarded(long *p, long n) {
    if (!p)
        return 0;
    if (n & 1)
        return finish(*p, n);
    *p += n;
    return other(*p, n);
}

static long (*const table[])(long, long) = {finish, other, conditional};
__attribute__((noinline)) long indirect(long a, long b, int which) {
    return table[which](a, b);
}

typedef long (*step)(const unsigned char *code, long acc, long x, long y);
static long op_end(const unsigned char *code, long acc, long x, long y);
static long op_add(const unsigned char *code, long acc, long x, long y);
static long op_mul(const unsigned char *code, long acc, long x, long y);
static long op_swap(const unsigned char *code, long acc, long x, long y);
static long op_loop(const unsigned char *code, long acc, long x, long y);
static const step steps[] = {op_end, op_add, op_mul, op_swap, op_loop};
#define NEXT(code, acc, x, y) __attribute__((musttail)) return steps[*(code)]((code) + 1, acc, x, y)
static long op_end(const unsigned char *code, long acc, long x, long y) {
    return acc + x + y + (code != 0);
}
static long op_add(const unsigned char *code, long acc, long x, long y) {
    NEXT(code, acc + x, x, y);
}
static long op_mul(const unsigned char *code, long acc, long x, long y) {
    NEXT(code, acc * y % 1000003, x, y);
}
static long op_swap(const unsigned char *code, long acc, long x, long y) {
    NEXT(code, acc, y, x);
}
static long op_loop(const unsigned char *code, long acc, long x, long y) {
    if (x > 0) {
        code -= *code;
        NEXT(code, acc, x - 1, y);
    }
    code++;
    NEXT(code, acc, x, y);
}

static __attribute__((noinline)) long many(long a, long b, long c, long d, long e, long f, long g, long h) {
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h;
}
static __attribute__((noinline)) long many_again(long a, long b, long c, long d, long e, long f, long g,
                                                 long h) {
    if (a > 100)
        return many(a, b, c, d, e, f, h, g);
    __attribute__((musttail)) return many_again(a + 10, b + 1, c, d, e, f, h, g + 1);
}

static __attribute__((noinline)) unsigned long count_down(unsigned long n, unsigned long acc) {
    if (!n)
        return acc;
    __attribute__((musttail)) return count_down(n - 1, acc * 31 + n);
}

static __attribute__((noinline)) void sink(int n) {
    printf("sink %d\n", n);
}
__attribute__((noinline)) void maybe(int n) {
    if (n > 2)
        sink(n);
}

int main(void) {
    long value = 5;
    for (long i = -3; i < 4; i++)
        printf("%ld %ld %ld %ld\n", conditional(i, 0), guarded(&value, i), guarded(0, i),
               indirect(i, 2, (int)(i + 3) % 3));
    static const unsigned char code[] = {1, 2, 1, 3, 1, 3, 4, 7, 2, 0};
    printf("%ld\n", op_add(code, 1, 1000, 7));
    printf("%ld %lu\n", many_again(1, 2, 3, 4, 5, 6, 7, 8), count_down(300000, 1));
    for (int i = 0; i < 5; i++)
        maybe(i);
    return 0;
}
