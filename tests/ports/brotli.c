/* brotli: qualities and modes, damaged input. */
#include "input.h"

#include <brotli/decode.h>
#include <brotli/encode.h>

int main(void) {
    for (int kind = 0; kind < INPUT_KINDS; kind++)
        for (size_t i = 0; i < INPUT_SIZES; i++)
            for (int quality = 0; quality <= 11; quality += quality < 9 ? 3 : 2) {
                size_t size = input_sizes[i];
                if (quality == 11 && size > 70000)
                    continue;
                size_t packed_size = BrotliEncoderMaxCompressedSize(size) + 100, back_size = size + 1;
                unsigned char *input = input_make(kind, size), *packed = malloc(packed_size),
                              *back = malloc(size + 1);
                BrotliEncoderCompress(quality, 18 + kind,
                                      kind == INPUT_TEXT ? BROTLI_MODE_TEXT : BROTLI_MODE_GENERIC, size,
                                      input, &packed_size, packed);
                int status = BrotliDecoderDecompress(packed_size, packed, &back_size, back);
                input_report("brotli", quality, size, packed, packed_size,
                             status == BROTLI_DECODER_RESULT_SUCCESS && back_size == size &&
                                 !memcmp(back, input, size));
                if (packed_size > 20) {
                    packed[packed_size / 2] ^= 0x21, back_size = size;
                    printf("damaged %d\n", BrotliDecoderDecompress(packed_size, packed, &back_size, back) ==
                                               BROTLI_DECODER_RESULT_SUCCESS);
                }
                free(input), free(packed), free(back);
            }
    return 0;
}
