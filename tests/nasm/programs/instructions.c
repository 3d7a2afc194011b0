// needs: avx2 bmi2 movbe
#include <stdio.h>
#include <string.h>

long integers(long *), bit_fields(long, long), narrow_addresses(long, long), conversions(long, const int *, char *), shuffles(const char *, char *);
void x87(const void *, void *);
char *strings(char *, const char *, long);

static void dump(const void *data, int size) {
    for (int i = 0; i < size; i++)
        printf("%02x%s", ((const unsigned char *)data)[i], i % 32 == 31 || i == size - 1 ? "\n" : "");
}

int main(void) {
    long numbers[8];
    for (int i = 0; i < 8; i++)
        numbers[i] = 0x0123456789abcdefl * (i + 1) + 0x1111 * i;
    printf("%lx\n", integers(numbers));
    dump(numbers, sizeof numbers);
    printf("%lx\n", bit_fields(0x123456789abcdef0, 0x00ff00ff00ff00f3));
    char out[128] = {0};
    printf("%lx\n", conversions(-123456789, (const int[]){7, -9, 100000, 3}, out));
    dump(out, sizeof out);
    char in[64];
    for (int i = 0; i < 64; i++)
        in[i] = (char)(i * 37 + 11);
    memset(out, 0, sizeof out);
    printf("%lx\n", shuffles(in, out));
    dump(out, sizeof out);
    struct {
        float a;
        double b;
        short c;
        int d;
        long e;
    } values = {1.5f, 2.25, 30, 4, 1000};
    memset(out, 0, sizeof out);
    x87(&values, out);
    dump(out, 42);
    memset(out, 0, sizeof out);
    strings(out, "what is copied", 14);
    dump(out, 32);
    printf("%lx\n", narrow_addresses(0x7ab6fbbbff80a300, 0x123456789abcdef0));
    return 0;
}
