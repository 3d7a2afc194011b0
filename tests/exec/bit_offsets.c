/* bt, bts, btr and btc with the bit's number in a register and the string of bits in memory: every width,
 * numbers that reach before and behind the operand, with lock and without; the carry flag, the zero flag, the
 * registers. */
// relocatable: assembly that names the variable
#include <stdint.h>
#include <stdio.h>

static uint64_t bits[64];
__attribute__((used)) static uint64_t kept;

static void fill(void) {
    for (int i = 0; i < 64; i++)
        bits[i] = 0x9e3779b97f4a7c15u * (unsigned)(i + 1) ^ (unsigned)i << 7;
}

static uint64_t hash(void) {
    uint64_t sum = 0;
    for (int i = 0; i < 64; i++)
        sum = sum * 31 + bits[i];
    return sum;
}

/* `zero` makes the zero flag before the instruction. */
#define BIT(name, prefix, instruction, type)                                                                 \
    static void name(type number, int zero) {                                                                \
        unsigned char carry, kept;                                                                           \
        __asm__ volatile("testl %4, %4\n\t" prefix instruction " %3, %0\n\tsetc %1\n\tsetz %2"               \
                         : "+m"(*(type *)&bits[32]), "=&q"(carry), "=&q"(kept)                               \
                         : "r"(number), "r"(zero)                                                            \
                         : "cc", "memory");                                                                  \
        printf("%s%s %lld: %d %d %016llx\n", prefix, instruction, (long long)number, carry, kept,            \
               (unsigned long long)hash());                                                                  \
    }
#define WIDTHS(name, prefix, instruction)                                                                    \
    BIT(name##16, prefix, instruction "w", int16_t)                                                          \
    BIT(name##32, prefix, instruction "l", int32_t)                                                          \
    BIT(name##64, prefix, instruction "q", int64_t)
WIDTHS(test, "", "bt")
WIDTHS(set, "", "bts")
WIDTHS(reset, "", "btr")
WIDTHS(complement, "", "btc")
WIDTHS(locked_set, "lock ", "bts")
WIDTHS(locked_reset, "lock ", "btr")
WIDTHS(locked_complement, "lock ; ", "btc")

#define ALL(width, number, zero)                                                                             \
    (test##width(number, zero), set##width(number, zero), reset##width(number, zero),                        \
     complement##width(number, zero), locked_set##width(number, zero), locked_reset##width(number, zero),    \
     locked_complement##width(number, zero))

/* The operands in each register, in each kind of address; %rax is what the exchange needs itself. */
#define IN(number, address, memory)                                                                          \
    do {                                                                                                     \
        uint64_t n = 67, number_kept, address_kept;                                                          \
        uint64_t *place = &bits[16];                                                                         \
        __asm__ volatile("movq %2, %%" number "\n\tmovq %3, %%" address "\n\tlock btcq %%" number            \
                         ", " memory "\n\tmovq %%" number ", %0\n\tmovq %%" address ", %1"                   \
                         : "=m"(number_kept), "=m"(address_kept)                                             \
                         : "m"(n), "m"(place)                                                                \
                         : number, address, "cc", "memory");                                                 \
        printf(number " " memory ": %d %d %016llx\n", number_kept == n, address_kept == (uint64_t)place,     \
               (unsigned long long)hash());                                                                  \
    } while (0)

/* Every register but the stack pointer keeps its value. */
static int registers_kept(void) {
    uint64_t *place = bits + 5;
    __asm__ volatile(
        "movq $1, %%rax\n\tmovq $2, %%rbx\n\tmovq $3, %%rcx\n\tmovq $4, %%rdx\n\tmovq $5, %%rsi\n\t"
        "movq $8, %%r8\n\tmovq $9, %%r9\n\tmovq $10, %%r10\n\tmovq $11, %%r11\n\tmovq $12, %%r12\n\t"
        "movq $13, %%r13\n\tmovq $14, %%r14\n\tmovq $15, %%r15\n\tlock btsq %%rcx, (%%rdi)\n\tbtrl %%ebx, "
        "(%%rdi)\n\t"
        "leaq (%%rax,%%rbx,2), %%rax\n\tleaq (%%rax,%%rcx,4), %%rax\n\tleaq (%%rax,%%rdx,8), %%rax\n\t"
        "leaq (%%rax,%%rax,2), %%rax\n\tleaq (%%rax,%%rsi,2), %%rax\n\tleaq (%%rax,%%r8,4), %%rax\n\t"
        "leaq (%%rax,%%r9,8), %%rax\n\tleaq (%%rax,%%rax,2), %%rax\n\tleaq (%%rax,%%r10,2), %%rax\n\t"
        "leaq (%%rax,%%r11,4), %%rax\n\tleaq (%%rax,%%r12,8), %%rax\n\tleaq (%%rax,%%rax,2), %%rax\n\t"
        "leaq (%%rax,%%r13,2), %%rax\n\tleaq (%%rax,%%r14,4), %%rax\n\tleaq (%%rax,%%r15,8), %%rax\n\tmovq "
        "%%rax, kept(%%rip)"
        : "+D"(place)
        :
        : "rax", "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "cc",
          "memory");
    return (int)kept + (place == bits + 5);
}

int main(void) {
    static const long numbers[] = {0,    1,    15, 16,  31,  32,  63,  64,  65,    127,
                                   1000, 1023, -1, -16, -17, -63, -64, -65, -1000, -1024};
    fill();
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++)
        for (int zero = 0; zero < 2; zero++) {
            ALL(16, (int16_t)numbers[i], zero);
            ALL(32, (int32_t)numbers[i], zero);
            ALL(64, numbers[i], zero);
        }
    IN("rax", "rdi", "(%%rdi)");
    IN("rdi", "rax", "(%%rax)");
    IN("r15", "r14", "8(%%r14)");
    IN("r13", "r15", "(%%r15)");
    IN("rbx", "r13", "-8(%%r13)");
    IN("r12", "rsi", "-670(%%rsi,%%r12,8)");
    IN("rcx", "r8", "bits(%%rip)");
    printf("%d\n", registers_kept());
    struct {
        uint64_t words[4];
    } local = {{0}};
    for (long n = -64; n < 192; n += 7)
        __asm__ volatile("lock btsq %1, %0" : "+m"(local.words[1]) : "r"(n) : "cc", "memory");
    printf("%llx %llx %llx %llx\n", (unsigned long long)local.words[0], (unsigned long long)local.words[1],
           (unsigned long long)local.words[2], (unsigned long long)local.words[3]);
    return 0;
}
