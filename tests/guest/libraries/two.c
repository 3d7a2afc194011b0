/* Depends on `one`. */
#include <stdio.h>

extern int one_counter;
extern _Thread_local int one_thread_local;
int one_next(void);
int (*two_table[])(void) = {one_next};
int *two_counter = &one_counter;

__attribute__((constructor)) static void start(void) {
    one_counter += 1000; /* after one's own constructor */
}

__attribute__((destructor)) static void stop(void) {
    puts("two: destructor");
}

int two_next(void) {
    return two_table[0]() + one_thread_local;
}

int two_value(void) {
    return *two_counter;
}
