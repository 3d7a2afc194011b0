/* Between 128-bit integers and floating point. */
#include "builtins.h"

/* value = significand * 2^(exponent - 63), with the significand's top bit set; 0 for |value| < 1. */
static uint128 scale(uint64_t significand, int exponent) {
    if (exponent < 0)
        return 0;
    if (exponent > 127)
        return ~(uint128)0;
    return exponent <= 63 ? significand >> (63 - exponent) : (uint128)significand << (exponent - 63);
}

static uint128 magnitude_of_double(double value, int *negative) {
    union {
        double number;
        uint64_t bits;
    } parts = {value};
    *negative = (int)(parts.bits >> 63);
    int exponent = (int)(parts.bits >> 52 & 0x7ff) - 1023;
    return scale((parts.bits << 11) | (uint64_t)1 << 63, exponent);
}

static uint128 magnitude_of_long_double(long double value, int *negative) {
    union {
        long double number;
        struct {
            uint64_t significand;
            uint16_t sign_exponent;
        } fields;
    } parts = {value};
    *negative = parts.fields.sign_exponent >> 15;
    return scale(parts.fields.significand, (parts.fields.sign_exponent & 0x7fff) - 16383);
}

/* Out of range: the nearest value, as compiler-rt does. */
static int128 to_signed(uint128 magnitude, int negative) {
    uint128 limit = (uint128)1 << 127;
    if (magnitude >= limit)
        return (int128)(negative ? limit : limit - 1);
    return (int128)(negative ? -magnitude : magnitude);
}

int128 __fixdfti(double value) {
    int negative;
    uint128 magnitude = magnitude_of_double(value, &negative);
    return to_signed(magnitude, negative);
}

int128 __fixsfti(float value) {
    return __fixdfti(value);
}

int128 __fixxfti(long double value) {
    int negative;
    uint128 magnitude = magnitude_of_long_double(value, &negative);
    return to_signed(magnitude, negative);
}

uint128 __fixunsdfti(double value) {
    int negative;
    uint128 magnitude = magnitude_of_double(value, &negative);
    return negative ? 0 : magnitude;
}

uint128 __fixunssfti(float value) {
    return __fixunsdfti(value);
}

uint128 __fixunsxfti(long double value) {
    int negative;
    uint128 magnitude = magnitude_of_long_double(value, &negative);
    return negative ? 0 : magnitude;
}

/* The leading 64 bits with everything below folded into the last one: the conversion to a shorter significand
 * then rounds once and right. */
static uint64_t leading_bits(uint128 value, int *shift) {
    *shift = 64 - __builtin_clzll((uint64_t)(value >> 64));
    uint128 lost = value & (((uint128)1 << *shift) - 1);
    return (uint64_t)(value >> *shift) | (lost != 0);
}

static double power_of_two(int exponent) {
    union {
        uint64_t bits;
        double number;
    } parts = {(uint64_t)(exponent + 1023) << 52};
    return parts.number;
}

double __floatuntidf(uint128 value) {
    int shift;
    if (!(value >> 64))
        return (double)(uint64_t)value;
    uint64_t leading = leading_bits(value, &shift);
    return (double)leading * power_of_two(shift);
}

float __floatuntisf(uint128 value) {
    int shift;
    if (!(value >> 64))
        return (float)(uint64_t)value;
    uint64_t leading = leading_bits(value, &shift);
    return (float)leading * (float)power_of_two(shift);
}

/* Both halves are exact in 64 bits of significand: one rounding, in the sum. */
long double __floatuntixf(uint128 value) {
    return (long double)(uint64_t)(value >> 64) * 0x1p64L + (long double)(uint64_t)value;
}

double __floattidf(int128 value) {
    return value < 0 ? -__floatuntidf(-(uint128)value) : __floatuntidf((uint128)value);
}

float __floattisf(int128 value) {
    return value < 0 ? -__floatuntisf(-(uint128)value) : __floatuntisf((uint128)value);
}

long double __floattixf(int128 value) {
    return value < 0 ? -__floatuntixf(-(uint128)value) : __floatuntixf((uint128)value);
}
