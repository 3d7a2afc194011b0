/* Nodes and the names that lead to them. */
#include <errno.h>
#include <string.h>
#include "heap.h"
#include "node.h"
#include "xattr.h"

struct libos_lock nodes_lock;
/* Above those of hosts' files, beside which a layer's nodes stand. */
static uint64_t last_inode = (uint64_t)1 << 40;

struct node *node_create(uint32_t device, mode_t mode) {
    struct node *node = heap_allocate(sizeof *node);
    if (!node)
        return NULL;
    node->references = 1;
    node->mode = mode;
    node->user = libos_user();
    node->group = libos_group();
    node->device = device;
    node->inode = ++last_inode;
    node->access = node->modification = node->change = node->birth = libos_now(ORC_CLOCK_REALTIME);
    if (S_ISDIR(mode))
        node->links = 2;
    return node;
}

void node_hold(struct node *node) {
    node->references++;
}

static void free_names(struct node *directory) {
    while (directory->first)
        directory_remove(directory, directory->first);
    heap_free(directory->buckets, directory->bucket_count * sizeof *directory->buckets);
}

void node_put(struct node *node) {
    if (--node->references)
        return;
    if (S_ISDIR(node->mode))
        free_names(node);
    else if (S_ISLNK(node->mode))
        heap_free(node->target, node->size + 1);
    else if (S_ISREG(node->mode))
        node_free_content(node);
    attributes_free(node);
    heap_free(node, sizeof *node);
}

void node_touch(struct node *node) {
    node->modification = node->change = libos_now(ORC_CLOCK_REALTIME);
}

#define DAY 86400000000000ll

void node_accessed(struct node *node) {
    int64_t now = libos_now(ORC_CLOCK_REALTIME);
    if (node->access <= node->modification || node->access <= node->change || now - node->access >= DAY)
        node->access = now;
}

static struct timespec time_of(int64_t nanoseconds) {
    int64_t seconds = nanoseconds / 1000000000;
    if (seconds * 1000000000 > nanoseconds)
        seconds--;
    return (struct timespec){.tv_sec = seconds, .tv_nsec = nanoseconds - seconds * 1000000000};
}

void node_status(const struct node *node, struct stat *status) {
    memset(status, 0, sizeof *status);
    status->st_dev = node->device;
    status->st_ino = node->inode;
    status->st_nlink = node->links;
    status->st_mode = node->mode;
    status->st_uid = node->user;
    status->st_gid = node->group;
    status->st_size = node->size;
    status->st_blksize = LIBOS_PAGE;
    status->st_blocks = S_ISREG(node->mode) ? (blkcnt_t)(node_allocated(node) / 512) : 0;
    status->st_atim = time_of(node->access);
    status->st_mtim = time_of(node->modification);
    status->st_ctim = time_of(node->change);
}

static uint32_t hash_of(const char *name, size_t length) {
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)name[i]) * 16777619u;
    return hash;
}

struct entry *directory_find(const struct node *directory, const char *name, size_t length) {
    uint32_t hash = hash_of(name, length);
    struct entry *entry =
        directory->bucket_count ? directory->buckets[hash & (directory->bucket_count - 1)] : directory->first;
    while (entry && !(entry->hash == hash && entry->length == length && !memcmp(entry->name, name, length)))
        entry = directory->bucket_count ? entry->bucket_next : entry->next;
    return entry;
}

#define SMALL_DIRECTORY 8

/* Small directories are lists; the others have about one bucket a name. Without memory for more, the old ones
 * do. */
static void grow_buckets(struct node *directory) {
    uint32_t count = directory->bucket_count ? 2 * directory->bucket_count : 4 * SMALL_DIRECTORY;
    struct entry **buckets = heap_allocate(count * sizeof *buckets);
    if (!buckets)
        return;
    for (struct entry *entry = directory->first; entry; entry = entry->next) {
        struct entry **bucket = &buckets[entry->hash & (count - 1)];
        entry->bucket_next = *bucket;
        *bucket = entry;
    }
    heap_free(directory->buckets, directory->bucket_count * sizeof *directory->buckets);
    directory->buckets = buckets;
    directory->bucket_count = count;
}

static void link_entry(struct node *directory, struct entry *entry) {
    entry->cookie = ++directory->next_cookie;
    entry->previous = directory->last;
    *(directory->last ? &directory->last->next : &directory->first) = entry;
    directory->last = entry;
    if (directory->bucket_count) {
        struct entry **bucket = &directory->buckets[entry->hash & (directory->bucket_count - 1)];
        entry->bucket_next = *bucket;
        *bucket = entry;
    }
    directory->count++;
}

static void take_node(struct node *directory, struct node *node) {
    if (!node)
        return;
    node_hold(node);
    node->links += !S_ISDIR(node->mode);
    directory->links += S_ISDIR(node->mode);
    node->change = libos_now(ORC_CLOCK_REALTIME);
}

static void drop_node(struct node *directory, struct node *node) {
    if (!node)
        return;
    if (S_ISDIR(node->mode))
        directory->links--;
    else
        node->links--;
    node->change = libos_now(ORC_CLOCK_REALTIME);
    node_put(node);
}

long directory_add(struct node *directory, const char *name, size_t length, struct node *node) {
    struct entry *entry = heap_allocate(sizeof *entry + length + 1);
    if (!entry)
        return -ENOSPC;
    if (directory->count >= SMALL_DIRECTORY && directory->count >= directory->bucket_count)
        grow_buckets(directory);
    memcpy(entry->name, name, length);
    entry->length = length;
    entry->hash = hash_of(name, length);
    entry->node = node;
    take_node(directory, node);
    link_entry(directory, entry);
    node_touch(directory);
    return 0;
}

void directory_remove(struct node *directory, struct entry *entry) {
    *(entry->previous ? &entry->previous->next : &directory->first) = entry->next;
    *(entry->next ? &entry->next->previous : &directory->last) = entry->previous;
    if (directory->bucket_count) {
        struct entry **bucket = &directory->buckets[entry->hash & (directory->bucket_count - 1)];
        while (*bucket != entry)
            bucket = &(*bucket)->bucket_next;
        *bucket = entry->bucket_next;
    }
    directory->count--;
    drop_node(directory, entry->node);
    heap_free(entry, sizeof *entry + entry->length + 1);
    node_touch(directory);
}

void entry_replace(struct node *directory, struct entry *entry, struct node *node) {
    struct node *old = entry->node;
    entry->node = node;
    take_node(directory, node);
    drop_node(directory, old);
    node_touch(directory);
}

bool directory_empty(const struct node *directory) {
    const struct entry *entry = directory->first;
    while (entry && !entry->node)
        entry = entry->next;
    return !entry;
}
