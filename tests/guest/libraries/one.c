/* A library with data of every kind: writable, relocated, thread-local, weak, and references both ways. */
#include <stdio.h>

int one_counter = 5;
int one_zero[1000];
const char *const one_names[] = {"alpha", "beta", "gamma"};
int *one_pointer = &one_counter;
_Thread_local int one_thread_local = 7;
static _Thread_local int one_hidden_local;

int program_value(void);                        /* the program defines it */
__attribute__((weak)) int nobody_defines(void); /* nobody does */
int one_replaceable(void);

__attribute__((constructor)) static void start(void) {
    one_counter += 100;
}

__attribute__((destructor)) static void stop(void) {
    puts("one: destructor");
}

__attribute__((weak)) int one_replaceable(void) {
    return 1;
}

int one_next(void) {
    one_hidden_local++;
    one_thread_local += 10;
    return ++*one_pointer;
}

int one_hidden(void) {
    return one_hidden_local;
}

int one_call_back(void) {
    return program_value() + one_replaceable();
}

int one_weak(void) {
    return nobody_defines ? nobody_defines() : -1;
}

int (*one_function(void))(void) {
    return one_next;
}
