/* longjmp across frames with VLAs, over-aligned locals and big frames; the stacks must be as before, many
 * times over. */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

static jmp_buf environment;
static __attribute__((noinline)) void leave(int n) {
    longjmp(environment, n + 1);
}
static __attribute__((noinline)) void with_vla(int n) {
    char text[n * 10 + 1];
    memset(text, n, sizeof text);
    if (text[n])
        leave(text[n]);
    leave(0);
}
static __attribute__((noinline)) void with_alignment(int n) {
    _Alignas(64) char a[128];
    memset(a, n, sizeof a);
    with_vla(a[n & 127]);
}
static __attribute__((noinline)) void big(int n) {
    volatile char b[20000];
    b[n] = (char)n;
    with_alignment(b[n]);
}
static __attribute__((noinline)) int try(int n) {
    int vla[n + 1];
    vla[n] = n;
    _Alignas(32) volatile int kept = n * 2;
    int code = setjmp(environment);
    if (!code)
        big(n);
    return code + kept + vla[n];
}

int main(void) {
    long sum = 0;
    for (int i = 0; i < 3000; i++)
        sum = sum * 3 + try(i % 100);
    printf("%ld\n", sum);
    return 0;
}
