/* Instructions that are spelled as data, by one directive or several, whole or but for a prefix. */
// needs: aes ssse3
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void print(const char *name, const unsigned char *bytes) {
    printf("%s", name);
    for (int i = 0; i < 16; i++)
        printf(" %02x", bytes[i]);
    printf("\n");
}

#define WITH(name, text)                                                                                     \
    do {                                                                                                     \
        unsigned char state[16] = {1, 2, 3, 0xff, 17}, key[16] = {4, 5, 6, 0x80};                            \
        __asm__ volatile("movdqu (%0), %%xmm0\n\tmovdqu (%1), %%xmm1\n\t" text "\n\tmovdqu %%xmm0, (%0)"     \
                         :                                                                                   \
                         : "r"(state), "r"(key)                                                              \
                         : "memory", "xmm0", "xmm1");                                                        \
        print(name, state);                                                                                  \
    } while (0)

__attribute__((noinline)) static long with_memory(long *p, long x) {
    /* addq 8(%rdi), %rsi; movq %rsi, (%rdi); lea 1(%rsi,%rsi,2), %rax */
    long result;
    __asm__ volatile(
        ".byte 0x48,0x03,0x77,0x08\n\t.long 0x48378948\n\t.byte 0x8d\n\t.word 0x7644\n\t.byte 0x01"
        : "=a"(result), "+S"(x)
        : "D"(p)
        : "memory", "cc");
    return result;
}

__attribute__((noinline)) static int locked(int *p) {
    int old = 5;
    __asm__ volatile(".byte 0xf0\n\txaddl %0, %1" : "+r"(old), "+m"(*p) : : "memory", "cc");
    __asm__ volatile(".byte 0xf0; addl $3, %0" : "+m"(*p) : : "memory", "cc");
    __asm__ volatile(".byte 0xf0, 0x83, 0x07, 0x04" : : "D"(p) : "memory", "cc"); /* lock addl $4, (%rdi) */
    return old;
}

__attribute__((noinline)) static int returns_early(int x) {
    __asm__ volatile("testl %0, %0\n\tje 1f\n\t.byte 0xf3, 0x90\n\t.byte 0x0f, 0xc8 + 0\n1:"
                     : "+a"(x)
                     :
                     : "cc");
    return x;
}

static void copy(char *to, const char *from, long count) {
    __asm__ volatile(".byte 0xf3, 0xa4" : "+D"(to), "+S"(from), "+c"(count) : : "memory"); /* rep movsb */
    __asm__ volatile(".byte 0xf3\n\tmovsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
}

int main(void) {
    WITH("aesenc", ".byte 0x66,0x0F,0x38,0xDC,0xC1");
    WITH("aesenclast", ".byte 0x66\n\t.byte 0x0F\n\t.byte 0x38\n\t.byte 0xDD\n\t.byte 0xC1");
    WITH("aesdec, aesimc", ".byte 0x66,0x0F,0x38,0xDE,0xC1,0x66,0x0F,0x38,0xDB,0xC0");
    WITH("aeskeygenassist", ".ascii \"\\146\\017\\072\\337\\300\\033\"");
    WITH("pshufb", ".quad 0x909090c100380f66");
    WITH("pxor, nops", ".long 0xc1ef0f66\n\t.long 0x00401f0f");
    long words[2] = {100, 7};
    printf("%ld", with_memory(words, 3));
    printf(" %ld\n", words[0]);
    int counter = 1, old = locked(&counter);
    printf("%d %d\n", old, counter);
    printf("%x %x\n", returns_early(0), returns_early(0x11223344));
    char text[32] = "abcdefghijklmno", other[32] = "";
    copy(other, text, 7);
    printf("%s\n", other);
    uint32_t a, b, c, d;
    __asm__ volatile(".byte 0x0f, 0xa2" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(0), "c"(0));
    uint32_t vendor = b;
    __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(0), "c"(0));
    printf("%d\n", vendor == b);
    return 0;
}
