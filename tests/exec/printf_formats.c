/* printf and scanf conversions of every kind. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
    double values[] = {0, 1, -1.5, 3.14159265358979, 1e-10, 1e22, 123456789.125, 1.0 / 3};
    for (int i = 0; i < 8; i++)
        printf("%f|%e|%g|%a|%10.3f|%-12.2e|%+g|%#g|%010.1f|%.0f|%.17g\n", values[i], values[i], values[i],
               values[i], values[i], values[i], values[i], values[i], values[i], values[i], values[i]);
    long integers[] = {0, 1, -1, 255, -32768, 1L << 40, -(1L << 62)};
    for (int i = 0; i < 7; i++)
        printf("%d|%5d|%-8d|%08ld|%+ld|%x|%#lX|%o|%lu|%hhd|%hd|%" PRIx64 "\n", (int)integers[i],
               (int)integers[i], (int)integers[i], integers[i], integers[i], (unsigned)integers[i],
               (unsigned long)integers[i], (unsigned)integers[i], (unsigned long)integers[i],
               (char)integers[i], (short)integers[i], (uint64_t)integers[i]);
    printf("[%s] [%10s] [%-10s] [%.3s] [%*s] [%c] [%%]\n", "text", "right", "left", "truncated", 7, "star",
           'c');
    int written;
    printf("count%n\n", &written);
    char buffer[64];
    printf("%d %d %s\n", written, snprintf(buffer, 8, "%d", 123456789), buffer);
    int a, b;
    unsigned x;
    char word[16];
    double d;
    long l;
    int n =
        sscanf("17 -4 0xff hello 2.5e3 99999999999 rest", "%d %d %x %15s %lf %ld", &a, &b, &x, word, &d, &l);
    printf("%d: %d %d %x %s %g %ld\n", n, a, b, x, word, d, l);
    n = sscanf("key=value; [abc]", "%15[^=]=%*[^;]; [%15[a-c]]", word, buffer);
    printf("%d %s %s\n", n, word, buffer);
    printf("%.20Lf %Lg %La\n", 0.1L, 1e4000L, 1.5L);
    fprintf(stdout, "%s\n", "to stdout");
    fputs("puts ", stdout), putchar('!'), putc('\n', stdout);
    fwrite("binary\0data\n", 1, 12, stdout);
    return 7;
}
