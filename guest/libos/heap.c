/* Blocks of up to 2 KiB are carved one after the other from a chunk of pages, whatever their class, so that a
 * small program dirties as few pages as possible; freed blocks wait in a list of their class. Larger blocks
 * are pages. */
#include <stdint.h>
#include <string.h>
#include "heap.h"
#include "libos.h"

#define SMALLEST 16u
#define LARGEST 2048u
#define CLASSES 14 /* 16, 32, 48, 64, 96, 128, 192, 256, 384, ... 2048 */
#define CHUNK 16384u
#define PAGE 4096u

struct free_block {
    struct free_block *next;
};

static struct libos_lock heap_lock;
static struct free_block *free_lists[CLASSES];
static uintptr_t chunk_next, chunk_end;

/* The class and its size: powers of two, and one and a half times a power of two from 48 upwards. */
static unsigned class_of(size_t size, size_t *class_size) {
    if (size <= SMALLEST)
        return *class_size = SMALLEST, 0;
    if (size <= 2 * SMALLEST)
        return *class_size = 2 * SMALLEST, 1;
    unsigned shift = 63 - (unsigned)__builtin_clzl(size - 1); /* 2^shift < size <= 2^(shift + 1) */
    size_t middle = (size_t)3 << (shift - 1);
    if (size <= middle)
        return *class_size = middle, 2 * (shift - 5) + 2;
    return *class_size = (size_t)2 << shift, 2 * (shift - 5) + 3;
}

static uintptr_t carve(size_t size) {
    if (!chunk_end) { /* the first allocations lie behind the start information, on the same page */
        chunk_next = (libos_boot->first_heap + SMALLEST - 1) & -SMALLEST;
        chunk_end = libos_first_page();
    }
    if (size > chunk_end - chunk_next) {
        long chunk = libos_pages(CHUNK);
        if (chunk < 0)
            return 0;
        if ((uintptr_t)chunk != chunk_end) /* what was left of the last one is lost */
            chunk_next = (uintptr_t)chunk;
        chunk_end = (uintptr_t)chunk + CHUNK;
    }
    uintptr_t block = chunk_next;
    chunk_next += size;
    return block;
}

static size_t whole_pages(size_t size) {
    return (size + PAGE - 1) & -(size_t)PAGE;
}

void *heap_allocate(size_t size) {
    if (size > LARGEST) {
        long pages = size > UINT32_MAX - PAGE ? -1 : libos_pages(whole_pages(size));
        return pages < 0 ? NULL : (void *)pages;
    }
    size_t class_size;
    unsigned class = class_of(size, &class_size);
    libos_lock(&heap_lock);
    struct free_block *block = free_lists[class];
    if (block)
        free_lists[class] = block->next;
    else
        block = (void *)carve(class_size);
    libos_unlock(&heap_lock);
    return block ? memset(block, 0, class_size) : NULL;
}

void heap_free(void *block, size_t size) {
    if (!block)
        return;
    if (size > LARGEST) {
        libos_pages_free((long)block, whole_pages(size));
        return;
    }
    size_t class_size;
    unsigned class = class_of(size, &class_size);
    struct free_block *free_block = block;
    libos_lock(&heap_lock);
    free_block->next = free_lists[class];
    free_lists[class] = free_block;
    libos_unlock(&heap_lock);
}

void *heap_resize(void *block, size_t old_size, size_t size) {
    void *moved = heap_allocate(size);
    if (!moved)
        return NULL;
    memcpy(moved, block, old_size < size ? old_size : size);
    heap_free(block, old_size);
    return moved;
}
