/* libdeflate: all three formats at several levels, checksums, damaged input. */
#include "input.h"

#include <libdeflate.h>

int main(void) {
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    for (int level = 0; level <= 12; level += 2) {
        struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(level);
        for (int kind = 0; kind < INPUT_KINDS; kind++)
            for (size_t i = 0; i < INPUT_SIZES; i++) {
                size_t size = input_sizes[i], bound = libdeflate_gzip_compress_bound(compressor, size), got;
                unsigned char *input = input_make(kind, size), *packed = malloc(bound),
                              *back = malloc(size + 1);
                size_t n = libdeflate_deflate_compress(compressor, input, size, packed, bound);
                int status = (int)libdeflate_deflate_decompress(decompressor, packed, n, back, size, &got);
                input_report("deflate", level, size, packed, n,
                             !status && got == size && !memcmp(back, input, size));
                n = libdeflate_zlib_compress(compressor, input, size, packed, bound);
                status = (int)libdeflate_zlib_decompress(decompressor, packed, n, back, size, &got);
                input_report("zlib", level, size, packed, n, !status && got == size);
                n = libdeflate_gzip_compress(compressor, input, size, packed, bound);
                status = (int)libdeflate_gzip_decompress(decompressor, packed, n, back, size, &got);
                input_report("gzip", level, size, packed, n, !status && got == size);
                packed[n / 2] ^= 8;
                printf("damaged %d\n", libdeflate_gzip_decompress(decompressor, packed, n, back, size,
                                                                  &got) != LIBDEFLATE_SUCCESS);
                printf("%x %x\n", libdeflate_crc32(0, input, size), libdeflate_adler32(1, input, size));
                free(input), free(packed), free(back);
            }
        libdeflate_free_compressor(compressor);
    }
    libdeflate_free_decompressor(decompressor);
    return 0;
}
