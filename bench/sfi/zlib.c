#include "harness.h"
#include "input.h"

#include <zlib.h>

enum { SIZE = 300000 };
static unsigned char *input, *packed, *back;
static uLongf packed_size;

static uint64_t compress_once(void) {
    packed_size = compressBound(SIZE);
    bench_require(compress2(packed, &packed_size, input, SIZE, 6) == Z_OK);
    return packed_size;
}
static uint64_t decompress_once(void) {
    uLongf size = SIZE;
    bench_require(uncompress(back, &size, packed, packed_size) == Z_OK && size == SIZE);
    return back[SIZE / 2];
}
static void prepare(void) {
    input = input_make(INPUT_TEXT, SIZE), packed = malloc(compressBound(SIZE)), back = malloc(SIZE);
    compress_once();
}
static const struct workload workloads[] = {{"zlib-compress", prepare, compress_once},
                                            {"zlib-decompress", prepare, decompress_once},
                                            {NULL, NULL, NULL}};
int main(int argc, char **argv) {
    return bench_main(workloads, argc, argv);
}
