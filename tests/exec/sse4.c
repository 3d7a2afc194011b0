/* SSE3 to SSE4.2, CRC32 and POPCNT. */
// flags: -msse4.2 -mpopcnt
// needs: sse4_2 popcnt
#include <nmmintrin.h>
#include <stdint.h>
#include <stdio.h>

static void show(const char *what, __m128i v) {
    uint64_t lanes[2];
    _mm_storeu_si128((__m128i *)lanes, v);
    printf("%-10s %016lx %016lx\n", what, lanes[0], lanes[1]);
}
static void show_ps(const char *what, __m128 v) {
    float f[4];
    _mm_storeu_ps(f, v);
    printf("%-10s %g %g %g %g\n", what, f[0], f[1], f[2], f[3]);
}

int main(void) {
    static const char text[] = "The quick brown fox jumps over the lazy dog; pack my box.......";
    for (int i = 0; i < 40; i += 7) {
        __m128i a = _mm_loadu_si128((const __m128i *)(text + i)),
                b = _mm_lddqu_si128((const __m128i *)(text + 45 - i));
        show("pshufb", _mm_shuffle_epi8(a, b));
        show("alignr", _mm_alignr_epi8(a, b, 5));
        show("hadd", _mm_hadd_epi16(a, b));
        show("maddubs", _mm_maddubs_epi16(a, b));
        show("mulhrs", _mm_mulhrs_epi16(a, b));
        show("sign", _mm_sign_epi8(a, _mm_sub_epi8(a, b)));
        show("abs", _mm_abs_epi32(_mm_sub_epi32(a, b)));
        show("blendv", _mm_blendv_epi8(a, b, _mm_cmpgt_epi8(a, b)));
        show("mullo32", _mm_mullo_epi32(a, b));
        show("muldq", _mm_mul_epi32(a, b));
        show("cvt8", _mm_cvtepi8_epi32(a));
        show("minu32", _mm_min_epu32(a, b));
        show("packus", _mm_packus_epi32(a, b));
        show("mpsad", _mm_mpsadbw_epu8(a, b, 2));
        show("minpos", _mm_minpos_epu16(a));
        show("cmpgt64", _mm_cmpgt_epi64(a, b));
        show("insert", _mm_insert_epi64(a, 77, 1));
        printf("%d %ld %d\n", _mm_extract_epi8(a, 9), (long)_mm_extract_epi64(b, 1), _mm_testz_si128(a, b));
        printf("%d %d\n", _mm_cmpistri(a, b, _SIDD_CMP_EQUAL_ANY),
               _mm_cmpestri(a, 9, b, 12, _SIDD_CMP_RANGES));
        show("cmpistrm", _mm_cmpistrm(a, b, _SIDD_CMP_EQUAL_EACH | _SIDD_UNIT_MASK));
        __m128 x = _mm_cvtepi32_ps(_mm_srli_epi32(a, 20)), y = _mm_set_ps(1.5f, -2.5f, 3.5f, (float)i);
        show_ps("dp", _mm_dp_ps(x, y, 0xf3));
        show_ps("hadd", _mm_hadd_ps(x, y));
        show_ps("addsub", _mm_addsub_ps(x, y));
        show_ps("round", _mm_round_ps(y, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
        show_ps("floor", _mm_floor_ps(_mm_div_ps(x, y)));
        show_ps("insert", _mm_insert_ps(x, y, 0x1c));
        show_ps("movehdup", _mm_movehdup_ps(x));
    }
    uint64_t crc = 0;
    for (int i = 0; i + 8 < 64; i += 3) {
        crc = _mm_crc32_u64(crc, *(const uint64_t __attribute__((aligned(1))) *)(text + i));
        crc = _mm_crc32_u8((uint32_t)crc, (unsigned char)text[i]);
        crc = _mm_crc32_u16((uint32_t)crc, (unsigned short)(text[i] * 257));
        printf("%lx %d\n", crc, (int)_mm_popcnt_u64(crc * 0x9e3779b97f4a7c15));
    }
    return 0;
}
