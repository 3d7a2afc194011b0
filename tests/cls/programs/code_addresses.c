/* Addresses of code don't move: labels, computed gotos, tables of functions, callbacks, setjmp. */
#include "check.h"
#include <setjmp.h>

static int count;
static jmp_buf back;
static int add(int a) { return count += a; }
static int subtract(int a) { return count -= a; }
static const struct methods { int (*up)(int), (*down)(int); } methods = {add, subtract};
static struct thing { const struct methods *methods; int *count; int (*direct)(int); } things[] = {{&methods, &count, add}, {&methods, &count, subtract}};

static int interpret(const unsigned char *code) {
    static const void *const labels[] = {&&stop, &&increment, &&twice, &&jump};
    static int steps;
    goto *labels[*code++];
increment:
    count++, steps++;
    goto *labels[*code++];
twice:
    count *= 2, steps++;
    goto *labels[*code++];
jump:
    code++, steps++;
    goto *labels[*code++];
stop:
    return steps;
}
static int compare(const void *a, const void *b) {
    count++;
    return *(const int *)a - *(const int *)b;
}
static int unsorted[] = {5, 3, 9, 1, 7};

int main(void) {
    things[0].methods->up(5);
    CHECK(count == 5 && things[1].direct(2) == 3 && *things[0].count == 3);
    CHECK(interpret((const unsigned char[]){1, 2, 3, 9, 1, 0}) == 4 && count == 9);
    qsort(unsorted, 5, sizeof *unsorted, compare);
    CHECK(unsorted[0] == 1 && unsorted[4] == 9 && count > 12);
    count = 0;
    if (setjmp(back) < 3) {
        count++;
        longjmp(back, count);
    }
    CHECK(count == 3);
    return DONE;
}
