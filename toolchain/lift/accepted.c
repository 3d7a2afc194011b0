/* Which instructions guest code may have: the verifier's own list, and what the rewriter puts others for. */
#include "lift.h"

static const bool accepted[ZYDIS_MNEMONIC_MAX_VALUE + 1] = {
#define I(name) [ZYDIS_MNEMONIC_##name] = true,
#define W(name) [ZYDIS_MNEMONIC_##name] = true,
#define L(name) [ZYDIS_MNEMONIC_##name] = true,
#define K(name) [ZYDIS_MNEMONIC_##name] = true,
#define V(name) [ZYDIS_MNEMONIC_##name] = true,
#define B(name) [ZYDIS_MNEMONIC_##name] = true, [ZYDIS_MNEMONIC_V##name] = true,
#include "../../trusted/verifier/allow_list.inc"
#undef I
#undef W
#undef L
#undef K
#undef V
#undef B
};

bool is_accepted(const ZydisDecodedInstruction *decoded) {
    return accepted[decoded->mnemonic] || decoded->meta.category == ZYDIS_CATEGORY_GATHER ||
           decoded->meta.category == ZYDIS_CATEGORY_AVX2GATHER;
}

/* What every x86-64 processor has is no choice of the program's: where it can't be had, it's an error. */
bool is_optional(const ZydisDecodedInstruction *decoded) {
    switch (decoded->meta.isa_ext) {
    case ZYDIS_ISA_EXT_BASE:
        return decoded->mnemonic == ZYDIS_MNEMONIC_XSAVE || decoded->mnemonic == ZYDIS_MNEMONIC_XRSTOR;
    case ZYDIS_ISA_EXT_LONGMODE:
    case ZYDIS_ISA_EXT_X87:
    case ZYDIS_ISA_EXT_MMX:
    case ZYDIS_ISA_EXT_SSE:
    case ZYDIS_ISA_EXT_SSE2:
        return false;
    default:
        return true;
    }
}
