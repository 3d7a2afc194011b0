/* epoll. What the host has a handle of is watched by the host's epoll; pipes of the compartment's own are
 * watched here, and an event among what the host watches ends a wait there. What's watched is an open file under
 * the descriptor that it was added by; it's forgotten when the file's last descriptor is closed, as in Linux.
 *
 * The host tells more than is so in two cases, which are looked at again before anybody hears of them: a set in a set,
 * whose event may be a pipe's that is empty by now, and a duplicate of a descriptor. The host knows one handle
 * for all duplicates of a file, and lets a set watch it once: another one is watched by a set of its own, the
 * proxy, which is watched in its place. */
#include <errno.h>
#include <limits.h>
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
    int descriptor; /* that it was added by */
    bool listed;    /* in the list of ready ones */
    uint32_t flags; /* EPOLLET, EPOLLONESHOT, EPOLLEXCLUSIVE */
    uint64_t data;
};

/* What the host's set watches, kept so that clones can make theirs. In a list of the file's and in one of the
 * set's. */
struct host_watch {
    struct host_watch *next, **link; /* of the file */
    struct host_watch *next_of_set, **link_of_set;
    struct file *file;
    struct epoll_set *set;
    int descriptor; /* that it was added by */
    uint32_t proxy; /* a handle of a set that watches the file for this one, or ORC_NO_HANDLE */
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
    uint32_t doubtful;      /* atomic: so many of the host's watches are of sets or proxies */
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

/* Again for a set that is watched: another change is another edge. */
static void event_signal(struct epoll_set *set) {
    if ((set->signalled && !set->watched) || set->event == ORC_NO_HANDLE)
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

static struct item *item_find(const struct epoll_set *set, const struct file *file, int descriptor) {
    struct item *item = set->items;
    while (item && (item->watch.file != file || item->descriptor != descriptor))
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

static long item_add(struct epoll_set *set, struct file *file, int descriptor, const struct epoll_event *event) {
    long error = libos_threaded || set->watched ? event_need(set) : 0;
    struct item *item = error ? NULL : heap_allocate(sizeof *item);
    if (!item)
        return error ? error : -ENOMEM;
    item->set = set;
    item->descriptor = descriptor;
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

static long item_control(struct epoll_set *set, int operation, struct file *file, int descriptor,
                         const struct epoll_event *event) {
    long result = 0;
    libos_lock(&watch_lock);
    struct item *item = item_find(set, file, descriptor);
    if (operation == EPOLL_CTL_ADD)
        result = item ? -EEXIST : item_add(set, file, descriptor, event);
    else if (!item)
        result = -ENOENT;
    else if (operation == EPOLL_CTL_MOD && item->flags & EPOLLEXCLUSIVE)
        result = -EINVAL;
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

/* Items that aren't ready any more leave the list. */
static void items_settle(struct epoll_set *set) {
    struct item **link = &set->first_ready, *last = NULL;
    while (*link) {
        struct item *item = *link;
        if (item_ready(item)) {
            last = item;
            link = &item->next_ready;
        } else {
            *link = item->next_ready;
            item->listed = false;
        }
    }
    set->last_ready = last;
    if (!set->first_ready)
        event_clear(set);
}

/* --- Sets in sets, and proxies; with watch_lock. */

static bool is_doubtful(const struct host_watch *watch) {
    return watch->proxy != ORC_NO_HANDLE || watch->file->kind == FILE_EPOLL;
}

/* From here on the set's handle, and those of sets in it, are ready only if the sets are. The host allows no loops. */
static void settle(struct epoll_set *set) {
    items_settle(set);
    if (!set->doubtful)
        return;
    for (const struct host_watch *watch = set->host; watch; watch = watch->next_of_set)
        if (watch->file->kind == FILE_EPOLL)
            settle(set_of(watch->file));
}

static bool handle_is_ready(uint32_t handle) {
    struct orc_poll poll = {handle, EPOLLIN, 0};
    return libos_hostcall_repeated(ORC_POLL, (long)&poll, 1, 0, 0, 0) > 0;
}

void epoll_settle(struct file *file) {
    libos_lock(&watch_lock);
    settle(set_of(file));
    libos_unlock(&watch_lock);
}

bool epoll_is_ready(struct file *file) {
    epoll_settle(file);
    return handle_is_ready(file->handle);
}

/* Their data in the host's set, as the event's. */
static uint64_t doubtful_data(const struct host_watch *watch) {
    return (uint64_t)0x6f726366 << 32 | (uint32_t)(uintptr_t)watch;
}

static struct host_watch *doubtful_of(const struct epoll_set *set, uint64_t data) {
    struct host_watch *watch = set->host;
    while (watch && (!is_doubtful(watch) || doubtful_data(watch) != data))
        watch = watch->next_of_set;
    return watch;
}

static long host_call(uint32_t handle, int operation, uint32_t target, uint32_t events, uint64_t data) {
    return orc_hostcall(ORC_EPOLL_CONTROL, handle, operation, target, events & ~EPOLLWAKEUP, (long)data);
}

/* Changes what watches the file itself: the set, or the proxy. */
static long watch_call(const struct host_watch *watch, int operation, const struct epoll_event *event) {
    bool by_proxy = watch->proxy != ORC_NO_HANDLE;
    uint64_t data = is_doubtful(watch) ? doubtful_data(watch) : event->data.u64;
    return host_call(by_proxy ? watch->proxy : watch->set->handle, operation, watch->file->handle, event->events, data);
}

static long proxy_watch(const struct host_watch *watch) {
    return host_call(watch->set->handle, EPOLL_CTL_ADD, watch->proxy, EPOLLIN, doubtful_data(watch));
}

static long proxy_make(struct host_watch *watch) {
    long proxy = orc_hostcall(ORC_EPOLL, 0, 0, 0, 0, 0);
    if (proxy < 0)
        return proxy;
    watch->proxy = (uint32_t)proxy;
    return proxy_watch(watch);
}

uint32_t epoll_proxy_next(const struct file *file, uint32_t proxy) {
    const struct host_watch *watch = set_of(file)->host;
    while (proxy != ORC_NO_HANDLE && watch && watch->proxy != proxy)
        watch = watch->next_of_set;
    if (proxy != ORC_NO_HANDLE && watch)
        watch = watch->next_of_set;
    while (watch && watch->proxy == ORC_NO_HANDLE)
        watch = watch->next_of_set;
    return watch ? watch->proxy : ORC_NO_HANDLE;
}

/* What is true of an event that the host told of such a watch: false, nothing. A set that was told of for nothing isn't
 * told of a second time unless it changes; but if only once, it has to be asked for again. */
static bool event_is_true(struct host_watch *watch, struct epoll_event *event) {
    struct orc_epoll_event found = {.events = event->events};
    if (watch->proxy != ORC_NO_HANDLE &&
        libos_hostcall_repeated(ORC_EPOLL_WAIT, watch->proxy, (long)&found, 1, 0, 0) != 1)
        return false;
    *event = (struct epoll_event){.events = found.events, .data = watch->event.data};
    if (watch->file->kind != FILE_EPOLL)
        return true;
    settle(set_of(watch->file));
    if (handle_is_ready(watch->file->handle))
        return true;
    if (watch->event.events & EPOLLONESHOT)
        watch_call(watch, EPOLL_CTL_MOD, &watch->event);
    return false;
}

/* Keeps those events of the host's that are true: how many. */
static long events_check(struct epoll_set *set, struct epoll_event *events, long count) {
    long kept = 0;
    libos_lock(&watch_lock);
    for (long i = 0; i < count; i++) {
        struct epoll_event event = events[i];
        struct host_watch *watch = doubtful_of(set, event.data.u64);
        if (!watch || event_is_true(watch, &event))
            events[kept++] = event;
    }
    libos_unlock(&watch_lock);
    return kept;
}

/* --- Sets */

static long epoll_status(struct file *file, struct stat *status) {
    return stream_operations.status(file, status);
}

static void host_watch_end(struct host_watch *watch) {
    if (is_doubtful(watch))
        __atomic_fetch_sub(&watch->set->doubtful, 1, __ATOMIC_RELAXED);
    if (watch->proxy != ORC_NO_HANDLE)
        orc_hostcall(ORC_CLOSE, watch->proxy, 0, 0, 0, 0);
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

static long set_make(struct file **made) {
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
    *made = file;
    return 0;
}

long sys_epoll_create1(int flags) {
    struct file *file;
    if (flags & ~EPOLL_CLOEXEC)
        return -EINVAL;
    long error = set_make(&file);
    return error ? error : descriptor_add(file, 0, flags & EPOLL_CLOEXEC);
}

struct file *epoll_new(void) {
    struct file *file;
    return set_make(&file) ? NULL : file;
}

void epoll_wake(struct file *file) {
    libos_lock(&watch_lock);
    if (event_need(set_of(file)) == 0)
        event_signal(set_of(file));
    libos_unlock(&watch_lock);
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

static struct host_watch *host_watch_add(struct epoll_set *set, struct file *file, int descriptor) {
    struct host_watch *watch = heap_allocate(sizeof *watch);
    if (!watch)
        return NULL;
    *watch = (struct host_watch){.next = file->watches,
                                 .link = &file->watches,
                                 .next_of_set = set->host,
                                 .link_of_set = &set->host,
                                 .file = file,
                                 .set = set,
                                 .descriptor = descriptor,
                                 .proxy = ORC_NO_HANDLE};
    if (watch->next)
        watch->next->link = &watch->next;
    if (watch->next_of_set)
        watch->next_of_set->link_of_set = &watch->next_of_set;
    return file->watches = set->host = watch;
}

/* Adds the file to the host's set, by a proxy if it's there under another descriptor. */
static long host_add(struct epoll_set *set, struct file *file, int descriptor, const struct epoll_event *event) {
    bool again = false;
    for (const struct host_watch *watch = file->watches; watch && !again; watch = watch->next)
        again = watch->set == set && watch->proxy == ORC_NO_HANDLE;
    struct host_watch *watch = host_watch_add(set, file, descriptor);
    if (!watch)
        return -ENOMEM;
    watch->event = *event;
    long error = again ? proxy_make(watch) : 0;
    if (is_doubtful(watch))
        __atomic_fetch_add(&set->doubtful, 1, __ATOMIC_RELAXED);
    if (!error)
        error = watch_call(watch, EPOLL_CTL_ADD, event);
    if (error)
        host_watch_end(watch);
    return error;
}

static long host_change(struct host_watch *watch, int operation, const struct epoll_event *event) {
    long error = watch_call(watch, operation, event);
    if (error)
        return error;
    if (operation == EPOLL_CTL_DEL)
        host_watch_end(watch);
    else
        watch->event = *event;
    return 0;
}

static long host_control(struct epoll_set *set, int operation, struct file *file, int descriptor,
                         const struct epoll_event *event) {
    libos_lock(&watch_lock);
    struct host_watch *watch = file->watches;
    while (watch && (watch->set != set || watch->descriptor != descriptor))
        watch = watch->next;
    long result = operation == EPOLL_CTL_ADD
                      ? watch ? -EEXIST : host_add(set, file, descriptor, event)
                      : watch ? host_change(watch, operation, event) : -ENOENT;
    libos_unlock(&watch_lock);
    return result;
}

static long watch_renew(const struct host_watch *watch) {
    long error = watch_call(watch, EPOLL_CTL_ADD, &watch->event);
    if (error == -EPERM && watch->file->granted)
        return 0; /* a standard stream that can't be waited for, unlike the zygote's */
    return !error && watch->proxy != ORC_NO_HANDLE ? proxy_watch(watch) : error;
}

long epoll_renew(struct file *file) {
    struct epoll_set *set = set_of(file);
    long error = 0;
    for (const struct host_watch *watch = set->host; watch && !error; watch = watch->next_of_set)
        error = watch_renew(watch);
    return !error && set->event != ORC_NO_HANDLE ? event_watch(set, set->event) : error;
}

#define EXCLUSIVE_EVENTS (EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)

static bool is_allowed(int operation, const struct file *file, const struct epoll_event *event) {
    if (operation == EPOLL_CTL_DEL || !(event->events & EPOLLEXCLUSIVE))
        return true;
    return operation == EPOLL_CTL_ADD && file->kind != FILE_EPOLL && !(event->events & ~(uint32_t)EXCLUSIVE_EVENTS);
}

static bool can_be_watched(const struct file *file) {
    return file->operations->ready || file->kind <= FILE_TIMER;
}

static long control(struct file *set, int operation, struct file *file, int descriptor,
                    const struct epoll_event *event) {
    if (!set || !file || set->kind == FILE_PATH || file->kind == FILE_PATH)
        return -EBADF;
    if (!can_be_watched(file))
        return -EPERM;
    if (set == file || set->kind != FILE_EPOLL || operation < EPOLL_CTL_ADD || operation > EPOLL_CTL_MOD ||
        !is_allowed(operation, file, event))
        return -EINVAL;
    if (file->operations->ready)
        return item_control(set_of(set), operation, file, descriptor, event);
    if (operation == EPOLL_CTL_ADD && file->kind == FILE_EPOLL)
        epoll_is_watched(file);
    return host_control(set_of(set), operation, file, descriptor, event);
}

long epoll_watch(struct file *set, int operation, struct file *file, const struct epoll_event *event) {
    return control(set, operation, file, -1, event);
}

long sys_epoll_ctl(int epoll, int operation, int descriptor, const struct epoll_event *given) {
    struct epoll_event event = {0};
    if (operation != EPOLL_CTL_DEL && !given)
        return -EFAULT;
    if (operation != EPOLL_CTL_DEL)
        event = *given;
    struct file *set = file_get(epoll), *file = file_get(descriptor);
    long result = control(set, operation, file, descriptor, &event);
    if (file)
        file_put(file);
    if (set)
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

/* Those of the host's events that are for the program: how many. */
static long keep_true(struct epoll_set *set, struct epoll_event *events, long count) {
    long kept = 0;
    for (long i = 0; i < count; i++)
        if (set->event == ORC_NO_HANDLE || events[i].data.u64 != event_data(set))
            events[kept++] = events[i];
    return kept && __atomic_load_n(&set->doubtful, __ATOMIC_RELAXED) ? events_check(set, events, kept) : kept;
}

/* What the host finds: how many. The host tells in turn of what is ready, so behind as many as were asked for there
 * may be one that is true. -EINTR: none was, another turn. */
static long host_take(struct epoll_set *set, struct epoll_event *events, int count, int64_t timeout) {
    uint32_t tries = __atomic_load_n(&set->doubtful, __ATOMIC_RELAXED) + 2;
    long found = host_wait(set, events, count, timeout), kept;
    if (found <= 0 || (set->event == ORC_NO_HANDLE && tries == 2))
        return found;
    while (!(kept = keep_true(set, events, found)) && found == count && --tries) {
        found = host_wait(set, events, count, 0);
        if (found <= 0)
            return found < 0 || !timeout ? found : -EINTR;
    }
    return kept || !timeout ? kept : -EINTR;
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

long epoll_take(struct file *set, struct epoll_event *events, int count, int64_t timeout) {
    struct wait wait = {set_of(set), events, count};
    return wait_events(&wait, timeout);
}

static long epoll_wait_for(int epoll, struct epoll_event *events, int count, int64_t timeout) {
    long result;
    if (count <= 0 || count > INT_MAX / (int)sizeof *events)
        return -EINVAL;
    struct file *file = file_get(epoll);
    if (!file || file->kind != FILE_EPOLL) {
        result = !file || file->kind == FILE_PATH ? -EBADF : -EINVAL;
        if (file)
            file_put(file);
        return result;
    }
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
