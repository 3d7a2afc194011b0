/* Who waits for files that only this compartment makes ready, and how they are woken. */
#include "watch.h"

#include <poll.h>
#include <sys/eventfd.h>

struct libos_lock watch_lock;

void watch_add(struct watched *watched, struct watch *watch) {
    watch->next = watched->first;
    watch->link = &watched->first;
    if (watch->next)
        watch->next->link = &watch->next;
    __atomic_store_n(&watched->first, watch, __ATOMIC_RELAXED);
}

void watch_remove(struct watch *watch) {
    __atomic_store_n(watch->link, watch->next, __ATOMIC_RELAXED);
    if (watch->next)
        watch->next->link = watch->link;
}

void watched_notify(struct watched *watched, uint32_t events) {
    libos_lock(&watch_lock);
    for (struct watch *watch = watched->first, *next; watch; watch = next) {
        next = watch->next;
        if (events & (watch->events | WATCH_ALWAYS))
            watch->notify(watch, events);
    }
    libos_unlock(&watch_lock);
}

void watched_closed(struct watched *watched, struct file *file) {
    if (!__atomic_load_n(&watched->first, __ATOMIC_RELAXED))
        return; /* nobody can add one any more: that takes a reference to the file */
    libos_lock(&watch_lock);
    for (struct watch *watch = watched->first, *next; watch; watch = next) {
        next = watch->next;
        if (watch->file == file)
            watch->notify(watch, WATCH_CLOSED);
    }
    libos_unlock(&watch_lock);
}

/* --- Events: a few are kept, since a poll would else make one each time. */

#define SPARE 4
static struct libos_lock spare_lock;
static uint32_t spare[SPARE], spare_count;

long wake_event_get(void) {
    long event = -1;
    libos_lock(&spare_lock);
    if (spare_count)
        event = spare[--spare_count];
    libos_unlock(&spare_lock);
    return event >= 0 ? event : orc_hostcall(ORC_EVENT, 0, EFD_NONBLOCK, 0, 0, 0);
}

void wake_event_put(uint32_t event) {
    libos_lock(&spare_lock);
    bool keep = spare_count < SPARE;
    if (keep)
        spare[spare_count++] = event;
    libos_unlock(&spare_lock);
    if (!keep)
        orc_hostcall(ORC_CLOSE, event, 0, 0, 0, 0);
}

void wake_event_signal(uint32_t event) {
    static const uint64_t one = 1;
    libos_hostcall_repeated(ORC_WRITE, event, (long)&one, sizeof one, 0, 0);
}

void wake_event_clear(uint32_t event) {
    uint64_t count;
    libos_hostcall_repeated(ORC_READ, event, (long)&count, sizeof count, 0, 0);
}
