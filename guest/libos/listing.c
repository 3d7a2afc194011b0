/* Directories that the libOS lists itself: in memory, tables, merged from a layer and the host, or with mount
 * points inside. The names are collected when they are first asked for, and again after a rewind; a position
 * is an index. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include "heap.h"
#include "names.h"
#include "synthetic.h"

struct listing {
    struct text records; /* struct dirent, one after the other; d_off is the position behind the record */
};

struct collector {
    struct text records;
    const struct node *layer; /* hides names of the host */
    const char *path;
    size_t path_length;
};

static uint8_t type_of(mode_t mode) {
    return (mode & S_IFMT) >> 12;
}

static void add_record(struct collector *collector, const char *name, size_t length, uint64_t inode,
                       uint8_t type) {
    struct dirent record;
    size_t header = offsetof(struct dirent, d_name);
    size_t size = (header + length + 1 + 7) & -8ul;
    record.d_ino = inode;
    record.d_off = collector->records.length + size;
    record.d_reclen = size;
    record.d_type = type;
    memset(record.d_name + length, 0, size - header - length);
    memcpy(record.d_name, name, length);
    text_add_bytes(&collector->records, &record, size);
}

static bool is_mounted(const struct collector *collector, const char *name, size_t length) {
    unsigned index = 0;
    size_t mount_length;
    const char *mount;
    while ((mount = mount_beneath(collector->path, collector->path_length, &index, &mount_length)))
        if (mount_length == length && !memcmp(mount, name, length))
            return true;
    return false;
}

/* Names of mount points come last, whatever they cover. */
static bool is_hidden(const struct collector *collector, const char *name, size_t length) {
    return is_mounted(collector, name, length) ||
           (collector->layer && directory_find(collector->layer, name, length));
}

static void add_dots(struct collector *collector) {
    add_record(collector, ".", 1, 1, DT_DIR);
    add_record(collector, "..", 2, 1, DT_DIR);
}

static void add_nodes(struct collector *collector, const struct node *directory) {
    for (const struct entry *entry = directory->first; entry; entry = entry->next)
        if (entry->node && !is_mounted(collector, entry->name, entry->length))
            add_record(collector, entry->name, entry->length, entry->node->inode, type_of(entry->node->mode));
}

static void add_table(struct collector *collector) {
    char name[NAME_MAX + 1];
    mode_t mode;
    unsigned position = 0;
    while (synthetic_entry(collector->path, collector->path_length, &position, name, &mode))
        if (!is_mounted(collector, name, strlen(name)))
            add_record(collector, name, strlen(name), position + 2, type_of(mode));
}

static void add_mounts(struct collector *collector) {
    unsigned index = 0, earlier_index;
    size_t length, earlier_length;
    const char *name, *earlier;
    while ((name = mount_beneath(collector->path, collector->path_length, &index, &length))) {
        earlier_index = 0; /* the same name may lead to several */
        while ((earlier = mount_beneath(collector->path, collector->path_length, &earlier_index,
                                        &earlier_length)) &&
               !(earlier_length == length && !memcmp(earlier, name, length)))
            ;
        if (earlier_index == index)
            add_record(collector, name, length, index + 1, DT_DIR);
    }
}

#define PART 16384u

static long add_host(struct collector *collector, const struct place *place) {
    struct orc_path path = place_host(place);
    char *buffer = heap_allocate(PART);
    long handle = orc_hostcall(ORC_OPEN, (long)&path, O_RDONLY | O_DIRECTORY | ORC_NO_LINKS, 0, 0, 0);
    long result = buffer ? handle : -ENOMEM;
    while (result >= 0 && (result = orc_hostcall(ORC_ENTRIES, handle, (long)buffer, PART, 0, 0)) > 0) {
        for (long at = 0; at < result;) {
            const struct dirent *entry = (const void *)(buffer + at);
            size_t length = strlen(entry->d_name);
            bool dots = length <= 2 && !memcmp(entry->d_name, "..", length);
            if (!dots && !is_hidden(collector, entry->d_name, length))
                add_record(collector, entry->d_name, length, entry->d_ino, entry->d_type);
            at += entry->d_reclen;
        }
    }
    if (handle >= 0)
        orc_hostcall(ORC_CLOSE, handle, 0, 0, 0, 0);
    heap_free(buffer, PART);
    return result;
}

/* With nodes_lock. A directory that is gone has no names left. */
static long collect(const char *path, struct collector *collector) {
    struct place place;
    long error = place_set_at(&place, "", *path ? path : "/", 0);
    if (!error)
        error = place_find(&place);
    if (error)
        return error == -ENOENT ? 0 : error;
    collector->path = place.path;
    collector->path_length = place.length;
    add_dots(collector);
    if (place.node)
        node_accessed(place.node);
    if (place.node && S_ISDIR(place.node->mode))
        add_nodes(collector, collector->layer = place.node);
    if (place.mount->kind == MOUNT_SYNTHETIC)
        add_table(collector);
    if (place.host)
        error = add_host(collector, &place);
    if (place.mount->inner || error == -ENOENT)
        add_mounts(collector);
    if (error == -ENOENT)
        error = 0;
    return error < 0 ? error : collector->records.failed ? -ENOMEM : 0;
}

static void drop_listing(struct file *file) {
    if (!file->listing)
        return;
    heap_free(file->listing->records.bytes, file->listing->records.size);
    heap_free(file->listing, sizeof *file->listing);
    file->listing = NULL;
}

static long make_listing(struct file *file) {
    struct collector collector = {0};
    libos_lock(&nodes_lock);
    long error = collect(file->path, &collector);
    libos_unlock(&nodes_lock);
    if (!error && !(file->listing = heap_allocate(sizeof *file->listing)))
        error = -ENOMEM;
    if (error)
        heap_free(collector.records.bytes, collector.records.size);
    else
        file->listing->records = collector.records;
    return error;
}

static long directory_entries(struct file *file, void *buffer, size_t length) {
    libos_lock(&file->lock);
    long result = file->listing ? 0 : make_listing(file);
    size_t done = 0, end = result ? 0 : file->listing->records.length;
    while (!result && file->position < (int64_t)end) {
        const struct dirent *record = (const void *)(file->listing->records.bytes + file->position);
        if (record->d_reclen > length - done)
            break;
        memcpy((char *)buffer + done, record, record->d_reclen);
        done += record->d_reclen;
        file->position = record->d_off;
    }
    if (!result && !done && file->position < (int64_t)end)
        result = -EINVAL; /* not even one fits */
    libos_unlock(&file->lock);
    return result ? result : (long)done;
}

/* To the start, or to a position that getdents told. */
static bool is_position(const struct file *file, int64_t position) {
    int64_t at = 0;
    if (!file->listing)
        return position == 0;
    while (at < position && at < (int64_t)file->listing->records.length)
        at = ((const struct dirent *)(const void *)(file->listing->records.bytes + at))->d_off;
    return at == position;
}

static long directory_seek(struct file *file, int64_t offset, int whence) {
    long result;
    libos_lock(&file->lock);
    if (whence == SEEK_CUR && !offset) {
        result = file->position;
    } else if (whence == SEEK_SET && is_position(file, offset)) {
        if (!offset)
            drop_listing(file);
        result = file->position = offset;
    } else {
        result = -EINVAL;
    }
    libos_unlock(&file->lock);
    return result;
}

static long do_status(struct place *place, void *status) {
    return place_status(place, status);
}

static long directory_status(struct file *file, struct stat *status) {
    return with_file_path(file, do_status, status);
}

static long directory_set_attributes(struct file *file, const struct attributes *attributes) {
    return path_set_attributes(file, attributes);
}

static long directory_read(struct file *file, void *buffer, size_t length, int64_t position) {
    (void)file, (void)buffer, (void)length, (void)position;
    return -EISDIR;
}

const struct file_operations directory_operations = {
    .read = directory_read,
    .seek = directory_seek,
    .status = directory_status,
    .set_attributes = directory_set_attributes,
    .entries = directory_entries,
    .release = drop_listing,
};

/* O_PATH: the path is all there is. */
const struct file_operations path_operations = {
    .status = directory_status,
};

long directory_is_empty(const struct place *place) {
    struct collector collector = {.path = place->path, .path_length = place->length};
    if (is_mount_point(place))
        return -EBUSY;
    if (place->node && !directory_empty(place->node))
        return -ENOTEMPTY;
    collector.layer = place->node;
    long error = place->host ? add_host(&collector, place) : 0;
    if (!error && collector.records.length)
        error = -ENOTEMPTY;
    heap_free(collector.records.bytes, collector.records.size);
    return error;
}
