/* orc ps, orc top, orc objects, orc stats: what runs in this user's cells. */
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cells.h"
#include "commands.h"
#include "text.h"

enum { EXIT_USAGE = 2 };

static const char ps_usage[] =
    "usage: orc ps [--json] [NAME...]\n"
    "\n"
    "Lists the compartments of this user's cells, or those that are named: names as `orc kill` takes them.\n"
    "\n"
    "  --json   all figures, as JSON\n"
    "  --help\n"
    "\n"
    "Exit status: 0; 1 when NAMEs match nothing.\n";

static const char objects_usage[] = "usage: orc objects [--json]\n"
                                    "\n"
                                    "Lists the objects that each of this user's cells holds: the hash of "
                                    "their content, where they stand, how many\n"
                                    "compartments use them, and the memory that sharing saves.\n"
                                    "\n"
                                    "  --json   the whole hash and all figures, as JSON\n"
                                    "  --help\n";

static const char stats_usage[] = "usage: orc stats [--json | --prometheus] [NAME...]\n"
                                  "\n"
                                  "Prints what compartments use, of all this user's cells or those that are "
                                  "named: names as `orc kill` takes them.\n"
                                  "\n"
                                  "  --json         as JSON, objects included\n"
                                  "  --prometheus   as Prometheus text\n"
                                  "  --help\n"
                                  "\n"
                                  "Exit status: 0; 1 when NAMEs match nothing.\n";

static const char top_usage[] =
    "usage: orc top [--interval SECONDS] [--count N] [NAME...]\n"
    "\n"
    "Lists compartments as `orc ps` does, those that use most of a processor first, until it's interrupted.\n"
    "\n"
    "  --interval SECONDS   between two looks (default 2)\n"
    "  --count N            end after N looks\n"
    "  --help\n";

static const struct option view_options[] = {
    {"json", no_argument, NULL, 'j'},
    {"prometheus", no_argument, NULL, 'p'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

/* Which of the forms was asked for: 0, 'j' or 'p'; -1: end with *status. */
static int parse_view(int argc, char **argv, const char *usage, int *status) {
    int option, form = 0;
    while ((option = getopt_long(argc, argv, "", view_options, NULL)) != -1) {
        if (option == 'h') {
            fputs(usage, stdout);
            *status = 0;
            return -1;
        }
        if (option == '?' || (option == 'p' && usage != stats_usage)) {
            fputs(usage, stderr);
            *status = EXIT_USAGE;
            return -1;
        }
        form = option;
    }
    return form;
}

/* Asks, chooses, prints. */
static int view(int argc, char **argv, const char *usage,
                void (*print)(FILE *, const struct cell_report *, size_t), bool compartments, bool objects) {
    size_t count;
    int status, form = parse_view(argc, argv, usage, &status);
    if (form < 0)
        return status;
    struct cell_report *cells = cells_ask(&count);
    size_t chosen = cells_choose(cells, count, argv + optind);
    if (form == 'j')
        cells_print_json(stdout, cells, count, compartments, objects);
    else if (form == 'p')
        cells_print_metrics(stdout, cells, count);
    else
        print(stdout, cells, count);
    cells_free(cells, count);
    status = finish_output(argv[0]);
    if (optind < argc && chosen == 0) {
        fprintf(stderr, "%s: no compartment named %s; `orc ps` lists them\n", argv[0], argv[optind]);
        status = 1;
    }
    return status;
}

int orc_cmd_ps(int argc, char **argv) {
    return view(argc, argv, ps_usage, cells_print_compartments, true, false);
}

int orc_cmd_objects(int argc, char **argv) {
    return view(argc, argv, objects_usage, cells_print_objects, false, true);
}

int orc_cmd_stats(int argc, char **argv) {
    return view(argc, argv, stats_usage, cells_print_statistics, true, true);
}

/* --- top --- */

struct load {
    const struct cell_report *cell;
    const struct compartment_report *compartment;
    double share; /* of one processor */
};

static const struct compartment_report *find_before(const struct cell_report *before, size_t count, pid_t pid,
                                                    const char *name, size_t hint) {
    for (size_t i = 0; i < count; i++) {
        if (before[i].pid != pid)
            continue;
        /* Compartments keep their order, so it's mostly where it is now. */
        for (size_t j = hint < before[i].compartment_count ? hint : 0; j < before[i].compartment_count; j++)
            if (strcmp(before[i].compartments[j].name, name) == 0)
                return &before[i].compartments[j];
        for (size_t j = 0; j < before[i].compartment_count; j++)
            if (strcmp(before[i].compartments[j].name, name) == 0)
                return &before[i].compartments[j];
    }
    return NULL;
}

static int compare_loads(const void *left, const void *right) {
    const struct load *a = left, *b = right;
    if (a->share != b->share)
        return a->share < b->share ? 1 : -1;
    return strcmp(a->compartment->name, b->compartment->name);
}

static void print_loads(struct load *loads, size_t count) {
    uint64_t own = 0, shared = 0;
    qsort(loads, count, sizeof *loads, compare_loads);
    for (size_t i = 0; i < count; i++)
        own += loads[i].compartment->statistics.resident;
    for (size_t i = 0; i < count; i++)
        shared += loads[i].compartment->statistics.shared;
    if (isatty(STDOUT_FILENO))
        fputs("\033[H\033[2J", stdout);
    printf("%zu compartments, %llu KiB private, %llu KiB that they'd need without sharing\n\n", count,
           (unsigned long long)(own >> 10), (unsigned long long)((own + shared) >> 10));
    printf("%7s %-31s %6s %7s %10s %12s %12s\n", "CELL", "NAME", "CPU %", "THREADS", "CPU s", "PRIVATE KiB",
           "SHARED KiB");
    for (size_t i = 0; i < count && i < 40; i++) {
        const struct orc_statistics *s = &loads[i].compartment->statistics;
        printf("%7d %-31s %6.1f %7u %10.2f %12llu %12llu\n", (int)loads[i].cell->pid,
               loads[i].compartment->name, loads[i].share * 100, s->threads, (double)s->processor_time / 1e9,
               (unsigned long long)s->resident >> 10, (unsigned long long)s->shared >> 10);
    }
    putchar('\n');
}

static void show_loads(const struct cell_report *now, size_t count, const struct cell_report *before,
                       size_t before_count, double seconds) {
    size_t total = 0, at = 0;
    for (size_t i = 0; i < count; i++)
        total += now[i].compartment_count;
    struct load *loads = calloc(total + 1, sizeof *loads);
    for (size_t i = 0; loads && i < count; i++)
        for (size_t j = 0; j < now[i].compartment_count; j++) {
            const struct compartment_report *c = &now[i].compartments[j];
            const struct compartment_report *old = find_before(before, before_count, now[i].pid, c->name, j);
            uint64_t spent = c->statistics.processor_time - (old ? old->statistics.processor_time : 0);
            loads[at++] = (struct load){&now[i], c, old ? (double)spent / 1e9 / seconds : 0};
        }
    if (loads)
        print_loads(loads, total);
    free(loads);
}

static int watch(uint64_t interval, unsigned looks, char *const *patterns) {
    struct cell_report *before = NULL;
    size_t before_count = 0, count;
    for (unsigned look = 0; looks == 0 || look < looks; look++) {
        if (look > 0)
            usleep((useconds_t)(interval / 1000));
        struct cell_report *now = cells_ask(&count);
        cells_choose(now, count, patterns);
        show_loads(now, count, before, before_count, (double)interval / 1e9);
        cells_free(before, before_count);
        before = now;
        before_count = count;
        int status = finish_output("orc top");
        if (status != 0)
            break;
    }
    cells_free(before, before_count);
    return finish_output("orc top");
}

int orc_cmd_top(int argc, char **argv) {
    static const struct option options[] = {
        {"interval", required_argument, NULL, 'i'},
        {"count", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    uint64_t interval = 2000000000;
    unsigned looks = 0;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(top_usage, stdout);
            return 0;
        }
        if (option == '?' ||
            (option == 'i' && (!parse_seconds(optarg, &interval) || interval > 3600000000000)) ||
            (option == 'c' && !parse_count(optarg, 1000000, &looks))) {
            if (option != '?')
                fprintf(stderr, "orc top: --%s %s: not a number that fits\n",
                        option == 'i' ? "interval" : "count", optarg);
            fputs(top_usage, stderr);
            return EXIT_USAGE;
        }
    }
    return watch(interval, looks, argv + optind);
}
