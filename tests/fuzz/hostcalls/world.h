/* A cell with a neighbour and host files around what hostile compartments are granted. */
#ifndef TESTS_FUZZ_HOSTCALLS_WORLD_H
#define TESTS_FUZZ_HOSTCALLS_WORLD_H

#include <errno.h>
#include <stdbool.h>

#include "orc/cell.h"

#define WHOLE "whole and unchanged"

struct world {
    struct orc_cell *cell;
    struct orc_object *object;
    struct orc_compartment *neighbour; /* handle 0: a file that holds WHOLE, to read */
    struct orc_error error;
    char root[64];
    int around; /* the directory that holds the granted ones */
};

bool world_create(struct world *world);

/* A compartment with grants: 0 a directory to write, 1 one to read, 2 a file to append to, 3 to 5 streams. */
struct orc_compartment *world_compartment(struct world *world);

/* What has changed in the host's files that nobody was granted; NULL: nothing. Cleans the writable directory. */
const char *world_damage(struct world *world);

/* NULL when all of it could be given back. */
const char *world_destroy(struct world *world);

#endif
