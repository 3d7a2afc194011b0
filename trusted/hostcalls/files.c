/* Files beneath granted directories. A path is resolved by the kernel in one step, which never leaves the
 * directory, the mount it lies on, or follows a magic link; what then acts on a name gets the resolved parent
 * and one component. */
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "hostcalls.h"
#include "path.h"

#define RESOLVE_INSIDE (RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV)
#define OPEN_FLAGS                                                                                           \
    (O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_PATH |    \
     O_TMPFILE)
#define NAMELESS (O_TMPFILE & ~O_DIRECTORY) /* the kernel wants both */
#define PLAIN_MODE 0777u /* no set-id bits, no sticky bit */
#define RACES 64         /* a rename elsewhere makes the kernel give up on a path with `..`: try again */

int text_get(const struct orc_thread *thread, uint32_t from, uint32_t length, char *text) {
    if (guest_read(thread, text, (guest_address){from}, length) < 0)
        return -EFAULT;
    bool ends = false; /* no call: C libraries lie far away, which costs more than the loop */
    for (uint32_t i = 0; i < length; i++)
        ends |= text[i] == 0;
    text[length] = 0;
    return ends ? -EINVAL : 0;
}

int path_get(const struct orc_thread *thread, guest_address from, uint32_t rights, struct path *path) {
    struct orc_path asked;
    path->file = NULL;
    path->text = path->few;
    if (guest_read(thread, &asked, from, sizeof asked) < 0)
        return -EFAULT;
    if (asked.length >= ORC_MAX_PATH)
        return -ENAMETOOLONG;
    if (asked.length >= sizeof path->few && !(path->text = malloc(asked.length + 1)))
        return -ENOMEM;
    uint32_t kinds = asked.length > 0 ? DIRECTORY : ANY_KIND;
    int result = text_get(thread, asked.address, asked.length, path->text);
    return result < 0 ? result
                      : file_borrow(thread, asked.directory, rights, kinds, &path->file, &path->rights,
                                    &path->counted);
}

void close_fd(int64_t *fd) {
    if (*fd >= 0)
        close((int)*fd);
}

void path_put(struct path *path) {
    if (path->file && path->counted)
        file_put(path->file);
    if (path->text != path->few)
        free(path->text);
}

int64_t open_beneath(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct open_how how = {
        .flags = flags | O_CLOEXEC | (flags & O_PATH ? 0 : O_NOCTTY | O_NONBLOCK),
        .mode = mode,
        .resolve = RESOLVE_INSIDE | resolve,
    };
    int64_t fd = -EAGAIN;
    for (int i = 0; i < RACES && fd == -EAGAIN; i++)
        fd = host_call(SYS_openat2, directory, (uintptr_t)path, (uintptr_t)&how, sizeof how);
    return fd;
}

/* Takes `fd` over. Devices, pipes and sockets beneath a directory weren't granted by name: their like can do
 * anything. */
static int64_t add_opened(struct orc_thread *thread, int fd, bool by_path, uint32_t rights) {
    struct stat found;
    int64_t result = result_of(fstat(fd, &found));
    enum file_kind kind = FILE_REGULAR;
    if (result == 0 && S_ISDIR(found.st_mode))
        kind = FILE_DIRECTORY;
    else if (result == 0 && !S_ISREG(found.st_mode) && !by_path)
        result = -EACCES;
    if (result == 0)
        return add_handle(thread, fd, kind, rights & BOTH_RIGHTS);
    close(fd);
    return result;
}

/* A file once more, with a position, flags and locks of its own, but no more access than the descriptor has. */
static int64_t open_again(struct orc_thread *thread, const struct path *path, uint64_t flags) {
    int has = fcntl(path->file->fd, F_GETFL);
    if (has < 0)
        return -errno;
    if (path->file->kind != FILE_REGULAR || flags & (O_DIRECTORY | O_PATH))
        return -ENOTDIR;
    bool less = (has & O_ACCMODE) == O_RDWR || (flags & O_ACCMODE) == (uint64_t)(has & O_ACCMODE);
    if (has & O_PATH || !less || (flags & O_TRUNC && (has & O_ACCMODE) == O_RDONLY))
        return -EACCES;
    char name[PROC_NAME_SIZE];
    snprintf(name, sizeof name, PROC_NAME, path->file->fd);
    int how = (int)(flags & (O_ACCMODE | O_TRUNC | O_APPEND)) | (has & O_APPEND) | O_CLOEXEC | O_NOCTTY |
              O_NONBLOCK;
    int64_t fd = result_of(open(name, how));
    return fd < 0 ? fd : add_opened(thread, (int)fd, false, path->rights);
}

/* What the flags need, or -errno when they make no sense. */
static int rights_for(uint64_t flags, uint64_t mode) {
    uint64_t access = flags & O_ACCMODE;
    if (flags & ~(uint64_t)(OPEN_FLAGS | ORC_NO_LINKS) || access == O_ACCMODE)
        return -EINVAL;
    if (flags & O_PATH)
        return 0;
    if (mode & ~(uint64_t)PLAIN_MODE)
        return -EPERM;
    int rights = access == O_RDONLY ? RIGHT_READ : access == O_WRONLY ? RIGHT_WRITE : BOTH_RIGHTS;
    return flags & (O_CREAT | O_TRUNC | NAMELESS) ? rights | (int)RIGHT_WRITE : rights;
}

static uint64_t resolution(uint64_t flags) {
    return flags & ORC_NO_LINKS ? RESOLVE_NO_SYMLINKS : 0;
}

int64_t call_open(struct orc_thread *thread, const uint64_t *arguments) {
    uint64_t flags = arguments[1], mode = flags & (O_CREAT | NAMELESS) ? arguments[2] : 0;
    struct path path CLEANUP(path_put) = {.text = path.few};
    int rights = rights_for(flags, mode);
    int64_t result =
        rights < 0 ? rights : path_get(thread, guest_pointer(arguments[0]), (uint32_t)rights, &path);
    if (result < 0)
        return result;
    if (!*path.text && path.file->kind != FILE_DIRECTORY)
        return open_again(thread, &path, flags);
    const char *text = *path.text ? path.text : ".";
    int64_t fd = open_beneath(path.file->fd, text, flags & OPEN_FLAGS, mode, resolution(flags));
    return fd < 0 ? fd : add_opened(thread, (int)fd, flags & O_PATH, path.rights);
}

/* What a path names, for looking at; -errno in its place. */
static int64_t find(const struct orc_thread *thread, uint64_t from, uint64_t follow, uint64_t flags) {
    struct path path CLEANUP(path_put);
    int64_t result = path_get(thread, guest_pointer(from), 0, &path);
    if (result < 0)
        return result;
    if (!*path.text)
        return result_of(fcntl(path.file->fd, F_DUPFD_CLOEXEC, 0));
    return open_beneath(path.file->fd, path.text, O_PATH | (follow ? 0 : O_NOFOLLOW), 0, resolution(flags));
}

/* A name in the directory itself. */
static bool is_component(const char *text) {
    bool has_slash = false;
    for (const char *at = text; *at; at++)
        has_slash |= *at == '/';
    return *text && !has_slash && !(text[0] == '.' && text[1] == '.' && !text[2]);
}

/* One call that follows no link and goes nowhere tells of such a name, or that it isn't there. 1: the longer way has to,
 * for links that are to be followed, and where another mount begins. */
static int64_t look_at_component(const struct path *path, bool follow, struct statx *found) {
    if (!is_component(path->text))
        return 1;
    int64_t result = host_call_of_five(SYS_statx, path->file->fd, (uintptr_t)path->text,
                                       AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, (uintptr_t)found);
    if (result < 0)
        return result == -ENOSYS || result == -EPERM ? 1 : result;
    bool is_inside = found->stx_attributes_mask & ~found->stx_attributes & STATX_ATTR_MOUNT_ROOT;
    return is_inside && !(follow && S_ISLNK(found->stx_mode)) ? 0 : 1;
}

static int64_t nanoseconds_of(const struct statx_timestamp *time) {
    return to_nanoseconds((struct timespec){.tv_sec = time->tv_sec, .tv_nsec = time->tv_nsec});
}

static int64_t write_found(const struct orc_thread *thread, const struct statx *found, guest_address to) {
    struct orc_status status = {.inode = found->stx_ino, .size = found->stx_size, .blocks = found->stx_blocks};
    status.device = makedev(found->stx_dev_major, found->stx_dev_minor);
    status.special = (uint32_t)makedev(found->stx_rdev_major, found->stx_rdev_minor);
    status.mode = found->stx_mode, status.links = found->stx_nlink;
    status.user = found->stx_uid, status.group = found->stx_gid;
    status.block_size = found->stx_blksize;
    status.access = nanoseconds_of(&found->stx_atime);
    status.modification = nanoseconds_of(&found->stx_mtime);
    status.change = nanoseconds_of(&found->stx_ctime);
    return guest_write(thread, to, &status, sizeof status);
}

/* What a path names is opened to look at it. */
static int64_t status_of_path(struct orc_thread *thread, const struct path *path, bool follow, uint64_t flags,
                              guest_address to) {
    uint64_t how = O_PATH | (follow ? 0 : O_NOFOLLOW);
    if (!*path->text)
        return write_status(thread, path->file->fd, to);
    int64_t fd CLEANUP(close_fd) = open_beneath(path->file->fd, path->text, how, 0, resolution(flags));
    return fd < 0 ? fd : write_status(thread, (int)fd, to);
}

int64_t call_status_at(struct orc_thread *thread, const uint64_t *arguments) {
    uint64_t follow = arguments[1] & ~(uint64_t)ORC_NO_LINKS;
    guest_address to = guest_pointer(arguments[2]);
    if (follow > 1)
        return -EINVAL;
    struct path path UNSET CLEANUP(path_put); /* path_get sets what path_put looks at */
    struct statx found UNSET;
    int64_t result = path_get(thread, guest_pointer(arguments[0]), 0, &path);
    if (result < 0)
        return result;
    result = look_at_component(&path, follow, &found);
    if (result <= 0)
        return result < 0 ? result : write_found(thread, &found, to);
    return status_of_path(thread, &path, follow, arguments[1], to);
}

int64_t call_read_link(struct orc_thread *thread, const uint64_t *arguments) {
    uint64_t length = arguments[2] < ORC_MAX_PATH ? arguments[2] : ORC_MAX_PATH;
    void *buffer = kernel_buffer_to_fill(thread, guest_pointer(arguments[1]), length);
    if (!buffer)
        return -EFAULT;
    if (length == 0 || arguments[3] & ~(uint64_t)ORC_NO_LINKS)
        return -EINVAL;
    int64_t fd CLEANUP(close_fd) = find(thread, arguments[0], false, arguments[3]);
    struct stat found;
    if (fd < 0 || fstat((int)fd, &found) != 0)
        return fd < 0 ? fd : -errno;
    return S_ISLNK(found.st_mode) ? result_of(readlinkat((int)fd, "", buffer, length)) : -EINVAL;
}

/* The position in a granted directory is everybody's: who wants to list it opens it by an empty path. */
FILE_CALL(call_entries, RIGHT_READ | RIGHT_OWN, DIRECTORY) {
    uint64_t length = call->arguments[2] < ORC_MAX_TRANSFER ? call->arguments[2] : ORC_MAX_TRANSFER;
    void *buffer = kernel_buffer_to_fill(call->thread, guest_pointer(call->arguments[1]), length);
    return buffer ? result_of(syscall(SYS_getdents64, call->fd, buffer, length)) : -EFAULT;
}

FILE_CALL(call_rewind, RIGHT_READ | RIGHT_OWN, DIRECTORY) {
    return lseek(call->fd, (off_t)call->arguments[1], SEEK_SET) < 0 ? -errno : 0;
}

/* The last component goes to *name; what is before it is the parent. -ENOTDIR for a slash at the end that
 * doesn't fit. */
static int split(char *path, bool slash_fits, char **name) {
    size_t length = strlen(path);
    if (*path == '/')
        return -EXDEV; /* as the kernel would answer: absolute paths lead out */
    if (length > 0 && path[length - 1] == '/' && !slash_fits)
        return -ENOTDIR;
    while (length > 0 && path[length - 1] == '/')
        path[--length] = 0;
    char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    if (**name == 0)
        return -ENOENT;
    if (strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0)
        return -EINVAL;
    if (slash)
        *slash = 0;
    return 0;
}

int parent_get(const struct orc_thread *thread, uint64_t from, bool slash_fits, struct parent *parent) {
    struct path *path = &parent->path;
    int64_t result = path_get(thread, guest_pointer(from), RIGHT_WRITE, path);
    if (result == 0)
        result = path->file->kind == FILE_DIRECTORY ? split(path->text, slash_fits, &parent->name) : -ENOENT;
    if (result < 0)
        return (int)result;
    parent->directory = path->file->fd;
    if (parent->name == path->text)
        return 0;
    parent->opened = open_beneath(path->file->fd, path->text, O_PATH | O_DIRECTORY, 0, 0);
    parent->directory = (int)parent->opened;
    return parent->directory < 0 ? parent->directory : 0;
}

void parent_put(struct parent *parent) {
    close_fd(&parent->opened);
    path_put(&parent->path);
}

int64_t call_make_directory(struct orc_thread *thread, const uint64_t *arguments) {
    if (arguments[1] & ~(uint64_t)PLAIN_MODE)
        return -EPERM;
    PARENT(parent);
    int status = parent_get(thread, arguments[0], true, &parent);
    return status < 0 ? status : result_of(mkdirat(parent.directory, parent.name, (mode_t)arguments[1]));
}

/* Others can see the name. No path opens it, so it never leads to another compartment or to the host. */
int64_t call_make_fifo(struct orc_thread *thread, const uint64_t *arguments) {
    if (arguments[1] & ~(uint64_t)PLAIN_MODE)
        return -EPERM;
    PARENT(parent);
    int status = parent_get(thread, arguments[0], false, &parent);
    mode_t mode = S_IFIFO | (mode_t)arguments[1];
    return status < 0 ? status : result_of(syscall(SYS_mknodat, parent.directory, parent.name, mode, 0));
}

int64_t call_remove(struct orc_thread *thread, const uint64_t *arguments) {
    if (arguments[1] > 1)
        return -EINVAL;
    PARENT(parent);
    int status = parent_get(thread, arguments[0], arguments[1], &parent);
    return status < 0 ? status
                      : result_of(unlinkat(parent.directory, parent.name, arguments[1] ? AT_REMOVEDIR : 0));
}

int64_t call_rename(struct orc_thread *thread, const uint64_t *arguments) {
    if (arguments[2] != 0 && arguments[2] != RENAME_NOREPLACE && arguments[2] != RENAME_EXCHANGE)
        return -EINVAL;
    PARENT(from);
    PARENT(to);
    int status = parent_get(thread, arguments[0], true, &from);
    if (status == 0)
        status = parent_get(thread, arguments[1], true, &to);
    if (status < 0)
        return status;
    /* glibc's renameat2 makes another system call when there are no flags; the cell's filter knows this one.
     */
    return result_of(syscall(SYS_renameat2, from.directory, from.name, to.directory, to.name, arguments[2]));
}

/* Both sides need the right to write: a link beneath a writable directory makes what it leads to writable. */
int64_t call_link(struct orc_thread *thread, const uint64_t *arguments) {
    PARENT(from);
    PARENT(to);
    int status = parent_get(thread, arguments[0], false, &from);
    if (status == 0)
        status = parent_get(thread, arguments[1], false, &to);
    if (status < 0)
        return status;
    return result_of(linkat(from.directory, from.name, to.directory, to.name, 0)); /* doesn't follow links */
}

/* A file that has no name gets its first. Others have theirs, beneath a grant or not, and call_link looks at rights
 * to it. */
static int64_t name_file(const struct file_call *call, const struct parent *parent) {
    struct stat found;
    char name[PROC_NAME_SIZE];
    if (fstat(call->fd, &found) != 0)
        return -errno;
    if (found.st_nlink != 0)
        return -EPERM;
    snprintf(name, sizeof name, PROC_NAME, call->fd); /* by the descriptor itself would need a capability */
    return result_of(linkat(AT_FDCWD, name, parent->directory, parent->name, AT_SYMLINK_FOLLOW));
}

FILE_CALL(call_link_handle, RIGHT_WRITE | RIGHT_OWN, REGULAR) {
    PARENT(parent);
    int status = parent_get(call->thread, call->arguments[1], false, &parent);
    return status < 0 ? status : name_file(call, &parent);
}

int64_t call_symbolic_link(struct orc_thread *thread, const uint64_t *arguments) {
    char target[ORC_MAX_PATH];
    if (arguments[2] >= sizeof target)
        return -ENAMETOOLONG;
    PARENT(parent);
    int status = text_get(thread, guest_pointer(arguments[1]).address, (uint32_t)arguments[2], target);
    if (status == 0)
        status = parent_get(thread, arguments[0], false, &parent);
    return status < 0 ? status : result_of(symlinkat(target, parent.directory, parent.name));
}

FILE_CALL(call_truncate, RIGHT_WRITE, REGULAR | MEMORY) {
    if (call->kind == FILE_MEMORY)
        return memory_file_resize(call->thread->compartment, call->file, call->arguments[1]);
    return result_of(ftruncate(call->fd, (off_t)call->arguments[1]));
}

FILE_CALL(call_sync, RIGHT_WRITE, REGULAR | DIRECTORY) {
    switch (call->arguments[1]) {
    case 0:
        return result_of(fsync(call->fd));
    case 1:
        return result_of(fdatasync(call->fd));
    case 2:
        return result_of(syncfs(call->fd));
    default:
        return -EINVAL;
    }
}

/* What is only named (O_PATH) has a mode as well: sockets and FIFOs, but no devices. */
static int64_t set_named_mode(int fd, mode_t mode) {
    char name[PROC_NAME_SIZE];
    struct stat found;
    if (fstat(fd, &found) != 0)
        return -errno;
    if (!S_ISSOCK(found.st_mode) && !S_ISFIFO(found.st_mode))
        return -EBADF;
    snprintf(name, sizeof name, PROC_NAME, fd);
    return result_of(syscall(SYS_fchmodat, AT_FDCWD, name, mode));
}

FILE_CALL(call_set_mode, RIGHT_WRITE, REGULAR | DIRECTORY) {
    if (call->arguments[1] & ~(uint64_t)PLAIN_MODE)
        return -EPERM;
    mode_t mode = (mode_t)call->arguments[1];
    int64_t result = result_of(fchmod(call->fd, mode));
    return result == -EBADF ? set_named_mode(call->fd, mode) : result;
}

static struct timespec file_time(int64_t time) {
    if (time == ORC_TIME_NOW || time == ORC_TIME_OMIT)
        return (struct timespec){0, time == ORC_TIME_NOW ? UTIME_NOW : UTIME_OMIT};
    int64_t seconds = time / NANOSECONDS, rest = time % NANOSECONDS;
    return rest < 0 ? (struct timespec){seconds - 1, rest + NANOSECONDS} : (struct timespec){seconds, rest};
}

static int times_get(const struct orc_thread *thread, uint64_t from, struct timespec both[2]) {
    int64_t times[2];
    if (guest_read(thread, times, guest_pointer(from), sizeof times) < 0)
        return -EFAULT;
    both[0] = file_time(times[0]), both[1] = file_time(times[1]);
    return 0;
}

FILE_CALL(call_set_times, RIGHT_WRITE, REGULAR | DIRECTORY) {
    struct timespec times[2];
    int status = times_get(call->thread, call->arguments[1], times);
    return status < 0 ? status : result_of(futimens(call->fd, times));
}

int64_t call_set_times_at(struct orc_thread *thread, const uint64_t *arguments) {
    struct timespec times[2];
    PARENT(parent);
    int status = parent_get(thread, arguments[0], true, &parent);
    if (status == 0)
        status = times_get(thread, arguments[1], times);
    return status < 0 ? status
                      : result_of(utimensat(parent.directory, parent.name, times, AT_SYMLINK_NOFOLLOW));
}

/* Locks belong to the open file description: the compartments of a cell are one process, and everybody who
 * shares a granted one would share its locks. The kernel looks at the access mode; beyond that, who may only
 * read may not keep others from reading. */
FILE_CALL(call_lock, RIGHT_OWN, REGULAR) {
    struct orc_lock asked;
    guest_address at = guest_pointer(call->arguments[1]);
    if (guest_read(call->thread, &asked, at, sizeof asked) < 0)
        return -EFAULT;
    if (asked.type > F_UNLCK || asked.reserved || call->arguments[2] > ORC_LOCK_QUERY)
        return -EINVAL;
    _Static_assert(F_RDLCK == 0 && F_WRLCK == 1 && F_UNLCK == 2, "there are no other types");
    _Static_assert(F_OFD_SETLKW == F_OFD_SETLK + 1, "as ORC_LOCK's argument");
    if (asked.type == F_WRLCK && !(call->rights & RIGHT_WRITE))
        return -EACCES;
    struct flock lock = {.l_type = (short)asked.type, .l_start = asked.start, .l_len = asked.length};
    uint64_t how = call->arguments[2] == ORC_LOCK_QUERY ? F_OFD_GETLK : F_OFD_SETLK + call->arguments[2];
    int64_t result = host_call(SYS_fcntl, call->fd, how, (uintptr_t)&lock, 0);
    asked = (struct orc_lock){.type = (uint32_t)lock.l_type, .start = lock.l_start, .length = lock.l_len};
    bool answered = result == 0 && call->arguments[2] == ORC_LOCK_QUERY;
    return answered ? guest_write(call->thread, at, &asked, sizeof asked) : result;
}

/* The kernel's other kind of lock, of an open file as well. It doesn't look at the access mode: who may only read may
 * not keep others from reading. */
FILE_CALL(call_flock, RIGHT_OWN, REGULAR | DIRECTORY) {
    uint64_t kind = call->arguments[1];
    if ((kind != LOCK_SH && kind != LOCK_EX && kind != LOCK_UN) || call->arguments[2] > 1)
        return -EINVAL;
    if (kind == LOCK_EX && !(call->rights & RIGHT_WRITE))
        return -EACCES;
    return result_of(flock(call->fd, (int)kind | (call->arguments[2] ? 0 : LOCK_NB)));
}

/* The position isn't used for anything else. */
FILE_CALL(call_seek, RIGHT_READ | RIGHT_OWN, REGULAR | MEMORY) {
    if (call->arguments[2] != SEEK_DATA && call->arguments[2] != SEEK_HOLE)
        return -EINVAL;
    return result_of(lseek(call->fd, (off_t)call->arguments[1], (int)call->arguments[2]));
}

static bool is_allocation(uint64_t mode) {
    return mode == 0 || mode == FALLOC_FL_KEEP_SIZE || mode == (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE) ||
           mode == FALLOC_FL_ZERO_RANGE || mode == (FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE) ||
           mode == FALLOC_FL_COLLAPSE_RANGE || mode == FALLOC_FL_INSERT_RANGE;
}

/* All of a memory file is paid for, but none of what would lie beyond its end. */
FILE_CALL(call_allocate, RIGHT_WRITE, REGULAR | MEMORY) {
    if (!is_allocation(call->arguments[1]))
        return -EINVAL;
    if (call->kind == FILE_MEMORY && call->arguments[1] != (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE))
        return -EOPNOTSUPP;
    off_t offset = (off_t)call->arguments[2], length = (off_t)call->arguments[3];
    return result_of(fallocate(call->fd, (int)call->arguments[1], offset, length));
}

FILE_CALL(call_status_system, 0, REGULAR | DIRECTORY) {
    struct statfs found;
    if (fstatfs(call->fd, &found) != 0)
        return -errno;
    const struct orc_file_system system = {(uint64_t)found.f_bsize, found.f_blocks, found.f_bavail,
                                           found.f_files, found.f_ffree, (uint64_t)found.f_type};
    return guest_write(call->thread, guest_pointer(call->arguments[1]), &system, sizeof system);
}
