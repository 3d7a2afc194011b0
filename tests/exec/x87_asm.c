/* x87 by hand: the constants, transcendental instructions, the stack, status word. */
#include <stdio.h>

static double sine(double x) {
    __asm__("fsin" : "+t"(x));
    return x;
}
static long double log2_of(long double x) {
    long double r;
    __asm__("fyl2x" : "=t"(r) : "0"(x), "u"(1.0L) : "st(1)");
    return r;
}
static long double pi(void) {
    long double r;
    __asm__("fldpi" : "=t"(r));
    return r;
}
static double hypotenuse(double a, double b) {
    double r;
    __asm__("fldl %1\n\tfmul %%st(0), %%st\n\tfldl %2\n\tfmul %%st(0), %%st\n\tfaddp\n\tfsqrt\n\tfstpl %0"
            : "=m"(r)
            : "m"(a), "m"(b)
            : "st", "st(1)");
    return r;
}
static long double remainder_of(long double x, long double y) {
    unsigned short status;
    do
        __asm__("fprem\n\tfnstsw %%ax" : "+t"(x), "=a"(status) : "u"(y) : "cc");
    while (status & 0x400);
    return x;
}
static int to_int(double x) {
    int r;
    __asm__("fldl %1\n\tfistpl %0" : "=m"(r) : "m"(x) : "st");
    return r;
}
static long exchange(void) {
    long a = 3, b = 5, r;
    __asm__("fildq %1\n\tfildq %2\n\tfxch %%st(1)\n\tfsubrp %%st, %%st(1)\n\tfistpq %0"
            : "=m"(r)
            : "m"(a), "m"(b)
            : "st", "st(1)");
    return r;
}

int main(void) {
    for (int i = -4; i < 5; i++) {
        volatile double x = i * 0.75;
        printf("%.15g %d %.15g %.18Lg\n", sine(x), to_int(x), hypotenuse(x, 4),
               remainder_of(x * 10 + 100, 7.25L));
    }
    printf("%.18Lg %.18Lg %ld\n", log2_of(10), pi(), exchange());
    return 0;
}
