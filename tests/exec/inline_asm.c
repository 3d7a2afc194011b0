/* Inline assembly: memory operands, named operands, push and pop, flags, string instructions, asm goto,
 * several lines. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct record {
    long a, b;
    int values[8];
};

static long add_memory(struct record *r, long n) {
    __asm__("addq %[n], %[target]" : [target] "+m"(r->b) : [n] "er"(n) : "cc");
    return r->b;
}

static long pushes(long a, long b) {
    long result;
    __asm__ volatile("push %%rbx\n\tmovq %1, %%rbx\n\taddq %2, %%rbx\n\tmovq %%rbx, %0\n\tpop %%rbx"
                     : "=&r"(result)
                     : "r"(a), "r"(b)
                     : "cc");
    return result;
}

static int less(long a, long b) {
    __asm__ goto("cmpq %1, %0; jl %l[yes]" : : "r"(a), "r"(b) : "cc" : yes);
    return 0;
yes:
    return 1;
}

static uint64_t mul_high(uint64_t a, uint64_t b, uint64_t *low) {
    uint64_t high;
    __asm__("mulq %[b]" : "=a"(*low), "=d"(high) : "a"(a), [b] "rm"(b) : "cc");
    return high;
}

static unsigned checksum(const unsigned char *p, long n) {
    unsigned sum = 0;
    __asm__("1:\n\tmovzbl (%[p]), %%eax\n\troll $5, %[sum]\n\taddl %%eax, %[sum]\n\tincq %[p]\n\tdecq "
            "%[n]\n\tjnz 1b"
            : [sum] "+r"(sum), [p] "+r"(p), [n] "+r"(n)
            :
            : "eax", "cc", "memory");
    return sum;
}

static int compare_exchange(int *p, int expected, int desired) {
    unsigned char equal;
    __asm__ volatile("lock; cmpxchgl %3, %1; sete %0"
                     : "=q"(equal), "+m"(*p), "+a"(expected)
                     : "r"(desired)
                     : "memory", "cc");
    return equal;
}

static void copy(void *to, const void *from, size_t n) {
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}
static void fill(void *to, uint64_t value, size_t n) {
    __asm__ volatile("rep stosq" : "+D"(to), "+c"(n) : "a"(value) : "memory");
}

static long table_lookup(const long *table, long index) {
    long result;
    __asm__("movq (%1,%2,8), %0" : "=r"(result) : "r"(table), "r"(index), "m"(*(const long (*)[16])table));
    return result;
}

static unsigned bits(unsigned x) {
    unsigned first, last;
    unsigned char carry;
    __asm__("bsfl %1, %0" : "=r"(first) : "rm"(x) : "cc");
    __asm__("bsrl %1, %0" : "=r"(last) : "rm"(x) : "cc");
    __asm__("btl $7, %1\n\tsetc %0" : "=q"(carry) : "r"(x) : "cc");
    return first * 10000 + last * 100 + carry;
}

static uint16_t swap16(uint16_t x) {
    __asm__("rorw $8, %0" : "+r"(x) : : "cc");
    return x;
}

static long local_labels(long n) {
    long steps = 0;
    __asm__("xorl %k0, %k0\n.Lagain%=:\n\ttestq %1, %1\n\tjz .Ldone%=\n\tincq %0\n\tshrq %1\n\tjmp "
            ".Lagain%=\n.Ldone%=:"
            : "=&r"(steps), "+r"(n)
            :
            : "cc");
    return steps;
}

static int memory_flags(const int *p) {
    int flags;
    __asm__("xorl %0, %0\n\tcmpl $5, %1\n\tsetg %b0" : "=&q"(flags) : "m"(*p) : "cc");
    return flags;
}

int main(void) {
    struct record r = {1, 2, {0}};
    printf("%ld %ld\n", add_memory(&r, 40), add_memory(&r, 1L << 40));
    printf("%ld %d %d\n", pushes(5, 7), less(1, 2), less(2, 1));
    uint64_t low, high = mul_high(0xfedcba9876543210, 0x123456789abcdef, &low);
    printf("%lx %lx\n", high, low);
    unsigned char text[] = "inline assembly walks over this text";
    printf("%x\n", checksum(text, sizeof text));
    int word = 5;
    printf("%d", compare_exchange(&word, 5, 8));
    printf("%d %d\n", compare_exchange(&word, 5, 9), word);
    unsigned char other[sizeof text];
    copy(other, text, sizeof text);
    printf("%s\n", (char *)other);
    for (size_t n = 0; n < sizeof text; n += 5) {
        memset(other, 0, sizeof other);
        copy(other, text + n, sizeof text - n);
        printf("%s|", (char *)other);
    }
    uint64_t words[10] = {0};
    fill(words + 1, 0x1122334455667788, 8);
    for (int i = 0; i < 10; i++)
        printf("%lx ", words[i]);
    long table[16];
    for (int i = 0; i < 16; i++)
        table[i] = i * i;
    printf("\n%ld\n", table_lookup(table, 9));
    for (unsigned x = 1; x < 100000; x *= 7)
        printf("%u %x %ld\n", bits(x), swap16((uint16_t)x), local_labels((long)x));
    for (int i = 3; i < 8; i++)
        printf("%d", memory_flags(&i));
    unsigned eax = 0, ebx, ecx = 0, edx;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    unsigned t0, t1;
    __asm__ volatile("rdtsc" : "=a"(t0), "=d"(t1));
    printf("\n%d %d\n", eax > 0, (t0 | t1) != 0);
    unsigned long value = 10;
    __asm__ volatile("xaddq %0, %1" : "+r"(value), "+m"(r.a) : : "cc", "memory");
    __asm__ volatile("" : : : "memory");
    __asm__ volatile("pause; nop; nopw 0(%%rax,%%rax,1)" : : :);
    __asm__ volatile("mfence\n\tlfence\n\tsfence" ::: "memory");
    printf("%lu %ld\n", value, r.a);
    return 0;
}
