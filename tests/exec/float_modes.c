// Rounding modes, exception flags and environments, through <fenv.h> and by the instructions themselves.
// flags: -frounding-math
#include <fenv.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xmmintrin.h>

#pragma STDC FENV_ACCESS ON

static const struct {
    int mode;
    const char *name;
} modes[] = {{FE_TONEAREST, "nearest"}, {FE_DOWNWARD, "down"}, {FE_UPWARD, "up"}, {FE_TOWARDZERO, "zero"}};
#define MODES (sizeof modes / sizeof *modes)

static void show_flags(const char *what) {
    int set = fetestexcept(FE_ALL_EXCEPT & ~2);
    printf("%s:%s%s%s%s%s\n", what, set & FE_INVALID ? " invalid" : "", set & FE_DIVBYZERO ? " divbyzero" : "",
           set & FE_OVERFLOW ? " overflow" : "", set & FE_UNDERFLOW ? " underflow" : "", set & FE_INEXACT ? " inexact" : "");
}

static void arithmetic(void) {
    volatile double one = 1, three = 3, tenth = 0.1, tiny = DBL_MIN, huge = DBL_MAX;
    volatile float fone = 1, fthree = 3;
    volatile long double lone = 1, lthree = 3;
    printf("%a %a %a %a\n", one / three, -one / three, tenth + three, tenth * tenth);
    printf("%a %a %a\n", tiny * tenth, huge * three, sqrt(three));
    printf("%a %a\n", (double)(fone / fthree), (double)(float)(one / three));
    printf("%La %La %La\n", lone / lthree, -lone / lthree, sqrtl(lthree));
    printf("%a %a\n", (double)(lone / lthree), (double)(float)(lone / lthree));
    printf("%a %a %La\n", fma(one, tenth, three), (double)fmaf(fone, fthree, 0.1f), fmal(lone, lthree, 0.1L));
}

static void conversions(void) {
    static const double values[] = {0.5, 1.5, 2.5, -0.5, -1.5, 1.2, -1.2, 1e9 + 0.25, -0.0, 4503599627370495.5};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        volatile double value = values[i];
        volatile float single = (float)value;
        volatile long double wide = value;
        printf("%g %g %Lg; %g %g %Lg;", rint(value), (double)rintf(single), rintl(wide), nearbyint(value),
               (double)nearbyintf(single), nearbyintl(wide));
        printf(" %ld %ld %ld %lld %lld %lld;", lrint(value), lrintf(single), lrintl(wide), llrint(value), llrintf(single), llrintl(wide));
        printf(" %d %ld %g %g %g\n", (int)fmin(value, 1e9), (long)value, floor(value), ceil(value), round(value));
    }
    volatile int64_t big = INT64_MAX - 1, small = INT64_MIN + 3;
    volatile uint64_t unsigned_big = UINT64_MAX - 1;
    printf("%a %a %a\n", (double)big, (double)small, (double)unsigned_big);
    printf("%a %a %a\n", (double)(float)big, (double)(float)small, (double)(float)unsigned_big);
}

static void text(void) {
    static const char *const numbers[] = {"0.1", "-0.1", "1e23", "9007199254740993", "1e-320", "0x1.fffffffffffff8p0", "1.7976931348623159e308", "2.5"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        printf("%a %a %La\n", strtod(numbers[i], NULL), (double)strtof(numbers[i], NULL), strtold(numbers[i], NULL));
    volatile double values[] = {0.5, 1.5, 2.5, 0.125, -0.125, 1.0 / 3, 1e22, 123456.789};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        printf("%.0f %.1f %.2f %.3g %.2e %.3a %.20g\n", values[i], values[i], values[i], values[i], values[i], values[i], values[i]);
}

static void in_each_mode(void) {
    for (size_t i = 0; i < MODES; i++) {
        printf("-- %s: %d %d\n", modes[i].name, fesetround(modes[i].mode), fegetround() == modes[i].mode);
        printf("%d\n", FLT_ROUNDS);
        feclearexcept(FE_ALL_EXCEPT);
        arithmetic();
        conversions();
        text();
    }
    printf("%d %d\n", fesetround(0x123), fegetround() == FE_TOWARDZERO);
    fesetround(FE_TONEAREST);
}

static void flags(void) {
    volatile double zero = 0, one = 1, three = 3, huge = DBL_MAX, tiny = DBL_MIN, result;
    volatile long double lzero = 0, lone = 1, lresult;
    volatile int whole;
    feclearexcept(FE_ALL_EXCEPT);
    show_flags("none");
    result = one / zero;
    show_flags("1/0");
    result = zero / zero;
    show_flags("0/0");
    feclearexcept(FE_DIVBYZERO);
    show_flags("without divbyzero");
    feclearexcept(FE_ALL_EXCEPT);
    result = one / three;
    show_flags("1/3");
    feclearexcept(FE_ALL_EXCEPT);
    result = huge * huge;
    show_flags("overflow");
    feclearexcept(FE_ALL_EXCEPT);
    result = tiny / three;
    show_flags("underflow");
    feclearexcept(FE_ALL_EXCEPT);
    lresult = lone / lzero;
    show_flags("long double 1/0");
    lresult = lzero / lzero;
    result = one / three;
    feclearexcept(FE_INVALID);
    show_flags("long double 0/0, cleared");
    feclearexcept(FE_ALL_EXCEPT);
    show_flags("none");
    result = sqrt(-one);
    show_flags("sqrt(-1)");
    feclearexcept(FE_ALL_EXCEPT);
    whole = (int)huge;
    show_flags("(int)DBL_MAX");
    feclearexcept(FE_ALL_EXCEPT);
    result = nearbyint(1.0 / three);
    show_flags("nearbyint");
    feclearexcept(FE_ALL_EXCEPT);
    result = rint(three / 2);
    show_flags("rint");
    feclearexcept(FE_ALL_EXCEPT);
    printf("%d\n", feraiseexcept(FE_OVERFLOW | FE_INEXACT));
    show_flags("raised");
    fexcept_t kept;
    printf("%d\n", fegetexceptflag(&kept, FE_ALL_EXCEPT));
    feclearexcept(FE_ALL_EXCEPT);
    feraiseexcept(FE_INVALID);
    printf("%d\n", fesetexceptflag(&kept, FE_ALL_EXCEPT));
    show_flags("set");
    feclearexcept(FE_ALL_EXCEPT);
    (void)result, (void)lresult, (void)whole;
}

static void environments(void) {
    fenv_t outer, held;
    volatile double zero = 0, one = 1, three = 3;
    volatile long double lthree = 3;
    fesetround(FE_UPWARD);
    feclearexcept(FE_ALL_EXCEPT);
    feraiseexcept(FE_UNDERFLOW);
    printf("%d\n", fegetenv(&outer));
    one /= zero;
    fesetround(FE_DOWNWARD);
    printf("%d\n", feholdexcept(&held));
    show_flags("held");
    printf("%d\n", fegetround() == FE_DOWNWARD);
    zero /= zero;
    printf("%d\n", feupdateenv(&held));
    show_flags("updated");
    printf("%d\n", fesetenv(&outer));
    show_flags("as before");
    printf("%d %La\n", fegetround() == FE_UPWARD, 1 / lthree);
    printf("%d\n", fesetenv(FE_DFL_ENV));
    show_flags("default");
    printf("%d %La %a\n", fegetround() == FE_TONEAREST, 1 / lthree, 1 / three);
}

static void words(void) {
    uint32_t mxcsr = _mm_getcsr();
    unsigned short control, old;
    volatile float tiny = FLT_MIN, two = 2, denormal = FLT_MIN / 2;
    volatile long double lone = 1, lthree = 3;
    printf("%x\n", mxcsr & ~0x3f);
    _MM_SET_FLUSH_ZERO_MODE(_MM_FLUSH_ZERO_ON);
    printf("%a %x\n", (double)(tiny / two), _mm_getcsr() & ~0x3f);
    _mm_setcsr(_mm_getcsr() | 0x40);
    printf("%a %x\n", (double)(denormal * two), _mm_getcsr() & ~0x3f);
    _MM_SET_ROUNDING_MODE(_MM_ROUND_TOWARD_ZERO);
    printf("%d\n", fegetround() == FE_TOWARDZERO);
    _mm_setcsr(0x1f80);
    printf("%a %x\n", (double)(tiny / two), _mm_getcsr() & ~0x3f);

    __asm__ volatile("fnstcw %0" : "=m"(old));
    static const unsigned short words[] = {0x37f, 0x27f, 0x07f, 0xf7f, 0xb7f, 0x77f, 0x33f, 0x137f};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        unsigned short word = words[i];
        __asm__ volatile("fldcw %0" : : "m"(word));
        __asm__ volatile("fnstcw %0" : "=m"(control));
        printf("%x %La %x\n", control, lone / lthree, _mm_getcsr() & ~0x3f);
    }
    __asm__ volatile("fldcw %0" : : "m"(old));
    __asm__ volatile("fninit; fnstcw %0" : "=m"(control));
    printf("%x %x\n", old, control);
}

/* The instructions keep everything else: registers, flags, the x87 stack. */
static void kept(void) {
    static const uint32_t modes_of[] = {0x1f80, 0x7f80, 0x9fc0};
    unsigned short control;
    uint32_t mxcsr;
    for (unsigned n = 0; n < 256; n++) {
        uint64_t left = (n & 15) * 0x1111111111111111u, right = (n >> 4) * 0x1111111111111111u;
        uint64_t a = 1, c = 2, d = 3, si = 4, di = 5, r8 = 6, r9 = 7, r10 = 8;
        unsigned char o, cf, z, s, p;
        double x0 = n, x15 = n + 0.5;
        long double st = n + 0.25L;
        mxcsr = modes_of[n % 3];
        control = n & 1 ? 0x37f : 0xb7f;
        __asm__ volatile("addq %[right], %[left]\n\tldmxcsr %[mxcsr]\n\tseto %[o]\n\tsetc %[cf]\n\tsetz %[z]\n\tsets %[s]\n\tsetp %[p]"
                         : [left] "+r"(left), [o] "=m"(o), [cf] "=m"(cf), [z] "=m"(z), [s] "=m"(s), [p] "=m"(p)
                         : [right] "r"(right), [mxcsr] "m"(mxcsr));
        printf("%llx %d%d%d%d%d", (unsigned long long)left, o, cf, z, s, p);
        register uint64_t q8 __asm__("r8") = r8, q9 __asm__("r9") = r9, q10 __asm__("r10") = r10;
        __asm__ volatile("fldcw %[control]\n\tldmxcsr %[mxcsr]\n\tfldcw %[control]"
                         : "+a"(a), "+c"(c), "+d"(d), "+S"(si), "+D"(di), "+r"(q8), "+r"(q9), "+r"(q10), "+x"(x0), "+x"(x15), "+t"(st)
                         : [control] "m"(control), [mxcsr] "m"(mxcsr));
        if (a != 1 || c != 2 || d != 3 || si != 4 || di != 5 || q8 != 6 || q9 != 7 || q10 != 8 || x0 != n || x15 != n + 0.5 || st != n + 0.25L)
            printf(" changed");
        printf(" %d\n", fegetround());
    }
    fesetenv(FE_DFL_ENV);
}

/* fnstenv and fldenv, with something on the stack. */
struct environment {
    uint16_t control, unused1, status, unused2, tags, unused3;
    uint32_t last[4];
};

static void show_environment(const struct environment *environment) {
    printf("%x %x %x\n", environment->control, environment->status, environment->tags);
}

static void x87_environments(void) {
    struct environment environment, again;
    long double result;
    unsigned short control = 0x77f;
    __asm__ volatile("fninit; fnstenv %0" : "=m"(environment));
    show_environment(&environment);
    __asm__ volatile("fldcw %1; fldz; fld1; fldpi; fldl2e; fdivp; fnstenv %0" : "=m"(environment) : "m"(control));
    show_environment(&environment);
    __asm__ volatile("fninit; fldenv %1; fnstenv %0; fstp %%st(0); fstp %%st(0); fstp %%st(0)" : "=m"(again) : "m"(environment));
    show_environment(&again);
    environment = (struct environment){.control = 0xf7f, .status = 0x4500 | 5 << 11 | 0x21, .tags = 0xffff};
    __asm__ volatile("fldenv %2; fnstenv %1; fldpi; fadds %3; fstpt %0" : "=m"(result), "=m"(again) : "m"(environment), "m"(*(float[]){0.1f}));
    show_environment(&again);
    printf("%La\n", result);
    show_flags("from an environment");
    fesetenv(FE_DFL_ENV);
}

int main(void) {
    in_each_mode();
    flags();
    environments();
    words();
    kept();
    x87_environments();
    return 0;
}
