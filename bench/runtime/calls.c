/* What calls of the operating system cost: the same source runs in a compartment and natively. Prints
 * nanoseconds a call.
 *
 * calls WHAT SIZE ROUNDS [PATH]; WHAT is one of
 *   null     a null hostcall; natively the getpid system call
 *   pipe     a write to a pipe and a read from it
 *   file     a read at the start of a file, in the page cache
 *   change   a write at the start of a file
 *   status   fstat of a file
 *   missing  stat of a name that isn't there
 *   lock     a record lock of a file, and its end
 *   memory   a read at the start of a file that is made here, in memory
 *   zero     a read from /dev/zero
 *   away     a write to /dev/null
 *   clock    clock_gettime(CLOCK_MONOTONIC) */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

_Alignas(4096) static char buffer[1 << 20]; /* both builds have it at the same place in a page: copies depend
                                               on that */

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void fail(const char *what) {
    fprintf(stderr, "calls: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int open_or_fail(const char *path, int flags) {
    int file = open(path, flags | O_CLOEXEC, 0600);
    if (file < 0)
        fail(path);
    return file;
}

static void call_nothing(size_t size, long rounds, const char *path) {
    (void)size, (void)path;
    while (rounds-- > 0)
        if (null_call() <= 0)
            fail("null call");
}

static void read_clock(size_t size, long rounds, const char *path) {
    struct timespec time;
    (void)size, (void)path;
    while (rounds-- > 0)
        clock_gettime(CLOCK_MONOTONIC, &time);
}

static void through_pipe(size_t size, long rounds, const char *path) {
    int ends[2];
    (void)path;
    if (pipe(ends) < 0)
        fail("pipe");
    while (rounds-- > 0)
        if (write(ends[1], buffer, size) != (ssize_t)size || read(ends[0], buffer, size) != (ssize_t)size)
            fail("pipe");
}

static void read_file(size_t size, long rounds, const char *path) {
    int file = open_or_fail(path, O_RDONLY);
    while (rounds-- > 0)
        if (pread(file, buffer, size, 0) != (ssize_t)size)
            fail(path);
    close(file);
}

static void change_file(size_t size, long rounds, const char *path) {
    int file = open_or_fail(path, O_RDWR);
    while (rounds-- > 0)
        if (pwrite(file, buffer, size, 0) != (ssize_t)size)
            fail(path);
    close(file);
}

static void read_status(size_t size, long rounds, const char *path) {
    struct stat status;
    int file = open_or_fail(path, O_RDWR);
    (void)size;
    while (rounds-- > 0)
        if (fstat(file, &status) != 0)
            fail(path);
    close(file);
}

static void look_for_missing(size_t size, long rounds, const char *path) {
    struct stat status;
    char missing[4096];
    (void)size;
    snprintf(missing, sizeof missing, "%s-journal", path);
    while (rounds-- > 0)
        if (stat(missing, &status) == 0 || errno != ENOENT)
            fail(missing);
}

static void lock_file(size_t size, long rounds, const char *path) {
    struct flock lock = {.l_whence = SEEK_SET, .l_start = 100, .l_len = 1};
    int file = open_or_fail(path, O_RDWR);
    (void)size;
    while (rounds-- > 0)
        for (int turn = 0; turn < 2; turn++) {
            lock.l_type = turn ? F_UNLCK : F_RDLCK;
            if (fcntl(file, F_SETLK, &lock) != 0)
                fail(path);
        }
    close(file);
}

static void read_memory(size_t size, long rounds, const char *path) {
    int file = open_or_fail(path, O_CREAT | O_TRUNC | O_WRONLY);
    if (write(file, buffer, size) != (ssize_t)size)
        fail(path);
    close(file);
    read_file(size, rounds, path);
    unlink(path);
}

static void read_zero(size_t size, long rounds, const char *path) {
    int file = open_or_fail("/dev/zero", O_RDONLY);
    (void)path;
    while (rounds-- > 0)
        if (read(file, buffer, size) != (ssize_t)size)
            fail("/dev/zero");
    close(file);
}

static void write_away(size_t size, long rounds, const char *path) {
    int file = open_or_fail("/dev/null", O_WRONLY);
    (void)path;
    while (rounds-- > 0)
        if (write(file, buffer, size) != (ssize_t)size)
            fail("/dev/null");
    close(file);
}

static const struct {
    const char *name;
    void (*repeat)(size_t size, long rounds, const char *path);
} calls[] = {
    {"null", call_nothing},  {"clock", read_clock},         {"pipe", through_pipe}, {"file", read_file},
    {"change", change_file}, {"status", read_status},       {"lock", lock_file},    {"memory", read_memory},
    {"zero", read_zero},     {"missing", look_for_missing}, {"away", write_away},
};

int main(int argc, char **argv) {
    for (size_t i = 0; argc >= 4 && i < sizeof calls / sizeof *calls; i++) {
        if (strcmp(argv[1], calls[i].name) != 0)
            continue;
        size_t size = (size_t)atol(argv[2]);
        long rounds = atol(argv[3]);
        calls[i].repeat(size, rounds / 10 + 1, argv[argc - 1]);
        double start = now();
        calls[i].repeat(size, rounds, argv[argc - 1]);
        printf("%.2f\n", (now() - start) / (double)rounds);
        return 0;
    }
    fprintf(stderr, "usage: calls WHAT SIZE ROUNDS [PATH]\n");
    return 2;
}
