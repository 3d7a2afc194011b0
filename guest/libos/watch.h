/* Files that only this compartment makes ready, and who waits for that: polls and epoll sets. The host knows
 * nothing of them. */
#ifndef LIBOS_WATCH_H
#define LIBOS_WATCH_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include "libos.h"

#pragma GCC visibility push(hidden)

struct file;

/* What such a file's `own` points to begins with this. */
struct watched {
    struct watch *first;
};

#define WATCH_ALWAYS (POLLERR | POLLHUP) /* told whether asked for or not */
#define WATCH_CLOSED (1u << 31) /* the file's last descriptor is closed: the watch is to end itself */

/* One that waits. `notify` is called with watch_lock held. */
struct watch {
    struct watch *next, **link;
    struct file *file;
    uint32_t events; /* of poll */
    void (*notify)(struct watch *watch, uint32_t events);
};

/* Taken before the lock of what is watched. A watch is added first, and then it's asked whether the file is
 * ready: so what changes is either found then, or notified. */
extern struct libos_lock watch_lock;
void watch_add(struct watched *watched, struct watch *watch);
void watch_remove(struct watch *watch);

/* What is watched has become ready for these events. Without the lock of what is watched. */
void watched_notify(struct watched *watched, uint32_t events);
static inline void watched_changed(struct watched *watched, uint32_t events) {
    if (__builtin_expect(__atomic_load_n(&watched->first, __ATOMIC_RELAXED) != NULL, 0))
        watched_notify(watched, events);
}
/* The file goes, and those who watch it through this file. */
void watched_closed(struct watched *watched, struct file *file);

/* An event of the host's that ends a wait there: a handle, or -errno. It's free to use again when it isn't
 * signalled. */
long wake_event_get(void);
void wake_event_put(uint32_t event);
void wake_event_close(uint32_t event);
void wake_event_signal(uint32_t event);
void wake_event_clear(uint32_t event);

/* The event after `event` (ORC_NO_HANDLE: the first) of all that there are, whoever uses them; ORC_NO_HANDLE:
 * no more. */
uint32_t wake_event_next(uint32_t event);

/* epoll.c: an epoll set is polled itself, by poll or by another set. */
void epoll_is_watched(struct file *set);
/* A set without a descriptor, NULL: no memory; its members have none either. Takes what is ready, -EINTR without a reason;
 * ends a wait for it. */
struct epoll_event;
struct file *epoll_new(void);
long epoll_watch(struct file *set, int operation, struct file *file, const struct epoll_event *event);
long epoll_take(struct file *set, struct epoll_event *events, int count, int64_t timeout);
void epoll_wake(struct file *set);
/* The host may hold a set for ready whose pipes aren't any more: afterwards it doesn't. */
void epoll_settle(struct file *set);
bool epoll_is_ready(struct file *set);
/* The handles that an epoll set has beside its own: the one after `proxy`, as wake_event_next. */
uint32_t epoll_proxy_next(const struct file *set, uint32_t proxy);

#pragma GCC visibility pop

#endif
