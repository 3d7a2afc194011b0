/* Threads in earnest: a parallel merge sort, a bounded queue, a barrier-stepped simulation, a readers-and-writers table,
 * semaphores, thread-local storage, once, cancellation, and many short-lived threads. Prints what it computed, which
 * doesn't depend on scheduling. Usage: threads [THREADS [SCALE]] */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static unsigned threads = 4, scale = 1;

static void die(const char *what, int error) {
    fprintf(stderr, "threads: %s: %s\n", what, strerror(error));
    exit(1);
}

static void check(int error, const char *what) {
    if (error != 0)
        die(what, error);
}

static uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* Starts `function` in `threads` threads, each with its number, and waits for them. */
static void in_parallel(void *(*function)(void *)) {
    pthread_t *started = calloc(threads, sizeof *started);
    if (started == NULL)
        die("calloc", ENOMEM);
    for (uintptr_t i = 0; i < threads; i++)
        check(pthread_create(&started[i], NULL, function, (void *) i), "pthread_create");
    for (unsigned i = 0; i < threads; i++)
        check(pthread_join(started[i], NULL), "pthread_join");
    free(started);
}

/* Merge sort: the upper levels of the recursion in threads of their own. */
struct part {
    uint64_t *items, *room;
    size_t count;
    unsigned depth;
};

static void merge(const struct part *part, size_t half) {
    size_t left = 0, right = half;
    for (size_t i = 0; i < part->count; i++) {
        if (right == part->count || (left < half && part->items[left] <= part->items[right]))
            part->room[i] = part->items[left++];
        else
            part->room[i] = part->items[right++];
    }
    memcpy(part->items, part->room, part->count * sizeof *part->items);
}

static void *sort(void *argument) {
    struct part *part = argument;
    if (part->count < 2)
        return NULL;
    size_t half = part->count / 2;
    struct part left = {part->items, part->room, half, part->depth + 1};
    struct part right = {part->items + half, part->room + half, part->count - half, part->depth + 1};
    if (part->depth < 3) {
        pthread_t other;
        check(pthread_create(&other, NULL, sort, &left), "pthread_create");
        sort(&right);
        check(pthread_join(other, NULL), "pthread_join");
    } else {
        sort(&left);
        sort(&right);
    }
    merge(part, half);
    return NULL;
}

static void run_sort(void) {
    size_t count = (size_t) 400000 * scale;
    uint64_t *items = malloc(count * sizeof *items), *room = malloc(count * sizeof *room), seed = 1, sum = 0, wrong = 0;
    if (items == NULL || room == NULL)
        die("malloc", ENOMEM);
    for (size_t i = 0; i < count; i++)
        items[i] = next_random(&seed);
    struct part all = {items, room, count, 0};
    sort(&all);
    for (size_t i = 0; i < count; i++) {
        sum = sum * 31 + items[i];
        wrong += i > 0 && items[i - 1] > items[i];
    }
    printf("sort %zu: digest %016llx, %llu out of order\n", count, (unsigned long long) sum, (unsigned long long) wrong);
    free(items);
    free(room);
}

/* A bounded queue: each thread puts numbers in and takes as many out. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t filled, emptied;
    unsigned first, count;
    uint64_t items[16];
} queue = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, {0}};
static _Atomic uint64_t queue_sum, queue_taken;

static void *produce(void *argument) {
    for (uint64_t i = 0; i < 20000 * scale; i++) {
        pthread_mutex_lock(&queue.lock);
        while (queue.count == 16)
            pthread_cond_wait(&queue.emptied, &queue.lock);
        queue.items[(queue.first + queue.count++) % 16] = i * threads + (uintptr_t) argument;
        pthread_cond_signal(&queue.filled);
        pthread_mutex_unlock(&queue.lock);
    }
    return NULL;
}

static void *consume(void *argument) {
    uint64_t sum = 0;
    for (uint64_t i = 0; i < 20000 * scale; i++) {
        pthread_mutex_lock(&queue.lock);
        while (queue.count == 0)
            pthread_cond_wait(&queue.filled, &queue.lock);
        sum += queue.items[queue.first];
        queue.first = (queue.first + 1) % 16;
        queue.count--;
        pthread_cond_signal(&queue.emptied);
        pthread_mutex_unlock(&queue.lock);
        queue_taken++;
    }
    queue_sum += sum;
    return argument;
}

static void *both_ends(void *argument) {
    pthread_t producer;
    check(pthread_create(&producer, NULL, produce, argument), "pthread_create");
    consume(argument);
    check(pthread_join(producer, NULL), "pthread_join");
    return NULL;
}

static void run_queue(void) {
    in_parallel(both_ends);
    printf("queue: %llu taken, sum %llu\n", (unsigned long long) queue_taken, (unsigned long long) queue_sum);
}

/* Heat in a rod: every thread owns a stretch, and all step together. */
#define CELLS 4096
static double rod[2][CELLS];
static pthread_barrier_t barrier;
static unsigned serial_threads;

static void *heat(void *argument) {
    size_t number = (uintptr_t) argument, first = CELLS * number / threads, end = CELLS * (number + 1) / threads;
    for (unsigned step = 0; step < 1000 * scale; step++) {
        const double *from = rod[step % 2];
        double *to = rod[(step + 1) % 2];
        for (size_t i = first; i < end; i++)
            to[i] = i == 0 || i == CELLS - 1 ? from[i] : from[i] + 0.25 * (from[i - 1] - 2 * from[i] + from[i + 1]);
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            __atomic_fetch_add(&serial_threads, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void run_barrier(void) {
    for (unsigned i = 0; i < CELLS; i++)
        rod[0][i] = rod[1][i] = 100 * sin(i * 0.01) + (i % 7 == 0 ? 50 : 0);
    check(pthread_barrier_init(&barrier, NULL, threads), "pthread_barrier_init");
    in_parallel(heat);
    double sum = 0;
    for (unsigned i = 0; i < CELLS; i++)
        sum += rod[0][i] * (i % 13);
    printf("barrier: %u steps, sum %.6f\n", serial_threads, sum);
    check(pthread_barrier_destroy(&barrier), "pthread_barrier_destroy");
}

/* A table that many read and some write: a reader must never see half an update. */
static pthread_rwlock_t table_lock = PTHREAD_RWLOCK_INITIALIZER;
static uint64_t table[64];
static _Atomic unsigned torn;

static void *use_table(void *argument) {
    uint64_t seed = (uintptr_t) argument;
    for (unsigned i = 0; i < 5000 * scale; i++) {
        if (i % 16 == 0) {
            pthread_rwlock_wrlock(&table_lock);
            for (unsigned j = 0; j < 64; j++)
                table[j]++;
            pthread_rwlock_unlock(&table_lock);
        } else {
            pthread_rwlock_rdlock(&table_lock);
            torn += table[next_random(&seed) % 64] != table[0];
            pthread_rwlock_unlock(&table_lock);
        }
    }
    return NULL;
}

static void run_table(void) {
    in_parallel(use_table);
    printf("table: %llu writes, %u torn reads\n", (unsigned long long) table[0], torn);
}

/* A ring of semaphores: a token goes round. */
static sem_t ring[256];
static unsigned token;

static void *pass(void *argument) {
    unsigned number = (unsigned) (uintptr_t) argument;
    for (unsigned round = 0; round < 500 * scale; round++) {
        while (sem_wait(&ring[number]) != 0 && errno == EINTR)
            ;
        token++;
        sem_post(&ring[(number + 1) % threads]);
    }
    return NULL;
}

static void run_ring(void) {
    for (unsigned i = 0; i < threads; i++)
        sem_init(&ring[i], 0, i == 0);
    in_parallel(pass);
    printf("ring: token %u\n", token);
}

/* Thread-local storage of both kinds, once, and destructors. */
static _Thread_local unsigned local_count = 7;
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Atomic unsigned made, destroyed, local_sum;

static void destroy(void *value) {
    destroyed += *(unsigned *) value;
    free(value);
}

static void make_key(void) {
    made++;
    check(pthread_key_create(&key, destroy), "pthread_key_create");
}

static void *use_locals(void *argument) {
    check(pthread_once(&once, make_key), "pthread_once");
    unsigned *value = malloc(sizeof *value);
    *value = 1;
    check(pthread_setspecific(key, value), "pthread_setspecific");
    for (unsigned i = 0; i <= (uintptr_t) argument; i++)
        local_count++;
    local_sum += local_count;
    return NULL;
}

static void run_locals(void) {
    in_parallel(use_locals);
    printf("locals: %u key, %u destroyed, sum %u\n", made, destroyed, local_sum);
}

/* Cancellation in a blocking call runs the cleanup handlers and leaves the mutex usable. */
static pthread_mutex_t wait_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static _Atomic unsigned waiting, cleaned;

static void clean(void *argument) {
    cleaned++;
    pthread_mutex_unlock(argument);
}

static void *wait_for_ever(void *argument) {
    pthread_mutex_lock(&wait_lock);
    pthread_cleanup_push(clean, &wait_lock);
    waiting++;
    for (;;)
        pthread_cond_wait(&never, &wait_lock);
    pthread_cleanup_pop(0);
    return argument;
}

static void run_cancel(void) {
    unsigned cancelled = 0;
    pthread_t *started = calloc(threads, sizeof *started);
    for (unsigned i = 0; i < threads; i++)
        check(pthread_create(&started[i], NULL, wait_for_ever, NULL), "pthread_create");
    while (waiting < threads)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    for (unsigned i = 0; i < threads; i++)
        check(pthread_cancel(started[i]), "pthread_cancel");
    for (unsigned i = 0; i < threads; i++) {
        void *result;
        check(pthread_join(started[i], &result), "pthread_join");
        cancelled += result == PTHREAD_CANCELED;
    }
    struct timespec soon;
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 5000000;
    if (soon.tv_nsec >= 1000000000) {
        soon.tv_sec++;
        soon.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&wait_lock);
    int error = pthread_cond_timedwait(&never, &wait_lock, &soon);
    pthread_mutex_unlock(&wait_lock);
    printf("cancel: %u cancelled, %u cleaned, then %s\n", cancelled, cleaned, error == ETIMEDOUT ? "a timeout" : "something else");
    free(started);
}

/* Many short-lived threads, joined and detached. */
static _Atomic unsigned lived;
static sem_t all_done;

static void *live(void *argument) {
    char room[2000];
    memset(room, (int) (uintptr_t) argument, sizeof room);
    lived += room[999] == (char) (uintptr_t) argument;
    sem_post(&all_done);
    return NULL;
}

static void run_short(void) {
    unsigned count = 1000 * scale;
    sem_init(&all_done, 0, 0);
    pthread_attr_t small;
    pthread_attr_init(&small);
    check(pthread_attr_setstacksize(&small, 65536), "pthread_attr_setstacksize");
    for (uintptr_t i = 0; i < count; i++) {
        pthread_t thread;
        check(pthread_create(&thread, &small, live, (void *) i), "pthread_create");
        check(i % 2 == 0 ? pthread_join(thread, NULL) : pthread_detach(thread), "pthread_join or pthread_detach");
    }
    for (unsigned i = 0; i < count; i++)
        sem_wait(&all_done);
    printf("short: %u of %u lived\n", lived, count);
}

static void timed(const char *name, void (*run)(void)) {
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    run();
    fflush(stdout);
    clock_gettime(CLOCK_MONOTONIC, &to);
    if (getenv("THREADS_TIMES") != NULL)
        fprintf(stderr, "%s %.3f ms\n", name, (to.tv_sec - from.tv_sec) * 1e3 + (to.tv_nsec - from.tv_nsec) / 1e6);
}

int main(int argc, char **argv) {
    if (argc > 1)
        threads = (unsigned) atoi(argv[1]);
    if (argc > 2)
        scale = (unsigned) atoi(argv[2]);
    if (threads < 1 || threads > 256 || scale < 1) {
        fprintf(stderr, "usage: threads [THREADS (1 to 256) [SCALE]]\n");
        return 2;
    }
    timed("sort", run_sort);
    timed("queue", run_queue);
    timed("barrier", run_barrier);
    timed("table", run_table);
    timed("ring", run_ring);
    timed("locals", run_locals);
    timed("cancel", run_cancel);
    timed("short", run_short);
    return 0;
}
