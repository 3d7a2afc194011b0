/* Plain variables: initialised, zero, static, in functions, arrays, structures, bit fields, in loops and branches. */
#include "check.h"

int initialised = 5, zero;
static int hidden = 7, hidden_zero;
static char text[32] = "initial";
static struct { int a : 3; unsigned b : 29; double c; char d[8]; } record = {-2, 12345, 1.5, "abc"};
static int matrix[16][16];
static _Complex double complex_value;
static volatile int noted;
long long wide = 0x123456789abcdefll;
static __int128 wider = 1;
static _Atomic int counter;

static int next(void) {
    static int calls = 100;
    return calls++;
}
static int next_zero(void) {
    static int calls;
    return ++calls;
}
static int recurse(int depth) {
    static int deepest;
    if (depth > deepest)
        deepest = depth;
    return depth ? recurse(depth - 1) : deepest;
}
static int branches(int which) {
    switch (which) {
    case 0: return initialised++;
    case 1: return hidden++;
    case 2: return zero++;
    case 3: return hidden_zero++;
    case 4: return (int)wide++;
    default: return -1;
    }
}
static int choose(int which) {
    int *place = which == 0 ? &initialised : which == 1 ? &hidden : which == 2 ? &zero : &hidden_zero;
    return *place;
}

int main(void) {
    CHECK(initialised == 5 && zero == 0 && hidden == 7 && hidden_zero == 0);
    CHECK(strcmp(text, "initial") == 0 && record.a == -2 && record.b == 12345 && record.c == 1.5);
    strcat(text, " and more");
    CHECK(strcmp(opaque(text), "initial and more") == 0);
    memcpy(record.d, "uvwxyz", 7);
    CHECK(strcmp(record.d, "uvwxyz") == 0);
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 16; j++)
            matrix[i][j] = i * hidden + j;
    long sum = 0;
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 16; j++)
            sum += matrix[j][i];
    CHECK(sum == 15 * 16 / 2 * 16 * 8);
    CHECK(next() == 100 && next() == 101 && next_zero() == 1 && next_zero() == 2);
    CHECK(recurse(9) == 9 && recurse(3) == 9);
    complex_value += 2.0;
    CHECK(__real__ complex_value == 2.0);
    for (int i = 0; i < 10; i++)
        noted += i;
    CHECK(noted == 45);
    wider <<= 100;
    CHECK(wider >> 99 == 2);
    __atomic_add_fetch((int *)&counter, 3, __ATOMIC_SEQ_CST);
    counter += 4;
    CHECK(counter == 7);
    for (int i = 0; i < 5; i++)
        CHECK(branches(i) == choose(i) - 1 || i == 4);
    CHECK(branches(5) == -1 && wide == 0x123456789abcdf0ll);
    CHECK((uintptr_t)&initialised >> 32 == 0 && (uintptr_t)&text >> 32 == 0);
    CHECK(&matrix[16][0] - &matrix[0][0] == 256);
    return DONE;
}
