#include <stdio.h>

void asks(unsigned leaf, unsigned subleaf, unsigned *result);
unsigned asks_registers(void);
int chosen(void);

int main(void) {
    unsigned basic[4], more[4], further[4], amd[4];
    asks(1, 0, basic), asks(7, 0, more), asks(7, 1, further), asks(0x80000001, 0, amd);
    int wrong = 0;
#ifdef __ORC__
    wrong |= basic[2] >> 30 & 1;                                        /* rdrand */
    wrong |= (more[1] & (1u << 16 | 1u << 18 | 1u << 9 | 1u)) != 0;     /* AVX-512, rdseed, fast strings, fs bases */
    wrong |= further[0] | further[1] | further[2] | further[3];
    wrong |= (amd[3] >> 27 & 1) | (amd[2] >> 11 & 1);                   /* rdtscp, XOP */
    wrong |= (asks_registers() & ~7u) != 0;
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    wrong |= (low & ~7u) != 0 || high;
#endif
    printf("%d %d %d %d\n", wrong, chosen(), basic[3] >> 26 & 1, asks_registers() & 3);
    return 0;
}
