/* Resource limits that hold. The argument is an empty directory to work in. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include "show.h"

static volatile sig_atomic_t signals;

static void count_signal(int number) {
    (void)number;
    signals++;
}

/* The soft limit alone: the hard one stays, so that every part can begin anew. */
static long set_soft(int resource, rlim_t value) {
    struct rlimit limit;
    getrlimit(resource, &limit);
    limit.rlim_cur = value;
    return setrlimit(resource, &limit);
}

static long soft(int resource) {
    struct rlimit limit;
    return getrlimit(resource, &limit) ? -1 : (long)limit.rlim_cur;
}

static long size_of(int fd) {
    struct stat status;
    return fstat(fd, &status) ? -1 : status.st_size;
}

static void show_file_sizes(void) {
    static char bytes[3000];
    struct iovec two[2] = {{bytes, 3000}, {bytes, 3000}};
    int pipes[2], fd = open("file", O_CREAT | O_RDWR, 0600), append = open("file", O_WRONLY | O_APPEND);
    signal(SIGXFSZ, count_signal);
    SHOW(set_soft(RLIMIT_FSIZE, 5000));
    SHOW(soft(RLIMIT_FSIZE));
    SHOW(write(fd, bytes, 3000));
    SHOW(write(fd, bytes, 3000));
    SHOW(signals);
    SHOW(write(fd, bytes, 3000));
    SHOW(signals);
    SHOW(write(fd, bytes, 0));
    SHOW(write(append, "x", 1));
    SHOW(signals);
    SHOW(pwrite(fd, "x", 1, 4999));
    SHOW(pwrite(fd, "x", 1, 5000));
    SHOW(signals);
    SHOW(ftruncate(fd, 6000));
    SHOW(signals);
    SHOW(truncate("file", 5001));
    SHOW(signals);
    SHOW(ftruncate(fd, 1000));
    SHOW(lseek(fd, 0, SEEK_SET));
    SHOW(writev(fd, two, 2));
    SHOW(size_of(fd));
    SHOW(posix_fallocate(fd, 0, 5000));
    SHOW(posix_fallocate(fd, 0, 5001) != 0);
    SHOW(signals);
    SHOW(pipe(pipes));
    SHOW(write(pipes[1], bytes, 3000) + write(pipes[1], bytes, 3000));
    signal(SIGXFSZ, SIG_IGN);
    SHOW(write(append, "x", 1));
    SHOW(set_soft(RLIMIT_FSIZE, RLIM_INFINITY));
    SHOW(write(append, "x", 1));
    SHOW(size_of(fd));
}

static void show_descriptors(void) {
    int count = 0, error;
    SHOW(set_soft(RLIMIT_NOFILE, 10));
    while (dup(0) >= 0)
        count++;
    error = errno;
    SHOW(error);
    SHOW(count > 0);
    for (int fd = 3; fd < 10; fd++)
        close(fd);
    SHOW(sysconf(_SC_OPEN_MAX));
}

static void show_memory(void) {
    SHOW(set_soft(RLIMIT_AS, 100 << 20));
    SHOW(soft(RLIMIT_AS));
    void *volatile large = malloc(200 << 20);
    SHOW(large != NULL);
    SHOW(mmap(NULL, 200 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0);
    void *small = mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    SHOW(small != MAP_FAILED);
    SHOW(mremap(small, 1 << 20, 200 << 20, MREMAP_MAYMOVE) == MAP_FAILED ? errno : 0);
    SHOW(munmap(small, 1 << 20));
}

static void show_rest(void) {
    struct rlimit limit = {10, 5}, old;
    SHOW(setrlimit(RLIMIT_CORE, &limit));
    SHOW(set_soft(RLIMIT_CORE, 0));
    SHOW(soft(RLIMIT_CORE));
    SHOW(set_soft(RLIMIT_STACK, 4 << 20));
    SHOW(soft(RLIMIT_STACK));
    SHOW(getrlimit(99, &limit));
    limit = (struct rlimit){7, 8};
    SHOW(prlimit(0, RLIMIT_NOFILE, &limit, &old));
    SHOW(old.rlim_cur);
    SHOW(prlimit(getpid(), RLIMIT_NOFILE, NULL, &old));
    SHOW(old.rlim_max);
    SHOW(prlimit(4000000, RLIMIT_NOFILE, NULL, &old));
}

int main(int argc, char **argv) {
    if (argc != 2 || chdir(argv[1]))
        return 2;
    show_file_sizes();
    show_descriptors();
    show_memory();
    show_rest();
    return 0;
}
