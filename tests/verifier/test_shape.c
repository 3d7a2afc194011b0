/* Two instructions of one shape and one header length are judged alike: tried over opcodes, ModRM and SIB
 * bytes, register extensions and prefixes. The argument in shape.h rests on this. */
#include "../../trusted/verifier/shape.h"
#include "../../trusted/verifier/verifier_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#ifndef TABLE_SIZE
#define TABLE_SIZE (1u << 22)
#endif
#define WINDOW 24

/* What part of all is tried: one in SAMPLE. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SAMPLE 47
#endif
#endif
#ifndef SAMPLE
#define SAMPLE 5 /* with 1, all: it takes a minute */
#endif

struct known {
    uint64_t key;
    struct instruction instruction;
};

static struct known *table;
static ZydisDecoder decoder;
static unsigned long tried, remembered, turn;

static bool same_judgement(const struct instruction *a, const struct instruction *b) {
    return a->length == b->length && a->kind == b->kind && a->zero_extended == b->zero_extended &&
           a->relative_bytes == b->relative_bytes && a->header_length == b->header_length;
}

static struct known *find(uint64_t key) {
    size_t at = key * 0x9e3779b97f4a7c15u >> 32;

    while (table[at % TABLE_SIZE].key != 0 && table[at % TABLE_SIZE].key != key)
        at++;
    return &table[at % TABLE_SIZE];
}

static void print_bytes(const uint8_t *bytes) {
    for (unsigned i = 0; i < 12; i++)
        print_error("%02x ", bytes[i]);
    print_error("is judged otherwise than another of its shape\n");
}

/* What the verifier would remember of these bytes agrees with all that it would have used the memory for. */
static void try_bytes(const uint8_t *bytes) {
    struct violations violations;
    struct instruction instruction;
    struct shape shape;
    struct known *known;
    uint64_t window;

    if (++turn % SAMPLE != 0)
        return;
    memcpy(&window, bytes, sizeof window);
    shape = shape_of(window);
    if (shape.key == 0)
        return;
    tried++;
    instruction = orc_judge_instruction(&decoder, bytes, WINDOW, &violations);
    if (instruction.header_length == 0 || instruction.header_length != shape.header_length)
        instruction.kind = KIND_NONE; /* not remembered */
    if (instruction.kind == KIND_NONE)
        instruction = (struct instruction){.kind = KIND_NONE};
    known = find(shape.key);
    if (known->key == 0) {
        if (remembered > TABLE_SIZE / 2)
            return;
        remembered++;
        known->key = shape.key;
        known->instruction = instruction;
    } else if (!same_judgement(&known->instruction, &instruction)) {
        print_bytes(bytes);
        fail();
    }
}

/* Fills in ModRM, SIB and what follows, and tries each. */
static void try_operands(uint8_t *bytes, unsigned at) {
    static const uint8_t sibs[] = {0x00, 0x04, 0x05, 0x0c, 0x20, 0x24, 0x25, 0x2d, 0x64, 0x65, 0xe4, 0xed};

    for (unsigned modrm = 0; modrm < 256; modrm++) {
        bytes[at] = (uint8_t)modrm;
        unsigned count = modrm < 0xc0 && (modrm & 7) == 4 ? sizeof sibs : 1;
        for (unsigned i = 0; i < count; i++) {
            bytes[at + 1] = sibs[i];
            try_bytes(bytes);
        }
    }
}

static const struct {
    uint8_t bytes[3];
    unsigned count;
} prefixes[] = {
    {{0}, 0},
    {{0x66}, 1},
    {{0x65, 0x67}, 2},
    {{0xf2}, 1},
    {{0xf3}, 1},
    {{0x65}, 1},
    {{0x67}, 1},
    {{0x66, 0x65, 0x67}, 3},
    {{0x64}, 1},
    {{0xf0, 0x65, 0x67}, 3},
    {{0x65, 0x67, 0xf3}, 3},
    {{0xf2, 0x65, 0x67}, 3},
    {{0x2e}, 1},
    {{0x66, 0xf2}, 2},
    {{0x66, 0x2e}, 2},
};
#define PREFIX_SETS (sizeof prefixes / sizeof prefixes[0])

static void try_legacy(const uint8_t *start, unsigned start_length, unsigned rex) {
    static const uint8_t escapes[4][2] = {{0}, {0x0f}, {0x0f, 0x38}, {0x0f, 0x3a}};
    uint8_t bytes[WINDOW] = {0};

    memcpy(bytes, start, start_length);
    for (unsigned map = 0; map < 4; map++) {
        unsigned at = start_length, escape_length = map < 2 ? map : 2;
        if (rex)
            bytes[at++] = (uint8_t)rex;
        memcpy(bytes + at, escapes[map], escape_length);
        at += escape_length;
        for (unsigned opcode = 0; opcode < 256; opcode++) {
            bytes[at] = (uint8_t)opcode;
            try_operands(bytes, at + 1);
        }
    }
}

static void legacy_encodings(void **state) {
    static const uint8_t rexes[] = {0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x48, 0x49, 0x4c, 0x4f};

    (void)state;
    for (unsigned set = 0; set < PREFIX_SETS; set++)
        for (unsigned i = 0; i < sizeof rexes; i++)
            try_legacy(prefixes[set].bytes, prefixes[set].count, rexes[i]);
    assert_true(tried > 1000000 / SAMPLE);
}

static void try_vex_operands(uint8_t *bytes, unsigned at) {
    static const uint8_t modrms[] = {0x00, 0x04, 0x05, 0x0c, 0x20, 0x24, 0x25, 0x44, 0x60, 0xc0, 0xc4,
                                     0xc8, 0xcc, 0xd0, 0xd9, 0xdb, 0xe0, 0xe4, 0xe5, 0xf0, 0xf8, 0xfc};

    for (unsigned i = 0; i < sizeof modrms; i++) {
        bytes[at] = modrms[i];
        bytes[at + 1] = 0x24;
        try_bytes(bytes);
        bytes[at + 1] = 0x21;
        try_bytes(bytes);
    }
}

static void vex_encodings(void **state) {
    (void)state;
    for (unsigned set = 0; set < 3; set++) {
        static const uint8_t firsts[] = {0xe1, 0x61, 0xc1, 0xa1, 0x01, 0xe2, 0x62, 0xc2,
                                         0xa2, 0x02, 0xe3, 0x63, 0xc3, 0x03, 0xe4, 0xe0};
        uint8_t bytes[WINDOW] = {0};
        unsigned at = prefixes[set].count;
        memcpy(bytes, prefixes[set].bytes, at);
        for (unsigned last = 0; last < 256; last++)
            for (unsigned opcode = 0; opcode < 256; opcode++) {
                bytes[at] = 0xc5;
                bytes[at + 1] = (uint8_t)last;
                bytes[at + 2] = (uint8_t)opcode;
                try_vex_operands(bytes, at + 3);
                if ((last >> 3 & 15) % 5 != 0 && (last >> 3 & 15) != 11 && (last >> 3 & 15) != 3)
                    continue;
                for (unsigned i = 0; i < sizeof firsts; i++) {
                    bytes[at] = 0xc4;
                    bytes[at + 1] = firsts[i];
                    bytes[at + 2] = (uint8_t)last;
                    bytes[at + 3] = (uint8_t)opcode;
                    try_vex_operands(bytes, at + 4);
                }
            }
    }
}

/* Whatever follows the header doesn't matter, and random headers agree too. */
static void random_bytes(void **state) {
    uint64_t random = 88172645463325252u;
    uint8_t bytes[WINDOW];

    (void)state;
    for (unsigned long i = 0; i < 4000000ul; i++) {
        for (unsigned at = 0; at < WINDOW; at += 8) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            memcpy(bytes + at, &random, 8);
        }
        try_bytes(bytes);
    }
}

static int set_up(void **state) {
    (void)state;
    table = calloc(TABLE_SIZE, sizeof *table);
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    return table ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    print_message("# %lu instructions of %lu shapes\n", tried, remembered);
    free(table);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(legacy_encodings),
        cmocka_unit_test(vex_encodings),
        cmocka_unit_test(random_bytes),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("shapes", tests, set_up, tear_down);
}
