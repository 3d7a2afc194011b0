/* malloc for benchmark programs, the same code on both sides and without system calls: otherwise a workload
 * that allocates would measure the host kernel's memory management against the compartment's. Blocks have
 * power-of-two and three-quarter sizes; freed ones go to a list for their size. */
#ifndef BENCH_ALLOCATOR_H
#define BENCH_ALLOCATOR_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define BENCH_ARENA (160u << 20)
#define BENCH_CLASSES 64

struct bench_block {
    size_t class;
    struct bench_block *next; /* while free */
};
#define BENCH_HEADER sizeof(struct bench_block)

static _Alignas(16) unsigned char bench_arena[BENCH_ARENA];
static size_t bench_top;
static struct bench_block *bench_free[BENCH_CLASSES];

static inline size_t bench_class_size(size_t class) {
    size_t half = (size_t)32 << class / 2;
    return class % 2 ? half + half / 2 : half;
}

static inline size_t bench_class_of(size_t size) {
    size_t log = size <= 32 ? 5 : 64 - (size_t)__builtin_clzl(size - 1);
    size_t class = 2 * (log - 5);
    return class && size <= bench_class_size(class - 1) ? class - 1 : class;
}

static void *bench_allocate(size_t size) {
    if (size > BENCH_ARENA / 2) {
        errno = ENOMEM;
        return NULL;
    }
    size_t class = bench_class_of(size + BENCH_HEADER), whole = bench_class_size(class);
    struct bench_block *block = bench_free[class];
    if (block) {
        bench_free[class] = block->next;
    } else {
        if (whole > BENCH_ARENA - bench_top) {
            errno = ENOMEM;
            return NULL;
        }
        block = (struct bench_block *)(bench_arena + bench_top);
        bench_top += whole;
    }
    block->class = class;
    return block + 1;
}

static void bench_release(void *memory) {
    struct bench_block *block = (struct bench_block *)memory - 1;
    block->next = bench_free[block->class];
    bench_free[block->class] = block;
}

void *malloc(size_t size) {
    return bench_allocate(size);
}

void free(void *memory) {
    if (memory)
        bench_release(memory);
}

void *calloc(size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        bytes = SIZE_MAX;
    void *memory = bench_allocate(bytes);
    return memory ? memset(memory, 0, bytes) : NULL;
}

void *realloc(void *memory, size_t size) {
    if (!memory)
        return bench_allocate(size);
    size_t room = bench_class_size(((struct bench_block *)memory - 1)->class) - BENCH_HEADER;
    if (size <= room)
        return memory;
    void *moved = bench_allocate(size);
    if (moved) {
        memcpy(moved, memory, room);
        bench_release(memory);
    }
    return moved;
}

#endif
