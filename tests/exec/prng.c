/* Random number generators: xorshift, PCG, Mersenne twister, splitmix; Monte-Carlo; permutations. */
#include <stdint.h>
#include <stdio.h>

static uint64_t s[4] = {1, 2, 3, 4};
static uint64_t rotl(uint64_t x, int k) {
    return x << k | x >> (64 - k);
}
static uint64_t xoshiro(void) {
    uint64_t r = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0], s[3] ^= s[1], s[1] ^= s[2], s[0] ^= s[3], s[2] ^= t, s[3] = rotl(s[3], 45);
    return r;
}
static uint64_t pcg_state = 0x853c49e6748fea9b;
static uint32_t pcg(void) {
    uint64_t old = pcg_state;
    pcg_state = old * 6364136223846793005 + 1442695040888963407;
    uint32_t x = (uint32_t)(((old >> 18) ^ old) >> 27), rot = (uint32_t)(old >> 59);
    return x >> rot | x << (-rot & 31);
}
static uint32_t mt[624];
static int index_ = 624;
static uint32_t twister(void) {
    if (index_ == 624) {
        for (int i = 0; i < 624; i++) {
            uint32_t y = (mt[i] & 0x80000000) | (mt[(i + 1) % 624] & 0x7fffffff);
            mt[i] = mt[(i + 397) % 624] ^ y >> 1 ^ (y & 1 ? 0x9908b0df : 0);
        }
        index_ = 0;
    }
    uint32_t y = mt[index_++];
    y ^= y >> 11, y ^= y << 7 & 0x9d2c5680, y ^= y << 15 & 0xefc60000;
    return y ^ y >> 18;
}
int main(void) {
    for (int i = 0; i < 1000; i++)
        xoshiro(), pcg();
    mt[0] = 5489;
    for (int i = 1; i < 624; i++)
        mt[i] = 1812433253 * (mt[i - 1] ^ mt[i - 1] >> 30) + (uint32_t)i;
    for (int i = 0; i < 8; i++)
        printf("%lx %x %u\n", xoshiro(), pcg(), twister());
    long inside = 0;
    for (int i = 0; i < 200000; i++) {
        double x = (double)(xoshiro() >> 11) * 0x1p-53, y = pcg() * 0x1p-32;
        inside += x * x + y * y < 1;
    }
    printf("%ld\n", inside);
    int deck[52];
    for (int i = 0; i < 52; i++)
        deck[i] = i;
    for (int i = 51; i > 0; i--) {
        int j = (int)(twister() % (unsigned)(i + 1)), t = deck[i];
        deck[i] = deck[j], deck[j] = t;
    }
    for (int i = 0; i < 52; i++)
        printf("%d ", deck[i]);
    printf("\n");
    return 0;
}
