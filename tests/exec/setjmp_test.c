/* setjmp and longjmp: nested, out of deep recursion, out of callbacks, volatile locals, repeated. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static jmp_buf outer, inner;

static __attribute__((noinline)) int dive(int depth, int limit) {
    volatile char frame[64];
    frame[depth & 63] = (char)depth;
    if (depth == limit)
        longjmp(inner, depth);
    return dive(depth + 1, limit) + frame[depth & 63];
}

static int throwing(const void *a, const void *b) {
    if (*(const int *)a == 13)
        longjmp(outer, 99);
    return *(const int *)a - *(const int *)b;
}

static int calls;
static __attribute__((noinline)) int protected(int n) {
    jmp_buf saved;
    memcpy(saved, inner, sizeof saved);
    volatile int step = 0;
    int code = setjmp(inner);
    if (!code) {
        step = 1;
        calls++;
        if (n > 0)
            step += protected(n - 1);
        dive(0, n + 3);
    }
    memcpy(inner, saved, sizeof saved);
    return step * 10 + code;
}

static __attribute__((noinline)) double floats(double x) {
    volatile double kept = x;
    jmp_buf here;
    int i = setjmp(here);
    if (i < 5) {
        kept = kept * 1.5 + i;
        longjmp(here, i + 1);
    }
    return kept;
}

int main(void) {
    volatile int count = 0;
    int code = setjmp(inner);
    count++;
    printf("code %d count %d\n", code, count);
    if (code < 300)
        dive(0, code + 100);
    if (setjmp(inner) == 0)
        longjmp(inner, 0);
    else
        printf("zero became one\n");
    int numbers[] = {5, 3, 13, 8, 1};
    code = setjmp(outer);
    if (!code)
        qsort(numbers, 5, sizeof *numbers, throwing);
    printf("outer %d\n", code);
    printf("%d %d\n", protected(4), calls);
    printf("%.6f\n", floats(2.5));
    int total = 0;
    for (int i = 0; i < 1000; i++) {
        int c = setjmp(inner);
        if (!c)
            dive(0, 1 + i % 7);
        total += c;
        if (_setjmp(outer) == 0)
            _longjmp(outer, 2);
    }
    printf("%d\n", total);
    sigjmp_buf with_signals;
    if (!sigsetjmp(with_signals, 1))
        siglongjmp(with_signals, 7);
    else
        printf("sigsetjmp\n");
    return 0;
}
