/* Conversions between floating point and integers of every kind, in range, plus rounding functions. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>

int main(void) {
    volatile double values[] = {0,       -0.0,         0.5,          -0.5,       1.5,
                                2.5,     -2.5,         127.9,        255.5,      32767.4,
                                65535.9, 2147483647.5, 4294967295.0, 1e15 + 0.5, 9007199254740993.0,
                                -1e18,   9e18,         1.8e19};
    for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
        double d = values[i];
        float f = (float)d;
        long double l = d;
        printf("%.17g:", d);
        if (fabs(d) < 127)
            printf(" %d %d", (int8_t)d, (int8_t)f);
        if (d >= 0 && d < 256)
            printf(" %u %u", (uint8_t)d, (uint8_t)l);
        if (d >= 0 && d < 65536)
            printf(" %u", (uint16_t)f);
        if (fabs(d) < 2147483648.0)
            printf(" %d %d", (int32_t)d, (int32_t)l);
        if (d >= 0 && d < 4294967296.0)
            printf(" %u %u", (uint32_t)d, (uint32_t)l);
        if (fabs(d) < 9.2e18)
            printf(" %ld %ld %ld", (int64_t)d, (int64_t)f, (int64_t)l);
        if (d >= 0)
            printf(" %lu %lu", (uint64_t)d, (uint64_t)l);
        if (d >= 0 && f < 1.8e19f)
            printf(" %lu", (uint64_t)f);
        printf(" %g %g %g %g %g %g\n", floor(d), ceil(d), trunc(d), round(d), rint(d), nearbyintf(f));
        if (fabs(d) < 9e18)
            printf(" %ld %ld %lld", lrint(d), lround(d), llrintf(f < 9e18f ? f : 0));
        double whole, fraction = modf(d, &whole);
        int exponent;
        double mantissa = frexp(d, &exponent);
        printf(" %g %g %g %d %g\n", whole, fraction, mantissa, exponent, ldexp(mantissa, exponent));
    }
    volatile int64_t integers[] = {
        0, 1, -1, 16777217, -16777219, 9007199254740993, INT64_MAX, INT64_MIN, 0x7fffffbfffffffff};
    for (unsigned i = 0; i < sizeof integers / sizeof *integers; i++) {
        int64_t n = integers[i];
        printf("%.17g %.9g %.20Lg %.17g %.9g %.20Lg %.9g %.9g\n", (double)n, (float)n, (long double)n,
               (double)(uint64_t)n, (float)(uint64_t)n, (long double)(uint64_t)n, (float)(int32_t)n,
               (float)(uint32_t)n);
        printf("%d %d\n", (_Bool)n, (int)(char)n);
    }
    return 0;
}
