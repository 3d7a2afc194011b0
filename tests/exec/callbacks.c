/* Function pointers: qsort, bsearch, tables, returned pointers, struct methods, callbacks with contexts. */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_int(const void *a, const void *b) {
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static double twice(double x) {
    return 2 * x;
}
static double square(double x) {
    return x * x;
}
static double negate(double x) {
    return -x;
}

typedef double (*function)(double);
static function const functions[] = {twice, square, negate, 0};

static __attribute__((noinline)) function choose(int n) {
    return functions[n % 3];
}

static __attribute__((noinline)) double compose(const function *list, double x) {
    for (; *list; list++)
        x = (*list)(x);
    return x;
}

struct shape {
    const struct methods {
        double (*area)(const struct shape *);
        const char *(*name)(void);
    } *methods;
    double a, b;
};

static double rectangle_area(const struct shape *s) {
    return s->a * s->b;
}
static double circle_area(const struct shape *s) {
    return 3 * s->a * s->a;
}
static const char *rectangle_name(void) {
    return "rectangle";
}
static const char *circle_name(void) {
    return "circle";
}
static const struct methods rectangle = {rectangle_area, rectangle_name}, circle = {circle_area, circle_name};

static void walk(const void *node, VISIT visit, int depth) {
    if (visit == postorder || visit == leaf)
        printf("%d@%d ", **(int *const *)node, depth);
}

static int apply(int (*callback)(void *, int), void *context, int n) {
    int total = 0;
    for (int i = 0; i < n; i++)
        total += callback(context, i);
    return total;
}

static int weigh(void *context, int i) {
    return ((int *)context)[i & 3] * i;
}

int main(void) {
    int numbers[200];
    unsigned seed = 1;
    for (int i = 0; i < 200; i++)
        numbers[i] = (int)((seed = seed * 1103515245 + 12345) >> 16) % 1000;
    qsort(numbers, 200, sizeof *numbers, by_int);
    for (int i = 0; i < 200; i += 7)
        printf("%d ", numbers[i]);
    int key = numbers[77];
    int *found = bsearch(&key, numbers, 200, sizeof *numbers, by_int);
    printf("\n%d\n", *found == key);
    const char *words[] = {"pear", "apple", "fig", "quince", "banana", "cherry", "date"};
    qsort(words, 7, sizeof *words, by_text);
    for (int i = 0; i < 7; i++)
        printf("%s ", words[i]);
    for (int i = 0; i < 6; i++)
        printf("%g ", choose(i)(i + 0.5));
    printf("%g\n", compose(functions, 3));
    struct shape shapes[] = {{&rectangle, 2, 3}, {&circle, 2, 0}};
    for (int i = 0; i < 2; i++)
        printf("%s %g\n", shapes[i].methods->name(), shapes[i].methods->area(&shapes[i]));
    void *root = NULL;
    for (int i = 0; i < 20; i++)
        tsearch(&numbers[i * 37 % 200], &root, by_int);
    twalk(root, walk);
    int weights[] = {1, 10, 100, 1000};
    printf("\n%d\n", apply(weigh, weights, 20));
    return 0;
}
