/* Regular files and directories by a host handle. The host keeps no position of them: it's kept here. */
#include <errno.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include "file.h"
#include "names.h"
#include "span.h"
#include "thread.h"

#define RWF_APPEND 0x10 /* of the host: this C library has no name for it */
#define AT_END (-1) /* position after a write to a file that only grows: its end, which others may move */

/* With the position locked. */
static long current_position(struct file *file) {
    if (file->position != AT_END)
        return file->position;
    struct orc_status status;
    long error = orc_hostcall(ORC_STATUS, file->handle, (long)&status, 0, 0, 0);
    return error ? error : (file->position = status.size);
}

/* The host moves so much at once, and regular files move all that they are asked for. */
#define MOST_AT_ONCE 0x1000000

static long transfer(long call, struct file *file, const char *buffer, size_t length, int64_t position) {
    size_t done = 0;
    for (;;) {
        size_t part = length - done < MOST_AT_ONCE ? length - done : MOST_AT_ONCE;
        long result = libos_blocking(call, file->handle, (long)(buffer + done), part, position + done, 0);
        if (result < 0)
            return done ? (long)done : result;
        done += result;
        if (part < MOST_AT_ONCE || result < (long)part || done == length)
            return done;
    }
}

static long host_read(struct file *file, void *buffer, size_t length, int64_t position) {
    if (position >= 0 && length <= MOST_AT_ONCE)
        return libos_blocking_repeated_later(ORC_READ_AT, file->handle, (long)buffer, length, position);
    if (position >= 0)
        return transfer(ORC_READ_AT, file, buffer, length, position);
    libos_lock(&file->lock);
    long result = current_position(file);
    if (result >= 0 && (result = transfer(ORC_READ_AT, file, buffer, length, result)) > 0)
        file->position += result;
    libos_unlock(&file->lock);
    return result;
}

/* The host writes at the end, whatever the position. */
static long append(struct file *file, const char *buffer, size_t length) {
    const struct orc_span span = {(uint32_t)(uintptr_t)buffer,
                                  (uint32_t)(length < MOST_AT_ONCE ? length : MOST_AT_ONCE)};
    long done = libos_blocking(ORC_WRITE_VECTOR, file->handle, (long)&span, 1, 0, RWF_APPEND);
    if (done < (long)MOST_AT_ONCE || length <= MOST_AT_ONCE)
        return done;
    long rest = append(file, buffer + done, length - (size_t)done);
    return rest < 0 ? done : done + rest;
}

/* O_SYNC and O_DSYNC are the libOS' business. */
static long synced(struct file *file, long written) {
    if (written > 0 && file->flags & O_DSYNC) {
        long error = libos_blocking(ORC_SYNC, file->handle, (file->flags & O_SYNC) != O_SYNC, 0, 0, 0);
        return error < 0 ? error : written;
    }
    return written;
}

static void moved(struct file *file, long written) {
    if (written > 0)
        file->position = file->flags & O_APPEND ? AT_END : file->position + written;
}

static long host_write(struct file *file, const void *buffer, size_t length, int64_t position) {
    bool appends = file->flags & O_APPEND;
    if (position >= 0)
        return synced(file, appends ? append(file, buffer, length)
                                    : transfer(ORC_WRITE_AT, file, buffer, length, position));
    libos_lock(&file->lock);
    long result = appends ? append(file, buffer, length) : current_position(file);
    if (!appends && result >= 0)
        result = transfer(ORC_WRITE_AT, file, buffer, length, result);
    moved(file, result);
    libos_unlock(&file->lock);
    return synced(file, result);
}

static long host_read_vector(struct file *file, const struct iovec *vector, int count, int64_t position) {
    struct spans spans;
    if (!spans_make(&spans, vector, count))
        return -ENOMEM;
    libos_lock(&file->lock);
    long result = position < 0 ? current_position(file) : position;
    if (result >= 0)
        result = libos_blocking(ORC_READ_VECTOR, file->handle, (long)spans.all, count, result, 0);
    if (result > 0 && position < 0)
        file->position += result;
    libos_unlock(&file->lock);
    spans_free(&spans);
    return result;
}

static long host_write_vector(struct file *file, const struct iovec *vector, int count, int64_t position) {
    struct spans spans;
    if (!spans_make(&spans, vector, count))
        return -ENOMEM;
    libos_lock(&file->lock);
    bool appends = file->flags & O_APPEND;
    long result = position >= 0 ? position : appends ? 0 : current_position(file);
    if (result >= 0) {
        result = libos_blocking(ORC_WRITE_VECTOR, file->handle, (long)spans.all, count, result,
                                appends ? RWF_APPEND : 0);
        if (position < 0)
            moved(file, result);
    }
    libos_unlock(&file->lock);
    spans_free(&spans);
    return synced(file, result);
}

static long host_status(struct file *file, struct stat *status) {
    long result = orc_hostcall(ORC_STATUS, file->handle, (long)status, ORC_STATUS_OF_LINUX, 0, 0);
    if (!result && file->shown_device)
        status->st_dev = file->shown_device;
    return result;
}

/* A granted file's holes aren't told: of those the only one is at the end. */
static int64_t next_part(struct file *file, int64_t offset, int whence, int64_t size) {
    long found = orc_hostcall(ORC_SEEK, file->handle, offset, whence, 0, 0);
    if (found != -EPERM && found != -EACCES)
        return found;
    return offset < 0 || offset >= size ? -ENXIO : whence == SEEK_HOLE ? size : offset;
}

static int64_t seek_target(struct file *file, int64_t offset, int whence) {
    struct orc_status status;
    int64_t base = 0;
    if (whence == SEEK_CUR) {
        base = current_position(file);
    } else if (whence != SEEK_SET) {
        long error = orc_hostcall(ORC_STATUS, file->handle, (long)&status, 0, 0, 0);
        if (error)
            return error;
        if (whence != SEEK_END)
            return next_part(file, offset, whence, (int64_t)status.size);
        base = (int64_t)status.size;
    }
    if (base < 0 || __builtin_add_overflow(base, offset, &offset))
        return base < 0 ? base : -EOVERFLOW;
    return offset < 0 ? -EINVAL : offset;
}

static long host_seek(struct file *file, int64_t offset, int whence) {
    if (whence < SEEK_SET || whence > SEEK_HOLE)
        return -EINVAL;
    libos_lock(&file->lock);
    int64_t target;
    if (file->directory) {
        target = whence == SEEK_SET              ? orc_hostcall(ORC_REWIND, file->handle, offset, 0, 0, 0)
                 : whence == SEEK_CUR && !offset ? 0
                                                 : -EINVAL;
        if (!target)
            target = whence == SEEK_SET ? offset : file->position;
    } else {
        target = seek_target(file, offset, whence);
    }
    if (target >= 0)
        file->position = target;
    libos_unlock(&file->lock);
    return target;
}

static long host_truncate(struct file *file, int64_t size) {
    return orc_hostcall(ORC_TRUNCATE, file->handle, size, 0, 0, 0);
}

struct entry_header { /* struct linux_dirent64 */
    uint64_t inode;
    int64_t offset;
    uint16_t length;
};

static bool is_directory(struct file *file) {
    struct stat status;
    return !host_status(file, &status) && S_ISDIR(status.st_mode);
}

static long host_entries(struct file *file, void *buffer, size_t length) {
    if (file->by_path && !is_directory(file))
        return -ENOTDIR;
    if (file->by_path) { /* from here on it's one of those that the libOS lists */
        file->operations = &directory_operations;
        return directory_operations.entries(file, buffer, length);
    }
    libos_lock(&file->lock);
    long result = orc_hostcall(ORC_ENTRIES, file->handle, (long)buffer, length, 0, 0);
    if (result >= 0)
        file->directory = true;
    for (long done = 0; done < result;) {
        const struct entry_header *entry = (const void *)((char *)buffer + done);
        file->position = entry->offset;
        done += entry->length;
    }
    libos_unlock(&file->lock);
    return result;
}

static long host_control(struct file *file, unsigned long request, long argument) {
    struct stat status;
    if (request != FIONREAD)
        return -ENOTTY;
    long error = host_status(file, &status);
    if (error)
        return error;
    libos_lock(&file->lock);
    int64_t left = status.st_size - current_position(file);
    libos_unlock(&file->lock);
    *(int *)argument = left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left;
    return 0;
}

static long host_set_attributes(struct file *file, const struct attributes *attributes) {
    if (file->by_path)
        return path_set_attributes(file, attributes);
    struct attributes host = *attributes;
    if (host.set_owner) {
        struct orc_status status;
        long error = orc_hostcall(ORC_STATUS, file->handle, (long)&status, 0, 0, 0);
        if (error)
            return error;
        if ((host.user != (uint32_t)-1 && host.user != status.user) ||
            (host.group != (uint32_t)-1 && host.group != status.group))
            return -EPERM;
    }
    long error = host.set_mode ? orc_hostcall(ORC_SET_MODE, file->handle, host.mode, 0, 0, 0) : 0;
    if (!error && host.set_times)
        error = orc_hostcall(ORC_SET_TIMES, file->handle, (long)host.times, 0, 0, 0);
    return error;
}

const struct file_operations host_file_operations = {
    .read = host_read,
    .write = host_write,
    .read_vector = host_read_vector,
    .write_vector = host_write_vector,
    .seek = host_seek,
    .status = host_status,
    .truncate = host_truncate,
    .set_attributes = host_set_attributes,
    .entries = host_entries,
    .control = host_control,
};
