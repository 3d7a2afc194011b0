/* Functions with target attributes beside plain ones, chosen at run time by cpuid. */
// needs: avx2 bmi2
#include <immintrin.h>
#include <stdio.h>

static __attribute__((noinline)) int sum_plain(const int *p, int n) {
    int s = 0;
    for (int i = 0; i < n; i++)
        s += p[i] * 3;
    return s;
}
static __attribute__((noinline, target("avx2"))) int sum_avx2(const int *p, int n) {
    __m256i s = _mm256_setzero_si256();
    int i = 0, total = 0;
    for (; i + 8 <= n; i += 8)
        s = _mm256_add_epi32(
            s, _mm256_mullo_epi32(_mm256_loadu_si256((const __m256i *)(p + i)), _mm256_set1_epi32(3)));
    int lanes[8];
    _mm256_storeu_si256((__m256i *)lanes, s);
    for (int k = 0; k < 8; k++)
        total += lanes[k];
    for (; i < n; i++)
        total += p[i] * 3;
    return total;
}
static __attribute__((noinline, target("bmi2"))) unsigned long deposit(unsigned long x, unsigned long m) {
    return _pdep_u64(x, m);
}

int main(void) {
    int values[77];
    for (int i = 0; i < 77; i++)
        values[i] = i * i - 50;
    unsigned eax = 7, ebx, ecx = 0, edx;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    int (*sum)(const int *, int) = ebx >> 5 & 1 ? sum_avx2 : sum_plain;
    for (int n = 0; n < 77; n += 10)
        printf("%d %d\n", sum(values, n), sum_plain(values, n));
    printf("%lx\n", deposit(0xabcd, 0xf0f0f0f0f0f0f0f0));
    return 0;
}
