/* The store, capability lists, memory maps and lists of compartments under ThreadSanitizer: host threads make hostcalls as
 * a gate would, several in each compartment, while others look at the cell and change it.
 *
 * Guest code can't run under ThreadSanitizer, which takes signals before our handlers have set the host's thread-local
 * storage; so nothing is called that signals a thread (kills, interrupts). Those are what the other tests' many threads and
 * AddressSanitizer are for. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../../trusted/intravisor/thread.h"
#include "block.h"

enum { COMPARTMENTS = 4, WORKERS = 12, VARIANTS = 8, AREA = 0x100000, DEFAULT_SECONDS = 6 };

struct worker {
    pthread_t host;
    struct orc_compartment *compartment;
    uint32_t area, random; /* area: a part of the heap, for its blocks */
    uint64_t calls, good;
};

/* The first finding ends it. */
const char *__tsan_default_options(void);
__attribute__((visibility("default"))) const char *__tsan_default_options(void) {
    return "halt_on_error=1";
}

static struct orc_cell *cell;
static struct orc_object *program;
static bool over; /* atomic */

static uint32_t next(uint32_t *random) {
    *random ^= *random << 13;
    *random ^= *random >> 17;
    *random ^= *random << 5;
    return *random;
}

static void must(int status, const struct orc_error *error, const char *what) {
    if (status == 0)
        return;
    printf("Bail out! %s: %s\n", what, error->message);
    exit(1);
}

static uint32_t block_at(const struct worker *worker, unsigned variant) {
    return worker->area + variant * (uint32_t)page_up(sizeof(struct block));
}

/* One hostcall with arguments that fit more or less. */
static int64_t step(struct worker *worker, struct orc_thread *thread) {
    uint32_t r = next(&worker->random), handle = r >> 8 & 15, block = block_at(worker, r >> 12 & (VARIANTS - 1));
    uint64_t pages = ORC_HEAP + WORKERS * AREA + (r >> 16 & 15) * ORC_PAGE_SIZE, size = (1 + (r >> 20 & 7)) * ORC_PAGE_SIZE;
    const uint64_t calls[][6] = {
        {ORC_OBJECT_REGISTER, AT_IN(block, source), AT_IN(block, info[0])},
        {ORC_OBJECT_REQUEST, AT_IN(block, hash), AT_IN(block, info[1])},
        {ORC_OBJECT_BIND, handle, AT_IN(block, bindings[0]), 1},
        {ORC_OBJECT_RELEASE, handle},
        {ORC_OBJECT_RELEASE, handle},
        {ORC_EVENT, 1, EFD_NONBLOCK},
        {ORC_READ, handle, AT_IN(block, calls), 8},
        {ORC_STATUS, handle, AT_IN(block, calls)},
        {ORC_CLOSE, handle},
        {ORC_SOCKET, AF_INET, SOCK_DGRAM, 1},
        {ORC_MAP, pages, size, r >> 24 & 3},
        {ORC_UNMAP, pages, size},
        {ORC_PROTECT, pages, size, 1},
        {ORC_DISCARD, pages, size},
        {ORC_USAGE, AT_IN(block, calls)},
        {ORC_SIGNAL_ENTRY, r & 1 ? orc_object_base(program) + PROGRAM(increment) : 0},
    };
    return orc_hostcall(thread, calls[r % (sizeof calls / sizeof *calls)]);
}

/* The fixture's image is one for all. */
static void make_blocks(const struct worker *worker) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    HOLD(lock);
    for (unsigned i = 0; i < VARIANTS; i++) {
        struct block block = good_block_at(block_at(worker, i), i);
        block.bindings[0] = (struct orc_binding){0, 0, PROGRAM(increment)};
        memcpy(orc_compartment_slot(worker->compartment) + block_at(worker, i), &block, sizeof block);
    }
}

static void *work(void *argument) {
    struct worker *worker = argument;
    struct orc_error error = {0};
    struct orc_thread *thread;
    must(orc_thread_create(worker->compartment, &thread, &error), &error, "thread");
    const uint64_t map[6] = {ORC_MAP, worker->area, AREA, ORC_MEMORY_READ | ORC_MEMORY_WRITE};
    must((int)orc_hostcall(thread, map), &error, "map");
    make_blocks(worker);
    for (; !__atomic_load_n(&over, __ATOMIC_RELAXED); worker->calls++)
        worker->good += step(worker, thread) >= 0;
    orc_thread_destroy(thread);
    return NULL;
}

static bool count_object(void *context, const struct orc_object_statistics *object) {
    *(unsigned *)context += object->users;
    return true;
}

static bool count_compartment(void *context, struct orc_compartment *compartment) {
    struct orc_statistics statistics;
    *(unsigned *)context += orc_compartment_statistics(compartment, &statistics) == 0;
    return true;
}

/* What an embedder does meanwhile. */
static void *embed(void *unused) {
    struct orc_error error;
    (void)unused;
    while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
        unsigned count = 0;
        struct orc_compartment *other;
        struct orc_file *file;
        uint32_t handle;
        const struct orc_network_grant grant = {.family = 0, .first_port = 1, .last_port = 2};
        orc_cell_objects(cell, count_object, &count);
        orc_cell_compartments(cell, count_compartment, &count);
        must(orc_compartment_create(cell, NULL, &other, &error), &error, "compartment");
        must(orc_compartment_grant(other, program, &error), &error, "grant");
        must(orc_compartment_grant_network(other, &grant, &error), &error, "network");
        must(orc_file_create(cell, 1, &file, &error), &error, "file");
        must(orc_compartment_grant_file(other, file, ORC_GRANT_WRITE, &handle, &error), &error, "grant of a file");
        orc_file_release(file);
        must(orc_compartment_destroy(other), &error, "destroy");
    }
    return NULL;
}

int main(void) {
    struct orc_error error = {0};
    struct orc_compartment *compartments[COMPARTMENTS];
    struct worker workers[WORKERS];
    pthread_t embedders[2];
    const char *seconds = getenv("RACE_SECONDS");
    uint64_t calls = 0, good = 0;
    must(orc_cell_create(NULL, &cell, &error), &error, "cell");
    program = create_object(cell);
    for (int i = 0; i < COMPARTMENTS; i++) {
        const struct orc_compartment_options options = {.handles = 16, .domain = i == 3 ? "own" : NULL, .registered = UINT64_MAX};
        const struct orc_network_grant grant = {.family = 0, .first_port = 1, .last_port = 2};
        must(orc_compartment_create(cell, &options, &compartments[i], &error), &error, "compartment");
        must(orc_compartment_grant(compartments[i], program, &error), &error, "grant");
        must(orc_compartment_grant_network(compartments[i], &grant, &error), &error, "network");
    }
    for (uint32_t i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){.compartment = compartments[i % COMPARTMENTS], .area = ORC_HEAP + i * AREA, .random = 77 + i};
        pthread_create(&workers[i].host, NULL, work, &workers[i]);
    }
    for (int i = 0; i < 2; i++)
        pthread_create(&embedders[i], NULL, embed, NULL);
    sleep(seconds ? (unsigned)atoi(seconds) : DEFAULT_SECONDS);
    __atomic_store_n(&over, true, __ATOMIC_SEQ_CST);
    for (int i = 0; i < 2; i++)
        pthread_join(embedders[i], NULL);
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(workers[i].host, NULL);
        calls += workers[i].calls, good += workers[i].good;
    }
    for (int i = 0; i < COMPARTMENTS; i++)
        must(orc_compartment_destroy(compartments[i]), &error, "destroy");
    must(orc_object_destroy(program), &error, "destroy");
    bool clean = orc_cell_destroy(cell) == 0;
    printf("1..1\n%s 1 - %llu hostcalls by %d threads in %d compartments, %llu of them good, nothing left\n",
           clean && good > calls / 10 ? "ok" : "not ok", (unsigned long long)calls, WORKERS, COMPARTMENTS,
           (unsigned long long)good);
    return !(clean && good > calls / 10);
}
