/* Struct results and by-value arguments of every class: registers, SSE, mixed, x87, memory. */
#include <complex.h>
#include <stdio.h>

#define FIELDS(...) __VA_ARGS__
#define DEFINE(name, fields, ...)                                                                            \
    struct name {                                                                                            \
        FIELDS fields                                                                                        \
    };                                                                                                       \
    static __attribute__((noinline)) struct name make_##name(int n) {                                        \
        return (struct name){__VA_ARGS__};                                                                   \
    }

DEFINE(c1, (char a;), (char)n)
DEFINE(c3, (char a, b, c;), (char)n, (char)(n + 1), (char)(n + 2))
DEFINE(i2, (int a, b;), n, n * 2)
DEFINE(l2, (long a, b;), n, -n)
DEFINE(l3, (long a, b, c;), n, -n, n * 3)
DEFINE(f1, (float a;), n * 0.5f)
DEFINE(f2, (float a, b;), n * 0.5f, n * 0.25f)
DEFINE(f3, (float a, b, c;), n * 0.5f, n * 0.25f, n + 0.75f)
DEFINE(f4, (float a, b, c, d;), n * 0.5f, n * 0.25f, n + 0.75f, 1.5f)
DEFINE(d1, (double a;), n * 1.5)
DEFINE(d2, (double a, b;), n * 1.5, n - 0.125)
DEFINE(d3, (double a, b, c;), n * 1.5, n - 0.125, 3.0)
DEFINE(ld, (long a; double b;), n, n + 0.5)
DEFINE(dl, (double a; long b;), n + 0.5, n)
DEFINE(cf, (char a; float b;), (char)n, n + 0.25f)
DEFINE(x1, (long double a;), n + 0.1L)
DEFINE(x2, (long double a, b;), n + 0.1L, n - 0.1L)
DEFINE(odd, (char text[17];), {(char)n, 2, 3, [16] = (char)(n + 9)})
DEFINE(big, (int v[40];), {n, [39] = n * 7})
DEFINE(ptr, (int *p; char tag;), (int *)(long)n, 'p')
DEFINE(q, (__int128 v;), (__int128)n << 65)

static __attribute__((noinline)) double take(struct c3 a, struct i2 b, struct l2 c, struct l3 d, struct f3 e,
                                             struct d2 f, struct ld g, struct dl h, struct x2 i, struct odd j,
                                             struct big k, struct q l, struct cf m) {
    return a.a + a.c * 2 + b.b * 3 + c.b * 5 + d.c * 7 + e.c * 11 + f.b * 13 + g.b * 17 + h.a * 19 +
           (double)i.b * 23 + j.text[16] * 29 + k.v[39] * 31 + (double)(l.v >> 64) * 37 + m.b * 41;
}

static __attribute__((noinline)) double _Complex spin(double _Complex z, float _Complex w) {
    return z * (1 + 2 * I) + w;
}

static struct big chain(struct big b, int depth) {
    b.v[depth % 40] += depth;
    return depth ? chain(b, depth - 1) : b;
}

int main(void) {
    for (int n = -3; n < 5; n++) {
        printf("%d %d %d %d %d\n", make_c1(n).a, make_c3(n).c, make_i2(n).b, (int)make_l2(n).b,
               (int)make_l3(n).c);
        printf("%g %g %g %g %g %g %g\n", make_f1(n).a, make_f2(n).b, make_f3(n).c, make_f4(n).d, make_d1(n).a,
               make_d2(n).b, make_d3(n).b);
        printf("%g %g %g %.20Lg %.20Lg\n", make_ld(n).b, make_dl(n).a, make_cf(n).b, make_x1(n).a,
               make_x2(n).b);
        printf("%d %d %p %d\n", make_odd(n).text[16], make_big(n).v[39], (void *)make_ptr(n).p,
               (int)(make_q(n).v >> 64));
        printf("%.10g\n",
               take(make_c3(n), make_i2(n), make_l2(n), make_l3(n), make_f3(n), make_d2(n), make_ld(n),
                    make_dl(n), make_x2(n), make_odd(n), make_big(n), make_q(n), make_cf(n)));
        double _Complex z = spin(n + 0.5 * I, 0.25f - n * 1.0f * I);
        printf("%g %g\n", creal(z), cimag(z));
        struct big b = chain(make_big(n), 90);
        int sum = 0;
        for (int i = 0; i < 40; i++)
            sum = sum * 3 + b.v[i];
        printf("%d\n", sum);
    }
    return 0;
}
