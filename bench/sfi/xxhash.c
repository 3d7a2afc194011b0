#include "harness.h"
#include "input.h"

#include <xxhash.h>

enum { SIZE = 1000000 };
static unsigned char *input;

static uint64_t run_xxh64(void) {
    return XXH64(input, SIZE, 1);
}
static uint64_t run_short_keys(void) {
    uint64_t sum = 0;
    for (int i = 0; i < 40000; i++)
        sum += XXH3_64bits(input + i, (size_t)(4 + i % 40));
    return sum;
}
static void prepare(void) {
    input = input_make(INPUT_RANDOM, SIZE);
}
static const struct workload workloads[] = {
    {"xxh64", prepare, run_xxh64}, {"xxh3-short", prepare, run_short_keys}, {NULL, NULL, NULL}};
int main(int argc, char **argv) {
    return bench_main(workloads, argc, argv);
}
