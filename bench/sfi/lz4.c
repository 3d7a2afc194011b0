#include "harness.h"
#include "input.h"

#include <lz4.h>

enum { SIZE = 2000000 };
static char *input, *packed, *back;
static int packed_size;

static uint64_t compress_once(void) {
    packed_size = LZ4_compress_default(input, packed, SIZE, LZ4_compressBound(SIZE));
    return (uint64_t)packed_size;
}
static uint64_t decompress_once(void) {
    bench_require(LZ4_decompress_safe(packed, back, packed_size, SIZE) == SIZE);
    return (uint64_t)back[SIZE / 2];
}
static void prepare(void) {
    input = (char *)input_make(INPUT_TEXT, SIZE), packed = malloc((size_t)LZ4_compressBound(SIZE)),
    back = malloc(SIZE);
    compress_once();
}
static const struct workload workloads[] = {{"lz4-compress", prepare, compress_once},
                                            {"lz4-decompress", prepare, decompress_once},
                                            {NULL, NULL, NULL}};
int main(int argc, char **argv) {
    return bench_main(workloads, argc, argv);
}
