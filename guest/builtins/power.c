/* __builtin_powi. */
#include "builtins.h"

#define POWER(name, type)                                                                                    \
    type name(type base, int exponent) {                                                                     \
        unsigned left = exponent < 0 ? -(unsigned)exponent : (unsigned)exponent;                             \
        type result = 1;                                                                                     \
        for (; left; left >>= 1, base *= base)                                                               \
            if (left & 1)                                                                                    \
                result *= base;                                                                              \
        return exponent < 0 ? 1 / result : result;                                                           \
    }

POWER(__powisf2, float)
POWER(__powidf2, double)
POWER(__powixf2, long double)
