/* Zygotes. When the compartment is to be frozen, one thread leads: it sees to it that all others are parked
 * in ORC_FREEZE, records what only the host knows of the handles (counts, times, names of sockets), and is
 * parked itself. In a clone it makes everything again under the same handles, so that no structure, and no
 * call that another thread was interrupted in, needs to know of it; then the others go on.
 *
 * Between the two the leader runs alone. It takes no lock that a parked thread could hold but those of heap
 * and tables, under which nobody blocks. */
#include "zygote.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include "file.h"
#include "heap.h"
#include "memory.h"
#include "names.h"
#include "service.h"
#include "synthetic.h"
#include "thread.h"
#include "watch.h"

/* A handle that a clone makes again. In order of their numbers: the lowest free handle is always the next. */
struct record {
    struct record *next;
    struct file *file; /* NULL: one of watch.c's events, or */
    bool proxy;        /* a set of epoll.c's */
    uint32_t handle;
    uint64_t count;        /* of an event */
    int64_t end, interval; /* of a timer; end: on its clock, 0 when it isn't set */
    struct socket_record *socket;
    struct record *peer; /* the other end of a socket pair */
    bool made;
};

_Noreturn void clone_fails(const char *what, long number) {
    char line[128] = "clone: ";
    size_t length = strlen(line);
    long digits = number < 0 ? -number : number, divisor = 1;
    while (*what && length < sizeof line - 24)
        line[length++] = *what++;
    line[length++] = ' ';
    if (number < 0)
        line[length++] = '-';
    while (digits / divisor >= 10)
        divisor *= 10;
    for (; divisor; divisor /= 10)
        line[length++] = (char)('0' + digits / divisor % 10);
    line[length] = 0;
    libos_log(line);
    for (;;)
        orc_hostcall(ORC_EXIT, 127, 0, 0, 0, 0);
}

/* --- Recording */

/* Interrupts mean nothing here. */
static long repeated(long number, long a, long b, long c) {
    long result;
    do
        result = orc_hostcall(number, a, b, c, 0, 0);
    while (result == -EINTR);
    return result;
}

/* Takes what an event has counted. Its handle is non-blocking from here on. */
static uint64_t take_count(uint32_t handle) {
    uint64_t count = 0, part;
    orc_hostcall(ORC_SET_BLOCKING, handle, 0, 0, 0, 0);
    while (repeated(ORC_READ, handle, (long)&part, sizeof part) == sizeof part)
        count += part; /* a semaphore gives it one by one */
    return count;
}

static bool record_file(struct record *record, const struct file *file) {
    int64_t times[2];
    switch (file->kind) {
    case FILE_STREAM:
        record->count = take_count(record->handle);
        return true;
    case FILE_TIMER:
        if (orc_hostcall(ORC_TIMER_GET, record->handle, (long)times, 0, 0, 0) == 0) {
            record->end = times[0] ? libos_now(TIMER_CLOCK(file->position)) + times[0] : 0;
            record->interval = times[1];
        }
        return true;
    case FILE_SOCKET:
        return (record->socket = socket_record(file)) != NULL;
    default:
        return true;
    }
}

static struct record *add_record(struct record **list, uint32_t handle, struct file *file, bool proxy) {
    while (*list && (*list)->handle < handle)
        list = &(*list)->next;
    if (*list && (*list)->handle == handle)
        return *list; /* another descriptor of the same file */
    struct record *record = heap_allocate(sizeof *record);
    if (!record)
        return NULL;
    *record = (struct record){.next = *list, .file = file, .proxy = proxy, .handle = handle};
    *list = record;
    if (proxy)
        return record;
    if (!file)
        record->count = take_count(handle);
    else if (!record_file(record, file))
        return NULL;
    return record;
}

static struct record *find_record(struct record *list, uint32_t handle) {
    while (list && list->handle != handle)
        list = list->next;
    return list;
}

/* Both ends of a pair are there: each names the other. */
static void find_pairs(struct record *list) {
    for (struct record *record = list; record; record = record->next) {
        struct record *peer = record->socket && record->file->position < 0
                                  ? find_record(list, (uint32_t)(-record->file->position - 1))
                                  : NULL;
        if (peer && peer->socket && peer->file->position == -(int64_t)record->handle - 1)
            record->peer = peer;
    }
}

static bool record_proxies(struct record **list, const struct file *file) {
    uint32_t proxy = epoll_proxy_next(file, ORC_NO_HANDLE);
    for (; proxy != ORC_NO_HANDLE; proxy = epoll_proxy_next(file, proxy))
        if (!add_record(list, proxy, NULL, true))
            return false;
    return true;
}

static bool record_mapped(struct record **list, struct file *file) {
    return file->kind != FILE_HOST || file->granted || add_record(list, file->handle, file, false) != NULL;
}

/* The set of files that signals tell of has no descriptor. */
static bool record_async(struct record **list) {
    struct file *set = async_set();
    return !set || (add_record(list, set->handle, set, false) && record_proxies(list, set));
}

static bool record_all(struct record **list) {
    for (int descriptor = descriptor_next(0); descriptor >= 0; descriptor = descriptor_next(descriptor + 1)) {
        struct file *file = file_get(descriptor);
        if (!file)
            continue;
        bool done =
            file->handle == ORC_NO_HANDLE || file->granted || add_record(list, file->handle, file, false) != NULL;
        if (done && file->kind == FILE_EPOLL)
            done = record_proxies(list, file);
        if (done && file->kind == FILE_NOTIFY && notify_handle(file) != ORC_NO_HANDLE)
            done = add_record(list, notify_handle(file), file, false) != NULL;
        file_put(file); /* the descriptor keeps it: nobody else runs */
        if (!done)
            return false;
    }
    for (const struct area *area = areas; area; area = area->next) /* their descriptors may be closed */
        if (!record_mapped(list, area->file) || (area->before && !record_mapped(list, area->before)))
            return false;
    for (uint32_t event = wake_event_next(ORC_NO_HANDLE); event != ORC_NO_HANDLE;
         event = wake_event_next(event))
        if (!add_record(list, event, NULL, false))
            return false;
    if (!record_async(list))
        return false;
    find_pairs(*list);
    return true;
}

/* --- Making anew */

static long remake_event(const struct record *record) {
    unsigned flags =
        record->file ? (unsigned)record->file->position | (record->file->flags & O_NONBLOCK) : EFD_NONBLOCK;
    uint32_t first = record->count > UINT32_MAX ? UINT32_MAX : (uint32_t)record->count;
    uint64_t rest = record->count - first;
    long handle = orc_hostcall(ORC_EVENT, first, flags, 0, 0, 0);
    if (handle >= 0 && rest)
        repeated(ORC_WRITE, handle, (long)&rest, sizeof rest);
    return handle;
}

static long remake_timer(const struct record *record) {
    long handle =
        orc_hostcall(ORC_TIMER, TIMER_CLOCK(record->file->position), record->file->flags & TFD_NONBLOCK, 0, 0, 0);
    const int64_t times[2] = {record->end, record->interval};
    const int flags =
        TFD_TIMER_ABSTIME | (record->file->position & TIMER_CANCELS ? TFD_TIMER_CANCEL_ON_SET : 0);
    if (handle >= 0 && record->end)
        orc_hostcall(ORC_TIMER_SET, handle, flags, (long)times, 0, 0);
    return handle;
}

/* By the name that it was opened by, which may lead elsewhere by now. In a frame of its own: a place is
 * larger than a page, and each page of the stack that is touched here is one of each clone's. */
static __attribute__((noinline)) long remake_host_file(const struct file *file) {
    struct place place;
    long error = file->path ? place_set_at(&place, "", file->path, 0) : -ENOENT;
    if (!error)
        error = place_find(&place);
    if (!error && !place.host)
        error = -ENOENT;
    if (error)
        return error;
    struct orc_path path = place_host(&place);
    long flags = (file->flags & (O_ACCMODE | O_APPEND | O_NONBLOCK)) | ORC_NO_LINKS |
                 (file->directory ? O_DIRECTORY : 0);
    long handle = orc_hostcall(ORC_OPEN, (long)&path, flags, 0, 0, 0);
    if (handle >= 0 && file->directory)
        orc_hostcall(ORC_REWIND, handle, file->position, 0, 0, 0);
    return handle;
}

static long remake_file(const struct record *record) {
    const struct file *file = record->file;
    if (record->proxy)
        return orc_hostcall(ORC_EPOLL, 0, 0, 0, 0, 0);
    if (!file)
        return remake_event(record);
    switch (file->kind) {
    case FILE_TIMER:
        return remake_timer(record);
    case FILE_SOCKET:
        return socket_remake(file, record->socket);
    case FILE_EPOLL:
        return orc_hostcall(ORC_EPOLL, 0, 0, 0, 0, 0);
    case FILE_NOTIFY: /* two handles */
        return orc_hostcall(record->handle == file->handle ? ORC_EPOLL : ORC_NOTIFY, 0, 0, 0, 0, 0);
    case FILE_HOST:
        return remake_host_file(file);
    default:
        return remake_event(record);
    }
}

/* Handles that only keep their numbers from being given out. */
struct fillers {
    uint32_t *all;
    unsigned count, room;
};

/* Takes all free handles up to this one, which it leaves free. */
static void fill_below(struct fillers *fillers, uint32_t handle) {
    long taken;
    while ((taken = orc_hostcall(ORC_EVENT, 0, 0, 0, 0, 0)) >= 0 && (uint32_t)taken < handle) {
        if (fillers->count == fillers->room)
            clone_fails("too many handles:", fillers->room);
        fillers->all[fillers->count++] = (uint32_t)taken;
    }
    if (taken < 0 || (uint32_t)taken != handle)
        clone_fails("it has something else, or nothing, under handle", handle);
    orc_hostcall(ORC_CLOSE, taken, 0, 0, 0, 0);
}

/* Both ends at once. The lower handle is free, and all below it are taken: so must be those between the two.
 */
static void remake_pair(struct record *record, struct fillers *fillers) {
    struct record *peer = record->peer;
    uint32_t handles[2];
    long place = orc_hostcall(ORC_EVENT, 0, 0, 0, 0, 0);
    unsigned before = fillers->count;
    fill_below(fillers, peer->handle);
    orc_hostcall(ORC_CLOSE, place, 0, 0, 0, 0);
    long error = socket_remake_pair(record->socket, handles);
    if (error || handles[0] != record->handle || handles[1] != peer->handle)
        clone_fails("can't make its socket pair:", error);
    orc_hostcall(ORC_SET_BLOCKING, handles[0], !(record->file->flags & O_NONBLOCK), 0, 0, 0);
    orc_hostcall(ORC_SET_BLOCKING, handles[1], !(peer->file->flags & O_NONBLOCK), 0, 0, 0);
    while (fillers->count > before)
        orc_hostcall(ORC_CLOSE, fillers->all[--fillers->count], 0, 0, 0, 0);
    peer->made = true;
}

static void remake_one(struct record *record, struct fillers *fillers) {
    if (record->made)
        return;
    fill_below(fillers, record->handle);
    if (record->peer) {
        remake_pair(record, fillers);
        return;
    }
    long handle = remake_file(record);
    if (handle < 0) { /* a file that is gone: its handle leads to nothing that can be read or written */
        libos_log("clone: a file that the zygote had open can't be opened again");
        handle = orc_hostcall(ORC_EPOLL, 0, 0, 0, 0, 0);
    }
    if (handle != record->handle)
        clone_fails("can't make anew what was under handle", record->handle);
}

static void renew_notify(const struct record *record) {
    bool first = record->file && record->file->kind == FILE_NOTIFY && record->handle == record->file->handle;
    if (first && notify_renew(record->file) < 0)
        clone_fails("can't watch what it watched, handle", record->handle);
}

/* Epolls last: by then all that they watch is there. */
static void remake_all(struct record *list) {
    struct fillers fillers = {0};
    for (const struct record *record = list; record; record = record->next)
        fillers.room = record->handle + 1;
    fillers.all = heap_allocate(fillers.room * sizeof *fillers.all + 1);
    if (!fillers.all)
        clone_fails("no memory for handles:", fillers.room);
    for (struct record *record = list; record; record = record->next)
        remake_one(record, &fillers);
    for (unsigned i = 0; i < fillers.count; i++)
        orc_hostcall(ORC_CLOSE, fillers.all[i], 0, 0, 0, 0);
    heap_free(fillers.all, fillers.room * sizeof *fillers.all + 1);
    for (struct record *record = list; record; record = record->next)
        renew_notify(record);
    for (struct record *record = list; record; record = record->next)
        if (record->file && record->file->kind == FILE_EPOLL && epoll_renew(record->file) < 0)
            clone_fails("can't fill its epoll set, handle", record->handle);
}

/* --- The way there and back */

/* It wasn't frozen: what recording took is given back. */
static void give_back(const struct record *list) {
    for (const struct record *record = list; record; record = record->next) {
        if (record->proxy || (record->file && record->file->kind != FILE_STREAM))
            continue;
        if (record->count)
            repeated(ORC_WRITE, record->handle, (long)&record->count, sizeof record->count);
        if (record->file && !(record->file->flags & O_NONBLOCK))
            orc_hostcall(ORC_SET_BLOCKING, record->handle, 1, 0, 0, 0);
    }
}

static void free_records(struct record *list) {
    while (list) {
        struct record *record = list;
        list = record->next;
        socket_record_free(record->socket);
        heap_free(record, sizeof *record);
    }
}

/* The launcher's word on this clone. The boot data are copied: their page is shared as long as nobody writes
 * to it. */
static struct clone {
    struct orc_clone_info info;
    struct orc_boot boot;
} clone;

static void take_info(void) {
    struct orc_clone_info *info = &clone.info;
    if (orc_hostcall(ORC_CLONE_INFO, (long)info, 0, 0, 0, 0) < 0 || info->version != ORC_CLONE_VERSION)
        clone_fails("the launcher is of another version:", info->version);
    if (info->granted != libos_boot->loader_object) /* the zygote's next handle after those */
        clone_fails("other files are granted than to its zygote:", info->granted);
    clone.boot = *libos_boot;
    if (info->hostname[0])
        clone.boot.hostname = (uint32_t)(uintptr_t)info->hostname;
    clone.boot.thread_limit = info->thread_limit;
    clone.boot.processors = info->processors;
    clone.boot.memory_limit = info->memory_limit;
    libos_start(&clone.boot);
    process_clone();
    publish(info->published);
}

static struct libos_thread *asked, *leader; /* atomic */
static uint32_t freezing;                   /* a futex: others are parked while it is 1 */
static uint32_t parked;                     /* a futex: how many */

#define LOOK_AGAIN 2000000         /* ns */
#define LONGEST_WAIT 60000000000ll /* ns for the others to come: the embedder gives up before that */

void zygote_ask(void) {
    __atomic_store_n(&asked, libos_self(), __ATOMIC_RELEASE);
}

bool zygote_wanted(void) {
    const struct libos_thread *self = libos_self();
    return asked == self || (freezing && leader != self);
}

static void interrupt_if(const struct libos_thread *thread, unsigned *missing) {
    if (!thread || thread == libos_self() || __atomic_load_n(&thread->parked, __ATOMIC_ACQUIRE))
        return;
    orc_hostcall(ORC_INTERRUPT, thread->id, 0, 0, 0, 0);
    ++*missing;
}

/* Interrupts those that aren't parked: how many. */
static unsigned interrupt_others(void) {
    unsigned missing = 0;
    libos_lock(&thread_list_lock);
    for (const struct libos_thread *thread = thread_list; thread; thread = thread->next)
        interrupt_if(thread, &missing);
    libos_unlock(&thread_list_lock);
    interrupt_if(libos_service_thread(), &missing);
    return missing;
}

static bool park_others(void) {
    int64_t end = libos_now(ORC_CLOCK_MONOTONIC) + LONGEST_WAIT;
    for (;;) {
        uint32_t before = __atomic_load_n(&parked, __ATOMIC_ACQUIRE);
        if (interrupt_others() == 0)
            return true;
        if (libos_now(ORC_CLOCK_MONOTONIC) > end)
            return false;
        orc_hostcall(ORC_FUTEX_WAIT, (long)&parked, before, LOOK_AGAIN, 0, 0);
    }
}

/* From here on in each clone, or on in the zygote. */
static void freeze_alone(void) {
    struct record *list = NULL;
    struct mapping_record *mappings = NULL;
    bool recorded = record_all(&list) && mappings_record(&mappings);
    timers_freeze();
    long result = recorded ? orc_hostcall(ORC_FREEZE, 0, 0, 0, 0, 0) : -ENOMEM;
    if (result == 1) {
        take_info();
        standard_streams_renew();
        locks_renew();
        system_renew();
        remake_all(list);
        mappings_remake(mappings);
        libos_signals_start();
        timers_thaw();
        libos_process_renew();
    } else {
        give_back(list);
    }
    mappings_forget(mappings, result == 1);
    free_records(list);
}

static void lead(void) {
    asked = NULL;
    if (__atomic_exchange_n(&freezing, 1, __ATOMIC_SEQ_CST))
        return; /* somebody leads already */
    leader = libos_self();
    if (park_others())
        freeze_alone();
    leader = NULL;
    __atomic_store_n(&freezing, 0, __ATOMIC_SEQ_CST);
    orc_hostcall(ORC_FUTEX_WAKE, (long)&freezing, INT32_MAX, 0, 0, 0);
}

static void be_parked(struct libos_thread *self) {
    __atomic_store_n(&self->parked, true, __ATOMIC_RELEASE);
    __atomic_fetch_add(&parked, 1, __ATOMIC_RELEASE);
    orc_hostcall(ORC_FUTEX_WAKE, (long)&parked, 1, 0, 0, 0);
    while (__atomic_load_n(&freezing, __ATOMIC_ACQUIRE)) {
        long result = orc_hostcall(ORC_FREEZE, 0, 0, 0, 0, 0);
        /* A clone, until the leader has made it ready; or the embedder has given up before the leader. */
        if (result != 0)
            orc_hostcall(ORC_FUTEX_WAIT, (long)&freezing, 1, result == 1 ? ORC_FOREVER : LOOK_AGAIN, 0, 0);
    }
    __atomic_store_n(&self->parked, false, __ATOMIC_RELEASE);
    __atomic_fetch_sub(&parked, 1, __ATOMIC_RELEASE);
}

void zygote_take_part(void) {
    struct libos_thread *self = libos_self();
    if (asked == self)
        lead();
    else
        be_parked(self);
}
