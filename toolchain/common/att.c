#include "att.h"

#include <stdbool.h>
#include <string.h>

static const char *size_suffix(unsigned bits) {
    return bits == 8 ? "b" : bits == 16 ? "w" : bits == 32 ? "l" : "q";
}

static const ZydisDecodedOperand *memory_operand(const ZydisDecodedInstruction *decoded,
                                                 const ZydisDecodedOperand *operands) {
    for (int k = 0; k < decoded->operand_count_visible; k++)
        if (operands[k].type == ZYDIS_OPERAND_TYPE_MEMORY)
            return &operands[k];
    return NULL;
}

/* Instructions on general registers, whose size only a suffix tells when they act on memory. */
static bool takes_suffix(ZydisMnemonic mnemonic) {
    static const ZydisMnemonic list[] = {
        ZYDIS_MNEMONIC_ADC,    ZYDIS_MNEMONIC_ADD,  ZYDIS_MNEMONIC_AND,  ZYDIS_MNEMONIC_BT,
        ZYDIS_MNEMONIC_BTC,    ZYDIS_MNEMONIC_BTR,  ZYDIS_MNEMONIC_BTS,  ZYDIS_MNEMONIC_CMP,
        ZYDIS_MNEMONIC_DEC,    ZYDIS_MNEMONIC_DIV,  ZYDIS_MNEMONIC_INC,  ZYDIS_MNEMONIC_IDIV,
        ZYDIS_MNEMONIC_MOV,    ZYDIS_MNEMONIC_IMUL, ZYDIS_MNEMONIC_MUL,  ZYDIS_MNEMONIC_NEG,
        ZYDIS_MNEMONIC_NOT,    ZYDIS_MNEMONIC_OR,   ZYDIS_MNEMONIC_RCL,  ZYDIS_MNEMONIC_RCR,
        ZYDIS_MNEMONIC_ROL,    ZYDIS_MNEMONIC_ROR,  ZYDIS_MNEMONIC_SAR,  ZYDIS_MNEMONIC_SBB,
        ZYDIS_MNEMONIC_SHL,    ZYDIS_MNEMONIC_SHR,  ZYDIS_MNEMONIC_SUB,  ZYDIS_MNEMONIC_XOR,
        ZYDIS_MNEMONIC_TEST,   ZYDIS_MNEMONIC_XADD, ZYDIS_MNEMONIC_PUSH, ZYDIS_MNEMONIC_POP,
        ZYDIS_MNEMONIC_CMPXCHG};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (list[i] == mnemonic)
            return true;
    return false;
}

static bool is_x87_control(ZydisMnemonic mnemonic) {
    switch (mnemonic) {
    case ZYDIS_MNEMONIC_FLDCW:
    case ZYDIS_MNEMONIC_FNSTCW:
    case ZYDIS_MNEMONIC_FNSTSW:
    case ZYDIS_MNEMONIC_FLDENV:
    case ZYDIS_MNEMONIC_FNSTENV:
    case ZYDIS_MNEMONIC_FNSAVE:
    case ZYDIS_MNEMONIC_FRSTOR:
        return true;
    default:
        return false;
    }
}

static const char *x87_suffix(ZydisMnemonic mnemonic, unsigned bits) {
    bool integer = mnemonic == ZYDIS_MNEMONIC_FILD || mnemonic == ZYDIS_MNEMONIC_FIST ||
                   mnemonic == ZYDIS_MNEMONIC_FISTP || mnemonic == ZYDIS_MNEMONIC_FISTTP;
    if (integer)
        return bits == 16 ? "s" : bits == 32 ? "l" : "ll";
    return bits == 32 ? "s" : bits == 64 ? "l" : "t";
}

/* AT&T assembly has the two directions of subtraction and division the other way round where the result isn't
 * %st. */
static const char *x87_direction(const ZydisDecodedInstruction *decoded,
                                 const ZydisDecodedOperand *operands) {
    static const struct {
        ZydisMnemonic mnemonic;
        const char *name;
    } list[] = {{ZYDIS_MNEMONIC_FSUB, "fsubr"},   {ZYDIS_MNEMONIC_FSUBR, "fsub"},
                {ZYDIS_MNEMONIC_FDIV, "fdivr"},   {ZYDIS_MNEMONIC_FDIVR, "fdiv"},
                {ZYDIS_MNEMONIC_FSUBP, "fsubrp"}, {ZYDIS_MNEMONIC_FSUBRP, "fsubp"},
                {ZYDIS_MNEMONIC_FDIVP, "fdivrp"}, {ZYDIS_MNEMONIC_FDIVRP, "fdivp"}};
    const ZydisDecodedOperand *result = &operands[0];
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (list[i].mnemonic == decoded->mnemonic && result->type == ZYDIS_OPERAND_TYPE_REGISTER &&
            result->reg.value != ZYDIS_REGISTER_ST0)
            return list[i].name;
    return ZydisMnemonicGetString(decoded->mnemonic);
}

void print_att_mnemonic(FILE *out, const ZydisDecodedInstruction *decoded,
                        const ZydisDecodedOperand *operands) {
    ZydisMnemonic mnemonic = decoded->mnemonic;
    const ZydisDecodedOperand *memory = memory_operand(decoded, operands);
    const char *name = x87_direction(decoded, operands), *suffix = "";
    switch (mnemonic) {
    case ZYDIS_MNEMONIC_MOVZX:
    case ZYDIS_MNEMONIC_MOVSX:
        fprintf(out, "mov%c%s%s", mnemonic == ZYDIS_MNEMONIC_MOVZX ? 'z' : 's', size_suffix(operands[1].size),
                size_suffix(operands[0].size));
        return;
    case ZYDIS_MNEMONIC_MOVSXD:
        fprintf(out, "movsl%s", size_suffix(operands[0].size));
        return;
    case ZYDIS_MNEMONIC_CVTSI2SS:
    case ZYDIS_MNEMONIC_CVTSI2SD:
        suffix = size_suffix(operands[1].size);
        break;
    case ZYDIS_MNEMONIC_VCVTSI2SS:
    case ZYDIS_MNEMONIC_VCVTSI2SD:
        suffix = size_suffix(operands[2].size);
        break;
    case ZYDIS_MNEMONIC_CRC32:
        suffix = size_suffix(operands[1].size);
        break;
    case ZYDIS_MNEMONIC_VCVTPD2PS:
    case ZYDIS_MNEMONIC_VCVTPD2DQ:
    case ZYDIS_MNEMONIC_VCVTTPD2DQ:
        suffix = operands[1].size == 256 ? "y" : "x";
        break;
    default:
        if (memory && takes_suffix(mnemonic))
            suffix = size_suffix(memory->size);
        else if (memory && decoded->meta.category == ZYDIS_CATEGORY_X87_ALU && !is_x87_control(mnemonic))
            suffix = x87_suffix(mnemonic, memory->size);
    }
    fprintf(out, "%s%s", name, suffix);
}

void print_att_string_operation(FILE *out, const ZydisDecodedInstruction *decoded) {
    ZydisInstructionAttributes attributes = decoded->attributes;
    const char *repeat = attributes & ZYDIS_ATTRIB_HAS_REP     ? "rep "
                         : attributes & ZYDIS_ATTRIB_HAS_REPE  ? "repe "
                         : attributes & ZYDIS_ATTRIB_HAS_REPNE ? "repne "
                                                               : "";
    const char *name = ZydisMnemonicGetString(decoded->mnemonic);
    size_t length = strlen(name);
    fprintf(out, "%s%.*s%c", repeat, (int)length - 1, name, name[length - 1] == 'd' ? 'l' : name[length - 1]);
}
