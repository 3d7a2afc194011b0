/* Unions, memcpy punning, may_alias, packed structures, unaligned accesses, endianness. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

union number {
    double d;
    uint64_t u;
    float f[2];
    uint8_t b[8];
    int32_t i[2];
};
typedef uint32_t __attribute__((may_alias, aligned(1))) loose;
struct __attribute__((packed)) header {
    uint8_t tag;
    uint32_t length;
    uint16_t kind;
    uint64_t id;
    double value;
};

static float inverse_square_root(float x) {
    int32_t i;
    float half = x * 0.5f;
    memcpy(&i, &x, sizeof i);
    i = 0x5f3759df - (i >> 1);
    memcpy(&x, &i, sizeof i);
    return x * (1.5f - half * x * x);
}

int main(void) {
    union number n = {.d = 3.141592653589793};
    printf("%lx %g %d %d\n", n.u, n.f[1], n.b[7], n.i[0]);
    n.b[6] ^= 0x10;
    printf("%.17g\n", n.d);
    uint8_t bytes[40];
    for (int i = 0; i < 40; i++)
        bytes[i] = (uint8_t)(i * 37 + 11);
    for (int i = 0; i < 30; i += 7) {
        struct header h;
        memcpy(&h, bytes + (i & 15), sizeof h);
        h.length += h.kind, h.id ^= h.length;
        printf("%u %u %u %lx %x\n", h.tag, h.length, h.kind, (unsigned long)h.id,
               *(const loose *)(bytes + i));
        memcpy(bytes + (i & 15), &h, sizeof h);
    }
    for (float x = 0.5f; x < 100; x *= 3)
        printf("%.4f ", inverse_square_root(x));
    struct header *p = (struct header *)(bytes + 3);
    p->value = 2.5;
    printf("%g %zu\n", p->value, sizeof *p);
    return 0;
}
