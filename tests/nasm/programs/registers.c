#include <stdio.h>

long with_frame_register(const long *, long), with_frame_pointer(long, long), with_byte_register(long), with_all(const long *, long),
    with_all_and_call(const long *, long), twice(long), page_frame(long);

long twice(long value) {
    return 2 * value;
}

int main(void) {
    long values[16];
    for (int i = 0; i < 16; i++)
        values[i] = 0x123456789abcdefl * (i + 3) ^ i << 5;
    printf("%lx\n", with_frame_register(values, 16));
    printf("%ld\n", with_frame_pointer(-123456789, 987654321));
    for (long i = -3; i < 300; i += 77)
        printf("%ld\n", with_byte_register(i));
    for (long i = 1; i < 4; i++, values[4] = values[5] - i)
        printf("%lx\n", with_all(values, i));
    printf("%lx\n", with_all_and_call(values, 77));
    printf("%ld\n", page_frame(3));
    return 0;
}
