/* SHA-256, MD5-like mixing, ChaCha20 block, CRC-32 with a table made at start, Adler-32. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint32_t k[64];
static uint32_t rotr(uint32_t x, int n) {
    return x >> n | x << (32 - n);
}
static void constants(void) {
    for (int i = 0, p = 2; i < 64; p++) {
        int prime = 1;
        for (int d = 2; d * d <= p; d++)
            if (p % d == 0)
                prime = 0;
        if (prime) {
            double root = cbrt(p);
            k[i++] = (uint32_t)((root - floor(root)) * 4294967296.0);
        }
    }
}
static void block(uint32_t h[8], const uint8_t *p) {
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)p[i * 4] << 24 | (uint32_t)p[i * 4 + 1] << 16 | (uint32_t)p[i * 4 + 2] << 8 |
               p[i * 4 + 3];
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + (rotr(w[i - 15], 7) ^ rotr(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] +
               (rotr(w[i - 2], 17) ^ rotr(w[i - 2], 19) ^ w[i - 2] >> 10);
    memcpy(s, h, sizeof s);
    for (int i = 0; i < 64; i++) {
        uint32_t t1 = s[7] + (rotr(s[4], 6) ^ rotr(s[4], 11) ^ rotr(s[4], 25)) +
                      ((s[4] & s[5]) ^ (~s[4] & s[6])) + k[i] + w[i];
        uint32_t t2 = (rotr(s[0], 2) ^ rotr(s[0], 13) ^ rotr(s[0], 22)) +
                      ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 28);
        s[4] += t1, s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++)
        h[i] += s[i];
}
static void sha256(const char *text, size_t n) {
    uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    uint8_t last[128] = {0};
    size_t full = n / 64 * 64, tail = n - full;
    for (size_t i = 0; i < full; i += 64)
        block(h, (const uint8_t *)text + i);
    memcpy(last, text + full, tail);
    last[tail] = 0x80;
    size_t end = tail < 56 ? 64 : 128;
    for (int i = 0; i < 8; i++)
        last[end - 1 - (size_t)i] = (uint8_t)(n * 8 >> (8 * i));
    for (size_t i = 0; i < end; i += 64)
        block(h, last + i);
    for (int i = 0; i < 8; i++)
        printf("%08x", h[i]);
    printf("\n");
}
#define ROTL(x, n) ((x) << (n) | (x) >> (32 - (n)))
#define QUARTER(a, b, c, d)                                                                                  \
    (a += b, d = ROTL(d ^ a, 16), c += d, b = ROTL(b ^ c, 12), a += b, d = ROTL(d ^ a, 8), c += d,           \
     b = ROTL(b ^ c, 7))
static void chacha(uint32_t *x) {
    uint32_t s[16];
    memcpy(s, x, sizeof s);
    for (int i = 0; i < 10; i++) {
        QUARTER(s[0], s[4], s[8], s[12]), QUARTER(s[1], s[5], s[9], s[13]), QUARTER(s[2], s[6], s[10], s[14]),
            QUARTER(s[3], s[7], s[11], s[15]);
        QUARTER(s[0], s[5], s[10], s[15]), QUARTER(s[1], s[6], s[11], s[12]),
            QUARTER(s[2], s[7], s[8], s[13]), QUARTER(s[3], s[4], s[9], s[14]);
    }
    for (int i = 0; i < 16; i++)
        x[i] += s[i];
}

int main(void) {
    constants();
    sha256("", 0);
    sha256("abc", 3);
    char text[300];
    for (int i = 0; i < 300; i++)
        text[i] = (char)('a' + i % 26);
    for (size_t n = 50; n < 300; n += 31)
        sha256(text, n);
    uint32_t state[16];
    for (uint32_t i = 0; i < 16; i++)
        state[i] = i * 0x01234567 + 0x61707865;
    for (int i = 0; i < 20; i++)
        chacha(state);
    for (int i = 0; i < 16; i++)
        printf("%08x ", state[i]);
    static uint32_t table[256];
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int j = 0; j < 8; j++)
            c = c & 1 ? 0xedb88320 ^ c >> 1 : c >> 1;
        table[i] = c;
    }
    uint32_t crc = ~0u, a = 1, b = 0;
    for (int i = 0; i < 300; i++)
        crc = table[(crc ^ (uint8_t)text[i]) & 255] ^ crc >> 8, a = (a + (uint8_t)text[i]) % 65521,
        b = (b + a) % 65521;
    printf("\n%08x %08x\n", ~crc, b << 16 | a);
    return 0;
}
