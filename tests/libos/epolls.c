/* Sets of sets, duplicates of a descriptor, flags and refusals of epoll, for pipes (which the libOS has in memory) and for
 * what the host has alike. */
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/resource.h>
#include <unistd.h>
#include <fcntl.h>
#include "show.h"

/* Something to wait for: written at one end, read at the other. */
struct source {
    int read, write;
    int size;
};

static char buffer[100];

static struct source new_source(int kind) {
    int ends[2];
    if (kind == 0) {
        pipe2(ends, O_NONBLOCK);
        return (struct source){ends[0], ends[1], 1};
    }
    if (kind == 1) {
        int event = eventfd(0, EFD_NONBLOCK);
        return (struct source){event, event, 8};
    }
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends);
    return (struct source){ends[0], ends[1], 1};
}

static void fill(struct source source) {
    uint64_t one = 1;
    write(source.write, &one, source.size);
}

static void drain(struct source source) {
    read(source.read, buffer, 8);
}

static void end_source(struct source source) {
    close(source.read);
    if (source.write != source.read)
        close(source.write);
}

static int watch_as(int epoll, int operation, int fd, uint32_t events, uint64_t data) {
    struct epoll_event event = {.events = events, .data.u64 = data};
    return epoll_ctl(epoll, operation, fd, &event);
}

static int compare_events(const void *a, const void *b) {
    const struct epoll_event *first = a, *second = b;
    return (first->data.u64 > second->data.u64) - (first->data.u64 < second->data.u64);
}

static void show_events(const char *what, int epoll, int most, int timeout) {
    struct epoll_event events[8];
    int count = epoll_wait(epoll, events, most, timeout);
    qsort(events, count > 0 ? (size_t)count : 0, sizeof *events, compare_events);
    printf("%s: %d", what, count);
    for (int i = 0; i < count; i++)
        printf(" %x/%d", events[i].events, (int)events[i].data.u64);
    printf("\n");
    fflush(stdout);
}

static void show_poll(const char *what, int epoll) {
    struct pollfd one = {epoll, POLLIN, 0};
    int result = poll(&one, 1, 0);
    printf("%s: poll %d %x\n", what, result, one.revents);
}

/* A set in a set in a set. */
static void nested(int kind, uint32_t flags) {
    struct source source = new_source(kind);
    int inner = epoll_create1(0), middle = epoll_create1(0), outer = epoll_create1(0);
    printf("nested: kind %d, flags %x\n", kind, flags);
    SHOW(watch_as(inner, EPOLL_CTL_ADD, source.read, EPOLLIN, 1));
    SHOW(watch_as(middle, EPOLL_CTL_ADD, inner, EPOLLIN, 2));
    SHOW(watch_as(outer, EPOLL_CTL_ADD, middle, EPOLLIN | flags, 3));
    SHOW(watch_as(outer, EPOLL_CTL_ADD, middle, EPOLLIN | flags, 3));
    show_events("empty", outer, 8, 0);
    show_poll("empty", outer);
    fill(source);
    show_poll("filled", outer);
    show_poll("filled", middle);
    show_events("filled", outer, 8, -1);
    show_events("again", outer, 8, 0);
    fill(source);
    show_events("filled again", outer, 8, 0);
    drain(source);
    if (source.size == 1)
        drain(source);
    show_poll("drained", outer);
    show_events("drained", outer, 8, 0);
    show_events("drained", middle, 8, 10);
    show_events("drained", inner, 8, 0);
    fill(source);
    show_events("inner", inner, 8, 0);
    if (flags & EPOLLONESHOT)
        SHOW(watch_as(outer, EPOLL_CTL_MOD, middle, EPOLLIN | flags, 4));
    show_events("outer", outer, 1, 0);
    SHOW(close(inner));
    show_events("without inner", middle, 8, 0);
    show_poll("without inner", outer);
    close(middle);
    show_events("without middle", outer, 8, 0);
    close(outer);
    end_source(source);
}

/* Both kinds in one inner set: one is drained, the other isn't. */
static void mixed(void) {
    struct source pipe_source = new_source(0), event_source = new_source(1);
    int inner = epoll_create1(0), outer = epoll_create1(0);
    watch_as(inner, EPOLL_CTL_ADD, pipe_source.read, EPOLLIN, 1);
    watch_as(inner, EPOLL_CTL_ADD, event_source.read, EPOLLIN, 2);
    watch_as(outer, EPOLL_CTL_ADD, inner, EPOLLIN, 3);
    watch_as(outer, EPOLL_CTL_ADD, event_source.read, EPOLLIN, 4);
    fill(pipe_source);
    show_events("pipe", outer, 8, 0);
    fill(event_source);
    show_events("both", outer, 8, 0);
    drain(pipe_source);
    show_events("event", outer, 8, 0);
    show_events("inner", inner, 8, 0);
    drain(event_source);
    show_events("none", outer, 8, 0);
    fill(pipe_source);
    show_poll("pipe", inner);
    drain(pipe_source);
    fill(event_source);
    show_events("one at a time", outer, 1, 0);
    end_source(pipe_source);
    end_source(event_source);
    close(inner);
    close(outer);
}

static void loops(void) {
    int a = epoll_create1(0), b = epoll_create1(0), chain[8];
    SHOW(watch_as(a, EPOLL_CTL_ADD, a, EPOLLIN, 0));
    SHOW(watch_as(a, EPOLL_CTL_ADD, b, EPOLLIN, 0));
    SHOW(watch_as(b, EPOLL_CTL_ADD, a, EPOLLIN, 0));
    SHOW(watch_as(a, EPOLL_CTL_DEL, b, 0, 0));
    SHOW(watch_as(b, EPOLL_CTL_ADD, a, EPOLLIN, 0));
    for (int i = 0; i < 8; i++)
        chain[i] = epoll_create1(0);
    for (int i = 1; i < 8; i++)
        SHOW(watch_as(chain[i], EPOLL_CTL_ADD, chain[i - 1], EPOLLIN, 0));
    for (int i = 0; i < 8; i++)
        close(chain[i]);
    close(a);
    close(b);
}

/* Duplicates are members of their own. */
static void duplicates(int kind, uint32_t flags) {
    struct source source = new_source(kind);
    int epoll = epoll_create1(0), copy = dup(source.read), third = dup(source.read);
    printf("duplicates: kind %d, flags %x\n", kind, flags);
    SHOW(watch_as(epoll, EPOLL_CTL_ADD, source.read, EPOLLIN, 1));
    SHOW(watch_as(epoll, EPOLL_CTL_ADD, source.read, EPOLLIN, 1));
    SHOW(watch_as(epoll, EPOLL_CTL_MOD, copy, EPOLLIN, 2));
    SHOW(watch_as(epoll, EPOLL_CTL_DEL, copy, 0, 0));
    SHOW(watch_as(epoll, EPOLL_CTL_ADD, copy, EPOLLIN | flags, 2));
    SHOW(watch_as(epoll, EPOLL_CTL_ADD, copy, EPOLLIN | flags, 2));
    SHOW(watch_as(epoll, EPOLL_CTL_ADD, third, 0, 3));
    show_events("empty", epoll, 8, 0);
    fill(source);
    show_events("filled", epoll, 8, 0);
    show_events("again", epoll, 8, 0);
    SHOW(watch_as(epoll, EPOLL_CTL_MOD, third, EPOLLIN, 33));
    SHOW(watch_as(epoll, EPOLL_CTL_MOD, copy, EPOLLIN, 22));
    show_events("changed", epoll, 8, 0);
    SHOW(watch_as(epoll, EPOLL_CTL_DEL, source.read, 0, 0));
    show_events("two", epoll, 8, 0);
    SHOW(watch_as(epoll, EPOLL_CTL_ADD, source.read, EPOLLIN, 4));
    show_events("three", epoll, 8, 0);
    close(copy);
    show_events("closed", epoll, 8, 0);
    SHOW(watch_as(epoll, EPOLL_CTL_DEL, copy, 0, 0));
    drain(source);
    show_events("drained", epoll, 8, 0);
    close(third);
    end_source(source);
    show_events("all closed", epoll, 8, 10);
    close(epoll);
}

/* A set twice in another one. */
static void duplicate_of_a_set(int kind) {
    struct source source = new_source(kind);
    int inner = epoll_create1(0), outer = epoll_create1(0), copy = dup(inner);
    printf("a set twice: kind %d\n", kind);
    SHOW(watch_as(inner, EPOLL_CTL_ADD, source.read, EPOLLIN, 1));
    SHOW(watch_as(outer, EPOLL_CTL_ADD, inner, EPOLLIN, 2));
    SHOW(watch_as(outer, EPOLL_CTL_ADD, copy, EPOLLIN, 3));
    show_events("empty", outer, 8, 0);
    fill(source);
    show_events("filled", outer, 8, 0);
    drain(source);
    show_events("drained", outer, 8, 0);
    SHOW(watch_as(copy, EPOLL_CTL_DEL, source.read, 0, 0));
    fill(source);
    show_events("deleted", outer, 8, 0);
    end_source(source);
    close(inner);
    close(copy);
    close(outer);
}

static void flags(int kind) {
    struct source source = new_source(kind);
    int epoll = epoll_create1(0), other = epoll_create1(0), file = open("/dev/null", O_RDONLY);
    printf("flags: kind %d\n", kind);
    SHOW(watch_as(epoll, EPOLL_CTL_ADD, source.read, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT, 1));
    SHOW(watch_as(epoll, EPOLL_CTL_ADD, source.read, EPOLLIN | EPOLLEXCLUSIVE | EPOLLRDHUP, 1));
    SHOW(watch_as(epoll, EPOLL_CTL_ADD, source.read, EPOLLIN | EPOLLEXCLUSIVE | EPOLLET, 1));
    SHOW(watch_as(epoll, EPOLL_CTL_MOD, source.read, EPOLLIN, 1));
    SHOW(watch_as(epoll, EPOLL_CTL_MOD, source.read, EPOLLIN | EPOLLEXCLUSIVE, 1));
    SHOW(watch_as(epoll, EPOLL_CTL_ADD, other, EPOLLIN | EPOLLEXCLUSIVE, 1));
    fill(source);
    show_events("exclusive", epoll, 8, 0);
    show_events("edge", epoll, 8, 0);
    SHOW(watch_as(epoll, EPOLL_CTL_DEL, source.read, 0, 0));
    SHOW(watch_as(epoll, EPOLL_CTL_ADD, source.read, EPOLLIN | EPOLLONESHOT | EPOLLET, 5));
    show_events("once", epoll, 8, 0);
    fill(source);
    show_events("not again", epoll, 8, 0);
    SHOW(watch_as(epoll, EPOLL_CTL_MOD, source.read, EPOLLIN | EPOLLONESHOT, 6));
    show_events("armed", epoll, 8, 0);
    SHOW(watch_as(epoll, 4, source.read, EPOLLIN, 1));
    SHOW(watch_as(epoll, EPOLL_CTL_ADD, file, EPOLLIN, 1));
    SHOW(watch_as(file, EPOLL_CTL_ADD, source.read, EPOLLIN, 1));
    SHOW(watch_as(999, EPOLL_CTL_ADD, source.read, EPOLLIN, 1));
    SHOW(watch_as(epoll, EPOLL_CTL_ADD, 999, EPOLLIN, 1));
    SHOW(watch_as(source.read, EPOLL_CTL_ADD, 999, EPOLLIN, 1));
    struct epoll_event event;
    SHOW(epoll_wait(epoll, &event, 1 << 30, 0));
    SHOW(epoll_wait(source.read, &event, 1, 0));
    SHOW(epoll_wait(999, &event, 1, 0));
    end_source(source);
    close(epoll);
    close(other);
    close(file);
}

static void hang_ups(void) {
    struct source source = new_source(2);
    int epoll = epoll_create1(0);
    watch_as(epoll, EPOLL_CTL_ADD, source.read, EPOLLIN | EPOLLRDHUP, 1);
    shutdown(source.write, SHUT_WR);
    show_events("shut down", epoll, 8, 1000);
    close(source.write);
    show_events("closed", epoll, 8, 1000);
    close(source.read);
    source = new_source(0);
    watch_as(epoll, EPOLL_CTL_ADD, source.read, 0, 2);
    watch_as(epoll, EPOLL_CTL_ADD, source.write, EPOLLOUT | EPOLLET, 3);
    show_events("room", epoll, 8, 1000);
    close(source.write);
    show_events("hung up", epoll, 8, 1000);
    close(source.read);
    close(epoll);
}

/* Another thread fills the source while this one waits for the outer set. */
struct later {
    struct source source;
    pthread_barrier_t *barrier;
};

static void *fill_later(void *argument) {
    struct later *later = argument;
    pthread_barrier_wait(later->barrier);
    usleep(20000);
    fill(later->source);
    return NULL;
}

static void woken(int kind, int by_poll) {
    pthread_t thread;
    pthread_barrier_t barrier;
    struct source source = new_source(kind);
    int inner = epoll_create1(0), outer = epoll_create1(0);
    printf("woken: kind %d\n", kind);
    pthread_barrier_init(&barrier, NULL, 2);
    watch_as(inner, EPOLL_CTL_ADD, source.read, EPOLLIN, 1);
    watch_as(outer, EPOLL_CTL_ADD, inner, EPOLLIN, 2);
    pthread_create(&thread, NULL, fill_later, &(struct later){source, &barrier});
    pthread_barrier_wait(&barrier);
    struct pollfd one = {outer, POLLIN, 0};
    if (by_poll)
        SHOW(poll(&one, 1, -1));
    else
        show_events("waited", outer, 8, -1);
    pthread_join(thread, NULL);
    drain(source);
    show_poll("drained", outer);
    end_source(source);
    close(inner);
    close(outer);
}

/* More descriptors than fit into one hostcall. */
static void many_polls(void) {
    enum { COUNT = 5000 };
    static struct pollfd all[COUNT];
    struct source source = new_source(1), pipe_source = new_source(0);
    for (int i = 0; i < COUNT; i++)
        all[i] = (struct pollfd){i == 4500 ? pipe_source.read : i % 3 ? source.read : -1, POLLIN, 0};
    SHOW(poll(all, COUNT, 0));
    SHOW(poll(all, COUNT, 10));
    fill(pipe_source);
    SHOW(poll(all, COUNT, -1));
    SHOW(all[4500].revents);
    fill(source);
    SHOW(poll(all, COUNT, -1));
    SHOW(all[4999].revents);
    drain(source);
    drain(pipe_source);
    pthread_t thread;
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, 2);
    pthread_create(&thread, NULL, fill_later, &(struct later){source, &barrier});
    pthread_barrier_wait(&barrier);
    SHOW(poll(all, COUNT, -1) > 3000);
    pthread_join(thread, NULL);
    end_source(source);
    end_source(pipe_source);
}

int main(void) {
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){6000, 6000});
    for (int kind = 0; kind < 3; kind++) {
        nested(kind, 0);
        nested(kind, EPOLLET);
        nested(kind, EPOLLONESHOT);
        duplicates(kind, 0);
        duplicates(kind, EPOLLET);
        duplicates(kind, EPOLLONESHOT);
        duplicate_of_a_set(kind);
        flags(kind);
        woken(kind, 0);
        woken(kind, 1);
    }
    mixed();
    loops();
    hang_ups();
    many_polls();
    return 0;
}
