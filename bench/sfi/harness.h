/* A benchmark program holds a table of workloads. Run as PROGRAM WORKLOAD ROUNDS it prints the time of ROUNDS
 * calls in nanoseconds, taken inside the program so that start-up doesn't count, and a digest that must be
 * the same everywhere. */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include "allocator.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BENCH_BATCHES 11

struct workload {
    const char *name;
    void (*prepare)(void);
    uint64_t (*run)(void);
};

static inline uint64_t bench_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static inline int bench_order(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static inline int bench_main(const struct workload *workloads, int argc, char **argv) {
    if (argc == 1) {
        for (const struct workload *w = workloads; w->name; w++)
            puts(w->name);
        return 0;
    }
    for (const struct workload *w = workloads; w->name; w++) {
        if (strcmp(w->name, argv[1]) != 0)
            continue;
        long rounds = argc > 2 ? atol(argv[2]) : 1;
        uint64_t digest = 0, batches[BENCH_BATCHES];
        if (w->prepare)
            w->prepare();
        digest = w->run(); /* warms caches and memory up */
        for (int batch = 0; batch < BENCH_BATCHES; batch++) {
            uint64_t start = bench_clock();
            for (long i = 0; i < rounds; i++)
                digest = digest * 31 + w->run();
            batches[batch] = bench_clock() - start;
        }
        qsort(batches, BENCH_BATCHES, sizeof *batches, bench_order);
        printf("%lu %lu %016lx\n", (unsigned long)batches[BENCH_BATCHES / 2], (unsigned long)batches[0],
               (unsigned long)digest);
        return 0;
    }
    fprintf(stderr, "no workload %s\n", argv[1]);
    return 2;
}

/* For checks that mustn't be silent: a workload that works wrongly is no measurement. */
static inline void bench_require(int condition) {
    if (!condition)
        abort();
}

#endif
