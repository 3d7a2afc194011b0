#include "fixture.h"

#include <ftw.h>
#include <stdio.h>

#define SECRET "nobody's business"

const char *host_path(struct guest *guest, const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", guest->root, name);
    return path;
}

void host_file(struct guest *guest, const char *name, const char *text) {
    int fd = open(host_path(guest, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

void host_link(struct guest *guest, const char *target, const char *name) {
    assert_int_equal(symlink(target, host_path(guest, name)), 0);
}

bool host_exists(struct guest *guest, const char *name) {
    return access(host_path(guest, name), F_OK) == 0;
}

static void host_directory(struct guest *guest, const char *name) {
    assert_int_equal(mkdir(host_path(guest, name), 0755), 0);
}

void create_files(struct guest *guest) {
    snprintf(guest->root, sizeof guest->root, "/tmp/orc-hostcalls-XXXXXX");
    assert_non_null(mkdtemp(guest->root));
    host_directory(guest, "rw");
    host_directory(guest, "rw/sub");
    host_directory(guest, "ro");
    host_directory(guest, "ro/sub");
    host_directory(guest, "outside");
    host_file(guest, "secret", SECRET);
    host_file(guest, "outside/secret", SECRET);
    host_file(guest, "rw/file", "writable");
    host_file(guest, "rw/sub/file", "deeper");
    host_file(guest, "ro/file", "read-only");
    host_file(guest, "log", "");
}

uint64_t grant(struct guest *guest, int fd, unsigned rights) {
    struct orc_file *file = NULL;
    struct orc_error error = {0};
    uint32_t handle = ORC_NO_HANDLE;
    assert_true(fd >= 0);
    if (orc_file_create(guest->base.cell, fd, &file, &error) != 0 ||
        orc_compartment_grant_file(guest->base.compartment, file, rights, &handle, &error) != 0)
        fail_msg("%s", error.message);
    orc_file_release(file);
    close(fd);
    return handle;
}

static void create_compartment_with_grants(struct guest *guest) {
    struct orc_error error = {0};
    const struct orc_compartment_options options = {.name = "guest", .handles = 64, .memory = 64 << 20};
    struct world *world = &guest->base;
    if (orc_compartment_create(world->cell, &options, &world->compartment, &error) != 0 ||
        orc_compartment_grant(world->compartment, world->object, &error) != 0)
        fail_msg("%s", error.message);
    assert_int_equal(grant(guest, open(host_path(guest, "rw"), O_PATH | O_DIRECTORY | O_CLOEXEC),
                           ORC_GRANT_READ | ORC_GRANT_WRITE),
                     RW);
    assert_int_equal(grant(guest, open(host_path(guest, "ro"), O_RDONLY | O_DIRECTORY | O_CLOEXEC), ORC_GRANT_READ),
                     RO);
    assert_int_equal(grant(guest, open(host_path(guest, "log"), O_RDWR | O_APPEND | O_CLOEXEC), ORC_GRANT_WRITE),
                     LOG);
}

void start_guest(struct guest *guest) {
    struct orc_error error = {0};
    if (orc_cell_create(NULL, &guest->base.cell, &error) != 0)
        fail_msg("%s", error.message);
    guest->base.object = create_object(guest->base.cell);
    create_compartment_with_grants(guest);
    guest->base.thread = create_thread(guest->base.compartment);
    const uint64_t writable = ORC_MEMORY_READ | ORC_MEMORY_WRITE;
    assert_int_equal(HOSTCALL(ORC_MAP, MEMORY, MEMORY_SIZE, writable), 0);
    assert_int_equal(HOSTCALL(ORC_MAP, READ_ONLY, ORC_PAGE_SIZE, ORC_MEMORY_READ), 0);
}

void create_guest(void **state) {
    struct guest *guest = calloc(1, sizeof *guest);
    assert_non_null(guest);
    create_files(guest);
    start_guest(guest);
    *state = guest;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk) {
    (void)status, (void)type, (void)walk;
    return remove(path);
}

void remove_files(struct guest *guest) {
    int fd = open(host_path(guest, "secret"), O_RDONLY | O_CLOEXEC);
    char text[64] = "";
    assert_true(read(fd, text, sizeof text - 1) >= 0);
    close(fd);
    assert_string_equal(text, SECRET);
    assert_int_equal(nftw(guest->root, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void destroy_guest(void **state) {
    remove_files(*state);
    destroy_world(state);
}

int64_t hostcall(struct guest *guest, const uint64_t arguments[6]) {
    return returned(call_program(&guest->base, PROGRAM(hostcall), arguments));
}

void *at(struct guest *guest, uint32_t address) {
    return orc_compartment_slot(guest->base.compartment) + address;
}

uint32_t put(struct guest *guest, uint32_t address, const void *bytes, size_t size) {
    memcpy(at(guest, address), bytes, size);
    return address;
}

uint32_t path_at(struct guest *guest, uint32_t directory, const char *text) {
    static unsigned turn;
    uint32_t where = MEMORY + turn++ % 4 * 0x2000;
    uint32_t length = (uint32_t)strlen(text);
    put(guest, where + 0x100, text, length);
    struct orc_path path = {directory, where + 0x100, length};
    return put(guest, where, &path, sizeof path);
}

int64_t open_at(struct guest *guest, uint32_t directory, const char *text, uint64_t flags, uint64_t mode) {
    return HOSTCALL(ORC_OPEN, path_at(guest, directory, text), flags, mode);
}

uint64_t opened(struct guest *guest, uint32_t directory, const char *text, uint64_t flags) {
    int64_t handle = open_at(guest, directory, text, flags, flags & O_CREAT ? 0644 : 0);
    if (handle < 0)
        fail_msg("%s: %s", text, strerror((int)-handle));
    return (uint64_t)handle;
}

const char *contents(struct guest *guest, uint64_t handle) {
    memset(at(guest, BUFFER), 0, 0x1000);
    int64_t got = HOSTCALL(ORC_READ_AT, handle, BUFFER, 0xfff, 0);
    assert_true(got >= 0);
    return at(guest, BUFFER);
}
