/* splice, tee and vmsplice. Bytes are copied: pages can't move between a pipe of the compartment's own and
 * the host. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/uio.h>
#include "file.h"
#include "files.h"
#include "heap.h"
#include "pipe.h"

#define FLAGS (SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT)
#define MOST 0x7ffff000ul
#define PART 65536u

/* A pipe of the host's is a stream. */
static bool is_host_pipe(struct file *file) {
    struct stat status;
    return file->kind == FILE_STREAM && !file->operations->status(file, &status) && S_ISFIFO(status.st_mode);
}

static bool is_pipe(struct file *file) {
    return file->kind == FILE_PIPE || is_host_pipe(file);
}

/* One end of a splice. */
struct end {
    struct file *file;
    bool pipe;
    int64_t *offset; /* NULL: the file's own position */
};

static int64_t position_of(const struct end *end) {
    return end->offset ? *end->offset : -1;
}

static void advance(const struct end *end, long moved) {
    if (end->offset && moved > 0)
        *end->offset += moved;
}

static bool is_ready(const struct file *file, unsigned events) {
    struct orc_poll poll = {file->handle, (uint16_t)events, 0};
    return orc_hostcall(ORC_POLL, (long)&poll, 1, 0, 0, 0) > 0;
}

/* How many bytes the pipe will take at once, 1 at least: -errno. */
static long room_in(const struct end *out, bool nonblocking) {
    if (out->file->kind == FILE_PIPE)
        return pipe_wait_room(out->file, nonblocking);
    return nonblocking && !is_ready(out->file, POLLOUT) ? -EAGAIN : PIPE_BUF;
}

/* All of it, from a pipe that nothing can be put back into: waits even where the target doesn't. */
static long write_all(struct file *file, const char *bytes, size_t length, int64_t position) {
    size_t done = 0;
    while (done < length) {
        long written = file->operations->write(file, bytes + done, length - done,
                                               position < 0 ? -1 : position + (long)done);
        struct orc_poll poll = {file->handle, POLLOUT, 0};
        if (written == -EAGAIN && file->handle != ORC_NO_HANDLE)
            written = libos_blocking(ORC_POLL, (long)&poll, 1, ORC_FOREVER, 0, 0) < 0 ? -EINTR : 0;
        if (written < 0)
            return done ? (long)done : written;
        done += (size_t)written;
    }
    return (long)done;
}

/* From a pipe: what the target doesn't take goes back. */
static long splice_from_pipe(const struct end *in, const struct end *out, char *buffer, size_t length,
                             bool nonblocking) {
    bool own = in->file->kind == FILE_PIPE;
    long got = own                                          ? pipe_wait_bytes(in->file, nonblocking)
               : nonblocking && !is_ready(in->file, POLLIN) ? -EAGAIN
                                                            : 1;
    if (got > 0)
        got = in->file->operations->read(in->file, buffer, length, -1);
    if (got <= 0)
        return got;
    if (!own)
        return write_all(out->file, buffer, (size_t)got, position_of(out));
    long written = out->file->operations->write(out->file, buffer, (size_t)got, position_of(out));
    size_t done = written > 0 ? (size_t)written : 0;
    if (done < (size_t)got)
        pipe_unread(in->file, buffer + done, (size_t)got - done);
    return written;
}

static long splice_once(const struct end *in, const struct end *out, char *buffer, size_t length,
                        bool nonblocking) {
    long room = out->pipe ? room_in(out, nonblocking) : (long)length;
    if (room < 0)
        return room;
    if ((size_t)room < length)
        length = (size_t)room;
    if (in->pipe)
        return splice_from_pipe(in, out, buffer, length, nonblocking);
    long got = in->file->operations->read(in->file, buffer, length, position_of(in));
    return got > 0 ? write_all(out->file, buffer, (size_t)got, -1) : got;
}

/* The first part may wait; what follows takes what is there. */
static long splice_parts(const struct end *in, const struct end *out, size_t length, bool nonblocking) {
    char *buffer = heap_allocate(PART);
    size_t total = 0;
    long moved = buffer ? 0 : -ENOMEM;
    while (buffer && total < length) {
        size_t part = length - total < PART ? length - total : PART;
        moved = splice_once(in, out, buffer, part, nonblocking || total);
        if (moved <= 0)
            break;
        advance(in, moved);
        advance(out, moved);
        total += (size_t)moved;
        if (!in->pipe && !in->file->operations->seek)
            break; /* a socket: what comes later isn't waited for */
    }
    heap_free(buffer, PART);
    return total ? (long)total : moved;
}

static bool is_same_pipe(const struct file *in, const struct file *out) {
    return in->kind == FILE_PIPE && out->kind == FILE_PIPE && in->own == out->own;
}

static long check_end(const struct end *end, bool out) {
    if (!(out ? writable(end->file) : readable(end->file)) || end->file->kind == FILE_PATH)
        return -EBADF;
    if (end->offset && (end->pipe || !end->file->operations->seek))
        return -ESPIPE;
    if (out && !end->pipe && end->file->flags & O_APPEND)
        return -EINVAL;
    if (end->offset && *end->offset < 0)
        return -EINVAL;
    return (out ? (void *)end->file->operations->write : (void *)end->file->operations->read) ? 0 : -EINVAL;
}

static long splice_files(struct end *in, struct end *out, size_t length, unsigned flags) {
    in->pipe = is_pipe(in->file);
    out->pipe = is_pipe(out->file);
    long error = check_end(in, false);
    if (!error)
        error = check_end(out, true);
    if (error)
        return error;
    if ((!in->pipe && !out->pipe) || is_same_pipe(in->file, out->file))
        return -EINVAL;
    bool nonblocking = flags & SPLICE_F_NONBLOCK || (in->pipe && in->file->flags & O_NONBLOCK) ||
                       (out->pipe && out->file->flags & O_NONBLOCK);
    return splice_parts(in, out, length < MOST ? length : MOST, nonblocking);
}

long sys_splice(int in, int64_t *in_offset, int out, int64_t *out_offset, size_t length, unsigned flags) {
    struct end from = {.offset = in_offset}, to = {.offset = out_offset};
    if (flags & ~FLAGS)
        return -EINVAL;
    if (!length)
        return 0;
    from.file = file_get(in);
    to.file = file_get(out);
    long result = from.file && to.file ? splice_files(&from, &to, length, flags) : -EBADF;
    if (from.file)
        file_put(from.file);
    if (to.file)
        file_put(to.file);
    if (result == -EPIPE)
        libos_raise(SIGPIPE);
    return result;
}

static long tee_files(struct file *in, struct file *out, size_t length, bool nonblocking) {
    if (!readable(in) || !writable(out))
        return -EBADF;
    if (in->kind != FILE_PIPE || out->kind != FILE_PIPE || in->own == out->own)
        return -EINVAL; /* the host's bytes can't be read twice */
    return pipe_tee(in, out, length < MOST ? length : MOST,
                    nonblocking || (in->flags | out->flags) & O_NONBLOCK);
}

long sys_tee(int in, int out, size_t length, unsigned flags) {
    if (flags & ~FLAGS)
        return -EINVAL;
    if (!length)
        return 0;
    struct file *from = file_get(in), *to = file_get(out);
    long result = from && to ? tee_files(from, to, length, flags & SPLICE_F_NONBLOCK) : -EBADF;
    if (from)
        file_put(from);
    if (to)
        file_put(to);
    if (result == -EPIPE)
        libos_raise(SIGPIPE);
    return result;
}

/* Memory to a pipe, or the other way. */
long sys_vmsplice(int descriptor, const struct iovec *vector, unsigned long count, unsigned flags) {
    if (flags & ~FLAGS)
        return -EINVAL;
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    bool pipe = is_pipe(file), writes = writable(file), nonblocking = flags & SPLICE_F_NONBLOCK;
    long ready = !pipe ? -EBADF : 1;
    if (pipe && file->kind == FILE_PIPE && nonblocking && count)
        ready = writes ? pipe_wait_room(file, true) : pipe_wait_bytes(file, true);
    file_put(file);
    if (ready < 0)
        return ready;
    return writes ? sys_writev(descriptor, vector, (long)count) : sys_readv(descriptor, vector, (long)count);
}
