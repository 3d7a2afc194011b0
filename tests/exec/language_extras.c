/* Statement expressions, _Generic, cleanup, designated initialisers, compound literals, flexible arrays,
 * typeof, case ranges, anonymous members. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#define MAX(a, b)                                                                                            \
    ({                                                                                                       \
        __typeof__(a) a_ = (a);                                                                              \
        __typeof__(b) b_ = (b);                                                                              \
        a_ > b_ ? a_ : b_;                                                                                   \
    })
#define KIND(x)                                                                                              \
    _Generic((x),                                                                                            \
        int: "int",                                                                                          \
        long: "long",                                                                                        \
        float: "float",                                                                                      \
        double: "double",                                                                                    \
        char *: "text",                                                                                      \
        const char *: "const text",                                                                          \
        default: "other")
struct message {
    int length;
    struct {
        short a, b;
    };
    union {
        int number;
        float real;
    };
    char text[];
};
static int cleanups;
static void clean(int *p) {
    cleanups = cleanups * 10 + *p;
}
static int scoped(int n) {
    __attribute__((cleanup(clean))) int first = 1;
    for (int i = 0; i < n; i++) {
        __attribute__((cleanup(clean))) int inner = 2;
        if (i == 1)
            return 3;
    }
    return 4;
}
static int sum(const int *p, int n) {
    int s = 0;
    while (n--)
        s += *p++;
    return s;
}
static inline __attribute__((always_inline)) int inlined(int n) {
    return n * 3;
}
static _Bool truth(double d) {
    return d;
}
enum colour { RED = -3, GREEN, BLUE = 1000000 };
_Static_assert(sizeof(enum colour) == 4, "enum");

int main(void) {
    int side = 0;
    printf("%d %d\n", MAX(side++, 5), MAX(7, side++));
    printf("%s %s %s %s %s\n", KIND(1), KIND(1L), KIND(1.0f), KIND("x"), KIND((short)1));
    struct message *m = malloc(sizeof *m + 16);
    m->length = 5, m->a = 1, m->b = 2, m->real = 1.5f;
    snprintf(m->text, 16, "%d-%d-%d", m->a, m->b, m->number);
    printf("%s %zu\n", m->text, offsetof(struct message, text));
    free(m);
    printf("%d %d %d\n", scoped(0), scoped(5), cleanups);
    int table[10] = {[3] = 7, [7 ... 9] = 2};
    printf("%d %d\n", sum(table, 10), sum((int[]){1, 2, 3, [5] = 10}, 6));
    printf("%d %d %d\n", inlined(5), truth(0.1), truth(0));
    for (int i = 0; i < 3; i++) {
        enum colour c = i == 0 ? RED : i == 1 ? GREEN : BLUE;
        switch (c) {
        case RED:
            printf("red ");
            break;
        case GREEN:
            printf("green ");
            break;
        case BLUE:
            printf("blue %d\n", c);
        }
    }
    wchar_t text[] = L"wide \u00e9\U0001f600";
    printf("%zu %x %x\n", wcslen(text), (unsigned)text[5], (unsigned)text[6]);
    printf("%s %s\n", __func__,
           "adjacent "
           "literals\x41\101");
    int n = 3;
    typeof(n) *p = &n;
    (*p)++, ++*p, p[0] <<= 2;
    printf("%d %d %d\n", n, n ?: 9, (n, n + 1));
    const volatile int cv = 3;
    register int r = cv + cv;
    printf("%d\n", r);
    long double big[2] = {1, 2};
    printf("%zu %zu %zu\n", sizeof big, _Alignof(long double), sizeof(struct message));
    goto end;
    printf("never\n");
end:
    return 42;
}
