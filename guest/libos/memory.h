/* The guest's address space, between memory.c (pages), mapping.c (files in it, mremap), advice.c (madvise, mlock and their
 * kind), threads.c (a thread that frees its own stack) and zygote.c. */
#ifndef LIBOS_MEMORY_H
#define LIBOS_MEMORY_H

#include "libos.h"

#pragma GCC visibility push(hidden)

extern struct libos_lock libos_memory_lock;
/* Takes whole pages out of the map, which is locked; the caller unmaps them. */
void libos_forget_pages(unsigned long address, unsigned long size);

/* --- What pages are. A bit each; pages are numbered from the start of the address space. The lock is held. */

enum page_bit {
    RESERVED, /* part of some mapping */
    MAPPED,   /* the Intravisor has it; a private mapping without a file that was never accessible costs nothing */
    FIRST_RARE,
    WIPED = FIRST_RARE, /* zero in clones (MADV_WIPEONFORK) */
    LOCKED,             /* counted against RLIMIT_MEMLOCK */
};
struct bits { /* of 64 pages */
    uint64_t of[2];
};
struct range {
    unsigned long start, end; /* pages */
    struct bits *bits;
    unsigned long first_rare; /* where those of rare bits begin */
};
/* Before the lock is taken: room for rare bits, which are all false as long as there is none. False: no memory. */
bool rare_bits_make(void);

/* The range that holds all of these pages, or NULL. */
const struct range *range_of(unsigned long page, unsigned long count);
bool page_bit(const struct range *range, enum page_bit kind, unsigned long page);
void set_bits(const struct range *range, enum page_bit kind, unsigned long page, unsigned long count, bool value);
/* How many pages from `page` on, at most `limit`, have a bit of the value that the first one has. */
unsigned long run_length(const struct range *range, enum page_bit kind, unsigned long page, unsigned long limit);
static inline bool all_have(const struct range *range, enum page_bit kind, unsigned long page, unsigned long count) {
    return page_bit(range, kind, page) && run_length(range, kind, page, count) == count;
}
static inline bool none_has(const struct range *range, enum page_bit kind, unsigned long page, unsigned long count) {
    return !page_bit(range, kind, page) && run_length(range, kind, page, count) == count;
}
/* Pages that are the guest's to map, from an address and a length above 0: the first one and how many. NULL: they aren't. */
const struct range *pages_of(unsigned long address, unsigned long length, unsigned long *page, unsigned long *count);
/* The range that the address lies in; up to `*count` pages of it. */
const struct range *range_at(unsigned long page, unsigned long *count);
/* Free pages for so many, or 0. A hint is taken when it is free. */
unsigned long find_place(unsigned long count);
unsigned long choose_place(unsigned long address, unsigned long count, long flags);
/* Is there room for more behind these pages? */
bool can_grow(const struct range *range, unsigned long page, unsigned long old_count, unsigned long count);
extern unsigned long locked_pages;

long protection_bits(long protection);

/* --- Areas: pages of files, and what else is shared. In the order of their pages. */

struct file;
struct area {
    struct area *next;
    unsigned long page, count;
    struct file *file;   /* with a reference */
    struct file *before; /* what it showed before its file was copied into a layer; likewise, or NULL */
    int64_t offset;      /* of the first page */
    bool shared;
};
extern struct area *areas;
/* The first that ends behind the page. */
struct area *area_at(unsigned long page);
/* The one that has the page, or NULL. */
static inline struct area *area_of(unsigned long page) {
    struct area *area = area_at(page);
    return area && area->page <= page ? area : NULL;
}
/* Is any of the pages of an area? */
static inline bool any_filed(unsigned long page, unsigned long count) {
    const struct area *area = area_at(page);
    return area && area->page < page + count;
}

/* Around what changes the map: `begin` takes the lock, with as many structures at hand as areas are added (`adds`) or may be,
 * split or added, if some of these pages are of areas (`splits`). `end` gives it back and puts the files that aren't mapped
 * any more. -ENOMEM: nothing is locked. */
struct changes {
    struct area *spare, *gone;
};
long changes_begin(struct changes *changes, unsigned adds, unsigned splits, unsigned long page, unsigned long count);
void changes_end(struct changes *changes);

/* In between: the pages are of no area any more. */
void areas_cut(unsigned long page, unsigned long count, struct changes *changes);
/* Nothing is known of these pages any more but that they're reserved, or not even that. */
void forget_pages(const struct range *range, unsigned long page, unsigned long count, bool reserved,
                  struct changes *changes);
long unmap_pages(const struct range *range, unsigned long page, unsigned long count, struct changes *changes);
/* Fresh pages in place of what was there; without access they stay unmapped. The address or -errno. */
long place_pages(const struct range *range, unsigned long page, unsigned long count, long protection,
                 struct changes *changes);
/* A file's pages, likewise, and the area for them. */
long place_file(const struct range *range, unsigned long page, unsigned long count, long protection,
                const struct area *from, struct changes *changes);

/* Its file's handle. */
long area_handle(const struct area *area);
/* Pages of an area as they were when they were mapped, with another protection. */
long area_map_again(const struct area *area, unsigned long page, unsigned long count, long protection);

/* advice.c: pages in memory, as far as that can be had; from RLIMIT_MEMLOCK's account. */
void populate_pages(unsigned long page, unsigned long count, bool write);
bool may_lock(unsigned long more);
extern bool lock_future; /* mlockall(MCL_FUTURE) */

/* A host's file beneath a layer has become this node: its mappings do so, too. With nodes_lock. -ENOMEM, -ENFILE. */
struct node;
long areas_follow(struct node *node, uint64_t device, uint64_t inode);

/* May shared pages of it be written to, now or after mprotect? */
bool area_writable(const struct area *area);
/* Does any mapping share pages of the node that may be? */
bool is_mapped_to_write(const struct node *node);

/* All of a file in memory, with the checks of its access done. */
long map_shared_file(struct file *file, long address, long length, long protection, long flags);
/* segments.c: an area of this node is gone. Without locks. */
void segment_detached(const struct node *node);

/* Is the word on a page that others may have at other addresses? */
bool is_shared_word(unsigned long address);

#pragma GCC visibility pop

#endif
