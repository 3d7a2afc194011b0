/* orc kill: a signal for compartments. */
#include <getopt.h>
#include <signal.h>
#include <string.h>

#include "cells.h"
#include "commands.h"
#include "control.h"
#include "text.h"

enum { EXIT_USAGE = 2 };

static const char usage[] =
    "usage: orc kill [-s SIGNAL] NAME...\n"
    "\n"
    "Sends SIGTERM, or SIGNAL, to compartments of this user's cells. KILL ends them whatever they do.\n"
    "NAME is a compartment's name; a pattern with * ? [] means all that match; CELL/NAME looks in one cell.\n"
    "\n"
    "  -s, --signal SIGNAL   a name or number from 1 to 31: TERM, SIGHUP, 9\n"
    "      --help\n"
    "\n"
    "Exit status: 0; 1 when a NAME matches nothing, or several compartments without being a pattern.\n";

static bool is_pattern(const char *name) {
    return strpbrk(name, "*?[") != NULL;
}

static bool send(const struct cell_report *cell, const struct compartment_report *compartment, int signal) {
    unsigned reached = 0;
    if (control_send_signal(cell->pid, compartment->name, signal, &reached) && reached > 0)
        return true;
    fprintf(stderr, "orc kill: %d/%s has ended just now\n", (int)cell->pid, compartment->name);
    return false;
}

static unsigned count_matches(const struct cell_report *cells, size_t count, const char *name) {
    unsigned matches = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < cells[i].compartment_count; j++)
            matches += names_compartment(name, &cells[i], &cells[i].compartments[j]);
    return matches;
}

static bool kill_named(const struct cell_report *cells, size_t count, const char *name, int signal) {
    unsigned matches = count_matches(cells, count, name);
    bool good = true;
    if (matches == 0) {
        fprintf(stderr, "orc kill: no compartment named %s; `orc ps` lists them\n", name);
        return false;
    }
    if (matches > 1 && !is_pattern(name)) {
        fprintf(stderr,
                "orc kill: %u compartments are named %s; say which by CELL/%s, as `orc ps` lists them\n",
                matches, name, name);
        return false;
    }
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < cells[i].compartment_count; j++)
            if (names_compartment(name, &cells[i], &cells[i].compartments[j]))
                good = send(&cells[i], &cells[i].compartments[j], signal) && good;
    return good;
}

int orc_cmd_kill(int argc, char **argv) {
    static const struct option options[] = {
        {"signal", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int option, signal = SIGTERM, status = 0;
    size_t count;
    while ((option = getopt_long(argc, argv, "s:", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(usage, stdout);
            return 0;
        }
        if (option == 's' && !(signal = parse_signal(optarg))) {
            fprintf(stderr, "orc kill: -s %s: no signal of that name, and not a number from 1 to 31\n",
                    optarg);
            return EXIT_USAGE;
        }
        if (option == '?') {
            fputs(usage, stderr);
            return EXIT_USAGE;
        }
    }
    if (optind == argc) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    struct cell_report *cells = cells_ask(&count);
    for (int i = optind; i < argc; i++)
        if (!kill_named(cells, count, argv[i], signal))
            status = 1;
    cells_free(cells, count);
    return status;
}
