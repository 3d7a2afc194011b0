/* The contents of regular files in memory: chunks of pages, found by their number in the file. The first
 * chunks are single pages, the others larger, so that small files are small and large ones cost few
 * hostcalls. Chunks that were never written are holes.
 *
 * A file that is mapped has its content in a memory file of the host's instead: its pages can lie at several
 * addresses. Reading and writing are hostcalls then. */
#include <errno.h>
#include <unistd.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include "heap.h"
#include "node.h"
#include "notify.h"
#include "privileges.h"

#define SMALL_CHUNK LIBOS_PAGE
#define SMALL_CHUNKS 16u
#define LARGE_CHUNK 65536ul
#define SMALL_END (SMALL_CHUNK * SMALL_CHUNKS)
#define MOST_SIZE ((int64_t)1 << 40)

struct chunk_place {
    uint32_t number;
    size_t offset, size; /* of the position in the chunk, of the chunk */
};

static struct chunk_place chunk_at(int64_t position) {
    if (position < (int64_t)SMALL_END)
        return (struct chunk_place){position / SMALL_CHUNK, position % SMALL_CHUNK, SMALL_CHUNK};
    int64_t beyond = position - SMALL_END;
    return (struct chunk_place){SMALL_CHUNKS + beyond / LARGE_CHUNK, beyond % LARGE_CHUNK, LARGE_CHUNK};
}

static size_t chunk_size(uint32_t number) {
    return number < SMALL_CHUNKS ? SMALL_CHUNK : LARGE_CHUNK;
}

static char *chunk_address(const struct node *node, uint32_t number) {
    return number < node->chunk_capacity ? (char *)(uintptr_t)node->chunks[number] : NULL;
}

static bool grow_index(struct node *node, uint32_t number) {
    uint32_t capacity = node->chunk_capacity ? node->chunk_capacity : 4;
    while (capacity <= number)
        capacity *= 2;
    if (capacity == node->chunk_capacity)
        return true;
    uint32_t *chunks =
        heap_resize(node->chunks, node->chunk_capacity * sizeof *chunks, capacity * sizeof *chunks);
    if (!chunks)
        return false;
    node->chunks = chunks;
    node->chunk_capacity = capacity;
    return true;
}

static char *chunk_make(struct node *node, uint32_t number) {
    char *chunk = chunk_address(node, number);
    if (chunk)
        return chunk;
    long pages = grow_index(node, number) ? libos_pages(chunk_size(number)) : -ENOMEM;
    if (pages < 0)
        return NULL;
    node->chunks[number] = (uint32_t)pages;
    node->chunks_used += chunk_size(number);
    return (char *)pages;
}

static void chunk_free(struct node *node, uint32_t number) {
    char *chunk = chunk_address(node, number);
    if (!chunk)
        return;
    libos_pages_free((long)chunk, chunk_size(number));
    node->chunks[number] = 0;
    node->chunks_used -= chunk_size(number);
}

static void free_chunks(struct node *node) {
    for (uint32_t number = 0; number < node->chunk_capacity; number++)
        chunk_free(node, number);
    heap_free(node->chunks, node->chunk_capacity * sizeof *node->chunks);
    node->chunks = NULL;
    node->chunk_capacity = 0;
}

static struct node *shared_nodes; /* those that have a memory file */

static void forget_memory_file(struct node *node) {
    struct node **link = &shared_nodes;
    while (*link && *link != node)
        link = &(*link)->next_shared;
    if (*link)
        *link = node->next_shared;
    node->memory_file = 0;
}

static void close_memory_file(struct node *node) {
    if (!node->memory_file)
        return;
    orc_hostcall(ORC_CLOSE, node_handle(node), 0, 0, 0, 0);
    forget_memory_file(node);
}

void node_free_content(struct node *node) {
    close_memory_file(node);
    free_chunks(node);
}

uint64_t node_allocated(const struct node *node) {
    struct orc_status status;
    if (!node->memory_file)
        return node->chunks_used;
    return orc_hostcall(ORC_STATUS, node_handle(node), (long)&status, 0, 0, 0) < 0 ? 0 : status.blocks * 512;
}

/* --- Memory files */

/* All of it, in calls of what the host moves at once. */
static long transfer(long call, const struct node *node, char *buffer, size_t length, int64_t position) {
    size_t done = 0;
    while (done < length) {
        long part = orc_hostcall(call, node_handle(node), (long)(buffer + done), (long)(length - done),
                                 position + (int64_t)done, 0);
        if (part <= 0)
            return done || part == 0 ? (long)done : part;
        done += (size_t)part;
    }
    return (long)done;
}

static long write_chunks(const struct node *node) {
    int64_t start = 0;
    for (uint32_t number = 0; number < node->chunk_capacity; start += (int64_t)chunk_size(number++)) {
        char *chunk = chunk_address(node, number);
        int64_t left = node->size - start, size = (int64_t)chunk_size(number);
        if (!chunk || left <= 0)
            continue;
        size_t length = (size_t)(left < size ? left : size);
        if (transfer(ORC_WRITE_AT, node, chunk, length, start) != (long)length)
            return -ENOMEM;
    }
    return 0;
}

long node_share(struct node *node) {
    if (node->memory_file)
        return 0;
    long handle = orc_hostcall(ORC_MEMORY_FILE, 0, 0, 0, 0, 0);
    if (handle < 0)
        return handle == -EMFILE ? -ENFILE : handle;
    node->memory_file = 1 + (uint32_t)handle;
    node->next_shared = shared_nodes;
    shared_nodes = node;
    long result = orc_hostcall(ORC_TRUNCATE, handle, node->size, 0, 0, 0);
    if (result == 0)
        result = write_chunks(node);
    if (result == 0)
        free_chunks(node);
    else
        close_memory_file(node);
    return result == 0 ? 0 : -ENOMEM;
}

static bool is_zero(const char *bytes, size_t length) {
    return length == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0);
}

/* One chunk from the memory file, if there is data. */
static long read_chunk(struct node *node, int64_t start, char *buffer) {
    struct chunk_place place = chunk_at(start);
    long got = transfer(ORC_READ_AT, node, buffer, place.size, start);
    if (got <= 0 || is_zero(buffer, (size_t)got))
        return got < 0 ? got : 0;
    char *chunk = chunk_make(node, place.number);
    if (!chunk)
        return -ENOMEM;
    memcpy(chunk, buffer, (size_t)got);
    return 0;
}

/* The content as chunks again; -ENOMEM: it stays what it is. */
static long copy_to_chunks(struct node *node) {
    char *buffer = heap_allocate(LARGE_CHUNK);
    long result = buffer ? 0 : -ENOMEM;
    for (int64_t at = 0; result == 0 && at < node->size;) {
        at = orc_hostcall(ORC_SEEK, node_handle(node), at, SEEK_DATA, 0, 0);
        if (at < 0)
            break; /* there is none */
        at -= (int64_t)chunk_at(at).offset;
        result = read_chunk(node, at, buffer);
        at += (int64_t)chunk_at(at).size;
    }
    heap_free(buffer, LARGE_CHUNK);
    if (result < 0)
        free_chunks(node);
    return result;
}

bool nodes_unshare(void) {
    for (struct node *node = shared_nodes; node; node = node->next_shared)
        if (copy_to_chunks(node) < 0)
            return false;
    return true;
}

void nodes_keep_shared(void) {
    for (struct node *node = shared_nodes; node; node = node->next_shared)
        free_chunks(node);
}

/* Those that aren't mapped stay chunks. */
long nodes_share_again(void) {
    struct node *node = shared_nodes, *next;
    long result = 0;
    for (shared_nodes = NULL; node && result == 0; node = next) {
        next = node->next_shared;
        node->memory_file = 0;
        result = node->mapped ? node_share(node) : 0;
    }
    return result;
}

#define SMALL_FILE LARGE_CHUNK /* up to this size handles are worth more than the time to copy */

void node_unmapped(struct file *file) {
    struct node *node = file->node;
    libos_lock(&nodes_lock);
    bool last = __atomic_sub_fetch(&node->mapped, 1, __ATOMIC_SEQ_CST) == 0;
    bool goes = node->references == 1 && file->references == 1;
    if (last && !goes && node->memory_file && node->size <= (int64_t)SMALL_FILE && copy_to_chunks(node) == 0)
        close_memory_file(node);
    libos_unlock(&nodes_lock);
}

/* --- Reading and writing */

long node_read(struct node *node, void *buffer, size_t length, int64_t position) {
    size_t done = 0;
    if (position >= node->size)
        return 0;
    if ((int64_t)length > node->size - position)
        length = node->size - position;
    if (node->memory_file)
        return transfer(ORC_READ_AT, node, buffer, length, position);
    while (done < length) {
        struct chunk_place place = chunk_at(position + done);
        size_t part = place.size - place.offset < length - done ? place.size - place.offset : length - done;
        const char *chunk = chunk_address(node, place.number);
        if (chunk)
            memcpy((char *)buffer + done, chunk + place.offset, part);
        else
            memset((char *)buffer + done, 0, part);
        done += part;
    }
    return done;
}

/* How much could be written, up to `length`. */
static size_t write_to_chunks(struct node *node, const char *buffer, size_t length, int64_t position) {
    size_t done = 0;
    while (done < length) {
        struct chunk_place place = chunk_at(position + done);
        size_t part = place.size - place.offset < length - done ? place.size - place.offset : length - done;
        char *chunk = chunk_make(node, place.number);
        if (!chunk)
            break;
        memcpy(chunk + place.offset, buffer + done, part);
        done += part;
    }
    return done;
}

long node_write(struct node *node, const void *buffer, size_t length, int64_t position) {
    if (position > MOST_SIZE - (int64_t)length)
        return -EFBIG;
    long done = node->memory_file ? transfer(ORC_WRITE_AT, node, (char *)buffer, length, position)
                                  : (long)write_to_chunks(node, buffer, length, position);
    if (done <= 0)
        return done < 0 ? done : length ? -ENOSPC : 0;
    if (position + done > node->size)
        node->size = position + done;
    node_touch(node);
    return done;
}

static void shrink_chunks(struct node *node, int64_t size) {
    struct chunk_place place = chunk_at(size);
    char *chunk = chunk_address(node, place.number);
    if (chunk && place.offset)
        memset(chunk + place.offset, 0, place.size - place.offset);
    for (uint32_t number = place.number + (place.offset != 0); number < node->chunk_capacity; number++)
        chunk_free(node, number);
}

/* Bytes beyond the end of the file are always zero. */
long node_resize(struct node *node, int64_t size) {
    if (size > MOST_SIZE)
        return -EFBIG;
    if (node->memory_file) {
        long result = orc_hostcall(ORC_TRUNCATE, node_handle(node), size, 0, 0, 0);
        if (result < 0)
            return result;
    } else if (size < node->size) {
        shrink_chunks(node, size);
    }
    node->size = size;
    node_touch(node);
    return 0;
}

void node_clear(struct node *node, int64_t offset, int64_t length) {
    int64_t end = length > MOST_SIZE - offset ? MOST_SIZE : offset + length;
    if (node->memory_file) {
        orc_hostcall(ORC_ALLOCATE, node_handle(node), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, end - offset, 0);
        return;
    }
    for (int64_t at = offset; at < end;) {
        struct chunk_place place = chunk_at(at);
        size_t part = place.size - place.offset;
        if ((int64_t)part > end - at)
            part = (size_t)(end - at);
        char *chunk = chunk_address(node, place.number);
        if (chunk && part == place.size)
            chunk_free(node, place.number);
        else if (chunk)
            memset(chunk + place.offset, 0, part);
        else if (place.number >= node->chunk_capacity)
            return; /* nothing lies further out */
        at += (int64_t)part;
    }
}

/* Room for the bytes [offset, offset + length), so that writing them can't fail. A memory file's size is paid for, and has
 * to be what the file's is: there is no room behind it. */
long node_reserve(struct node *node, int64_t offset, int64_t length) {
    if (offset > MOST_SIZE - length)
        return -EFBIG;
    if (node->memory_file)
        return 0;
    for (int64_t at = offset; at < offset + length;) {
        struct chunk_place place = chunk_at(at);
        if (!chunk_make(node, place.number))
            return -ENOSPC;
        at += place.size - place.offset;
    }
    return 0;
}

static void set_time(int64_t *time, int64_t wanted, int64_t now) {
    if (wanted != ORC_TIME_OMIT)
        *time = wanted == ORC_TIME_NOW ? now : wanted;
}

/* What a file's owner may do, and who stands for all owners. Permission bits themselves are looked at
 * nowhere. */
static bool may_set(const struct node *node, const struct attributes *attributes) {
    bool is_owner = node->user == libos_user() || libos_capable(CAP_FOWNER);
    bool sets_times = attributes->set_times &&
                      (attributes->times[0] != ORC_TIME_NOW || attributes->times[1] != ORC_TIME_NOW);
    return (is_owner || !(attributes->set_mode || sets_times)) &&
           (!attributes->set_owner || libos_may_own(node->user, attributes->user, attributes->group));
}

long node_set_attributes(struct node *node, const struct attributes *attributes) {
    int64_t now = libos_now(ORC_CLOCK_REALTIME);
    if (!may_set(node, attributes))
        return -EPERM;
    if (attributes->set_mode)
        node->mode = (node->mode & S_IFMT) | (attributes->mode & 07777);
    if (attributes->set_owner && attributes->user != (uint32_t)-1)
        node->user = attributes->user;
    if (attributes->set_owner && attributes->group != (uint32_t)-1)
        node->group = attributes->group;
    if (attributes->set_times) {
        set_time(&node->access, attributes->times[0], now);
        set_time(&node->modification, attributes->times[1], now);
    }
    node->change = now;
    return 0;
}

static long memory_read(struct file *file, void *buffer, size_t length, int64_t position) {
    libos_lock(&nodes_lock);
    long result = node_read(file->node, buffer, length, position < 0 ? file->position : position);
    if (result > 0 && position < 0)
        file->position += result;
    if (!(file->flags & O_NOATIME) && length && file->node->access <= file->node->modification)
        node_accessed(file->node);
    libos_unlock(&nodes_lock);
    return result;
}

/* Seals: F_SEAL_WRITE, F_SEAL_FUTURE_WRITE, F_SEAL_GROW. */
static bool is_sealed(const struct node *node, int64_t end) {
    return node->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE) || (node->seals & F_SEAL_GROW && end > node->size);
}

static long memory_write(struct file *file, const void *buffer, size_t length, int64_t position) {
    libos_lock(&nodes_lock);
    int64_t start = file->flags & O_APPEND ? file->node->size : position < 0 ? file->position : position;
    bool sealed = is_sealed(file->node, start + (int64_t)length);
    long result = sealed ? -EPERM : node_write(file->node, buffer, length, start);
    if (result > 0 && position < 0)
        file->position = start + result;
    libos_unlock(&nodes_lock);
    return result;
}

/* The next byte from `offset` on that is data, or that isn't. */
static int64_t next_of(const struct node *node, int64_t offset, bool data) {
    if (offset < 0 || offset >= node->size)
        return -ENXIO;
    if (node->memory_file)
        return orc_hostcall(ORC_SEEK, node_handle(node), offset, data ? SEEK_DATA : SEEK_HOLE, 0, 0);
    for (;;) {
        struct chunk_place place = chunk_at(offset);
        if ((chunk_address(node, place.number) != NULL) == data)
            return offset;
        offset += place.size - place.offset;
        if (offset >= node->size)
            return data ? -ENXIO : node->size;
    }
}

static long memory_seek(struct file *file, int64_t offset, int whence) {
    int64_t target = -EINVAL;
    libos_lock(&nodes_lock);
    if (whence == SEEK_DATA || whence == SEEK_HOLE)
        target = next_of(file->node, offset, whence == SEEK_DATA);
    else if (whence >= SEEK_SET && whence <= SEEK_END &&
             __builtin_add_overflow(whence == SEEK_SET   ? 0
                                    : whence == SEEK_CUR ? file->position
                                                         : file->node->size,
                                    offset, &target))
        target = -EOVERFLOW;
    if (target < 0 && whence <= SEEK_END && target != -EOVERFLOW)
        target = -EINVAL;
    if (target >= 0)
        file->position = target;
    libos_unlock(&nodes_lock);
    return target;
}

static long memory_status(struct file *file, struct stat *status) {
    libos_lock(&nodes_lock);
    node_status(file->node, status);
    libos_unlock(&nodes_lock);
    return 0;
}

static long memory_truncate(struct file *file, int64_t size) {
    libos_lock(&nodes_lock);
    uint32_t seal = size < file->node->size ? F_SEAL_SHRINK : size > file->node->size ? F_SEAL_GROW : 0;
    long result = file->node->seals & seal ? -EPERM : node_resize(file->node, size);
    libos_unlock(&nodes_lock);
    if (!result)
        notify_file(file, IN_MODIFY);
    return result;
}

static long memory_set_attributes(struct file *file, const struct attributes *attributes) {
    libos_lock(&nodes_lock);
    long result = node_set_attributes(file->node, attributes);
    libos_unlock(&nodes_lock);
    notify_file(file, IN_ATTRIB);
    return result;
}

static long memory_control(struct file *file, unsigned long request, long argument) {
    if (request != FIONREAD)
        return -ENOTTY;
    libos_lock(&nodes_lock);
    int64_t left = file->node->size - file->position;
    libos_unlock(&nodes_lock);
    *(int *)argument = left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
    return 0;
}

static void memory_release(struct file *file) {
    libos_lock(&nodes_lock);
    node_put(file->node);
    libos_unlock(&nodes_lock);
}

const struct file_operations memory_operations = {
    .read = memory_read,
    .write = memory_write,
    .seek = memory_seek,
    .status = memory_status,
    .truncate = memory_truncate,
    .set_attributes = memory_set_attributes,
    .control = memory_control,
    .release = memory_release,
};

struct file *memory_file_open(struct node *node, unsigned flags) {
    struct file *file = file_create(&memory_operations, FILE_MEMORY, flags);
    if (!file)
        return NULL;
    node_hold(node);
    file->node = node;
    return file;
}
