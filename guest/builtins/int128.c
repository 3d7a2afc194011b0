/* 128-bit division: what x86-64 has no instruction for. */
#include "builtins.h"

/* high:low / divisor, for high < divisor: the quotient fits. */
static uint64_t divide_wide(uint64_t high, uint64_t low, uint64_t divisor, uint64_t *remainder) {
    uint64_t quotient;
    __asm__("divq %4" : "=a"(quotient), "=d"(*remainder) : "0"(low), "1"(high), "r"(divisor) : "cc");
    return quotient;
}

static uint128 divide_by_word(uint128 value, uint64_t divisor, uint128 *remainder) {
    uint64_t high = (uint64_t)(value >> 64), rest = high;
    uint64_t high_quotient = 0;
    if (high >= divisor) {
        high_quotient = high / divisor;
        rest = high % divisor;
    }
    uint64_t low_quotient = divide_wide(rest, (uint64_t)value, divisor, &rest);
    *remainder = rest;
    return (uint128)high_quotient << 64 | low_quotient;
}

/* The divisor has more than 64 bits, so the quotient has at most 64. Its estimate from the leading words is
 * never too small and at most one too large; taking one off first makes the correction one-sided. */
static uint128 divide_by_long(uint128 value, uint128 divisor, uint128 *remainder) {
    int shift = __builtin_clzll((uint64_t)(divisor >> 64));
    uint64_t leading = (uint64_t)(divisor << shift >> 64), unused;
    uint128 half = value >> 1;
    uint128 estimate = divide_wide((uint64_t)(half >> 64), (uint64_t)half, leading, &unused);
    uint128 quotient = estimate << shift >> 63;
    if (quotient)
        quotient--;
    uint128 rest = value - quotient * divisor;
    if (rest >= divisor) {
        quotient++;
        rest -= divisor;
    }
    *remainder = rest;
    return quotient;
}

uint128 __udivmodti4(uint128 value, uint128 divisor, uint128 *remainder) {
    uint128 unused;
    if (!remainder)
        remainder = &unused;
    if (divisor >> 64)
        return divide_by_long(value, divisor, remainder);
    return divide_by_word(value, (uint64_t)divisor, remainder); /* 0 faults in the instruction */
}

uint128 __udivti3(uint128 value, uint128 divisor) {
    return __udivmodti4(value, divisor, 0);
}

uint128 __umodti3(uint128 value, uint128 divisor) {
    uint128 remainder;
    __udivmodti4(value, divisor, &remainder);
    return remainder;
}

static uint128 magnitude(int128 value) {
    return value < 0 ? -(uint128)value : (uint128)value;
}

int128 __divmodti4(int128 value, int128 divisor, int128 *remainder) {
    uint128 rest;
    uint128 quotient = __udivmodti4(magnitude(value), magnitude(divisor), &rest);
    *remainder = (int128)(value < 0 ? -rest : rest);
    return (int128)((value < 0) != (divisor < 0) ? -quotient : quotient);
}

int128 __divti3(int128 value, int128 divisor) {
    int128 remainder;
    return __divmodti4(value, divisor, &remainder);
}

int128 __modti3(int128 value, int128 divisor) {
    int128 remainder;
    __divmodti4(value, divisor, &remainder);
    return remainder;
}

int128 __multi3(int128 left, int128 right) {
    return (int128)((uint128)left * (uint128)right);
}

/* The product, and whether it overflowed. */
int128 __muloti4(int128 left, int128 right, int *overflow) {
    uint128 product = (uint128)left * (uint128)right;
    uint128 a = magnitude(left), b = magnitude(right);
    uint128 limit = ((uint128)1 << 127) - ((left < 0) == (right < 0));
    *overflow = a && b && b > __udivti3(limit, a);
    return (int128)product;
}
