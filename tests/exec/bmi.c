/* BMI1, BMI2, LZCNT, MOVBE, ADX. */
// flags: -mbmi -mbmi2 -mlzcnt -mmovbe -madx
// needs: bmi1 bmi2 abm movbe adx
#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int main(void) {
    uint64_t x = 0x0123456789abcdef, memory[8] = {0};
    for (int i = 0; i < 20; i++) {
        x = x * 6364136223846793005 + 1442695040888963407;
        unsigned y = (unsigned)(x >> 17);
        printf("%lx %x %lx", _andn_u64(x, x >> 3), _blsi_u32(y), _blsr_u64(x));
        printf(" %lx %x", _blsmsk_u64(x), _bextr_u32(y, 5, 11));
        printf(" %lx %lx %lx", _pdep_u64(x, 0xff00ff00ff00ff00), _pext_u64(x, 0x0f0f0f0f0f0f0f0f),
               _bzhi_u64(x, (unsigned)i * 3));
        unsigned long long high, low = _mulx_u64(x, x ^ 0xff, &high);
        printf(" %llx %llx %d %d", low, high, (int)_lzcnt_u64(x >> i), (int)_tzcnt_u32(y << i));
        uint64_t swapped = __builtin_bswap64(memory[i & 7]);
        memory[i & 7] = __builtin_bswap64(x + swapped);
        unsigned long long sum;
        unsigned char carry = _addcarryx_u64(0, x, ~x + (unsigned)(i & 1), &sum);
        carry = _addcarryx_u64(carry, sum, x << 1, &sum);
        printf(" %llx %d %x %lx\n", sum, carry, (unsigned)(y << (i & 31) | y >> (31 & -i)),
               (uint64_t)((int64_t)x >> i));
    }
    for (int i = 0; i < 8; i++)
        printf("%lx\n", memory[i]);
    return 0;
}
