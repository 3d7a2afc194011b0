/* Variables as operands of memory functions, structure copies, vectors, variable arguments; tables that the optimiser makes. */
#include "check.h"
#include <stdarg.h>

struct big { long words[40]; char name[24]; };
static struct big one = {{1, 2, 3}, "one"}, two;
static unsigned char bytes[256], upper[256];
static double samples[128];
static float weights[128];

static struct big give(void) { return one; }
static void take(struct big value) { two = value, two.words[39]++; }
static long sum(int count, ...) {
    va_list list;
    long total = 0;
    va_start(list, count);
    while (count--)
        total += *va_arg(list, long *);
    va_end(list);
    return total;
}
static const char *describe(int number) {
    static const char *const words[] = {"zero", "one", "two", "three"};
    return number >= 0 && number < 4 ? words[number] : "many";
}
__attribute__((noinline)) static void fill(int by) {
    for (int i = 0; i < 128; i++)
        samples[i] = i * by, weights[i] = (float)i;
}

int main(void) {
    two = one;
    CHECK(memcmp(&one, &two, sizeof one) == 0);
    take(give());
    CHECK(two.words[2] == 3 && two.words[39] == 1 && strcmp(two.name, "one") == 0);
    for (int i = 0; i < 256; i++)
        bytes[i] = (unsigned char)i;
    memcpy(upper, bytes, sizeof bytes);
    memmove(upper + 1, upper, 255);
    CHECK(upper[0] == 0 && upper[1] == 0 && upper[255] == 254);
    memset(bytes, 1, sizeof bytes);
    fill(2);
    double total = 0;
    for (int i = 0; i < 128; i++)
        total += samples[i] * weights[i];
    CHECK(total == 2.0 * 127 * 128 * 255 / 6);
    CHECK(sum(3, &one.words[0], &one.words[1], &one.words[2]) == 6);
    CHECK(strcmp(describe(*(volatile int *)&(int){2}), "two") == 0);
    char buffer[40];
    snprintf(buffer, sizeof buffer, "%s %ld", one.name, two.words[1]);
    CHECK(strcmp(buffer, "one 2") == 0);
    return DONE;
}
