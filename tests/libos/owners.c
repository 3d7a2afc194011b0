/* Locks that know their owner, the death of one, and waiters that choose by whom they are woken. */
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "show.h"

enum { WAIT, WAKE, REQUEUE = 3, CMP_REQUEUE, WAKE_OP, LOCK, UNLOCK, TRY_LOCK, WAIT_BITS, WAKE_BITS, CLOCK_REAL = 256 };

static long futex(uint32_t *word, int operation, uint32_t value, const void *timeout, uint32_t *other, uint32_t bits) {
    return syscall(SYS_futex, word, operation, value, timeout, other, bits);
}

static pthread_mutex_t *mutex;
static pthread_barrier_t barrier;

static void *lock_and_end(void *argument) {
    pthread_mutex_lock(mutex);
    return argument;
}

static void *lock_wait_and_end(void *argument) {
    pthread_mutex_lock(mutex);
    pthread_barrier_wait(&barrier);
    usleep(20000);
    return argument;
}

/* Ends with the mutex, before somebody waits for it and while somebody does. */
static void death(int shared, int inherits) {
    pthread_mutexattr_t attributes;
    pthread_t thread;
    printf("death: shared %d, inherits %d\n", shared, inherits);
    pthread_mutexattr_init(&attributes);
    SHOW(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST));
    SHOW(pthread_mutexattr_setpshared(&attributes, shared));
    SHOW(pthread_mutexattr_setprotocol(&attributes, inherits ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE));
    SHOW(pthread_mutex_init(mutex, &attributes));
    pthread_create(&thread, NULL, lock_and_end, NULL);
    pthread_join(thread, NULL);
    SHOW(pthread_mutex_trylock(mutex));
    SHOW(pthread_mutex_consistent(mutex));
    SHOW(pthread_mutex_unlock(mutex));
    SHOW(pthread_mutex_lock(mutex));
    SHOW(pthread_mutex_unlock(mutex));
    pthread_create(&thread, NULL, lock_wait_and_end, NULL);
    pthread_barrier_wait(&barrier);
    SHOW(pthread_mutex_lock(mutex));
    pthread_join(thread, NULL);
    SHOW(pthread_mutex_unlock(mutex)); /* not made consistent */
    SHOW(pthread_mutex_lock(mutex));
    SHOW(pthread_mutex_trylock(mutex));
    SHOW(pthread_mutex_destroy(mutex));
}

static int counter;

static void *add_up(void *argument) {
    for (int i = 0; i < 5000; i++) {
        pthread_mutex_lock(mutex);
        counter++;
        pthread_mutex_unlock(mutex);
    }
    return argument;
}

static void inheriting(int type) {
    pthread_mutexattr_t attributes;
    pthread_t threads[4];
    pthread_mutexattr_init(&attributes);
    SHOW(pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_PROTECT));
    SHOW(pthread_mutexattr_setprotocol(&attributes, 17));
    SHOW(pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT));
    pthread_mutexattr_settype(&attributes, type);
    SHOW(pthread_mutex_init(mutex, &attributes));
    counter = 0;
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, add_up, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    SHOW(counter);
    SHOW(pthread_mutex_lock(mutex));
    if (type == PTHREAD_MUTEX_ERRORCHECK)
        SHOW(pthread_mutex_lock(mutex));
    pthread_create(&threads[0], NULL, add_up, NULL);
    usleep(10000);
    SHOW(pthread_mutex_unlock(mutex));
    pthread_join(threads[0], NULL);
    SHOW(counter);
    SHOW(pthread_mutex_destroy(mutex));
}

static uint32_t word, second;

static void *lock_word(void *argument) {
    SHOW(futex(&word, TRY_LOCK, 0, NULL, NULL, 0));
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    SHOW(futex(&word, LOCK, 0, &until, NULL, 0));
    pthread_barrier_wait(&barrier);
    SHOW(futex(&word, LOCK, 0, NULL, NULL, 0));
    SHOW((word & 0x3fffffff) == (uint32_t)syscall(SYS_gettid));
    SHOW(futex(&word, UNLOCK, 0, NULL, NULL, 0));
    return argument;
}

static void owned_words(void) {
    pthread_t thread;
    word = 0;
    SHOW(futex(&word, UNLOCK, 0, NULL, NULL, 0));
    SHOW(futex(&word, LOCK, 0, NULL, NULL, 0));
    SHOW(word == (uint32_t)syscall(SYS_gettid));
    SHOW(futex(&word, LOCK, 0, NULL, NULL, 0));
    SHOW(futex((uint32_t *)((char *)&word + 1), LOCK, 0, NULL, NULL, 0));
    pthread_create(&thread, NULL, lock_word, NULL);
    pthread_barrier_wait(&barrier);
    usleep(10000);
    long unlocked = futex(&word, UNLOCK, 0, NULL, NULL, 0);
    pthread_join(thread, NULL);
    SHOW(unlocked);
    SHOW(word & 0x3fffffff);
    void *head;
    size_t size;
    SHOW(syscall(SYS_get_robust_list, 0, &head, &size));
    SHOW(size);
    SHOW(syscall(SYS_get_robust_list, 1 << 29, &head, &size));
    SHOW(syscall(SYS_set_robust_list, head, 8));
}

struct waiter {
    uint32_t bits;
    volatile int woken;
};

static void *wait_bits(void *argument) {
    struct waiter *waiter = argument;
    while (futex(&second, WAIT_BITS, 0, NULL, NULL, waiter->bits) && errno == EINTR)
        ;
    waiter->woken = 1;
    return NULL;
}

static void chosen(void) {
    struct waiter one = {.bits = 1}, two = {.bits = 2};
    pthread_t threads[2];
    struct timespec until = {0, 1000000};
    SHOW(futex(&second, WAIT_BITS, 1, NULL, NULL, 1));
    SHOW(futex(&second, WAIT_BITS, 0, NULL, NULL, 0));
    SHOW(futex(&second, WAIT_BITS, 0, &until, NULL, 4));
    SHOW(futex(&second, WAIT, 0, &until, NULL, 0));
    pthread_create(&threads[0], NULL, wait_bits, &one);
    pthread_create(&threads[1], NULL, wait_bits, &two);
    SHOW(futex(&second, WAKE_BITS, INT_MAX, NULL, NULL, 4));
    while (futex(&second, WAKE_BITS, 1, NULL, NULL, 2) != 1)
        usleep(1000);
    pthread_join(threads[1], NULL);
    SHOW(two.woken);
    SHOW(one.woken);
    while (futex(&second, WAKE, 1, NULL, NULL, 0) != 1)
        usleep(1000);
    pthread_join(threads[0], NULL);
    SHOW(one.woken);
    uint32_t other = 5;
    SHOW(futex(&second, WAKE_OP, 1, (void *)1, &other, 1u << 28 | 0u << 24 | 3u << 12 | 5));
    SHOW(other);
    SHOW(futex(&second, CMP_REQUEUE, 1, (void *)1, &other, 1));
    SHOW(futex(&second, REQUEUE, 1, (void *)1, &other, 0));
    SHOW(futex(&second, 63, 1, NULL, &other, 0));
}

int main(void) {
    mutex = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_barrier_init(&barrier, NULL, 2);
    for (int shared = 0; shared < 2; shared++)
        for (int inherits = 0; inherits < 2; inherits++)
            death(shared, inherits);
    inheriting(PTHREAD_MUTEX_NORMAL);
    inheriting(PTHREAD_MUTEX_ERRORCHECK);
    inheriting(PTHREAD_MUTEX_RECURSIVE);
    owned_words();
    chosen();
    return 0;
}
