/* zlib: deflate at several levels and strategies, one-shot and in small pieces, dictionaries, damaged
 * streams. */
#include "input.h"

#include <zlib.h>

static void in_pieces(const unsigned char *input, size_t size, int level, int window, size_t piece) {
    z_stream s = {0};
    size_t bound = size + size / 8 + 1000;
    unsigned char *packed = malloc(bound), *back = malloc(size + 1);
    deflateInit2(&s, level, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
    s.next_in = (unsigned char *)input, s.next_out = packed;
    for (size_t given = 0, room = 0;;) {
        size_t more = size - given < piece ? size - given : piece;
        s.avail_in += (unsigned)more, given += more;
        room = bound - s.total_out < piece ? bound - s.total_out : piece;
        s.avail_out = (unsigned)room;
        if (deflate(&s, given == size ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_END)
            break;
    }
    size_t total = s.total_out;
    deflateEnd(&s);
    z_stream d = {0};
    inflateInit2(&d, window);
    d.next_in = packed, d.avail_in = (unsigned)total, d.next_out = back, d.avail_out = (unsigned)size + 1;
    int status = inflate(&d, Z_FINISH);
    input_report("zlib pieces", level, size, packed, total,
                 status == Z_STREAM_END && d.total_out == size && !memcmp(input, back, size));
    inflateEnd(&d);
    free(packed), free(back);
}

int main(void) {
    for (int kind = 0; kind < INPUT_KINDS; kind++)
        for (size_t i = 0; i < INPUT_SIZES; i++) {
            size_t size = input_sizes[i];
            unsigned char *input = input_make(kind, size);
            for (int level = 0; level <= 9; level += 3) {
                uLongf packed_size = compressBound(size), back_size = size + 1;
                unsigned char *packed = malloc(packed_size), *back = malloc(back_size);
                compress2(packed, &packed_size, input, size, level);
                int status = uncompress(back, &back_size, packed, packed_size);
                input_report("zlib", level, size, packed, packed_size,
                             !status && back_size == size && !memcmp(back, input, size));
                if (packed_size > 20) {
                    packed[packed_size / 2] ^= 0x55, back_size = size;
                    printf("damaged %d\n", uncompress(back, &back_size, packed, packed_size));
                }
                free(packed), free(back);
            }
            in_pieces(input, size, 6, 31, 1000);
            in_pieces(input, size, 1, -10, 77777);
            printf("%lx %lx\n", crc32(0, input, (unsigned)size), adler32(1, input, (unsigned)size));
            free(input);
        }
    printf("%s %lx\n", zlibVersion(), crc32_combine(1, 2, 1000));
    return 0;
}
