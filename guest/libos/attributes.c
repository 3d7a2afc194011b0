/* Modes, owners, times and sizes, by name. */
#include <errno.h>
#include <string.h>
#include <sys/time.h>
#include "files.h"
#include "names.h"
#include "notify.h"

/* Through a handle: it has them changed by those who may write there. */
static long set_by_handle(const struct orc_path *path, const struct attributes *attributes) {
    struct file file = {.operations = &host_file_operations};
    long handle = orc_hostcall(ORC_OPEN, (long)path, O_RDONLY | ORC_NO_LINKS, 0, 0, 0);
    if (handle == -EACCES) /* not readable, but perhaps writable */
        handle = orc_hostcall(ORC_OPEN, (long)path, O_WRONLY | ORC_NO_LINKS, 0, 0, 0);
    if (handle < 0)
        return handle;
    file.handle = handle;
    long error = host_file_operations.set_attributes(&file, attributes);
    orc_hostcall(ORC_CLOSE, handle, 0, 0, 0, 0);
    return error;
}

/* Owners stay as they are on the host's side. */
static long check_owner(const struct attributes *attributes, const struct stat *status) {
    bool same = (attributes->user == (uint32_t)-1 || attributes->user == status->st_uid) &&
                (attributes->group == (uint32_t)-1 || attributes->group == status->st_gid);
    return !attributes->set_owner || same ? 0 : -EPERM;
}

/* Of a FIFO or socket, which is named and not opened. */
static long set_mode_of_name(const struct orc_path *path, mode_t mode) {
    long handle = orc_hostcall(ORC_OPEN, (long)path, O_PATH | O_NOFOLLOW | ORC_NO_LINKS, 0, 0, 0);
    if (handle < 0)
        return handle;
    long error = orc_hostcall(ORC_SET_MODE, handle, mode, 0, 0, 0);
    orc_hostcall(ORC_CLOSE, handle, 0, 0, 0, 0);
    return error == -EBADF ? -EPERM : error;
}

/* By name: so they change of links, too, and of what can't be opened. A mount point has no name on the host's
 * side. */
static long set_host_attributes(struct place *place, const struct attributes *attributes,
                                const struct stat *status) {
    struct orc_path path = place_host(place);
    bool opens = S_ISREG(status->st_mode) || S_ISDIR(status->st_mode);
    long error = check_owner(attributes, status);
    if (error)
        return error;
    if (!path.length || (attributes->set_mode && opens))
        return set_by_handle(&path, attributes);
    if (attributes->set_mode)
        return set_mode_of_name(&path, attributes->mode);
    return attributes->set_times
               ? orc_hostcall(ORC_SET_TIMES_AT, (long)&path, (long)attributes->times, 0, 0, 0)
               : 0;
}

static long set_place_attributes(struct place *place, const struct attributes *attributes) {
    struct stat status;
    long error = place_do_status(place, &status);
    if (!error)
        error = place_writable(place);
    if (!error && attributes->set_mode && S_ISLNK(status.st_mode))
        error = -EOPNOTSUPP;
    if (error)
        return error;
    if (place_by_host(place))
        return set_host_attributes(place, attributes, &status);
    error = layer_copy_up(place, false);
    return error ? error : node_set_attributes(place->node, attributes);
}

static long do_set_place_attributes(struct place *place, void *attributes) {
    long error = set_place_attributes(place, attributes);
    if (!error)
        notify_place(place, IN_ATTRIB);
    return error;
}

long path_set_attributes(struct file *file, const struct attributes *attributes) {
    return with_file_path(file, do_set_place_attributes, (void *)attributes);
}

/* AT_EMPTY_PATH: what the descriptor is, even if it only names a place. */
static long set_descriptor_attributes(int descriptor, const struct attributes *attributes) {
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    long error = file->kind == FILE_PATH            ? path_set_attributes(file, attributes)
                 : file->operations->set_attributes ? file->operations->set_attributes(file, attributes)
                                                    : -EPERM;
    file_put(file);
    return error;
}

/* /proc/self/fd/N is what the descriptor is. */
static long do_set_attributes(struct place *place, void *attributes) {
    if (place->descriptor < 0)
        return do_set_place_attributes(place, attributes);
    libos_unlock(&nodes_lock);
    long error = set_descriptor_attributes(place->descriptor, attributes);
    libos_lock(&nodes_lock);
    return error;
}

#define NAME_FLAGS (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)

static long set_named_attributes(int directory, const char *path, int flags,
                                 const struct attributes *attributes) {
    if (flags & ~NAME_FLAGS)
        return -EINVAL;
    if (flags & AT_EMPTY_PATH && !*path && directory != AT_FDCWD)
        return set_descriptor_attributes(directory, attributes);
    unsigned place_flags =
        (flags & AT_SYMLINK_NOFOLLOW ? 0 : PLACE_FOLLOW) | (flags & AT_EMPTY_PATH ? PLACE_EMPTY : 0);
    return with_place(directory, path, place_flags, do_set_attributes, (void *)attributes);
}

long sys_fchmodat2(int directory, const char *path, mode_t mode, int flags) {
    return set_named_attributes(directory, path, flags,
                                &(struct attributes){.set_mode = true, .mode = mode & 07777});
}

long sys_fchmodat(int directory, const char *path, mode_t mode) {
    return sys_fchmodat2(directory, path, mode, 0);
}

long sys_fchownat(int directory, const char *path, uint32_t user, uint32_t group, int flags) {
    return set_named_attributes(directory, path, flags,
                                &(struct attributes){.set_owner = true, .user = user, .group = group});
}

#define NOW 0x3fffffff /* UTIME_NOW */
#define OMIT 0x3ffffffe

#define MOST_SECONDS (INT64_MAX / 1000000000 - 1)

/* In ns, which reach as far as the year 2262: later and earlier ones are that. */
static int64_t file_time(const struct timespec *time) {
    int64_t seconds = time->tv_sec > MOST_SECONDS    ? MOST_SECONDS
                      : time->tv_sec < -MOST_SECONDS ? -MOST_SECONDS
                                                     : time->tv_sec;
    int64_t nanoseconds = seconds * 1000000000 + (time->tv_nsec < 1000000000 ? time->tv_nsec : 0);
    bool special = nanoseconds == ORC_TIME_NOW || nanoseconds == ORC_TIME_OMIT; /* just before 1970 */
    return time->tv_nsec == NOW    ? ORC_TIME_NOW
           : time->tv_nsec == OMIT ? ORC_TIME_OMIT
           : special               ? nanoseconds - 2
                                   : nanoseconds;
}

static bool is_time(const struct timespec *time) {
    return time->tv_nsec == NOW || time->tv_nsec == OMIT ||
           (time->tv_nsec >= 0 && time->tv_nsec < 1000000000);
}

/* Without a name it's the descriptor's, which has to be open for more than its name. */
static long set_open_times(int descriptor, int flags, const struct attributes *attributes) {
    if (flags)
        return -EINVAL;
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    long error = file->kind == FILE_PATH            ? -EBADF
                 : file->operations->set_attributes ? file->operations->set_attributes(file, attributes)
                                                    : -EPERM;
    file_put(file);
    return error;
}

long sys_utimensat(int directory, const char *path, const struct timespec times[2], int flags) {
    struct attributes attributes = {.set_times = true, .times = {ORC_TIME_NOW, ORC_TIME_NOW}};
    if (times && (!is_time(&times[0]) || !is_time(&times[1])))
        return -EINVAL;
    if (times && times[0].tv_nsec == OMIT && times[1].tv_nsec == OMIT)
        return 0; /* whatever the rest is */
    for (int i = 0; times && i < 2; i++)
        attributes.times[i] = file_time(&times[i]);
    if (!path && directory != AT_FDCWD)
        return set_open_times(directory, flags, &attributes);
    return path ? set_named_attributes(directory, path, flags, &attributes) : -EFAULT;
}

long sys_futimesat(int directory, const char *path, const struct timeval times[2]) {
    struct timespec exact[2];
    for (int i = 0; times && i < 2; i++) {
        if (times[i].tv_usec < 0 || times[i].tv_usec >= 1000000)
            return -EINVAL;
        exact[i] = (struct timespec){.tv_sec = times[i].tv_sec, .tv_nsec = times[i].tv_usec * 1000};
    }
    return sys_utimensat(directory, path, times ? exact : NULL, 0);
}

long sys_utime(const char *path, const long times[2]) {
    struct timespec exact[2];
    for (int i = 0; times && i < 2; i++)
        exact[i] = (struct timespec){.tv_sec = times[i]};
    return sys_utimensat(AT_FDCWD, path, times ? exact : NULL, 0);
}

/* What memory has is changed where it is; the host's file is opened for it. */
static long truncate_node(struct place *place, void *size) {
    struct stat status;
    long error = place_do_status(place, &status);
    if (error || place_by_host(place) || !S_ISREG(status.st_mode) || place->mount->kind == MOUNT_SYNTHETIC)
        return error ? error : -EAGAIN;
    if (libos_file_size_limited && (error = libos_check_growth(status.st_size, *(int64_t *)size)) < 0)
        return error;
    error = layer_copy_up(place, false);
    if (!error)
        error = node_resize(place->node, *(int64_t *)size);
    if (!error)
        notify_place(place, IN_MODIFY);
    return error;
}

long sys_truncate(const char *path, int64_t size) {
    if (size < 0)
        return -EINVAL;
    long error = with_place(AT_FDCWD, path, PLACE_FOLLOW, truncate_node, &size);
    if (error != -EAGAIN)
        return error;
    long descriptor = sys_openat(AT_FDCWD, path, O_WRONLY | O_CLOEXEC | O_NONBLOCK, 0);
    if (descriptor < 0)
        return descriptor == -ENXIO ? -EINVAL : descriptor;
    error = sys_ftruncate(descriptor, size);
    sys_close(descriptor);
    return error;
}
