/* Generates texts that the verifier may or may not accept. */
#ifndef TESTS_FUZZ_ESCAPE_GENERATE_H
#define TESTS_FUZZ_ESCAPE_GENERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "random.h"

/* Where the text stands, and its import table. */
#define TEXT_ADDRESS 0x20001000u
#define IMPORTS_ADDRESS 0x20000000u
#define IMPORTS_SIZE 64u

/* Jump tables, right behind; each entry is the start of the text. */
#define JUMPS_ADDRESS (IMPORTS_ADDRESS + IMPORTS_SIZE)
#define JUMP_COUNT 6u

#define MAX_TEXT 512
#define MAX_UNIT 24
#define UNITS 96

/* A unit is a piece of code that the verifier accepted on its own. */
struct generator {
    struct random *random;
    size_t unit_count;
    struct {
        uint8_t bytes[MAX_UNIT];
        size_t size;
    } units[UNITS];
};

bool accepted(const uint8_t *text, size_t size);

/* Fills the generator's units by trying random encodings. */
void generate_units(struct generator *generator);

/* Writes a text of at most MAX_TEXT bytes that ends in int3; returns its size. Often it isn't acceptable. */
size_t generate_text(struct generator *generator, uint8_t *text);

#endif
