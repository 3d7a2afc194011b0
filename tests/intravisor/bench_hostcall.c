/* What crossings cost: a hostcall that does nothing, a call into a compartment, a contained fault; and the
 * system call getpid to compare with. Prints medians of interleaved rounds. */
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"

#define ROUNDS 21

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static double hostcalls(struct world *world) {
    enum { COUNT = 500000 };
    double start = now();
    returned(CALL(world, null_hostcalls, COUNT));
    return (now() - start) / COUNT;
}

/* Upwards: in MXCSR alone, and in both. */
#define DEFAULT 0x037f1f80
#define UPWARD_SSE 0x037f5f80
#define UPWARD 0x0b7f5f80

static double hostcalls_sse(struct world *world) {
    enum { COUNT = 500000 };
    double start = now();
    returned(CALL(world, null_hostcalls_of, COUNT, UPWARD_SSE));
    return (now() - start) / COUNT;
}

static double hostcalls_both(struct world *world) {
    enum { COUNT = 500000 };
    double start = now();
    returned(CALL(world, null_hostcalls_of, COUNT, UPWARD));
    return (now() - start) / COUNT;
}

static double set_sse(struct world *world) {
    enum { COUNT = 500000 };
    double start = now();
    returned(CALL(world, set_often, COUNT, UPWARD_SSE, DEFAULT));
    return (now() - start) / COUNT;
}

static double set_both(struct world *world) {
    enum { COUNT = 500000 };
    double start = now();
    returned(CALL(world, set_often, COUNT, UPWARD, DEFAULT));
    return (now() - start) / COUNT;
}

static double calls(struct world *world) {
    enum { COUNT = 100000 };
    const struct orc_registers registers = {.rdi = 1, .rbp = ORC_FIRST_STACK_END};
    struct orc_result result;
    double start = now();
    for (int i = 0; i < COUNT; i++)
        orc_call(world->thread, ORC_WINDOW + PROGRAM(increment), &registers, 0, &result);
    return (now() - start) / COUNT;
}

static double faults(struct world *world) {
    enum { COUNT = 20000 };
    const struct orc_registers registers = {.rbp = ORC_FIRST_STACK_END};
    struct orc_result result;
    double start = now();
    for (int i = 0; i < COUNT; i++)
        orc_call(world->thread, ORC_WINDOW + PROGRAM(invalid), &registers, 0, &result);
    return (now() - start) / COUNT;
}

static double system_calls(struct world *world) {
    enum { COUNT = 200000 };
    (void)world;
    double start = now();
    for (int i = 0; i < COUNT; i++)
        syscall(SYS_getpid);
    return (now() - start) / COUNT;
}

static int compare(const void *a, const void *b) {
    double difference = *(const double *)a - *(const double *)b;
    return (difference > 0) - (difference < 0);
}

int main(void) {
    static const struct {
        const char *name;
        double (*measure)(struct world *);
    } things[] = {
        {"null hostcall", hostcalls},
        {"with MXCSR changed", hostcalls_sse},
        {"and the x87 word", hostcalls_both},
        {"setting MXCSR", set_sse},
        {"and the x87 word", set_both},
        {"orc_call", calls},
        {"orc_call that faults", faults},
        {"getpid system call", system_calls},
    };
    enum { THINGS = sizeof things / sizeof *things };
    double results[THINGS][ROUNDS];
    void *state;
    create_world(&state);
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < THINGS; i++)
            results[i][round] = things[i].measure(state);
    for (int i = 0; i < THINGS; i++) {
        qsort(results[i], ROUNDS, sizeof(double), compare);
        printf("%-22s %8.1f ns\n", things[i].name, results[i][ROUNDS / 2]);
    }
    destroy_world(&state);
    return 0;
}
