/* A cell that grows on demand, for the evaluation: `orc run` starts all of its compartments at once.
 *
 *   cell shared|private OPTION... -n MOST PROGRAM [ARGUMENT...]
 *
 * The options are those of `orc run`, --zygote too. Each line on standard input starts the next compartment,
 * up to MOST; the answer is its number. A compartment that ends by itself is reported as `ended NUMBER`. At
 * the end of the input the process ends, and all compartments with it. `private` compartments share nothing,
 * not even the C library; each one's own is loaded when it starts, so that such a cell can't be locked down,
 * which makes its hostcalls a little cheaper. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../../cli/run.h"

#define FREEZE_TIME 30000000000ull /* ns */

static struct orc_error error;

static _Noreturn void fail(const char *what) {
    fprintf(stderr, "cell: %s\n", what);
    exit(1);
}

static void raise_limits(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* What a guest or the Intravisor says about itself. */
static void print_log(void *context, const char *compartment, const char *line, size_t length) {
    (void)context;
    fprintf(stderr, "cell: %s: %.*s\n", compartment ? compartment : "", (int)length, line);
}

/* On a thread of the Intravisor's: one write, so that lines stay whole. */
static void note_end(void *context) {
    const struct instance *instance = context;
    char line[32];
    int length = snprintf(line, sizeof line, "ended %td\n", instance - instance->group->instances);
    if (write(STDOUT_FILENO, line, (size_t)length) != length)
        _exit(1);
}

static void open_cell(struct run *run, bool is_private) {
    const struct orc_cell_options options = {.log = print_log};
    if (orc_cell_create(&options, &run->cell, &error) < 0 ||
        orc_launcher_create(run->cell, NULL, &run->launcher, &error) < 0)
        fail(error.message);
    if (!run_prepare(run))
        exit(1);
    if (!is_private && orc_cell_lock_down(run->cell, &error) < 0)
        fail(error.message);
}

/* A loader and a sharing domain of its own. */
static void keep_apart(struct run *run, struct instance *instance, unsigned number) {
    if (orc_launcher_create(run->cell, NULL, &instance->launcher, &error) < 0)
        fail(error.message);
    instance->domain = format("alone %u", number);
}

static void launch(struct run *run, struct instance *instance) {
    const struct run_options *options = &instance->group->options;
    const struct orc_launch launch = {
        .program = instance->group->program,
        .arguments = instance->arguments.items,
        .environment = instance->environment.items,
        .hostname = instance->hostname,
        .working_directory = options->working_directory,
        .mounts = instance->mounts,
        .mount_count = instance->mount_count,
        .streams = {instance->streams[0], instance->streams[1],
                    instance->streams[2] ? instance->streams[2] : run->streams[2]},
        .networks = instance->networks,
        .network_count = instance->network_count,
        .published = instance->published,
        .published_count = instance->published_count,
        .zygote = instance->group->zygote,
        .options = {.name = instance->name,
                    .domain = instance->domain,
                    .memory = options->memory,
                    .threads = options->threads,
                    .handles = options->handles},
    };
    struct orc_launcher *launcher = instance->launcher ? instance->launcher : run->launcher;
    if (orc_launch(launcher, &launch, &instance->compartment, &error) < 0)
        fail(error.message);
    run_release_streams(instance);
}

/* With --zygote: the compartment that the others become clones of. */
static void make_zygote(struct run *run, struct group *group) {
    struct instance *instance = zygote_of(group);
    if (!instance)
        return;
    launch(run, instance);
    if (orc_zygote_create(instance->compartment, group->options.settle, FREEZE_TIME, &group->zygote, &error) <
        0)
        fail(error.message);
}

static void serve(struct run *run, bool is_private) {
    struct group *group = &run->groups[0];
    char line[16];
    for (unsigned i = 0; fgets(line, sizeof line, stdin); i++) {
        if (i == group->options.count)
            fail("more compartments than were announced");
        if (is_private)
            keep_apart(run, &group->instances[i], i);
        launch(run, &group->instances[i]);
        orc_compartment_on_end(group->instances[i].compartment, note_end, &group->instances[i]);
        int length = snprintf(line, sizeof line, "%u\n", i);
        if (write(STDOUT_FILENO, line, (size_t)length) != length)
            exit(1);
    }
}

int main(int argc, char **argv) {
    struct run run = {.group_count = 1, .loader_file = -1, .title = "evaluation"};
    struct group group = {.run = &run, .program_file = -1};
    bool is_private = argc > 1 && strcmp(argv[1], "private") == 0;
    if (argc < 3 || (!is_private && strcmp(argv[1], "shared") != 0))
        fail("usage: cell shared|private OPTION... -n MOST PROGRAM [ARGUMENT...]");
    if (run_options_parse(argc - 1, argv + 1, &group.options, NULL) >= 0)
        return 1;
    run.groups = &group;
    run.count = group.options.count;
    raise_limits();
    open_cell(&run, is_private);
    make_zygote(&run, &group);
    serve(&run, is_private);
    _exit(0); /* the compartments end with their cell */
}
