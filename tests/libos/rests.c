/* A hundred threads that wait for more than a second, each kind of wait several times, are woken all at once; in a
 * compartment they have no host threads meanwhile (run.py counts). */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { KINDS = 12, EACH = 9, THREADS = KINDS * EACH };
static const char *const names[KINDS] = {"condition", "condition with a timeout", "poll of a pipe", "poll of an event",
                                         "epoll", "read of a socket", "receive", "read of an event", "sleep",
                                         "sigtimedwait", "read of a pipe", "condition whose time is up"};

static struct waiter {
    pthread_t thread;
    int kind, ends[2];
    long result;
    int64_t waited; /* ms */
} waiters[THREADS];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER, never = PTHREAD_COND_INITIALIZER;
static int woken;

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static struct timespec in(int milliseconds) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    time.tv_sec += milliseconds / 1000;
    return time;
}

static long wait_condition(pthread_cond_t *condition, const struct timespec *until) {
    int result = 0;
    pthread_mutex_lock(&lock);
    while (!woken && result == 0)
        result = until ? pthread_cond_timedwait(condition, &lock, until) : pthread_cond_wait(condition, &lock);
    pthread_mutex_unlock(&lock);
    return result;
}

static long wait_epoll(int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = 7};
    int set = epoll_create1(0);
    epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
    long result = epoll_wait(set, &event, 1, 100000);
    close(set);
    return result == 1 && event.data.u32 == 7;
}

static long wait_signal(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    return sigtimedwait(&set, NULL, &(struct timespec){.tv_sec = 100});
}

static void *wait_in(void *argument) {
    struct waiter *waiter = argument;
    struct pollfd poll_one = {.fd = waiter->ends[0], .events = POLLIN};
    struct timespec later = in(100000), soon = in(5000);
    char buffer[8];
    int64_t begun = now();
    switch (waiter->kind) {
    case 0: waiter->result = wait_condition(&changed, NULL); break;
    case 1: waiter->result = wait_condition(&changed, &later); break;
    case 2:
    case 3: waiter->result = poll(&poll_one, 1, waiter->kind == 2 ? -1 : 100000); break;
    case 4: waiter->result = wait_epoll(waiter->ends[0]); break;
    case 5:
    case 7:
    case 10: waiter->result = read(waiter->ends[0], buffer, sizeof buffer); break;
    case 6: waiter->result = recv(waiter->ends[0], buffer, sizeof buffer, 0); break;
    case 8: waiter->result = nanosleep(&(struct timespec){4, 700000000}, NULL); break;
    case 9: waiter->result = wait_signal(); break;
    case 11: waiter->result = wait_condition(&never, &soon) == ETIMEDOUT; break;
    }
    waiter->waited = now() - begun;
    return NULL;
}

static void start(struct waiter *waiter) {
    int kind = waiter->kind;
    if (kind == 2 || kind == 10)
        pipe(waiter->ends);
    else if (kind == 5 || kind == 6)
        socketpair(AF_UNIX, SOCK_STREAM, 0, waiter->ends);
    else
        waiter->ends[0] = waiter->ends[1] = eventfd(0, 0);
    pthread_create(&waiter->thread, NULL, wait_in, waiter);
}

static void wake(struct waiter *waiter) {
    static const uint64_t one = 1;
    if (waiter->kind == 9)
        pthread_kill(waiter->thread, SIGUSR1);
    else
        write(waiter->ends[1], &one, sizeof one);
}

int main(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    for (int i = 0; i < THREADS; i++) {
        waiters[i].kind = i % KINDS;
        start(&waiters[i]);
    }
    puts("all of them wait");
    fflush(stdout);
    sleep(4);
    for (int i = 0; i < THREADS; i++)
        if (waiters[i].kind != 8 && waiters[i].kind != 11)
            wake(&waiters[i]);
    pthread_join(waiters[11].thread, NULL); /* more than a second, for some of them */
    pthread_mutex_lock(&lock);
    woken = 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < THREADS; i++)
        if (i != 11)
            pthread_join(waiters[i].thread, NULL);
    for (int kind = 0; kind < KINDS; kind++) {
        printf("%s:", names[kind]);
        for (int i = kind; i < THREADS; i += KINDS)
            printf(" %ld%s", waiters[i].result,
                   waiters[i].waited < 2000 ? " early" : waiters[i].waited > 20000 ? " late" : "");
        printf("\n");
    }
    return 0;
}
