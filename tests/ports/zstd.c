/* zstd: levels from fast to high, streaming, a trained dictionary, damaged input. */
#include "input.h"

#include <zdict.h>
#include <zstd.h>

static void dictionary(void) {
    enum { COUNT = 400, SIZE = 300 };
    unsigned char *samples = input_make(INPUT_TEXT, COUNT * SIZE), dictionary[8192], packed[1000], back[SIZE];
    size_t sizes[COUNT];
    for (int i = 0; i < COUNT; i++)
        sizes[i] = SIZE;
    size_t size = ZDICT_trainFromBuffer(dictionary, sizeof dictionary, samples, sizes, COUNT);
    printf("dictionary %d %zu %016lx\n", ZDICT_isError(size), size,
           (unsigned long)input_digest(dictionary, size));
    ZSTD_CCtx *compressor = ZSTD_createCCtx();
    ZSTD_DCtx *decompressor = ZSTD_createDCtx();
    size_t packed_size =
        ZSTD_compress_usingDict(compressor, packed, sizeof packed, samples + 5000, SIZE, dictionary, size, 5);
    size_t back_size =
        ZSTD_decompress_usingDict(decompressor, back, SIZE, packed, packed_size, dictionary, size);
    input_report("zstd dictionary", 5, SIZE, packed, packed_size,
                 back_size == SIZE && !memcmp(back, samples + 5000, SIZE));
    ZSTD_freeCCtx(compressor), ZSTD_freeDCtx(decompressor), free(samples);
}

int main(void) {
    for (int kind = 0; kind < INPUT_KINDS; kind++)
        for (size_t i = 0; i < INPUT_SIZES; i++) {
            size_t size = input_sizes[i], bound = ZSTD_compressBound(size);
            unsigned char *input = input_make(kind, size), *packed = malloc(bound), *back = malloc(size + 1);
            static const int levels[] = {-5, 1, 3, 6, 9, 13, 19};
            for (int l = 0; l < 7; l++) {
                size_t packed_size = ZSTD_compress(packed, bound, input, size, levels[l]);
                size_t back_size = ZSTD_decompress(back, size, packed, packed_size);
                input_report("zstd", levels[l], size, packed, packed_size,
                             back_size == size && !memcmp(back, input, size));
                if (packed_size > 40) {
                    packed[packed_size - 9] ^= 0x40;
                    size_t damaged = ZSTD_decompress(back, size, packed, packed_size);
                    printf("damaged %s\n", ZSTD_isError(damaged) ? ZSTD_getErrorName(damaged) : "unnoticed");
                }
            }
            free(input), free(packed), free(back);
        }
    dictionary();
    return 0;
}
