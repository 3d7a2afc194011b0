/* SSE2 intrinsics: integers, doubles, shuffles, conversions, unaligned and partial accesses. */
#include <emmintrin.h>
#include <stdint.h>
#include <stdio.h>

static void show(const char *what, __m128i v) {
    uint32_t lanes[4];
    _mm_storeu_si128((__m128i *)lanes, v);
    printf("%-10s %08x %08x %08x %08x\n", what, lanes[0], lanes[1], lanes[2], lanes[3]);
}
static void show_pd(const char *what, __m128d v) {
    double lanes[2];
    _mm_storeu_pd(lanes, v);
    printf("%-10s %.10g %.10g\n", what, lanes[0], lanes[1]);
}

int main(void) {
    volatile uint32_t seed = 12345;
    unsigned char memory[64];
    for (int i = 0; i < 64; i++)
        memory[i] = (unsigned char)((seed = seed * 1664525 + 1013904223) >> 24);
    for (int i = 0; i < 16; i += 3) {
        __m128i a = _mm_loadu_si128((const __m128i *)(memory + i)),
                b = _mm_loadu_si128((const __m128i *)(memory + 48 - i));
        show("add8", _mm_add_epi8(a, b));
        show("adds16", _mm_adds_epi16(a, b));
        show("subs8u", _mm_subs_epu8(a, b));
        show("mullo", _mm_mullo_epi16(a, b));
        show("mulhi", _mm_mulhi_epi16(a, b));
        show("madd", _mm_madd_epi16(a, b));
        show("muludq", _mm_mul_epu32(a, b));
        show("sad", _mm_sad_epu8(a, b));
        show("avg", _mm_avg_epu8(a, b));
        show("max", _mm_max_epi16(a, b));
        show("cmpgt", _mm_cmpgt_epi8(a, b));
        show("cmpeq", _mm_cmpeq_epi16(a, b));
        show("unpack", _mm_unpackhi_epi8(a, b));
        show("pack", _mm_packus_epi16(a, b));
        show("shuffle", _mm_shuffle_epi32(a, 0x1b));
        show("shufflelo", _mm_shufflelo_epi16(a, 0x4e));
        show("sll", _mm_slli_epi32(a, 5));
        show("sra", _mm_srai_epi16(a, 3));
        show("slldq", _mm_slli_si128(a, 5));
        show("sllv", _mm_sll_epi64(a, _mm_cvtsi32_si128(i)));
        show("andnot", _mm_andnot_si128(a, b));
        show("insert", _mm_insert_epi16(a, 0x1234, 3));
        printf("%d %d %x\n", _mm_extract_epi16(a, 2), _mm_movemask_epi8(a), _mm_cvtsi128_si32(b));
        __m128d x = _mm_cvtepi32_pd(a), y = _mm_cvtepi32_pd(b);
        show_pd("add", _mm_add_pd(x, y));
        show_pd("div", _mm_div_pd(x, y));
        show_pd("sqrt", _mm_sqrt_pd(_mm_mul_pd(x, x)));
        show_pd("min", _mm_min_pd(x, y));
        show_pd("shuffle", _mm_shuffle_pd(x, y, 1));
        show("cvt", _mm_cvtpd_epi32(_mm_div_pd(x, _mm_set1_pd(3))));
        show("cvtt", _mm_cvttps_epi32(_mm_cvtpd_ps(x)));
        printf("%d %d\n", _mm_movemask_pd(x), _mm_comilt_sd(x, y));
        _mm_storel_epi64((__m128i *)(memory + i), b);
        _mm_store_sd((double *)(void *)(memory + 40), x);

        _mm_stream_si32((int *)(void *)(memory + 60), i);
        _mm_sfence();
    }
    unsigned sum = 0;
    for (int i = 0; i < 64; i++)
        sum = sum * 31 + memory[i];
    printf("%x\n", sum);
    return 0;
}
