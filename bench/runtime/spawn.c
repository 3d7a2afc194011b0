/* The native side of launch.c: processes.
 *
 *   spawn run COUNT PROGRAM     fork, exec and wait, COUNT times; prints the nanoseconds that one takes
 *   spawn idle COUNT PROGRAM    COUNT processes that print a line and wait; prints `ready` when all have, and
 * reads a line */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static pid_t start(const char *program, const char *argument, int output) {
    char *const environment[] = {NULL};
    pid_t child = fork();
    if (child < 0) {
        perror("spawn: fork");
        exit(1);
    }
    if (child > 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(output, 1);
    execle(program, program, argument, NULL, environment);
    _exit(127);
}

static void run(unsigned count, const char *program) {
    int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC), status;
    double begin = 0;
    for (unsigned i = 0; i < count + count / 10; i++) {
        if (i == count / 10)
            begin = now();
        if (waitpid(start(program, NULL, nothing), &status, 0) < 0 || status != 0)
            exit(1);
    }
    printf("%.0f\n", (now() - begin) / count);
}

static void idle(unsigned count, const char *program) {
    int ends[2];
    char line[16];
    if (pipe2(ends, O_CLOEXEC) < 0)
        exit(1);
    for (unsigned i = 0; i < count; i++) {
        start(program, "wait", ends[1]);
        for (ssize_t got = 0; got < 6;) { /* "hello\n" */
            ssize_t more = read(ends[0], line, 6 - (size_t)got);
            if (more <= 0)
                exit(1);
            got += more;
        }
    }
    puts("ready");
    fflush(stdout);
    (void)!getchar();
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: spawn run|idle COUNT PROGRAM\n");
        return 2;
    }
    if (strcmp(argv[1], "run") == 0)
        run((unsigned)atoi(argv[2]), argv[3]);
    else
        idle((unsigned)atoi(argv[2]), argv[3]);
    return 0;
}
