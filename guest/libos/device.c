/* /dev/null and its kind. */
#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>
#include "files.h"
#include "synthetic.h"

static long device_status(struct file *file, struct stat *status) {
    memset(status, 0, sizeof *status);
    unsigned minor = file->operations == &null_operations   ? 3
                     : file->operations == &zero_operations ? 5
                     : file->operations == &full_operations ? 7
                                                            : 9;
    status->st_mode = S_IFCHR | 0666;
    status->st_nlink = 1;
    status->st_ino = minor;
    status->st_rdev = makedev(1, minor);
    status->st_blksize = LIBOS_PAGE;
    return 0;
}

static long device_seek(struct file *file, int64_t offset, int whence) {
    (void)file, (void)offset;
    return whence >= SEEK_SET && whence <= SEEK_END ? 0 : -EINVAL;
}

static long read_nothing(struct file *file, void *buffer, size_t length, int64_t position) {
    (void)file, (void)buffer, (void)length, (void)position;
    return 0;
}

static long read_zeros(struct file *file, void *buffer, size_t length, int64_t position) {
    (void)file, (void)position;
    memset(buffer, 0, length);
    return length;
}

static long read_random(struct file *file, void *buffer, size_t length, int64_t position) {
    (void)file, (void)position;
    return sys_getrandom(buffer, length, 0);
}

static long write_away(struct file *file, const void *buffer, size_t length, int64_t position) {
    (void)file, (void)buffer, (void)position;
    return length;
}

static long write_full(struct file *file, const void *buffer, size_t length, int64_t position) {
    (void)file, (void)buffer, (void)position;
    return length ? -ENOSPC : 0;
}

const struct file_operations null_operations = {
    .read = read_nothing, .write = write_away, .seek = device_seek, .status = device_status};
const struct file_operations zero_operations = {
    .read = read_zeros, .write = write_away, .seek = device_seek, .status = device_status};
const struct file_operations full_operations = {
    .read = read_zeros, .write = write_full, .seek = device_seek, .status = device_status};
const struct file_operations random_operations = {
    .read = read_random, .write = write_away, .seek = device_seek, .status = device_status};

struct file *device_terminal(void) {
    struct orc_window window;
    for (int descriptor = 0; descriptor < 3; descriptor++) {
        struct file *file = file_get(descriptor);
        if (file && file->kind == FILE_STREAM &&
            !orc_hostcall(ORC_TERMINAL, file->handle, (long)&window, 0, 0, 0))
            return file;
        if (file)
            file_put(file);
    }
    return NULL;
}
