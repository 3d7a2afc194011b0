#include <errno.h>
#include <string.h>
#include "heap.h"
#include "pipe.h"
#include "synthetic.h"
#include <sys/sysmacros.h>

enum synthetic_kind { DIRECTORY, LINK, TEXT, CONSTANT, DEVICE, TERMINAL, DESCRIPTORS };

struct synthetic {
    const char *path;
    enum synthetic_kind kind;
    union {
        const char *string; /* LINK, CONSTANT */
        text_function *text;
        const struct file_operations *operations;
    };
    unsigned device; /* makedev's minor number, of major number 1 */
};

#define PROCESS "/proc/1"

static const struct synthetic table[] = {
    {"/dev", DIRECTORY, {0}, 0},
    {"/dev/null", DEVICE, {.operations = &null_operations}, 3},
    {"/dev/zero", DEVICE, {.operations = &zero_operations}, 5},
    {"/dev/full", DEVICE, {.operations = &full_operations}, 7},
    {"/dev/random", DEVICE, {.operations = &random_operations}, 8},
    {"/dev/urandom", DEVICE, {.operations = &random_operations}, 9},
    {"/dev/tty", TERMINAL, {0}, 0},
    {"/dev/fd", LINK, {"/proc/self/fd"}, 0},
    {"/dev/stdin", LINK, {"/proc/self/fd/0"}, 0},
    {"/dev/stdout", LINK, {"/proc/self/fd/1"}, 0},
    {"/dev/stderr", LINK, {"/proc/self/fd/2"}, 0},
    {"/proc", DIRECTORY, {0}, 0},
    {"/proc/self", LINK, {"1"}, 0},
    {PROCESS, DIRECTORY, {0}, 0},
    {PROCESS "/cmdline", TEXT, {.text = proc_command_line}, 0},
    {PROCESS "/comm", TEXT, {.text = proc_name}, 0},
    {PROCESS "/cwd", LINK, {0}, 0},
    {PROCESS "/environ", TEXT, {.text = proc_environment}, 0},
    {PROCESS "/exe", LINK, {0}, 0},
    {PROCESS "/fd", DESCRIPTORS, {0}, 0},
    {PROCESS "/limits", TEXT, {.text = proc_limits}, 0},
    {PROCESS "/maps", TEXT, {.text = proc_maps}, 0},
    {PROCESS "/mounts", TEXT, {.text = proc_mounts}, 0},
    {PROCESS "/root", LINK, {"/"}, 0},
    {PROCESS "/stat", TEXT, {.text = proc_stat}, 0},
    {PROCESS "/statm", TEXT, {.text = proc_memory_pages}, 0},
    {PROCESS "/status", TEXT, {.text = proc_status}, 0},
    {"/proc/cpuinfo", TEXT, {.text = proc_processors}, 0},
    {"/proc/filesystems", TEXT, {.text = proc_file_systems}, 0},
    {"/proc/loadavg", TEXT, {.text = proc_load}, 0},
    {"/proc/meminfo", TEXT, {.text = proc_memory}, 0},
    {"/proc/mounts", LINK, {"self/mounts"}, 0},
    {"/proc/stat", TEXT, {.text = proc_system_stat}, 0},
    {"/proc/sys", DIRECTORY, {0}, 0},
    {"/proc/sys/kernel", DIRECTORY, {0}, 0},
    {"/proc/sys/kernel/hostname", TEXT, {.text = proc_host_name}, 0},
    {"/proc/sys/kernel/osrelease", TEXT, {.text = proc_release}, 0},
    {"/proc/sys/kernel/ostype", CONSTANT, {"Linux\n"}, 0},
    {"/proc/sys/kernel/pid_max", CONSTANT, {"32768\n"}, 0},
    {"/proc/sys/vm", DIRECTORY, {0}, 0},
    {"/proc/sys/vm/overcommit_memory", CONSTANT, {"1\n"}, 0},
    {"/proc/uptime", TEXT, {.text = proc_uptime}, 0},
    {"/proc/version", TEXT, {.text = proc_version}, 0},
    {"/sys", DIRECTORY, {0}, 0},
    {"/sys/devices", DIRECTORY, {0}, 0},
    {"/sys/devices/system", DIRECTORY, {0}, 0},
    {"/sys/devices/system/cpu", DIRECTORY, {0}, 0},
    {"/sys/devices/system/cpu/online", TEXT, {.text = proc_processor_list}, 0},
    {"/sys/devices/system/cpu/possible", TEXT, {.text = proc_processor_list}, 0},
    {"/sys/devices/system/cpu/present", TEXT, {.text = proc_processor_list}, 0},
};
#define TABLE_SIZE (sizeof table / sizeof *table)

static const struct synthetic *look_up(const char *path, size_t length) {
    for (unsigned i = 0; i < TABLE_SIZE; i++)
        if (!strncmp(table[i].path, path, length) && !table[i].path[length])
            return &table[i];
    return NULL;
}

int synthetic_descriptor(const char *path, size_t length) {
    static const char prefix[] = PROCESS "/fd/";
    size_t at = sizeof prefix - 1;
    int number = 0;
    if (length <= at || length > at + 5 || memcmp(path, prefix, at) || (path[at] == '0' && length > at + 1))
        return -1;
    for (; at < length; at++) {
        if (path[at] < '0' || path[at] > '9')
            return -1;
        number = number * 10 + path[at] - '0';
    }
    return number;
}

static void text_add_descriptor(struct text *text, struct file *file) {
    static const char *const kinds[] = {"pipe:[",   "socket:[", "pipe:[", "socket:[", "anon_inode:[eventpoll",
                                        "anon_inode:inotify", "anon_inode:[timerfd"};
    if (file->path) {
        text_add(text, *file->path ? file->path : "/");
        return;
    }
    text_add(text, file->kind <= FILE_TIMER ? kinds[file->kind] : "/memfd:[");
    if (file->kind == FILE_PIPE)
        text_add_number(text, pipe_number(file));
    else if (file->kind <= FILE_SOCKET || file->kind > FILE_TIMER)
        text_add_number(text, file->handle == ORC_NO_HANDLE ? 0 : file->handle);
    if (file->kind != FILE_NOTIFY)
        text_add(text, "]");
}

static long copy_target(struct text *text, char *target, size_t size) {
    long result = text->failed ? -ENOMEM : (long)(text->length < size ? text->length : size);
    if (result > 0)
        memcpy(target, text->bytes, result);
    heap_free(text->bytes, text->size);
    return result;
}

static long link_to_descriptor(int descriptor, char *target, size_t size) {
    struct text text = {0};
    struct file *file = file_get(descriptor);
    if (!file)
        return -ENOENT;
    text_add_descriptor(&text, file);
    libos_unlock(&nodes_lock); /* the file may end here */
    file_put(file);
    libos_lock(&nodes_lock);
    return copy_target(&text, target, size);
}

long synthetic_link(const char *path, size_t length, char *target, size_t size, bool magic) {
    int descriptor = synthetic_descriptor(path, length);
    if (descriptor >= 0)
        return magic ? link_to_descriptor(descriptor, target, size) : -EINVAL;
    const struct synthetic *found = look_up(path, length);
    if (!found)
        return -ENOENT;
    if (found->kind != LINK)
        return -EINVAL;
    const char *string = found->string;
    if (!string)
        string = path[length - 1] == 'd' ? current_directory() : (const char *)(uintptr_t)libos_boot->program;
    struct text text = {0};
    text_add(&text, *string ? string : "/");
    return copy_target(&text, target, size);
}

static long fill(struct stat *status, mode_t mode, uint64_t inode) {
    memset(status, 0, sizeof *status);
    status->st_mode = mode;
    status->st_nlink = S_ISDIR(mode) ? 2 : 1;
    status->st_dev = 0x40;
    status->st_ino = inode;
    status->st_blksize = LIBOS_PAGE;
    status->st_atim.tv_sec = status->st_mtim.tv_sec = status->st_ctim.tv_sec =
        libos_now(ORC_CLOCK_REALTIME) / 1000000000;
    return 0;
}

long synthetic_directory_status(struct stat *status) {
    return fill(status, S_IFDIR | 0755, 1);
}

static mode_t mode_of(const struct synthetic *found) {
    switch (found->kind) {
    case DIRECTORY:
    case DESCRIPTORS:
        return S_IFDIR | 0555;
    case LINK:
        return S_IFLNK | 0777;
    case DEVICE:
    case TERMINAL:
        return S_IFCHR | 0666;
    default:
        return S_IFREG | 0444;
    }
}

long synthetic_status(const char *path, size_t length, struct stat *status) {
    int descriptor = synthetic_descriptor(path, length);
    const struct synthetic *found = look_up(path, length);
    if (descriptor >= 0)
        return descriptor_close_on_exec(descriptor) < 0 ? -ENOENT
                                                        : fill(status, S_IFLNK | 0700, 1000 + descriptor);
    if (!found)
        return -ENOENT;
    fill(status, mode_of(found), 2 + (found - table));
    if (found->kind == DEVICE)
        status->st_rdev = makedev(1, found->device);
    if (found->kind == TERMINAL)
        status->st_rdev = makedev(5, 0);
    return 0;
}

long synthetic_descend(const char *path, size_t length) {
    struct stat status;
    long error = synthetic_status(path, length, &status);
    return error ? error : S_ISDIR(status.st_mode) ? 0 : -ENOTDIR;
}

/* A file of its own for the text. */
static long open_text(struct text *text, unsigned flags, struct file **file) {
    struct node *node = node_create(0x40, S_IFREG | 0444);
    long error = node ? 0 : -ENOMEM;
    if (!error && text->length && node_write(node, text->bytes, text->length, 0) != (long)text->length)
        error = -ENOMEM;
    if (!error && !(*file = memory_file_open(node, flags)))
        error = -ENOMEM;
    if (node)
        node_put(node);
    return text->failed && !error ? -ENOMEM : error;
}

/* Opening /dev/fd/N is duplicating N, unlike in Linux, where files get a description of their own. */
static long open_descriptor(int descriptor, struct file **file) {
    *file = file_get(descriptor);
    return *file ? 0 : -ENOENT;
}

long synthetic_open(const char *path, size_t length, unsigned flags, struct file **file) {
    struct text text = {0};
    int descriptor = synthetic_descriptor(path, length);
    if (descriptor >= 0)
        return open_descriptor(descriptor, file);
    const struct synthetic *found = look_up(path, length);
    if (!found)
        return -ENOENT;
    if (found->kind == TERMINAL)
        return (*file = device_terminal()) ? 0 : -ENXIO;
    if (found->kind == DEVICE)
        return (*file = file_create(found->operations, FILE_MEMORY, flags)) ? 0 : -ENOMEM;
    if ((flags & O_ACCMODE) != O_RDONLY)
        return -EACCES;
    if (found->kind == TEXT)
        found->text(&text);
    else if (found->kind == CONSTANT)
        text_add(&text, found->string);
    else
        return -ELOOP;
    long error = open_text(&text, flags, file);
    heap_free(text.bytes, text.size);
    return error;
}

static bool descriptor_entry(unsigned *position, char *name, mode_t *type) {
    int descriptor = descriptor_next(*position);
    if (descriptor < 0)
        return false;
    char digits[8];
    size_t count = 0;
    for (int left = descriptor; left || !count; left /= 10)
        digits[count++] = '0' + left % 10;
    while (count)
        *name++ = digits[--count];
    *name = 0;
    *type = S_IFLNK;
    *position = descriptor + 1;
    return true;
}

bool synthetic_entry(const char *path, size_t length, unsigned *position, char *name, mode_t *type) {
    const struct synthetic *directory = look_up(path, length);
    if (directory && directory->kind == DESCRIPTORS)
        return descriptor_entry(position, name, type);
    for (; *position < TABLE_SIZE; ++*position) {
        const struct synthetic *found = &table[*position];
        if (strncmp(found->path, path, length) || found->path[length] != '/' ||
            strchr(found->path + length + 1, '/'))
            continue;
        strcpy(name, found->path + length + 1);
        *type = mode_of(found) & S_IFMT;
        ++*position;
        return true;
    }
    return false;
}
