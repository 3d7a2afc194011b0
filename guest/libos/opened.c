/* Open files and the current directory are known by paths, which change with renames. Other compartments' and
 * the host's renames nobody hears of. */
#include "opened.h"
#include <limits.h>
#include <string.h>
#include "file.h"
#include "heap.h"
#include "notify.h"

#define DELETED " (deleted)"

struct move {
    const char *from, *to;
    size_t from_length, to_length;
    bool removed, exchanged;
};

static bool lies_at(const char *path, size_t length, const char *above, size_t above_length) {
    return length >= above_length && !memcmp(path, above, above_length) &&
           (length == above_length || path[above_length] == '/');
}

/* The new path in `buffer`: its length, or 0 if it stays. */
static size_t moved_path(const struct move *move, const char *path, char *buffer) {
    size_t length = strlen(path), from = move->from_length, to = move->to_length;
    const char *start = move->to;
    if (move->exchanged && lies_at(path, length, move->to, to)) {
        start = move->from;
        from = move->to_length;
        to = move->from_length;
    } else if (!lies_at(path, length, move->from, from)) {
        return 0;
    }
    if (to + length - from >= PATH_MAX)
        return 0;
    memcpy(buffer, start, to);
    memcpy(buffer + to, path + from, length - from + 1);
    return to + length - from;
}

static void move_path(char **path, uint32_t *size, void *context) {
    char buffer[PATH_MAX];
    size_t length = moved_path(context, *path, buffer);
    char *moved = length ? heap_allocate(length + 1) : NULL;
    if (!moved)
        return;
    memcpy(moved, buffer, length + 1);
    heap_free(*path, *size);
    *path = moved;
    *size = (uint32_t)length + 1;
}

static void move_file(struct file *file, void *context) {
    if (file->path)
        move_path(&file->path, &file->path_size, context);
}

static void move_all(struct move *move) {
    char buffer[PATH_MAX];
    files_each(move_file, move);
    if (NOTIFYING)
        notify_each_path(move_path, move);
    size_t length = moved_path(move, current_directory(), buffer);
    if (length)
        current_directory_moved(buffer, length, move->removed);
}

void paths_moved(const char *from, size_t from_length, const char *to, size_t to_length) {
    move_all(&(struct move){.from = from, .to = to, .from_length = from_length, .to_length = to_length});
}

void paths_exchanged(const char *one, size_t one_length, const char *other, size_t other_length) {
    move_all(&(struct move){
        .from = one, .to = other, .from_length = one_length, .to_length = other_length, .exchanged = true});
}

void paths_removed(const char *path, size_t length) {
    char gone[PATH_MAX];
    if (length + sizeof DELETED > sizeof gone)
        return;
    memcpy(gone, path, length);
    memcpy(gone + length, DELETED, sizeof DELETED);
    move_all(&(struct move){.from = path,
                            .to = gone,
                            .from_length = length,
                            .to_length = length + strlen(DELETED),
                            .removed = true});
}
