#include "script.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define RECORDS 64

bool scripts_on_callers;
struct orc_cell_options script_cell_options;

/* A host thread that runs a compartment as its own. */
struct runner {
    pthread_t thread;
    struct script_world *world;
    struct orc_start start;
    int status;
    struct orc_error error;
    struct orc_result result;
};

static void *run_on_caller(void *argument) {
    struct runner *runner = argument;
    int status =
        orc_compartment_run(runner->world->compartment, &runner->start, &runner->result, &runner->error);
    __atomic_store_n(&runner->status, status, __ATOMIC_RELEASE);
    return NULL;
}

static void start_runner(struct script_world *world, const struct orc_start *start) {
    struct runner *runner = calloc(1, sizeof *runner);
    assert_non_null(runner);
    *runner = (struct runner){.world = world, .start = *start, .status = 1};
    world->runner = runner;
    assert_int_equal(pthread_create(&runner->thread, NULL, run_on_caller, runner), 0);
    for (;;) {
        struct orc_statistics statistics;
        struct orc_result result;
        orc_compartment_statistics(world->compartment, &statistics);
        if (statistics.running || orc_compartment_wait(world->compartment, 0, &result) == 0 ||
            __atomic_load_n(&runner->status, __ATOMIC_ACQUIRE) < 0)
            return;
        nanosleep(&(struct timespec){0, 10000}, NULL);
    }
}

static void join_runner(struct script_world *world) {
    struct runner *runner = world->runner;
    struct orc_result result;
    if (!runner)
        return;
    assert_int_equal(pthread_join(runner->thread, NULL), 0);
    if (runner->status != 0)
        fail_msg("%s", runner->error.message);
    assert_int_equal(orc_compartment_wait(world->compartment, 0, &result), 0);
    assert_int_equal(result.outcome, runner->result.outcome);
    assert_int_equal(result.value, runner->result.value);
    free(runner);
    world->runner = NULL;
}

void create_script_world(struct script_world *world) {
    struct orc_error error = {0};
    *world = (struct script_world){0};
    if (orc_cell_create(&script_cell_options, &world->cell, &error) != 0)
        fail_msg("%s", error.message);
    world->object = create_object(world->cell);
}

void end(struct script_world *world) {
    join_runner(world);
    if (world->compartment)
        assert_int_equal(orc_compartment_destroy(world->compartment), 0);
    world->compartment = NULL;
}

void destroy_script_world(struct script_world *world) {
    end(world);
    assert_int_equal(orc_object_destroy(world->object), 0);
    assert_int_equal(orc_cell_destroy(world->cell), 0);
}

void begin(struct script_world *world, const struct orc_compartment_options *options) {
    struct orc_error error = {0};
    end(world);
    if (orc_compartment_create(world->cell, options, &world->compartment, &error) != 0)
        fail_msg("%s", error.message);
}

void start_block(struct script_world *world, uint32_t entry, const void *block, size_t size,
                 const struct orc_compartment_options *options) {
    struct orc_error error = {0};
    const struct orc_start where = {
        .object = world->object, .entry = entry, .start_info = block, .start_info_size = size};
    begin(world, options);
    if (scripts_on_callers)
        start_runner(world, &where);
    else if (orc_compartment_start(world->compartment, &where, &error) != 0)
        fail_msg("%s", error.message);
}

void start_calls(struct script_world *world, const struct call *calls, size_t count,
                 const struct orc_compartment_options *options) {
    struct call block[RECORDS] = {0};
    memcpy(block, calls, count * sizeof *calls);
    start_block(world, PROGRAM(script), block, sizeof block, options);
}

void start_with(struct script_world *world, uint32_t entry, const struct call *calls,
                const struct orc_compartment_options *options, size_t at, const void *extra, size_t size) {
    struct call block[RECORDS] = {0};
    for (size_t i = 0; calls && i < RECORDS; i++) {
        block[i] = calls[i];
        if (calls[i].number == UINT64_MAX)
            break;
    }
    if (size > 0)
        memcpy(&block[at], extra, size);
    start_block(world, entry, block, sizeof block, options);
}

void start(struct script_world *world, uint32_t entry, const struct call *calls,
           const struct orc_compartment_options *options) {
    start_with(world, entry, calls, options, 0, NULL, 0);
}

struct orc_result wait_for(struct script_world *world) {
    struct orc_result result;
    int status = orc_compartment_wait(world->compartment, 20 * SECOND, &result);
    if (status != 0)
        fail_msg("the compartment didn't end: %d", status);
    if (result.outcome == ORC_FAULTED)
        print_message("# fault: signal %d at 0x%x, offset 0x%x\n", result.fault.signal, result.fault.address,
                      result.fault.offset);
    return result;
}

struct orc_result run(struct script_world *world, const struct call *calls,
                      const struct orc_compartment_options *options) {
    start(world, PROGRAM(script), calls, options);
    return wait_for(world);
}

int64_t result_of(const struct script_world *world, unsigned index) {
    struct call call;
    memcpy(&call, orc_compartment_slot(world->compartment) + BLOCK(index), sizeof call);
    return call.result;
}

uint32_t word_at(const struct script_world *world, uint32_t address) {
    uint32_t word;
    memcpy(&word, orc_compartment_slot(world->compartment) + address, sizeof word);
    return word;
}

struct orc_thread_start thread_start(const struct script_world *world, uint32_t program, uint32_t argument) {
    return (struct orc_thread_start){
        .entry = orc_object_base(world->object) + program,
        .stack = ORC_STACK_TOP - ORC_STACK_SIZE / 2,
        .thread_pointer = ORC_HEAP,
        .argument = argument,
        .id_address = BLOCK(30) + 8,
    };
}
