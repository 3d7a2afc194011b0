/* What the Intravisor's files share. */
#ifndef ORC_INTRAVISOR_H
#define ORC_INTRAVISOR_H

#include <pthread.h>
#include <signal.h>

#include "orc/cell.h"

#define LOW_SPACE_END 0x100000000u

/* The cell's own signal: a thread's timer. */
#define STOP_SIGNAL (SIGRTMIN + 4)

/* Regions for as many threads are reserved; only those in use cost anything. */
#define MAX_THREADS 65536u

struct orc_cell {
    pthread_mutex_t lock; /* guards the lists, the counts and the regions */
    bool fsgsbase, avx;
    struct orc_object *objects; /* by base */
    unsigned compartments;
    unsigned threads;
    uint8_t region_used[MAX_THREADS / 8];
};

struct orc_object {
    struct orc_cell *cell;
    struct orc_object *next;
    struct orc_object_layout layout;
    uint32_t base, span; /* bytes of the window, whole pages */
    int image;           /* sealed memory file; a region stands at its layout offset */
    unsigned holders;
};

/* An object in a compartment's slot. */
struct grant {
    struct grant *next;
    struct orc_object *object;
    uint64_t *imports; /* the Intravisor's own, writable view of the import table; NULL when it is empty */
};

struct orc_compartment {
    struct orc_cell *cell;
    uint8_t *slot;
    struct grant *grants;
    unsigned threads;
};

static inline uint64_t page_up(uint64_t size) {
    return (size + ORC_PAGE_SIZE - 1) & ~(uint64_t)(ORC_PAGE_SIZE - 1);
}

/* error.c: writes the message and returns -code. */
int fail(struct orc_error *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* memory.c: anonymous memory at exactly this address, over a reservation of ours. */
int map_fixed(void *address, uint64_t size, int protection);
/* Takes the memory away again and keeps the range reserved. */
int unmap_fixed(void *address, uint64_t size);
/* A range of PROT_NONE aligned to `alignment` (a power of two), or NULL with errno. */
void *reserve_aligned(uint64_t size, uint64_t alignment);
/* An anonymous memory file that can be sealed, or -errno. */
int memory_file(const char *name, uint64_t size);

/* object.c: the object whose text holds this code address, or NULL. The caller holds the lock. */
struct orc_object *object_at(const struct orc_cell *cell, uint32_t address);
bool object_has_entry(const struct orc_object *object, uint32_t offset);

/* compartment.c */
struct grant *compartment_grant_of(const struct orc_compartment *compartment,
                                   const struct orc_object *object);

/* thread_region.c: a thread's memory, out of the cell's reservation. */
int regions_reserve(void);
void regions_release(void);
int region_create(struct orc_cell *cell, uint64_t control_stack, struct orc_thread **thread);
void region_destroy(struct orc_cell *cell, struct orc_thread *thread);
/* The thread on one of whose stacks this address lies, or NULL; for fault handlers: touches no memory. */
struct orc_thread *region_thread(uint64_t stack_address);

/* fault.c */
int handlers_install(void);
void handlers_remove(void);

#endif
