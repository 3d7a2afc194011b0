/* The shape of an instruction: what is left of its bytes when those are taken away that no judgement depends
 * on.
 *
 * Decoding an instruction takes a hundred times as long as computing its shape, and the instructions of a
 * program have a few hundred shapes. So the verifier judges each shape once (verify.c). This is sound if two
 * instructions of one shape are always judged alike. Left out of the shape are:
 *
 *   - displacement and immediate values. Thread-local accesses are never looked up, for rule 3 needs the
 * displacement; branch targets and import-table entries are computed from the instruction's own bytes each
 * time;
 *   - in a memory operand, which registers are base and index: but for rsp as base (rule 4), and no base at
 * all;
 *   - which register ModRM.reg, ModRM.rm and VEX.vvvv name: but for number 4, which is rsp (rule 4), for vvvv
 * = 1111b, which may mean that there is no such operand, and for opcodes where these fields choose the
 * instruction.
 *
 * tests/verifier/test_shape.c goes through all opcodes, ModRM bytes, register extensions and the common
 * prefixes, and checks that shape and length decide the judgement. Where the shape is computed wrongly for
 * the length, nothing is kept: header_length must be what the decoder found.
 */
#ifndef ORC_VERIFIER_SHAPE_H
#define ORC_VERIFIER_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

struct shape {
    uint64_t key;          /* 0: no shape was made out */
    uint8_t header_length; /* bytes before displacement and immediates */
    uint8_t reg;           /* the register that ModRM.reg names, with its extension bit */
    uint8_t rm;            /* the same for ModRM.rm, if that is a register */
};

/* What an opcode byte says about the bytes that follow. */
enum {
    SHAPE_MODRM = 1,  /* ModRM follows; its fields name registers */
    SHAPE_GROUP = 2,  /* ModRM follows; its fields choose the instruction, or may */
    SHAPE_PREFIX = 4, /* a legacy prefix */
    SHAPE_LONG = 8,   /* the opcode goes on: 0f 38, 0f 3a, VEX */
};

/* One-byte opcodes, then those after 0f. */
static const uint8_t shape_opcodes[2][256] = {
    {
        [0x00 ... 0x03] = SHAPE_MODRM, [0x08 ... 0x0b] = SHAPE_MODRM,  [0x10 ... 0x13] = SHAPE_MODRM,
        [0x18 ... 0x1b] = SHAPE_MODRM, [0x20 ... 0x23] = SHAPE_MODRM,  [0x28 ... 0x2b] = SHAPE_MODRM,
        [0x30 ... 0x33] = SHAPE_MODRM, [0x38 ... 0x3b] = SHAPE_MODRM,  [0x63] = SHAPE_MODRM,
        [0x69] = SHAPE_MODRM,          [0x6b] = SHAPE_MODRM,           [0x84 ... 0x8b] = SHAPE_MODRM,
        [0x8d] = SHAPE_MODRM,          [0x80 ... 0x83] = SHAPE_GROUP,  [0x8c] = SHAPE_GROUP,
        [0x8e ... 0x8f] = SHAPE_GROUP, [0xc0 ... 0xc1] = SHAPE_GROUP,  [0xc6 ... 0xc7] = SHAPE_GROUP,
        [0xd0 ... 0xd3] = SHAPE_GROUP, [0xd8 ... 0xdf] = SHAPE_GROUP,  [0xf6 ... 0xf7] = SHAPE_GROUP,
        [0xfe ... 0xff] = SHAPE_GROUP, [0x2e] = SHAPE_PREFIX,          [0x64 ... 0x67] = SHAPE_PREFIX,
        [0xf0] = SHAPE_PREFIX,         [0xf2 ... 0xf3] = SHAPE_PREFIX, [0xc4 ... 0xc5] = SHAPE_LONG,
    },
    {
        [0x00 ... 0x03] = SHAPE_GROUP, [0x0d] = SHAPE_GROUP,          [0x10 ... 0x17] = SHAPE_MODRM,
        [0x18 ... 0x1f] = SHAPE_GROUP, [0x20 ... 0x23] = SHAPE_GROUP, [0x28 ... 0x2f] = SHAPE_MODRM,
        [0x40 ... 0x70] = SHAPE_MODRM, [0x71 ... 0x73] = SHAPE_GROUP, [0x74 ... 0x76] = SHAPE_MODRM,
        [0x78 ... 0x79] = SHAPE_GROUP, [0x7c ... 0x7f] = SHAPE_MODRM, [0x90 ... 0x9f] = SHAPE_MODRM,
        [0xa3 ... 0xa5] = SHAPE_MODRM, [0xab ... 0xad] = SHAPE_MODRM, [0xae] = SHAPE_GROUP,
        [0xaf ... 0xb8] = SHAPE_MODRM, [0xb9 ... 0xba] = SHAPE_GROUP, [0xbb ... 0xc6] = SHAPE_MODRM,
        [0xc7] = SHAPE_GROUP,          [0xd0 ... 0xff] = SHAPE_MODRM, [0x38] = SHAPE_LONG,
        [0x3a] = SHAPE_LONG,
    },
};

/* The key, from the lowest bit: 3 bytes of legacy prefixes, the opcode, then these. */
enum {
    SHAPE_KEY_OPCODE = 24,
    SHAPE_KEY_MAP = 32,  /* 0: one byte; 1 to 3: 0f, 0f 38, 0f 3a; 5 to 7: the same in VEX */
    SHAPE_KEY_REX = 35,  /* a REX prefix; with VEX, the three-byte form */
    SHAPE_KEY_WIDE = 36, /* REX.W or VEX.W */
    SHAPE_KEY_VEX = 37,  /* L and pp */
    SHAPE_KEY_VVVV = 40, /* 0, 4 or 1 for any other register */
    SHAPE_KEY_MOD = 44,
    SHAPE_KEY_REG = 46,
    SHAPE_KEY_RM = 50,
    SHAPE_KEY_REX_X = 54, /* unless it extends an index register */
    SHAPE_KEY_SET = 63,   /* so that no key is 0 */
};

/* Register extension bits, as REX has them. */
#define SHAPE_REX_R 4u
#define SHAPE_REX_X 2u
#define SHAPE_REX_B 1u

#define SHAPE_RSP 4u

/* What a memory operand's form depends on, in place of ModRM.rm. */
enum { SHAPE_BASE = 0, SHAPE_SIB = 1, SHAPE_SIB_RSP = 2, SHAPE_SIB_NO_BASE = 3, SHAPE_RIP = 4 };

/* Adds ModRM and SIB, whose bytes begin at `at` in the window, to the shape. kind: SHAPE_MODRM, SHAPE_GROUP
 * or 0. */
static inline struct shape shape_add_operands(uint64_t key, uint64_t window, unsigned at, unsigned kind,
                                              unsigned rex) {
    unsigned modrm = window >> (8 * at & 63) & 0xff, sib_base = window >> (8 * at + 8 & 63) & 7;
    unsigned none = -(unsigned)(kind == 0), exact = -(unsigned)(kind != SHAPE_MODRM);
    unsigned mod = modrm >> 6 | (none & 3), is_register = -(unsigned)(mod == 3);
    unsigned reg = ((modrm >> 3 & 7) & ~none) | (rex & SHAPE_REX_R) << 1;
    unsigned rm = ((modrm & 7) & ~none) | (rex & SHAPE_REX_B) << 3;
    unsigned base = sib_base | (rex & SHAPE_REX_B) << 3;
    unsigned has_sib = mod != 3 & (modrm & 7) == 4, is_rip = mod == 0 & (modrm & 7) == 5;
    unsigned sib_key = SHAPE_SIB + (base == SHAPE_RSP) + 2 * (mod == 0 & sib_base == 5);
    unsigned reg_key = (reg & exact) | (unsigned)(reg == SHAPE_RSP) << 2;
    unsigned rm_key = (is_register & ((rm & exact) | (unsigned)(rm == SHAPE_RSP) << 2)) |
                      (-has_sib & sib_key) | is_rip * SHAPE_RIP;

    key |= (uint64_t)mod << SHAPE_KEY_MOD | (uint64_t)reg_key << SHAPE_KEY_REG |
           (uint64_t)rm_key << SHAPE_KEY_RM |
           (uint64_t)(rex & (has_sib ? 0 : SHAPE_REX_X)) << (SHAPE_KEY_REX_X - 1) | 1ull << SHAPE_KEY_SET;
    at += (kind != 0) + has_sib;
    return (struct shape){at <= sizeof window ? key : 0, (uint8_t)at, (uint8_t)reg, (uint8_t)rm};
}

/* Opcodes of VEX maps whose ModRM chooses the instruction, and the one without a ModRM (vzeroupper). */
static inline unsigned shape_vex_kind(unsigned map, uint8_t opcode) {
    if (map == 1 && opcode == 0x77)
        return 0;
    if ((map == 1 && ((opcode >= 0x71 && opcode <= 0x73) || opcode == 0xae)) || (map == 2 && opcode == 0xf3))
        return SHAPE_GROUP;
    return SHAPE_MODRM;
}

/* VEX: `at` is the offset of c4 or c5. */
static inline struct shape shape_of_vex(uint64_t key, uint64_t window, unsigned at) {
    unsigned is_long = (window >> 8 * at & 0xff) == 0xc4;
    unsigned first = window >> (8 * at + 8) & 0xff,
             last = is_long ? window >> (8 * at + 16) & 0xff : first & 0x7f;
    unsigned map = is_long ? first & 31 : 1, rex = is_long ? ~first >> 5 & 7 : ~first >> 5 & SHAPE_REX_R;
    unsigned vvvv = ~last >> 3 & 15;
    uint8_t opcode = (uint8_t)(window >> (8 * (at + 2 + is_long) & 63));

    if (map < 1 || map > 3 || at + 2 + is_long > 7)
        return (struct shape){0};
    key |= (uint64_t)opcode << SHAPE_KEY_OPCODE | (uint64_t)(4 + map) << SHAPE_KEY_MAP |
           (uint64_t)is_long << SHAPE_KEY_REX | (uint64_t)(last >> 7) << SHAPE_KEY_WIDE |
           (uint64_t)(last & 7) << SHAPE_KEY_VEX |
           (uint64_t)(vvvv == SHAPE_RSP || vvvv == 0 ? vvvv : 1) << SHAPE_KEY_VVVV;
    return shape_add_operands(key, window, at + 3 + is_long, shape_vex_kind(map, opcode), rex);
}

/* The shape of the instruction whose first 8 bytes are in window, the first one lowest. */
static inline struct shape shape_of(uint64_t window) {
    const uint8_t *first = shape_opcodes[0];
    unsigned prefixes =
        first[window & 0xff] | first[window >> 8 & 0xff] << 8 | first[window >> 16 & 0xff] << 16;
    unsigned n = (unsigned)__builtin_ctz((~prefixes & 0x040404) | 1u << 26) / 8; /* 0 to 3 legacy prefixes */
    uint64_t key = window & ((1ull << 8 * n) - 1);
    uint8_t byte = (uint8_t)(window >> 8 * n);
    unsigned has_rex = (byte & 0xf0) == 0x40, rex = has_rex ? byte : 0, map, kind;

    n += has_rex;
    byte = (uint8_t)(window >> 8 * n);
    map = byte == 0x0f;
    n += map;
    byte = (uint8_t)(window >> 8 * n);
    kind = shape_opcodes[map][byte];
    if (kind == SHAPE_PREFIX)
        return (struct shape){0};
    if (kind == SHAPE_LONG) {
        if (!map)
            return has_rex ? (struct shape){0} : shape_of_vex(key, window, n);
        map = byte == 0x38 ? 2 : 3;
        n++;
        byte = (uint8_t)(window >> 8 * n);
        kind = SHAPE_MODRM;
    }
    key |= (uint64_t)byte << SHAPE_KEY_OPCODE | (uint64_t)map << SHAPE_KEY_MAP |
           (uint64_t)has_rex << SHAPE_KEY_REX | (uint64_t)(rex >> 3 & 1) << SHAPE_KEY_WIDE;
    return shape_add_operands(key, window, n + 1, kind, rex);
}

#endif
