/* A mutator that knows where instructions begin, so that much of what it makes is accepted. */
#include "snippets.h"

#include <Zydis/Zydis.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define MAX_BOUNDARIES 512

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *left, size_t left_size, const uint8_t *right,
                                 size_t right_size, uint8_t *out, size_t max_size, unsigned seed);

static unsigned next_random(unsigned *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Lists the offsets at which instructions begin, and the size. */
static unsigned find_boundaries(const uint8_t *data, size_t size, size_t *offsets) {
    ZydisDecoder decoder;
    ZydisDecodedInstruction instruction;
    unsigned count = 0;
    size_t at = 0;

    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    while (at < size && count < MAX_BOUNDARIES - 1) {
        offsets[count++] = at;
        if (ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, NULL, data + at, size - at, &instruction)))
            at += instruction.length;
        else
            at++;
    }
    offsets[count] = at;
    return count;
}

/* Replaces data[from, to) by other bytes. Returns the new size, or the old one if that doesn't fit. */
static size_t replace(uint8_t *data, size_t size, size_t max_size, size_t from, size_t to, const void *bytes,
                      size_t count) {
    uint8_t copy[64];

    if (size - (to - from) + count > max_size || count > sizeof copy)
        return size;
    memcpy(copy, bytes, count);
    memmove(data + from + count, data + to, size - to);
    memcpy(data + from, copy, count);
    return size - (to - from) + count;
}

/* Changes one byte of an instruction, or puts a prefix before it. */
static size_t disturb(uint8_t *data, size_t size, size_t max_size, size_t from, size_t to, unsigned *seed) {
    static const uint8_t prefixes[] = {0x65, 0x67, 0x66, 0xf2, 0xf3, 0xf0, 0x64, 0x2e, 0x3e,
                                       0x36, 0x40, 0x41, 0x44, 0x48, 0x4c, 0x4f, 0x0f, 0xc5};
    unsigned choice = next_random(seed) % 4;
    uint8_t prefix = prefixes[next_random(seed) % sizeof prefixes];

    if (choice == 0)
        return replace(data, size, max_size, from, from, &prefix, 1);
    if (from == to)
        return size;
    uint8_t *byte = &data[from + next_random(seed) % (to - from)];
    if (choice == 1)
        *byte ^= (uint8_t)(1u << next_random(seed) % 8);
    else if (choice == 2)
        *byte = (uint8_t)next_random(seed);
    else
        *byte = prefix;
    return size;
}

/* Aims `leal disp(%rip),reg` at the jump tables, wherever it stands. False if this is another instruction. */
static bool aim_at_tables(uint8_t *data, size_t from, size_t to, unsigned *seed) {
    size_t opcode = to - from == 7 ? from + 1 : from;
    int32_t displacement = (int32_t)(next_random(seed) % 10 * 8) - 0x1008 - (int32_t)to;

    if (to - from < 6 || to - from > 7 || data[opcode] != 0x8d || (data[opcode + 1] & 0xc7) != 5)
        return false;
    memcpy(data + to - sizeof displacement, &displacement, sizeof displacement);
    return true;
}

static size_t mutate_once(uint8_t *data, size_t size, size_t max_size, unsigned *seed) {
    size_t offsets[MAX_BOUNDARIES];
    unsigned count = find_boundaries(data, size, offsets);
    unsigned index = count ? next_random(seed) % count : 0;
    size_t from = count ? offsets[index] : 0, to = count ? offsets[index + 1] : 0;
    const struct snippet *snippet = &snippets[next_random(seed) % SNIPPET_COUNT];

    if (next_random(seed) % 4 != 0 && aim_at_tables(data, from, to, seed))
        return size;
    switch (next_random(seed) % 8) {
    case 0:
    case 1:
        return replace(data, size, max_size, from, from, snippet->bytes, snippet->length);
    case 2:
        return replace(data, size, max_size, from, to, snippet->bytes, snippet->length);
    case 3:
        return replace(data, size, max_size, from, to, "", 0);
    case 4: /* aim a branch at the start of another instruction */
        if (to - from >= 2 && count) {
            size_t target = offsets[next_random(seed) % (count + 1)];
            data[to - 1] = (uint8_t)(target - to);
            return size;
        }
        return size;
    default:
        return disturb(data, size, max_size, from, to, seed);
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    unsigned rounds = 1 + next_random(&seed) % 4;

    if (next_random(&seed) % 16 == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    for (unsigned i = 0; i < rounds; i++)
        size = mutate_once(data, size, max_size, &seed);
    return size;
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *left, size_t left_size, const uint8_t *right,
                                 size_t right_size, uint8_t *out, size_t max_size, unsigned seed) {
    size_t offsets[MAX_BOUNDARIES];
    unsigned count = find_boundaries(left, left_size, offsets);
    size_t head = offsets[next_random(&seed) % (count + 1)], tail, start;

    count = find_boundaries(right, right_size, offsets);
    start = offsets[next_random(&seed) % (count + 1)];
    if (head > max_size)
        head = 0;
    tail = right_size - start;
    if (tail > max_size - head)
        tail = max_size - head;
    memcpy(out, left, head);
    memcpy(out + head, right + start, tail);
    return head + tail;
}
