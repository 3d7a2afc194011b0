/* POSIX and C11 threads. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define THREADS 8
#define ROUNDS 5000

static void check(const char *what, int good) {
    printf("%s: %s\n", what, good ? "yes" : "NO");
}

static void run(void *(*function)(void *), unsigned count) {
    pthread_t ids[64];
    for (unsigned i = 0; i < count; i++)
        if (pthread_create(&ids[i], NULL, function, (void *)(long)i))
            exit(1);
    for (unsigned i = 0; i < count; i++)
        pthread_join(ids[i], NULL);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long counter;

static void *count_up(void *argument) {
    (void)argument;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void mutexes(void) {
    pthread_mutexattr_t attributes;
    pthread_mutex_t other;
    struct timespec soon;
    run(count_up, THREADS);
    check("mutex", counter == THREADS * ROUNDS);
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&other, &attributes);
    check("recursive", !pthread_mutex_lock(&other) && !pthread_mutex_lock(&other) && !pthread_mutex_unlock(&other) &&
                           !pthread_mutex_unlock(&other) && pthread_mutex_unlock(&other) == EPERM);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&other, &attributes);
    check("errorcheck", !pthread_mutex_lock(&other) && pthread_mutex_lock(&other) == EDEADLK);
    pthread_mutex_lock(&mutex);
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 20000000;
    soon.tv_sec += soon.tv_nsec / 1000000000;
    soon.tv_nsec %= 1000000000;
    check("timed", pthread_mutex_timedlock(&mutex, &soon) == ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
}

/* A queue between producers and consumers. */
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER, not_full = PTHREAD_COND_INITIALIZER;
static int queue[16], queue_length;
static long consumed;

static void *produce_and_consume(void *argument) {
    int producer = (long)argument % 2;
    for (int i = 0; i < ROUNDS / 2; i++) {
        pthread_mutex_lock(&mutex);
        if (producer) {
            while (queue_length == 16)
                pthread_cond_wait(&not_full, &mutex);
            queue[queue_length++] = i;
            pthread_cond_signal(&not_empty);
        } else {
            while (queue_length == 0)
                pthread_cond_wait(&not_empty, &mutex);
            consumed += queue[--queue_length];
            pthread_cond_signal(&not_full);
        }
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static int ready;
static void *wait_ready(void *argument) {
    (void)argument;
    pthread_mutex_lock(&mutex);
    while (!ready)
        pthread_cond_wait(&not_empty, &mutex);
    counter++;
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static void conditions(void) {
    long expected = (long)(ROUNDS / 2) * (ROUNDS / 2 - 1) / 2 * (THREADS / 2);
    struct timespec now;
    run(produce_and_consume, THREADS);
    check("condition", consumed == expected);
    counter = 0;
    pthread_t ids[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&ids[i], NULL, wait_ready, NULL);
    usleep(20000);
    pthread_mutex_lock(&mutex);
    ready = 1;
    pthread_cond_broadcast(&not_empty);
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < THREADS; i++)
        pthread_join(ids[i], NULL);
    check("broadcast", counter == THREADS);
    clock_gettime(CLOCK_REALTIME, &now);
    pthread_mutex_lock(&mutex);
    check("timed condition", pthread_cond_timedwait(&not_empty, &mutex, &now) == ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
}

static pthread_barrier_t barrier;
static atomic_int phase[50], serial;
static atomic_int barrier_bad;

static void *meet(void *argument) {
    (void)argument;
    for (int i = 0; i < 50; i++) {
        atomic_fetch_add(&phase[i], 1);
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            atomic_fetch_add(&serial, 1);
        if (atomic_load(&phase[i]) != THREADS)
            atomic_store(&barrier_bad, 1);
    }
    return NULL;
}

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static long pair[2];
static atomic_int torn;

static void *read_or_write(void *argument) {
    for (int i = 0; i < ROUNDS / 2; i++)
        if ((long)argument % 4 == 0) {
            pthread_rwlock_wrlock(&rwlock);
            pair[0]++;
            pair[1]++;
            pthread_rwlock_unlock(&rwlock);
        } else {
            pthread_rwlock_rdlock(&rwlock);
            if (pair[0] != pair[1])
                atomic_store(&torn, 1);
            pthread_rwlock_unlock(&rwlock);
        }
    return NULL;
}

static sem_t semaphore;
static atomic_int inside, most;

static void *enter(void *argument) {
    (void)argument;
    for (int i = 0; i < 200; i++) {
        while (sem_wait(&semaphore))
            ;
        int now = atomic_fetch_add(&inside, 1) + 1;
        if (now > atomic_load(&most))
            atomic_store(&most, now);
        sched_yield();
        atomic_fetch_sub(&inside, 1);
        sem_post(&semaphore);
    }
    return NULL;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int once_count;
static pthread_key_t key;
static atomic_int destroyed;
static _Thread_local int local = 11;
static _Thread_local char local_block[3000];

static void initialise(void) {
    usleep(1000);
    once_count++;
}

static void destroy(void *value) {
    (void)value;
    atomic_fetch_add(&destroyed, 1);
}

static atomic_int local_bad;
static void *use_locals(void *argument) {
    pthread_once(&once, initialise);
    pthread_setspecific(key, argument ? argument : (void *)1);
    if (local != 11 || local_block[2999] != 0)
        atomic_store(&local_bad, 1);
    local += (int)(long)argument;
    memset(local_block, 1, sizeof local_block);
    sched_yield();
    if (local != 11 + (int)(long)argument || pthread_getspecific(key) != (argument ? argument : (void *)1))
        atomic_store(&local_bad, 1);
    errno = (int)(long)argument;
    sched_yield();
    if (errno != (int)(long)argument)
        atomic_store(&local_bad, 1);
    return NULL;
}

/* --- Cancellation */

static int cleaned;
static void clean(void *argument) {
    cleaned += (int)(long)argument;
}

static void *sleep_for_ever(void *argument) {
    (void)argument;
    pthread_cleanup_push(clean, (void *)1);
    for (;;)
        sleep(100);
    pthread_cleanup_pop(0);
    return NULL;
}

static void *wait_for_ever(void *argument) {
    (void)argument;
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push((void (*)(void *))pthread_mutex_unlock, &mutex);
    for (;;)
        pthread_cond_wait(&not_full, &mutex);
    pthread_cleanup_pop(0);
    return NULL;
}

static int pipe_ends[2];
static void *read_for_ever(void *argument) {
    char byte;
    (void)argument;
    pthread_cleanup_push(clean, (void *)10);
    for (;;)
        if (read(pipe_ends[0], &byte, 1) < 0)
            break;
    pthread_cleanup_pop(0);
    return NULL;
}

static volatile int spinning;
static void *spin_asynchronous(void *argument) {
    int old;
    (void)argument;
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
    pthread_cleanup_push(clean, (void *)100);
    for (spinning = 1;; spinning++)
        ;
    pthread_cleanup_pop(0);
    return NULL;
}

static void *refuse_then_test(void *argument) {
    int old;
    (void)argument;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
    spinning = -1;
    for (int i = 0; i < 5; i++)
        usleep(5000);
    spinning = -2;
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
    pthread_testcancel();
    return (void *)5;
}

static int cancel(void *(*function)(void *), int wait_for_spin) {
    pthread_t id;
    void *result;
    spinning = 0;
    pthread_create(&id, NULL, function, NULL);
    if (wait_for_spin)
        while (!spinning)
            sched_yield();
    else
        usleep(20000);
    pthread_cancel(id);
    pthread_join(id, &result);
    return result == PTHREAD_CANCELED;
}

static void cancellation(void) {
    check("cancel sleep", cancel(sleep_for_ever, 0) && cleaned == 1);
    check("cancel wait", cancel(wait_for_ever, 0) && pthread_mutex_trylock(&mutex) == 0);
    pthread_mutex_unlock(&mutex);
    if (pipe(pipe_ends))
        exit(1);
    check("cancel read", cancel(read_for_ever, 0) && cleaned == 11);
    check("cancel at once", cancel(spin_asynchronous, 1) && cleaned == 111);
    check("cancel later", cancel(refuse_then_test, 1) && spinning == -2);
    /* Cancelled before, during or just after it begins to sleep. */
    int good = 1;
    for (int i = 0; i < 300; i++) {
        pthread_t id;
        void *result;
        pthread_create(&id, NULL, sleep_for_ever, NULL);
        for (volatile int wait = 0; wait < i * 50; wait++)
            ;
        pthread_cancel(id);
        pthread_join(id, &result);
        good &= result == PTHREAD_CANCELED;
    }
    check("cancel race", good);
}

static int c11_thread(void *argument) {
    mtx_t *lock = argument;
    for (int i = 0; i < 1000; i++) {
        mtx_lock(lock);
        counter++;
        mtx_unlock(lock);
    }
    return 77;
}

static void c11(void) {
    mtx_t lock;
    thrd_t ids[4];
    int result, sum = 0;
    counter = 0;
    mtx_init(&lock, mtx_plain);
    for (int i = 0; i < 4; i++)
        thrd_create(&ids[i], c11_thread, &lock);
    for (int i = 0; i < 4; i++) {
        thrd_join(ids[i], &result);
        sum += result;
    }
    check("C11", counter == 4000 && sum == 308);
}

static atomic_int detached_ended;
static void *detached(void *argument) {
    (void)argument;
    char block[20000];
    memset(block, 1, sizeof block);
    atomic_fetch_add(&detached_ended, 1);
    return NULL;
}

/* Arrays of variable length, in threads and in a signal handler of theirs. */
static long sum_of_array(int length) {
    int array[length];
    long sum = 0;
    for (int i = 0; i < length; i++)
        array[i] = i;
    sched_yield();
    for (int i = 0; i < length; i++)
        sum += array[i];
    return sum;
}

static atomic_int array_bad;
static void array_handler(int signal) {
    if (sum_of_array(signal + 100) != (signal + 100l) * (signal + 99l) / 2)
        atomic_store(&array_bad, 1);
}

static void *use_arrays(void *argument) {
    for (int i = 1; i < 300; i++) {
        int length = (int)(long)argument * 10 + i * 10;
        if (sum_of_array(length) != (long)length * (length - 1) / 2)
            atomic_store(&array_bad, 1);
        if (i % 10 == 0)
            raise(SIGUSR1);
    }
    return NULL;
}

/* Stacks come back: far more threads than there would be room for. */
static void many(void) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 8 << 20);
    int started = 0;
    for (int i = 0; i < 1000; i++) {
        pthread_t id;
        while (pthread_create(&id, &attributes, detached, NULL))
            usleep(1000);
        started++;
        while (started - atomic_load(&detached_ended) > 32)
            sched_yield();
    }
    while (atomic_load(&detached_ended) < started)
        sched_yield();
    check("detached", started == 1000);
    for (int i = 0; i < 500; i++)
        run(detached, 4);
    check("joined", atomic_load(&detached_ended) == 3000);
    size_t size;
    void *stack;
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstack(&attributes, &stack, &size);
    check("own stack", (char *)&size > (char *)stack && (char *)&size < (char *)stack + size);
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    mutexes();
    conditions();
    pthread_barrier_init(&barrier, NULL, THREADS);
    run(meet, THREADS);
    check("barrier", !barrier_bad && serial == 50);
    run(read_or_write, THREADS);
    check("rwlock", !torn && pair[0] == THREADS / 4 * (ROUNDS / 2));
    sem_init(&semaphore, 0, 3);
    run(enter, THREADS);
    check("semaphore", most <= 3 && most > 0 && inside == 0);
    pthread_key_create(&key, destroy);
    run(use_locals, 32);
    check("once", once_count == 1);
    check("locals", !local_bad && destroyed == 32 && local == 11);
    signal(SIGUSR1, array_handler);
    use_arrays(NULL);
    run(use_arrays, THREADS);
    check("arrays", !array_bad);
    cancellation();
    c11();
    many();
    return 0;
}
