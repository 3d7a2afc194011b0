/* Extended attributes of files and directories: those that users name. All others (security, system, trusted)
 * mean something to the host. */
#include <linux/limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "path.h"

#define PREFIX "user."
#define PREFIX_LENGTH (sizeof PREFIX - 1)

static bool is_users(const char *name) {
    return strncmp(name, PREFIX, PREFIX_LENGTH) == 0;
}

/* -ERANGE for a name that is too long or has no bytes, -EOPNOTSUPP for one that isn't the users'. */
static int name_get(const struct orc_thread *thread, uint64_t from, uint64_t length,
                    char name[XATTR_NAME_MAX + 1]) {
    if (length == 0 || length > XATTR_NAME_MAX)
        return -ERANGE;
    int status = text_get(thread, guest_pointer(from).address, (uint32_t)length, name);
    return status < 0 ? status : is_users(name) ? 0 : -EOPNOTSUPP;
}

FILE_CALL(call_xattr_get, RIGHT_READ, REGULAR | DIRECTORY) {
    char name[XATTR_NAME_MAX + 1];
    uint64_t size = call->arguments[4] < XATTR_SIZE_MAX ? call->arguments[4] : XATTR_SIZE_MAX;
    void *value = kernel_buffer_to_fill(call->thread, guest_pointer(call->arguments[3]), size);
    int status = name_get(call->thread, call->arguments[1], call->arguments[2], name);
    if (status < 0 || !value)
        return status < 0 ? status : -EFAULT;
    return result_of(fgetxattr(call->fd, name, value, size));
}

FILE_CALL(call_xattr_set, RIGHT_WRITE, REGULAR | DIRECTORY) {
    char name[XATTR_NAME_MAX + 1];
    uint64_t size = call->arguments[4], flags = call->arguments[2] >> 32;
    int status = name_get(call->thread, call->arguments[1], (uint32_t)call->arguments[2], name);
    if (status < 0)
        return status;
    if (size > XATTR_SIZE_MAX)
        return -E2BIG;
    const void *value = kernel_buffer(call->thread, guest_pointer(call->arguments[3]), size);
    if (!value)
        return -EFAULT;
    if (flags != 0 && flags != XATTR_CREATE && flags != XATTR_REPLACE)
        return -EINVAL;
    return result_of(fsetxattr(call->fd, name, value, size, (int)flags));
}

/* Moves the names of the users' to the front; answers how many bytes they are. */
static size_t keep_users(char *names, size_t length) {
    size_t kept = 0;
    for (size_t at = 0, size; at < length; at += size) {
        size = strlen(names + at) + 1;
        if (!is_users(names + at))
            continue;
        memmove(names + kept, names + at, size);
        kept += size;
    }
    return kept;
}

static int64_t list(const struct file_call *call, char *names) {
    ssize_t length = flistxattr(call->fd, names, XATTR_LIST_MAX);
    if (length < 0)
        return -errno;
    size_t kept = keep_users(names, (size_t)length);
    if (call->arguments[2] == 0)
        return (int64_t)kept;
    if (kept > call->arguments[2])
        return -ERANGE;
    int status = guest_write(call->thread, guest_pointer(call->arguments[1]), names, kept);
    return status < 0 ? status : (int64_t)kept;
}

FILE_CALL(call_xattr_list, RIGHT_READ, REGULAR | DIRECTORY) {
    char *names = malloc(XATTR_LIST_MAX);
    int64_t result = names ? list(call, names) : -ENOMEM;
    free(names);
    return result;
}

FILE_CALL(call_xattr_remove, RIGHT_WRITE, REGULAR | DIRECTORY) {
    char name[XATTR_NAME_MAX + 1];
    int status = name_get(call->thread, call->arguments[1], call->arguments[2], name);
    return status < 0 ? status : result_of(fremovexattr(call->fd, name));
}
