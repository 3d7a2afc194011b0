/* Bit-fields: packed, straddling, signed, 64-bit, in unions and in arrays. */
#include <stdio.h>
#include <string.h>

struct mixed {
    unsigned a : 3;
    signed b : 5;
    unsigned c : 11;
    unsigned long d : 37;
    int e : 1;
    _Bool f : 1;
    unsigned : 0;
    unsigned char g : 4, h : 4;
};

struct __attribute__((packed)) tight {
    unsigned a : 7;
    unsigned long b : 50;
    signed c : 9;
    unsigned short d : 13;
};

union view {
    struct {
        unsigned mantissa : 23, exponent : 8, sign : 1;
    } parts;
    float value;
};

static struct mixed table[4];

int main(void) {
    for (int i = 0; i < 40; i++) {
        struct mixed *m = &table[i & 3];
        m->a += 3, m->b -= 5, m->c = m->c * 7 + i, m->d = m->d * 31 + 0x1234567, m->e = i, m->f = i & 2;
        m->g++, m->h ^= m->g;
        printf("%u %d %u %lu %d %d %u %u\n", m->a, m->b, m->c, (unsigned long)m->d, m->e, m->f, m->g, m->h);
    }
    struct tight t = {0};
    for (int i = 0; i < 20; i++) {
        t.a = t.a * 5 + 1, t.b = t.b * 0x10001 + 99, t.c = t.c * 3 - 7, t.d += 1234;
        unsigned char bytes[sizeof t];
        memcpy(bytes, &t, sizeof t);
        for (size_t k = 0; k < sizeof t; k++)
            printf("%02x", bytes[k]);
        printf(" %u %lu %d %u\n", t.a, (unsigned long)t.b, t.c, t.d);
    }
    for (float f = -2.5f; f < 3; f += 0.7f) {
        union view v = {.value = f};
        printf("%u %u %u\n", v.parts.sign, v.parts.exponent, v.parts.mantissa);
    }
    printf("%zu %zu\n", sizeof(struct mixed), sizeof(struct tight));
    return 0;
}
