/* Shifts and rotations by constants and variables, double shifts, shifts of every width, division by
 * constants. */
#include <stdint.h>
#include <stdio.h>

static uint32_t rotl32(uint32_t x, int n) {
    return x << (n & 31) | x >> (-n & 31);
}
static uint64_t rotr64(uint64_t x, int n) {
    return x >> (n & 63) | x << (-n & 63);
}
static uint8_t rotl8(uint8_t x, int n) {
    return (uint8_t)(x << (n & 7) | x >> (-n & 7));
}
static uint16_t rotr16(uint16_t x, int n) {
    return (uint16_t)(x >> (n & 15) | x << (-n & 15));
}
static uint64_t shld(uint64_t high, uint64_t low, int n) {
    return n ? high << n | low >> (64 - n) : high;
}

#define DIVIDE(n)                                                                                            \
    (int)(x / (n)), (int)(x % (n)), (long)(y / (n)), (long)(y % (n)), u / (n), u % (n), v / (n), v % (n)

int main(void) {
    uint64_t value = 0x9e3779b97f4a7c15;
    for (int n = 0; n < 64; n += 3) {
        volatile int count = n;
        printf("%x %lx %x %x %lx", rotl32((uint32_t)value, count), rotr64(value, count),
               rotl8((uint8_t)value, count), rotr16((uint16_t)value, count), shld(value, ~value, count));
        printf(" %lx %lx %x %x", value << count, (uint64_t)((int64_t)value >> count),
               (uint32_t)value << (count & 31), (uint32_t)((int32_t)value >> (count & 31)));
        printf(" %lx %x %x\n", rotr64(value, 13), rotl32((uint32_t)value, 7),
               (unsigned)__builtin_bitreverse32((uint32_t)value));
        value = value * 6364136223846793005 + (unsigned)n;
        volatile int32_t vx = (int32_t)value;
        volatile int64_t vy = (int64_t)value;
        int32_t x = vx;
        int64_t y = vy;
        uint32_t u = (uint32_t)x;
        uint64_t v = (uint64_t)y;
#define SHOW(n) printf("%d %d %ld %ld %u %u %lu %lu|", DIVIDE(n))
        SHOW(3), SHOW(5), SHOW(7), SHOW(10), SHOW(16), SHOW(60), SHOW(100), SHOW(641), SHOW(1000),
            SHOW(1000003), SHOW(0x7fffffff);
        printf("%lx %lx\n", (uint64_t)(((unsigned __int128)v * 0xfedcba987654321) >> 64),
               (uint64_t)(((__int128)y * -12345) >> 64));
    }
    return 0;
}
