/* Compartments that run scripts of hostcalls. */
#ifndef TESTS_INTRAVISOR_SCRIPT_H
#define TESTS_INTRAVISOR_SCRIPT_H

#include "fixture.h"
#include "orc/hostcall.h"

/* A record of the script, as programs.S reads it. */
struct call {
    uint64_t number;
    uint64_t arguments[5];
    int64_t result;
    int64_t until; /* 0, or the result for which the call is repeated */
};
#define DO(what, ...) {.number = what, .arguments = {__VA_ARGS__}}
#define UNTIL(wanted, what, ...) {.number = what, .arguments = {__VA_ARGS__}, .until = wanted}
#define SLEEP(ns) DO(ORC_POLL, 0, 0, ns)
#define END {.number = UINT64_MAX}
#define BLOCK(index) (ORC_START_BLOCK + 64 * (index)) /* the guest address of a record, or of room for anything */

struct script_world {
    struct orc_cell *cell;
    struct orc_object *object;
    struct orc_compartment *compartment;
    struct runner *runner;
};

/* Compartments run on host threads of the test's own, by orc_compartment_run. */
extern bool scripts_on_callers;
/* Of the cells that create_script_world makes. */
extern struct orc_cell_options script_cell_options;

void create_script_world(struct script_world *world);
void destroy_script_world(struct script_world *world);
#define SCRIPT_TEST(name)                                                                                    \
    static void body_of_##name(struct script_world *world);                                                  \
    static void name(void **state) {                                                                         \
        struct script_world world;                                                                           \
        (void)state;                                                                                         \
        create_script_world(&world);                                                                         \
        body_of_##name(&world);                                                                              \
        destroy_script_world(&world);                                                                        \
    }                                                                                                        \
    static void body_of_##name(struct script_world *world)

/* Makes a new compartment in place of the one there was. */
void begin(struct script_world *world, const struct orc_compartment_options *options);
void end(struct script_world *world);

/* A new compartment, started: with a block of `count` records; with the calls up to END. */
void start_calls(struct script_world *world, const struct call *calls, size_t count,
                 const struct orc_compartment_options *options);
void start(struct script_world *world, uint32_t entry, const struct call *calls,
           const struct orc_compartment_options *options);
/* And `size` bytes at record `at`. */
void start_with(struct script_world *world, uint32_t entry, const struct call *calls,
                const struct orc_compartment_options *options, size_t at, const void *extra, size_t size);
/* With a whole start block. */
void start_block(struct script_world *world, uint32_t entry, const void *block, size_t size,
                 const struct orc_compartment_options *options);
struct orc_result wait_for(struct script_world *world);
struct orc_result run(struct script_world *world, const struct call *calls,
                      const struct orc_compartment_options *options);

/* Afterwards. */
int64_t result_of(const struct script_world *world, unsigned index);
uint32_t word_at(const struct script_world *world, uint32_t address);

/* A thread that calls the program with an argument; its id goes to the second word of BLOCK(30). */
struct orc_thread_start thread_start(const struct script_world *world, uint32_t program, uint32_t argument);

#endif
