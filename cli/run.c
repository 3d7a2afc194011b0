/* orc run: programs in compartments, with what the options grant them and nothing else. */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "supervise.h"

/* What a user or a manager sends to a program; the compartments get them instead of this process. SIGTSTP and
 * its kind keep their meaning: they stop the process with all that runs in it. */
static const int forwarded[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH};

/* Which signals this process was started to ignore, bit N-1 for signal N. */
static uint32_t ignored_signals(void) {
    struct sigaction action;
    uint32_t ignored = 0;
    for (int number = 1; number < 32; number++)
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
            ignored |= 1u << (number - 1);
    return ignored;
}

/* Before there's a thread or a compartment: they inherit the mask. */
static void block_signals(sigset_t *signals) {
    sigemptyset(signals);
    for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++)
        sigaddset(signals, forwarded[i]);
    sigprocmask(SIG_BLOCK, signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* Closed standard streams: or the next file that this process opens would become one. */
static void fill_streams(void) {
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

/* Many compartments hold many files; what the process was given as its most is fine here. */
static void raise_limits(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* A guest's or the Intravisor's line for the operator. */
static void print_log(void *context, const char *compartment, const char *line, size_t length) {
    (void)context;
    flockfile(stderr);
    fprintf(stderr, "orc run: %s: ", compartment ? compartment : "cell");
    print_plain(stderr, line, length);
    fputc('\n', stderr);
    funlockfile(stderr);
}

static bool complain(const char *what) {
    fprintf(stderr, "orc run: %s\n", what);
    return false;
}

/* From an empty process to a cell that is ready to launch, and locked down. */
static struct supervisor *prepare(struct run *run, const sigset_t *signals) {
    const struct orc_cell_options options = {.log = print_log};
    struct orc_error error;
    mallopt(M_ARENA_MAX, 1); /* no heaps for threads: what a hostcall looks at lies close together */
    if (orc_cell_create(&options, &run->cell, &error) < 0 ||
        orc_launcher_create(run->cell, NULL, &run->launcher, &error) < 0) {
        complain(error.message);
        return NULL;
    }
    char *loader = orc_launch_installed("sysroot/lib/libc.so");
    run->loader_file = loader ? open(loader, O_RDONLY | O_CLOEXEC) : -1;
    free(loader);
    if (!run_prepare(run))
        return NULL;
    struct supervisor *supervisor = supervisor_open(run, signals);
    if (supervisor && orc_cell_lock_down(run->cell, &error) < 0) {
        complain(error.message);
        supervisor_close(supervisor);
        return NULL;
    }
    return supervisor;
}

int run_all(struct run *run) {
    sigset_t signals;
    for (size_t i = 0; i < run->group_count; i++)
        run->count += run->groups[i].options.count;
    run->loader_file = -1;
    fill_streams();
    run->ignored_signals = ignored_signals();
    block_signals(&signals);
    raise_limits();
    run->file_mode_mask = umask(0);
    umask(run->file_mode_mask);
    run->start = monotonic_time();
    struct supervisor *supervisor = prepare(run, &signals);
    if (supervisor) {
        supervisor_run(supervisor);
        supervisor_close(supervisor);
    } else {
        run->status = RUN_FAILED;
    }
    run_release(run);
    orc_launcher_destroy(run->launcher);
    if (run->cell)
        orc_cell_destroy(run->cell);
    return run->status;
}

int orc_cmd_run(int argc, char **argv) {
    struct run run = {.group_count = 1};
    struct group group = {.run = &run, .program_file = -1};
    int status = run_options_parse(argc, argv, &group.options, &run.options);
    if (status >= 0)
        return status;
    const char *slash = strrchr(group.options.arguments[0], '/');
    run.title = slash ? slash + 1 : group.options.arguments[0];
    run.groups = &group;
    return run_all(&run);
}
