/* The linker relaxes accesses to thread-local variables in programs: every register, every form of the ABI.
 */
#include <stdint.h>
#include <stdio.h>

__thread long first = 1, counts[44] = {7};
__attribute__((visibility("hidden"))) __thread long hidden = 3;

/* Initial-exec: the offset from the global offset table, moved or added. */
#define BY_ADDITION(reg)                                                                                     \
    do {                                                                                                     \
        long *address;                                                                                       \
        __asm__ volatile("movq %%fs:0, %%" reg "\n\taddq counts@GOTTPOFF(%%rip), %%" reg "\n\tmovq %%" reg   \
                         ", %0"                                                                              \
                         : "=m"(address)                                                                     \
                         :                                                                                   \
                         : reg, "cc");                                                                       \
        printf("add " reg " %d %ld\n", address == counts, *address);                                         \
    } while (0)
#define BY_MOVE(reg, other)                                                                                  \
    do {                                                                                                     \
        long *address;                                                                                       \
        __asm__ volatile("movq %%fs:0, %%" other "\n\tmovq counts@GOTTPOFF(%%rip), %%" reg                   \
                         "\n\taddq %%" other ", %%" reg "\n\tmovq %%" reg ", %0"                             \
                         : "=m"(address)                                                                     \
                         :                                                                                   \
                         : reg, other, "cc");                                                                \
        printf("mov " reg " %d %ld\n", address == counts, *address);                                         \
    } while (0)
#define CLOBBERS "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc", "memory"

static long *general_dynamic(void) {
    long *address;
    __asm__ volatile(
        ".byte 0x66\n\tleaq counts@TLSGD(%%rip), %%rdi\n\t.word 0x6666\n\trex64\n\tcall __tls_get_addr@PLT"
        : "=a"(address)
        :
        : CLOBBERS);
    return address;
}

static long *general_dynamic_without_plt(void) {
    long *address;
    __asm__ volatile(
        "data16 leaq counts@TLSGD(%%rip), %%rdi\n\t.byte 0x66, 0x48\n\tcall *__tls_get_addr@GOTPCREL(%%rip)"
        : "=a"(address)
        :
        : CLOBBERS);
    return address;
}

static long *local_dynamic(void) {
    char *base;
    long offset;
    __asm__ volatile("leaq hidden@TLSLD(%%rip), %%rdi\n\tcall __tls_get_addr@PLT" : "=a"(base) : : CLOBBERS);
    __asm__ volatile("leaq hidden@DTPOFF(%1), %0" : "=r"(offset) : "r"(base));
    return (long *)offset;
}

int main(void) {
    BY_ADDITION("rax");
    BY_ADDITION("rbx");
    BY_ADDITION("rcx");
    BY_ADDITION("rdx");
    BY_ADDITION("rsi");
    BY_ADDITION("rdi");
    BY_ADDITION("r8");
    BY_ADDITION("r9");
    BY_ADDITION("r10");
    BY_ADDITION("r11");
    BY_ADDITION("r12");
    BY_ADDITION("r13");
    BY_ADDITION("r14");
    BY_ADDITION("r15");
    BY_MOVE("rax", "rcx");
    BY_MOVE("rbx", "rax");
    BY_MOVE("rcx", "r12");
    BY_MOVE("rdx", "rax");
    BY_MOVE("rsi", "rax");
    BY_MOVE("rdi", "rax");
    BY_MOVE("r8", "rax");
    BY_MOVE("r9", "rax");
    BY_MOVE("r10", "rax");
    BY_MOVE("r11", "rax");
    BY_MOVE("r12", "r13");
    BY_MOVE("r13", "rax");
    BY_MOVE("r14", "rax");
    BY_MOVE("r15", "rbx");
    printf("%d %d\n", general_dynamic() == counts, general_dynamic_without_plt() == counts);
    printf("%ld %ld\n", *local_dynamic(), first + hidden);
    return 0;
}
