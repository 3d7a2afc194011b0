/* inotify: see notify.h.
 *
 * An instance is an epoll set of the host's, which programs wait for; it watches an event, signalled while
 * there's something in the queue, and the host's own inotify instance, once there's a watch on a mount. The
 * host's events go through the queue as well, when somebody reads. */
#include "notify.h"
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include "files.h"
#include "heap.h"
#include "watch.h"

#define MOST_EVENTS 16384u
#define MOST_WATCHES 8192u
#define READING (IN_ACCESS | IN_OPEN | IN_CLOSE_NOWRITE)
#define KEPT (IN_ALL_EVENTS | IN_EXCL_UNLINK | IN_ONESHOT)
#define MASK (KEPT | IN_ONLYDIR | IN_DONT_FOLLOW | IN_MASK_ADD | IN_MASK_CREATE)

struct queued {
    struct queued *next;
    uint32_t size; /* of the event with its name, which ends in zeros */
    struct inotify_event event;
};

struct notify_watch {
    struct notify_watch *next;
    int number, host; /* host: its number there, or -1 */
    uint32_t mask;
    uint32_t path_size;
    char *path;
};

struct notify {
    struct notify *next;
    struct file *file;
    struct notify_watch *watches;
    struct queued *first, *last;
    uint32_t count, watch_count, event, host_handle;
    int last_number;
    bool signalled;
};

/* Taken after nodes_lock and the table's. */
static struct libos_lock notify_lock;
static struct notify *instances;
static uint32_t last_cookie;
uint32_t notify_watches;

/* --- The queue; with notify_lock */

static bool is_same_event(const struct queued *queued, const struct inotify_event *event, const char *name) {
    const struct inotify_event *last = &queued->event;
    return last->wd == event->wd && last->mask == event->mask && last->cookie == event->cookie &&
           (event->len ? last->len && !strcmp(last->name, name) : !last->len);
}

static void append(struct notify *notify, struct queued *queued) {
    *(notify->last ? &notify->last->next : &notify->first) = queued;
    notify->last = queued;
    notify->count++;
    if (!notify->signalled) {
        notify->signalled = true;
        wake_event_signal(notify->event);
    }
}

/* `event.len` is the name's length. The last event isn't told twice in a row; what doesn't fit is lost, and
 * that's told. */
static void queue_event(struct notify *notify, struct inotify_event event, const char *name) {
    static const struct inotify_event overflow = {.wd = -1, .mask = IN_Q_OVERFLOW};
    if (notify->last && is_same_event(notify->last, &event, name))
        return;
    if (notify->count >= MOST_EVENTS) {
        if (notify->count > MOST_EVENTS)
            return;
        event = overflow;
    }
    uint32_t room = event.len ? (event.len + 1 + 15) & -16u : 0, size = sizeof event + room;
    struct queued *queued = heap_allocate(offsetof(struct queued, event) + size);
    if (!queued)
        return; /* no memory: the program hears of that otherwise */
    queued->size = size;
    queued->event = event;
    queued->event.len = room;
    if (room)
        memcpy(queued->event.name, name, event.len);
    append(notify, queued);
}

static void take_first(struct notify *notify) {
    struct queued *queued = notify->first;
    notify->first = queued->next;
    if (!queued->next)
        notify->last = NULL;
    notify->count--;
    heap_free(queued, offsetof(struct queued, event) + queued->size);
    if (!notify->first && notify->signalled) {
        notify->signalled = false;
        wake_event_clear(notify->event);
    }
}

static void free_watch(struct notify *notify, struct notify_watch **place) {
    struct notify_watch *watch = *place;
    *place = watch->next;
    notify->watch_count--;
    if (watch->host < 0)
        __atomic_store_n(&notify_watches, notify_watches - 1, __ATOMIC_RELAXED);
    heap_free(watch->path, watch->path_size);
    heap_free(watch, sizeof *watch);
}

static void end_watch(struct notify *notify, struct notify_watch **place) {
    queue_event(notify, (struct inotify_event){.wd = (*place)->number, .mask = IN_IGNORED}, NULL);
    free_watch(notify, place);
}

/* --- What happens in memory; with notify_lock */

struct happening {
    const char *path;
    size_t length;
    uint32_t events; /* one of IN_ALL_EVENTS, perhaps with IN_ISDIR */
    uint32_t cookie;
    const char *name; /* in the directory at `path`; NULL: what is there itself */
    size_t name_length;
    bool ends; /* and nothing more can be told of it */
};

static bool is_watched_path(const struct notify_watch *watch, const struct happening *happening) {
    return watch->host < 0 && watch->path_size == happening->length + 1 &&
           !memcmp(watch->path, happening->path, happening->length);
}

static void tell_instance(struct notify *notify, const struct happening *happening) {
    for (struct notify_watch **place = &notify->watches; *place;) {
        struct notify_watch *watch = *place;
        if (!is_watched_path(watch, happening)) {
            place = &watch->next;
            continue;
        }
        bool tell = watch->mask & happening->events & IN_ALL_EVENTS;
        if (tell)
            queue_event(notify,
                        (struct inotify_event){.wd = watch->number,
                                               .mask = happening->events,
                                               .cookie = happening->cookie,
                                               .len = happening->name ? (uint32_t)happening->name_length : 0},
                        happening->name);
        if (happening->ends || (tell && watch->mask & IN_ONESHOT))
            end_watch(notify, place);
        else
            place = &watch->next;
    }
}

static void tell(struct happening happening) {
    for (struct notify *notify = instances; notify; notify = notify->next)
        tell_instance(notify, &happening);
}

/* Of the directory's entry. */
static void tell_parent(const char *path, size_t length, uint32_t events, uint32_t cookie) {
    size_t start = length;
    while (start && path[start - 1] != '/')
        start--;
    if (start)
        tell((struct happening){.path = path,
                                .length = start - 1,
                                .events = events,
                                .cookie = cookie,
                                .name = path + start,
                                .name_length = length - start});
}

static void tell_both(const char *path, size_t length, uint32_t events) {
    tell_parent(path, length, events, 0);
    tell((struct happening){.path = path, .length = length, .events = events});
}

static void tell_gone(const char *path, size_t length) {
    tell((struct happening){.path = path, .length = length, .events = IN_DELETE_SELF, .ends = true});
}

static uint32_t flag_of(bool directory) {
    return directory ? IN_ISDIR : 0;
}

/* Whether the host tells what happens there. */
static bool is_hosts(const struct mount *mount) {
    return (mount->kind == ORC_MOUNT_DIRECTORY || mount->kind == ORC_MOUNT_FILE) && !mount->layered;
}

void notify_place_event(const struct place *place, uint32_t events, bool directory) {
    if (is_hosts(place->mount))
        return;
    libos_lock(&notify_lock);
    tell_both(place->path, place->length, events | flag_of(directory));
    libos_unlock(&notify_lock);
}

void notify_created_event(const struct place *place, bool directory) {
    if (is_hosts(place->mount))
        return;
    libos_lock(&notify_lock);
    tell_parent(place->path, place->length, IN_CREATE | flag_of(directory), 0);
    libos_unlock(&notify_lock);
}

/* A name of it less. Without any, it's gone once nobody has it open. */
static void tell_unlinked(const struct place *place, bool directory, bool open) {
    tell((struct happening){
        .path = place->path, .length = place->length, .events = IN_ATTRIB | flag_of(directory)});
    if (!open)
        tell_gone(place->path, place->length);
}

/* The caller holds one reference. */
static bool stays(const struct place *place) {
    return place->node &&
           (place->node->references > 1 || (!S_ISDIR(place->node->mode) && place->node->links));
}

void notify_removed_event(const struct place *place, bool directory) {
    if (is_hosts(place->mount))
        return;
    libos_lock(&notify_lock);
    if (directory)
        tell_gone(place->path, place->length);
    else
        tell_unlinked(place, false, stays(place));
    tell_parent(place->path, place->length, IN_DELETE | flag_of(directory), 0);
    libos_unlock(&notify_lock);
}

void notify_replaced_event(const struct place *place) {
    if (is_hosts(place->mount))
        return;
    libos_lock(&notify_lock);
    tell_gone(place->path, place->length);
    libos_unlock(&notify_lock);
}

static void tell_moved(const struct place *from, const struct place *to, uint32_t directory) {
    uint32_t cookie = ++last_cookie;
    tell_parent(from->path, from->length, IN_MOVED_FROM | directory, cookie);
    tell_parent(to->path, to->length, IN_MOVED_TO | directory, cookie);
}

static void tell_move_self(const struct place *place) {
    tell((struct happening){.path = place->path, .length = place->length, .events = IN_MOVE_SELF});
}

void notify_moved_event(const struct place *from, const struct place *to, bool directory) {
    if (is_hosts(from->mount))
        return;
    libos_lock(&notify_lock);
    tell_moved(from, to, flag_of(directory));
    tell_move_self(from);
    libos_unlock(&notify_lock);
}

void notify_exchanged(const struct place *one, bool directory, const struct place *other,
                      bool other_directory) {
    if (!NOTIFYING || is_hosts(one->mount))
        return;
    libos_lock(&notify_lock);
    tell_moved(one, other, flag_of(directory));
    tell_move_self(one);
    tell_moved(other, one, flag_of(other_directory));
    tell_move_self(other);
    libos_unlock(&notify_lock);
}

void notify_file_event(struct file *file, uint32_t events) {
    bool here =
        file->kind == FILE_MEMORY || file->kind == FILE_DIRECTORY || file->kind == FILE_PIPE || file->layered;
    if (!here || !file->path)
        return;
    libos_lock(&nodes_lock);
    size_t length = strlen(file->path);
    if (!is_hosts(mount_of(file->path, length))) {
        libos_lock(&notify_lock);
        tell_both(file->path, length, events | flag_of(file->kind == FILE_DIRECTORY));
        libos_unlock(&notify_lock);
    }
    libos_unlock(&nodes_lock);
}

/* The last descriptor of a file without a name: now it's gone. */
static void tell_if_gone(struct file *file) {
    if (file->operations != &memory_operations || !file->path)
        return;
    libos_lock(&nodes_lock);
    if (!file->node->links && file->node->references == 1) {
        libos_lock(&notify_lock);
        tell_gone(file->path, strlen(file->path));
        libos_unlock(&notify_lock);
    }
    libos_unlock(&nodes_lock);
}

void notify_closed(struct file *file) {
    if (!NOTIFYING)
        return;
    notify_file_event(file, writable(file) ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
    tell_if_gone(file);
}

void notify_each_path(void (*function)(char **path, uint32_t *size, void *context), void *context) {
    libos_lock(&notify_lock);
    for (struct notify *notify = instances; notify; notify = notify->next)
        for (struct notify_watch *watch = notify->watches; watch; watch = watch->next)
            function(&watch->path, &watch->path_size, context);
    libos_unlock(&notify_lock);
}

/* --- The host's events; with notify_lock */

static struct notify_watch **find_host(struct notify *notify, int number) {
    struct notify_watch **place = &notify->watches;
    while (*place && (*place)->host != number)
        place = &(*place)->next;
    return place;
}

static void take_host_event(struct notify *notify, const struct inotify_event *event) {
    struct notify_watch **place = find_host(notify, event->wd);
    struct inotify_event own = *event;
    own.len = event->len ? (uint32_t)strnlen(event->name, event->len) : 0;
    if (event->wd >= 0 && !*place)
        return; /* of a watch that has been removed meanwhile */
    if (*place)
        own.wd = (*place)->number;
    if (event->mask & IN_IGNORED)
        end_watch(notify, place);
    else
        queue_event(notify, own, event->name);
}

static void take_host_events(struct notify *notify) {
    _Alignas(struct inotify_event) char buffer[2048];
    while (notify->host_handle != ORC_NO_HANDLE && notify->count < MOST_EVENTS) {
        long length = orc_hostcall(ORC_READ, notify->host_handle, (long)buffer, sizeof buffer, 0, 0);
        if (length <= 0)
            return;
        for (long done = 0; done < length;) {
            const struct inotify_event *event = (const void *)(buffer + done);
            take_host_event(notify, event);
            done += (long)(sizeof *event + event->len);
        }
    }
}

/* --- The file */

static long copy_events(struct notify *notify, char *buffer, size_t length) {
    size_t done = 0;
    if (notify->first && notify->first->size > length)
        return -EINVAL;
    while (notify->first && notify->first->size <= length - done) {
        memcpy(buffer + done, &notify->first->event, notify->first->size);
        done += notify->first->size;
        take_first(notify);
    }
    return (long)done;
}

static long notify_read(struct file *file, void *buffer, size_t length, int64_t position) {
    struct notify *notify = file->own;
    (void)position;
    for (;;) {
        libos_lock(&notify_lock);
        take_host_events(notify);
        long result = copy_events(notify, buffer, length);
        libos_unlock(&notify_lock);
        if (result)
            return result;
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        if ((result = libos_wait_readable(file->handle)))
            return result;
    }
}

static long notify_control(struct file *file, unsigned long request, long argument) {
    struct notify *notify = file->own;
    int total = 0;
    if (request != FIONREAD)
        return -ENOTTY;
    libos_lock(&notify_lock);
    take_host_events(notify);
    for (const struct queued *queued = notify->first; queued; queued = queued->next)
        total += (int)queued->size;
    libos_unlock(&notify_lock);
    *(int *)argument = total;
    return 0;
}

static long notify_status(struct file *file, struct stat *status) {
    (void)file;
    memset(status, 0, sizeof *status);
    status->st_mode = 0600;
    status->st_nlink = 1;
    status->st_blksize = LIBOS_PAGE;
    return 0;
}

static void notify_release(struct file *file) {
    struct notify *notify = file->own, **place = &instances;
    if (!notify)
        return;
    libos_lock(&notify_lock);
    while (*place != notify)
        place = &(*place)->next;
    *place = notify->next;
    while (notify->watches)
        free_watch(notify, &notify->watches);
    while (notify->first)
        take_first(notify);
    libos_unlock(&notify_lock);
    if (notify->host_handle != ORC_NO_HANDLE)
        orc_hostcall(ORC_CLOSE, notify->host_handle, 0, 0, 0, 0);
    wake_event_put(notify->event);
    heap_free(notify, sizeof *notify);
}

/* There is no position, and asking for one is no mistake. */
static long notify_seek(struct file *file, int64_t offset, int whence) {
    (void)file, (void)offset, (void)whence;
    return 0;
}

const struct file_operations notify_operations = {
    .read = notify_read,
    .seek = notify_seek,
    .status = notify_status,
    .control = notify_control,
    .release = notify_release,
};

static long add_to_set(const struct file *file, uint32_t handle) {
    return orc_hostcall(ORC_EPOLL_CONTROL, file->handle, EPOLL_CTL_ADD, handle, EPOLLIN, 0);
}

static long make_instance(struct file *file) {
    struct notify *notify = heap_allocate(sizeof *notify);
    long event = notify ? wake_event_get() : -ENOMEM;
    long handle = event < 0 ? event : orc_hostcall(ORC_EPOLL, 0, 0, 0, 0, 0);
    if (handle >= 0)
        file->handle = (uint32_t)handle;
    long error = handle < 0 ? handle : add_to_set(file, (uint32_t)event);
    if (error) {
        if (event >= 0)
            wake_event_put((uint32_t)event);
        heap_free(notify, sizeof *notify);
        return error;
    }
    *notify = (struct notify){
        .next = instances, .file = file, .event = (uint32_t)event, .host_handle = ORC_NO_HANDLE};
    file->own = notify;
    libos_lock(&notify_lock);
    notify->next = instances;
    instances = notify;
    libos_unlock(&notify_lock);
    return 0;
}

long sys_inotify_init1(int flags) {
    if (flags & ~(IN_NONBLOCK | IN_CLOEXEC))
        return -EINVAL;
    struct file *file = file_create(&notify_operations, FILE_NOTIFY, O_RDONLY | (flags & IN_NONBLOCK));
    if (!file)
        return -ENOMEM;
    long error = make_instance(file);
    if (error) {
        file_put(file);
        return error;
    }
    return descriptor_add(file, 0, flags & IN_CLOEXEC);
}

/* --- Watches */

struct adding {
    struct notify *notify;
    uint32_t mask;
    long number;
};

/* A watch of what is watched already: its mask changes. */
static void change_watch(struct adding *adding, struct notify_watch *watch) {
    uint32_t mask = adding->mask & KEPT;
    if (adding->mask & IN_MASK_CREATE)
        adding->number = -EEXIST;
    else
        watch->mask = adding->mask & IN_MASK_ADD ? watch->mask | mask : mask;
}

static long add_watch(struct adding *adding, const struct place *place, int host) {
    struct notify *notify = adding->notify;
    struct notify_watch *watch = notify->watch_count < MOST_WATCHES ? heap_allocate(sizeof *watch) : NULL;
    char *path = watch ? heap_allocate(place->length + 1) : NULL;
    if (!path) {
        heap_free(watch, sizeof *watch);
        return notify->watch_count < MOST_WATCHES ? -ENOMEM : -ENOSPC;
    }
    memcpy(path, place->path, place->length);
    *watch = (struct notify_watch){.next = notify->watches,
                                   .number = ++notify->last_number,
                                   .host = host,
                                   .mask = adding->mask & KEPT,
                                   .path_size = place->length + 1,
                                   .path = path};
    notify->watches = watch;
    notify->watch_count++;
    if (host < 0)
        __atomic_store_n(&notify_watches, notify_watches + 1, __ATOMIC_RELAXED);
    return watch->number;
}

/* The one of this path, or of this number at the host. */
static struct notify_watch *find_watch(struct notify *notify, const struct place *place, int host) {
    struct notify_watch *watch = notify->watches;
    const struct happening here = {.path = place->path, .length = place->length};
    while (watch && (host < 0 ? !is_watched_path(watch, &here) : watch->host != host))
        watch = watch->next;
    return watch;
}

static void watch_or_change(struct adding *adding, const struct place *place, int host) {
    struct notify_watch *watch = find_watch(adding->notify, place, host);
    adding->number = watch ? watch->number : add_watch(adding, place, host);
    if (watch)
        change_watch(adding, watch);
}

static long need_host(struct notify *notify) {
    if (notify->host_handle != ORC_NO_HANDLE)
        return 0;
    long handle = orc_hostcall(ORC_NOTIFY, 0, 0, 0, 0, 0);
    long error = handle < 0 ? handle : add_to_set(notify->file, (uint32_t)handle);
    if (error && handle >= 0)
        orc_hostcall(ORC_CLOSE, handle, 0, 0, 0, 0);
    if (!error)
        notify->host_handle = (uint32_t)handle;
    return error;
}

/* Where this compartment may only read, nobody's reading is told. */
static uint32_t host_mask(const struct place *place, uint32_t mask) {
    return place->mount->read_only ? mask & ~READING : mask;
}

/* The host's number, or -errno: that of the place, whose links have been followed. */
static long watch_at_host(struct notify *notify, const struct place *place, uint32_t mask) {
    struct orc_path path = place_host(place);
    mask = host_mask(place, mask);
    long error = mask & IN_ALL_EVENTS ? need_host(notify) : -EACCES;
    return error ? error
                 : orc_hostcall(ORC_NOTIFY_WATCH, notify->host_handle, (long)&path, mask, ORC_NO_LINKS, 0);
}

static long do_add_watch(struct place *place, void *context) {
    struct adding *adding = context;
    struct stat status;
    long error = place_do_status(place, &status);
    if (!error && adding->mask & IN_ONLYDIR && !S_ISDIR(status.st_mode))
        error = -ENOTDIR;
    if (error)
        return error;
    libos_lock(&notify_lock);
    long host = place_by_host(place) ? watch_at_host(adding->notify, place, adding->mask) : -1;
    if (host >= 0 || !place_by_host(place))
        watch_or_change(adding, place, (int)host);
    else
        adding->number = host;
    libos_unlock(&notify_lock);
    return adding->number < 0 ? adding->number : 0;
}

static struct file *get_notify(int descriptor, long *error) {
    struct file *file = file_get(descriptor);
    *error = !file ? -EBADF : file->kind != FILE_NOTIFY ? -EINVAL : 0;
    if (file && *error)
        file_put(file);
    return *error ? NULL : file;
}

long sys_inotify_add_watch(int descriptor, const char *path, uint32_t mask) {
    long error;
    if (mask & ~(MASK | IN_ISDIR | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED) || !(mask & MASK) ||
        (mask & IN_MASK_ADD && mask & IN_MASK_CREATE))
        return -EINVAL;
    struct file *file = get_notify(descriptor, &error);
    if (!file)
        return error;
    struct adding adding = {.notify = file->own, .mask = mask & MASK};
    error = with_place(AT_FDCWD, path, mask & IN_DONT_FOLLOW ? 0 : PLACE_FOLLOW, do_add_watch, &adding);
    file_put(file);
    return error ? error : adding.number;
}

static long remove_watch(struct notify *notify, int number) {
    struct notify_watch **place = &notify->watches;
    while (*place && (*place)->number != number)
        place = &(*place)->next;
    if (!*place)
        return -EINVAL;
    if ((*place)->host >= 0) {
        take_host_events(notify); /* what came before it */
        for (place = &notify->watches; *place && (*place)->number != number; place = &(*place)->next)
            ;
        if (!*place)
            return -EINVAL;
        orc_hostcall(ORC_NOTIFY_REMOVE, notify->host_handle, (*place)->host, 0, 0, 0);
    }
    end_watch(notify, place);
    return 0;
}

long sys_inotify_rm_watch(int descriptor, int number) {
    long error;
    struct file *file = get_notify(descriptor, &error);
    if (!file)
        return error;
    libos_lock(&notify_lock);
    error = remove_watch(file->own, number);
    libos_unlock(&notify_lock);
    file_put(file);
    return error;
}

/* --- In a clone, whose handles have just been made */

uint32_t notify_handle(const struct file *file) {
    const struct notify *notify = file->own;
    return notify->host_handle;
}

/* By its path, as it was named; numbers stay. A file that is gone takes its watch along. */
static void renew_watch(struct notify *notify, struct notify_watch **at) {
    struct place place;
    struct notify_watch *watch = *at;
    long number = place_set_at(&place, "", *watch->path ? watch->path : "/", 0);
    if (!number && !(number = place_find(&place)))
        number = watch_at_host(notify, &place, watch->mask);
    if (number < 0)
        end_watch(notify, at);
    else
        watch->host = (int)number;
}

long notify_renew(struct file *file) {
    struct notify *notify = file->own;
    long error = add_to_set(file, notify->event);
    if (!error && notify->host_handle != ORC_NO_HANDLE)
        error = add_to_set(file, notify->host_handle);
    for (struct notify_watch **place = &notify->watches, *watch; !error && (watch = *place);) {
        if (watch->host >= 0)
            renew_watch(notify, place);
        if (*place == watch)
            place = &watch->next;
    }
    return error;
}
