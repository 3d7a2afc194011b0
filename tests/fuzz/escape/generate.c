/* Three sources of code: random encodings of single instructions, of which the accepted ones are strung
 * together with branches; mutations of good programs; and plain random bytes. */
#include <string.h>

#include "orc/hostcall.h"
#include "generate.h"
#include "orc/abi.h"
#include "orc/verifier.h"

#define TAIL 24 /* int3 at the end of a text */
#define STOP (MAX_TEXT - TAIL)
#define MAX_STARTS 40
#define MAX_PIECE 48

extern const uint8_t program_text[], program_text_end[]; /* tests/intravisor/programs.S */

bool accepted(const uint8_t *text, size_t size) {
    const struct orc_import_table imports = {IMPORTS_ADDRESS, IMPORTS_ADDRESS + IMPORTS_SIZE};
    uint64_t entries[JUMP_COUNT];
    for (unsigned i = 0; i < JUMP_COUNT; i++)
        entries[i] = TEXT_ADDRESS;
    const struct orc_jump_tables jumps = {JUMPS_ADDRESS, JUMP_COUNT, entries};
    return orc_verify_text(text, size, TEXT_ADDRESS, imports, jumps, NULL, NULL) == ORC_VERIFY_ACCEPTED;
}

static uint8_t random_byte(struct random *random) {
    return (uint8_t)random_next(random);
}

static size_t put(uint8_t *at, const void *bytes, size_t size) {
    memcpy(at, bytes, size);
    return size;
}

static size_t put_random(struct random *random, uint8_t *at, size_t size) {
    for (size_t i = 0; i < size; i++)
        at[i] = random_byte(random);
    return size;
}

/* Displacements near the edges: of a page, of 2 GiB, of nothing. */
static size_t put_displacement(struct random *random, uint8_t *at) {
    static const uint32_t edges[] = {0,          1,       8,          0x7fffffff, 0x80000000, 0xffffffff,
                                     0xfffffff8, 0x10000, 0xffff0000, 0xfff8,     0xffff0008};
    uint32_t value = (uint32_t)random_next(random);
    if (random_one_in(random, 2))
        value = edges[random_below(random, sizeof edges / sizeof *edges)];
    return put(at, &value, 4);
}

/* ModRM, SIB and displacement, mostly of a memory operand. */
static size_t put_operand(struct random *random, uint8_t *at) {
    uint8_t modrm = random_byte(random);
    if (random_one_in(random, 3))
        modrm |= 0xc0;
    size_t size = 0;
    at[size++] = modrm;
    if (modrm >= 0xc0)
        return size;
    uint8_t sib = 0;
    if ((modrm & 7) == 4)
        at[size++] = sib = random_byte(random);
    if (modrm >> 6 == 1)
        at[size++] = random_byte(random);
    else if (modrm >> 6 == 2 || (modrm & 0xc7) == 5 || ((modrm & 7) == 4 && (sib & 7) == 5))
        size += put_displacement(random, at + size);
    return size;
}

static size_t put_legacy_opcode(struct random *random, uint8_t *at) {
    size_t size = 0;
    if (random_one_in(random, 2))
        at[size++] = 0x40 | (uint8_t)random_below(random, 16);
    switch (random_below(random, 6)) {
    case 0:
    case 1:
        at[size++] = random_byte(random);
        return size;
    case 2:
    case 3:
        at[size++] = 0x0f;
        break;
    case 4:
        size += put(at + size, "\x0f\x38", 2);
        break;
    default:
        size += put(at + size, "\x0f\x3a", 2);
    }
    at[size++] = random_byte(random);
    return size;
}

static size_t put_vex_opcode(struct random *random, uint8_t *at) {
    size_t size = 0;
    if (random_one_in(random, 12)) { /* EVEX: never acceptable */
        at[size++] = 0x62;
        size += put_random(random, at + size, 3);
    } else if (random_one_in(random, 3)) {
        at[size++] = 0xc5;
        at[size++] = random_byte(random);
    } else {
        at[size++] = 0xc4;
        at[size++] = (random_byte(random) & 0xe0) | (uint8_t)(1 + random_below(random, 3));
        at[size++] = random_byte(random);
    }
    at[size++] = random_byte(random);
    return size;
}

static size_t put_instruction(struct random *random, uint8_t *at) {
    static const uint8_t prefixes[] = {0x66, 0xf2, 0xf3, 0xf0, 0x2e, 0x3e,
                                       0x26, 0x36, 0x64, 0x65, 0x67, 0x9b};
    size_t size = 0;
    if (!random_one_in(random, 5))
        size += put(at + size, "\x65\x67", 2);
    while (random_one_in(random, 4) && size < 4)
        at[size++] = prefixes[random_below(random, sizeof prefixes)];
    if (random_one_in(random, 4))
        at[size++] = prefixes[random_below(random, 3)];
    size +=
        random_one_in(random, 4) ? put_vex_opcode(random, at + size) : put_legacy_opcode(random, at + size);
    if (!random_one_in(random, 8))
        size += put_operand(random, at + size);
    static const uint8_t immediates[] = {0, 0, 0, 1, 1, 4, 4, 2, 8};
    return size + put_random(random, at + size, immediates[random_below(random, sizeof immediates)]);
}

/* %fs:disp32 with a random opcode and register. */
static size_t put_thread_local(struct random *random, uint8_t *at) {
    size_t size = 0;
    at[size++] = 0x64;
    if (random_one_in(random, 2))
        at[size++] = 0x48 | (uint8_t)(random_below(random, 2) << 2);
    at[size++] = random_one_in(random, 2) ? 0x8b : random_byte(random);
    at[size++] = (uint8_t)(random_below(random, 8) << 3 | 4);
    at[size++] = 0x25;
    uint32_t displacement = random_one_in(random, 3) ? random_below(random, 0x20010) - 0x10008 : ORC_THREAD_POINTER;
    return size + put(at + size, &displacement, 4);
}

/* Form A of rule 6 with random registers; `stop` is where an int3 will be. */
static size_t put_guarded(struct random *random, uint8_t *text, size_t at, size_t stop) {
    unsigned target = random_below(random, 16), scratch = random_below(random, 16);
    uint8_t *start = text + at;
    uint8_t *byte = start;
    if (random_one_in(random, 3)) { /* a gate, or somewhere in the text */
        if (target & 8)
            *byte++ = 0x41;
        *byte++ = 0xb8 | (target & 7);
        uint32_t address =
            random_one_in(random, 4)   ? ORC_FLOAT_GATE
            : random_one_in(random, 2) ? ORC_GATES
                                       : TEXT_ADDRESS + random_below(random, (uint32_t)stop);
        byte += put(byte, &address, 4);
    }
    if (target & 8)
        *byte++ = 0x45;
    *byte++ = 0x89;
    *byte++ = 0xc0 | (uint8_t)((target & 7) << 3 | (target & 7));
    if ((target | scratch) & 8)
        *byte++ = 0x40 | (uint8_t)(scratch >> 3 << 2 | target >> 3);
    *byte++ = 0x8b;
    *byte++ = (uint8_t)((scratch & 7) << 3 | (target & 7));
    if (scratch & 8)
        *byte++ = 0x41;
    *byte++ = 0x81;
    *byte++ = 0xc0 | (scratch & 7);
    byte += put(byte, "\x0d\xf0\xe1\x05", 4);
    *byte++ = 0x0f;
    *byte++ = 0x85;
    int32_t distance = (int32_t)((long)stop - (byte + 4 - text));
    byte += put(byte, &distance, 4);
    if (target & 8)
        *byte++ = 0x41;
    *byte++ = 0xff;
    *byte++ = (random_one_in(random, 2) ? 0xd0 : 0xe0) | (target & 7);
    return (size_t)(byte - start);
}

static size_t put_load(uint8_t *at, uint8_t opcode, uint32_t value) {
    *at = opcode;
    memcpy(at + 1, &value, sizeof value);
    return 1 + sizeof value;
}

/* A call of gate 1 with modes that it takes, mostly: any masks, any rounding, flags, tags. */
static size_t put_modes(struct random *random, uint8_t *text, size_t at, size_t stop) {
    static const uint8_t call[] = {0x89, 0xc0, 0x44, 0x8b, 0x18, 0x41, 0x81, 0xc3, 0x0d, 0xf0, 0xe1, 0x05, 0x0f, 0x85};
    uint8_t *byte = text + at;
    uint32_t any = (uint32_t)random_next(random), wild = random_one_in(random, 16) ? UINT32_MAX : 0;
    bool masked = random_one_in(random, 2); /* else exceptions end most of what follows */
    byte += put_load(byte, 0xbf, (any & (0xffff | wild)) | (masked ? 0x1f80 : 0));
    byte += put_load(byte, 0xbe, ((any >> 8) & (0x1c3f | wild)) | 0x300 | (masked ? 0x3f : 0));
    byte += put_load(byte, 0xba, (any >> 16) & (0x7f7f | wild));
    byte += put_load(byte, 0xb9, random_one_in(random, 2) ? UINT32_MAX : (uint32_t)random_next(random) & 0xffff);
    byte += put_load(byte, 0xb8, ORC_FLOAT_GATE);
    byte += put(byte, call, sizeof call);
    int32_t distance = (int32_t)((long)stop - (byte + 4 - text));
    byte += put(byte, &distance, 4);
    byte += put(byte, "\xff\xd0", 2);
    return (size_t)(byte - text) - at;
}

static size_t put_import_jump(struct random *random, uint8_t *text, size_t at) {
    uint8_t bytes[8] = {0x65, 0x67, 0xff, random_one_in(random, 2) ? 0x25 : 0x15};
    uint32_t displacement =
        IMPORTS_ADDRESS + random_below(random, 10) * 8 - (TEXT_ADDRESS + (uint32_t)at + 8);
    memcpy(bytes + 4, &displacement, 4);
    return put(text + at, bytes, sizeof bytes);
}

/* A table jump of any registers and width, mostly with a table and a bound that are right. */
static size_t put_table_jump(struct random *random, uint8_t *text, size_t at, size_t stop) {
    unsigned index = random_below(random, 16), base = random_below(random, 16);
    uint32_t first = random_below(random, JUMP_COUNT), last = random_below(random, JUMP_COUNT - first);
    uint8_t *start = text + at, *byte = start;
    if (random_one_in(random, 16))
        last += random_below(random, 4);
    bool wide = random_one_in(random, 2);
    if (wide || index >= 8)
        *byte++ = (uint8_t)(0x40 | wide << 3 | index >> 3);
    *byte++ = 0x83;
    *byte++ = 0xf8 | (index & 7);
    *byte++ = (uint8_t)last;
    *byte++ = 0x0f;
    *byte++ = random_one_in(random, 16) ? 0x80 | (uint8_t)random_below(random, 16) : 0x87;
    int32_t distance = (int32_t)((long)stop - (byte + 4 - text));
    byte += put(byte, &distance, 4);
    if (base >= 8)
        *byte++ = 0x44;
    *byte++ = 0x8d;
    *byte++ = (uint8_t)(5 | (base & 7) << 3);
    uint32_t table = JUMPS_ADDRESS + 8 * first - (TEXT_ADDRESS + (uint32_t)(byte + 4 - text));
    byte += put(byte, &table, 4);
    byte += put(byte, "\x65\x67", 2);
    if (base >= 8 || index >= 8)
        *byte++ = (uint8_t)(0x40 | index >> 3 << 1 | base >> 3);
    *byte++ = 0xff;
    *byte++ = 0x24;
    *byte++ = (uint8_t)(0xc0 | (index & 7) << 3 | (base & 7));
    return (size_t)(byte - start);
}

/* jcc, jmp, call or loop to the start of a unit that stands before it, mostly. */
static size_t put_branch(struct random *random, uint8_t *at, const uint16_t *starts, size_t count,
                         size_t here) {
    size_t target = starts[random_below(random, (uint32_t)count)];
    uint8_t bytes[6];
    size_t size = 0;
    bool near = random_one_in(random, 2);
    switch (random_below(random, 4)) {
    case 0:
        bytes[size++] = near ? 0xe8 : 0xeb;
        near = bytes[0] == 0xe8;
        break;
    case 1:
        bytes[size++] = 0xe0 | (uint8_t)random_below(random, 4);
        near = false;
        break;
    default:
        if (near)
            bytes[size++] = 0x0f;
        bytes[size++] = (near ? 0x80 : 0x70) | (uint8_t)random_below(random, 16);
    }
    int32_t distance = (int32_t)((long)target - (long)(here + size + (near ? 4 : 1)));
    if (random_one_in(random, 16))
        distance += (int32_t)random_below(random, 5) - 2;
    size += put(bytes + size, &distance, near ? 4 : 1);
    return put(at, bytes, size);
}

static size_t finish(uint8_t *text, size_t size) {
    memset(text + size, 0xcc, TAIL);
    return size + TAIL;
}

/* Is it also acceptable in front of long instructions? Branches into whatever follows aren't, mostly. */
static bool accepted_anywhere(const uint8_t *unit, size_t size) {
    uint8_t text[MAX_UNIT + 14 * 10 + TAIL];
    memcpy(text, unit, size);
    for (int i = 0; i < 14; i++, size += 10)
        memcpy(text + size, "\x48\xb8\x01\x02\x03\x04\x05\x06\x07\x08", 10);
    return accepted(text, finish(text, size));
}

void generate_units(struct generator *generator) {
    struct random *random = generator->random;
    generator->unit_count = 0;
    for (int tries = 0; tries < 20000 && generator->unit_count < UNITS; tries++) {
        uint8_t text[64 + TAIL];
        size_t size =
            random_one_in(random, 12) ? put_thread_local(random, text) : put_instruction(random, text);
        if (size > MAX_UNIT || !accepted(text, finish(text, size)) || !accepted_anywhere(text, size))
            continue;
        memcpy(generator->units[generator->unit_count].bytes, text, size);
        generator->units[generator->unit_count++].size = size;
    }
}

/* A branch of any kind, or nothing when the verifier wouldn't have it here. */
static size_t put_control_flow(struct random *random, uint8_t *text, size_t at, const uint16_t *starts,
                               size_t count) {
    size_t size;
    switch (random_below(random, 6)) {
    case 5:
        size = put_modes(random, text, at, STOP);
        break;
    case 4:
        size = put_table_jump(random, text, at, STOP);
        break;
    case 0:
        size = put_guarded(random, text, at, STOP);
        break;
    case 1:
        size = put_import_jump(random, text, at);
        break;
    default:
        size = put_branch(random, text + at, starts, count, at);
    }
    if (random_one_in(random, 32) || accepted(text, MAX_TEXT))
        return size;
    memset(text + at, 0xcc, size);
    return 0;
}

static size_t compose(struct generator *generator, uint8_t *text) {
    struct random *random = generator->random;
    uint16_t starts[MAX_STARTS];
    size_t count = 0, size = 0, limit = 1 + random_below(random, MAX_STARTS - 1);
    memset(text, 0xcc, MAX_TEXT);
    size += put(text, "\xf3\x0f\x1e\xfa", 4);
    while (count < limit && size + MAX_PIECE < STOP) {
        starts[count++] = (uint16_t)size;
        uint32_t kind = random_below(random, 24);
        if (kind < 4) {
            size += put_control_flow(random, text, size, starts, count);
        } else if (kind == 4) {
            text[size++] = 0xc3;
        } else if (kind == 5) {
            size += put(text + size, "\xf3\x0f\x1e\xfa", 4);
        } else if (generator->unit_count > 0) {
            size_t unit = random_below(random, (uint32_t)generator->unit_count);
            size += put(text + size, generator->units[unit].bytes, generator->units[unit].size);
        }
    }
    return MAX_TEXT;
}

static void mutate(struct random *random, uint8_t *text, size_t size) {
    for (uint32_t i = 1 + random_below(random, 3); i > 0; i--) {
        size_t at = random_below(random, (uint32_t)size);
        switch (random_below(random, 4)) {
        case 0:
            text[at] ^= (uint8_t)(1u << random_below(random, 8));
            break;
        case 1:
            text[at] = random_byte(random);
            break;
        case 2:
            memmove(text + at, text + at + 1, size - at - 1);
            break;
        default:
            memmove(text + at + 1, text + at, size - at - 1);
            text[at] = random_byte(random);
        }
    }
}

/* A piece of the tests' programs. */
static size_t excerpt(struct random *random, uint8_t *text) {
    size_t whole = (size_t)(program_text_end - program_text);
    size_t size = 16 + random_below(random, MAX_TEXT - TAIL - 16);
    size_t start = random_below(random, (uint32_t)(whole / 16)) * 16;
    if (start + size > whole)
        size = whole - start;
    memcpy(text, program_text + start, size);
    return finish(text, size);
}

size_t generate_text(struct generator *generator, uint8_t *text) {
    struct random *random = generator->random;
    size_t size;
    switch (random_below(random, 8)) {
    case 0:
        return finish(text, put_random(random, text, 1 + random_below(random, 12)));
    case 1:
        size = excerpt(random, text);
        mutate(random, text, size - TAIL);
        return size;
    case 2:
    case 3:
        size = compose(generator, text);
        mutate(random, text, size - TAIL);
        return size;
    default:
        return compose(generator, text);
    }
}
