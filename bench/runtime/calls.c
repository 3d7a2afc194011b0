/* What calls of the operating system cost: the same source runs in a compartment and natively. Prints
 * nanoseconds a call.
 *
 *   calls null ROUNDS             a null hostcall; natively the getpid system call
 *   calls pipe SIZE ROUNDS        a write to a pipe and a read from it
 *   calls file SIZE ROUNDS PATH   a read at the start of a file, in the page cache
 *   calls memory SIZE ROUNDS PATH a read at the start of a file that is made here, in memory
 *   calls zero SIZE ROUNDS        a read from /dev/zero
 *   calls away SIZE ROUNDS        a write to /dev/null
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

_Alignas(4096) static char buffer[1 << 20]; /* both builds have it at the same place in a page: copies depend on that */

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

static int open_or_fail(const char *path, int flags) {
    int file = open(path, flags | O_CLOEXEC, 0600);
    if (file < 0)
        fail(path);
    return file;
}

static void measure_file(size_t size, long rounds, const char *path) {
    int file = open_or_fail(path, O_RDONLY);
    while (rounds-- > 0)
        if (pread(file, buffer, size, 0) != (ssize_t)size)
            fail(path);
    close(file);
}

static void measure_memory(size_t size, long rounds, const char *path) {
    int file = open_or_fail(path, O_CREAT | O_TRUNC | O_WRONLY);
    if (write(file, buffer, size) != (ssize_t)size)
        fail(path);
    close(file);
    measure_file(size, rounds, path);
    unlink(path);
}

static void measure_zero(size_t size, long rounds) {
    int file = open_or_fail("/dev/zero", O_RDONLY);
    while (rounds-- > 0)
        if (read(file, buffer, size) != (ssize_t)size)
            fail("/dev/zero");
    close(file);
}

static void measure_away(size_t size, long rounds) {
    int file = open_or_fail("/dev/null", O_WRONLY);
    while (rounds-- > 0)
        if (write(file, buffer, size) != (ssize_t)size)
            fail("/dev/null");
    close(file);
}

static const char *const sized[] = {"pipe", "file", "memory", "zero", "away"};

static bool is_sized(const char *what) {
    for (size_t i = 0; i < sizeof sized / sizeof *sized; i++)
        if (strcmp(what, sized[i]) == 0)
            return true;
    return false;
}

static void measure(const char *what, size_t size, long rounds, const char *path) {
    struct timespec time;
    if (strcmp(what, "pipe") == 0)
        measure_pipe(size, rounds);
    else if (strcmp(what, "file") == 0)
        measure_file(size, rounds, path);
    else if (strcmp(what, "memory") == 0)
        measure_memory(size, rounds, path);
    else if (strcmp(what, "zero") == 0)
        measure_zero(size, rounds);
    else if (strcmp(what, "away") == 0)
        measure_away(size, rounds);
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
    bool with_size = is_sized(argv[1]);
    if (argc < 3 + with_size)
        return 2;
    size_t size = with_size ? (size_t)atol(argv[2]) : 0;
    long rounds = atol(argv[with_size ? 3 : 2]);
    measure(argv[1], size, rounds / 10 + 1, argv[argc - 1]);
    double start = now();
    measure(argv[1], size, rounds, argv[argc - 1]);
    printf("%.2f\n", (now() - start) / (double)rounds);
    return 0;
}
