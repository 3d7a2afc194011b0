/* setjmp, longjmp, signal masks. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>

static jmp_buf buffer;
static sigjmp_buf signal_buffer;

static void deep(int depth, int value) {
    volatile char block[64];
    memset((char *)block, depth, sizeof block);
    if (depth == 0)
        longjmp(buffer, value);
    deep(depth - 1, value);
    if (block[3] != depth)
        abort();
}

static int is_blocked(int signal) {
    sigset_t set;
    sigprocmask(SIG_BLOCK, NULL, &set);
    return sigismember(&set, signal);
}

static void handler(int signal) {
    siglongjmp(signal_buffer, signal);
}

static double keeps_registers(int count) {
    volatile int times = 0;
    double a = count * 1.5, b = count + 0.25;
    if (setjmp(buffer) < 3) {
        times++;
        deep(5, times);
    }
    return a + b + times;
}

/* Dynamic allocations between setjmp and longjmp. */
static long with_alloca(int count) {
    volatile long sum = 0;
    volatile int round = 0;
    int value = setjmp(buffer);
    if (value < 20) {
        char *block = __builtin_alloca((size_t)count * (size_t)(value + 1));
        memset(block, value, (size_t)count);
        sum += block[count - 1];
        round++;
        deep(value, value + 1);
    }
    return sum * 1000 + round;
}

int main(void) {
    volatile int round = 0;
    int value = setjmp(buffer);
    printf("setjmp %d\n", value);
    switch (round++) {
    case 0:
        deep(100, 5);
    case 1:
        deep(3, 0); /* setjmp returns 1 */
    case 2:
        deep(0, -1);
    }
    printf("registers %g\n", keeps_registers(10));
    printf("alloca %ld\n", with_alloca(5000));
    signal(SIGUSR1, handler);
    for (volatile int i = 0; i < 3; i++) {
        value = sigsetjmp(signal_buffer, 1);
        printf("sigsetjmp %d blocked %d\n", value, is_blocked(SIGUSR1));
        if (value == 0)
            raise(SIGUSR1);
    }
    value = sigsetjmp(signal_buffer, 0);
    printf("without mask %d blocked %d\n", value, is_blocked(SIGUSR1));
    if (value == 0)
        raise(SIGUSR1);
    volatile int loops = 0;
    for (int i = 0; i < 100000; i++)
        if (setjmp(buffer) == 0)
            deep(i % 7, 1);
        else
            loops++;
    printf("loops %d\n", loops);
    return 0;
}
