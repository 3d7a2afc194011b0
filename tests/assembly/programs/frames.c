#include <stdio.h>

long realigned(long, long), odd_pushes(long *), keeps_flags(long, long), pivot(long *, long), all_registers(const long *), passes_frame(long),
    calls_back(long), twice(long);
unsigned high_bytes(unsigned);

long twice(long value) {
    volatile long double wide = (long double)value * 2; /* the x87, which must be free */
    return (long)wide;
}

int main(void) {
    long words[16], stack[64];
    for (int i = 0; i < 16; i++)
        words[i] = 0x123456789abcdefl * (i + 3) ^ i << 5;
    printf("%ld\n", realigned(1234567890123, 987654321));
    words[0] = 40, words[1] = 2;
    printf("%ld", odd_pushes(words));
    printf(" %ld %ld\n", words[2], words[3]);
    printf("%ld %ld\n", keeps_flags(3, 4), pivot(stack + 64, 77));
    for (int i = 0; i < 5; i++, words[4] ^= words[5] + i)
        printf("%lx\n", all_registers(words));
    printf("%x %x\n", high_bytes(0x12345678), high_bytes(0xfedcba98));
    printf("%ld %ld\n", passes_frame(21), calls_back(100));
    printf("%.1Lf\n", (long double)twice(3));
    return 0;
}
