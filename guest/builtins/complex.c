/* Complex multiplication and division with the infinities of Annex G of the C standard. */
#include "builtins.h"

#define is_nan(x) __builtin_isnan(x)
#define is_infinite(x) __builtin_isinf(x)

/* Names by hand: <complex.h> is the C library's. */
#define COMPLEX(type, re, im) __builtin_complex((type)(re), (type)(im))

/* 1 or 0 with the sign of x: "boxes" an infinity; and 0 with the sign of x for a NaN. */
#define BOX(suffix, x) __builtin_copysign##suffix(is_infinite(x) ? 1 : 0, x)
#define ZERO_IF_NAN(suffix, x) (is_nan(x) ? __builtin_copysign##suffix(0, x) : (x))

#define MULTIPLY(name, type, suffix)                                                                         \
    _Complex type name(type a, type b, type c, type d) {                                                     \
        type ac = a * c, bd = b * d, ad = a * d, bc = b * c;                                                 \
        type re = ac - bd, im = ad + bc;                                                                     \
        if (!(is_nan(re) && is_nan(im)))                                                                     \
            return COMPLEX(type, re, im);                                                                    \
        int recalculate = 0;                                                                                 \
        if (is_infinite(a) || is_infinite(b)) {                                                              \
            a = BOX(suffix, a), b = BOX(suffix, b);                                                          \
            c = ZERO_IF_NAN(suffix, c), d = ZERO_IF_NAN(suffix, d);                                          \
            recalculate = 1;                                                                                 \
        }                                                                                                    \
        if (is_infinite(c) || is_infinite(d)) {                                                              \
            c = BOX(suffix, c), d = BOX(suffix, d);                                                          \
            a = ZERO_IF_NAN(suffix, a), b = ZERO_IF_NAN(suffix, b);                                          \
            recalculate = 1;                                                                                 \
        }                                                                                                    \
        if (!recalculate && (is_infinite(ac) || is_infinite(bd) || is_infinite(ad) || is_infinite(bc))) {    \
            a = ZERO_IF_NAN(suffix, a), b = ZERO_IF_NAN(suffix, b);                                          \
            c = ZERO_IF_NAN(suffix, c), d = ZERO_IF_NAN(suffix, d);                                          \
            recalculate = 1;                                                                                 \
        }                                                                                                    \
        if (recalculate) {                                                                                   \
            type infinity = (type)__builtin_inff();                                                          \
            re = infinity * (a * c - b * d);                                                                 \
            im = infinity * (a * d + b * c);                                                                 \
        }                                                                                                    \
        return COMPLEX(type, re, im);                                                                        \
    }

MULTIPLY(__mulsc3, float, f)
MULTIPLY(__muldc3, double, )
MULTIPLY(__mulxc3, long double, l)

/* The quotient's special cases, for a result that is NaN + NaN i. `denominator` is c*c + d*d in some scaling.
 */
#define REPAIR_QUOTIENT(type, suffix)                                                                        \
    if (is_nan(re) && is_nan(im)) {                                                                          \
        type infinity = (type)__builtin_inff();                                                              \
        if (denominator == 0 && (!is_nan(a) || !is_nan(b))) {                                                \
            re = __builtin_copysign##suffix(infinity, c) * a;                                                \
            im = __builtin_copysign##suffix(infinity, c) * b;                                                \
        } else if ((is_infinite(a) || is_infinite(b)) && __builtin_isfinite(c) && __builtin_isfinite(d)) {   \
            a = BOX(suffix, a), b = BOX(suffix, b);                                                          \
            re = infinity * (a * c + b * d);                                                                 \
            im = infinity * (b * c - a * d);                                                                 \
        } else if ((is_infinite(c) || is_infinite(d)) && __builtin_isfinite(a) && __builtin_isfinite(b)) {   \
            c = BOX(suffix, c), d = BOX(suffix, d);                                                          \
            re = 0 * (a * c + b * d);                                                                        \
            im = 0 * (b * c - a * d);                                                                        \
        }                                                                                                    \
    }

/* The wider type has the range and the digits to do without scaling. */
#define DIVIDE_WIDER(name, type, wider, suffix)                                                              \
    _Complex type name(type a, type b, type c, type d) {                                                     \
        wider denominator = (wider)c * c + (wider)d * d;                                                     \
        type re = (type)(((wider)a * c + (wider)b * d) / denominator);                                       \
        type im = (type)(((wider)b * c - (wider)a * d) / denominator);                                       \
        REPAIR_QUOTIENT(type, suffix)                                                                        \
        return COMPLEX(type, re, im);                                                                        \
    }

DIVIDE_WIDER(__divsc3, float, double, f)
DIVIDE_WIDER(__divdc3, double, long double, )

union extended {
    long double number;
    struct {
        uint64_t significand;
        uint16_t sign_exponent;
    } fields;
};

/* 2^-e for the exponent e of the larger of |c| and |d|; 1 where that makes no sense. */
static long double scale_of(long double c, long double d) {
    union extended larger = {__builtin_fabsl(c) > __builtin_fabsl(d) ? c : d};
    int exponent = (larger.fields.sign_exponent & 0x7fff) - 16383;
    if (exponent == -16383 || exponent == 16384)
        return 1;
    union extended scale = {
        .fields = {(uint64_t)1 << 63, (uint16_t)(16383 - exponent > 0 ? 16383 - exponent : 1)}};
    return scale.number;
}

_Complex long double __divxc3(long double a, long double b, long double c, long double d) {
    long double scale = scale_of(c, d);
    c *= scale, d *= scale;
    long double denominator = c * c + d * d;
    long double re = (a * c + b * d) / denominator * scale;
    long double im = (b * c - a * d) / denominator * scale;
    REPAIR_QUOTIENT(long double, l)
    return COMPLEX(long double, re, im);
}
