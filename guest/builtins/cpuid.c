/* What cpuid tells in a compartment: the rewriter puts a call of this for each one. Programs choose their
 * code by it, so instruction sets that the verifier doesn't take aren't there, nor are fast string
 * instructions, which become loops. That the system doesn't keep the registers of AVX-512 is what xgetbv says
 * (toolchain/sfi). */
#include "builtins.h"

/* Of leaf 1. */
#define BASIC_ECX                                                                                            \
    (1u << 0 /* SSE3 */ | 1u << 1 /* PCLMULQDQ */ | 1u << 9 /* SSSE3 */ | 1u << 12 /* FMA */ |               \
     1u << 13 /* CX16 */ | 1u << 19 /* SSE4.1 */ | 1u << 20 /* SSE4.2 */ | 1u << 22 /* MOVBE */ |            \
     1u << 23 /* POPCNT */ | 1u << 25 /* AES */ | 3u << 26 /* XSAVE, and the system uses it */ |             \
     1u << 28 /* AVX */ | 1u << 29 /* F16C */ | 1u << 31 /* a hypervisor */)
#define BASIC_EDX                                                                                            \
    (1u << 0 /* x87 */ | 1u << 4 /* TSC */ | 1u << 8 /* CX8 */ | 1u << 15 /* CMOV */ | 1u << 23 /* MMX */ |  \
     1u << 24 /* FXSR, which SSE needs */ | 1u << 25 /* SSE */ | 1u << 26 /* SSE2 */ |                       \
     1u << 28 /* threads */)
/* Of leaf 7. */
#define EXTENDED_EBX                                                                                         \
    (1u << 3 /* BMI1 */ | 1u << 5 /* AVX2 */ | 1u << 8 /* BMI2 */ | 1u << 19 /* ADX */ | 1u << 29 /* SHA */)
#define EXTENDED_ECX (1u << 9 /* VAES */ | 1u << 10 /* VPCLMULQDQ */)
/* Of leaf 0x80000001: what isn't AMD's alone in %edx is leaf 1's once more; there are NX, MMXEXT, pages of 1
 * GiB and 64 bits. */
#define AMD_ECX (1u << 5 /* LZCNT */ | 1u << 8 /* PREFETCHW */)
#define AMD_EDX (BASIC_EDX | 1u << 20 | 1u << 22 | 1u << 26 | 1u << 29)

/* Changes %eax to %edx and the flags alone. The question is kept below the red zone, the caller's and ours,
 * since the caller doesn't know that it calls. */
__attribute__((naked, visibility("hidden"))) void __orc_cpuid(void) {
    __asm__("movl %%eax, -272(%%rsp)\n\t"
            "movl %%ecx, -268(%%rsp)\n\t"
            "cpuid\n\t"
            "cmpl $1, -272(%%rsp)\n\t"
            "je 1f\n\t"
            "cmpl $7, -272(%%rsp)\n\t"
            "je 2f\n\t"
            "cmpl $0x80000001, -272(%%rsp)\n\t"
            "je 3f\n\t"
            "retq\n"
            "1:\n\t"
            "andl %0, %%ecx\n\t"
            "andl %1, %%edx\n\t"
            "retq\n"
            "2:\n\t"
            "xorl %%eax, %%eax\n\t" /* there are no further leaves of this kind */
            "andl %2, %%ebx\n\t"
            "andl %3, %%ecx\n\t"
            "xorl %%edx, %%edx\n\t"
            "cmpl $0, -268(%%rsp)\n\t"
            "je 4f\n\t"
            "xorl %%ebx, %%ebx\n\t"
            "xorl %%ecx, %%ecx\n"
            "4:\n\t"
            "retq\n"
            "3:\n\t"
            "andl %4, %%ecx\n\t"
            "andl %5, %%edx\n\t"
            "retq"
            :
            : "i"(BASIC_ECX), "i"(BASIC_EDX), "i"(EXTENDED_EBX), "i"(EXTENDED_ECX), "i"(AMD_ECX),
              "i"(AMD_EDX));
}
