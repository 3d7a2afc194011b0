/* Complex arithmetic in all three precisions, infinities included, and the library's functions. */
#include <complex.h>
#include <math.h>
#include <stdio.h>

static void show(const char *what, double _Complex z) {
    printf("%s %.12g %.12g\n", what, creal(z), cimag(z));
}

int main(void) {
    volatile double parts[] = {0, 1, -2.5, 1e-3, 1e150};
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 5; j++) {
            double _Complex a = parts[i] + parts[j] * I, b = parts[j] - 0.5 + parts[4 - i] * 1e-150 * I;
            show("+", a + b);
            show("*", a * b);
            show("/", a / b);
            show("conj", conj(a) - b);
            float _Complex f = (float)parts[i & 3] + 2 * I, g = (float)parts[j & 3] - 1 * I;
            show("f*", f * g);
            show("f/", f / g);
            long double _Complex l = parts[i] * 1.1L + I, m = parts[j] + 3.3L * I;
            show("l*", (double _Complex)(l * m));
            show("l/", (double _Complex)(l / m));
        }
    volatile double infinite = INFINITY;
    double _Complex z = infinite + 2 * I, w = 3 - 4 * I;
    double _Complex product = z * w, quotient = w / z;
    printf("%d %d\n", isinf(creal(product)) || isinf(cimag(product)),
           creal(quotient) == 0 && cimag(quotient) == 0);
    show("sqrt", csqrt(-3 + 4 * I));
    show("exp", cexp(0.5 + 1 * I));
    printf("%.12g %.12g\n", cabs(3 + 4 * I), carg(1 + 1 * I));
    return 0;
}
