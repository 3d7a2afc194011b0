#include "harness.h"
#include "input.h"

#include <zstd.h>

enum { SIZE = 1000000 };
static unsigned char *input, *packed, *back;
static size_t packed_size;
static ZSTD_CCtx *compressor;
static ZSTD_DCtx *decompressor;

static uint64_t compress_once(void) {
    packed_size = ZSTD_compressCCtx(compressor, packed, ZSTD_compressBound(SIZE), input, SIZE, 3);
    bench_require(!ZSTD_isError(packed_size));
    return packed_size;
}
static uint64_t decompress_once(void) {
    bench_require(ZSTD_decompressDCtx(decompressor, back, SIZE, packed, packed_size) == SIZE);
    return back[SIZE / 2];
}
static void prepare(void) {
    input = input_make(INPUT_TEXT, SIZE), packed = malloc(ZSTD_compressBound(SIZE)), back = malloc(SIZE);
    compressor = ZSTD_createCCtx(), decompressor = ZSTD_createDCtx();
    compress_once();
}
static const struct workload workloads[] = {{"zstd-compress", prepare, compress_once},
                                            {"zstd-decompress", prepare, decompress_once},
                                            {NULL, NULL, NULL}};
int main(int argc, char **argv) {
    return bench_main(workloads, argc, argv);
}
