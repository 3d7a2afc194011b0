// Gathers and masked stores through intrinsics: all element types, index types and masks.
// flags: -mavx2
// needs: avx2
#include <immintrin.h>
#include <stdio.h>
#include <string.h>

static int ints[64];
static long long longs[64];
static float floats[64];
static double doubles[64];

#define SHOW(name, value)                                                                                              \
    do {                                                                                                               \
        unsigned char bytes[sizeof(value)];                                                                            \
        __typeof__(value) kept = value;                                                                                \
        memcpy(bytes, &kept, sizeof kept);                                                                             \
        printf("%s", name);                                                                                            \
        for (unsigned i = 0; i < sizeof bytes; i++)                                                                    \
            printf(" %02x", bytes[i]);                                                                                 \
        printf("\n");                                                                                                  \
    } while (0)

int main(void) {
    for (int i = 0; i < 64; i++) {
        ints[i] = i * 1000003;
        longs[i] = i * 1000000007LL;
        floats[i] = (float)i * 1.5f;
        doubles[i] = i * 2.25;
    }
    __m128i near = _mm_setr_epi32(3, 0, -5, 20);
    __m256i wide = _mm256_setr_epi32(1, 2, 3, -4, 5, 60 - 32, 7, -8);
    __m128i pair = _mm_set_epi64x(-7, 9);
    __m256i quad = _mm256_set_epi64x(-7, 9, 11, -32);
    const int *i32 = ints + 32;
    const long long *i64 = longs + 32;
    const float *f32 = floats + 32;
    const double *f64 = doubles + 32;
    SHOW("i32 epi32", _mm_i32gather_epi32(i32, near, 4));
    SHOW("i32 epi32 256", _mm256_i32gather_epi32(i32, wide, 4));
    SHOW("i32 epi64", _mm_i32gather_epi64(i64, near, 8));
    SHOW("i32 epi64 256", _mm256_i32gather_epi64(i64, near, 8));
    SHOW("i64 epi32", _mm_i64gather_epi32(i32, pair, 4));
    SHOW("i64 epi32 256", _mm256_i64gather_epi32(i32, quad, 4));
    SHOW("i64 epi64", _mm_i64gather_epi64(i64, pair, 8));
    SHOW("i64 epi64 256", _mm256_i64gather_epi64(i64, quad, 8));
    SHOW("i32 ps", _mm_i32gather_ps(f32, near, 4));
    SHOW("i32 ps 256", _mm256_i32gather_ps(f32, wide, 4));
    SHOW("i32 pd", _mm_i32gather_pd(f64, near, 8));
    SHOW("i32 pd 256", _mm256_i32gather_pd(f64, near, 8));
    SHOW("i64 ps", _mm_i64gather_ps(f32, pair, 4));
    SHOW("i64 ps 256", _mm256_i64gather_ps(f32, quad, 4));
    SHOW("i64 pd", _mm_i64gather_pd(f64, pair, 8));
    SHOW("i64 pd 256", _mm256_i64gather_pd(f64, quad, 8));
    SHOW("odd scale", _mm_i32gather_epi32(i32, near, 1));
    __m256 chosen = _mm256_castsi256_ps(_mm256_setr_epi32(-1, 0, 1, -2147483647, 0, -1, 0, 7));
    SHOW("masked", _mm256_mask_i32gather_ps(_mm256_set1_ps(-1.0f), f32, wide, chosen, 4));
    /* lanes that the mask leaves out aren't read: these addresses lead nowhere */
    __m256i away = _mm256_setr_epi32(1, 1 << 28, 3, 1 << 28, 5, 1 << 28, 7, 1 << 28);
    __m256i even = _mm256_setr_epi32(-1, 0, -1, 0, -1, 0, -1, 0);
    SHOW("left out", _mm256_mask_i32gather_epi32(_mm256_set1_epi32(77), i32, away, even, 4));
    char bytes[20] = "....................";
    _mm_maskmoveu_si128(_mm_set1_epi8('x'), _mm_setr_epi8(-1, 0, 1, -128, 127, -1, 0, 0, 0, 0, -1, 0, 0, 0, 0, -1), bytes + 2);
    printf("%.20s\n", bytes);
    return 0;
}
