/* A cell with the test programs in one bare compartment, and a thread. */
#ifndef TESTS_INTRAVISOR_FIXTURE_H
#define TESTS_INTRAVISOR_FIXTURE_H

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "orc/hostcall.h"
#include "orc/cell.h"
#include "programs.h"

#define START_INFO "start information"
#define SECOND 1000000000ull

struct world {
    struct orc_cell *cell;
    struct orc_object *object;
    struct orc_compartment *compartment;
    struct orc_thread *thread;
};

/* The image of the test programs: its constants hold 0x11 bytes, its data 0x22 bytes, one relocation in each.
 */
struct orc_object_image programs_image(void);

struct orc_object *create_object(struct orc_cell *cell);
struct orc_compartment *create_compartment(struct orc_cell *cell, struct orc_object *object);
/* Its handle. */
uint32_t grant_descriptor(struct orc_cell *cell, struct orc_compartment *compartment, int fd, unsigned rights);
struct orc_thread *create_thread(struct orc_compartment *compartment);

/* *state is a struct world. A test makes its own: cmocka replaces the fault handlers between fixtures and
 * tests. */
void create_world(void **state);
void destroy_world(void **state);
#define TEST(name)                                                                                           \
    static void body_of_##name(void **state);                                                                \
    static void name(void **state) {                                                                         \
        create_world(state);                                                                                 \
        body_of_##name(state);                                                                               \
        destroy_world(state);                                                                                \
    }                                                                                                        \
    static void body_of_##name(void **state)

/* Calls the program at `offset` with up to six arguments, and a limit of ten seconds that makes the test
 * fail. */
struct orc_result call(struct orc_thread *thread, uint32_t entry, const uint64_t arguments[6]);
/* The same by the world (a struct world *, as cmocka hands it over) and the program's name. */
struct orc_result call_program(const void *world, uint32_t offset, const uint64_t arguments[6]);
#define CALL(world, name, ...) call_program(world, PROGRAM(name), (const uint64_t[6]){__VA_ARGS__})

/* Asserts that the call returned, and gives what. */
int64_t returned(struct orc_result result);

int run_as_tap(const char *name, const struct CMUnitTest *tests, size_t count);

/* Import-table entry `import` of `object` will lead to the entry point at offset `entry` of `target`, as if the guest had asked. */
int bind_entry(struct orc_compartment *compartment, struct orc_object *object, uint32_t import,
               struct orc_object *target, uint32_t entry);

#endif
