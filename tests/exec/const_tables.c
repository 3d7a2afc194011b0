/* Constant tables with pointers to strings, functions, other tables and middles of arrays; static
 * initialisers. */
#include <stddef.h>
#include <stdio.h>

static int numbers[] = {10, 20, 30, 40, 50};
static int *const middle = &numbers[2];
static int *const past[] = {numbers + 5, numbers, &numbers[4], 0};
static const char *const names[] = {"zero", "one", "two", "three", NULL};
static const char *const *const names_from_two = names + 2;

static int add(int a, int b) {
    return a + b;
}
static int subtract(int a, int b) {
    return a - b;
}
int global_operation(int a, int b) {
    return a * b + 1;
}

struct operation {
    const char *name;
    int (*function)(int, int);
    const struct operation *next;
    char symbol;
    const int *data;
};
static const struct operation operations[] = {
    {"add", add, &operations[1], '+', numbers},
    {"subtract", subtract, &operations[2], '-', &numbers[3]},
    {"global", global_operation, NULL, '*', (const int *)&numbers + 1},
};
static struct {
    struct operation copy;
    long offset;
} writable = {{"writable", add, operations, '!', numbers}, offsetof(struct operation, symbol)};
static struct node {
    struct node *left, *right;
    int value;
} tree[] = {{&tree[1], &tree[2], 1}, {&tree[3], NULL, 2}, {NULL, NULL, 3}, {NULL, tree, 4}};
static const wchar_t wide[] = L"wide";
static const char text_array[3][8] = {"ab", "cdefg", "h"};
static void *self = &self;
static const double reals[] = {0.1, 1e10, -2.5};
static char *const cast_address = (char *)&numbers + 6;

int main(void) {
    printf("%d %d %d %s\n", *middle, past[0][-1], *past[2], names_from_two[1]);
    for (const struct operation *o = operations; o; o = o->next)
        printf("%s %c %d %d\n", o->name, o->symbol, o->function(7, 3), *o->data);
    numbers[3] = 99;
    printf("%d %d\n", *operations[1].data, writable.copy.next->function(1, 2));
    writable.copy.function = subtract;
    printf("%d %ld %s\n", writable.copy.function(1, 2), writable.offset, writable.copy.name);
    printf("%d %d\n", tree[0].left->left->right->value, tree[0].right->value);
    printf("%d %s %d %g %d\n", wide[1], text_array[1], self == &self, reals[1], *(short *)cast_address);
    static const void *local[] = {&&here, &writable, main};
here:
    printf("%d\n", local[1] == &writable && local[2] == (void *)main && local[0] != 0);
    return 0;
}
