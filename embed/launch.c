/* The launcher: a loader for each cell, and from a description to a started compartment. */
#include "orc/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "call.h"
#include "object_file.h"
#include "start_info.h"
#include "zygote.h"

#define MAX_MOUNTS 1024

struct orc_launcher {
    struct orc_cell *cell;
    struct orc_object *object;
    uint32_t base;            /* of the object */
    uint32_t entry;           /* offset from it */
    uint32_t processors;      /* how many this process may run on; 0: unknown */
    struct orc_file *nothing; /* /dev/null, for streams that nobody gave */
};

__attribute__((format(printf, 3, 4))) static int fail(struct orc_error *error, int code, const char *format,
                                                      ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return code;
}

/* --- The loader --- */

char *orc_launch_installed(const char *name) {
    char path[PATH_MAX], *whole;
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length <= 0)
        return NULL;
    path[length] = 0;
    char *slash = strrchr(path, '/');
    if (slash)
        *slash = 0;
    return asprintf(&whole, "%s/../lib/orc/%s", path, name) < 0 ? NULL : whole;
}

/* A verdict of the verifier, for the message of a loader that it rejects. */
static bool note_rejection(void *context, const struct orc_rejection *rejection) {
    *(struct orc_rejection *)context = *rejection;
    return false;
}

static int create_object(struct orc_launcher *launcher, const char *name, const struct object_file *file,
                         struct orc_error *error) {
    struct orc_rejection rejection = {0};
    const struct orc_object_image image = {
        .layout = file->note.layout,
        .constants = file->constants,
        .relocated = file->relocated,
        .imports = file->imports,
        .data = file->data,
        .text = file->text,
        .relocations = file->relocations,
        .name = "libc.so",
        .hash_field = file->hash_field,
    };
    int status =
        orc_object_create(launcher->cell, &image, note_rejection, &rejection, &launcher->object, error);
    if (status == -ENOEXEC)
        return fail(error, status, "%s: rejected by the verifier: rule %d at 0x%x: %s", name, rejection.rule,
                    rejection.offset, rejection.reason ? rejection.reason : "");
    if (status < 0)
        return status;
    launcher->entry = file->entry;
    launcher->base = orc_object_base(launcher->object);
    return 0;
}

static int load(struct orc_launcher *launcher, const char *name, struct orc_error *error) {
    struct object_file file;
    if (!object_file_open(&file, name, error))
        return -ENOEXEC;
    int status = file.entry ? create_object(launcher, name, &file, error)
                            : fail(error, -ENOEXEC, "%s: has no entry: not a dynamic linker", name);
    object_file_close(&file);
    return status;
}

static int open_nothing(struct orc_launcher *launcher, struct orc_error *error) {
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return fail(error, -errno, "/dev/null: %s", strerror(errno));
    int status = orc_file_create(launcher->cell, fd, &launcher->nothing, error);
    close(fd);
    return status;
}

static uint32_t count_processors(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? (uint32_t)CPU_COUNT(&set) : 0;
}

int orc_launcher_create(struct orc_cell *cell, const char *loader, struct orc_launcher **launcher,
                        struct orc_error *error) {
    const char *named = getenv("ORC_LOADER");
    char *installed = loader || (named && *named) ? NULL : orc_launch_installed("sysroot/lib/libc.so");
    const char *name = loader ? loader : installed ? installed : named;
    struct orc_launcher *made = calloc(1, sizeof *made);
    int status = -ENOMEM;
    if (!made || !name || !*name) {
        fail(error, status, "no memory for a launcher, or this program's own path can't be read");
    } else {
        made->cell = cell;
        orc_page_map_open();
        orc_freeze_open();
        made->processors = count_processors();
        status = load(made, name, error);
        if (status == 0)
            status = open_nothing(made, error);
    }
    free(installed);
    if (status == 0) {
        *launcher = made;
        return 0;
    }
    if (made && made->object)
        orc_object_destroy(made->object);
    free(made);
    return status;
}

int orc_launcher_destroy(struct orc_launcher *launcher) {
    if (!launcher)
        return 0;
    int status = orc_object_destroy(launcher->object);
    if (status < 0)
        return status;
    orc_file_release(launcher->nothing);
    free(launcher);
    return 0;
}

/* --- Mounts --- */

static int open_for_mount(const char *path, bool writable, bool *is_regular, struct orc_error *error) {
    struct stat status;
    /* O_PATH first: a FIFO must not block here, and a device must not notice. */
    int place = open(path, O_PATH | O_CLOEXEC), fd;
    char link[64];
    if (place < 0 || fstat(place, &status) < 0) {
        int code = -errno;
        if (place >= 0)
            close(place);
        return fail(error, code, "%s: %s", path, strerror(-code));
    }
    if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode)) {
        close(place);
        return fail(error, -EINVAL, "%s: neither a directory nor a regular file: only those can be mounted",
                    path);
    }
    *is_regular = S_ISREG(status.st_mode);
    snprintf(link, sizeof link, "/proc/self/fd/%d", place);
    fd = open(link, (*is_regular && writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    int code = -errno;
    close(place);
    return fd < 0 ? fail(error, code, "%s: can't be opened for %s: %s", path,
                         writable ? "writing" : "reading", strerror(-code))
                  : fd;
}

int orc_launch_open(struct orc_cell *cell, const char *host_path, enum orc_launch_changes changes,
                    struct orc_launch_mount *mount, struct orc_error *error) {
    int fd = open_for_mount(host_path, changes == ORC_LAUNCH_ON_HOST, &mount->is_regular, error);
    if (fd < 0)
        return fd;
    mount->changes = changes;
    int status = orc_file_create(cell, fd, &mount->file, error);
    close(fd);
    return status;
}

/* --- A compartment --- */

static int check(const struct orc_launch *launch, struct orc_error *error) {
    if (!launch->program || launch->program[0] != '/')
        return fail(error, -EINVAL, "the program %s isn't an absolute path in the compartment",
                    launch->program ? launch->program : "(none)");
    if (!launch->arguments || !launch->arguments[0])
        return fail(error, -EINVAL, "%s: no arguments, not even its own name", launch->program);
    if (launch->zygote && launch->calls)
        return fail(error, -EINVAL,
                    "%s: a clone can't be called: a zygote keeps no connection to its embedder",
                    launch->program);
    if (launch->mount_count == 0 || strcmp(launch->mounts[0].path, "/") != 0)
        return fail(error, -EINVAL, "%s: the first mount must be /", launch->program);
    if (launch->mount_count > MAX_MOUNTS)
        return fail(error, -E2BIG, "%s: %zu mounts; at most %d", launch->program, launch->mount_count,
                    MAX_MOUNTS);
    if (launch->zygote && launch->calls)
        return fail(error, -EINVAL, "%s: functions of a clone can't be called", launch->program);
    if (launch->published_count > ORC_MOST_PUBLISHED)
        return fail(error, -E2BIG, "%s: %zu published ports; at most %d", launch->program,
                    launch->published_count, ORC_MOST_PUBLISHED);
    for (size_t i = 0; i < launch->mount_count; i++)
        if (launch->mounts[i].path[0] != '/')
            return fail(error, -EINVAL, "the mount at %s isn't an absolute path in the compartment",
                        launch->mounts[i].path);
    return 0;
}

static int grant_streams(const struct orc_launcher *launcher, const struct orc_launch *launch,
                         struct orc_compartment *compartment, struct orc_error *error) {
    for (uint32_t i = 0; i < 3; i++) {
        struct orc_file *file = launch->streams[i] ? launch->streams[i] : launcher->nothing;
        uint32_t handle;
        int status =
            orc_compartment_grant_file(compartment, file, ORC_GRANT_READ | ORC_GRANT_WRITE, &handle, error);
        if (status < 0)
            return status;
        if (handle != i)
            return fail(error, -EINVAL, "stream %u became handle %u", i, handle);
    }
    return 0;
}

static int grant_mount(const struct orc_launch_mount *asked, struct orc_mount *mount,
                       struct orc_compartment *compartment, struct orc_error *error) {
    unsigned rights = ORC_GRANT_READ | (asked->changes == ORC_LAUNCH_ON_HOST ? ORC_GRANT_WRITE : 0);
    *mount = (struct orc_mount){.kind = ORC_MOUNT_MEMORY, .handle = ORC_NO_HANDLE};
    if (!asked->file)
        return 0;
    mount->kind = asked->is_regular ? ORC_MOUNT_FILE : ORC_MOUNT_DIRECTORY;
    mount->flags = asked->changes == ORC_LAUNCH_REFUSED     ? ORC_MOUNT_READ_ONLY
                   : asked->changes == ORC_LAUNCH_IN_MEMORY ? ORC_MOUNT_LAYERED
                                                            : 0;
    return orc_compartment_grant_file(compartment, asked->file, rights, &mount->handle, error);
}

/* Handles are given out from 0 upwards. */
static uint32_t count_granted(const struct orc_launch *launch, const struct orc_mount *mounts) {
    uint32_t count = 3;
    for (size_t i = 0; i < launch->mount_count; i++)
        count += mounts[i].handle != ORC_NO_HANDLE;
    return count;
}

static int start_clone(const struct orc_launcher *launcher, const struct orc_launch *launch, uint32_t granted,
                       struct orc_compartment *compartment, struct orc_error *error) {
    const struct orc_compartment_options *limits = &launch->options;
    struct orc_clone_info info = {
        .version = ORC_CLONE_VERSION,
        .thread_limit = limits->threads ? limits->threads : ORC_DEFAULT_THREADS,
        .processors = launcher->processors,
        .granted = granted,
        .memory_limit = limits->memory ? limits->memory : ORC_SLOT_SIZE,
    };
    const char *hostname = launch->hostname ? launch->hostname : orc_compartment_name(compartment);
    if (strlen(hostname) >= sizeof info.hostname)
        return fail(error, -E2BIG, "%s: a clone's host name has %zu bytes at most", launch->program,
                    sizeof info.hostname - 1);
    strcpy(info.hostname, hostname);
    if (launch->published_count > 0)
        memcpy(info.published, launch->published, launch->published_count * sizeof *info.published);
    return orc_zygote_clone(launch->zygote, compartment, &info, error);
}

/* `result`: NULL, or where the result goes: then it also runs, on the calling thread. */
static int start(const struct orc_launcher *launcher, const struct orc_launch *launch,
                 const struct orc_mount *mounts, struct orc_compartment *compartment,
                 struct orc_result *result, struct orc_error *error) {
    struct loader_facts facts = {.base = launcher->base, .processors = launcher->processors};
    size_t size;
    int status;
    facts.handle = count_granted(launch, mounts); /* orc_compartment_start grants the loader next */
    if (launch->zygote)
        return start_clone(launcher, launch, facts.handle, compartment, error);
    if (launch->calls &&
        (status = calls_open(launcher->cell, compartment, launch->calls, &facts.calls, error)) < 0)
        return status;
    facts.handle += launch->calls != NULL;
    void *info = start_info_make(launch, orc_compartment_name(compartment), &facts, mounts, &size, &status);
    if (!info)
        return status == -E2BIG
                   ? fail(error, status, "%s: arguments and environment need more than %u MiB",
                          launch->program, (ORC_START_BLOCK_END - ORC_START_BLOCK) >> 20)
                   : fail(error, status, "%s: start information: %s", launch->program, strerror(-status));
    const struct orc_start where = {
        .object = launcher->object, .entry = launcher->entry, .start_info = info, .start_info_size = size};
    status = result ? orc_compartment_run(compartment, &where, result, error)
                    : orc_compartment_start(compartment, &where, error);
    free(info);
    return status;
}

static int equip(const struct orc_launcher *launcher, const struct orc_launch *launch,
                 struct orc_compartment *compartment, struct orc_result *result, struct orc_error *error) {
    int status = grant_streams(launcher, launch, compartment, error);
    struct orc_mount *mounts = calloc(launch->mount_count, sizeof *mounts);
    if (status == 0 && !mounts)
        status = fail(error, -ENOMEM, "%s: no memory for its mounts", launch->program);
    for (size_t i = 0; status == 0 && i < launch->mount_count; i++)
        status = grant_mount(&launch->mounts[i], &mounts[i], compartment, error);
    for (size_t i = 0; status == 0 && i < launch->network_count; i++)
        status = orc_compartment_grant_network(compartment, &launch->networks[i], error);
    if (status == 0)
        status = start(launcher, launch, mounts, compartment, result, error);
    free(mounts);
    return status;
}

static int launch_or_run(struct orc_launcher *launcher, const struct orc_launch *launch,
                         struct orc_compartment **compartment, struct orc_result *result,
                         struct orc_error *error) {
    struct orc_compartment *made;
    int status = check(launch, error);
    if (status == 0)
        status = orc_compartment_create(launcher->cell, &launch->options, &made, error);
    if (status < 0)
        return status;
    if (launch->calls)
        *launch->calls = NULL;
    status = equip(launcher, launch, made, result, error);
    if (status < 0) {
        struct orc_result ended;
        orc_compartment_kill(made); /* some threads of a clone may have been started */
        orc_compartment_wait(made, UINT64_MAX, &ended);
        if (launch->calls)
            orc_calls_close(*launch->calls);
        orc_compartment_destroy(made);
        return status;
    }
    *compartment = made;
    return 0;
}

int orc_launch(struct orc_launcher *launcher, const struct orc_launch *launch,
               struct orc_compartment **compartment, struct orc_error *error) {
    return launch_or_run(launcher, launch, compartment, NULL, error);
}

int orc_launch_run(struct orc_launcher *launcher, const struct orc_launch *launch,
                   struct orc_compartment **compartment, struct orc_result *result, struct orc_error *error) {
    return launch_or_run(launcher, launch, compartment, result, error);
}
