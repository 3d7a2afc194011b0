/* Thread-local variables, also ones that start with the address of a variable; threads that share variables. */
#include "check.h"
#include <pthread.h>

static int shared, numbers[64];
static _Thread_local int own = 3;
static _Thread_local int *own_pointer = &shared;
_Thread_local int *const *own_constant = &(int *const){&numbers[5]};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int initialised;
static void initialise(void) { initialised++; }

static void *work(void *argument) {
    int index = (int)(intptr_t)argument;
    pthread_once(&once, initialise);
    CHECK(own == 3 && own_pointer == opaque(&shared) && *own_constant == opaque(&numbers[5]));
    own += index;
    own_pointer = &numbers[index];
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&lock);
        shared++;
        pthread_mutex_unlock(&lock);
        (*own_pointer)++;
    }
    CHECK(own == 3 + index);
    return &numbers[index];
}

int main(void) {
    pthread_t threads[8];
    for (int i = 0; i < 8; i++)
        CHECK(pthread_create(&threads[i], NULL, work, (void *)(intptr_t)i) == 0);
    for (int i = 0; i < 8; i++) {
        void *result;
        pthread_join(threads[i], &result);
        CHECK(result == &numbers[i] && numbers[i] == 1000);
    }
    CHECK(shared == 8000 && initialised == 1 && own == 3 && own_pointer == &shared);
    return DONE;
}
