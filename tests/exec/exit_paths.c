/* atexit handlers, exit from a nested call, buffered output flushed at the end. */
#include <stdio.h>
#include <stdlib.h>

static void first(void) {
    printf("first registered, last run\n");
}
static void second(void) {
    printf("second\n");
}
static __attribute__((noinline, noreturn)) void leave(int depth) {
    if (depth)
        leave(depth - 1);
    printf("leaving");
    exit(17);
}

int main(void) {
    atexit(first);
    atexit(second);
    printf("no newline yet... ");
    leave(5);
}
