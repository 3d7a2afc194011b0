/* Everything that a clone has to have again: starts threads, opens files of all kinds, takes a mark, writes to memory of all
 * kinds; then reads a line from its input, and tells whether it is all there. Exit status 0: it is. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static int failures;
#define CHECK(condition)                                                                                     \
    do                                                                                                       \
        if (!(condition)) {                                                                                  \
            printf("line %d: %s (%s)\n", __LINE__, #condition, strerror(errno));                             \
            failures++;                                                                                      \
        }                                                                                                    \
    while (0)

static int written = 1, zero;
static __thread int of_thread = 5;
static char big[1 << 20];
static const char *constant = "constant";

/* --- Threads: one waits for a condition, one for a pipe, one sleeps. */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int go, woken;

static void *wait_for_condition(void *argument) {
    of_thread = (int)(intptr_t)argument;
    const int rounding = of_thread % 2 ? FE_DOWNWARD : FE_TOWARDZERO;
    fesetround(rounding);
    feraiseexcept(FE_OVERFLOW);
    pthread_mutex_lock(&lock);
    while (!go)
        pthread_cond_wait(&changed, &lock);
    CHECK(fegetround() == rounding && fetestexcept(FE_ALL_EXCEPT) == FE_OVERFLOW);
    woken++;
    pthread_mutex_unlock(&lock);
    return (void *)(intptr_t)of_thread;
}

static int pipes[2];

static void *wait_for_pipe(void *argument) {
    char byte = 0;
    (void)argument;
    long got = read(pipes[0], &byte, 1);
    return (void *)(intptr_t)(got == 1 ? byte : -errno);
}

static void *sleep_long(void *argument) {
    struct timespec time = {3600, 0};
    (void)argument;
    return (void *)(intptr_t)nanosleep(&time, NULL);
}

/* --- Marks: taken before the freeze, returned to after it, through frames of both. */

static jmp_buf mark;

static __attribute__((noinline)) int deep(int depth, char *line, size_t size) {
    volatile char room[100];
    room[0] = (char)depth;
    if (depth > 0)
        return deep(depth - 1, line, size) + room[0];
    return fgets(line, (int)size, stdin) != NULL;
}

static volatile sig_atomic_t alarms;

static void on_alarm(int signal) {
    (void)signal;
    alarms++;
}

/* Whatever the alarm interrupts. */
static int poll_through(struct pollfd *polled, nfds_t count) {
    int ready;
    do
        ready = poll(polled, count, 5000);
    while (ready == -1 && errno == EINTR);
    return ready;
}

static int temporary_file(const char *name, const char *text) {
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
    if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        failures++;
    lseek(fd, 3, SEEK_SET);
    return fd;
}

/* Files in memory that are more than files. */
static int notify, fifo, locked, nameless;

static void open_special_files(void) {
    notify = inotify_init1(IN_NONBLOCK);
    CHECK(inotify_add_watch(notify, "/tmp", IN_CREATE) == 1);
    CHECK(mkfifo("/tmp/fifo", 0600) == 0);
    fifo = open("/tmp/fifo", O_RDWR);
    CHECK(write(fifo, "kept", 4) == 4);
    locked = open("/tmp/locked", O_RDWR | O_CREAT, 0600);
    CHECK(flock(locked, LOCK_EX) == 0);
    nameless = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    CHECK(write(nameless, "nameless", 8) == 8);
}

static void check_special_files(void) {
    char text[200];
    struct pollfd polled = {.fd = notify, .events = POLLIN};
    int other = open("/tmp/locked", O_RDWR);
    CHECK(read(notify, text, sizeof text) == 2 * (sizeof(struct inotify_event) + 16)); /* the FIFO, the locked file */
    CHECK(poll(&polled, 1, 0) == 0);
    CHECK(read(fifo, text, sizeof text) == 4 && !memcmp(text, "kept", 4));
    CHECK(flock(other, LOCK_EX | LOCK_NB) == -1 && errno == EAGAIN);
    close(locked);
    CHECK(flock(other, LOCK_EX | LOCK_NB) == 0);
    CHECK(linkat(nameless, "", AT_FDCWD, "/tmp/named", AT_EMPTY_PATH) == 0);
    CHECK(poll(&polled, 1, -1) == 1);
}

int main(int argc, char **argv) {
    char line[100] = "", text[20] = "";
    pthread_t threads[4];
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0x123456789a}, found;
    void *result;

    char *allocated = malloc(100000);
    strcpy(allocated, "allocated");
    char *mapped = mmap(NULL, 1 << 21, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    strcpy(mapped + (1 << 20), "mapped");
    mprotect(mapped + (1 << 20), 4096, PROT_NONE);
    written = 2;
    of_thread = 6;
    big[500000] = 'b';
    CHECK(pipe(pipes) == 0);
    int event_fd = eventfd(3, EFD_NONBLOCK), semaphore = eventfd(2, EFD_SEMAPHORE);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    const struct itimerspec soon = {.it_value = {1, 0}};
    CHECK(timerfd_settime(timer, 0, &soon, NULL) == 0);
    int memory_file = temporary_file("/tmp/file", "0123456789");
    int root_file = open("/etc/hosts", O_RDONLY);
    CHECK(root_file >= 0 && read(root_file, text, 4) == 4);
    open_special_files();
    int gap = open("/dev/null", O_RDWR);
    int set = epoll_create1(0);
    CHECK(epoll_ctl(set, EPOLL_CTL_ADD, event_fd, &event) == 0);
    int sockets[2], more = dup(event_fd);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
    CHECK(setsockopt(sockets[0], SOL_SOCKET, SO_LINGER, &(struct linger){1, 3}, sizeof(struct linger)) == 0);
    const uint32_t request[5] = {20, 5 << 16 | 3, 77, 0, 0}; /* wants to be acknowledged */
    int netlink = socket(AF_NETLINK, SOCK_RAW, 0);
    CHECK(send(netlink, request, sizeof request, 0) == sizeof request);
    close(gap);
    signal(SIGALRM, on_alarm);
    const struct itimerval later = {.it_value = {1, 0}};
    setitimer(ITIMER_REAL, &later, NULL);
    for (int i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, wait_for_condition, (void *)(intptr_t)(10 + i)) == 0);
    CHECK(pthread_create(&threads[2], NULL, wait_for_pipe, NULL) == 0);
    CHECK(pthread_create(&threads[3], NULL, sleep_long, NULL) == 0);
    FILE *stream = fopen("/tmp/file", "r");
    CHECK(stream && fgetc(stream) == '0');
    fesetround(FE_UPWARD);
    feclearexcept(FE_ALL_EXCEPT);
    feraiseexcept(FE_INVALID);

    volatile int jumped = 0;
    int from = setjmp(mark);
    if (from == 0)
        CHECK(deep(50, line, sizeof line) > 0); /* here it is frozen */
    if (from < 2) {
        jumped++;
        longjmp(mark, from + 1);
    }
    CHECK(jumped == 2);
    CHECK(fegetround() == FE_UPWARD && fetestexcept(FE_ALL_EXCEPT) == FE_INVALID);
    fesetenv(FE_DFL_ENV);

    /* Memory */
    CHECK(written == 2 && zero == 0 && of_thread == 6 && big[500000] == 'b' && big[400000] == 0);
    CHECK(!strcmp(allocated, "allocated") && !strcmp(constant, "constant"));
    CHECK(mprotect(mapped + (1 << 20), 4096, PROT_READ | PROT_WRITE) == 0);
    CHECK(!strcmp(mapped + (1 << 20), "mapped"));
    CHECK(madvise(mapped, 1 << 21, MADV_DONTNEED) == 0 && mapped[1 << 20] == 0);
    CHECK(mmap(mapped + 4096, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
          mapped + 4096);
    CHECK(mprotect(mapped, 1 << 20, PROT_READ) == 0 && mprotect(mapped, 1 << 20, PROT_READ | PROT_WRITE) == 0);
    mapped[5000] = 1;
    CHECK(munmap(mapped, 1 << 21) == 0);
    char *other = realloc(allocated, 200000);
    CHECK(other && !strcmp(other, "allocated"));

    /* Files and events */
    uint64_t count = 0;
    CHECK(epoll_wait(set, &found, 1, 1000) == 1 && found.data.u64 == 0x123456789a);
    CHECK(read(more, &count, sizeof count) == sizeof count && count == 3);
    CHECK(read(event_fd, &count, sizeof count) == -1 && errno == EAGAIN);
    CHECK(epoll_wait(set, &found, 1, 0) == 0);
    CHECK(read(semaphore, &count, 8) == 8 && count == 1 && read(semaphore, &count, 8) == 8 && count == 1);
    struct pollfd polled[] = {{.fd = timer, .events = POLLIN}, {.fd = semaphore, .events = POLLIN}};
    CHECK(poll_through(polled, 2) == 1 && polled[0].revents == POLLIN);
    CHECK(read(timer, &count, 8) == 8 && count == 1);
    CHECK(read(memory_file, text, 3) == 3 && !memcmp(text, "345", 3));
    CHECK(lseek(root_file, 0, SEEK_CUR) == 4 && read(root_file, text, 4) == 4);
    CHECK(stream && fgetc(stream) == '1');
    CHECK(write(sockets[0], "x", 1) == 1 && read(sockets[1], text, 1) == 1 && *text == 'x');
    struct linger linger = {0, 0};
    socklen_t length = sizeof linger;
    CHECK(getsockopt(sockets[0], SOL_SOCKET, SO_LINGER, &linger, &length) == 0 && linger.l_linger == 3);
    uint32_t answer[9] = {0};
    CHECK(recv(netlink, answer, sizeof answer, 0) == sizeof answer && answer[2] == 77);
    CHECK(recv(netlink, answer, sizeof answer, MSG_DONTWAIT) == -1 && errno == EAGAIN);
    CHECK(fcntl(event_fd, F_GETFL) == (O_RDWR | O_NONBLOCK));
    CHECK(open("/dev/null", O_RDONLY) >= 0 && socket(AF_UNIX, SOCK_STREAM, 0) >= 0);

    check_special_files();

    /* Threads */
    pthread_mutex_lock(&lock);
    go = 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < 2; i++)
        CHECK(pthread_join(threads[i], &result) == 0 && (intptr_t)result == 10 + i);
    CHECK(woken == 2);
    CHECK(write(pipes[1], "p", 1) == 1 && pthread_join(threads[2], &result) == 0 && (intptr_t)result == 'p');
    CHECK(pthread_cancel(threads[3]) == 0 && pthread_join(threads[3], &result) == 0 && result == PTHREAD_CANCELED);
    for (int i = 0; i < 500 && !alarms; i++)
        usleep(10000);
    CHECK(alarms == 1);
    CHECK(pthread_create(&threads[0], NULL, wait_for_condition, (void *)(intptr_t)12) == 0);
    CHECK(pthread_join(threads[0], &result) == 0 && (intptr_t)result == 12);

    char host[80] = "";
    uint64_t random = 0;
    gethostname(host, sizeof host);
    CHECK(getrandom(&random, sizeof random, 0) == sizeof random);
    printf("%s %s %016llx %s", host, argc > 1 ? argv[1] : "-", (unsigned long long)random, line);
    return failures ? 1 : 0;
}
