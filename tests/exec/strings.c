/* The C library's string functions at every small size and alignment. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static char a[512], b[512];

static unsigned digest(const char *p, size_t n) {
    unsigned h = 2166136261;
    while (n--)
        h = (h ^ (unsigned char)*p++) * 16777619;
    return h;
}

int main(void) {
    for (int i = 0; i < 511; i++)
        a[i] = (char)(33 + i * 7 % 90);
    for (size_t n = 0; n < 140; n += n < 40 ? 1 : 13)
        for (size_t offset = 0; offset < 9; offset += 2) {
            memset(b, '.', sizeof b);
            memcpy(b + offset, a + 3, n);
            unsigned h = digest(b, sizeof b);
            memmove(b + offset + 3, b + offset, n);
            h = h * 3 + digest(b, sizeof b);
            memmove(b + offset, b + offset + 5, n);
            h = h * 3 + digest(b, sizeof b);
            memset(b + offset, (int)n, n);
            h = h * 3 + digest(b, sizeof b);
            printf("%zu/%zu %x %d\n", n, offset, h, memcmp(a, a + 90, n) < 0);
        }
    b[0] = 0;
    strcpy(b, "alpha");
    strcat(b, ",beta");
    strncat(b, ",gamma-ignored", 6);
    printf("%s %zu %zu\n", b, strlen(b), strnlen(b, 4));
    for (char *save, *word = strtok_r(b, ",", &save); word; word = strtok_r(NULL, ",", &save))
        printf("[%s]", word);
    printf("%s %s %s\n", strchr("hello world", 'o'), strrchr("hello world", 'o'),
           strstr("the needle in hay", "needle"));
    printf("%d %d %d\n", strcmp("abc", "abd") < 0, strncmp("abcx", "abcy", 3), strcasecmp("HeLLo", "hEllO"));
    printf("%zu %zu %s\n", strspn("aabbc", "ab"), strcspn("hello", "lo"), strpbrk("hello", "xyzl"));
    printf("%p %d\n", memchr("abc", 'z', 3), *(char *)memchr("abc", 'c', 3));
    for (int c = 0; c < 128; c++)
        printf("%d", !!isalpha(c) + 2 * !!isdigit(c) + 4 * !!isspace(c));
    printf("\n%ld %lu %g %d\n", strtol("-0x1f zz", NULL, 0), strtoul("777", NULL, 8), strtod("1.25e3x", NULL),
           atoi(" 42"));
    printf("%s %s\n", strdup("copy"), strerror(2));
    int number, count;
    char word[20];
    float real;
    count = sscanf("12 apples 3.5", "%d %19s %f", &number, word, &real);
    printf("%d %d %s %g\n", count, number, word, real);
    return 0;
}
