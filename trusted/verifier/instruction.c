/* Judges single instructions: rules 1 to 4, and the forms that branches may have. */
#include "verifier_internal.h"

#include <string.h>

enum {
    ALLOWED = 1,
    WIDTH_16 = 2,
    LOCKABLE = 4,
};

static const uint8_t allow_list[ZYDIS_MNEMONIC_MAX_VALUE + 1] = {
#define I(name) [ZYDIS_MNEMONIC_##name] = ALLOWED,
#define W(name) [ZYDIS_MNEMONIC_##name] = ALLOWED | WIDTH_16,
#define L(name) [ZYDIS_MNEMONIC_##name] = ALLOWED | WIDTH_16 | LOCKABLE,
#define K(name) [ZYDIS_MNEMONIC_##name] = ALLOWED | LOCKABLE,
#define V(name) [ZYDIS_MNEMONIC_##name] = ALLOWED,
#define B(name) [ZYDIS_MNEMONIC_##name] = ALLOWED, [ZYDIS_MNEMONIC_V##name] = ALLOWED,
#include "allow_list.inc"
#undef I
#undef W
#undef L
#undef K
#undef V
#undef B
};

/* The word of the thread control block where guests find their thread pointer: ORC_THREAD_POINTER in
 * orc/abi.h. */
#define THREAD_POINTER 0x38

enum prefix {
    PREFIX_66 = 1 << 0,
    PREFIX_67 = 1 << 1,
    PREFIX_CS = 1 << 2,
    PREFIX_FS = 1 << 3,
    PREFIX_GS = 1 << 4,
    PREFIX_LOCK = 1 << 5,
    PREFIX_REPEAT = 1 << 6, /* f2 and f3 */
    PREFIX_REX = 1 << 7,
    PREFIX_OTHER = 1 << 8, /* 26, 36, 3e: never allowed */
    PREFIX_SEGMENT = PREFIX_CS | PREFIX_FS | PREFIX_GS | PREFIX_OTHER,
};

struct subject {
    ZydisDecodedInstruction decoded;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    unsigned prefixes; /* set of enum prefix */
    struct instruction verdict;
    struct violations *violations;
};

static void violate(struct subject *subject, int rule, const char *reason) {
    struct violations *violations = subject->violations;

    subject->verdict.kind = KIND_NONE;
    for (unsigned i = 0; i < violations->count; i++)
        if (violations->list[i].rule == rule)
            return;
    if (violations->count < MAX_VIOLATIONS)
        violations->list[violations->count++] = (struct violation){rule, reason};
}

static bool is_opcode(const struct subject *subject, ZydisOpcodeMap map, uint8_t opcode) {
    return subject->decoded.opcode_map == map && subject->decoded.opcode == opcode;
}

static bool has_memory_form(const struct subject *subject) {
    return (subject->decoded.attributes & ZYDIS_ATTRIB_HAS_MODRM) && subject->decoded.raw.modrm.mod != 3;
}

static unsigned prefix_bit(uint8_t byte) {
    switch (byte) {
    case 0x66:
        return PREFIX_66;
    case 0x67:
        return PREFIX_67;
    case 0x2e:
        return PREFIX_CS;
    case 0x64:
        return PREFIX_FS;
    case 0x65:
        return PREFIX_GS;
    case 0xf0:
        return PREFIX_LOCK;
    case 0xf2:
    case 0xf3:
        return PREFIX_REPEAT;
    default:
        return (byte & 0xf0) == 0x40 ? PREFIX_REX : PREFIX_OTHER;
    }
}

/* Collects the prefixes. Each may stand once, a REX last; in a nop, 66 may be repeated. */
static bool collect_prefixes(struct subject *subject) {
    const ZydisDecodedInstructionRaw *raw = &subject->decoded.raw;
    bool is_nop = subject->decoded.mnemonic == ZYDIS_MNEMONIC_NOP;

    for (unsigned i = 0; i < raw->prefix_count; i++) {
        unsigned bit = prefix_bit(raw->prefixes[i].value);
        if ((subject->prefixes & bit) && !(is_nop && bit == PREFIX_66)) {
            violate(subject, 1, "repeated prefix");
            return false;
        }
        if ((bit & PREFIX_SEGMENT) && (subject->prefixes & PREFIX_SEGMENT)) {
            violate(subject, 1, "two segment prefixes");
            return false;
        }
        if ((subject->prefixes & PREFIX_REX)) {
            violate(subject, 1, "REX prefix that isn't the last prefix");
            return false;
        }
        subject->prefixes |= bit;
    }
    return true;
}

static bool prefix_is_mandatory(const struct subject *subject, unsigned bit) {
    const ZydisDecodedInstructionRaw *raw = &subject->decoded.raw;

    for (unsigned i = 0; i < raw->prefix_count; i++)
        if (prefix_bit(raw->prefixes[i].value) == bit && raw->prefixes[i].type == ZYDIS_PREFIX_TYPE_MANDATORY)
            return true;
    return false;
}

/* True if 66 makes this a 16-bit form of an instruction that has one. */
static bool selects_16_bits(const struct subject *subject) {
    const ZydisDecodedInstruction *decoded = &subject->decoded;

    if (!(allow_list[decoded->mnemonic] & WIDTH_16) || (decoded->attributes & ZYDIS_ATTRIB_HAS_VEX) ||
        ((subject->prefixes & PREFIX_REX) && decoded->raw.rex.W) || decoded->operand_width != 16)
        return false;
    for (unsigned i = 0; i < decoded->operand_count; i++) {
        ZydisOperandType type = subject->operands[i].type;
        if ((type == ZYDIS_OPERAND_TYPE_REGISTER || type == ZYDIS_OPERAND_TYPE_MEMORY) &&
            subject->operands[i].size == 16)
            return true;
    }
    return false;
}

static bool is_prefetch(ZydisMnemonic mnemonic) {
    switch (mnemonic) {
    case ZYDIS_MNEMONIC_PREFETCH:
    case ZYDIS_MNEMONIC_PREFETCHW:
    case ZYDIS_MNEMONIC_PREFETCHNTA:
    case ZYDIS_MNEMONIC_PREFETCHT0:
    case ZYDIS_MNEMONIC_PREFETCHT1:
    case ZYDIS_MNEMONIC_PREFETCHT2:
        return true;
    default:
        return false;
    }
}

/* Rule 1 for prefixes: each must mean something in this instruction. */
static void judge_prefixes(struct subject *subject) {
    unsigned prefixes = subject->prefixes;

    if (prefixes & PREFIX_OTHER)
        violate(subject, 1, "es, ss or ds prefix");
    if (prefixes & PREFIX_CS)
        violate(subject, 1, "cs prefix");
    if ((prefixes & PREFIX_REPEAT) && !prefix_is_mandatory(subject, PREFIX_REPEAT))
        violate(subject, 1, "f2 or f3 prefix that this instruction doesn't have");
    if ((prefixes & PREFIX_66) && !prefix_is_mandatory(subject, PREFIX_66) && !selects_16_bits(subject))
        violate(subject, 1, "66 prefix that this instruction doesn't have");
    if ((prefixes & PREFIX_LOCK) &&
        (!(allow_list[subject->decoded.mnemonic] & LOCKABLE) || !has_memory_form(subject)))
        violate(subject, 1, "lock prefix that this instruction doesn't have");
    if ((prefixes & (PREFIX_FS | PREFIX_GS | PREFIX_67)) && !has_memory_form(subject))
        violate(subject, 1, "segment or address-size prefix without a memory operand");
}

/* nop: any number of 66, a cs, REX with a ModRM; opcodes 90 and 0f 1f /0 alone. */
static void judge_nop(struct subject *subject) {
    bool is_short = is_opcode(subject, ZYDIS_OPCODE_MAP_DEFAULT, 0x90);
    bool is_long = is_opcode(subject, ZYDIS_OPCODE_MAP_0F, 0x1f) && subject->decoded.raw.modrm.reg == 0;

    if (!is_short && !is_long)
        violate(subject, 1, "reserved nop");
    if (subject->prefixes & ~(PREFIX_66 | PREFIX_CS | (is_long ? PREFIX_REX : 0)))
        violate(subject, 1, "nop with a prefix other than 66 and cs");
}

static bool is_stack_pointer(ZydisRegister reg) {
    return ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg) == ZYDIS_REGISTER_RSP;
}

static void judge_register(struct subject *subject, const ZydisDecodedOperand *operand) {
    ZydisRegister reg = operand->reg.value;

    if (is_stack_pointer(reg))
        violate(subject, 4, "rsp is an operand");
    if (operand->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN)
        return;
    switch (ZydisRegisterGetClass(reg)) {
    case ZYDIS_REGCLASS_GPR8:
    case ZYDIS_REGCLASS_GPR16:
    case ZYDIS_REGCLASS_GPR32:
    case ZYDIS_REGCLASS_GPR64:
    case ZYDIS_REGCLASS_X87:
    case ZYDIS_REGCLASS_MMX:
    case ZYDIS_REGCLASS_XMM:
    case ZYDIS_REGCLASS_YMM:
        return;
    default:
        violate(subject, 1, "segment, control or other special register");
    }
}

/* Rule 3: movl or movq from that word, in the encoding with a SIB byte, which isn't relative to rip. */
static void judge_thread_pointer(struct subject *subject, const ZydisDecodedOperand *operand) {
    if (!is_opcode(subject, ZYDIS_OPCODE_MAP_DEFAULT, 0x8b) || operand->size < 32)
        violate(subject, 3, "fs with another instruction than a load of the thread pointer");
    else if (subject->prefixes & PREFIX_67)
        violate(subject, 3, "load of the thread pointer with a 32-bit address");
    else if (operand->mem.base != ZYDIS_REGISTER_NONE || operand->mem.index != ZYDIS_REGISTER_NONE ||
             operand->mem.disp.value != THREAD_POINTER)
        violate(subject, 3, "load through fs from another place than the thread pointer's");
}

static bool may_be_guard_read(const struct subject *subject) {
    return (subject->prefixes & ~PREFIX_REX) == 0 && (is_opcode(subject, ZYDIS_OPCODE_MAP_DEFAULT, 0x8b) ||
                                                      is_opcode(subject, ZYDIS_OPCODE_MAP_DEFAULT, 0x81));
}

/* Rule 2. */
static void judge_access(struct subject *subject) {
    bool alone = subject->violations->count == 0;

    if (!(subject->prefixes & PREFIX_GS))
        violate(subject, 2, "memory operand without gs");
    else if (!(subject->prefixes & PREFIX_67))
        violate(subject, 2, "memory operand without a 32-bit address");
    if (alone && may_be_guard_read(subject))
        subject->verdict.kind = KIND_CODE_READ;
}

static bool is_bit_string_access(const struct subject *subject) {
    if (subject->decoded.opcode_map != ZYDIS_OPCODE_MAP_0F || !has_memory_form(subject))
        return false;
    switch (subject->decoded.opcode) {
    case 0xa3:
    case 0xab:
    case 0xb3:
    case 0xbb:
        return true;
    default:
        return false;
    }
}

static void judge_memory(struct subject *subject, const ZydisDecodedOperand *operand) {
    ZydisMnemonic mnemonic = subject->decoded.mnemonic;

    if (operand->visibility != ZYDIS_OPERAND_VISIBILITY_EXPLICIT ||
        operand->mem.type == ZYDIS_MEMOP_TYPE_VSIB || operand->mem.type == ZYDIS_MEMOP_TYPE_MIB ||
        !has_memory_form(subject)) {
        violate(subject, 1, "implicit, absolute or gathered memory operand");
        return;
    }
    if (is_stack_pointer(operand->mem.base))
        violate(subject, 4, "rsp is a base register");
    if (mnemonic == ZYDIS_MNEMONIC_LEA || mnemonic == ZYDIS_MNEMONIC_NOP || is_prefetch(mnemonic)) {
        if (subject->prefixes & PREFIX_FS)
            violate(subject, 1, "fs prefix that this instruction doesn't have");
        return;
    }
    if (is_bit_string_access(subject))
        violate(subject, 2, "bit offset in a register: reaches memory outside the operand");
    else if (subject->prefixes & PREFIX_FS)
        judge_thread_pointer(subject, operand);
    else if ((subject->prefixes & (PREFIX_GS | PREFIX_67)) != (PREFIX_GS | PREFIX_67))
        judge_access(subject);
}

static void judge_operands(struct subject *subject) {
    for (unsigned i = 0; i < subject->decoded.operand_count; i++) {
        const ZydisDecodedOperand *operand = &subject->operands[i];
        if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER)
            judge_register(subject, operand);
        else if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY)
            judge_memory(subject, operand);
        else if (operand->type != ZYDIS_OPERAND_TYPE_IMMEDIATE)
            violate(subject, 1, "far pointer");
    }
}

/* Notes a mov or an add that zero-extends its destination from 32 bits: `movl r/m32,r32`, `movl r32,r32` and
 * the same of addl. */
static void note_zero_extension(struct subject *subject) {
    const ZydisDecodedInstruction *decoded = &subject->decoded;
    const ZydisDecodedInstructionRaw *raw = &decoded->raw;
    bool to_reg = is_opcode(subject, ZYDIS_OPCODE_MAP_DEFAULT, 0x8b) ||
                  is_opcode(subject, ZYDIS_OPCODE_MAP_DEFAULT, 0x03);
    bool to_rm = (is_opcode(subject, ZYDIS_OPCODE_MAP_DEFAULT, 0x89) ||
                  is_opcode(subject, ZYDIS_OPCODE_MAP_DEFAULT, 0x01)) &&
                 raw->modrm.mod == 3;

    if (decoded->operand_width != 32 || subject->verdict.kind != KIND_PLAIN || (!to_reg && !to_rm))
        return;
    subject->verdict.zero_extended = to_reg ? ZERO_EXTENDS_REG : ZERO_EXTENDS_RM;
}

/* ff /2 and ff /4: through a register with no more prefix than it needs, exactly `*%gs:disp(%eip)`, or a
 * table jump. */
static void judge_indirect_branch(struct subject *subject) {
    const ZydisDecodedInstructionRaw *raw = &subject->decoded.raw;
    const ZydisDecodedOperand *operand = &subject->operands[0];

    if (raw->modrm.mod == 3) {
        if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER)
            judge_register(subject, operand);
        if ((subject->prefixes & ~PREFIX_REX) != 0 ||
            (raw->prefix_count != 0 && raw->prefixes[0].value != 0x41))
            violate(subject, 1, "prefix on an indirect branch");
        violate(subject, 6, "indirect branch outside a guarded sequence");
        if (subject->violations->count == 1)
            subject->verdict.kind = KIND_THROUGH_REG;
    } else if (raw->modrm.mod == 0 && raw->modrm.rm == 5 && subject->prefixes == (PREFIX_GS | PREFIX_67)) {
        subject->verdict.kind = KIND_THROUGH_TABLE;
    } else {
        if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY && is_stack_pointer(operand->mem.base))
            violate(subject, 4, "rsp is a base register");
        violate(subject, 7, "indirect branch through memory, not in the form of an import or a table jump");
        /* What registers and scale it has is for the guarded sequence to say. */
        if (subject->violations->count == 1 && raw->modrm.reg == 4 && raw->modrm.mod == 0 &&
            raw->modrm.rm == 4 && (subject->prefixes & ~PREFIX_REX) == (PREFIX_GS | PREFIX_67))
            subject->verdict.kind = KIND_TABLE_JUMP;
    }
}

static void judge_direct_branch(struct subject *subject) {
    const ZydisDecodedInstruction *decoded = &subject->decoded;
    bool may_have_67 = decoded->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && decoded->opcode >= 0xe0 &&
                       decoded->opcode <= 0xe3; /* loop and jrcxz: 67 selects the 32-bit counter */

    if (subject->prefixes & ~(may_have_67 ? PREFIX_67 : 0u))
        violate(subject, 1, "prefix on a direct branch");
    else if (decoded->raw.imm[0].size != 8 && decoded->raw.imm[0].size != 32)
        violate(subject, 1, "branch displacement of another width than 8 or 32 bits");
    else
        subject->verdict.kind = KIND_BRANCH;
    subject->verdict.relative_bytes = decoded->raw.imm[0].size / 8;
}

static void judge_ret(struct subject *subject) {
    if (is_opcode(subject, ZYDIS_OPCODE_MAP_DEFAULT, 0xc2))
        violate(subject, 4, "ret with an immediate moves rsp");
    else if (!is_opcode(subject, ZYDIS_OPCODE_MAP_DEFAULT, 0xc3))
        violate(subject, 1, "far return");
    else if (subject->prefixes)
        violate(subject, 1, "prefix on ret");
}

/* True if the instruction is a branch, and then judges it. */
static bool judge_branch(struct subject *subject) {
    const ZydisDecodedInstruction *decoded = &subject->decoded;

    if (decoded->mnemonic == ZYDIS_MNEMONIC_RET) {
        judge_ret(subject);
    } else if (decoded->raw.imm[0].is_relative) {
        judge_direct_branch(subject);
    } else if (decoded->mnemonic == ZYDIS_MNEMONIC_CALL || decoded->mnemonic == ZYDIS_MNEMONIC_JMP) {
        bool near = is_opcode(subject, ZYDIS_OPCODE_MAP_DEFAULT, 0xff) &&
                    (decoded->raw.modrm.reg == 2 || decoded->raw.modrm.reg == 4);
        if (near)
            judge_indirect_branch(subject);
        else
            violate(subject, 1, "far branch");
    } else {
        return false;
    }
    return true;
}

/* Encodings that the manuals reserve or don't list, though processors take them for another instruction. */
static bool is_undocumented(const struct subject *subject) {
    const ZydisDecodedInstruction *decoded = &subject->decoded;
    uint8_t reg = decoded->raw.modrm.reg;
    bool register_form = !has_memory_form(subject);

    if (decoded->opcode_map == ZYDIS_OPCODE_MAP_0F)
        return decoded->opcode == 0x0d && reg > 1; /* prefetch */
    if (decoded->opcode_map != ZYDIS_OPCODE_MAP_DEFAULT)
        return false;
    switch (decoded->opcode) {
    case 0xc0: /* shl */
    case 0xc1:
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
        return reg == 6;
    case 0xf6: /* test */
    case 0xf7:
        return reg == 1;
    case 0xdc: /* fcom, fcomp */
        return register_form && (reg == 2 || reg == 3);
    case 0xdd: /* fxch */
        return register_form && reg == 1;
    case 0xde: /* fcomp */
        return register_form && reg == 2;
    case 0xdf: /* fxch, fstp */
        return register_form && reg >= 1 && reg <= 3;
    default:
        return false;
    }
}

/* The encodings and mnemonics that rule 1 allows. mov and movsd (cmpsd) name several instructions each. */
static bool is_allowed(const struct subject *subject) {
    const ZydisDecodedInstruction *decoded = &subject->decoded;
    bool one_byte = decoded->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT;

    if (!(allow_list[decoded->mnemonic] & ALLOWED) || is_undocumented(subject))
        return false;
    if (decoded->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY &&
        decoded->encoding != ZYDIS_INSTRUCTION_ENCODING_VEX)
        return false;
    switch (decoded->mnemonic) {
    case ZYDIS_MNEMONIC_MOV: /* not from or to segment, control and debug registers, nor absolute addresses */
        return one_byte && ((decoded->opcode >= 0x88 && decoded->opcode <= 0x8b) ||
                            (decoded->opcode >= 0xb0 && decoded->opcode <= 0xbf) || decoded->opcode == 0xc6 ||
                            decoded->opcode == 0xc7);
    case ZYDIS_MNEMONIC_MOVSD: /* not the string instructions */
    case ZYDIS_MNEMONIC_CMPSD:
        return !one_byte;
    case ZYDIS_MNEMONIC_ENDBR64: /* the mark, and nothing else that acts like it */
        return decoded->length == 4;
    default:
        return true;
    }
}

static void judge(struct subject *subject) {
    const ZydisDecodedInstruction *decoded = &subject->decoded;

    if (!is_allowed(subject)) {
        violate(subject, 1, "instruction not on the allow-list");
        return;
    }
    if (!collect_prefixes(subject) || judge_branch(subject))
        return;
    if (decoded->mnemonic == ZYDIS_MNEMONIC_NOP)
        judge_nop(subject);
    else
        judge_prefixes(subject);
    judge_operands(subject);
    note_zero_extension(subject);
}

/* Displacement and immediates end an instruction; the judgement rests on what precedes them, save for rule 3
 * (shape.h). */
static uint8_t header_length(const struct subject *subject) {
    const ZydisDecodedInstructionRaw *raw = &subject->decoded.raw;

    if (subject->prefixes & PREFIX_FS)
        return 0;
    return (uint8_t)(subject->decoded.length - (raw->disp.size + raw->imm[0].size + raw->imm[1].size) / 8);
}

struct instruction orc_judge_instruction(const ZydisDecoder *decoder, const uint8_t *bytes, size_t available,
                                         struct violations *violations) {
    struct subject subject;
    ZyanStatus status;

    violations->count = 0;
    subject.prefixes = 0;
    subject.verdict = (struct instruction){.length = 1, .kind = KIND_PLAIN};
    subject.violations = violations;
    status = ZydisDecoderDecodeFull(decoder, bytes, available, &subject.decoded, subject.operands);
    if (ZYAN_FAILED(status)) {
        violate(&subject, 1,
                status == ZYDIS_STATUS_NO_MORE_DATA ? "instruction reaches past the end of the text"
                                                    : "not a valid instruction");
        return subject.verdict;
    }
    subject.verdict.length = subject.decoded.length;
    judge(&subject);
    subject.verdict.header_length = header_length(&subject);
    return subject.verdict;
}
