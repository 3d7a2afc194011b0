/* __builtin_cpu_supports: which instruction sets the processor has, of those that a compartment may use. */
#include "builtins.h"

/* The layout and the numbers are compiler-rt's (and libgcc's): the compiler reads these variables directly.
 */
enum { VENDOR_OTHER = 0, VENDOR_INTEL = 1, VENDOR_AMD = 2 };

enum feature {
    CMOV = 0,
    MMX = 1,
    POPCNT = 2,
    SSE = 3,
    SSE2 = 4,
    SSE3 = 5,
    SSSE3 = 6,
    SSE4_1 = 7,
    SSE4_2 = 8,
    AVX = 9,
    AVX2 = 10,
    FMA = 14,
    BMI = 16,
    BMI2 = 17,
    AES = 18,
    PCLMUL = 19,
    ADX = 40,
    CX16 = 46,
    F16C = 49,
    SAHF = 54,
    LONG_MODE = 55,
    LZCNT = 57,
    MOVBE = 58,
    SHA = 74
};

__attribute__((visibility("hidden"))) struct {
    unsigned vendor, type, subtype, features[1];
} __cpu_model;
__attribute__((visibility("hidden"))) unsigned __cpu_features2[3];

struct registers {
    unsigned eax, ebx, ecx, edx;
};

static struct registers query(unsigned leaf, unsigned subleaf) {
    struct registers r;
    __asm__("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "0"(leaf), "2"(subleaf));
    return r;
}

/* Whether the kernel keeps the upper halves of the vector registers. */
static int keeps_vectors(void) {
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & 6) == 6;
}

static void set(enum feature feature, unsigned word, int bit) {
    if (!(word >> bit & 1))
        return;
    if (feature < 32)
        __cpu_model.features[0] |= 1u << feature;
    else
        __cpu_features2[feature / 32 - 1] |= 1u << feature % 32;
}

static void read_basic(struct registers r, int vectors) {
    set(CMOV, r.edx, 15), set(MMX, r.edx, 23), set(SSE, r.edx, 25), set(SSE2, r.edx, 26);
    set(SSE3, r.ecx, 0), set(PCLMUL, r.ecx, 1), set(SSSE3, r.ecx, 9), set(CX16, r.ecx, 13);
    set(SSE4_1, r.ecx, 19), set(SSE4_2, r.ecx, 20), set(MOVBE, r.ecx, 22), set(POPCNT, r.ecx, 23),
        set(AES, r.ecx, 25);
    if (vectors)
        set(AVX, r.ecx, 28), set(FMA, r.ecx, 12), set(F16C, r.ecx, 29);
}

static void read_extended(struct registers r, int vectors) {
    set(BMI, r.ebx, 3), set(BMI2, r.ebx, 8), set(ADX, r.ebx, 19), set(SHA, r.ebx, 29);
    if (vectors)
        set(AVX2, r.ebx, 5);
}

/* The compiler calls this for __builtin_cpu_init; as a constructor it runs before anyone asks. */
__attribute__((constructor(101), visibility("hidden"))) int __cpu_indicator_init(void) {
    if (__cpu_model.vendor || __cpu_model.features[0])
        return 0;
    struct registers first = query(0, 0), basic = query(1, 0);
    int vectors = (basic.ecx >> 27 & 1) && keeps_vectors();
    __cpu_model.vendor = first.ebx == 0x756e6547   ? VENDOR_INTEL
                         : first.ebx == 0x68747541 ? VENDOR_AMD
                                                   : VENDOR_OTHER;
    read_basic(basic, vectors);
    if (first.eax >= 7)
        read_extended(query(7, 0), vectors);
    if (query(0x80000000, 0).eax >= 0x80000001) {
        struct registers r = query(0x80000001, 0);
        set(SAHF, r.ecx, 0), set(LZCNT, r.ecx, 5), set(LONG_MODE, r.edx, 29);
    }
    return 0;
}
