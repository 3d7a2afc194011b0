/* lz4: block, high compression and frame formats; partial and damaged input. */
#include "input.h"

#include <lz4.h>
#include <lz4frame.h>
#include <lz4hc.h>

int main(void) {
    for (int kind = 0; kind < INPUT_KINDS; kind++)
        for (size_t i = 0; i < INPUT_SIZES; i++) {
            int size = (int)input_sizes[i], bound = LZ4_compressBound(size) + 8;
            char *input = (char *)input_make(kind, (size_t)size), *packed = malloc((size_t)bound),
                 *back = malloc((size_t)size + 1);
            for (int level = 1; level <= 12; level += 4) {
                int fast = LZ4_compress_fast(input, packed, size, bound, level);
                input_report("lz4", level, (size_t)size, packed, (size_t)fast,
                             LZ4_decompress_safe(packed, back, fast, size) == size &&
                                 !memcmp(input, back, (size_t)size));
                int high = LZ4_compress_HC(input, packed, size, bound, level);
                input_report("lz4hc", level, (size_t)size, packed, (size_t)high,
                             LZ4_decompress_safe(packed, back, high, size) == size &&
                                 !memcmp(input, back, (size_t)size));
                printf("partial %d\n",
                       LZ4_decompress_safe_partial(packed, back, high, size / 2, size) >= size / 2);
                if (high > 10) {
                    packed[high / 2] ^= 0x11;
                    printf("damaged %d\n", LZ4_decompress_safe(packed, back, high - 3, size) < 0);
                }
            }
            LZ4F_preferences_t preferences = {
                .frameInfo = {.contentChecksumFlag = 1, .blockSizeID = LZ4F_max64KB},
                .compressionLevel = kind * 3};
            size_t room = LZ4F_compressFrameBound((size_t)size, &preferences);
            char *frame = malloc(room);
            size_t length = LZ4F_compressFrame(frame, room, input, (size_t)size, &preferences);
            LZ4F_dctx *context;
            LZ4F_createDecompressionContext(&context, LZ4F_VERSION);
            size_t back_size = (size_t)size + 1, used = length,
                   left = LZ4F_decompress(context, back, &back_size, frame, &used, NULL);
            input_report("lz4 frame", kind, (size_t)size, frame, length,
                         left == 0 && back_size == (size_t)size && !memcmp(input, back, (size_t)size));
            LZ4F_freeDecompressionContext(context);
            free(frame), free(input), free(packed), free(back);
        }
    return 0;
}
