/* libjpeg-turbo: baseline, progressive and arithmetic coding, all DCT methods and samplings; errors through
 * longjmp. */
#include "input.h"

#include <jpeglib.h>
#include <setjmp.h>

struct errors {
    struct jpeg_error_mgr manager;
    jmp_buf back;
};

static void leave(j_common_ptr info) {
    char message[JMSG_LENGTH_MAX];
    info->err->format_message(info, message);
    printf("error: %s\n", message);
    longjmp(((struct errors *)info->err)->back, 1);
}

static void quiet(j_common_ptr info) {
    (void)info;
}

static void paint(unsigned char *pixels, int width, int height) {
    uint32_t seed = 5;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            unsigned char *p = pixels + 3 * (y * width + x);
            p[0] = (unsigned char)(x * 255 / width),
            p[1] = (unsigned char)((x ^ y) & 0x40 ? 200 : y * 255 / height),
            p[2] = (unsigned char)(input_next(&seed) % 40 + x * y / 500);
        }
}

static size_t encode(const unsigned char *pixels, int width, int height, int variant, unsigned char **out) {
    struct jpeg_compress_struct info;
    struct errors errors;
    unsigned long size = 0;
    *out = NULL;
    info.err = jpeg_std_error(&errors.manager);
    errors.manager.error_exit = leave, errors.manager.output_message = quiet;
    if (setjmp(errors.back)) {
        jpeg_destroy_compress(&info);
        return 0;
    }
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, out, &size);
    info.image_width = (unsigned)width, info.image_height = (unsigned)height, info.input_components = 3,
    info.in_color_space = JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, 30 + variant * 9, TRUE);
    info.dct_method = (J_DCT_METHOD)(variant % 3);
    info.comp_info[0].h_samp_factor = 1 + (variant & 1),
    info.comp_info[0].v_samp_factor = 1 + (variant >> 1 & 1);
    if (variant & 4)
        jpeg_simple_progression(&info);
    info.arith_code = variant == 3;
    info.optimize_coding = variant == 2;
    info.restart_interval = variant == 1 ? 5 : 0;
    jpeg_start_compress(&info, TRUE);
    while (info.next_scanline < info.image_height) {
        JSAMPROW row = (JSAMPROW)(pixels + 3 * width * (int)info.next_scanline);
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    return size;
}

static void decode(const unsigned char *packed, size_t size, int variant) {
    struct jpeg_decompress_struct info;
    struct errors errors;
    static unsigned char row[3 * 700];
    uint64_t hash = 0;
    info.err = jpeg_std_error(&errors.manager);
    errors.manager.error_exit = leave, errors.manager.output_message = quiet;
    jpeg_create_decompress(&info);
    if (!setjmp(errors.back)) {
        jpeg_mem_src(&info, packed, size);
        jpeg_read_header(&info, TRUE);
        info.scale_num = variant & 2 ? 1 : 2, info.scale_denom = 2;
        info.dct_method = (J_DCT_METHOD)((variant + 1) % 3);
        info.do_fancy_upsampling = variant & 1;
        if (variant == 5)
            info.quantize_colors = TRUE, info.desired_number_of_colors = 30;
        jpeg_start_decompress(&info);
        if (info.output_width * (size_t)info.output_components > sizeof row) { /* damage can do that */
            printf("too wide: %u\n", info.output_width);
            longjmp(errors.back, 1);
        }
        while (info.output_scanline < info.output_height) {
            JSAMPROW rows = row;
            jpeg_read_scanlines(&info, &rows, 1);
            hash = hash * 31 + input_digest(row, info.output_width * (size_t)info.output_components);
        }
        jpeg_finish_decompress(&info);
        printf("decoded %ux%u %016lx warnings %ld\n", info.output_width, info.output_height,
               (unsigned long)hash, errors.manager.num_warnings);
    }
    jpeg_destroy_decompress(&info);
}

int main(void) {
    for (int width = 16; width < 700; width = width * 5 / 2 + 1)
        for (int variant = 0; variant < 8; variant++) {
            int height = width * 2 / 3 + 1;
            unsigned char *pixels = malloc((size_t)(width * height * 3)), *packed;
            paint(pixels, width, height);
            size_t size = encode(pixels, width, height, variant, &packed);
            printf("%dx%d variant %d: %zu %016lx\n", width, height, variant, size,
                   (unsigned long)input_digest(packed, size));
            decode(packed, size, variant);
            packed[size / 2] ^= 0x3c;
            decode(packed, size, variant);
            decode(packed, size / 3, variant);
            packed[1] = 0;
            decode(packed, size, variant);
            free(pixels), free(packed);
        }
    return 0;
}
