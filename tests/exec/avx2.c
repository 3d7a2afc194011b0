/* AVX, AVX2 and FMA through target attributes and -m flags: loads, masks, permutes, broadcasts. */
// flags: -mavx2 -mfma -mf16c
// needs: avx2 fma f16c
#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>

static void show(const char *what, __m256i v) {
    uint64_t lanes[4];
    _mm256_storeu_si256((__m256i *)lanes, v);
    printf("%-10s %016lx %016lx %016lx %016lx\n", what, lanes[0], lanes[1], lanes[2], lanes[3]);
}
static void show_pd(const char *what, __m256d v) {
    double f[4];
    _mm256_storeu_pd(f, v);
    printf("%-10s %.12g %.12g %.12g %.12g\n", what, f[0], f[1], f[2], f[3]);
}

static float saxpy(float *restrict y, const float *restrict x, float a, int n) {
    float sum = 0;
    for (int i = 0; i < n; i++)
        y[i] += a * x[i];
    for (int i = 0; i < n; i++)
        sum += y[i];
    return sum;
}

static __attribute__((noinline)) __m256d pass(__m256d a, __m256d b, __m256i c, int n) {
    volatile __m256d spilled = a;
    for (int i = 0; i < n; i++)
        spilled = _mm256_fmadd_pd(spilled, b, _mm256_cvtepi32_pd(_mm256_castsi256_si128(c)));
    return spilled;
}

int main(void) {
    _Alignas(32) uint32_t memory[64];
    uint32_t seed = 99;
    for (int i = 0; i < 64; i++)
        memory[i] = seed = seed * 1664525 + 1013904223;
    for (int i = 0; i < 24; i += 5) {
        __m256i a = _mm256_loadu_si256((const __m256i *)(memory + i)),
                b = _mm256_load_si256((const __m256i *)(memory + 32));
        show("add", _mm256_add_epi32(a, b));
        show("mul", _mm256_mullo_epi32(a, b));
        show("shuffle", _mm256_shuffle_epi8(a, b));
        show("permute", _mm256_permutevar8x32_epi32(a, b));
        show("perm4", _mm256_permute4x64_epi64(a, 0x39));
        show("perm2", _mm256_permute2x128_si256(a, b, 0x21));
        show("sllv", _mm256_sllv_epi32(a, _mm256_and_si256(b, _mm256_set1_epi32(31))));
        show("srav", _mm256_srav_epi32(a, _mm256_set1_epi32(i)));
        show("bcast", _mm256_broadcastd_epi32(_mm256_castsi256_si128(a)));
        show("maskload", _mm256_maskload_epi32((const int *)memory + i, b));
        show("blend", _mm256_blend_epi32(a, b, 0x5a));
        show("packs", _mm256_packs_epi32(a, b));
        show("extract", _mm256_castsi128_si256(_mm256_extracti128_si256(a, 1)));
        printf("%x\n", (unsigned)_mm256_movemask_epi8(_mm256_cmpgt_epi8(a, b)));
        _mm256_maskstore_epi32((int *)memory + 40, a, b);
        __m256d x = _mm256_cvtepi32_pd(_mm256_castsi256_si128(a)), y = _mm256_set_pd(1.5, 2.5, -3.5, i);
        show_pd("fma", _mm256_fmsub_pd(x, y, y));
        show_pd("hadd", _mm256_hadd_pd(x, y));
        show_pd("blendv", _mm256_blendv_pd(x, y, x));
        show_pd("cmp", _mm256_and_pd(_mm256_cmp_pd(x, y, _CMP_LT_OQ), x));
        show_pd("pass", pass(x, y, b, 3));
        show_pd("permute", _mm256_permute_pd(x, 5));
        show_pd("round", _mm256_round_pd(_mm256_div_pd(x, y), _MM_FROUND_TO_ZERO));
        __m128i half = _mm256_cvtps_ph(_mm256_cvtepi32_ps(_mm256_srai_epi32(a, 16)), 0);
        show("f16c", _mm256_castps_si256(_mm256_cvtph_ps(half)));
        _mm256_zeroupper();
    }
    float x[100], y[100];
    for (int i = 0; i < 100; i++)
        x[i] = (float)i, y[i] = (float)(100 - i);
    printf("%g\n", saxpy(y, x, 0.5f, 97));
    return 0;
}
