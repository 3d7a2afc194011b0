/* MMX by inline assembly, with emms. */
#include <stdint.h>
#include <stdio.h>

static uint64_t add(uint64_t a, uint64_t b) {
    uint64_t r;
    __asm__("movq %1, %%mm0\n\tpaddusb %2, %%mm0\n\tmovq %%mm0, %0\n\temms"
            : "=m"(r)
            : "m"(a), "m"(b)
            : "mm0");
    return r;
}
static uint64_t multiply(uint64_t a, uint64_t b) {
    uint64_t r;
    __asm__("movq %1, %%mm1\n\tpmaddwd %2, %%mm1\n\tpsrlq $4, %%mm1\n\tmovq %%mm1, %0\n\temms"
            : "=r"(r)
            : "r"(a), "m"(b)
            : "mm1");
    return r;
}

int main(void) {
    uint64_t x = 0x0123456789abcdef;
    for (int i = 0; i < 10; i++, x = x * 6364136223846793005 + 1)
        printf("%lx %lx\n", add(x, x >> 7), multiply(x, x << 3));
    return 0;
}
