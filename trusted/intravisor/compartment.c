/* Compartments: their options, their slot, and their end. life.c has what lies between. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "store.h"
#include "thread.h"

#define DEFAULT_REGISTERED (UINT64_C(1) << 30)
#define DEFAULT_THREADS 1024u
#define DEFAULT_HANDLES 4096u
#define DEFAULT_OBJECTS 256u
#define MOST_THREADS 65536u
#define MOST_HANDLES (1u << 20)

/* The quotas in numbers, or why they can't be had. */
static int set_limits(struct orc_compartment *compartment, const struct orc_compartment_options *options,
                      struct orc_error *error) {
    struct orc_compartment_options *limits = &compartment->limits;
    if (options)
        *limits = *options;
    limits->memory = limits->memory ? limits->memory : ORC_SLOT_SIZE;
    limits->registered = limits->registered ? limits->registered : DEFAULT_REGISTERED;
    limits->threads = limits->threads ? limits->threads : DEFAULT_THREADS;
    limits->handles = limits->handles ? limits->handles : DEFAULT_HANDLES;
    limits->objects = limits->objects ? limits->objects : DEFAULT_OBJECTS;
    limits->control_stack = limits->control_stack ? page_up(limits->control_stack) : DEFAULT_CONTROL_STACK;
    compartment->bare = limits->bare;
    if (limits->threads > MOST_THREADS || limits->handles > MOST_HANDLES)
        return fail(error, EINVAL, "compartment: too many threads (of %u) or handles", MOST_THREADS);
    if (limits->control_stack < MIN_CONTROL_STACK || limits->control_stack > MAX_CONTROL_STACK)
        return fail(error, EINVAL, "compartment: a control stack has %u to %u bytes", MIN_CONTROL_STACK,
                    MAX_CONTROL_STACK);
    if ((limits->name && strlen(limits->name) >= NAME_SIZE) ||
        (limits->domain && strlen(limits->domain) >= NAME_SIZE))
        return fail(error, EINVAL, "compartment: a name has %u bytes at most", NAME_SIZE - 1);
    if (limits->domain)
        strcpy(compartment->domain, limits->domain);
    if (limits->name)
        strcpy(compartment->name, limits->name);
    limits->name = limits->domain = NULL; /* the caller's */
    return 0;
}

static void enlist(struct orc_compartment *compartment) {
    struct orc_cell *cell = compartment->cell;
    HOLD(cell->list_lock);
    uint64_t number = ++cell->last_number;
    if (!compartment->name[0])
        snprintf(compartment->name, sizeof compartment->name, "compartment%llu", (unsigned long long)number);
    compartment->link = &cell->compartments;
    compartment->next = cell->compartments;
    if (compartment->next)
        compartment->next->link = &compartment->next;
    cell->compartments = compartment;
}

static void delist(struct orc_compartment *compartment) {
    HOLD(compartment->cell->list_lock);
    *compartment->link = compartment->next;
    if (compartment->next)
        compartment->next->link = compartment->link;
}

static bool take_slot(struct orc_compartment *compartment) {
    HOLD(compartment->cell->lock);
    compartment->slot = arena_take(&slot_arena);
    compartment->cell->slots += compartment->slot != NULL;
    return compartment->slot != NULL;
}

/* And all that is mapped in it: gigabytes may take a while, in which other compartments need the lock. */
static void give_slot(struct orc_compartment *compartment) {
    munmap(compartment->slot, ORC_SLOT_SIZE);
    HOLD(compartment->cell->lock);
    arena_give(&slot_arena, compartment->slot);
    compartment->cell->slots--;
    compartment->slot = NULL;
}

int orc_compartment_create(struct orc_cell *cell, const struct orc_compartment_options *options,
                           struct orc_compartment **compartment, struct orc_error *error) {
    struct orc_compartment *created = calloc(1, sizeof *created);
    if (!created)
        return fail(error, ENOMEM, "compartment: no memory");
    created->cell = cell;
    int status = set_limits(created, options, error);
    if (status == 0 && !take_slot(created))
        status = fail(error, ENOMEM, "compartment: no slot is left in this cell, or no memory for one");
    if (status < 0) {
        free(created);
        return status;
    }
    make_condition(&created->ended);
    pthread_mutex_init(&created->lock, NULL);
    pthread_mutex_init(&created->memory_lock, NULL);
    enlist(created);
    *compartment = created;
    return 0;
}

int orc_compartment_destroy(struct orc_compartment *compartment) {
    {
        HOLD(compartment->lock);
        if (compartment->thread_count > 0)
            return -EBUSY;
        compartment->ending = true;
    }
    delist(compartment);
    give_slot(compartment);
    while (compartment->grants)
        grant_destroy(compartment, compartment->grants);
    capabilities_release(compartment);
    memory_release(compartment);
    free(compartment->networks);
    pthread_cond_destroy(&compartment->ended);
    pthread_mutex_destroy(&compartment->lock);
    pthread_mutex_destroy(&compartment->memory_lock);
    free(compartment);
    return 0;
}

void orc_cell_compartments(struct orc_cell *cell,
                           bool (*visit)(void *context, struct orc_compartment *compartment), void *context) {
    HOLD(cell->list_lock);
    for (struct orc_compartment *compartment = cell->compartments; compartment;
         compartment = compartment->next)
        if (!visit(context, compartment))
            break;
}

const char *orc_compartment_name(const struct orc_compartment *compartment) {
    return compartment->name;
}

uint8_t *orc_compartment_slot(const struct orc_compartment *compartment) {
    return compartment->slot;
}
