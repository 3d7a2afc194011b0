/* Deterministic input of several kinds for the codecs, and a digest for what they produce. */
#ifndef PORTS_INPUT_H
#define PORTS_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum input_kind { INPUT_TEXT, INPUT_RECORDS, INPUT_RANDOM, INPUT_ZEROS, INPUT_KINDS };

static inline uint32_t input_next(uint32_t *state) {
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* Words drawn unevenly from a vocabulary made of syllables: compresses like prose. */
static inline void input_text(unsigned char *to, size_t size, uint32_t seed) {
    static const char *const syllables[] = {"ka", "lo", "the", "in", "st", "er", "on", "ti",
                                            "re", "qu", "and", "ve", "mo", "pl", "is", "tra"};
    for (size_t at = 0; at < size;) {
        uint32_t word = input_next(&seed) % 64;
        word = word * word / 4 % 700;
        for (uint32_t i = 0; i < 1 + word % 3 && at < size; i++) {
            const char *syllable = syllables[(word * 7 + i * (word / 16 + 3)) % 16];
            while (*syllable && at < size)
                to[at++] = (unsigned char)*syllable++;
        }
        if (at < size)
            to[at++] = input_next(&seed) % 12 ? ' ' : '\n';
    }
}

/* Fixed-width binary records with slowly changing fields. */
static inline void input_records(unsigned char *to, size_t size, uint32_t seed) {
    uint32_t time = 1000000, value = 500;
    for (size_t at = 0; at < size; at += 16) {
        uint32_t record[4];
        time += input_next(&seed) % 50;
        value += input_next(&seed) % 21 - 10;
        record[0] = time, record[1] = value, record[2] = input_next(&seed) % 9,
        record[3] = 0xffff0000 | (time & 3);
        memcpy(to + at, record, size - at < 16 ? size - at : 16);
    }
}

static inline unsigned char *input_make(enum input_kind kind, size_t size) {
    unsigned char *input = malloc(size + 1);
    uint32_t seed = 12345;
    if (!input)
        exit(111);
    switch (kind) {
    case INPUT_TEXT:
        input_text(input, size, seed);
        break;
    case INPUT_RECORDS:
        input_records(input, size, seed);
        break;
    case INPUT_RANDOM:
        for (size_t i = 0; i < size; i++)
            input[i] = (unsigned char)(input_next(&seed) >> 3);
        break;
    default:
        memset(input, 0, size);
    }
    input[size] = 0;
    return input;
}

static inline uint64_t input_digest(const void *data, size_t size) {
    const unsigned char *p = data;
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ p[i]) * 0x100000001b3;
    return hash;
}

/* The sizes that the codecs are tried with. */
static const size_t input_sizes[] = {0, 1, 7, 100, 4096, 65537, 400000};
#define INPUT_SIZES (sizeof input_sizes / sizeof *input_sizes)

/* Prints one line of a round trip; a wrong one ends the program. */
static inline void input_report(const char *what, int level, size_t in, const void *packed,
                                size_t packed_size, int good) {
    printf("%s level %d: %zu -> %zu %016lx %s\n", what, level, in, packed_size,
           (unsigned long)input_digest(packed, packed_size), good ? "ok" : "BAD");
    if (!good)
        exit(1);
}

#endif
