#include "harness.h"
#include "input.h"

#include <brotli/decode.h>
#include <brotli/encode.h>

enum { SIZE = 500000 };
static unsigned char *input, *packed, *back;
static size_t packed_size;

static uint64_t compress_once(void) {
    packed_size = BrotliEncoderMaxCompressedSize(SIZE);
    bench_require(BrotliEncoderCompress(5, 20, BROTLI_MODE_TEXT, SIZE, input, &packed_size, packed));
    return packed_size;
}
static uint64_t decompress_once(void) {
    size_t size = SIZE;
    bench_require(BrotliDecoderDecompress(packed_size, packed, &size, back) == BROTLI_DECODER_RESULT_SUCCESS);
    return back[SIZE / 2];
}
static void prepare(void) {
    input = input_make(INPUT_TEXT, SIZE), packed = malloc(BrotliEncoderMaxCompressedSize(SIZE)),
    back = malloc(SIZE);
    compress_once();
}
static const struct workload workloads[] = {{"brotli-compress", prepare, compress_once},
                                            {"brotli-decompress", prepare, decompress_once},
                                            {NULL, NULL, NULL}};
int main(int argc, char **argv) {
    return bench_main(workloads, argc, argv);
}
