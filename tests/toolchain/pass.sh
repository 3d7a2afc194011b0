#!/bin/bash
# The LLVM pass: no function needs a frame pointer, and what it rewrites still computes the same.
. tests/toolchain/tap.sh

# Each program defines `unsigned run(void)`; native and guest start-up around it print the result.
cat >start.h <<'C'
typedef unsigned long size_t;
#ifdef __ORC__
void *memcpy(void *to, const void *from, size_t size) {
    for (size_t i = 0; i < size; i++)
        ((volatile char *) to)[i] = ((const char *) from)[i];
    return to;
}
void *memset(void *to, int value, size_t size) {
    for (size_t i = 0; i < size; i++)
        ((volatile char *) to)[i] = (char) value;
    return to;
}
#define GATE ((long (*)(long, const void *, long, long, long, long)) 0x10000)
static unsigned run(void);
void _start(long *info) {
    char text[9];
    unsigned value = run();
    (void) info;
    for (int i = 0; i < 8; i++)
        text[i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15];
    text[8] = '\n';
    long one = 1;
    ((long (*)(long, long, const void *, long, long, long)) 0x10000)(1, one, text, 9, 0, 0);
    GATE(0, 0, 0, 0, 0, 0);
    for (;;)
        ;
}
#else
int printf(const char *, ...);
static unsigned run(void);
int main(void) {
    printf("%08x\n", run());
    return 0;
}
#endif
#define NOINLINE __attribute__((noinline))
static unsigned mix(unsigned h, unsigned x) { return (h ^ x) * 16777619u + (h >> 13); }
static NOINLINE unsigned fill(char *p, int n, int seed) {
    unsigned h = 2166136261u;
    for (int i = 0; i < n; i++)
        p[i] = (char) (seed + i * 7);
    for (int i = 0; i < n; i++)
        h = mix(h, (unsigned char) p[i]);
    return h;
}
C

cat >vla.c <<'C'
#include "start.h"
static NOINLINE unsigned in_loop(int n) {
    unsigned h = 0;
    for (int i = 1; i < n; i++) {
        char a[i];
        int b[i * 2];
        h = mix(h, fill(a, i, i));
        h = mix(h, fill((char *) b, (int) sizeof b, i + 1));
        if (i % 5 == 0)
            continue;
        h = mix(h, (unsigned) a[i / 2]);
    }
    return h;
}
static NOINLINE unsigned grows(int n) {
    char *kept[40];
    unsigned h = 0;
    for (int i = 0; i < 40; i++) {
        kept[i] = __builtin_alloca((size_t) (n + i));
        fill(kept[i], n + i, i);
    }
    for (int i = 0; i < 40; i++)
        h = mix(h, (unsigned char) kept[i][n / 2]);
    return h;
}
static NOINLINE unsigned deep(int depth) {
    char a[depth % 17 + 1];
    unsigned h = fill(a, depth % 17 + 1, depth);
    if (depth == 0)
        return h;
    unsigned below = deep(depth - 1);
    return mix(mix(h, below), (unsigned char) a[depth % 17]);
}
static NOINLINE unsigned matrix(int rows, int columns, double m[rows][columns]) {
    unsigned h = 0;
    for (int i = 0; i < rows; i++)
        for (int k = 0; k < columns; k++)
            h = mix(h, (unsigned) m[i][k]);
    return h;
}
static NOINLINE unsigned two_dimensions(int n) {
    double m[n][n + 1];
    for (int i = 0; i < n; i++)
        for (int k = 0; k <= n; k++)
            m[i][k] = i * 100 + k;
    return matrix(n, n + 1, m);
}
static NOINLINE unsigned last(unsigned h) { return h + 1; }
static NOINLINE unsigned tail(unsigned n) {
    char a[n];
    unsigned h = fill(a, (int) n, 3);
    if (n > 5)
        __attribute__((musttail)) return last(h);
    return h;
}
static NOINLINE unsigned jumps(int n) {
    unsigned h = 0;
    int i = 0;
again:;
    char a[n + i];
    h = mix(h, fill(a, n + i, i));
    if (++i < 20)
        goto again;
    return h;
}
static NOINLINE unsigned aligned_vla(int n) {
    _Alignas(64) char a[64];
    char *p = __builtin_alloca_with_align((size_t) n, 512);
    return mix(fill(p, n, 1), (unsigned) ((unsigned long) p % 64 + (unsigned long) a % 64) + fill(a, 64, 2));
}
static unsigned run(void) {
    unsigned h = in_loop(70);
    h = mix(h, grows(30));
    h = mix(h, deep(5000));
    h = mix(h, two_dimensions(20));
    h = mix(h, tail(3));
    h = mix(h, tail(30));
    h = mix(h, jumps(3));
    for (int i = 1; i < 20000; i++)
        h = mix(h, tail((unsigned) i % 4000 + 1));
    return mix(h, aligned_vla(100));
}
C

cat >align.c <<'C'
#include "start.h"
struct wide { _Alignas(64) unsigned v[20]; };
typedef float eight __attribute__((vector_size(32)));
static NOINLINE unsigned check(const void *p, unsigned alignment) { return (unsigned) ((unsigned long) p % alignment); }
static NOINLINE unsigned by_value(struct wide w, int x, struct wide v) {
    return mix(w.v[3] + v.v[4] + (unsigned) x, check(&w, 64) + check(&v, 64));
}
static NOINLINE struct wide returned(unsigned x) {
    struct wide w;
    for (int i = 0; i < 20; i++)
        w.v[i] = x * (unsigned) i;
    return w;
}
static NOINLINE unsigned local(int n) {
    _Alignas(128) char a[100];
    _Alignas(32) int b[3] = {1, 2, n};
    _Alignas(4096) char page[10];
    return mix(fill(a, 100, n), fill(page, 10, n) + (unsigned) b[n & 1] + check(a, 128) + check(b, 32) + check(page, 4096));
}
static NOINLINE eight many(eight a, eight b, eight c, eight d, eight e, eight f, eight g, eight h, eight i, eight j) {
    return a + b * c - d + e + f * g - h + i * j;
}
static NOINLINE unsigned vectors(int n) {
    eight a = {1, 2, 3, 4, 5, 6, 7, 8}, sum = a;
    for (int i = 0; i < n; i++)
        sum += many(a, a, sum, a, a, a, a, sum, a, a) * 0.01f;
    unsigned h = 0;
    for (int i = 0; i < 8; i++)
        h = mix(h, (unsigned) (int) (sum[i] / 1024) + (unsigned) (int) sum[(i + n) & 7] / 4096);
    return h;
}
static NOINLINE unsigned spills(int n) {
    eight r[24];
    for (int i = 0; i < 24; i++)
        for (int k = 0; k < 8; k++)
            r[i][k] = (float) (i * k % 7);
    for (int t = 0; t < n; t++)
        for (int i = 0; i < 24; i++)
            r[i] = r[(i + 5) % 24] * 0.5f + r[(i + 11) % 24] * 0.25f + (float) fill((char[3]){0}, 3, t) * 0;
    unsigned h = 0;
    for (int i = 0; i < 24; i++)
        for (int k = 0; k < 8; k++)
            h = mix(h, (unsigned) (int) (r[i][k] * 4));
    return h;
}
static unsigned run(void) {
    struct wide w = returned(3), v = returned(5);
    unsigned h = by_value(w, 7, v);
    for (int i = 0; i < 10; i++)
        h = mix(h, local(i));
    h = mix(h, vectors(4));
    return mix(h, spills(5));
}
C

cat >atomic.c <<'C'
#include "start.h"
static unsigned word;
static unsigned long wide;
static NOINLINE int set(int n) { return (__atomic_fetch_or(&word, 1u << n, __ATOMIC_SEQ_CST) >> n) & 1; }
static NOINLINE int clear(int n) { return (__atomic_fetch_and(&word, ~(1u << n), __ATOMIC_SEQ_CST) >> n) & 1; }
static NOINLINE int flip(int n) { return (int) ((__atomic_fetch_xor(&wide, 1ul << n, __ATOMIC_SEQ_CST) >> n) & 1); }
static NOINLINE int fixed(void) { return (__atomic_fetch_or(&word, 1u << 7, __ATOMIC_SEQ_CST) >> 7) & 1; }
static unsigned run(void) {
    unsigned h = 0;
    for (int i = 0; i < 200; i++) {
        h = mix(h, (unsigned) set(i * 5 % 32));
        h = mix(h, (unsigned) clear(i * 3 % 32));
        h = mix(h, (unsigned) flip(i * 7 % 64));
        h = mix(h, (unsigned) fixed());
    }
    return mix(h, word + (unsigned) wide);
}
C

cat >goto.c <<'C'
#include "start.h"
static NOINLINE unsigned interpret(const unsigned char *code, unsigned a) {
    static void *const labels[] = {&&add, &&mul, &&xor, &&shift, &&loop, &&swap, &&end};
    unsigned b = 1, c = 20;
    const unsigned char *p = code;
    goto *labels[*p++];
add: a += b; goto *labels[*p++];
mul: a *= b + 3; goto *labels[*p++];
xor: b ^= a; goto *labels[*p++];
shift: b += a >> 3; goto *labels[*p++];
loop: if (--c) p = code; goto *labels[*p++];
swap: a ^= b; b ^= a; a ^= b; goto *labels[*p++];
end: return mix(a, b);
}
static unsigned run(void) {
    static const unsigned char code[] = {0, 1, 2, 3, 5, 0, 3, 1, 4, 6};
    return interpret(code, 5);
}
C

cat >frame.c <<'C'
#include "start.h"
static NOINLINE void *frame(void) { return __builtin_frame_address(0); }
static NOINLINE void *caller(void) { return __builtin_return_address(0); }
static unsigned run(void) {
    char here;
    unsigned long distance = (unsigned long) &here - (unsigned long) frame();
    caller();
    return distance + 4096 < 8192;
}
C

cat >wide128.c <<'C'
#include "start.h"
typedef unsigned __int128 u128;
typedef __int128 s128;
static volatile u128 values[9];
static unsigned fold(unsigned h, u128 x) {
    for (int i = 0; i < 128; i += 32)
        h = mix(h, (unsigned) (x >> i));
    return h;
}
static unsigned fold_double(unsigned h, double x) {
    union { double d; unsigned long u; } v = {x};
    return fold(h, v.u);
}
static unsigned fold_long_double(unsigned h, long double x) {
    union { long double d; struct { unsigned long m; unsigned short e; } u; } v = {x};
    return fold(fold(h, v.u.m), v.u.e);
}
static unsigned run(void) {
    unsigned h = 1;
    u128 one = 1;
    values[0] = 1, values[1] = 3, values[2] = one << 64, values[3] = (one << 64) - 1, values[4] = ~(u128) 0;
    values[5] = (one << 127) + 12345, values[6] = ((u128) 0x123456789abcdef << 50) + 77, values[7] = 10, values[8] = (one << 100) + (one << 46) + 1;
    for (int i = 0; i < 9; i++)
        for (int k = 0; k < 9; k++) {
            u128 a = values[i], b = values[k];
            h = fold(h, a / b), h = fold(h, a % b);
            if (!((s128) a == (s128) (one << 127) && b == ~(u128) 0))
                h = fold(h, (u128) ((s128) a / (s128) b)), h = fold(h, (u128) ((s128) a % (s128) b));
            h = fold(h, a * b);
            s128 product;
            h = mix(h, __builtin_mul_overflow((s128) a, (s128) b, &product));
            h = fold(h, (u128) product);
        }
    for (int i = 0; i < 9; i++) {
        u128 a = values[i];
        h = fold_double(h, (double) a), h = fold_double(h, (double) (s128) a), h = fold_double(h, (double) (float) (s128) a);
        h = fold_double(h, a < ~(u128) 0 >> 1 ? (double) (float) a : 0);
        h = fold_long_double(h, (long double) a), h = fold_long_double(h, (long double) (s128) a);
        volatile double d = (double) (a >> 1) * 0.75;
        volatile long double l = (long double) (a >> 1) * 0.75L;
        volatile float f = (float) (a >> 3) * 0.75f;
        h = fold(h, (u128) d), h = fold(h, (u128) (s128) -d), h = fold(h, (u128) l), h = fold(h, (u128) (s128) -l);
        h = fold(h, (u128) f), h = fold(h, (u128) (s128) -f);
    }
    volatile double base = 1.25;
    for (int i = -9; i < 10; i++)
        h = fold_double(h, __builtin_powi(base, i));
    return h;
}
C

cat >complex.c <<'C'
#include "start.h"
static unsigned fold_part(unsigned h, double x) {
    union { double d; unsigned long u; } v = {x != x ? 0 : x};
    return mix(mix(h, x != x), (unsigned) (v.u >> 20) ^ (unsigned) (v.u >> 52));
}
static unsigned run(void) {
    static volatile double v[] = {0, -0.0, 1, -2.5, 3e200, 1e-200, __builtin_inf(), -__builtin_inf(), __builtin_nan("")};
    unsigned h = 1;
    for (int i = 0; i < 9 * 9; i++)
        for (int k = 0; k < 9 * 9; k++) {
            _Complex double a = __builtin_complex(v[i / 9], v[i % 9]), b = __builtin_complex(v[k / 9], v[k % 9]);
            _Complex float x = (_Complex float) a, y = (_Complex float) b;
            _Complex double m = a * b;
            _Complex float n = x * y;
            h = fold_part(h, __real__ m), h = fold_part(h, __imag__ m);
            h = fold_part(h, __real__ n), h = fold_part(h, __imag__ n);
        }
    volatile double p[] = {1, 2, -3, 0.5};
    for (int i = 0; i < 256; i++) {
        _Complex double a = __builtin_complex(p[i & 3], p[i >> 2 & 3]), b = __builtin_complex(p[i >> 4 & 3], p[i >> 6]);
        _Complex double q = a / b;
        _Complex long double l = (_Complex long double) a / (_Complex long double) b;
        _Complex float f = (_Complex float) a / (_Complex float) b;
        /* The last bits are the library's choice. */
        h = mix(h, (unsigned) (int) (__real__ q * 10000.3) + (unsigned) (int) (__imag__ q * 10000.3));
        h = mix(h, (unsigned) (int) (__real__ l * 10000.3L) + (unsigned) (int) (__imag__ l * 10000.3L));
        h = mix(h, (unsigned) (int) (__real__ f * 100.3f) + (unsigned) (int) (__imag__ f * 100.3f));
    }
    return h;
}
C

# same PROGRAM FLAGS...: native and guest print the same
same() {
    local name=$1
    shift
    clang-22 -std=gnu17 -w -lm "$@" "$name.c" -o native || return 1
    orc-cc -std=gnu17 -w -nostdlib -ffreestanding "$@" "$name.c" -o guest || return 1
    "$build/bin/orc" verify guest || return 1
    local expected actual
    expected=$(./native)
    actual=$("$build/bin/orc" bare guest) || return 1
    echo "native $expected, guest $actual"
    [ "$expected" = "$actual" ]
}

has_avx2() { grep -q avx2 /proc/cpuinfo; }
for program in vla align atomic goto frame wide128 complex; do
    for level in -O0 -O1 -O2 -O3; do
        check "$program $level computes what native code does" same $program $level
    done
done
check "this processor has AVX2 (the tests need one that does)" has_avx2
for level in -O0 -O1 -O2 -O3; do
    check "align with AVX2 $level" same align $level -mavx2 -mfma -ffp-contract=off
done
check "vla with debug information" same vla -O2 -g
check "vla with -fno-omit-frame-pointer" same vla -O2 -fno-omit-frame-pointer
check "no lock bts with a register" eval 'orc-cc -w -O2 -c atomic.c -o atomic.o && ! llvm-objdump-22 -d atomic.o | grep -qE "lock.*bt[scr][lqw]?.*%[a-d]"'
check "a jump per opcode in the interpreter loop" eval \
    '[ "$(orc-cc -w -O2 -S -o - goto.c | grep -c "jmpq.*[*]\|jmp.\.Ltmp")" -ge "$(clang-22 -w -O2 -fPIC -D__ORC__ -S -o - goto.c | grep -c "jmpq.*[*]")" ]'

refuse "__builtin_setjmp, with its line" "sj.c:2.*__builtin_setjmp" eval \
    'printf "void *b[5];\nint f(void) { return __builtin_setjmp(b); }\n" >sj.c; orc-cc -g -c sj.c'
refuse "over-aligned variadic arguments, with their line" "va.c:3.*variadic" eval \
    'printf "struct s { _Alignas(64) int v[16]; } g;\nvoid f(int, ...);\nvoid h(void) { f(1, g); }\n" >va.c; orc-cc -g -c va.c'
finish_tests
