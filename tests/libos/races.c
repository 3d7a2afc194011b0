/* Threads that open, close, rename and remove the same things: nothing may be lost, mixed up or crash. */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include "check.h"

#define THREADS 4
#define ROUNDS 3000

static int shared[8];

static void *churn(void *argument) {
    long id = (long)argument, bad = 0;
    unsigned random = id + 1;
    char name[64], other[64], text[64], back[64];
    for (int i = 0; i < ROUNDS; i++) {
        random = random * 1103515245 + 12345;
        snprintf(name, sizeof name, "/tmp/own-%ld-%u", id, random >> 16 & 7);
        snprintf(other, sizeof other, "/tmp/common-%u", random >> 20 & 3);
        snprintf(text, sizeof text, "%ld/%d", id, i);
        bad += !put(name, text);
        int fd = open(name, O_RDONLY);
        memset(back, 0, sizeof back);
        bad += fd < 0 || read(fd, back, sizeof back) != (long)strlen(text) || strcmp(back, text);
        int copy = dup(fd);
        bad += copy < 0 || lseek(copy, 0, SEEK_CUR) != (long)strlen(text);
        close(fd);
        close(copy);
        int slot = random >> 24 & 7; /* descriptors that all threads replace and read */
        bad += dup2(shared[slot], 100 + slot) != 100 + slot;
        bad += read(100 + slot, back, 1) != 1 && errno != EBADF;
        bad += rename(name, other) != 0;
        if (unlink(other) != 0)
            bad += errno != ENOENT;
        bad += access(name, F_OK) == 0;
    }
    return (void *)bad;
}

/* Pipes that all threads replace, fill, drain, poll and watch. */
#define PIPES 4
static int set, event;

static bool allowed(int error) {
    return error == EBADF || error == EAGAIN || error == EPIPE || error == EEXIST || error == ENOENT;
}

static long use_pipe(unsigned random, int reader, int writer) {
    static _Thread_local char bytes[6000];
    struct epoll_event found[4], wanted = {.events = EPOLLIN | (random & 1 ? EPOLLET : 0), .data.u64 = 7};
    struct pollfd polls[3] = {
        {reader, POLLIN, 0}, {writer, POLLOUT, 0}, {random & 1 ? event : -1, POLLIN, 0}};
    int ends[2];
    switch (random >> 4 & 7) {
    case 0:
        if (pipe2(ends, O_NONBLOCK) || dup2(ends[0], reader) < 0 || dup2(ends[1], writer) < 0)
            return -1;
        close(ends[0]);
        return close(ends[1]);
    case 1:
        return read(reader, bytes, random >> 8 & 4095);
    case 2:
        return write(writer, bytes, random >> 8 & 8191 ? sizeof bytes : 1);
    case 3:
        return poll(polls, 3, 1);
    case 4:
        return epoll_ctl(set, random >> 8 & 1 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, reader, &wanted);
    case 5:
        return epoll_ctl(set, EPOLL_CTL_DEL, reader, NULL);
    case 6:
        return epoll_wait(set, found, 4, 1);
    default:
        return write(writer, bytes, 1);
    }
}

static void *use_pipes(void *argument) {
    unsigned random = (long)argument * 77 + 5;
    long bad = 0;
    for (int i = 0; i < ROUNDS; i++) {
        random = random * 1103515245 + 12345;
        int reader = 200 + 2 * (random >> 24 & (PIPES - 1));
        errno = 0;
        if (use_pipe(random >> 8, reader, reader + 1) < 0 && !allowed(errno))
            bad++, printf("# errno %d\n", errno);
    }
    return (void *)bad;
}

/* Appending from several threads: no line is torn or lost. */
static void *append(void *argument) {
    int fd = open("/tmp/log", O_WRONLY | O_APPEND);
    char line[32];
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(line, sizeof line, "%ld:%06d\n", (long)argument, i);
        if (write(fd, line, 9) != 9)
            return (void *)1;
    }
    close(fd);
    return NULL;
}

static long run_threads(void *(*function)(void *)) {
    pthread_t threads[THREADS];
    long bad = 0;
    for (long i = 0; i < THREADS; i++)
        bad += pthread_create(&threads[i], NULL, function, (void *)i) != 0;
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        bad += (long)result;
    }
    return bad;
}

int main(void) {
    for (int i = 0; i < 8; i++)
        shared[i] = open("/dev/zero", O_RDONLY);
    CHECK(run_threads(churn) == 0);
    for (int i = 0; i < 8; i++)
        close(shared[i]), close(100 + i);
    CHECK(put("/tmp/log", ""));
    CHECK(run_threads(append) == 0);
    int next[THREADS] = {0}, torn = 0, thread, number;
    FILE *log = fopen("/tmp/log", "r");
    for (char line[32]; fgets(line, sizeof line, log);)
        torn += sscanf(line, "%d:%d", &thread, &number) != 2 || next[thread]++ != number;
    fclose(log);
    CHECK(torn == 0);
    for (int i = 0; i < THREADS; i++)
        CHECK(next[i] == ROUNDS);
    signal(SIGPIPE, SIG_IGN);
    set = epoll_create1(0);
    event = eventfd(0, 0);
    CHECK(run_threads(use_pipes) == 0);
    for (int i = 200; i < 200 + 2 * PIPES; i++)
        close(i);
    struct epoll_event none;
    CHECK(epoll_wait(set, &none, 1, 10) == 0); /* what was watched is closed */
    close(set);
    close(event);
    int last = open("/dev/null", O_RDONLY);
    CHECK(last == 3); /* nothing is left open */
    return 0;
}
