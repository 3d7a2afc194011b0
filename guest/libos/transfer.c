/* read, write and their kind. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include "file.h"
#include "files.h"
#include "heap.h"
#include "service.h"
#include "notify.h"
#include "span.h"

#define MOST 0x7ffff000ul /* as in Linux: no call moves more */

static long written(long result) {
    async_look();
    if (result == -EPIPE)
        libos_raise(SIGPIPE);
    return result;
}

static long read_file(struct file *file, void *buffer, size_t length, int64_t position) {
    if (!readable(file) || !file->operations->read)
        return readable(file) ? -EINVAL : -EBADF;
    if (file->handle == ORC_NO_HANDLE && !libos_maps(buffer, length)) /* the host looks for itself */
        return -EFAULT;
    long result = file->operations->read(file, buffer, length < MOST ? length : MOST, position);
    if (NOTIFYING && result > 0)
        notify_file_event(file, IN_ACCESS);
    return result;
}

/* RLIMIT_FSIZE. A write that begins inside the limit is cut there. */
static long check_limit(struct file *file, int64_t position, size_t *length) {
    struct stat status;
    if (file->kind != FILE_MEMORY && file->kind != FILE_HOST)
        return 0;
    if (file->operations->status(file, &status) < 0 || !S_ISREG(status.st_mode))
        return 0;
    if (file->flags & O_APPEND)
        position = status.st_size;
    else if (position < 0 && file->operations->seek)
        position = file->operations->seek(file, 0, SEEK_CUR);
    return libos_check_file_size(position, length);
}

static long write_file(struct file *file, const void *buffer, size_t length, int64_t position) {
    if (!writable(file) || !file->operations->write)
        return writable(file) ? -EINVAL : -EBADF;
    if (file->handle == ORC_NO_HANDLE && !libos_maps(buffer, length)) /* the host looks for itself */
        return -EFAULT;
    long result = __builtin_expect(libos_file_size_limited, 0) ? check_limit(file, position, &length) : 0;
    if (!result)
        result = file->operations->write(file, buffer, length < MOST ? length : MOST, position);
    if (NOTIFYING && result > 0)
        notify_file_event(file, IN_MODIFY);
    return result;
}

long sys_read(int descriptor, void *buffer, size_t length) {
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    long result = read_file(file, buffer, length, -1);
    file_put(file);
    return result;
}

long sys_write(int descriptor, const void *buffer, size_t length) {
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    long result = write_file(file, buffer, length, -1);
    file_put(file);
    return written(result);
}

/* Positions are for files that have one. */
static struct file *get_positioned(int descriptor, int64_t offset, long *error) {
    struct file *file = file_get(descriptor);
    *error = !file ? -EBADF : offset < 0 ? -EINVAL : !file->operations->seek ? -ESPIPE : 0;
    if (!*error)
        return file;
    if (file)
        file_put(file);
    return NULL;
}

long sys_pread64(int descriptor, void *buffer, size_t length, int64_t offset) {
    long result;
    struct file *file = get_positioned(descriptor, offset, &result);
    if (!file)
        return result;
    result = read_file(file, buffer, length, offset);
    file_put(file);
    return result;
}

long sys_pwrite64(int descriptor, const void *buffer, size_t length, int64_t offset) {
    long result;
    struct file *file = get_positioned(descriptor, offset, &result);
    if (!file)
        return result;
    result = write_file(file, buffer, length, offset);
    file_put(file);
    return result;
}

static long check_vector(const struct iovec *vector, long count) {
    size_t total = 0;
    if (count < 0 || count > IOV_MAX)
        return -EINVAL;
    if (!libos_maps(vector, (size_t)count * sizeof *vector))
        return -EFAULT;
    for (long i = 0; i < count; i++) {
        if (vector[i].iov_len > MOST || (total += vector[i].iov_len) > MOST)
            return -EINVAL;
    }
    return 0;
}

typedef long transfer_function(struct file *file, void *buffer, size_t length, int64_t position);

/* One call for each span, until one moves less than it was asked for. */
static long transfer_spans(transfer_function *transfer, struct file *file, const struct iovec *vector,
                           long count, int64_t position) {
    long total = 0;
    for (long i = 0; i < count; i++) {
        if (!vector[i].iov_len)
            continue;
        long done =
            transfer(file, vector[i].iov_base, vector[i].iov_len, position < 0 ? -1 : position + total);
        if (done < 0)
            return total ? total : done;
        total += done;
        if ((size_t)done < vector[i].iov_len)
            break;
    }
    return total;
}

static long read_vector(struct file *file, const struct iovec *vector, long count, int64_t position) {
    if (!readable(file))
        return -EBADF;
    long error = check_vector(vector, count);
    if (error)
        return error;
    if (count == 2 && !vector[0].iov_len) /* as the C library's stdio does for unbuffered input */
        return read_file(file, vector[1].iov_base, vector[1].iov_len, position);
    if (file->operations->read_vector && count > 1)
        return file->operations->read_vector(file, vector, count, position);
    return transfer_spans(read_file, file, vector, count, position);
}

static long write_plain(struct file *file, void *buffer, size_t length, int64_t position) {
    return write_file(file, buffer, length, position);
}

static long write_vector(struct file *file, const struct iovec *vector, long count, int64_t position) {
    if (!writable(file))
        return -EBADF;
    long error = check_vector(vector, count);
    if (error)
        return error;
    if (count == 2 && !vector[0].iov_len)
        return write_file(file, vector[1].iov_base, vector[1].iov_len, position);
    if (file->operations->write_vector && count > 1 && !libos_file_size_limited)
        return file->operations->write_vector(file, vector, count, position);
    return transfer_spans(write_plain, file, vector, count, position);
}

long sys_readv(int descriptor, const struct iovec *vector, long count) {
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    long result = read_vector(file, vector, count, -1);
    file_put(file);
    return result;
}

long sys_writev(int descriptor, const struct iovec *vector, long count) {
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    long result = write_vector(file, vector, count, -1);
    file_put(file);
    return written(result);
}

long sys_preadv(int descriptor, const struct iovec *vector, long count, int64_t offset) {
    long result;
    struct file *file = get_positioned(descriptor, offset, &result);
    if (!file)
        return result;
    result = read_vector(file, vector, count, offset);
    file_put(file);
    return result;
}

long sys_pwritev(int descriptor, const struct iovec *vector, long count, int64_t offset) {
    long result;
    struct file *file = get_positioned(descriptor, offset, &result);
    if (!file)
        return result;
    result = write_vector(file, vector, count, offset);
    file_put(file);
    return result;
}

/* What preadv2 and pwritev2 take; these C library headers have no names for them. */
#define FLAG_HIPRI 1
#define FLAG_DSYNC 2
#define FLAG_SYNC 4
#define FLAG_NOWAIT 8
#define FLAG_APPEND 16
#define VECTOR_FLAGS (FLAG_HIPRI | FLAG_DSYNC | FLAG_SYNC | FLAG_NOWAIT | FLAG_APPEND)

/* Whether it can be done without waiting, of what may wait at all. */
static bool is_ready(struct file *file, unsigned events) {
    struct orc_poll poll = {file->handle, (uint16_t)events, 0};
    if (file->operations->ready)
        return file->operations->ready(file) & (events | POLLHUP | POLLERR);
    return file->kind > FILE_TIMER || orc_hostcall(ORC_POLL, (long)&poll, 1, 0, 0, 0) > 0;
}

/* A host's file: the host knows the flags. Offset -1 is the position kept here. */
static long host_vector(struct file *file, long call, const struct iovec *vector, long count, int64_t offset,
                        long flags) {
    struct spans spans;
    long error = check_vector(vector, count);
    if (error)
        return error;
    int64_t at = offset < 0 ? file->operations->seek(file, 0, SEEK_CUR) : offset;
    if (at < 0 || !spans_make(&spans, vector, (unsigned)count))
        return at < 0 ? at : -ENOMEM;
    long result = libos_blocking(call, file->handle, (long)spans.all, count, at, flags);
    spans_free(&spans);
    if (result > 0 && offset < 0)
        file->operations->seek(file, flags & FLAG_APPEND ? 0 : at + result, flags & FLAG_APPEND ? SEEK_END : SEEK_SET);
    return result;
}

/* Writes at the end, of what is kept in memory. */
static long append_vector(struct file *file, const struct iovec *vector, long count, int64_t offset) {
    int64_t before = file->operations->seek(file, 0, SEEK_CUR);
    uint32_t flags = file->flags;
    file->flags |= O_APPEND;
    long result = write_vector(file, vector, count, -1);
    file->flags = flags;
    if (offset >= 0)
        file->operations->seek(file, before, SEEK_SET);
    return result;
}

static long flagged_vector(struct file *file, const struct iovec *vector, long count, int64_t offset, long flags,
                           bool writes) {
    if (!(writes ? writable(file) : readable(file)))
        return -EBADF;
    if (offset < -1 || (offset >= 0 && !file->operations->seek))
        return offset < -1 ? -EINVAL : -ESPIPE;
    if (flags & FLAG_NOWAIT && !is_ready(file, writes ? POLLOUT : POLLIN))
        return -EAGAIN;
    if (file->kind == FILE_HOST)
        return host_vector(file, writes ? ORC_WRITE_VECTOR : ORC_READ_VECTOR, vector, count, offset,
                           flags | (writes && file->flags & O_APPEND ? FLAG_APPEND : 0));
    if (writes && flags & FLAG_APPEND && file->operations->seek)
        return append_vector(file, vector, count, offset);
    return (writes ? write_vector : read_vector)(file, vector, count, offset);
}

static long with_flags(int descriptor, const struct iovec *vector, long count, int64_t offset, long flags,
                       bool writes) {
    if (flags & ~VECTOR_FLAGS)
        return -EOPNOTSUPP;
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    long result = flagged_vector(file, vector, count, offset, flags, writes);
    file_put(file);
    return writes ? written(result) : result;
}

/* Offset -1 is the file's own position. */
long sys_preadv2(int descriptor, const struct iovec *vector, long count, int64_t offset, long flags) {
    if (flags)
        return with_flags(descriptor, vector, count, offset, flags, false);
    return offset == -1 ? sys_readv(descriptor, vector, count)
                        : sys_preadv(descriptor, vector, count, offset);
}

long sys_pwritev2(int descriptor, const struct iovec *vector, long count, int64_t offset, long flags) {
    if (flags)
        return with_flags(descriptor, vector, count, offset, flags, true);
    return offset == -1 ? sys_writev(descriptor, vector, count)
                        : sys_pwritev(descriptor, vector, count, offset);
}

#define COPY_BUFFER 65536u

/* Copies until `length` bytes are moved, the source ends, or the target takes no more. Positions: -1 is the
 * file's own, which moves by what was written. */
static long copy(struct file *out, int64_t out_position, struct file *in, int64_t in_position,
                 size_t length) {
    size_t size = length < COPY_BUFFER ? length : COPY_BUFFER, total = 0;
    bool own = in_position < 0;
    long result = 0;
    if (own && (in_position = in->operations->seek(in, 0, SEEK_CUR)) < 0)
        return in_position;
    char *buffer = heap_allocate(size ? size : 1);
    if (!buffer)
        return -ENOMEM;
    while (total < length) {
        size_t part = length - total < size ? length - total : size;
        long got = result = read_file(in, buffer, part, in_position + total);
        if (got <= 0)
            break;
        result = write_file(out, buffer, got, out_position < 0 ? -1 : out_position + (int64_t)total);
        if (result <= 0)
            break;
        total += result;
        if (result < got)
            break;
    }
    heap_free(buffer, size ? size : 1);
    if (own && total)
        in->operations->seek(in, in_position + total, SEEK_SET);
    return total ? (long)total : result;
}

static long copy_between(int out, int64_t *out_offset, int in, int64_t *in_offset, size_t length) {
    struct file *from = file_get(in), *to = file_get(out);
    long result = -EBADF;
    if (from && to && readable(from) && writable(to)) {
        if (!from->operations->seek || (out_offset && !to->operations->seek))
            result = -EINVAL;
        else if ((in_offset && *in_offset < 0) || (out_offset && *out_offset < 0))
            result = -EINVAL;
        else
            result = copy(to, out_offset ? *out_offset : -1, from, in_offset ? *in_offset : -1,
                          length < MOST ? length : MOST);
    }
    if (from)
        file_put(from);
    if (to)
        file_put(to);
    if (result > 0 && in_offset)
        *in_offset += result;
    if (result > 0 && out_offset)
        *out_offset += result;
    return written(result);
}

static bool appends(int descriptor) {
    struct file *file = file_get(descriptor);
    bool result = file && writable(file) && file->flags & O_APPEND;
    if (file)
        file_put(file);
    return result;
}

long sys_sendfile(int out, int in, int64_t *offset, size_t length) {
    long result = appends(out) ? -EINVAL : copy_between(out, NULL, in, offset, length);
    return result == -EISDIR ? -EINVAL : result;
}

/* Where a copy would begin and end in a regular file; -errno for others. */
struct part {
    struct stat status;
    int64_t start;
};

static long find_part(struct file *file, const int64_t *offset, struct part *part) {
    long error = file->operations->status(file, &part->status);
    if (error)
        return error;
    if (S_ISDIR(part->status.st_mode))
        return -EISDIR;
    if (!S_ISREG(part->status.st_mode) || !file->operations->seek)
        return -EINVAL;
    part->start = offset ? *offset : file->operations->seek(file, 0, SEEK_CUR);
    return part->start < 0 ? -EINVAL : 0;
}

static long check_copy(struct file *in, const int64_t *in_offset, struct file *out, const int64_t *out_offset,
                       size_t length) {
    struct part from, to;
    if (in->kind == FILE_PATH || out->kind == FILE_PATH || !readable(in) || !writable(out) || out->flags & O_APPEND)
        return -EBADF;
    long error = find_part(in, in_offset, &from);
    if (!error)
        error = find_part(out, out_offset, &to);
    if (error)
        return error;
    if (length > (size_t)(INT64_MAX - from.start) || length > (size_t)(INT64_MAX - to.start))
        return -EOVERFLOW;
    bool same = from.status.st_dev == to.status.st_dev && from.status.st_ino == to.status.st_ino;
    int64_t end = from.status.st_size < from.start              ? from.start
                  : from.start + (int64_t)length < from.status.st_size ? from.start + (int64_t)length
                                                                       : from.status.st_size;
    return same && to.start < end && from.start < to.start + (end - from.start) ? -EINVAL : 0;
}

long sys_copy_file_range(int in, int64_t *in_offset, int out, int64_t *out_offset, size_t length, long flags) {
    struct file *from = file_get(in), *to = file_get(out);
    long error = from && to ? 0 : -EBADF;
    if (!error)
        error = flags ? -EINVAL : check_copy(from, in_offset, to, out_offset, length);
    if (from)
        file_put(from);
    if (to)
        file_put(to);
    return error ? error : copy_between(out, out_offset, in, in_offset, length);
}
