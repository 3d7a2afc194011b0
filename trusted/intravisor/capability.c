/* The capability list. A handle is an index into it; what stands there, the guest never sees. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "capability.h"

/* What these watch counts against limits that all tenants of a host's user share. */
#define MAX_EPOLLS 64u
#define MAX_NOTIFIES 4u

/* The owner's count of open files like this one. */
static unsigned *count_of(struct orc_compartment *owner, enum file_kind kind) {
    return &owner->files[kind == FILE_EPOLL ? 1 : kind == FILE_NOTIFY ? 2 : 0];
}

static unsigned limit_of(const struct orc_compartment *owner, enum file_kind kind) {
    return kind == FILE_EPOLL ? MAX_EPOLLS : kind == FILE_NOTIFY ? MAX_NOTIFIES : owner->limits.handles;
}

/* -EMFILE: closed handles count as long as calls wait for the file, or there would be no end of open files.
 */
static int file_new(int fd, enum file_kind kind, struct orc_compartment *owner, struct host_file **file) {
    int status = -EMFILE;
    if (!owner || __atomic_add_fetch(count_of(owner, kind), 1, __ATOMIC_RELAXED) <= limit_of(owner, kind))
        status = (*file = malloc(sizeof **file)) ? 0 : -ENOMEM;
    if (status == 0) {
        **file = (struct host_file){.references = 1, .fd = fd, .kind = kind, .owner = owner};
        return 0;
    }
    close(fd);
    if (owner)
        __atomic_sub_fetch(count_of(owner, kind), 1, __ATOMIC_RELAXED);
    return status;
}

void file_hold(struct host_file *file) {
    __atomic_add_fetch(&file->references, 1, __ATOMIC_RELAXED);
}

void file_put(struct host_file *file) {
    if (__atomic_sub_fetch(&file->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    close(file->fd);
    if (file->kind == FILE_MEMORY)
        memory_refund(file->owner, page_up(file->size));
    if (file->owner)
        __atomic_sub_fetch(count_of(file->owner, file->kind), 1, __ATOMIC_RELAXED);
    free(file);
}

static struct capability *capability_at(const struct orc_compartment *compartment, uint64_t handle) {
    if (handle >= compartment->capability_space || compartment->capabilities[handle].kind == CAPABILITY_NONE)
        return NULL;
    return &compartment->capabilities[handle];
}

/* Doubles the list, up to the quota. */
static int grow(struct orc_compartment *compartment) {
    uint32_t space = compartment->capability_space ? 2 * compartment->capability_space : 8;
    if (space > compartment->limits.handles)
        space = compartment->limits.handles;
    if (space <= compartment->capability_space)
        return -EMFILE;
    struct capability *list = realloc(compartment->capabilities, space * sizeof *list);
    if (!list)
        return -ENOMEM;
    memset(list + compartment->capability_space, 0, (space - compartment->capability_space) * sizeof *list);
    compartment->capabilities = list;
    compartment->capability_space = space;
    return 0;
}

/* The lowest free handle that isn't below `lowest`. */
static int64_t capability_add(struct orc_compartment *compartment, const struct capability *capability,
                              uint32_t lowest) {
    uint32_t handle = compartment->first_free > lowest ? compartment->first_free : lowest;
    while (capability_at(compartment, handle))
        handle++;
    while (handle >= compartment->capability_space) {
        int status = grow(compartment);
        if (status < 0)
            return status;
    }
    compartment->capabilities[handle] = *capability;
    if (lowest == 0)
        compartment->first_free = handle + 1;
    compartment->handle_count++;
    return handle;
}

static void capability_clear(struct orc_compartment *compartment, uint32_t handle) {
    compartment->capabilities[handle] = (struct capability){0};
    compartment->handle_count--;
    if (handle < compartment->first_free)
        compartment->first_free = handle;
}

static int64_t add_file(struct orc_compartment *compartment, struct host_file *file, uint32_t rights) {
    const struct capability capability = {.kind = CAPABILITY_FILE, .rights = rights, .file = file};
    HOLD(compartment->lock);
    int64_t handle = capability_add(compartment, &capability, 0);
    if (handle < 0)
        file_put(file);
    return handle;
}

int64_t capability_add_file(struct orc_compartment *compartment, int fd, enum file_kind kind,
                            uint32_t rights) {
    struct host_file *file;
    int status = file_new(fd, kind, compartment, &file);
    return status < 0 ? status : add_file(compartment, file, rights);
}

int capability_remove(struct orc_compartment *compartment, uint64_t handle) {
    pthread_mutex_lock(&compartment->lock);
    const struct capability *capability = capability_at(compartment, handle);
    struct host_file *file = capability && capability->kind == CAPABILITY_FILE ? capability->file : NULL;
    if (file)
        capability_clear(compartment, (uint32_t)handle);
    pthread_mutex_unlock(&compartment->lock);
    if (!file)
        return -EBADF;
    file_put(file); /* may wait for a disk: not under the lock */
    return 0;
}

static inline int look_up(const struct orc_thread *thread, uint64_t handle, uint32_t rights, uint32_t kinds,
                   struct host_file **file, uint32_t *all_rights) {
    const struct capability *capability = capability_at(thread->compartment, handle);
    if (!capability || capability->kind != CAPABILITY_FILE)
        return -EBADF;
    if ((capability->rights & rights) != (rights & ~RIGHT_OWN))
        return -EACCES;
    if (!((kinds >> capability->file->kind) & 1))
        return -EINVAL;
    if (rights & RIGHT_OWN && capability->rights & RIGHT_GRANTED)
        return -EPERM;
    *file = capability->file;
    if (all_rights)
        *all_rights = capability->rights;
    return 0;
}

int file_get(const struct orc_thread *thread, uint64_t handle, uint32_t rights, uint32_t kinds,
             struct host_file **file, uint32_t *all_rights) {
    HOLD(thread->compartment->lock);
    int status = look_up(thread, handle, rights, kinds, file, all_rights);
    if (status == 0)
        file_hold(*file);
    return status;
}

int file_borrow(const struct orc_thread *thread, uint64_t handle, uint32_t rights, uint32_t kinds,
                struct host_file **file, uint32_t *all_rights, bool *counted) {
    *counted = __atomic_load_n(&thread->compartment->threaded, __ATOMIC_RELAXED);
    if (__builtin_expect(*counted, 0))
        return file_get(thread, handle, rights, kinds, file, all_rights);
    return look_up(thread, handle, rights, kinds, file, all_rights);
}

int64_t capability_of_grant(struct orc_compartment *compartment, struct grant *grant, uint32_t lowest) {
    const struct capability capability = {.kind = CAPABILITY_OBJECT, .grant = grant};
    int64_t handle = grant->handle;
    if (handle == ORC_NO_HANDLE && (handle = capability_add(compartment, &capability, lowest)) >= 0)
        grant->handle = (uint32_t)handle;
    return handle;
}

struct grant *capability_grant(const struct orc_compartment *compartment, uint64_t handle) {
    const struct capability *capability = capability_at(compartment, handle);
    return capability && capability->kind == CAPABILITY_OBJECT ? capability->grant : NULL;
}

void capability_drop_grant(struct orc_compartment *compartment, struct grant *grant) {
    capability_clear(compartment, grant->handle);
    grant->handle = ORC_NO_HANDLE;
}

void capabilities_release(struct orc_compartment *compartment) {
    for (uint32_t i = 0; i < compartment->capability_space; i++)
        if (compartment->capabilities[i].kind == CAPABILITY_FILE)
            file_put(compartment->capabilities[i].file);
    free(compartment->capabilities);
    compartment->capabilities = NULL;
    compartment->capability_space = 0;
}

/* --- What the embedder grants: a struct orc_file is a reference to a struct host_file --- */

/* The kind of a host descriptor, or -errno. */
static int kind_of(int fd, struct orc_error *error) {
    struct stat status;
    struct statfs system;
    if (fstat(fd, &status) != 0)
        return failed(error, errno, "grant: not a descriptor");
    if (fstatfs(fd, &system) == 0 && (unsigned)system.f_type == PROC_SUPER_MAGIC)
        return fail(error, EPERM, "grant: descriptor %d: a proc file system leads to all of this process",
                    fd);
    if (S_ISDIR(status.st_mode))
        return FILE_DIRECTORY;
    if (S_ISREG(status.st_mode))
        return FILE_REGULAR;
    return S_ISSOCK(status.st_mode) ? FILE_SOCKET : FILE_STREAM;
}

int orc_file_create(struct orc_cell *cell, int fd, struct orc_file **file, struct orc_error *error) {
    (void)cell;
    int kind = kind_of(fd, error);
    if (kind < 0)
        return kind;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy < 0)
        return failed(error, errno, "grant: can't duplicate the descriptor");
    int status = file_new(copy, (enum file_kind)kind, NULL, (struct host_file **)file);
    return status < 0 ? fail(error, -status, "grant: no memory") : 0;
}

void orc_file_release(struct orc_file *file) {
    if (file)
        file_put((struct host_file *)file);
}

int orc_compartment_grant_file(struct orc_compartment *compartment, struct orc_file *file, unsigned rights,
                               uint32_t *handle, struct orc_error *error) {
    if (rights & ~(ORC_GRANT_READ | ORC_GRANT_WRITE))
        return fail(error, EINVAL, "grant: 0x%x aren't rights", rights);
    _Static_assert(ORC_GRANT_READ == RIGHT_READ && ORC_GRANT_WRITE == RIGHT_WRITE, "one set of numbers");
    if (compartment->started && !compartment->threaded) /* its thread looks into the C-list without a lock */
        return fail(error, EBUSY, "grant: the compartment runs already");
    struct host_file *shared = (struct host_file *)file;
    file_hold(shared);
    int64_t added = add_file(compartment, shared, rights | RIGHT_GRANTED);
    if (added < 0)
        return failed(error, (int)-added, "grant: no handle is left");
    *handle = (uint32_t)added;
    return 0;
}
