/* Variable arguments of every class, va_copy, va_list passed on, more than the registers hold. */
#include <stdarg.h>
#include <stdio.h>

struct small {
    int a, b;
};
struct pair {
    double x, y;
};
struct mixed {
    long n;
    double d;
};
struct large {
    long values[5];
};
union any {
    int i;
    double d;
};

static double sum(const char *kinds, va_list list) {
    double total = 0;
    for (; *kinds; kinds++)
        switch (*kinds) {
        case 'i':
            total += va_arg(list, int);
            break;
        case 'l':
            total += va_arg(list, long);
            break;
        case 'd':
            total += va_arg(list, double);
            break;
        case 'D':
            total += (double)va_arg(list, long double);
            break;
        case 's': {
            struct small s = va_arg(list, struct small);
            total += s.a * 2 + s.b;
            break;
        }
        case 'p': {
            struct pair p = va_arg(list, struct pair);
            total += p.x * 3 + p.y;
            break;
        }
        case 'm': {
            struct mixed m = va_arg(list, struct mixed);
            total += (double)m.n + m.d;
            break;
        }
        case 'L': {
            struct large l = va_arg(list, struct large);
            total += (double)(l.values[0] + l.values[4]);
            break;
        }
        case 'u':
            total += va_arg(list, union any).d;
            break;
        case 'w': {
            __int128 w = va_arg(list, __int128);
            total += (double)(long)(w >> 60);
            break;
        }
        }
    return total;
}

static __attribute__((noinline)) double twice(const char *kinds, ...) {
    va_list first, second;
    va_start(first, kinds);
    va_copy(second, first);
    double total = sum(kinds, first);
    total = total * 1000 + sum(kinds, second);
    va_end(second);
    va_end(first);
    return total;
}

static __attribute__((noinline)) int shifted(int a, int b, int c, int d, int e, int f, int g, ...) {
    va_list list;
    va_start(list, g);
    int total = a + b + c + d + e + f + g;
    for (int i = 0; i < g; i++)
        total = total * 3 + va_arg(list, int);
    va_end(list);
    return total;
}

int main(void) {
    struct small s = {3, 4};
    struct pair p = {1.5, 2.5};
    struct mixed m = {7, 0.125};
    struct large l = {{1, 2, 3, 4, 5}};
    union any u = {.d = 9.75};
    printf("%f\n", twice("iiiiiiiiii", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
    printf("%f\n", twice("dddddddddd", 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5, 10.5));
    printf("%f\n", twice("idDspmLuwl", 1, 2.25, 3.5L, s, p, m, l, u, (__int128)5 << 62, 8L));
    printf("%f\n", twice("DDiDDdLsLs", 1.0L, 2.0L, 3, 4.0L, 5.0L, 0.5, l, s, l, s));
    printf("%f\n", twice("ppppppmmmm", p, p, p, p, p, p, m, m, m, m));
    printf("%f\n", twice("wiwiwiw", (__int128)1 << 61, 1, (__int128)3 << 61, 2, (__int128)1 << 62, 3,
                         (__int128)1 << 63));
    printf("%d %d\n", shifted(1, 2, 3, 4, 5, 6, 3, 7, 8, 9), shifted(1, 2, 3, 4, 5, 6, 0));
    char text[100];
    int length = snprintf(text, sizeof text, "%s|%5d|%-7.3f|%c|%lx|%+d|%%|%p", "str", 42, 2.71828, 'x',
                          0xdeadbeefL, 5, (void *)0x1234);
    printf("%d %s\n", length, text);
    return 0;
}
