/* A slot between neighbours that notice being touched, and code space for one text after the other. */
#ifndef TESTS_FUZZ_ESCAPE_WORLD_H
#define TESTS_FUZZ_ESCAPE_WORLD_H

#include "../../../trusted/intravisor/thread.h"
#include "random.h"

#define EDGE_SIZE 0x10000u
#define CANARY_SIZE 0x4000u

struct world {
    struct orc_cell *cell;
    struct orc_compartment compartment;
    struct orc_thread *thread;
    uint8_t *text;          /* writable view of the page at TEXT_ADDRESS */
    uint8_t *below, *above; /* the neighbours' edges; NULL: not mapped, so that reading them faults too */
    uint8_t *canary;        /* host memory */
};

/* Poisoned neighbours, or (`mapped` false) neighbours that fault. */
bool world_create(struct orc_cell *cell, bool mapped, struct world *world);

/* The guest's memory as at the start. */
void world_refill(struct world *world, struct random *random);

/* A register value that might do harm. */
uint64_t world_value(const struct world *world, struct random *random);

/* A thread pointer that the hostcall would accept. */
uint32_t world_thread_pointer(struct random *random);

/* NULL, or what was damaged. */
const char *world_damage(const struct world *world);

bool is_poison(uint64_t value);

#endif
