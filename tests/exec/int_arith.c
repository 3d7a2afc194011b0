/* Integer arithmetic of every width, signed and unsigned, with values that only exist at run time. */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>

#define OPERATIONS(name, type, format, cast)                                                                 \
    static void name(type a, type b) {                                                                       \
        printf(#type " " format " " format ":", (cast)a, (cast)b);                                           \
        printf(" " format " " format " " format, (cast)(type)(a + b), (cast)(type)(a - b),                   \
               (cast)(type)((type)(a | 1) * (type)(b & 15)));                                                \
        if (b != 0 && !(b == (type) - 1))                                                                    \
            printf(" " format " " format, (cast)(type)(a / b), (cast)(type)(a % b));                         \
        printf(" " format " " format " " format " " format, (cast)(type)(a & b), (cast)(type)(a | b),        \
               (cast)(type)(a ^ b), (cast)(type)~a);                                                         \
        printf(" %d%d%d%d%d%d\n", a<b, a <= b, a> b, a >= b, a == b, a != b);                                \
    }

OPERATIONS(op_u8, uint8_t, "%llu", unsigned long long)
OPERATIONS(op_u16, uint16_t, "%llu", unsigned long long)
OPERATIONS(op_u32, uint32_t, "%llu", unsigned long long)
OPERATIONS(op_u64, uint64_t, "%llu", unsigned long long)
OPERATIONS(op_i8, int8_t, "%lld", long long)
OPERATIONS(op_i16, int16_t, "%lld", long long)

static void op_i32(int32_t a, int32_t b) {
    int32_t sum, difference, product;
    int overflow = __builtin_add_overflow(a, b, &sum) | __builtin_sub_overflow(a, b, &difference) << 1 |
                   __builtin_mul_overflow(a, b, &product) << 2;
    printf("i32 %d %d: %d %d %d overflow %d\n", a, b, sum, difference, product, overflow);
    if (b && !(a == INT_MIN && b == -1))
        printf("  %d %d\n", a / b, a % b);
}

static void op_i64(int64_t a, int64_t b) {
    int64_t sum, difference, product;
    int overflow = __builtin_add_overflow(a, b, &sum) | __builtin_sub_overflow(a, b, &difference) << 1 |
                   __builtin_mul_overflow(a, b, &product) << 2;
    printf("i64 %ld %ld: %ld %ld %ld overflow %d\n", a, b, sum, difference, product, overflow);
    if (b && !(a == INT64_MIN && b == -1))
        printf("  %ld %ld\n", a / b, a % b);
}

int main(void) {
    static const int64_t values[] = {0,
                                     1,
                                     -1,
                                     2,
                                     7,
                                     -7,
                                     100,
                                     127,
                                     -128,
                                     255,
                                     256,
                                     32767,
                                     -32768,
                                     65535,
                                     1000003,
                                     INT_MAX,
                                     INT_MIN,
                                     UINT_MAX,
                                     0x123456789abcdef,
                                     INT64_MAX,
                                     INT64_MIN};
    enum { COUNT = sizeof values / sizeof *values };
    for (int i = 0; i < COUNT; i++)
        for (int j = 0; j < COUNT; j++) {
            op_u8((uint8_t)values[i], (uint8_t)values[j]);
            op_u16((uint16_t)values[i], (uint16_t)values[j]);
            op_u32((uint32_t)values[i], (uint32_t)values[j]);
            op_u64((uint64_t)values[i], (uint64_t)values[j]);
            op_i8((int8_t)values[i], (int8_t)values[j]);
            op_i16((int16_t)values[i], (int16_t)values[j]);
            op_i32((int32_t)values[i], (int32_t)values[j]);
            op_i64(values[i], values[j]);
        }
    return 0;
}
