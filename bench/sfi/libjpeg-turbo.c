#include "harness.h"
#include "input.h"

#include <jpeglib.h>

enum { WIDTH = 640, HEIGHT = 480 };
static unsigned char pixels[HEIGHT][WIDTH * 3], *packed;
static unsigned long packed_size;

static uint64_t encode(void) {
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr errors;
    unsigned char *start = packed;
    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    packed_size = sizeof pixels;
    jpeg_mem_dest(&info, &start, &packed_size);
    info.image_width = WIDTH, info.image_height = HEIGHT, info.input_components = 3,
    info.in_color_space = JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_start_compress(&info, TRUE);
    while (info.next_scanline < HEIGHT) {
        JSAMPROW row = pixels[info.next_scanline];
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    return packed_size;
}
static uint64_t decode(void) {
    static unsigned char line[WIDTH * 3];
    struct jpeg_decompress_struct info;
    struct jpeg_error_mgr errors;
    uint64_t sum = 0;
    info.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&info);
    jpeg_mem_src(&info, packed, packed_size);
    jpeg_read_header(&info, TRUE);
    jpeg_start_decompress(&info);
    while (info.output_scanline < HEIGHT) {
        JSAMPROW row = line;
        jpeg_read_scanlines(&info, &row, 1);
        sum = sum * 3 + line[777];
    }
    jpeg_finish_decompress(&info);
    jpeg_destroy_decompress(&info);
    return sum;
}
static void prepare(void) {
    uint32_t seed = 5;
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH * 3; x++)
            pixels[y][x] = (unsigned char)(x / 8 + (x ^ y) % 31 * 4 + (int)(input_next(&seed) % 16));
    packed = malloc(sizeof pixels);
    encode();
}
static const struct workload workloads[] = {
    {"jpeg-encode", prepare, encode}, {"jpeg-decode", prepare, decode}, {NULL, NULL, NULL}};
int main(int argc, char **argv) {
    return bench_main(workloads, argc, argv);
}
