/* /dev and /proc, many descriptors, quotas. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include "check.h"

static char buffer[1 << 20];

static bool contains(const char *name, const char *text) {
    int fd = open(name, O_RDONLY);
    long length = fd < 0 ? -1 : read(fd, buffer, sizeof buffer - 1);
    if (fd >= 0)
        close(fd);
    buffer[length < 0 ? 0 : length] = 0;
    if (length >= 0 && strstr(buffer, text))
        return true;
    printf("# %s: %ld bytes, errno %d: %.100s\n", name, length, errno, buffer);
    return false;
}

static void devices(void) {
    struct stat status;
    int fd = open("/dev/null", O_RDWR);
    CHECK(read(fd, buffer, 10) == 0 && write(fd, buffer, 100) == 100);
    CHECK(!fstat(fd, &status) && S_ISCHR(status.st_mode) && status.st_rdev == 0x103);
    close(fd);
    CHECK(put("/dev/null", "away") && holds("/dev/null", ""));
    fd = open("/dev/zero", O_RDONLY);
    memset(buffer, 1, 100);
    CHECK(read(fd, buffer, 100) == 100 && buffer[0] == 0 && buffer[99] == 0);
    close(fd);
    fd = open("/dev/full", O_WRONLY);
    CHECK(FAILS(write(fd, "x", 1), ENOSPC));
    close(fd);
    uint64_t numbers[2] = {0, 0};
    fd = open("/dev/urandom", O_RDONLY);
    CHECK(read(fd, numbers, 16) == 16 && numbers[0] != numbers[1]);
    close(fd);
    CHECK(FAILS(open("/dev/missing", O_RDONLY), ENOENT));
    CHECK(FAILS(open("/dev/new", O_CREAT | O_RDWR, 0600), EROFS));
    CHECK(FAILS(unlink("/dev/null"), EROFS));
    CHECK(lists("/dev", "null") == 1 && lists("/dev", "shm") == 1);
    CHECK(!stat("/dev/null", &status) && S_ISCHR(status.st_mode));
    fd = open("/tmp/through", O_RDWR | O_CREAT, 0600);
    snprintf(buffer, sizeof buffer, "/dev/fd/%d", fd);
    int again = open(buffer, O_RDWR);
    CHECK(again >= 0 && write(again, "x", 1) == 1);
    CHECK(!stat(buffer, &status) && S_ISREG(status.st_mode) && status.st_size == 1);
    snprintf(buffer, sizeof buffer, "/proc/self/fd/%d", fd);
    char target[100] = "";
    CHECK(readlink(buffer, target, 99) == 12 && !strcmp(target, "/tmp/through"));
    close(again);
    close(fd);
    CHECK(FAILS(open(buffer, O_RDONLY), ENOENT));
    CHECK(write(open("/dev/stdout", O_WRONLY), "# written to /dev/stdout\n", 25) == 25);
    fd = shm_open("/shared", O_RDWR | O_CREAT, 0600);
    CHECK(fd >= 0 && write(fd, "shm", 3) == 3 && holds("/dev/shm/shared", "shm"));
    CHECK(shm_unlink("/shared") == 0);
    fd = memfd_create("name", MFD_CLOEXEC);
    CHECK(fd >= 0 && write(fd, "memory", 6) == 6 && pread(fd, buffer, 3, 3) == 3);
    char *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(mapped != MAP_FAILED && !memcmp(mapped, "memory", 7));
    close(fd);
}

static void processes(char **argv) {
    CHECK(contains("/proc/self/cmdline", argv[0]));
    CHECK(contains("/proc/1/comm", "special"));
    CHECK(contains("/proc/self/status", "Pid:\t1\n"));
    CHECK(contains("/proc/self/stat", "1 (special"));
    CHECK(contains("/proc/self/statm", " "));
    CHECK(contains("/proc/self/maps", "[stack]"));
    CHECK(contains("/proc/self/mounts", "overlay / overlay rw"));
    CHECK(contains("/proc/mounts", "tmpfs /tmp tmpfs rw"));
    CHECK(contains("/proc/self/environ", "MARK=here"));
    CHECK(contains("/proc/cpuinfo", "processor\t: 0"));
    CHECK(contains("/proc/meminfo", "MemTotal:"));
    CHECK(contains("/proc/uptime", "."));
    CHECK(contains("/proc/loadavg", "/"));
    CHECK(contains("/proc/stat", "cpu  "));
    CHECK(contains("/proc/version", "Linux version"));
    CHECK(contains("/sys/devices/system/cpu/online", "0"));
    CHECK(contains("/proc/sys/kernel/hostname", "special"));
    CHECK(contains("/etc/passwd", "root:x:0:0"));
    CHECK(contains("/etc/hosts", "127.0.0.1"));
    CHECK(lists("/proc", "self") == 1 && lists("/proc/self", "exe") == 1 && lists("/proc/self/fd", "1") == 1);
    CHECK(readlink("/proc/self", buffer, 10) == 1 && buffer[0] == '1');
    long length = readlink("/proc/self/exe", buffer, 100);
    buffer[length < 0 ? 0 : length] = 0;
    CHECK(strstr(buffer, "special"));
    CHECK(chdir("/tmp") == 0 && readlink("/proc/self/cwd", buffer, 100) == 4 && !memcmp(buffer, "/tmp", 4));
    CHECK(FAILS(open("/proc/self/status", O_WRONLY), EACCES));
    CHECK(FAILS(open("/proc/2/status", O_RDONLY), ENOENT));
    CHECK(FAILS(unlink("/proc/self/status"), EROFS));
    CHECK(FAILS(open("/proc", O_WRONLY), EISDIR));
    CHECK(FAILS(open("/proc/uptime/x", O_RDONLY), ENOENT) || errno == ENOTDIR);
}

static void many_descriptors(void) {
    struct rlimit limit;
    static int fds[5000];
    int count = 0;
    CHECK(!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur == 1024);
    while (count < 5000 && (fds[count] = open("/dev/null", O_RDONLY)) >= 0)
        count++;
    CHECK(errno == EMFILE && count > 1000 && fds[count - 1] == 1023);
    CHECK(FAILS(dup(0), EMFILE) && FAILS(dup2(0, 1024), EBADF));
    close(fds[10]);
    CHECK(open("/dev/null", O_RDONLY) == fds[10]);
    limit.rlim_cur = 3000;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    while (count < 5000 && (fds[count] = open("/dev/null", O_RDONLY)) >= 0)
        count++;
    CHECK(errno == EMFILE && fds[count - 1] == 2999);
    while (count)
        close(fds[--count]);
    CHECK(open("/dev/null", O_RDONLY) == fds[0]);
    close(fds[0]);
    /* Of the host's handles there are 200 (run.py). */
    while (count < 5000 && (fds[count] = eventfd(0, 0)) >= 0)
        count++;
    CHECK(errno == EMFILE && count > 150 && count < 200);
    CHECK(FAILS(open("/etc/passwd", O_RDONLY), EMFILE));
    while (count)
        close(fds[--count]);
    CHECK(holds("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"));
}

/* Files in memory are the compartment's memory, of which there are 64 MiB (run.py). */
static void full_memory(void) {
    int fd = open("/tmp/large", O_RDWR | O_CREAT, 0600);
    long total = 0, done;
    memset(buffer, 'x', sizeof buffer);
    while ((done = write(fd, buffer, sizeof buffer)) > 0)
        total += done;
    CHECK(done == -1 && errno == ENOSPC);
    CHECK(total > 20 << 20 && total < 64 << 20);
    struct stat status;
    CHECK(!fstat(fd, &status) && status.st_size >= total);
    CHECK(ftruncate(fd, 1000) == 0 && pread(fd, buffer, 2000, 0) == 1000);
    CHECK(write(fd, "y", 1) == 1);
    for (int round = 0; round < 20; round++) { /* what was given back can be had again */
        if (ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET))
            break;
        for (total = 0; total < 20 << 20 && (done = write(fd, buffer, sizeof buffer)) > 0;)
            total += done;
    }
    CHECK(total == 20 << 20);
    close(fd);
    CHECK(unlink("/tmp/large") == 0);
    void *block = malloc(30 << 20);
    CHECK(block != NULL);
    free(block);
}

int main(int argc, char **argv) {
    (void)argc;
    devices();
    processes(argv);
    many_descriptors();
    full_memory();
    return 0;
}
