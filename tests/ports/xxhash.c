/* xxhash: all four hashes, one-shot and streaming, every length up to 600. */
#include "input.h"

#include <xxhash.h>

int main(void) {
    unsigned char *input = input_make(INPUT_RANDOM, 400000);
    for (size_t n = 0; n < 600; n++) {
        XXH128_hash_t wide = XXH3_128bits_withSeed(input + n % 13, n, n * 7);
        printf("%08x %016lx %016lx %016lx%016lx\n", XXH32(input, n, (unsigned)n), XXH64(input, n, n),
               XXH3_64bits_withSeed(input, n, n), wide.high64, wide.low64);
    }
    XXH3_state_t *state = XXH3_createState();
    XXH3_64bits_reset(state);
    XXH64_state_t *state64 = XXH64_createState();
    XXH64_reset(state64, 5);
    for (size_t at = 0, piece = 1; at + piece < 400000; at += piece, piece = piece * 5 % 3001 + 1)
        XXH3_64bits_update(state, input + at, piece), XXH64_update(state64, input + at, piece);
    printf("%016lx %016lx\n", XXH3_64bits_digest(state), XXH64_digest(state64));
    XXH3_freeState(state), XXH64_freeState(state64), free(input);
    return 0;
}
