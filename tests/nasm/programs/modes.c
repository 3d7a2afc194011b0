#include <stdint.h>
#include <stdio.h>
#include <xmmintrin.h>

float product_flushed(float, float, unsigned *);
long rounded(const double *, int);
unsigned environment(void *);

int main(void) {
    unsigned old = 0, now;
    printf("%a\n", (double)product_flushed(1e-30f, 1e-10f, &old));
    now = _mm_getcsr();
    printf("%x %x\n", old & ~0x3fu, now & ~0x3fu);
    const double values[] = {0.5, 1.5, -1.5, 2.75};
    for (int i = 0; i < 4; i++)
        printf("%ld %ld %ld %ld\n", rounded(&values[i], 0x37f), rounded(&values[i], 0x77f), rounded(&values[i], 0xb7f), rounded(&values[i], 0xf7f));
    uint16_t kept[14];
    printf("%x", environment(kept));
    printf(" %x %x %x\n", kept[0], kept[2], kept[4]);
    return 0;
}
