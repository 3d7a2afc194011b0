#include "harness.h"
#include "input.h"

#include <bzlib.h>

enum { SIZE = 200000 };
static char *input, *packed, *back;
static unsigned packed_size;

void bz_internal_error(int code) {
    (void)code;
    abort();
}
static uint64_t compress_once(void) {
    packed_size = SIZE + 5000;
    bench_require(BZ2_bzBuffToBuffCompress(packed, &packed_size, input, SIZE, 9, 0, 0) == BZ_OK);
    return packed_size;
}
static uint64_t decompress_once(void) {
    unsigned size = SIZE;
    bench_require(BZ2_bzBuffToBuffDecompress(back, &size, packed, packed_size, 0, 0) == BZ_OK);
    return (uint64_t)back[SIZE / 2];
}
static void prepare(void) {
    input = (char *)input_make(INPUT_TEXT, SIZE), packed = malloc(SIZE + 5000), back = malloc(SIZE);
    compress_once();
}
static const struct workload workloads[] = {{"bzip2-compress", prepare, compress_once},
                                            {"bzip2-decompress", prepare, decompress_once},
                                            {NULL, NULL, NULL}};
int main(int argc, char **argv) {
    return bench_main(workloads, argc, argv);
}
