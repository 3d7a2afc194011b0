/* Frames beyond a page and of a megabyte, nested, with probes and arrays at both ends. */
#include <stdio.h>
#include <string.h>

static __attribute__((noinline)) int touch(char *p, int n) {
    p[0] = (char)n, p[n - 1] = (char)(n * 3);
    return p[0] + p[n - 1];
}
static __attribute__((noinline)) int five_kilo(int n) {
    char b[5000];
    return touch(b, 5000) + b[0] + n;
}
static __attribute__((noinline)) int hundred_kilo(int n) {
    char b[100000];
    return touch(b, 100000) + five_kilo(n) + b[99999];
}
static __attribute__((noinline)) int mega(int n) {
    char b[1 << 20], c[300];
    memset(c, n, sizeof c);
    return touch(b, 1 << 20) + hundred_kilo(n) + b[0] + c[n & 255];
}
static __attribute__((noinline)) long matrix(int n) {
    long m[64][64];
    for (int i = 0; i < 64; i++)
        for (int j = 0; j < 64; j++)
            m[i][j] = i * n - j;
    long s = 0;
    for (int i = 0; i < 64; i++)
        s += m[i][63 - i] * m[63 - i][i];
    return s;
}
static int recurse(int n) {
    char b[8192];
    touch(b, 8192);
    return n ? recurse(n - 1) + b[0] + b[8191] : 0;
}

int main(void) {
    for (int n = 1; n < 5; n++)
        printf("%d %d %d %ld %d\n", five_kilo(n), hundred_kilo(n), mega(n), matrix(n), recurse(n * 20));
    return 0;
}
