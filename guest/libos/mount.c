/* The mounts: those that the launcher names in the boot data, and the libOS' own /dev, /dev/shm, /proc and
 * /sys. */
#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>
#include "heap.h"
#include "names.h"
#include "synthetic.h"

/* Hosts number such devices from 0 upwards. */
#define FIRST_DEVICE 0xffe00u

static struct mount *mounts; /* the root first, an outer mount before those inside it */
static unsigned mount_count;

static const struct {
    const char *path;
    uint8_t kind;
} own_mounts[] = {{"/dev", MOUNT_SYNTHETIC},
                  {"/dev/shm", ORC_MOUNT_MEMORY},
                  {"/proc", MOUNT_SYNTHETIC},
                  {"/sys", MOUNT_SYNTHETIC}};
#define OWN_MOUNTS (sizeof own_mounts / sizeof *own_mounts)

static bool lies_in(const char *path, size_t length, const struct mount *mount) {
    return length >= mount->length && (length == mount->length || path[mount->length] == '/') &&
           !memcmp(path, mount->path, mount->length);
}

/* Keeps the order: before the first mount that lies in it. */
static void add_mount(struct mount mount) {
    unsigned at = 0;
    while (at < mount_count && !lies_in(mounts[at].path, mounts[at].length, &mount))
        at++;
    if (at < mount_count && mounts[at].length == mount.length)
        at++; /* mounted over */
    memmove(mounts + at + 1, mounts + at, (mount_count - at) * sizeof *mounts);
    mounts[at] = mount;
    mount_count++;
    mounts[at].device = (uint32_t)makedev(0, FIRST_DEVICE + mount_count);
}

static void add_boot_mount(const struct orc_mount *from) {
    const char *path = (const char *)(uintptr_t)from->path;
    size_t length = strlen(path);
    while (length && path[length - 1] == '/')
        length--;
    add_mount((struct mount){
        .path = path,
        .length = length,
        .handle = from->kind == ORC_MOUNT_MEMORY ? ORC_NO_HANDLE : from->handle,
        .kind = from->kind,
        .read_only = from->flags & ORC_MOUNT_READ_ONLY,
        .layered = (from->flags & ORC_MOUNT_LAYERED) && from->kind == ORC_MOUNT_DIRECTORY,
    });
}

static void find_inner_mounts(void) {
    for (unsigned outer = 0; outer < mount_count; outer++)
        for (unsigned i = outer + 1; i < mount_count; i++)
            mounts[outer].inner |= lies_in(mounts[i].path, mounts[i].length, &mounts[outer]);
}

/* Without a mount for the root, an empty memory file system is it. */
static bool has_root(const struct orc_mount *list, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        if (!strcmp((const char *)(uintptr_t)list[i].path, "/"))
            return true;
    return false;
}

void mounts_start(void) {
    const struct orc_mount *list = (const void *)(uintptr_t)libos_boot->mounts;
    unsigned count = libos_boot->mount_count;
    mounts = heap_allocate((count + OWN_MOUNTS + 1) * sizeof *mounts);
    if (!mounts) {
        libos_log("no memory for the mounts");
        orc_hostcall(ORC_EXIT, 127, 0, 0, 0, 0);
    }
    if (!has_root(list, count))
        add_mount((struct mount){.path = "", .kind = ORC_MOUNT_MEMORY, .handle = ORC_NO_HANDLE});
    for (unsigned i = 0; i < OWN_MOUNTS; i++)
        add_mount((struct mount){.path = own_mounts[i].path,
                                 .length = strlen(own_mounts[i].path),
                                 .kind = own_mounts[i].kind,
                                 .handle = ORC_NO_HANDLE,
                                 .read_only = own_mounts[i].kind == MOUNT_SYNTHETIC});
    for (unsigned i = 0; i < count; i++)
        add_boot_mount(&list[i]);
    find_inner_mounts();
}

const struct mount *mount_of(const char *path, size_t length) {
    unsigned i = mount_count;
    while (--i && !lies_in(path, length, &mounts[i]))
        ;
    return &mounts[i];
}

const struct mount *mount_at(const char *path, size_t length) {
    for (unsigned i = mount_count; i-- > 0;)
        if (mounts[i].length == length && !memcmp(mounts[i].path, path, length))
            return &mounts[i];
    return NULL;
}

const struct mount *mount_of_device(uint32_t device) {
    unsigned i = mount_count;
    while (--i && mounts[i].device != device)
        ;
    return &mounts[i];
}

const char *mount_beneath(const char *path, size_t length, unsigned *index, size_t *name_length) {
    while (*index < mount_count) {
        const struct mount *mount = &mounts[(*index)++];
        if (mount->length <= length + 1 || memcmp(mount->path, path, length) || mount->path[length] != '/')
            continue;
        const char *name = mount->path + length + 1;
        *name_length = strcspn(name, "/");
        return name;
    }
    return NULL;
}

static bool is_written_by_host(const struct mount *mount) {
    bool host = mount->kind == ORC_MOUNT_DIRECTORY || mount->kind == ORC_MOUNT_FILE;
    return host && !mount->layered && !mount->read_only;
}

uint32_t mount_host_handle(unsigned *index) {
    while (*index < mount_count) {
        const struct mount *mount = &mounts[(*index)++];
        if (is_written_by_host(mount))
            return mount->handle;
    }
    return ORC_NO_HANDLE;
}

uint32_t path_host_handle(struct file *file) {
    libos_lock(&nodes_lock);
    const struct mount *mount = mount_of(file->path, strlen(file->path));
    libos_unlock(&nodes_lock);
    return is_written_by_host(mount) ? mount->handle : ORC_NO_HANDLE;
}

bool is_mount_point(const struct place *place) {
    unsigned index = 0;
    size_t name_length;
    return place->length == place->mount->length ||
           (place->mount->inner && mount_beneath(place->path, place->length, &index, &name_length));
}

/* Nobody can tell when the layer was made. */
static void take_host_root(const struct mount *mount, struct node *root) {
    struct orc_status status;
    if (orc_hostcall(ORC_STATUS, mount->handle, (long)&status, 0, 0, 0) < 0)
        return;
    root->mode = status.mode;
    root->inode = status.inode;
    root->access = status.access;
    root->modification = status.modification;
    root->change = status.change;
}

struct node *mount_layer(const struct mount *mount) {
    if (!mount->root) {
        struct node *root = node_create(mount->device, S_IFDIR | 0755);
        if (!root)
            return NULL;
        root->user = root->group = 0;
        if (mount->kind == ORC_MOUNT_MEMORY && mount->length)
            root->mode = S_IFDIR | 01777;
        root->merged = mount->layered;
        if (mount->layered)
            take_host_root(mount, root);
        ((struct mount *)mount)->root = root;
    }
    return mount->root;
}

static const char *kind_of(const struct mount *mount) {
    return mount->kind == ORC_MOUNT_MEMORY        ? "tmpfs"
           : mount->kind != MOUNT_SYNTHETIC       ? mount->layered ? "overlay" : "host"
           : !strcmp(mount->path, "/dev")         ? "devtmpfs"
           : !strcmp(mount->path, "/sys")         ? "sysfs"
                                                  : "proc";
}

/* The path, with what would end it early spelled as a number. */
static void add_path(struct text *text, const char *path, size_t length) {
    if (!length)
        text_add(text, "/");
    for (size_t i = 0; i < length; i++) {
        if (path[i] == ' ' || path[i] == '\t' || path[i] == '\n' || path[i] == '\\') {
            text_add(text, "\\0");
            text_add_octal(text, (unsigned char)path[i]);
        } else {
            text_add_bytes(text, path + i, 1);
        }
    }
}

static const char *rights_of(const struct mount *mount) {
    return mount->read_only && !mount->layered && mount->kind != MOUNT_SYNTHETIC ? "ro" : "rw";
}

#define CGROUP "/sys/fs/cgroup" /* as programs look for it; it's a part of /sys */

void proc_mounts(struct text *text) {
    for (unsigned i = 0; i < mount_count; i++) {
        text_add(text, kind_of(&mounts[i]));
        text_add(text, " ");
        add_path(text, mounts[i].path, mounts[i].length);
        text_add(text, " ");
        text_add(text, kind_of(&mounts[i]));
        text_add(text, " ");
        text_add(text, rights_of(&mounts[i]));
        text_add(text, ",relatime 0 0\n");
    }
    text_add(text, "cgroup2 " CGROUP " cgroup2 ro,relatime 0 0\n");
}

#define FIRST_NUMBER 20u /* of a mount: the root's */

/* The mount that this one lies in. */
static unsigned outer_of(unsigned index) {
    unsigned outer = index;
    while (outer-- && !lies_in(mounts[index].path, mounts[index].length, &mounts[outer]))
        ;
    return index ? outer : 0;
}

static uint64_t device_of(const struct mount *mount) {
    struct orc_status status;
    bool host = (mount->kind == ORC_MOUNT_DIRECTORY || mount->kind == ORC_MOUNT_FILE) && !mount->layered;
    return host && orc_hostcall(ORC_STATUS, mount->handle, (long)&status, 0, 0, 0) == 0 ? status.device : mount->device;
}

void proc_mount_information(struct text *text) {
    for (unsigned i = 0; i < mount_count; i++) {
        text_add_line(text, "", FIRST_NUMBER + i, " ");
        text_add_line(text, "", i ? FIRST_NUMBER + outer_of(i) : 1, " ");
        text_add_line(text, "", major(device_of(&mounts[i])), ":");
        text_add_line(text, "", minor(device_of(&mounts[i])), " / ");
        add_path(text, mounts[i].path, mounts[i].length);
        text_add(text, " ");
        text_add(text, rights_of(&mounts[i]));
        text_add(text, ",relatime - ");
        text_add(text, kind_of(&mounts[i]));
        text_add(text, " ");
        text_add(text, kind_of(&mounts[i]));
        text_add(text, " ");
        text_add(text, rights_of(&mounts[i]));
        text_add(text, "\n");
    }
    const struct mount *system = mount_of("/sys", 4);
    text_add_line(text, "", FIRST_NUMBER + mount_count, " ");
    text_add_line(text, "", FIRST_NUMBER + (unsigned)(system - mounts), " ");
    text_add_line(text, "", major(system->device), ":");
    text_add_line(text, "", minor(system->device), " / " CGROUP " ro,relatime - cgroup2 cgroup2 rw\n");
}
