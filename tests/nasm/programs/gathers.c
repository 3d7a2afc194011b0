// needs: avx2
#include <stdio.h>
#include <string.h>

typedef void *gather(void *result, const void *base, const void *indices, const void *masks);
gather dd_y, dd_x, ps_y, dq_y, pd_x, qq_y, qpd_x, qps_x, qd_x, qd_y, in_rcx;

int main(void) {
    static const struct {
        gather *function;
        int element, index;
    } list[] = {{dd_y, 4, 4}, {dd_x, 4, 4}, {ps_y, 4, 4}, {dq_y, 8, 4}, {pd_x, 8, 4}, {qq_y, 8, 8}, {qpd_x, 8, 8}, {qps_x, 4, 8}, {qd_x, 4, 8}, {qd_y, 4, 8}, {in_rcx, 4, 4}};
    unsigned char base[1024], result[64];
    for (int i = 0; i < 1024; i++)
        base[i] = (unsigned char)(i * 7 ^ i >> 3);
    for (unsigned i = 0; i < sizeof list / sizeof *list; i++)
        for (int pattern = 0; pattern < 256; pattern += 51) {
            int indices[8] = {0}, masks[8];
            for (int k = 0; k < 8; k++) {
                int value = (k * 5 + 3 + pattern) % 50 - (k == 2 ? 4 : 0);
                if (list[i].index == 4)
                    indices[k] = value;
                else if (k % 2 == 0)
                    memcpy(&indices[k], &(long){value}, 8);
                masks[k] = pattern >> (list[i].element == 8 ? k / 2 : k) & 1 ? -1 : 0;
            }
            memset(result, 0xee, sizeof result);
            if (list[i].function(result, base + 256, indices, masks) != base + 256)
                puts("the base has changed");
            for (int k = 0; k < 64; k++)
                printf("%02x", result[k]);
            putchar('\n');
        }
    return 0;
}
