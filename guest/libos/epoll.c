/* epoll. What the host has a handle of is watched by the host's epoll; pipes of the compartment's own are
 * watched here, and an event among what the host watches ends a wait there. What's watched is an open file:
 * its duplicates count as the same, and it's forgotten when the last descriptor is closed, as in Linux. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include "file.h"
#include "files.h"
#include "heap.h"
#include "wait.h"
#include "watch.h"

/* A pipe in a set. Ready is one that has changed since it was found not to be: whether it's ready still, the
 * pipe tells. */
struct item {
    struct watch watch;
    struct epoll_set *set;
    struct item *next, **link;
    struct item *next_ready;
    bool listed;    /* in the list of ready ones */
    uint32_t flags; /* EPOLLET, EPOLLONESHOT */
    uint64_t data;
};

/* What the host's set watches, kept so that clones can make theirs. In a list of the file's and in one of the
 * set's. */
struct host_watch {
    struct host_watch *next, **link; /* of the file */
    struct host_watch *next_of_set, **link_of_set;
    struct file *file;
    struct epoll_set *set;
    struct epoll_event event;
};

/* Cycles of the time stamp counter: 40 to 60 us. */
#define MOMENT (1u << 17)
#define SHORT_WAITS 16

/* All under watch_lock, but for what is atomic. */
struct epoll_set {
    struct item *items, *first_ready, *last_ready;
    struct host_watch *host;
    uint32_t handle, event; /* event: ORC_NO_HANDLE until it's needed */
    uint32_t waiting;       /* atomic: threads that wait */
    uint32_t brief;         /* atomic: so many waits of less than a MOMENT, SHORT_WAITS at most */
    bool watched;           /* the set itself is polled: the event tells that something is ready */
    bool signalled;
    bool host_first; /* for fairness, when there's more than was asked for */
};

static struct epoll_set *set_of(const struct file *file) {
    return file->own;
}

/* --- The event; with watch_lock. */

/* The event's data in the host's set, which nobody else has: a set's address below, and no address above. */
static uint64_t event_data(const struct epoll_set *set) {
    return (uint64_t)0x6f726365 << 32 | (uint32_t)(uintptr_t)set;
}

static long event_watch(const struct epoll_set *set, uint32_t event) {
    return orc_hostcall(ORC_EPOLL_CONTROL, set->handle, EPOLL_CTL_ADD, event, EPOLLIN, (long)event_data(set));
}

static long event_need(struct epoll_set *set) {
    if (set->event != ORC_NO_HANDLE)
        return 0;
    long event = wake_event_get();
    if (event < 0)
        return event;
    long error = event_watch(set, (uint32_t)event);
    if (error)
        wake_event_put((uint32_t)event);
    else
        set->event = (uint32_t)event;
    return error;
}

static void event_signal(struct epoll_set *set) {
    if (set->signalled || set->event == ORC_NO_HANDLE)
        return;
    set->signalled = true;
    wake_event_signal(set->event);
}

static void event_clear(struct epoll_set *set) {
    if (!set->signalled)
        return;
    set->signalled = false;
    wake_event_clear(set->event);
}

/* --- Items; with watch_lock. */

static void list_ready(struct item *item) {
    struct epoll_set *set = item->set;
    if (!item->listed) {
        item->listed = true;
        item->next_ready = NULL;
        *(set->first_ready ? &set->last_ready->next_ready : &set->first_ready) = item;
        set->last_ready = item;
    }
    if (set->watched || __atomic_load_n(&set->waiting, __ATOMIC_SEQ_CST))
        event_signal(set);
}

static struct item *take_first_ready(struct epoll_set *set) {
    struct item *item = set->first_ready;
    set->first_ready = item->next_ready;
    item->listed = false;
    return item;
}

static void unlist(struct item *item) {
    struct item *before = NULL, *each = item->set->first_ready;
    for (; each && each != item; each = each->next_ready)
        before = each;
    if (!each)
        return;
    *(before ? &before->next_ready : &item->set->first_ready) = item->next_ready;
    if (item->set->last_ready == item)
        item->set->last_ready = before;
    item->listed = false;
}

static void item_end(struct item *item) {
    unlist(item);
    watch_remove(&item->watch);
    *item->link = item->next;
    if (item->next)
        item->next->link = item->link;
    heap_free(item, sizeof *item);
}

static void item_notify(struct watch *watch, uint32_t events) {
    struct item *item = (struct item *)watch;
    if (events == WATCH_CLOSED)
        item_end(item);
    else if (watch->events) /* else EPOLLONESHOT has been told */
        list_ready(item);
}

static uint32_t item_ready(const struct item *item) {
    if (!item->watch.events)
        return 0;
    return item->watch.file->operations->ready(item->watch.file) & (item->watch.events | WATCH_ALWAYS);
}

static struct item *item_find(const struct epoll_set *set, const struct file *file) {
    struct item *item = set->items;
    while (item && item->watch.file != file)
        item = item->next;
    return item;
}

#define ITEM_FLAGS (EPOLLET | EPOLLONESHOT | EPOLLEXCLUSIVE | EPOLLWAKEUP)

static void item_arm(struct item *item, const struct epoll_event *event) {
    item->watch.events = (event->events & ~(uint32_t)ITEM_FLAGS) | WATCH_ALWAYS;
    item->flags = event->events & ITEM_FLAGS;
    item->data = event->data.u64;
    if (item_ready(item))
        list_ready(item);
}

static long item_add(struct epoll_set *set, struct file *file, const struct epoll_event *event) {
    long error = libos_threaded || set->watched ? event_need(set) : 0;
    struct item *item = error ? NULL : heap_allocate(sizeof *item);
    if (!item)
        return error ? error : -ENOMEM;
    item->set = set;
    item->watch.file = file;
    item->watch.notify = item_notify;
    item->next = set->items;
    item->link = &set->items;
    if (item->next)
        item->next->link = &item->next;
    __atomic_store_n(&set->items, item, __ATOMIC_SEQ_CST); /* before list_ready sees who waits */
    watch_add(file->own, &item->watch);
    item_arm(item, event);
    return 0;
}

static long item_control(struct epoll_set *set, int operation, struct file *file,
                         const struct epoll_event *event) {
    long result = 0;
    libos_lock(&watch_lock);
    struct item *item = item_find(set, file);
    if (operation == EPOLL_CTL_ADD)
        result = item ? -EEXIST : item_add(set, file, event);
    else if (operation != EPOLL_CTL_DEL && operation != EPOLL_CTL_MOD)
        result = -EINVAL;
    else if (!item)
        result = -ENOENT;
    else if (operation == EPOLL_CTL_DEL)
        item_end(item);
    else
        item_arm(item, event);
    libos_unlock(&watch_lock);
    return result;
}

/* Takes what is ready, at most `count` events. What stays ready is looked at again the next time. */
static int items_take(struct epoll_set *set, struct epoll_event *events, int count) {
    int found = 0;
    struct item *last = set->first_ready ? set->last_ready : NULL;
    for (bool more = last != NULL; more && found < count;) {
        struct item *item = take_first_ready(set);
        uint32_t ready = item_ready(item);
        more = item != last;
        if (!ready)
            continue;
        events[found++] = (struct epoll_event){.events = ready, .data.u64 = item->data};
        if (item->flags & EPOLLONESHOT)
            item->watch.events = 0;
        else if (!(item->flags & EPOLLET))
            list_ready(item);
    }
    if (!set->first_ready)
        event_clear(set);
    return found;
}

/* --- Sets */

static long epoll_status(struct file *file, struct stat *status) {
    return stream_operations.status(file, status);
}

static void host_watch_end(struct host_watch *watch) {
    *watch->link = watch->next;
    if (watch->next)
        watch->next->link = watch->link;
    *watch->link_of_set = watch->next_of_set;
    if (watch->next_of_set)
        watch->next_of_set->link_of_set = watch->link_of_set;
    heap_free(watch, sizeof *watch);
}

void epoll_forget(struct file *file) {
    libos_lock(&watch_lock);
    while (file->watches)
        host_watch_end(file->watches);
    libos_unlock(&watch_lock);
}

static void epoll_release(struct file *file) {
    struct epoll_set *set = set_of(file);
    if (!set)
        return;
    libos_lock(&watch_lock);
    while (set->items)
        item_end(set->items);
    while (set->host)
        host_watch_end(set->host);
    event_clear(set);
    libos_unlock(&watch_lock);
    if (set->event != ORC_NO_HANDLE)
        wake_event_close(set->event); /* the host may still know it as one of the set */
    heap_free(set, sizeof *set);
}

const struct file_operations epoll_operations = {.status = epoll_status, .release = epoll_release};

long sys_epoll_create1(int flags) {
    if (flags & ~EPOLL_CLOEXEC)
        return -EINVAL;
    struct file *file = file_create(&epoll_operations, FILE_EPOLL, O_RDWR);
    struct epoll_set *set = file ? heap_allocate(sizeof *set) : NULL;
    long handle = set ? orc_hostcall(ORC_EPOLL, 0, 0, 0, 0, 0) : -ENOMEM;
    if (handle < 0) {
        heap_free(set, sizeof *set);
        if (file)
            file_put(file);
        return handle;
    }
    set->event = ORC_NO_HANDLE;
    file->own = set;
    file->handle = set->handle = (uint32_t)handle;
    return descriptor_add(file, 0, flags & EPOLL_CLOEXEC);
}

/* It's told by the set's event, which stays until a wait finds that nothing is ready any more. */
void epoll_is_watched(struct file *file) {
    struct epoll_set *set = set_of(file);
    libos_lock(&watch_lock);
    set->watched = true;
    if (set->items && event_need(set) == 0 && set->first_ready)
        event_signal(set);
    libos_unlock(&watch_lock);
}

/* The file behind an epoll's descriptor. */
static struct file *get_epoll(int descriptor, long *error) {
    struct file *file = file_get(descriptor);
    *error = !file ? -EBADF : file->kind != FILE_EPOLL ? -EINVAL : 0;
    if (file && *error)
        file_put(file);
    return *error ? NULL : file;
}

static long host_call(const struct epoll_set *set, int operation, const struct file *file,
                      const struct epoll_event *event) {
    return orc_hostcall(ORC_EPOLL_CONTROL, set->handle, operation, file->handle, event->events & ~EPOLLWAKEUP,
                        (long)event->data.u64);
}

static struct host_watch *host_watch_add(struct epoll_set *set, struct file *file) {
    struct host_watch *watch = heap_allocate(sizeof *watch);
    if (!watch)
        return NULL;
    *watch = (struct host_watch){.next = file->watches,
                                 .link = &file->watches,
                                 .next_of_set = set->host,
                                 .link_of_set = &set->host,
                                 .file = file,
                                 .set = set};
    if (watch->next)
        watch->next->link = &watch->next;
    if (watch->next_of_set)
        watch->next_of_set->link_of_set = &watch->next_of_set;
    return file->watches = set->host = watch;
}

/* The host's set, and what is known of it here. */
static long host_control(struct epoll_set *set, int operation, struct file *file,
                         const struct epoll_event *event) {
    libos_lock(&watch_lock);
    struct host_watch *watch = file->watches;
    while (watch && watch->set != set)
        watch = watch->next;
    bool made = !watch && operation == EPOLL_CTL_ADD;
    if (made)
        watch = host_watch_add(set, file);
    long result = made && !watch ? -ENOMEM : host_call(set, operation, file, event);
    if (watch && (result ? made : operation == EPOLL_CTL_DEL))
        host_watch_end(watch);
    else if (watch && !result)
        watch->event = *event;
    libos_unlock(&watch_lock);
    return result;
}

long epoll_renew(struct file *file) {
    struct epoll_set *set = set_of(file);
    long error = 0;
    for (const struct host_watch *watch = set->host; watch && !error; watch = watch->next_of_set) {
        error = host_call(set, EPOLL_CTL_ADD, watch->file, &watch->event);
        if (error == -EPERM && watch->file->granted)
            error = 0; /* a standard stream that can't be waited for, unlike the zygote's */
    }
    return !error && set->event != ORC_NO_HANDLE ? event_watch(set, set->event) : error;
}

long sys_epoll_ctl(int epoll, int operation, int descriptor, const struct epoll_event *given) {
    long result;
    struct epoll_event event = {0};
    struct file *set = get_epoll(epoll, &result);
    if (!set)
        return result;
    struct file *file = file_get(descriptor);
    if (operation != EPOLL_CTL_DEL)
        event = *given;
    if (!file || file->kind == FILE_PATH)
        result = -EBADF;
    else if (file == set)
        result = -EINVAL;
    else if (file->operations->ready)
        result = item_control(set_of(set), operation, file, &event);
    else if (file->kind > FILE_TIMER)
        result = -EPERM;
    else
        result = host_control(set_of(set), operation, file, &event);
    if (!result && operation == EPOLL_CTL_ADD && file->kind == FILE_EPOLL)
        epoll_is_watched(file);
    if (file)
        file_put(file);
    file_put(set);
    return result;
}

/* --- Waiting */

struct wait {
    struct epoll_set *set;
    struct epoll_event *events;
    int count;
};

/* Whose waits are short looks for a moment before it sleeps: waking a thread costs the one who sends to it
 * more than a request does. When nothing comes it may be this thread that is in the way, so it takes some
 * short waits until it looks again. */
static long host_wait(struct epoll_set *set, struct epoll_event *events, int count, int64_t timeout) {
    const uint64_t since = __builtin_ia32_rdtsc();
    uint32_t brief = __atomic_load_n(&set->brief, __ATOMIC_RELAXED);
    long result = 0;
    while (timeout && brief == SHORT_WAITS && !result && __builtin_ia32_rdtsc() - since < MOMENT)
        result = libos_blocking_once(ORC_EPOLL_WAIT, set->handle, (long)events, count, 0, 0);
    if (!result)
        result = libos_blocking_once(ORC_EPOLL_WAIT, set->handle, (long)events, count, timeout, 0);
    if (__builtin_ia32_rdtsc() - since >= MOMENT)
        brief = 0;
    else if (timeout && brief < SHORT_WAITS)
        brief++;
    __atomic_store_n(&set->brief, brief, __ATOMIC_RELAXED);
    return result;
}

/* What the host finds, without the event: how many. */
static long host_take(struct epoll_set *set, struct epoll_event *events, int count, int64_t timeout) {
    long result = host_wait(set, events, count, timeout), taken = 0;
    if (set->event == ORC_NO_HANDLE || result < 0)
        return result;
    for (long i = 0; i < result; i++)
        if (events[i].data.u64 != event_data(set))
            events[taken++] = events[i];
    return !taken && result && timeout ? -EINTR : taken; /* the event alone: another turn */
}

/* What is ready here, and an event for what will be. */
static long own_take(struct epoll_set *set, struct epoll_event *events, int count) {
    libos_lock(&watch_lock);
    long found = items_take(set, events, count);
    if (!found && libos_threaded && set->items) {
        long error = event_need(set);
        found = error ? error : found;
    }
    libos_unlock(&watch_lock);
    return found;
}

/* Both sides. When one side has filled what was asked for, the other comes first the next time, so that
 * neither waits for ever. */
static long take_both(struct epoll_set *set, struct epoll_event *events, int count, int64_t timeout) {
    bool host_first = set->host_first;
    set->host_first = false;
    long found = host_first ? host_take(set, events, count, 0) : 0;
    if (found < 0 || found == count)
        return found;
    long more = own_take(set, events + found, count - (int)found);
    if (more < 0)
        return found ? found : more;
    if (host_first && found + more)
        return found + more;
    if (more == count) {
        set->host_first = true;
        return more;
    }
    found = more;
    more = host_take(set, events + found, count - (int)found, found ? 0 : timeout);
    return more < 0 && found ? found : more + found;
}

/* One turn: -EINTR for another, as long as no signal is due. */
static long wait_events(void *context, int64_t timeout) {
    const struct wait *wait = context;
    struct epoll_set *set = wait->set;
    __atomic_fetch_add(&set->waiting, 1, __ATOMIC_SEQ_CST);
    long result = __atomic_load_n(&set->items, __ATOMIC_SEQ_CST)
                      ? take_both(set, wait->events, wait->count, timeout)
                      : host_take(set, wait->events, wait->count, timeout);
    __atomic_fetch_sub(&set->waiting, 1, __ATOMIC_SEQ_CST);
    return result;
}

static long epoll_wait_for(int epoll, struct epoll_event *events, int count, int64_t timeout) {
    long result;
    if (count <= 0)
        return -EINVAL;
    struct file *file = get_epoll(epoll, &result);
    if (!file)
        return result;
    struct wait wait = {set_of(file), events, count < ORC_MAX_POLL ? count : ORC_MAX_POLL};
    result = wait_until(wait_events, &wait, timeout);
    file_put(file);
    return result;
}

long sys_epoll_pwait(int epoll, struct epoll_event *events, int count, int milliseconds, const void *mask,
                     size_t size) {
    long error = mask ? libos_temporary_mask(mask, size) : 0;
    if (error < 0)
        return error;
    return epoll_wait_for(epoll, events, count,
                          milliseconds < 0 ? ORC_FOREVER : milliseconds * (int64_t)1000000);
}

long sys_epoll_pwait2(int epoll, struct epoll_event *events, int count, const struct timespec *timeout,
                      const void *mask, size_t size) {
    int64_t wait = timeout ? libos_nanoseconds(timeout) : ORC_FOREVER;
    if (timeout && wait < 0)
        return -EINVAL;
    long error = mask ? libos_temporary_mask(mask, size) : 0;
    return error < 0 ? error : epoll_wait_for(epoll, events, count, wait);
}
