/* Compartments that are started, or that stay: what they cost. Over the embedding API.
 *
 *   launch run COUNT PROGRAM    launches, waits for and destroys COUNT compartments, one after the other;
 * prints the nanoseconds that one takes launch idle COUNT PROGRAM   launches COUNT compartments that print a
 * line and wait; prints `ready` when all have, and reads a line; the program gets the argument `wait` */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "orc/launch.h"

static struct orc_error error;
static struct orc_cell *cell;
static struct orc_launcher *launcher;
static struct orc_launch_mount mounts[2];
static struct orc_file *output;

static void check(int status, const char *what) {
    if (status >= 0)
        return;
    fprintf(stderr, "launch: %s: %s: %s\n", what, error.message, strerror(-status));
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void prepare(const char *program, int output_fd) {
    char *root = orc_launch_installed("root");
    check(orc_cell_create(NULL, &cell, &error), "cell");
    check(orc_launcher_create(cell, NULL, &launcher, &error), "launcher");
    check(orc_launch_open(cell, root ? root : "", ORC_LAUNCH_IN_MEMORY, &mounts[0], &error), "root");
    check(orc_launch_open(cell, program, ORC_LAUNCH_REFUSED, &mounts[1], &error), "program");
    check(orc_file_create(cell, output_fd, &output, &error), "output");
    mounts[0].path = "/";
    mounts[1].path = "/bin/program";
    free(root);
}

/* `result`: NULL, or it is run to its end. */
static struct orc_compartment *launch(char *argument, struct orc_result *result) {
    char *arguments[] = {(char *)"program", argument, NULL};
    const struct orc_launch description = {
        .program = "/bin/program",
        .arguments = arguments,
        .mounts = mounts,
        .mount_count = 2,
        .streams = {NULL, output, output},
    };
    struct orc_compartment *compartment;
    check(result ? orc_launch_run(launcher, &description, &compartment, result, &error)
                 : orc_launch(launcher, &description, &compartment, &error),
          "launch");
    return compartment;
}

static void run_once(void) {
    struct orc_result result;
    struct orc_compartment *compartment = launch(NULL, &result);
    if (result.outcome != ORC_EXITED || result.value != 0) {
        fprintf(stderr, "launch: outcome %d, value %lld\n", (int)result.outcome, (long long)result.value);
        exit(1);
    }
    check(orc_compartment_destroy(compartment), "destroy");
}

static void run(unsigned count, const char *program) {
    int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    prepare(program, nothing);
    struct orc_compartment *keeper =
        launch((char *)"wait", NULL); /* its objects stay in the store: others only request them */
    for (unsigned i = 0; i < count / 10 + 1; i++)
        run_once();
    double start = now();
    for (unsigned i = 0; i < count; i++)
        run_once();
    printf("%.0f\n", (now() - start) / count);
    (void)keeper;
}

static void wait_for_lines(int fd, unsigned count) {
    char buffer[4096];
    while (count > 0) {
        ssize_t got = read(fd, buffer, sizeof buffer);
        if (got <= 0)
            exit(1);
        for (ssize_t i = 0; i < got; i++)
            count -= buffer[i] == '\n';
    }
}

static void idle(unsigned count, const char *program) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        check(-errno, "pipe");
    prepare(program, ends[1]);
    for (unsigned i = 0; i < count; i++) {
        launch((char *)"wait", NULL);
        wait_for_lines(ends[0], 1);
    }
    puts("ready");
    fflush(stdout);
    (void)!getchar();
}

int main(int argc, char **argv) {
    struct rlimit limit;
    if (argc != 4) {
        fprintf(stderr, "usage: launch run|idle COUNT PROGRAM\n");
        return 2;
    }
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    unsigned count = (unsigned)atoi(argv[2]);
    if (strcmp(argv[1], "run") == 0)
        run(count, argv[3]);
    else
        idle(count, argv[3]);
    fflush(stdout);
    _exit(0);
}
