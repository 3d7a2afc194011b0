/* x87: long double arithmetic, conversions, arguments, results, and the library's functions. */
#include <math.h>
#include <stdio.h>

static long double polynomial(long double x, const long double *coefficients, int count) {
    long double sum = 0;
    while (count--)
        sum = sum * x + coefficients[count];
    return sum;
}

static long double mixed(int a, long double b, double c, long double d, float e, char f, long double g) {
    return a + b * c - d / e + f * g;
}

int main(void) {
    static const long double coefficients[] = {1, -0.5L, 0.25L, 1e-10L, 3.0L};
    for (int i = -10; i <= 10; i++) {
        volatile long double x = i * 0.37L;
        printf("%.20Lg %.20Lg\n", polynomial(x, coefficients, 5), mixed(i, x, 2.5, x + 1, 0.5f, 'c', -x));
        printf("%lld %d %u %f %g\n", (long long)(x * 1e12L), (int)x, (unsigned)fabsl(x), (double)x, (float)x);
        printf("%.18Lg %.18Lg %.18Lg %.18Lg\n", sqrtl(fabsl(x)), floorl(x), ceill(x), truncl(x));
        printf("%.15Lg %.15Lg %.15Lg\n", fmodl(x, 0.3L), sinl(x), expl(x));
        printf("%ld %ld\n", lrintl(x), llroundl(x));
    }
    unsigned long long big = 0xfedcba9876543210;
    volatile long double wide = big;
    printf("%.0Lf %llx\n", wide, (unsigned long long)wide);
    printf("%d %d\n", wide > 1e19L, wide == 0xfedcba9876543210ULL);
    int exponent;
    long double fraction = frexpl(wide, &exponent);
    printf("%.20Lg %d %.20Lg\n", fraction, exponent, ldexpl(fraction, 3));
    return 0;
}
