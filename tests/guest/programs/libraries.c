/* Shared libraries: data, relocations, thread-local storage, interposition, weak symbols. (Links with -ltwo -lone.) */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern int one_counter, one_zero[1000];
extern const char *const one_names[];
extern _Thread_local int one_thread_local;
int one_next(void), one_hidden(void), one_call_back(void), one_weak(void), two_next(void), two_value(void);
int (*one_function(void))(void);

int program_value(void) {
    return 300;
}

/* In place of the library's own. */
int one_replaceable(void) {
    return 2;
}

static unsigned allocations;
void *__libc_malloc(size_t);

static void *thread(void *argument) {
    (void)argument;
    one_next();
    printf("thread: local %d hidden %d\n", one_thread_local, one_hidden());
    return NULL;
}

int main(void) {
    (void)allocations;
    printf("constructors %d\n", one_counter);
    printf("next %d %d\n", one_next(), one_next());
    printf("names %s %s\n", one_names[0], one_names[2]);
    printf("zero %d\n", one_zero[999]);
    printf("local %d hidden %d\n", one_thread_local, one_hidden());
    printf("two %d %d\n", two_next(), two_value());
    printf("call back %d\n", one_call_back());
    printf("weak %d\n", one_weak());
    printf("one function, one address: %d\n", one_function() == one_next);
    pthread_t id;
    pthread_create(&id, NULL, thread, NULL);
    pthread_join(id, NULL);
    printf("local %d hidden %d\n", one_thread_local, one_hidden());
    return 0;
}
