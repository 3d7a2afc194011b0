/* Pipes, sockets, events, timers; poll, select and epoll. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include "show.h"

static char buffer[100000];
static volatile sig_atomic_t broken;

static void on_broken_pipe(int signal) {
    broken += signal == SIGPIPE;
}

static void pipes(void) {
    int ends[2], n;
    SHOW(pipe(ends));
    SHOW(write(ends[1], "hello", 5));
    SHOW(ioctl(ends[0], FIONREAD, &n));
    SHOW(n);
    SHOW(read(ends[0], buffer, 100));
    SHOW(read(ends[1], buffer, 1));
    SHOW(write(ends[0], buffer, 1));
    SHOW(lseek(ends[0], 0, SEEK_SET));
    SHOW(pread(ends[0], buffer, 1, 0));
    SHOW(ftruncate(ends[1], 0));
    SHOW(fcntl(ends[0], F_SETFL, O_NONBLOCK));
    SHOW(fcntl(ends[0], F_GETFL));
    SHOW(read(ends[0], buffer, 1));
    struct iovec out[3] = {{"ab", 2}, {"", 0}, {"cde", 3}}, in[2] = {{buffer, 1}, {buffer + 10, 10}};
    SHOW(writev(ends[1], out, 3));
    SHOW(readv(ends[0], in, 2));
    SHOW(buffer[0] + buffer[10]);
    SHOW(fcntl(ends[1], F_SETFL, O_NONBLOCK));
    long total = 0;
    for (long done; (done = write(ends[1], buffer, sizeof buffer)) > 0;)
        total += done;
    SHOW(errno);
    SHOW(total);
    SHOW(close(ends[1]));
    for (total = 0; (n = read(ends[0], buffer, sizeof buffer)) > 0;)
        total += n;
    SHOW(n);
    SHOW(total);
    close(ends[0]);
    pipe2(ends, O_CLOEXEC | O_NONBLOCK);
    SHOW(fcntl(ends[0], F_GETFD));
    SHOW(read(ends[0], buffer, 1));
    SHOW(pipe2(ends, 0x10));
    close(ends[0]);
    signal(SIGPIPE, on_broken_pipe);
    SHOW(write(ends[1], "x", 1));
    SHOW(broken);
    signal(SIGPIPE, SIG_IGN);
    SHOW(write(ends[1], "x", 1));
    SHOW(broken);
    close(ends[1]);
}

static void *sum_up(void *argument) {
    int fd = *(int *)argument;
    unsigned long sum = 0;
    unsigned char part[1000];
    for (long n; (n = read(fd, part, sizeof part)) > 0;)
        for (long i = 0; i < n; i++)
            sum += part[i];
    return (void *)sum;
}

static void pipe_between_threads(void) {
    int ends[2];
    pthread_t thread;
    void *sum;
    pipe(ends);
    SHOW(pthread_create(&thread, NULL, sum_up, &ends[0]));
    for (int i = 0; i < 300; i++) {
        memset(buffer, i, 5000);
        write(ends[1], buffer, 5000);
    }
    close(ends[1]);
    SHOW(pthread_join(thread, &sum));
    SHOW((long)sum);
    close(ends[0]);
}

static void socket_pairs(void) {
    int s[2];
    SHOW(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    SHOW(write(s[0], "stream", 6));
    SHOW(recv(s[1], buffer, 3, MSG_PEEK));
    SHOW(recv(s[1], buffer, 100, 0));
    SHOW(recv(s[1], buffer, 100, MSG_DONTWAIT));
    SHOW(send(s[1], "back", 4, MSG_NOSIGNAL));
    SHOW(shutdown(s[1], SHUT_WR));
    SHOW(read(s[0], buffer, 100));
    SHOW(read(s[0], buffer, 100));
    close(s[0]);
    close(s[1]);
    SHOW(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
    SHOW(write(s[0], "one", 3));
    SHOW(write(s[0], "two!", 4));
    SHOW(read(s[1], buffer, 100));
    SHOW(recv(s[1], buffer, 2, MSG_TRUNC));
    int type;
    socklen_t length = sizeof type;
    SHOW(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &type, &length));
    SHOW(type);
    SHOW(socketpair(AF_INET, SOCK_STREAM, 0, s) == -1);
    close(s[0]);
    SHOW(recv(s[1], buffer, 10, MSG_DONTWAIT) == -1);
    close(s[1]);
    pipe(s);
    SHOW(recv(s[0], buffer, 1, 0));
    close(s[0]);
    close(s[1]);
}

static void event_descriptors(void) {
    uint64_t value = 5;
    int fd = eventfd(3, EFD_NONBLOCK);
    SHOW(read(fd, &value, 8));
    SHOW(value);
    SHOW(read(fd, &value, 8));
    value = 7;
    SHOW(write(fd, &value, 8));
    SHOW(write(fd, &value, 8));
    SHOW(read(fd, &value, 8));
    SHOW(value);
    SHOW(read(fd, &value, 4));
    close(fd);
    fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    SHOW(read(fd, &value, 8));
    SHOW(value);
    SHOW(read(fd, &value, 8));
    SHOW(read(fd, &value, 8));
    close(fd);
    SHOW(eventfd(0, 0x40));
}

static void timers(void) {
    uint64_t value = 0;
    struct itimerspec time = {.it_value = {.tv_nsec = 20000000}, .it_interval = {.tv_nsec = 10000000}}, old;
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    SHOW(read(fd, &value, 8));
    SHOW(timerfd_settime(fd, 0, &time, NULL));
    SHOW(timerfd_gettime(fd, &old));
    SHOW(old.it_interval.tv_nsec);
    struct pollfd poll_one = {.fd = fd, .events = POLLIN};
    SHOW(poll(&poll_one, 1, 2000));
    SHOW(read(fd, &value, 8));
    SHOW(value >= 1);
    time = (struct itimerspec){0};
    SHOW(timerfd_settime(fd, 0, &time, &old));
    SHOW(old.it_interval.tv_nsec);
    SHOW(poll(&poll_one, 1, 30));
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    time.it_value = now;
    SHOW(timerfd_settime(fd, TFD_TIMER_ABSTIME, &time, NULL));
    SHOW(poll(&poll_one, 1, 1000));
    SHOW(timerfd_settime(1, 0, &time, NULL));
    SHOW(timerfd_create(12345, 0));
    close(fd);
}

static void polling(void) {
    int ends[2], file = open("/dev/null", O_RDWR);
    pipe(ends);
    struct pollfd polls[4] = {
        {ends[0], POLLIN, 0}, {ends[1], POLLOUT, 0}, {-1, POLLIN, 9}, {file, POLLIN | POLLOUT, 0}};
    SHOW(poll(polls, 1, 0));
    SHOW(poll(polls, 2, -1));
    SHOW(polls[0].revents);
    SHOW(polls[1].revents);
    SHOW(poll(polls, 4, -1));
    SHOW(polls[2].revents);
    SHOW(polls[3].revents);
    write(ends[1], "x", 1);
    SHOW(poll(polls, 1, -1));
    SHOW(polls[0].revents);
    read(ends[0], buffer, 1);
    close(ends[1]);
    SHOW(poll(polls, 1, -1));
    SHOW(polls[0].revents);
    SHOW(poll(polls, 2, 0));
    SHOW(polls[1].revents);
    SHOW(poll(NULL, 0, 10));
    close(ends[0]);
    pipe(ends);
    fd_set read_set, write_set;
    FD_ZERO(&read_set);
    FD_ZERO(&write_set);
    FD_SET(ends[0], &read_set);
    FD_SET(ends[1], &write_set);
    FD_SET(file, &read_set);
    SHOW(select(20, &read_set, &write_set, NULL, NULL));
    SHOW(FD_ISSET(ends[0], &read_set) != 0);
    SHOW(FD_ISSET(ends[1], &write_set) != 0);
    SHOW(FD_ISSET(file, &read_set) != 0);
    FD_ZERO(&read_set);
    FD_SET(ends[0], &read_set);
    struct timeval time = {.tv_usec = 10000};
    SHOW(select(ends[0] + 1, &read_set, NULL, NULL, &time));
    SHOW(FD_ISSET(ends[0], &read_set) != 0);
    SHOW(select(-1, NULL, NULL, NULL, &time));
    struct timespec exact = {.tv_nsec = 5000000};
    sigset_t mask;
    sigemptyset(&mask);
    SHOW(pselect(0, NULL, NULL, NULL, &exact, &mask));
    SHOW(ppoll(polls, 0, &exact, &mask));
    close(ends[0]);
    close(ends[1]);
    close(file);
}

static void show_events(int epoll, int timeout) {
    struct epoll_event events[8];
    int count = epoll_wait(epoll, events, 8, timeout);
    printf("epoll_wait: %d", count);
    for (int i = 0; i < count; i++)
        printf(" %x/%d", events[i].events, (int)events[i].data.u64);
    printf("\n");
}

static void epolls(void) {
    int ends[2], epoll = epoll_create1(EPOLL_CLOEXEC), file = open("/dev/null", O_RDONLY);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 42};
    pipe(ends);
    SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event));
    SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event));
    SHOW(epoll_ctl(epoll, EPOLL_CTL_MOD, ends[1], &event));
    SHOW(epoll_ctl(epoll, EPOLL_CTL_DEL, ends[1], NULL));
    SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, 999, &event));
    SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, epoll, &event));
    SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, file, &event) == -1);
    SHOW(epoll_ctl(ends[0], EPOLL_CTL_ADD, ends[1], &event));
    SHOW(epoll_ctl(epoll, 99, ends[0], &event));
    show_events(epoll, 0);
    show_events(epoll, 10);
    write(ends[1], "xy", 2);
    show_events(epoll, -1);
    show_events(epoll, -1); /* level-triggered: still there */
    event.events = EPOLLIN | EPOLLET;
    event.data.u64 = 43;
    SHOW(epoll_ctl(epoll, EPOLL_CTL_MOD, ends[0], &event));
    show_events(epoll, -1);
    show_events(epoll, 10); /* edge-triggered: told once */
    write(ends[1], "z", 1);
    show_events(epoll, -1);
    event.events = EPOLLIN | EPOLLONESHOT;
    SHOW(epoll_ctl(epoll, EPOLL_CTL_MOD, ends[0], &event));
    show_events(epoll, -1);
    show_events(epoll, 10);
    event.events = EPOLLOUT;
    event.data.u64 = 44;
    SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &event));
    show_events(epoll, -1);
    SHOW(epoll_ctl(epoll, EPOLL_CTL_DEL, ends[1], NULL));
    show_events(epoll, 10);
    event.events = EPOLLIN;
    SHOW(epoll_ctl(epoll, EPOLL_CTL_MOD, ends[0], &event));
    close(ends[1]);
    show_events(epoll, -1);
    close(ends[0]); /* removes it */
    show_events(epoll, 10);
    struct epoll_event none[1];
    SHOW(epoll_wait(epoll, none, 0, 0));
    SHOW(epoll_wait(file, none, 1, 0));
    SHOW(read(epoll, buffer, 1));
    /* An epoll instance is itself something to wait for. */
    int outer = epoll_create1(0), source = eventfd(1, 0);
    event = (struct epoll_event){.events = EPOLLIN, .data.u64 = 1};
    SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, source, &event));
    SHOW(epoll_ctl(outer, EPOLL_CTL_ADD, epoll, &event));
    show_events(outer, 1000);
    close(outer);
    close(source);
    close(epoll);
    close(file);
}

static void *write_later(void *argument) {
    usleep(30000);
    write(*(int *)argument, "late", 4);
    return NULL;
}

static void waiting_for_another_thread(void) {
    int ends[2];
    pthread_t thread;
    pipe(ends);
    pthread_create(&thread, NULL, write_later, &ends[1]);
    struct pollfd one = {ends[0], POLLIN, 0};
    SHOW(poll(&one, 1, 5000));
    SHOW(read(ends[0], buffer, 10));
    pthread_join(thread, NULL);
    pthread_create(&thread, NULL, write_later, &ends[1]);
    SHOW(read(ends[0], buffer, 10));
    pthread_join(thread, NULL);
    close(ends[0]);
    close(ends[1]);
}

static void *answer(void *argument) {
    int end = *(int *)argument;
    char byte;
    while (read(end, &byte, 1) == 1)
        write(end, &byte, 1);
    return NULL;
}

static int ask_often(int epoll, int end) {
    struct epoll_event event;
    int answers = 0;
    for (char byte = 0; answers < 500; answers++)
        if (write(end, &byte, 1) != 1 || epoll_wait(epoll, &event, 1, 5000) != 1 || read(end, &byte, 1) != 1)
            break;
    return answers;
}

static int64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits so short that the thread may look for a while before it sleeps; each time one follows that ends another way. */
static void short_waits(void) {
    int ends[2], epoll = epoll_create1(0);
    pthread_t thread;
    struct epoll_event event = {.events = EPOLLIN};
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event);
    pthread_create(&thread, NULL, answer, &ends[1]);
    SHOW(ask_often(epoll, ends[0]));
    int64_t start = milliseconds();
    SHOW(epoll_wait(epoll, &event, 1, 20));
    SHOW(milliseconds() - start >= 20);
    SHOW(ask_often(epoll, ends[0]));
    SHOW(epoll_wait(epoll, &event, 1, 0));
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_broken_pipe}, NULL);
    setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {0, 20000}}, NULL);
    SHOW(epoll_wait(epoll, &event, 1, -1));
    SHOW(ask_often(epoll, ends[0]));
    close(ends[0]);
    pthread_join(thread, NULL);
    close(ends[1]);
    close(epoll);
}

int main(void) {
    pipes();
    pipe_between_threads();
    socket_pairs();
    event_descriptors();
    timers();
    polling();
    epolls();
    waiting_for_another_thread();
    short_waits();
    return 0;
}
