/* Two switches of one function, the second behind a prologue that the compiler delays. */
#include <stdio.h>

struct value {
    int kind;
    union {
        double number;
        int truth;
        const char *string;
    } u;
};

__attribute__((noinline)) static void print(const struct value *values, int i, long length) {
    const struct value *value = &values[i];
    switch (value->kind) {
    case 0:
        printf("nil");
        break;
    case 1:
        printf(value->u.truth ? "true" : "false");
        break;
    case 3:
        printf("%g", value->u.number);
        break;
    case 4:
        putchar('"');
        for (long k = 0; k < length; k++)
            switch (value->u.string[k]) {
            case '"':
                printf("\\\"");
                break;
            case '\a':
                printf("\\a");
                break;
            case '\b':
                printf("\\b");
                break;
            case '\f':
                printf("\\f");
                break;
            case '\n':
                printf("\\n");
                break;
            case '\t':
                printf("\\t");
                break;
            default:
                printf("%c", value->u.string[k]);
            }
        putchar('"');
        break;
    default:
        printf("? %d", value->kind);
    }
}

int main(void) {
    const struct value values[] = {{0, {0}}, {1, {.truth = 1}}, {3, {.number = 2.5}}, {4, {.string = "a\n\"b\t\a\f\b"}}, {2, {0}}, {9, {0}}};
    for (int i = 0; i < 6; i++) {
        print(values, i, 8);
        putchar('\n');
    }
    return 0;
}
