/* /dev, /proc and /sys: see synthetic.h. */
#include "synthetic.h"
#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>
#include "files.h"
#include "heap.h"
#include "pipe.h"

enum synthetic_kind {
    DIRECTORY,
    LINK,
    TEXT,
    CONSTANT,
    DEVICE,
    TERMINAL,
    DESCRIPTORS,
    DESCRIPTOR_TEXTS,
    THREADS,
    PROCESSORS
};

struct synthetic {
    const char *path;
    enum synthetic_kind kind;
    union {
        const char *string; /* LINK, CONSTANT */
        text_function *text;
        const struct file_operations *operations;
    };
    unsigned device;       /* DEVICE: makedev's minor number, of major number 1 */
    setting_function *set; /* TEXT: it may be written */
};

#define PROCESS "/proc/1"
#define PROCESSOR "/sys/devices/system/cpu/cpu0"
#define AT_DIRECTORY(path)                                                                                   \
    { path, DIRECTORY, {0}, 0, NULL }
#define AT_LINK(path, target)                                                                                \
    { path, LINK, {target}, 0, NULL }
#define AT_CONSTANT(path, string)                                                                            \
    { path, CONSTANT, {string}, 0, NULL }
#define AT_TEXT(path, function)                                                                              \
    { path, TEXT, {.text = function}, 0, NULL }
#define AT_SETTING(path, function, set)                                                                      \
    { path, TEXT, {.text = function}, 0, set }
#define AT_DEVICE(path, operations_, minor)                                                                  \
    { path, DEVICE, {.operations = &operations_}, minor, NULL }
#define AT_KIND(path, kind)                                                                                  \
    { path, kind, {0}, 0, NULL }

static const struct synthetic table[] = {
#include "synthetic.inc"
};
#define TABLE_SIZE (sizeof table / sizeof *table)

/* Where a path leads: the entry, and the number in the path that a table can't name. */
struct found {
    const struct synthetic *entry; /* NULL: nowhere */
    enum { PLAIN, DESCRIPTOR, THREAD, CPU } of;
    uint32_t number;
};

static const struct synthetic *look_up_table(const char *path, size_t length) {
    for (unsigned i = 0; i < TABLE_SIZE; i++)
        if (!strncmp(table[i].path, path, length) && !table[i].path[length])
            return &table[i];
    return NULL;
}

/* The number that stands after the prefix, up to the path's end or a slash: its length, or 0. */
static size_t number_after(const char *path, size_t length, const char *prefix, uint32_t *number) {
    size_t at = strlen(prefix), start = at;
    if (length <= at || memcmp(path, prefix, at) ||
        (path[at] == '0' && at + 1 < length && path[at + 1] != '/'))
        return 0;
    for (*number = 0; at < length && path[at] != '/' && at - start < 9; at++) {
        if (path[at] < '0' || path[at] > '9')
            return 0;
        *number = *number * 10 + (uint32_t)(path[at] - '0');
    }
    return at < length && path[at] != '/' ? 0 : at - start;
}

int synthetic_descriptor(const char *path, size_t length) {
    uint32_t number;
    static const char prefix[] = PROCESS "/fd/";
    size_t digits = number_after(path, length, prefix, &number);
    return digits && digits + sizeof prefix - 1 == length ? (int)number : -1;
}

/* What lies beneath a numbered directory lies in the table beneath another name. */
static struct found look_up_numbered(const char *path, size_t length, size_t skip, const char *name, int of,
                                     uint32_t number) {
    char other[64];
    size_t start = strlen(name), rest = length - skip;
    if (rest && start + rest < sizeof other) {
        memcpy(other, name, start);
        memcpy(other + start, path + skip, rest);
        return (struct found){look_up_table(other, start + rest), of, number};
    }
    return (struct found){rest ? NULL : look_up_table(name, start), of, number};
}

static struct found look_up_descriptor_text(uint32_t number) {
    static const struct synthetic text = {"", TEXT, {.text = proc_descriptor}, 0, NULL};
    bool open = descriptor_close_on_exec((int)number) >= 0;
    return (struct found){open ? &text : NULL, DESCRIPTOR, number};
}

static struct found look_up(const char *path, size_t length) {
    uint32_t number;
    size_t digits = number_after(path, length, PROCESS "/task/", &number);
    if (digits && libos_thread_exists(number)) {
        struct found found =
            look_up_numbered(path, length, strlen(PROCESS "/task/") + digits, PROCESS, THREAD, number);
        return found.entry && found.entry->kind == THREADS ? (struct found){NULL, PLAIN, 0} : found;
    }
    digits = number_after(path, length, "/sys/devices/system/cpu/cpu", &number);
    if (digits && number < system_processor_count())
        return look_up_numbered(path, length, strlen("/sys/devices/system/cpu/cpu") + digits, PROCESSOR, CPU,
                                number);
    digits = number_after(path, length, PROCESS "/fdinfo/", &number);
    if (digits && digits + strlen(PROCESS "/fdinfo/") == length)
        return look_up_descriptor_text(number);
    return (struct found){look_up_table(path, length), PLAIN, 0};
}

static void text_add_descriptor(struct text *text, struct file *file) {
    static const char *const kinds[] = {"pipe:[",
                                        "socket:[",
                                        "anon_inode:[signalfd",
                                        "pipe:[",
                                        "socket:[",
                                        "anon_inode:[eventpoll",
                                        "anon_inode:inotify",
                                        "anon_inode:[timerfd"};
    if (file->path) {
        text_add(text, *file->path ? file->path : "/");
        return;
    }
    text_add(text, file->kind <= FILE_TIMER ? kinds[file->kind] : "/memfd:[");
    if (file->kind == FILE_PIPE)
        text_add_number(text, pipe_number(file));
    else if (file->kind == FILE_STREAM || file->kind == FILE_SOCKET || file->kind > FILE_TIMER)
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

static void add_thread_self(struct text *text) {
    text_add_line(text, "1/task/", (uint64_t)sys_gettid(), "");
}

long synthetic_link(const char *path, size_t length, char *target, size_t size, bool magic) {
    int descriptor = synthetic_descriptor(path, length);
    if (descriptor >= 0)
        return magic ? link_to_descriptor(descriptor, target, size) : -EINVAL;
    const struct synthetic *found = look_up(path, length).entry;
    if (!found)
        return -ENOENT;
    if (found->kind != LINK || (!magic && found->string && strstr(found->string, ":[")))
        return -EINVAL; /* a namespace leads to no name */
    struct text text = {0};
    if (found->string)
        text_add(&text, found->string);
    else if (!strcmp(found->path, "/proc/thread-self"))
        add_thread_self(&text);
    else if (found->path[strlen(found->path) - 1] == 'd')
        text_add(&text, *current_directory() ? current_directory() : "/");
    else
        text_add(&text, (const char *)(uintptr_t)libos_boot->program);
    return copy_target(&text, target, size);
}

static long fill(struct stat *status, mode_t mode, uint64_t inode) {
    memset(status, 0, sizeof *status);
    status->st_mode = mode;
    status->st_nlink = S_ISDIR(mode) ? 2 : 1;
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
    case DESCRIPTOR_TEXTS:
    case THREADS:
    case PROCESSORS:
        return S_IFDIR | 0555;
    case LINK:
        return S_IFLNK | 0777;
    case DEVICE:
    case TERMINAL:
        return S_IFCHR | 0666;
    default:
        return S_IFREG | (found->set ? 0644 : 0444);
    }
}

#define NUMBERED 100000u /* inode numbers of what stands for a number */

long synthetic_status(const char *path, size_t length, struct stat *status) {
    int descriptor = synthetic_descriptor(path, length);
    if (descriptor >= 0)
        return descriptor_close_on_exec(descriptor) < 0
                   ? -ENOENT
                   : fill(status, S_IFLNK | 0700, 1000 + (uint64_t)descriptor);
    struct found found = look_up(path, length);
    if (!found.entry)
        return -ENOENT;
    uint64_t index = found.of == DESCRIPTOR ? TABLE_SIZE : (uint64_t)(found.entry - table);
    fill(status, mode_of(found.entry),
         2 + index + (found.of == PLAIN ? 0 : NUMBERED * (uint64_t)(found.number + 1)));
    if (found.entry->kind == DEVICE)
        status->st_rdev = makedev(1, found.entry->device);
    if (found.entry->kind == TERMINAL)
        status->st_rdev = makedev(5, 0);
    return 0;
}

long synthetic_descend(const char *path, size_t length) {
    struct stat status;
    long error = synthetic_status(path, length, &status);
    return error ? error : S_ISDIR(status.st_mode) ? 0 : -ENOTDIR;
}

/* --- Texts: made anew whenever they are read from the start */

static struct found found_of(const struct file *file) {
    return look_up(file->path, strlen(file->path));
}

static long make_text(struct file *file) {
    libos_lock(&nodes_lock);
    struct found found = found_of(file);
    libos_unlock(&nodes_lock);
    struct text text = {.number = found.number};
    if (!found.entry)
        return -ESRCH;
    if (found.entry->kind == TEXT)
        found.entry->text(&text);
    else
        text_add(&text, found.entry->string);
    libos_lock(&nodes_lock);
    long error = text.failed ? -ENOMEM : node_resize(file->node, 0);
    if (!error && text.length && node_write(file->node, text.bytes, text.length, 0) != (long)text.length)
        error = -ENOMEM;
    libos_unlock(&nodes_lock);
    heap_free(text.bytes, text.size);
    return error;
}

static long text_read(struct file *file, void *buffer, size_t length, int64_t position) {
    bool first = position < 0 ? file->position == 0 : position == 0;
    long error = first && file->path ? make_text(file) : 0;
    return error ? error : memory_operations.read(file, buffer, length, position);
}

static long text_write(struct file *file, const void *buffer, size_t length, int64_t position) {
    (void)position;
    struct found found = found_of(file);
    long error = !found.entry       ? -ESRCH
                 : found.entry->set ? found.entry->set(buffer, length, found.number)
                                    : -EACCES;
    return error ? error : (long)length;
}

static long text_status(struct file *file, struct stat *status) {
    return sys_newfstatat(AT_FDCWD, file->path, status, 0);
}

static long text_seek(struct file *file, int64_t offset, int whence) {
    return whence == SEEK_SET || whence == SEEK_CUR ? memory_operations.seek(file, offset, whence) : -EINVAL;
}

static void text_release(struct file *file) {
    memory_operations.release(file);
}

static const struct file_operations text_operations = {
    .read = text_read,
    .write = text_write,
    .seek = text_seek,
    .status = text_status,
    .release = text_release,
};

static long open_text(const struct synthetic *entry, unsigned flags, struct file **file) {
    bool reads = (flags & O_ACCMODE) == O_RDONLY;
    if (!reads && !(entry->kind == TEXT && entry->set))
        return -EACCES;
    struct node *node = node_create(0, S_IFREG | 0444);
    if (node && (*file = memory_file_open(node, flags)))
        (*file)->operations = &text_operations;
    if (node)
        node_put(node);
    return node && *file ? 0 : -ENOMEM;
}

long synthetic_open(const char *path, size_t length, unsigned flags, struct file **file) {
    struct found found = look_up(path, length);
    if (!found.entry)
        return -ENOENT;
    switch (found.entry->kind) {
    case TERMINAL:
        return (*file = device_terminal()) ? 0 : -ENXIO;
    case DEVICE:
        return (*file = file_create(found.entry->operations, FILE_MEMORY, flags)) ? 0 : -ENOMEM;
    case TEXT:
    case CONSTANT:
        return open_text(found.entry, flags, file);
    default:
        return -ELOOP;
    }
}

/* --- Directories */

static void write_number(char *name, const char *prefix, uint32_t number) {
    char digits[12];
    size_t count = 0;
    while (*prefix)
        *name++ = *prefix++;
    do
        digits[count++] = (char)('0' + number % 10);
    while (number /= 10);
    while (count)
        *name++ = digits[--count];
    *name = 0;
}

static bool descriptor_entry(unsigned *position, char *name, mode_t *type, mode_t mode) {
    int descriptor = descriptor_next((int)*position);
    if (descriptor < 0)
        return false;
    write_number(name, "", (uint32_t)descriptor);
    *type = mode;
    *position = (unsigned)descriptor + 1;
    return true;
}

static bool thread_entry(unsigned *position, char *name, mode_t *type) {
    uint32_t thread = libos_thread_next(*position);
    if (!thread)
        return false;
    write_number(name, "", thread);
    *type = S_IFDIR;
    *position = thread + 1;
    return true;
}

/* Those of the table first. */
static bool processor_entry(unsigned *position, char *name, mode_t *type) {
    if (*position < TABLE_SIZE)
        *position = TABLE_SIZE;
    if (*position - TABLE_SIZE >= system_processor_count())
        return false;
    write_number(name, "cpu", *position - (unsigned)TABLE_SIZE);
    *type = S_IFDIR;
    ++*position;
    return true;
}

static bool table_entry(const char *path, size_t length, unsigned *position, char *name, mode_t *type) {
    for (; *position < TABLE_SIZE; ++*position) {
        const struct synthetic *found = &table[*position];
        if (strncmp(found->path, path, length) || found->path[length] != '/' ||
            strchr(found->path + length + 1, '/') || !strcmp(found->path, PROCESSOR))
            continue;
        strcpy(name, found->path + length + 1);
        *type = mode_of(found) & S_IFMT;
        ++*position;
        return true;
    }
    return false;
}

bool synthetic_entry(const char *path, size_t length, unsigned *position, char *name, mode_t *type) {
    struct found found = look_up(path, length);
    if (!found.entry)
        return false;
    if (found.entry->kind == DESCRIPTORS || found.entry->kind == DESCRIPTOR_TEXTS)
        return descriptor_entry(position, name, type, found.entry->kind == DESCRIPTORS ? S_IFLNK : S_IFREG);
    if (found.entry->kind == THREADS)
        return thread_entry(position, name, type);
    bool more = table_entry(found.entry->path, strlen(found.entry->path), position, name, type);
    if (more && found.of == THREAD && !strcmp(name, "task"))
        more = table_entry(found.entry->path, strlen(found.entry->path), position, name, type);
    return more || (found.entry->kind == PROCESSORS && processor_entry(position, name, type));
}
