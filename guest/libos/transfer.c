/* read, write and their kind. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include "file.h"
#include "files.h"
#include "heap.h"
#include "notify.h"

#define MOST 0x7ffff000ul /* as in Linux: no call moves more */

static long written(long result) {
    if (result == -EPIPE)
        libos_raise(SIGPIPE);
    return result;
}

static long read_file(struct file *file, void *buffer, size_t length, int64_t position) {
    if (!readable(file) || !file->operations->read)
        return readable(file) ? -EINVAL : -EBADF;
    long result = file->operations->read(file, buffer, length < MOST ? length : MOST, position);
    if (NOTIFYING && result > 0)
        notify_file_event(file, IN_ACCESS);
    return result;
}

static long write_file(struct file *file, const void *buffer, size_t length, int64_t position) {
    if (!writable(file) || !file->operations->write)
        return writable(file) ? -EINVAL : -EBADF;
    long result = file->operations->write(file, buffer, length < MOST ? length : MOST, position);
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

long libos_pread(int fd, void *buffer, size_t length, int64_t offset) {
    return sys_pread64(fd, buffer, length, offset);
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
    if (file->operations->write_vector && count > 1)
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

/* No flags; offset -1 is the file's own position. */
long sys_preadv2(int descriptor, const struct iovec *vector, long count, int64_t offset, long flags) {
    if (flags)
        return -EOPNOTSUPP;
    return offset == -1 ? sys_readv(descriptor, vector, count)
                        : sys_preadv(descriptor, vector, count, offset);
}

long sys_pwritev2(int descriptor, const struct iovec *vector, long count, int64_t offset, long flags) {
    if (flags)
        return -EOPNOTSUPP;
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

long sys_sendfile(int out, int in, int64_t *offset, size_t length) {
    return copy_between(out, NULL, in, offset, length);
}

long sys_copy_file_range(int in, int64_t *in_offset, int out, int64_t *out_offset, size_t length,
                         long flags) {
    struct file *to = file_get(out);
    bool regular = to && to->operations->seek && !(to->flags & O_APPEND);
    if (to)
        file_put(to);
    if (!to)
        return -EBADF;
    if (flags || !regular)
        return flags ? -EINVAL : -EBADF;
    return copy_between(out, out_offset, in, in_offset, length);
}
