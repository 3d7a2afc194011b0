/* What calls of the operating system cost: the same source runs in a compartment and natively. Prints
 * nanoseconds a call.
 *
 *   calls null ROUNDS             a null hostcall; natively the getpid system call
 *   calls pipe SIZE ROUNDS        a write to a pipe and a read from it
 *   calls file SIZE ROUNDS PATH   a read at the start of a file, in the page cache
 *   calls clock ROUNDS            clock_gettime(CLOCK_MONOTONIC) */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifdef __ORC__
#include "orc/abi.h"
#include "orc/hostcall.h"
static long null_call(void) {
    return ((long (*)(long, long, long, long, long, long))ORC_GATES)(ORC_THREAD_ID, 0, 0, 0, 0, 0);
}
#else
static long null_call(void) {
    return syscall(SYS_getpid);
}
#endif

static char buffer[1 << 20];

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void fail(const char *what) {
    fprintf(stderr, "calls: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void measure_pipe(size_t size, long rounds) {
    int ends[2];
    if (pipe(ends) < 0)
        fail("pipe");
    while (rounds-- > 0)
        if (write(ends[1], buffer, size) != (ssize_t)size || read(ends[0], buffer, size) != (ssize_t)size)
            fail("pipe");
}

static void measure_file(size_t size, long rounds, const char *path) {
    int file = open(path, O_RDONLY);
    if (file < 0)
        fail(path);
    while (rounds-- > 0)
        if (pread(file, buffer, size, 0) != (ssize_t)size)
            fail(path);
}

static void measure(const char *what, long size, long rounds, const char *path) {
    struct timespec time;
    if (strcmp(what, "pipe") == 0)
        measure_pipe((size_t)size, rounds);
    else if (strcmp(what, "file") == 0)
        measure_file((size_t)size, rounds, path);
    else if (strcmp(what, "clock") == 0)
        while (rounds-- > 0)
            clock_gettime(CLOCK_MONOTONIC, &time);
    else
        while (rounds-- > 0)
            if (null_call() <= 0)
                fail("null call");
}

int main(int argc, char **argv) {
    if (argc < 3)
        return 2;
    bool sized = strcmp(argv[1], "pipe") == 0 || strcmp(argv[1], "file") == 0;
    long size = sized ? atol(argv[2]) : 0, rounds = atol(argv[sized ? 3 : 2]);
    measure(argv[1], size, rounds / 10 + 1, argv[argc - 1]);
    double start = now();
    measure(argv[1], size, rounds, argv[argc - 1]);
    printf("%.2f\n", (now() - start) / (double)rounds);
    return 0;
}
