/* The math library: elementary and special functions at many points. */
#include <math.h>
#include <stdio.h>

int main(void) {
    for (double x = -3.7; x < 4; x += 0.61) {
        printf("%.14g %.14g %.14g %.14g ", sin(x), cos(x), tan(x), atan(x));
        printf("%.14g %.14g %.14g %.14g ", exp(x), exp2(x), expm1(x), sinh(x));
        printf("%.14g %.14g %.14g %.14g ", cosh(x), tanh(x), asinh(x), erf(x));
        printf("%.14g %.14g %.14g %.14g ", log(fabs(x)), log10(fabs(x)), log1p(fabs(x)), log2(fabs(x)));
        printf("%.14g %.14g %.14g %.14g ", sqrt(fabs(x)), cbrt(x), pow(fabs(x), x), tgamma(x + 5));
        printf("%.14g %.14g %.14g %.14g ", atan2(x, 2), hypot(x, 3), fmod(x, 0.7), remainder(x, 0.7));
        printf("%.14g %.14g %.14g %.14g ", fma(x, x, -x), fdim(x, 1), fmax(x, 0.5), fmin(x, 0.5));
        printf("%.14g %.14g %.14g %d ", lgamma(fabs(x)), j0(x), y1(fabs(x)), ilogb(x));
        printf("%.7g %.7g %.7g %.7g\n", sinf((float)x), expf((float)x), logf(fabsf((float)x)),
               powf(fabsf((float)x), 1.5f));
        printf("%.15Lg %.15Lg %.15Lg %.15Lg\n", sinl(x), powl(fabsl(x), 1.3L), atan2l(x, 3),
               log1pl(fabsl(x)));
    }
    printf("%a %a %a\n", nextafter(1, 2), scalbn(1.5, -1070), logb(1e-310));
    return 0;
}
