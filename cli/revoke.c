/* orc revoke: takes objects away from this user's cells. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cells.h"
#include "commands.h"
#include "control.h"

enum { EXIT_USAGE = 2, FEWEST_DIGITS = 8 };

static const char usage[] =
    "usage: orc revoke HASH...\n"
    "\n"
    "From here on no compartment of this user's cells gets the object with this content, nor can one "
    "register it\n"
    "again; those that use it are killed. That lasts as long as the cell.\n"
    "HASH is what `orc objects` lists, or more digits of it; `orc objects --json` has all 64.\n"
    "\n"
    "  --help\n"
    "\n"
    "Exit status: 0; 1 when a HASH matches no object, or several.\n";

static bool matches(const struct orc_object_statistics *object, const char *digits) {
    char hash[2 * ORC_HASH_SIZE + 1];
    for (size_t i = 0; i < ORC_HASH_SIZE; i++)
        sprintf(hash + 2 * i, "%02x", object->hash[i]);
    return strncmp(hash, digits, strlen(digits)) == 0;
}

/* The object that is meant: NULL after a message. */
static const struct orc_object_statistics *choose(const struct cell_report *cells, size_t count,
                                                  const char *digits) {
    const struct orc_object_statistics *found = NULL;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < cells[i].object_count; j++) {
            const struct orc_object_statistics *object = &cells[i].objects[j];
            if (!matches(object, digits))
                continue;
            if (found && memcmp(found->hash, object->hash, sizeof found->hash) != 0) {
                fprintf(
                    stderr,
                    "orc revoke: %s: several objects' hashes begin so; `orc objects --json` has all digits\n",
                    digits);
                return NULL;
            }
            found = object;
        }
    if (!found)
        fprintf(stderr, "orc revoke: %s: no object's hash begins so; `orc objects` lists them\n", digits);
    return found;
}

static bool revoke(const struct cell_report *cells, size_t count, const char *digits) {
    if (strlen(digits) < FEWEST_DIGITS) {
        fprintf(stderr, "orc revoke: %s: give %d digits at least\n", digits, FEWEST_DIGITS);
        return false;
    }
    const struct orc_object_statistics *object = choose(cells, count, digits);
    bool good = object != NULL;
    for (size_t i = 0; object && i < count; i++) {
        bool held = false;
        if (!control_revoke(cells[i].pid, object->hash, &held)) {
            fprintf(stderr, "orc revoke: cell %d has ended just now, or doesn't answer\n", (int)cells[i].pid);
            good = false;
        } else if (held) {
            printf("cell %d: %s is revoked\n", (int)cells[i].pid, object->name);
        }
    }
    return good;
}

int orc_cmd_revoke(int argc, char **argv) {
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};
    int option, status = 0;
    size_t count;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        fputs(usage, option == 'h' ? stdout : stderr);
        return option == 'h' ? 0 : EXIT_USAGE;
    }
    if (optind == argc) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    struct cell_report *cells = cells_ask(&count);
    for (int i = optind; i < argc; i++)
        if (!revoke(cells, count, argv[i]))
            status = 1;
    cells_free(cells, count);
    return finish_output(argv[0]) ? 1 : status;
}
