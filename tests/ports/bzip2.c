/* bzip2: block sizes and work factors, damaged input. */
#include "input.h"

#include <bzlib.h>

void bz_internal_error(int code) {
    printf("internal error %d\n", code);
    exit(3);
}

int main(void) {
    for (int kind = 0; kind < INPUT_KINDS; kind++)
        for (size_t i = 0; i < INPUT_SIZES; i++) {
            unsigned size = (unsigned)input_sizes[i], bound = size + size / 50 + 700;
            char *input = (char *)input_make(kind, size), *packed = malloc(bound), *back = malloc(size + 1);
            for (int level = 1; level <= 9; level += 4) {
                unsigned packed_size = bound, back_size = size + 1;
                BZ2_bzBuffToBuffCompress(packed, &packed_size, input, size, level, 0, level * 20);
                int status = BZ2_bzBuffToBuffDecompress(back, &back_size, packed, packed_size, level == 5, 0);
                input_report("bzip2", level, size, packed, packed_size,
                             !status && back_size == size && !memcmp(back, input, size));
                if (packed_size > 60) {
                    packed[packed_size / 2] ^= 0x40, back_size = size;
                    printf("damaged %d\n",
                           BZ2_bzBuffToBuffDecompress(back, &back_size, packed, packed_size, 0, 0));
                }
            }
            free(input), free(packed), free(back);
        }
    return 0;
}
