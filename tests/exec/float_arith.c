/* float, double and long double: operations, comparisons with NaN, denormals, classification. */
#include <float.h>
#include <math.h>
#include <stdio.h>

static const char *order(double a, double b) {
    return isless(a, b) ? "<" : isgreater(a, b) ? ">" : isunordered(a, b) ? "?" : "=";
}

int main(void) {
    volatile double values[] = {0.0,       -0.0,    1.0,         -1.5,         3.14159, 1e300,
                                -1e-300,   DBL_MIN, DBL_MIN / 4, DBL_TRUE_MIN, DBL_MAX, INFINITY,
                                -INFINITY, NAN,     0.1,         1e16 + 1};
    enum { COUNT = sizeof values / sizeof *values };
    for (int i = 0; i < COUNT; i++)
        for (int j = 0; j < COUNT; j++) {
            double a = values[i], b = values[j];
            printf("%a %s %a: %a %a %a %d%d%d%d%d\n", a, order(a, b), b, a + b == a + b ? a + b : 0,
                   a * b == a * b ? a * b : 0, a / b == a / b ? a / b : 0, a == b, a < b, a <= b, a != b,
                   !(a >= b));
            float x = (float)a, y = (float)b;
            float sum = x + y, quotient = x / y;
            printf("  f %a %a\n", sum == sum ? sum : 0, quotient == quotient ? quotient : 0);
            long double u = a, v = b;
            long double product = u * v + 0.1L;
            printf("  l %La %La\n", product == product ? product : 0, (u - v) == (u - v) ? u - v : 0);
        }
    for (int i = 0; i < COUNT; i++)
        printf("%d %d %d %d\n", fpclassify(values[i]), !!signbit(values[i]), !!isfinite(values[i]),
               !!isnormal(values[i]));
    volatile float small = FLT_MIN;
    for (int i = 0; i < 26; i++, small /= 2)
        printf("%a ", small);
    printf("\n");
    return 0;
}
