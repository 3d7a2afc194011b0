/* /dev and /proc, many descriptors, quotas. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/xattr.h>
#include <sys/resource.h>
#include <sys/statfs.h>
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
    CHECK(FAILS(open("/proc/uptime/x", O_RDONLY), ENOTDIR));
}

/* The quotas, as programs look for them in a control group. */
static void quotas(void) {
    CHECK(contains("/sys/fs/cgroup/memory.max", "67108864\n")); /* --mem 64M */
    CHECK(contains("/sys/fs/cgroup/cgroup.controllers", "memory"));
    CHECK(contains("/sys/fs/cgroup/cpu.max", "max 100000"));
    CHECK(contains("/proc/self/cgroup", "0::/\n"));
    struct statfs system;
    CHECK(statfs("/sys/fs/cgroup", &system) == 0 && system.f_type == 0x63677270); /* CGROUP2_SUPER_MAGIC */
    CHECK(statfs("/proc/self", &system) == 0 && system.f_type == 0x9fa0);
    CHECK(statfs("/tmp", &system) == 0 && system.f_type == 0x01021994);
    CHECK(contains("/proc/self/mountinfo", " - cgroup2 "));
    CHECK(contains("/proc/meminfo", "MemTotal:       65536 kB"));
}

static void more_of_proc(void) {
    char first[64] = "", second[64] = "", byte;
    static const char *const there[] = {
        "/proc/self/smaps", "/proc/self/smaps_rollup", "/proc/self/auxv", "/proc/self/io", "/proc/self/limits",
        "/proc/self/oom_score_adj", "/proc/self/uid_map", "/proc/thread-self/status", "/proc/self/task/1/stat",
        "/proc/vmstat", "/proc/net/dev", "/proc/net/tcp", "/proc/sys/kernel/random/entropy_avail",
        "/proc/sys/fs/nr_open", "/proc/sys/net/core/somaxconn", "/sys/devices/system/cpu/cpu0/topology/core_id"};
    for (unsigned i = 0; i < sizeof there / sizeof *there; i++) {
        int fd = open(there[i], O_RDONLY);
        if (fd < 0 || read(fd, &byte, 1) != 1)
            printf("# %s\n", there[i]);
        CHECK(fd >= 0 && pread(fd, &byte, 1, 0) == 1);
        close(fd);
    }
    CHECK(put("/proc/self/comm", "renamed") && holds("/proc/self/comm", "renamed\n"));
    CHECK(put("/proc/self/oom_score_adj", "500") && holds("/proc/self/oom_score_adj", "500\n"));
    int fd = open("/proc/sys/kernel/random/uuid", O_RDONLY);
    CHECK(pread(fd, first, sizeof first, 0) == 37 && pread(fd, second, sizeof second, 0) == 37 && strcmp(first, second));
    close(fd);
    fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY);
    CHECK(pread(fd, first, sizeof first, 0) == 37 && pread(fd, second, sizeof second, 0) == 37 && !strcmp(first, second));
    close(fd);
    CHECK(contains("/proc/self/fdinfo/1", "flags:\t"));
    CHECK(lists("/proc/self/task", "1") == 1 && lists("/sys/devices/system/cpu", "cpu0") == 1);
    CHECK(FAILS(open("/proc/self/task/4711/stat", O_RDONLY), ENOENT));
}

static void extended_attributes(void) {
    char value[16], names[64];
    CHECK(put("/tmp/attributes", "") && symlink("attributes", "/tmp/to-attributes") == 0);
    CHECK(setxattr("/tmp/to-attributes", "user.one", "first", 5, XATTR_CREATE) == 0);
    CHECK(FAILS(setxattr("/tmp/attributes", "user.one", "x", 1, XATTR_CREATE), EEXIST));
    CHECK(FAILS(setxattr("/tmp/attributes", "user.two", "x", 1, XATTR_REPLACE), ENODATA));
    CHECK(FAILS(setxattr("/tmp/attributes", "user.two", "x", 1, 4), EINVAL));
    CHECK(FAILS(setxattr("/tmp/attributes", "user.", "x", 1, 0), EINVAL));
    CHECK(FAILS(setxattr("/tmp/attributes", "other.x", "x", 1, 0), EOPNOTSUPP));
    CHECK(FAILS(lsetxattr("/tmp/to-attributes", "user.one", "x", 1, 0), EPERM));
    CHECK(lsetxattr("/tmp/to-attributes", "trusted.link", "x", 1, 0) == 0);
    CHECK(getxattr("/tmp/attributes", "user.one", NULL, 0) == 5);
    CHECK(getxattr("/tmp/attributes", "user.one", value, sizeof value) == 5 && !memcmp(value, "first", 5));
    CHECK(FAILS(getxattr("/tmp/attributes", "user.one", value, 4), ERANGE));
    CHECK(FAILS(getxattr("/tmp/attributes", "user.two", value, 4), ENODATA));
    int fd = open("/tmp/attributes", O_RDWR);
    CHECK(fsetxattr(fd, "user.two", "second", 6, 0) == 0 && fgetxattr(fd, "user.two", value, sizeof value) == 6);
    CHECK(flistxattr(fd, NULL, 0) == 18 && flistxattr(fd, names, sizeof names) == 18);
    CHECK(FAILS(flistxattr(fd, names, 10), ERANGE));
    CHECK(fremovexattr(fd, "user.one") == 0 && FAILS(fremovexattr(fd, "user.one"), ENODATA));
    CHECK(rename("/tmp/attributes", "/tmp/renamed") == 0 && listxattr("/tmp/renamed", names, sizeof names) == 9);
    CHECK(FAILS(setxattr("/proc/uptime", "user.one", "x", 1, 0), EOPNOTSUPP) || errno == EROFS);
    close(fd);
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
    quotas();
    more_of_proc();
    extended_attributes();
    many_descriptors();
    full_memory();
    return 0;
}
