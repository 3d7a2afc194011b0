#include "world.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../intravisor/programs.h"
#include "calls.h"
#include "orc/hostcall.h"

struct orc_object_image programs_image(void); /* tests/intravisor/fixture.c */

#define RIGHTS (ORC_GRANT_READ | ORC_GRANT_WRITE)

static bool file_make(const struct world *world, const char *name) {
    int fd = openat(world->around, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    bool good = fd >= 0 && write(fd, WHOLE, sizeof WHOLE - 1) == sizeof WHOLE - 1;
    close(fd);
    return good;
}

static bool file_is_whole(const struct world *world, const char *name) {
    char text[64] = "";
    struct stat status;
    int fd = openat(world->around, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool good = fd >= 0 && read(fd, text, sizeof text - 1) == sizeof WHOLE - 1 && strcmp(text, WHOLE) == 0 &&
                fstat(fd, &status) == 0 && status.st_mode == (S_IFREG | 0644) && status.st_nlink == 1;
    close(fd);
    return good;
}

static unsigned entries(const struct world *world, const char *name) {
    unsigned count = 0;
    int fd = openat(world->around, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    while (directory && readdir(directory))
        count++;
    if (directory)
        closedir(directory);
    return count;
}

/* Fresh files to play with, and ways that seem to lead out. */
static bool fill_writable(const struct world *world) {
    char absolute[96];
    snprintf(absolute, sizeof absolute, "%s/secret", world->root);
    return mkdirat(world->around, "rw", 0755) == 0 && mkdirat(world->around, "rw/sub", 0755) == 0 &&
           file_make(world, "rw/file") && symlinkat("../secret", world->around, "rw/out") == 0 &&
           symlinkat("../outside", world->around, "rw/link") == 0 && symlinkat("sub/../..", world->around, "rw/up") == 0 &&
           symlinkat(absolute, world->around, "rw/absolute") == 0 && mkfifoat(world->around, "rw/fifo", 0666) == 0;
}

static bool make_files(struct world *world) {
    snprintf(world->root, sizeof world->root, "/tmp/orc-fuzz-XXXXXX");
    if (!mkdtemp(world->root))
        return false;
    world->around = open(world->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    umask(022);
    return mkdirat(world->around, "ro", 0755) == 0 && mkdirat(world->around, "outside", 0755) == 0 &&
           mkdirat(world->around, "ro/sub", 0755) == 0 && file_make(world, "ro/file") && file_make(world, "ro/sub/a") &&
           file_make(world, "secret") && file_make(world, "outside/secret") && file_make(world, "outside/file") &&
           file_make(world, "log") && fill_writable(world);
}

static bool grant(struct world *world, struct orc_compartment *compartment, int fd, unsigned rights) {
    struct orc_file *file;
    uint32_t handle;
    if (fd < 0 || orc_file_create(world->cell, fd, &file, &world->error) != 0)
        return false;
    bool good = orc_compartment_grant_file(compartment, file, rights, &handle, &world->error) == 0;
    orc_file_release(file);
    close(fd);
    return good;
}

static bool grant_named(struct world *world, struct orc_compartment *compartment, const char *name, int flags,
                        unsigned rights) {
    return grant(world, compartment, openat(world->around, name, flags | O_CLOEXEC), rights);
}

static bool grant_streams(struct world *world, struct orc_compartment *compartment) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    return grant(world, compartment, pair[0], RIGHTS) && grant(world, compartment, pair[1], RIGHTS) &&
           grant_named(world, compartment, "log", O_RDWR, RIGHTS);
}

static bool grant_network(struct world *world, struct orc_compartment *compartment) {
    struct orc_network_grant v4 = {.family = 2, .address = {127, 0, 0, 1}, .prefix = 32};
    v4.first_port = GRANTED_FIRST_PORT;
    v4.last_port = GRANTED_LAST_PORT;
    if (orc_compartment_grant_network(compartment, &v4, &world->error) != 0)
        return false;
    v4.connect = true;
    return orc_compartment_grant_network(compartment, &v4, &world->error) == 0;
}

/* A first thread that sleeps, and rests when it can: without it the compartment would end with the first thread that the guest makes. */
static bool start(struct world *world, struct orc_compartment *compartment) {
    static const uint64_t script[3][8] = {{ORC_POLL, 0, 0, 2000000}, {ORC_POLL, 0, 0, 3600000000000, 1}, {UINT64_MAX}};
    const struct orc_start first = {.object = world->object,
                                    .entry = PROGRAM(repeat_script),
                                    .start_info = script,
                                    .start_info_size = sizeof script};
    struct orc_thread *thread; /* from here on the compartment takes threads of ours */
    return orc_thread_create(compartment, &thread, &world->error) == 0 && orc_thread_destroy(thread) == 0 &&
           orc_compartment_start(compartment, &first, &world->error) == 0;
}

struct orc_compartment *world_compartment(struct world *world) {
    struct orc_compartment *compartment;
    const struct orc_compartment_options options = {.name = "hostile", .memory = 16 << 20, .handles = HANDLES,
                                                    .threads = 12, .registered = 1 << 20};
    if (orc_compartment_create(world->cell, &options, &compartment, &world->error) != 0)
        return NULL;
    if (grant_named(world, compartment, "rw", O_PATH, RIGHTS) &&
        grant_named(world, compartment, "ro", O_RDONLY, ORC_GRANT_READ) &&
        grant_named(world, compartment, "log", O_WRONLY | O_APPEND, ORC_GRANT_WRITE) &&
        grant_streams(world, compartment) && grant_network(world, compartment) && start(world, compartment))
        return compartment;
    orc_compartment_destroy(compartment);
    return NULL;
}

static bool make_neighbour(struct world *world) {
    const struct orc_compartment_options options = {.name = "neighbour"};
    return orc_compartment_create(world->cell, &options, &world->neighbour, &world->error) == 0 &&
           orc_compartment_grant(world->neighbour, world->object, &world->error) == 0 &&
           grant_named(world, world->neighbour, "secret", O_RDONLY, ORC_GRANT_READ);
}

bool world_create(struct world *world) {
    const struct orc_object_image image = programs_image();
    const struct orc_cell_options options = {.patience = 1000000};
    return make_files(world) && orc_cell_create(&options, &world->cell, &world->error) == 0 &&
           orc_object_create(world->cell, &image, NULL, NULL, &world->object, &world->error) == 0 &&
           make_neighbour(world);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk) {
    (void)type, (void)walk;
    if (S_ISDIR(status->st_mode))
        return rmdir(path);
    return unlink(path);
}

static int open_up(const char *path, const struct stat *status, int type, struct FTW *walk) {
    (void)type, (void)walk;
    return S_ISDIR(status->st_mode) ? chmod(path, 0700) : 0;
}

static bool remove_tree(const struct world *world, const char *name) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", world->root, name);
    return nftw(path, open_up, 16, FTW_PHYS) == 0 && nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0;
}

const char *world_damage(struct world *world) {
    if (!file_is_whole(world, "secret") || !file_is_whole(world, "outside/secret") ||
        !file_is_whole(world, "outside/file"))
        return "a file that nobody was granted has changed";
    if (!file_is_whole(world, "ro/file") || !file_is_whole(world, "ro/sub/a"))
        return "a file that was granted for reading has changed";
    /* With "." and "..". */
    if (entries(world, "outside") != 4 || entries(world, "ro") != 4 || entries(world, "ro/sub") != 3 ||
        entries(world, ".") != 7)
        return "a directory that nobody may write to has changed";
    return remove_tree(world, "rw") && fill_writable(world) ? NULL : "can't clean the writable directory";
}

const char *world_destroy(struct world *world) {
    int status = orc_compartment_destroy(world->neighbour);
    if (status == 0)
        status = orc_object_destroy(world->object);
    if (status == 0)
        status = orc_cell_destroy(world->cell);
    close(world->around);
    bool removed = remove_tree(world, ".");
    (void)removed; /* its own name can't be removed through "." */
    rmdir(world->root);
    return status == 0 ? NULL : strerror(-status);
}
