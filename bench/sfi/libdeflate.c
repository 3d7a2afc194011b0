#include "harness.h"
#include "input.h"

#include <libdeflate.h>

enum { SIZE = 500000 };
static unsigned char *input, *packed, *back;
static size_t packed_size, bound;
static struct libdeflate_compressor *compressor;
static struct libdeflate_decompressor *decompressor;

static uint64_t compress_once(void) {
    packed_size = libdeflate_zlib_compress(compressor, input, SIZE, packed, bound);
    return packed_size;
}
static uint64_t decompress_once(void) {
    bench_require(libdeflate_zlib_decompress(decompressor, packed, packed_size, back, SIZE, NULL) ==
                  LIBDEFLATE_SUCCESS);
    return back[SIZE / 2];
}
static void prepare(void) {
    compressor = libdeflate_alloc_compressor(6), decompressor = libdeflate_alloc_decompressor();
    bound = libdeflate_zlib_compress_bound(compressor, SIZE);
    input = input_make(INPUT_TEXT, SIZE), packed = malloc(bound), back = malloc(SIZE);
    compress_once();
}
static const struct workload workloads[] = {{"libdeflate-compress", prepare, compress_once},
                                            {"libdeflate-decompress", prepare, decompress_once},
                                            {NULL, NULL, NULL}};
int main(int argc, char **argv) {
    return bench_main(workloads, argc, argv);
}
