/* Signal-driven input and output (O_ASYNC): a set watches those files for changes, and who finds one there sends the
 * signal: the service's thread, which waits for it, or who has just written and looks before it goes on, since what is
 * sent to a neighbour in the same program is told of at once. */
#define _GNU_SOURCE
#include "service.h"
#include "file.h"
#include "heap.h"
#include "thread.h"
#include "watch.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>

#define AT_ONCE 8 /* events that are taken together */
#define CHANGES (EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET)

struct async {
    struct async *next;
    struct file *file;
    int descriptor; /* that it was asked for by */
};

static struct libos_lock lock; /* of the list; before those of threads and signals, and watch_lock */
static struct async *list;
static struct file *set; /* atomic: made when it's first needed, and stays */
uint32_t async_files;    /* atomic: how many */

struct file *async_set(void) {
    return __atomic_load_n(&set, __ATOMIC_ACQUIRE);
}

static struct async *find(const struct file *file) {
    struct async *async = list;
    while (async && async->file != file)
        async = async->next;
    return async;
}

static void describe(siginfo_t *information, const struct async *async, uint32_t events) {
    bool read = events & (EPOLLIN | EPOLLRDHUP), urgent = events & EPOLLPRI;
    information->si_code = events & EPOLLERR ? POLL_ERR : read ? POLL_IN : urgent ? POLL_PRI
                           : events & EPOLLHUP ? POLL_HUP : POLL_OUT;
    information->si_band = events & EPOLLERR ? EPOLLERR : read ? EPOLLIN | EPOLLRDNORM : urgent ? EPOLLPRI | EPOLLRDBAND
                           : events & EPOLLHUP ? EPOLLHUP | EPOLLERR : EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
    information->si_fd = async->descriptor;
}

/* The owner is the process; nobody, as long as it's 0. What goes with the signal was asked for by F_SETSIG. */
static void send(struct libos_thread *self, const struct async *async, uint32_t events) {
    int signal = async->file->owner_signal ? (int)async->file->owner_signal : SIGIO;
    siginfo_t information = {.si_signo = signal, .si_code = SI_KERNEL};
    if (!async->file->owner)
        return;
    if (async->file->owner_signal)
        describe(&information, async, events);
    libos_signal_send(self, 0, signal, &information);
}

/* Sends what these events tell of. What isn't in the list has been closed meanwhile. */
static void deliver(struct libos_thread *self, const struct epoll_event *events, long count) {
    libos_lock(&lock);
    for (long i = 0; i < count; i++) {
        const struct async *async = find(events[i].data.ptr);
        if (async)
            send(self, async, events[i].events);
    }
    libos_unlock(&lock);
}

long async_wait(struct libos_thread *self, int64_t timeout) {
    struct epoll_event events[AT_ONCE];
    long count = epoll_take(async_set(), events, AT_ONCE, timeout);
    if (count > 0)
        deliver(self, events, count);
    return count;
}

void async_look_now(void) {
    while (async_set() && async_wait(libos_self(), 0) == AT_ONCE)
        ;
}

static long make_set(void) {
    struct file *made = async_set() ? NULL : epoll_new();
    if (!async_set() && !made)
        return -ENOMEM;
    if (made)
        __atomic_store_n(&set, made, __ATOMIC_RELEASE);
    return 0;
}

static long add(struct file *file, int descriptor) {
    struct epoll_event event = {.events = CHANGES, .data.ptr = file}, found[AT_ONCE];
    struct async *async = heap_allocate(sizeof *async);
    long error = async ? make_set() : -ENOMEM;
    if (!error)
        error = epoll_watch(set, EPOLL_CTL_ADD, file, &event);
    if (error) {
        heap_free(async, sizeof *async);
        return error;
    }
    /* What it is ready for already is no change. */
    long count = epoll_take(set, found, AT_ONCE, 0);
    for (long i = 0; i < count; i++) {
        const struct async *other = find(found[i].data.ptr);
        if (other)
            send(libos_self(), other, found[i].events);
    }
    *async = (struct async){list, file, descriptor};
    list = async;
    __atomic_fetch_add(&async_files, 1, __ATOMIC_SEQ_CST);
    return 0;
}

static void end(const struct file *file) {
    struct async **link = &list;
    while (*link && (*link)->file != file)
        link = &(*link)->next;
    struct async *async = *link;
    if (!async)
        return;
    *link = async->next;
    heap_free(async, sizeof *async);
    __atomic_fetch_sub(&async_files, 1, __ATOMIC_SEQ_CST);
}

long async_switch(struct file *file, int descriptor, bool on) {
    const struct epoll_event none = {0};
    long error = on ? service_start() : 0;
    if (error)
        return error;
    libos_lock(&lock);
    bool was = find(file);
    if (on && !was)
        error = add(file, descriptor);
    else if (!on && was)
        end(file), epoll_watch(set, EPOLL_CTL_DEL, file, &none);
    libos_unlock(&lock);
    service_wake();
    return error;
}

void async_forget(const struct file *file) {
    libos_lock(&lock);
    end(file);
    libos_unlock(&lock);
}
