/* Pipes between threads: sleeping and waking, polls and epoll sets in which pipes stand beside other files,
 * signals, sizes, ends that are closed. Single-threaded use is in events.c. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include "show.h"

static char buffer[1 << 20];

static void pause_for(int milliseconds) {
    usleep(milliseconds * 1000);
}

static void sizes(void) {
    int ends[2];
    struct stat status;
    pipe2(ends, O_NONBLOCK);
    SHOW(fcntl(ends[0], F_GETPIPE_SZ));
    SHOW(fcntl(ends[1], F_SETPIPE_SZ, 5000));
    SHOW(fcntl(ends[0], F_GETPIPE_SZ));
    SHOW(write(ends[1], buffer, sizeof buffer));
    SHOW(fcntl(ends[1], F_SETPIPE_SZ, 4096));
    SHOW(fcntl(ends[1], F_SETPIPE_SZ, 1 << 20));
    SHOW(write(ends[1], buffer, sizeof buffer));
    SHOW(read(ends[0], buffer, sizeof buffer));
    SHOW(fcntl(ends[1], F_SETPIPE_SZ, 0));
    SHOW(fcntl(ends[0], F_GETPIPE_SZ));
    SHOW(fcntl(0, F_GETPIPE_SZ));
    SHOW(fstat(ends[0], &status));
    SHOW(S_ISFIFO(status.st_mode));
    SHOW(status.st_size);
    SHOW(status.st_nlink);
    struct stat other;
    SHOW(fstat(ends[1], &other));
    SHOW(other.st_ino == status.st_ino);
    SHOW(read(ends[0], buffer, 0));
    SHOW(write(ends[1], buffer, 0));
    close(ends[0]);
    SHOW(write(ends[1], buffer, 0));
    close(ends[1]);
}

/* Bytes keep their order through a ring that wraps and grows. */
static void order(void) {
    int ends[2];
    unsigned in = 0, out = 0, wrong = 0, sizes[] = {1, 4095, 300, 4096, 17, 9000, 64, 30000, 5};
    pipe2(ends, O_NONBLOCK);
    for (int i = 0; i < 3000; i++) {
        unsigned char part[30000];
        unsigned size = sizes[i % 9], done;
        for (done = 0; done < size; done++)
            part[done] = (unsigned char)((in + done) * 31 >> 3);
        long moved = write(ends[1], part, size);
        in += moved > 0 ? moved : 0;
        moved = read(ends[0], part, sizes[(i * 5 + 2) % 9]);
        for (long at = 0; at < moved; at++, out++)
            wrong += part[at] != (unsigned char)(out * 31 >> 3);
    }
    SHOW(wrong);
    int left;
    SHOW(ioctl(ends[0], FIONREAD, &left));
    SHOW(in - out == (unsigned)left);
    close(ends[0]);
    close(ends[1]);
}

/* Writes of up to PIPE_BUF bytes aren't mixed, whole vectors neither. */
#define WRITERS 4
#define MESSAGES 500

static void *write_messages(void *argument) {
    int *ends = argument;
    static int next;
    char letter = (char)('a' + __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED));
    char message[1000];
    memset(message, letter, sizeof message);
    for (int i = 0; i < MESSAGES; i++) {
        struct iovec parts[3] = {{message, 100}, {message, 0}, {message, 900}};
        if (i % 2)
            write(ends[1], message, sizeof message);
        else
            writev(ends[1], parts, 3);
    }
    return NULL;
}

static void atomic_writes(void) {
    int ends[2], mixed = 0, count = 0;
    pthread_t threads[WRITERS];
    pipe(ends);
    for (int i = 0; i < WRITERS; i++)
        pthread_create(&threads[i], NULL, write_messages, ends);
    char message[1000];
    for (int i = 0; i < WRITERS * MESSAGES; i++) {
        for (size_t got = 0; got < sizeof message;)
            got += read(ends[0], message + got, sizeof message - got);
        for (size_t at = 1; at < sizeof message; at++)
            mixed += message[at] != message[0];
        count++;
    }
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    SHOW(mixed);
    SHOW(count);
    close(ends[0]);
    close(ends[1]);
}

/* A large vector goes through a pipe that is smaller. */
static void *write_large(void *argument) {
    struct iovec parts[2] = {{buffer, 300000}, {buffer + 300000, 400001}};
    long done = writev(*(int *)argument, parts, 2);
    return (void *)done;
}

static void large_vectors(void) {
    int ends[2];
    pthread_t thread;
    void *done;
    static char got[700001];
    unsigned long sum = 0, expected = 0;
    for (size_t i = 0; i < sizeof got; i++) {
        buffer[i] = (char)(i * 7 >> 2);
        expected += (unsigned char)buffer[i] * (i % 1000);
    }
    pipe(ends);
    pthread_create(&thread, NULL, write_large, &ends[1]);
    for (size_t at = 0; at < sizeof got;) {
        size_t half = (sizeof got - at) / 2;
        struct iovec parts[2] = {{got + at, half}, {got + at + half, sizeof got - at - half}};
        at += readv(ends[0], parts, 2);
    }
    pthread_join(thread, &done);
    SHOW(done);
    for (size_t i = 0; i < sizeof got; i++)
        sum += (unsigned char)got[i] * (i % 1000);
    SHOW(sum == expected);
    close(ends[0]);
    close(ends[1]);
}

/* Something that another thread does after a while. */
struct deed {
    enum { WRITE, READ_ALL, CLOSE, SIGNAL } what;
    int fd;
    pthread_t whom;
};

static void *do_later(void *argument) {
    struct deed *deed = argument;
    pause_for(40);
    switch (deed->what) {
    case WRITE:
        write(deed->fd, "later", 5);
        break;
    case READ_ALL:
        read(deed->fd, buffer, sizeof buffer);
        break;
    case CLOSE:
        close(deed->fd);
        break;
    case SIGNAL:
        pthread_kill(deed->whom, SIGUSR1);
        break;
    }
    return NULL;
}

static pthread_t later_thread;
static struct deed later_deed;

static void later(int what, int fd) {
    later_deed = (struct deed){what, fd, pthread_self()};
    pthread_create(&later_thread, NULL, do_later, &later_deed);
}

static void done(void) {
    pthread_join(later_thread, NULL);
}

static void fill(int fd) {
    int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    while (write(fd, buffer, 4096) > 0)
        ;
    fcntl(fd, F_SETFL, flags);
}

static void sleepers(void) {
    int ends[2];
    pipe(ends);
    later(WRITE, ends[1]);
    SHOW(read(ends[0], buffer, 10));
    done();
    fill(ends[1]);
    later(READ_ALL, ends[0]);
    SHOW(write(ends[1], buffer, 100));
    done();
    later(CLOSE, ends[1]);
    SHOW(read(ends[0], buffer, 1000));
    SHOW(read(ends[0], buffer, 1000));
    done();
    close(ends[0]);
    pipe(ends);
    fill(ends[1]);
    signal(SIGPIPE, SIG_IGN);
    later(CLOSE, ends[0]);
    SHOW(write(ends[1], buffer, 5000));
    done();
    close(ends[1]);
    /* Another descriptor of the same end keeps it open. */
    pipe(ends);
    int copy = dup(ends[1]);
    close(ends[1]);
    later(WRITE, copy);
    SHOW(read(ends[0], buffer, 10));
    done();
    later(CLOSE, copy);
    SHOW(read(ends[0], buffer, 10));
    done();
    close(ends[0]);
}

static volatile sig_atomic_t handled;

static void on_signal(int signal) {
    (void)signal;
    handled++;
}

static void set_handler(int flags) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};
    sigaction(SIGUSR1, &action, NULL);
}

static void *write_in_a_while(void *argument) {
    pause_for(120);
    write(*(int *)argument, "!", 1);
    return NULL;
}

static void signals(void) {
    int ends[2];
    pthread_t writer;
    pipe(ends);
    set_handler(0);
    later(SIGNAL, -1);
    SHOW(read(ends[0], buffer, 10));
    done();
    fill(ends[1]);
    later(SIGNAL, -1);
    SHOW(write(ends[1], buffer, 10));
    done();
    read(ends[0], buffer, sizeof buffer);
    later(SIGNAL, -1);
    struct pollfd one = {ends[0], POLLIN, 0};
    SHOW(poll(&one, 1, 5000));
    done();
    SHOW(handled);
    /* A write that has written something tells how much. */
    later(SIGNAL, -1);
    SHOW(write(ends[1], buffer, 100000));
    done();
    read(ends[0], buffer, sizeof buffer);
    set_handler(SA_RESTART);
    pthread_create(&writer, NULL, write_in_a_while, &ends[1]);
    later(SIGNAL, -1);
    SHOW(read(ends[0], buffer, 10));
    done();
    pthread_join(writer, NULL);
    SHOW(handled);
    close(ends[0]);
    close(ends[1]);
}

static void *read_for_ever(void *argument) {
    char byte;
    read(*(int *)argument, &byte, 1);
    return NULL;
}

static void cancellation(void) {
    int ends[2];
    pthread_t thread;
    void *result;
    pipe(ends);
    pthread_create(&thread, NULL, read_for_ever, &ends[0]);
    pause_for(30);
    SHOW(pthread_cancel(thread));
    SHOW(pthread_join(thread, &result));
    SHOW(result == PTHREAD_CANCELED);
    write(ends[1], "x", 1); /* nobody took it */
    SHOW(read(ends[0], buffer, 10));
    close(ends[0]);
    close(ends[1]);
}

static void show_polls(struct pollfd *polls, int count, int timeout) {
    int ready = poll(polls, count, timeout);
    printf("poll: %d", ready);
    for (int i = 0; i < count; i++)
        printf(" %x", polls[i].revents);
    printf("\n");
}

/* Pipes beside files that the host watches, and without. */
static void polls(void) {
    int first[2], second[2], event = eventfd(0, EFD_NONBLOCK);
    pipe(first);
    pipe(second);
    struct pollfd set[4] = {
        {first[0], POLLIN, 0}, {event, POLLIN, 0}, {second[0], POLLIN, 0}, {-1, POLLIN, 0}};
    for (int i = 0; i < 3; i++) {
        later(WRITE, second[1]);
        show_polls(set, 4, 5000);
        done();
        read(second[0], buffer, 10);
        show_polls(set, 4, 0);
    }
    uint64_t one = 1;
    write(event, &one, sizeof one);
    show_polls(set, 4, 5000);
    write(first[1], "x", 1);
    show_polls(set, 4, 5000);
    read(event, &one, sizeof one);
    read(first[0], buffer, 1);
    show_polls(set, 3, 20);
    set[1].fd = -1;
    later(WRITE, first[1]);
    show_polls(set, 3, -1);
    done();
    read(first[0], buffer, 10);
    show_polls(set, 3, 20);
    later(CLOSE, second[1]);
    show_polls(set, 3, -1);
    done();
    set[1].fd = event;
    fill(first[1]);
    struct pollfd writing[2] = {{first[1], POLLOUT, 0}, {event, POLLIN, 0}};
    show_polls(writing, 2, 20);
    read(first[0], buffer, 4095);
    show_polls(writing, 2, 20);
    later(READ_ALL, first[0]);
    show_polls(writing, 2, 5000);
    done();
    fill(first[1]);
    later(CLOSE, first[0]);
    show_polls(writing, 2, 5000);
    done();
    fd_set wanted;
    FD_ZERO(&wanted);
    FD_SET(second[0], &wanted);
    struct timeval time = {.tv_sec = 5};
    SHOW(select(second[0] + 1, &wanted, NULL, NULL, &time)); /* at the end of all writing: ready */
    close(first[1]);
    close(second[0]);
    close(event);
}

static void show_events(int epoll, int most, int timeout) {
    struct epoll_event events[8];
    int count = epoll_wait(epoll, events, most, timeout);
    printf("epoll_wait: %d", count);
    for (int i = 0; i < count; i++)
        printf(" %x/%d", events[i].events, (int)events[i].data.u64);
    printf("\n");
}

static void add(int epoll, int fd, uint32_t events, int data) {
    struct epoll_event event = {.events = events, .data.u64 = data};
    SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
}

static void epolls(void) {
    int first[2], second[2], epoll = epoll_create1(0), event = eventfd(0, EFD_NONBLOCK);
    uint64_t one = 1;
    pipe(first);
    pipe(second);
    add(epoll, first[0], EPOLLIN, 1);
    add(epoll, event, EPOLLIN, 2);
    add(epoll, second[0], EPOLLIN | EPOLLET, 3);
    for (int i = 0; i < 3; i++) {
        later(WRITE, first[1]);
        show_events(epoll, 8, 5000);
        done();
        show_events(epoll, 8, 5000);
        read(first[0], buffer, 10);
        show_events(epoll, 8, 10);
    }
    later(WRITE, second[1]);
    show_events(epoll, 8, 5000);
    done();
    show_events(epoll, 8, 10);
    later(WRITE, second[1]);
    show_events(epoll, 8, 5000);
    done();
    later(WRITE, event); /* refused: five bytes. So nothing comes */
    show_events(epoll, 8, 80);
    done();
    write(event, &one, sizeof one);
    show_events(epoll, 8, 5000);
    read(event, &one, sizeof one);
    later(CLOSE, first[1]);
    show_events(epoll, 8, 5000);
    done();
    close(first[0]);
    show_events(epoll, 8, 10);
    /* Neither side is forgotten when the other one is always ready. */
    pipe(first);
    add(epoll, first[0], EPOLLIN, 4);
    write(event, &one, sizeof one);
    write(first[1], "x", 1);
    bool seen[8] = {false};
    for (int i = 0; i < 8; i++) {
        struct epoll_event found = {0};
        epoll_wait(epoll, &found, 1, 1000);
        seen[found.data.u64 & 7] = true;
    }
    SHOW(seen[2] && seen[4]);
    /* A copy of the descriptor keeps it watched. */
    read(event, &one, sizeof one);
    int copy = dup(first[0]);
    close(first[0]);
    show_events(epoll, 8, 1000);
    close(copy);
    show_events(epoll, 8, 10);
    close(first[1]);
    struct epoll_event once = {.events = EPOLLIN | EPOLLONESHOT, .data.u64 = 5};
    SHOW(epoll_ctl(epoll, EPOLL_CTL_MOD, second[0], &once));
    show_events(epoll, 8, 1000);
    later(CLOSE, second[1]);
    show_events(epoll, 8, 100); /* not told again, not even of the end */
    done();
    SHOW(epoll_ctl(epoll, EPOLL_CTL_MOD, second[0], &once));
    show_events(epoll, 8, 100);
    close(second[0]);
    close(event);
    close(epoll);
}

/* A set within a set, and a set that is polled. */
static void sets_of_sets(void) {
    int ends[2], inner = epoll_create1(0), outer = epoll_create1(0);
    pipe(ends);
    add(inner, ends[0], EPOLLIN, 1);
    add(outer, inner, EPOLLIN, 2);
    show_events(outer, 8, 10);
    later(WRITE, ends[1]);
    show_events(outer, 8, 5000);
    done();
    show_events(inner, 8, 0);
    read(ends[0], buffer, 10);
    show_events(inner, 8, 0);
    show_events(outer, 8, 10);
    struct pollfd one = {inner, POLLIN, 0};
    show_polls(&one, 1, 10);
    later(WRITE, ends[1]);
    show_polls(&one, 1, 5000);
    done();
    show_events(inner, 8, 0);
    close(outer);
    close(inner);
    close(ends[0]);
    close(ends[1]);
}

/* Many rounds through two pipes and a set, so that a wake-up that's lost once in a while is noticed. */
#define ROUNDS 3000

static void *answer(void *argument) {
    int *fds = argument;
    char byte;
    for (int i = 0; i < ROUNDS; i++) {
        struct pollfd polls[2] = {{fds[0], POLLIN, 0}, {fds[4], POLLIN, 0}};
        if (i % 3)
            poll(polls, i % 2 + 1, -1);
        read(fds[0], &byte, 1);
        write(fds[3], &byte, 1);
    }
    return NULL;
}

static void ping_pong(void) {
    int fds[5], rounds = 0, epoll = epoll_create1(0);
    pthread_t thread;
    pipe(fds);
    pipe(fds + 2);
    fds[4] = eventfd(0, 0);
    struct epoll_event event = {.events = EPOLLIN};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fds[2], &event);
    pthread_create(&thread, NULL, answer, fds);
    for (int i = 0; i < ROUNDS; i++) {
        char byte = (char)i, back = 0;
        write(fds[1], &byte, 1);
        if (epoll_wait(epoll, &event, 1, 20000) != 1)
            break;
        read(fds[2], &back, 1);
        rounds += back == byte;
    }
    SHOW(rounds);
    pthread_join(thread, NULL);
    for (int i = 0; i < 5; i++)
        close(fds[i]);
    close(epoll);
}

int main(void) {
    sizes();
    order();
    atomic_writes();
    large_vectors();
    sleepers();
    signals();
    cancellation();
    polls();
    epolls();
    sets_of_sets();
    ping_pong();
    return 0;
}
