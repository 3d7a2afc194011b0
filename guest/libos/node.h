/* Files, directories and links in memory: those of memory file systems, and of the layer above a read-only
 * root. */
#ifndef LIBOS_NODE_H
#define LIBOS_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include "libos.h"
#include "file.h"

#pragma GCC visibility push(hidden)

/* One name in a directory. Without a node it's a whiteout: the host's file of that name is hidden. */
struct entry {
    struct entry *next, *previous; /* in the order of their cookies */
    struct entry *bucket_next;
    struct node *node;
    uint64_t cookie;
    uint32_t hash;
    uint32_t length;
    char name[];
};

struct node {
    uint32_t references; /* names, open files, mounts */
    uint32_t links;
    mode_t mode;
    uint32_t user, group;
    uint32_t device;
    uint32_t seals; /* F_SEAL_ */
    uint64_t inode;
    int64_t size;
    uint32_t mapped;         /* mappings of its memory file, and those about to be; atomic */
    uint32_t memory_file;    /* 1 + its handle: the content, in place of chunks; 0: there is none */
    struct node *next_shared; /* of those that have one */
    int64_t access, modification, change, birth; /* ns since 1970 */
    struct attribute *attributes;                /* xattr.c */
    bool nameless; /* O_TMPFILE: it may get a name, though it has none */
    union {
        struct {
            struct entry *first, *last;
            struct entry **buckets;
            uint32_t bucket_count, count;
            uint64_t next_cookie;
            bool merged; /* the host's directory of the same path shines through */
        };
        struct {
            uint32_t *chunks; /* addresses; 0: a hole */
            uint32_t chunk_capacity;
            uint64_t chunks_used;
        };
        char *target; /* of a symbolic link: size + 1 bytes */
        const struct file_operations *device_operations;
    };
};

/* One lock for all names and contents in memory. */
extern struct libos_lock nodes_lock;

/* With the lock held, all of these. NULL or -ENOSPC: no memory. */
struct node *node_create(uint32_t device, mode_t mode);
void node_hold(struct node *node);
void node_put(struct node *node);
void node_status(const struct node *node, struct stat *status);
void node_touch(struct node *node); /* modified now */
/* Read now: keeps the time where it can be told apart from that of the last change (relatime). */
void node_accessed(struct node *node);

struct entry *directory_find(const struct node *directory, const char *name, size_t length);
/* A new name; takes a reference and a link of `node` (NULL: a whiteout). The name isn't there yet. */
long directory_add(struct node *directory, const char *name, size_t length, struct node *node);
void directory_remove(struct node *directory, struct entry *entry);
/* Puts another node under a name. */
void entry_replace(struct node *directory, struct entry *entry, struct node *node);
/* No names but whiteouts. */
bool directory_empty(const struct node *directory);

/* memory_file.c */
long node_read(struct node *node, void *buffer, size_t length, int64_t position);
long node_write(struct node *node, const void *buffer, size_t length, int64_t position);
long node_resize(struct node *node, int64_t size);
long node_reserve(struct node *node, int64_t offset, int64_t length);
/* The bytes read as zero; whole chunks become holes. */
void node_clear(struct node *node, int64_t offset, int64_t length);
long node_set_attributes(struct node *node, const struct attributes *attributes);
void node_free_content(struct node *node);
uint64_t node_allocated(const struct node *node); /* bytes */
/* The content becomes a memory file's, so that it can be mapped: 0, -ENOMEM, -ENFILE. It stays one while it is mapped, and
 * large ones on. */
long node_share(struct node *node);
static inline uint32_t node_handle(const struct node *node) {
    return node->memory_file - 1;
}
/* With or without the lock: one mapping more. */
static inline void node_mapped(struct node *node) {
    __atomic_add_fetch(&node->mapped, 1, __ATOMIC_SEQ_CST);
}
/* Without: one less of the file's node. */
void node_unmapped(struct file *file);
/* For zygotes: the content of all memory files as chunks, too (false: no memory); not so any more; or instead, since the
 * memory files are another compartment's, and then in memory files again (0 or -errno). */
bool nodes_unshare(void);
void nodes_keep_shared(void);
long nodes_share_again(void);

/* A file for a regular node, with a reference of its own (NULL: no memory). Files are put without the lock.
 */
struct file *memory_file_open(struct node *node, unsigned flags);

#pragma GCC visibility pop

#endif
