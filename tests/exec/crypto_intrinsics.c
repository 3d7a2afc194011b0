/* AES, PCLMUL, SHA. */
// flags: -maes -mpclmul -msha -msse4.1
// needs: aes pclmulqdq sha_ni
#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>

static void show(const char *what, __m128i v) {
    uint64_t lanes[2];
    _mm_storeu_si128((__m128i *)lanes, v);
    printf("%-8s %016lx %016lx\n", what, lanes[0], lanes[1]);
}

int main(void) {
    __m128i state = _mm_set_epi64x(0x0123456789abcdef, (long long)0xfedcba9876543210),
            key = _mm_set1_epi32(0x5a5a1234);
    for (int i = 0; i < 6; i++) {
        show("aesenc", state = _mm_aesenc_si128(state, key));
        show("enclast", _mm_aesenclast_si128(state, key));
        show("aesdec", _mm_aesdec_si128(state, key));
        show("declast", _mm_aesdeclast_si128(state, key));
        show("imc", _mm_aesimc_si128(key));
        show("assist", key = _mm_aeskeygenassist_si128(state, 0x1b));
        show("clmul", _mm_clmulepi64_si128(state, key, 0x10));
        show("sha1", _mm_sha1rnds4_epu32(state, key, 2));
        show("sha1m", _mm_sha1msg1_epu32(state, key));
        show("sha1n", _mm_sha1nexte_epu32(state, key));
        show("sha256", _mm_sha256rnds2_epu32(state, key, _mm_add_epi32(state, key)));
        show("sha256m", _mm_sha256msg2_epu32(_mm_sha256msg1_epu32(state, key), state));
    }
    return 0;
}
