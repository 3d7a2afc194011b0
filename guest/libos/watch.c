/* Who waits for files that only this compartment makes ready, and how they are woken. */
#include "watch.h"
#include "heap.h"

#include <errno.h>
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

/* --- Events: a few are kept, since a poll would else make one each time. All of them are listed, for clones
 * to make theirs. */

#define SPARE 4
static struct libos_lock event_lock;
static uint32_t spare[SPARE], spare_count;
static uint32_t *events; /* in no order */
static unsigned event_count, event_room;

/* Room for one more. */
static bool make_room(void) {
    unsigned room = event_room ? 2 * event_room : 16;
    if (event_count < event_room)
        return true;
    uint32_t *grown = heap_resize(events, event_room * sizeof *events, room * sizeof *events);
    if (!grown)
        return false;
    events = grown;
    event_room = room;
    return true;
}

static long make_event(void) {
    long event = make_room() ? orc_hostcall(ORC_EVENT, 0, EFD_NONBLOCK, 0, 0, 0) : -ENOMEM;
    if (event >= 0)
        events[event_count++] = (uint32_t)event;
    return event;
}

long wake_event_get(void) {
    libos_lock(&event_lock);
    long event = spare_count ? (long)spare[--spare_count] : make_event();
    libos_unlock(&event_lock);
    return event;
}

static unsigned index_of(uint32_t event) {
    unsigned i = 0;
    while (i < event_count && events[i] != event)
        i++;
    return i;
}

void wake_event_close(uint32_t event) {
    libos_lock(&event_lock);
    unsigned i = index_of(event);
    if (i < event_count)
        events[i] = events[--event_count];
    orc_hostcall(ORC_CLOSE, event, 0, 0, 0, 0);
    libos_unlock(&event_lock);
}

void wake_event_put(uint32_t event) {
    libos_lock(&event_lock);
    bool keep = spare_count < SPARE;
    if (keep)
        spare[spare_count++] = event;
    libos_unlock(&event_lock);
    if (!keep)
        wake_event_close(event);
}

uint32_t wake_event_next(uint32_t event) {
    unsigned next = event == ORC_NO_HANDLE ? 0 : index_of(event) + 1;
    return next < event_count ? events[next] : ORC_NO_HANDLE;
}

void wake_event_signal(uint32_t event) {
    static const uint64_t one = 1;
    libos_hostcall_repeated(ORC_WRITE, event, (long)&one, sizeof one, 0, 0);
}

void wake_event_clear(uint32_t event) {
    uint64_t count;
    libos_hostcall_repeated(ORC_READ, event, (long)&count, sizeof count, 0, 0);
}
