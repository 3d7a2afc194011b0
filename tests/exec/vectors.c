/* GNU vector types of several sizes: arithmetic, comparison, shuffles, passing and returning. */
#include <stdint.h>
#include <stdio.h>

typedef int v4i __attribute__((vector_size(16)));
typedef float v4f __attribute__((vector_size(16)));
typedef double v2d __attribute__((vector_size(16)));
typedef uint8_t v16b __attribute__((vector_size(16)));
typedef int v2i __attribute__((vector_size(8)));
typedef long v8l __attribute__((vector_size(64)));
typedef short v16s __attribute__((vector_size(32)));

static __attribute__((noinline)) v4i mix(v4i a, v4f b, v2d c, v16b d) {
    return a * 3 + __builtin_convertvector(b, v4i) - (v4i)d + (int)c[0];
}
static __attribute__((noinline)) void wide(v8l *r, const v8l *a, const v16s *b) {
    v8l t = *a;
    for (int i = 0; i < 8; i++)
        t[i] += (*b)[i * 2];
    *r = t << 2 ^ *a;
}
static void show(v4i v) {
    printf("%d %d %d %d\n", v[0], v[1], v[2], v[3]);
}

int main(void) {
    v4i a = {1, -2, 3, -4};
    v4f f = {1.5f, 2.5f, -3.5f, 4.25f};
    v2d d = {7.5, -8.5};
    v16b b;
    for (int i = 0; i < 16; i++)
        b[i] = (uint8_t)(i * 17);
    for (int i = 0; i < 5; i++) {
        show(a = mix(a, f, d, b));
        show(a > 0);
        show((a & 0xff) | (a >> 3 & ~0xff));
        show(__builtin_shufflevector(a, (v4i)f, 0, 5, 2, 7));
        show(((a > 100) & a) | (~(a > 100) & -a));
        f = f * 1.5f - 0.25f, d = -d / 3.0, b += 3, b ^= b >> 1;
        v2i half = __builtin_shufflevector(a, a, 1, 3);
        half *= 2;
        printf("%d %d %g %g %d\n", half[0], half[1], f[3], d[1], b[9]);
        v8l l = {1, 2, 3, 4, 5, 6, 7, i}, r;
        v16s s;
        for (int k = 0; k < 16; k++)
            s[k] = (short)(k * i - 5);
        wide(&r, &l, &s);
        printf("%ld %ld %d\n", r[0], r[7], (s * s)[15]);
    }
    return 0;
}
