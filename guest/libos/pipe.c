/* Pipes: both ends are in this compartment, so what is written waits in its memory, and the host isn't asked
 * unless a thread has to sleep.
 *
 * The bytes are in a ring that grows up to the pipe's size. When it has been emptied it starts over, so that
 * a pipe whose reader keeps up only ever touches the ring's first page. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include "heap.h"
#include "pipe.h"
#include "watch.h"

#define PIPE_DEVICE 0xffd00001u /* makedev(0, 0xffd01): no mount's */
#define USUAL_SIZE 65536u
#define MOST_SIZE 1048576u

#define CAN_READ (POLLIN | POLLRDNORM)
#define CAN_WRITE (POLLOUT | POLLWRNORM)

/* Threads that sleep until a word changes. */
struct sleepers {
    uint32_t turn, count;
};

struct pipe {
    struct watched watched; /* first: see watch.h */
    struct libos_lock lock;
    uint32_t references;       /* atomic: files that are being closed count until they are done */
    uint32_t readers, writers; /* open files */
    uint32_t limit;            /* bytes that it holds, a power of two */
    uint32_t size;             /* of the ring: the same or less */
    uint32_t start, used;
    uint32_t number;
    char *ring;
    struct sleepers reading, writing, opening;
    struct fifo *fifo;                       /* NULL: it has no name */
    uint32_t readers_opened, writers_opened; /* in all its life */
};

static struct pipe *pipe_of(const struct file *file) {
    return file->own;
}

/* Of a reader whose FIFO no writer has had open since: it isn't told of the end of writing. */
static bool waits_for_writer(const struct pipe *pipe, const struct file *file) {
    return pipe->fifo && file->position == pipe->writers_opened;
}

/* --- The ring; the pipe is locked. */

static uint32_t room(const struct pipe *pipe) {
    return pipe->used < pipe->limit ? pipe->limit - pipe->used : 0; /* more has been put back */
}

/* A write of up to PIPE_BUF bytes wouldn't have to wait. */
static bool has_room(const struct pipe *pipe) {
    return room(pipe) >= PIPE_BUF;
}

static size_t ring_take(struct pipe *pipe, char *to, size_t length) {
    if (length > pipe->used)
        length = pipe->used;
    size_t first = pipe->size - pipe->start < length ? pipe->size - pipe->start : length;
    memcpy(to, pipe->ring + pipe->start, first);
    if (first < length)
        memcpy(to + first, pipe->ring, length - first);
    pipe->used -= length;
    pipe->start = pipe->used ? (pipe->start + length) & (pipe->size - 1) : 0;
    return length;
}

/* There is room in the ring. */
static void ring_put(struct pipe *pipe, const char *from, size_t length) {
    uint32_t end = (pipe->start + pipe->used) & (pipe->size - 1);
    size_t first = pipe->size - end < length ? pipe->size - end : length;
    memcpy(pipe->ring + end, from, first);
    if (first < length)
        memcpy(pipe->ring, from + first, length - first);
    pipe->used += length;
}

static bool ring_resize(struct pipe *pipe, uint32_t size) {
    char *ring = heap_allocate(size);
    uint32_t used = pipe->used;
    if (!ring)
        return false;
    if (pipe->ring) {
        ring_take(pipe, ring, used);
        heap_free(pipe->ring, pipe->size);
    }
    pipe->ring = ring;
    pipe->size = size;
    pipe->start = 0;
    pipe->used = used;
    return true;
}

/* A ring that holds `length` bytes more, which the pipe does. */
static bool ring_reserve(struct pipe *pipe, size_t length) {
    uint32_t size = pipe->size ? pipe->size : PIPE_BUF;
    while (size < pipe->used + length)
        size *= 2;
    return size == pipe->size || ring_resize(pipe, size);
}

/* --- Sleeping and waking */

/* With the pipe locked, before and after. -EINTR: the system call has to end. */
static long sleep_on(struct pipe *pipe, struct sleepers *sleepers) {
    uint32_t turn = sleepers->turn;
    sleepers->count++;
    libos_unlock(&pipe->lock);
    long result = libos_blocking_once(ORC_FUTEX_WAIT, (long)&sleepers->turn, turn, ORC_FOREVER, 0, 0);
    libos_lock(&pipe->lock);
    sleepers->count--;
    return result == -EINTR && libos_interrupted() ? -EINTR : 0;
}

/* Unlocks the pipe and tells those who wait for `events`, if there are any: none is no change. */
static void unlock_and_tell(struct pipe *pipe, struct sleepers *sleepers, uint32_t events) {
    bool wake = events && sleepers->count;
    if (wake)
        __atomic_store_n(&sleepers->turn, sleepers->turn + 1, __ATOMIC_RELAXED);
    libos_unlock(&pipe->lock);
    if (wake)
        libos_futex_wake((long)&sleepers->turn, INT_MAX);
    if (events)
        watched_changed(&pipe->watched, events);
}

/* --- Reading and writing */

static size_t total_length(const struct iovec *vector, int count) {
    size_t total = 0;
    for (int i = 0; i < count; i++)
        total += vector[i].iov_len;
    return total;
}

/* Until there is something to read: 1, 0 at the end of all writing, -errno. */
static long wait_for_bytes(struct pipe *pipe, bool nonblocking) {
    while (!pipe->used) {
        if (!pipe->writers)
            return 0;
        if (nonblocking)
            return -EAGAIN;
        long error = sleep_on(pipe, &pipe->reading);
        if (error)
            return error;
    }
    return 1;
}

long pipe_read_vector(struct file *file, const struct iovec *vector, int count, int64_t position) {
    struct pipe *pipe = pipe_of(file);
    (void)position;
    if (!total_length(vector, count))
        return 0;
    libos_lock(&pipe->lock);
    bool had_room = has_room(pipe);
    long result = wait_for_bytes(pipe, file->flags & O_NONBLOCK);
    if (result > 0) {
        had_room = has_room(pipe);
        result = 0;
        for (int i = 0; i < count && pipe->used; i++)
            result += (long)ring_take(pipe, vector[i].iov_base, vector[i].iov_len);
    }
    unlock_and_tell(pipe, &pipe->writing, !had_room && has_room(pipe) ? CAN_WRITE : 0);
    return result;
}

long pipe_read(struct file *file, void *buffer, size_t length, int64_t position) {
    const struct iovec one = {buffer, length};
    return pipe_read_vector(file, &one, 1, position);
}

/* How much of `left` bytes can be written now, waiting until there is something: -errno. Up to PIPE_BUF bytes
 * are written together. */
static long wait_for_room(struct pipe *pipe, const struct file *file, size_t left) {
    for (;;) {
        uint32_t now = room(pipe), least = left < PIPE_BUF ? (uint32_t)left : PIPE_BUF;
        if (!pipe->readers)
            return -EPIPE;
        if (now >= least || (now && left > PIPE_BUF && (file->flags & O_NONBLOCK)))
            return now < left ? (long)now : (long)left;
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        long error = sleep_on(pipe, &pipe->writing);
        if (error)
            return error;
    }
}

/* What of a vector hasn't been written yet. */
struct rest {
    const struct iovec *vector;
    size_t done; /* of the first one */
};

static void put_some(struct pipe *pipe, struct rest *rest, size_t length) {
    while (length) {
        size_t left = rest->vector->iov_len - rest->done, part = left < length ? left : length;
        ring_put(pipe, (const char *)rest->vector->iov_base + rest->done, part);
        rest->done += part;
        length -= part;
        if (rest->done == rest->vector->iov_len)
            *rest = (struct rest){rest->vector + 1, 0};
    }
}

long pipe_write_vector(struct file *file, const struct iovec *vector, int count, int64_t position) {
    struct pipe *pipe = pipe_of(file);
    struct rest rest = {vector, 0};
    size_t total = total_length(vector, count), done = 0;
    long error = 0;
    (void)position;
    if (!total)
        return 0;
    libos_lock(&pipe->lock);
    while (done < total) {
        long part = wait_for_room(pipe, file, total - done);
        if (part > 0 && !ring_reserve(pipe, (size_t)part))
            part = -ENOMEM;
        if (part < 0) {
            error = part;
            break;
        }
        put_some(pipe, &rest, (size_t)part);
        done += (size_t)part;
        if (done == total)
            break;
        unlock_and_tell(pipe, &pipe->reading, CAN_READ);
        libos_lock(&pipe->lock);
    }
    unlock_and_tell(pipe, &pipe->reading, done ? CAN_READ : 0);
    if (done && error == -EPIPE)
        libos_raise(SIGPIPE); /* the caller won't: part of it was written */
    return done ? (long)done : error;
}

long pipe_write(struct file *file, const void *buffer, size_t length, int64_t position) {
    const struct iovec one = {(void *)buffer, length};
    return pipe_write_vector(file, &one, 1, position);
}

/* --- The rest of a file */

unsigned pipe_ready(struct file *file) {
    struct pipe *pipe = pipe_of(file);
    unsigned events;
    libos_lock(&pipe->lock);
    events = 0;
    if (readable(file))
        events |= (pipe->used ? CAN_READ : 0) | (pipe->writers || waits_for_writer(pipe, file) ? 0 : POLLHUP);
    if (writable(file))
        events |= (has_room(pipe) ? CAN_WRITE : 0) | (pipe->readers ? 0 : POLLERR);
    libos_unlock(&pipe->lock);
    return events;
}

static long pipe_status(struct file *file, struct stat *status) {
    int64_t now = libos_now(ORC_CLOCK_REALTIME);
    memset(status, 0, sizeof *status);
    status->st_dev = PIPE_DEVICE;
    status->st_ino = pipe_number(file);
    status->st_mode = S_IFIFO | 0600;
    status->st_nlink = 1;
    status->st_blksize = LIBOS_PAGE;
    status->st_atim = status->st_mtim = status->st_ctim =
        (struct timespec){.tv_sec = now / 1000000000, .tv_nsec = now % 1000000000};
    return 0;
}

long pipe_control(struct file *file, unsigned long request, long argument) {
    struct pipe *pipe = pipe_of(file);
    if (request != FIONREAD)
        return -ENOTTY;
    libos_lock(&pipe->lock);
    int used = (int)pipe->used;
    libos_unlock(&pipe->lock);
    *(int *)argument = used;
    return 0;
}

struct fifo *pipe_fifo(const struct file *file) {
    return pipe_of(file)->fifo;
}

void pipe_free(struct pipe *pipe) {
    heap_free(pipe->ring, pipe->size);
    heap_free(pipe, sizeof *pipe);
}

/* What the other end waits for doesn't come any more when the last one is closed. */
void pipe_close_end(struct file *file) {
    struct pipe *pipe = pipe_of(file);
    watched_closed(&pipe->watched, file);
    if (file->unopened)
        return;
    libos_lock(&pipe->lock);
    if (writable(file))
        unlock_and_tell(pipe, &pipe->reading, --pipe->writers ? 0 : CAN_READ | POLLHUP);
    if (writable(file) && readable(file))
        libos_lock(&pipe->lock);
    if (readable(file))
        unlock_and_tell(pipe, &pipe->writing, --pipe->readers ? 0 : CAN_WRITE | POLLERR);
}

/* The last descriptor of one end is closed. */
static void pipe_release(struct file *file) {
    struct pipe *pipe = pipe_of(file);
    if (!pipe)
        return; /* it was never made */
    pipe_close_end(file);
    if (!__atomic_sub_fetch(&pipe->references, 1, __ATOMIC_ACQ_REL))
        pipe_free(pipe);
}

/* Who waits for the other end to be opened; with the pipe locked. */
static void wake_opening(struct pipe *pipe) {
    if (!pipe->opening.count)
        return;
    __atomic_store_n(&pipe->opening.turn, pipe->opening.turn + 1, __ATOMIC_RELAXED);
    libos_futex_wake((long)&pipe->opening.turn, INT_MAX);
}

static long wait_for_other(struct pipe *pipe, const uint32_t *opened) {
    uint32_t before = *opened;
    while (*opened == before) {
        long error = sleep_on(pipe, &pipe->opening);
        if (error)
            return error;
    }
    return 0;
}

static long open_reader(struct pipe *pipe, struct file *file) {
    pipe->readers_opened++;
    pipe->readers++;
    wake_opening(pipe);
    file->position = pipe->writers ? -1 : (int64_t)pipe->writers_opened;
    if (pipe->writers || writable(file) || file->flags & O_NONBLOCK)
        return 0;
    long error = wait_for_other(pipe, &pipe->writers_opened);
    pipe->readers -= error != 0;
    return error;
}

static long open_writer(struct pipe *pipe, const struct file *file) {
    if (!pipe->readers && file->flags & O_NONBLOCK)
        return -ENXIO;
    pipe->writers_opened++;
    pipe->writers++;
    wake_opening(pipe);
    long error = pipe->readers ? 0 : wait_for_other(pipe, &pipe->readers_opened);
    pipe->writers -= error != 0;
    return error;
}

long pipe_open_end(struct file *file) {
    struct pipe *pipe = pipe_of(file);
    libos_lock(&pipe->lock);
    long error = readable(file) ? open_reader(pipe, file) : 0;
    if (!error && writable(file))
        error = open_writer(pipe, file);
    libos_unlock(&pipe->lock);
    file->unopened = error != 0;
    return error;
}

/* --- For splice */

long pipe_wait_bytes(struct file *file, bool nonblocking) {
    struct pipe *pipe = pipe_of(file);
    libos_lock(&pipe->lock);
    long result = wait_for_bytes(pipe, nonblocking);
    if (result > 0)
        result = (long)pipe->used;
    libos_unlock(&pipe->lock);
    return result;
}

long pipe_wait_room(struct file *file, bool nonblocking) {
    struct pipe *pipe = pipe_of(file);
    long error = 0;
    libos_lock(&pipe->lock);
    while (pipe->readers && !room(pipe) && !error)
        error = nonblocking ? -EAGAIN : sleep_on(pipe, &pipe->writing);
    long result = error ? error : pipe->readers ? (long)room(pipe) : -EPIPE;
    libos_unlock(&pipe->lock);
    return result;
}

void pipe_unread(struct file *file, const char *bytes, size_t length) {
    struct pipe *pipe = pipe_of(file);
    libos_lock(&pipe->lock);
    bool back = ring_reserve(pipe, length); /* without memory they are lost */
    for (size_t i = length; back && i-- > 0; pipe->used++) {
        pipe->start = (pipe->start - 1) & (pipe->size - 1);
        pipe->ring[pipe->start] = bytes[i];
    }
    unlock_and_tell(pipe, &pipe->reading, back && length ? CAN_READ : 0);
}

static void lock_both(struct pipe *one, struct pipe *other) {
    libos_lock(one < other ? &one->lock : &other->lock);
    libos_lock(one < other ? &other->lock : &one->lock);
}

/* Copies up to `length` bytes, as many as fit: 0 when there are none, or no room. Both are locked. */
static long tee_some(const struct pipe *from, struct pipe *to, size_t length) {
    if (length > from->used)
        length = from->used;
    if (length > room(to))
        length = room(to);
    if (!length || !ring_reserve(to, length))
        return length ? -ENOMEM : 0;
    size_t first = from->size - from->start < length ? from->size - from->start : length;
    ring_put(to, from->ring + from->start, first);
    ring_put(to, from->ring, length - first);
    return (long)length;
}

long pipe_tee(struct file *in, struct file *out, size_t length, bool nonblocking) {
    struct pipe *from = pipe_of(in), *to = pipe_of(out);
    for (;;) {
        long ready = pipe_wait_bytes(in, nonblocking);
        if (ready > 0)
            ready = pipe_wait_room(out, nonblocking);
        if (ready <= 0)
            return ready;
        lock_both(from, to);
        long result = tee_some(from, to, length);
        libos_unlock(&from->lock);
        unlock_and_tell(to, &to->reading, result > 0 ? CAN_READ : 0);
        if (result)
            return result;
    }
}

const struct file_operations pipe_operations = {
    .read = pipe_read,
    .write = pipe_write,
    .read_vector = pipe_read_vector,
    .write_vector = pipe_write_vector,
    .status = pipe_status,
    .control = pipe_control,
    .ready = pipe_ready,
    .release = pipe_release,
};

uint32_t pipe_number(const struct file *file) {
    return pipe_of(file)->number;
}

long pipe_size(struct file *file) {
    return pipe_of(file)->limit;
}

/* What is in the pipe has to fit. The ring shrinks only if it must. */
long pipe_set_size(struct file *file, size_t size) {
    struct pipe *pipe = pipe_of(file);
    uint32_t limit = PIPE_BUF;
    if (size > MOST_SIZE)
        return size > INT_MAX ? -EINVAL : -EPERM;
    while (limit < size)
        limit *= 2;
    libos_lock(&pipe->lock);
    long result = limit;
    if (limit < pipe->used)
        result = -EBUSY;
    else if (limit < pipe->size && !ring_resize(pipe, limit))
        result = -ENOMEM;
    else
        pipe->limit = limit;
    unlock_and_tell(pipe, &pipe->writing, has_room(pipe) ? CAN_WRITE : 0);
    return result;
}

struct pipe *pipe_allocate(struct fifo *fifo) {
    static uint32_t last_number;
    struct pipe *pipe = heap_allocate(sizeof *pipe);
    if (!pipe)
        return NULL;
    pipe->fifo = fifo;
    pipe->limit = USUAL_SIZE;
    pipe->number = __atomic_add_fetch(&last_number, 1, __ATOMIC_RELAXED);
    return pipe;
}

long pipe_create(struct file *ends[2], unsigned flags) {
    struct pipe *pipe = pipe_allocate(NULL);
    ends[0] = pipe ? file_create(&pipe_operations, FILE_PIPE, O_RDONLY | flags) : NULL;
    ends[1] = ends[0] ? file_create(&pipe_operations, FILE_PIPE, O_WRONLY | flags) : NULL;
    if (!ends[1]) {
        heap_free(pipe, sizeof *pipe);
        if (ends[0])
            file_put(ends[0]);
        return -ENOMEM;
    }
    pipe->references = 2;
    pipe->readers = pipe->writers = 1;
    ends[0]->own = ends[1]->own = pipe;
    return 0;
}
