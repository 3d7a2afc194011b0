/* Compiler builtins: bit counting, byte swaps, overflow checks, expectations, object sizes, choose, constant.
 */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int select_path(int n) {
    switch (n) {
    case 0:
        return 5;
    case 1:
        return 6;
    case 2:
        return 7;
    default:
        __builtin_unreachable();
    }
}

#define OVERFLOW(type, format)                                                                               \
    static void overflow_##type(type a, type b) {                                                            \
        type r;                                                                                              \
        printf("%d:" format, __builtin_add_overflow(a, b, &r), r);                                           \
        printf(" %d:" format, __builtin_sub_overflow(a, b, &r), r);                                          \
        printf(" %d:" format "\n", __builtin_mul_overflow(a, b, &r), r);                                     \
    }
OVERFLOW(int8_t, "%d")
OVERFLOW(uint16_t, "%u")
OVERFLOW(int32_t, "%d")
OVERFLOW(uint32_t, "%u")
OVERFLOW(int64_t, "%ld")
OVERFLOW(uint64_t, "%lu")

int main(void) {
    uint64_t x = 0x00f0123400abc000;
    for (int i = 0; i < 30; i++, x = x * 2862933555777941757 + 3037000493) {
        volatile uint32_t y = (uint32_t)(x >> 20) | 1;
        printf("%d %d %d %d %d %d", __builtin_clzl(x), __builtin_ctzl(x), __builtin_popcountl(x),
               __builtin_parityl(x), __builtin_ffsl((long)x), __builtin_clrsbl((long)x));
        printf(" %d %d %d %x %x %lx\n", __builtin_clz(y), __builtin_ctz(y), __builtin_popcount(y),
               __builtin_bswap32(y), __builtin_bswap16((uint16_t)y), __builtin_bswap64(x));
        overflow_int8_t((int8_t)x, (int8_t)(x >> 8));
        overflow_uint16_t((uint16_t)x, (uint16_t)(x >> 9));
        overflow_int32_t((int32_t)x, (int32_t)(x >> 31));
        overflow_uint32_t((uint32_t)x, (uint32_t)(x >> 30));
        overflow_int64_t((int64_t)x, (int64_t)(x << 7));
        overflow_uint64_t(x, x << 3);
    }
    unsigned long long carry;
    printf("%llx %llu\n", __builtin_addcll(~0ULL, 5, 1, &carry), carry);
    printf("%d %d %zu\n", select_path(1), __builtin_constant_p(3), __builtin_object_size("abc", 0));
    printf("%d %s\n", __builtin_choose_expr(1, 10, "x"), __builtin_choose_expr(0, 10, "x"));
    printf("%g %g %d\n", __builtin_fabs(-2.5), __builtin_copysign(3, -0.0),
           __builtin_types_compatible_p(int, signed));
    printf("%d %d\n", __builtin_isnan(__builtin_nan("")), __builtin_isinf_sign(-__builtin_inf()));
    char buffer[20];
    __builtin_memset(buffer, 'x', 19);
    buffer[19] = 0;
    __builtin_memcpy(buffer, "inline", 6);
    printf("%s %ld\n", buffer, __builtin_strlen("const"));
    printf("%d\n", __builtin_return_address(0) == (void *)1 ? 1 : 0);
    return 0;
}
