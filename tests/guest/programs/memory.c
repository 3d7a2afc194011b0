/* mmap and its family, brk, malloc. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096

static void check(const char *what, int good) {
    printf("%s: %s\n", what, good ? "yes" : "NO");
}

static char *map(size_t size, int protection) {
    return mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int all(const char *block, size_t size, char value) {
    for (size_t i = 0; i < size; i++)
        if (block[i] != value)
            return 0;
    return 1;
}

static void anonymous(void) {
    for (size_t size = PAGE; size <= 64 << 20; size *= 8) {
        char *block = map(size, PROT_READ | PROT_WRITE);
        int good = block != MAP_FAILED && all(block, size < 65536 ? size : 65536, 0);
        if (good)
            memset(block, 1, size);
        printf("map %zu: %d, unmap %d\n", size, good, munmap(block, size));
    }
    char *block = map(16 * PAGE, PROT_READ | PROT_WRITE);
    memset(block, 7, 16 * PAGE);
    check("hole", munmap(block + 4 * PAGE, 4 * PAGE) == 0 && block[3 * PAGE] == 7 && block[8 * PAGE] == 7);
    char *again = mmap(block + 4 * PAGE, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    check("fixed", again == block + 4 * PAGE && all(again, 4 * PAGE, 0));
    check("taken", mmap(block, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED &&
                       errno == EEXIST);
    check("in place of", mmap(block, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == block &&
                             all(block, 2 * PAGE, 0) && block[2 * PAGE] == 7);
    munmap(block, 16 * PAGE);
}

static void protection(void) {
    char *block = map(1 << 20, PROT_NONE);
    check("reserve", block != MAP_FAILED);
    check("commit", mprotect(block + 8 * PAGE, 8 * PAGE, PROT_READ | PROT_WRITE) == 0);
    memset(block + 8 * PAGE, 3, 8 * PAGE);
    check("read-only", mprotect(block + 8 * PAGE, 8 * PAGE, PROT_READ) == 0 && block[9 * PAGE] == 3);
    check("none and back", mprotect(block + 8 * PAGE, PAGE, PROT_NONE) == 0 &&
                               mprotect(block, 16 * PAGE, PROT_READ | PROT_WRITE) == 0 && block[8 * PAGE] == 3 &&
                               block[0] == 0);
    check("discard", madvise(block + 8 * PAGE, 2 * PAGE, MADV_DONTNEED) == 0 && all(block + 8 * PAGE, 2 * PAGE, 0) &&
                         block[10 * PAGE] == 3);
    munmap(block, 1 << 20);
    check("gone", mprotect(block, PAGE, PROT_READ) == -1 && errno == ENOMEM);
}

static void resize(void) {
    char *block = map(8 * PAGE, PROT_READ | PROT_WRITE);
    memset(block, 9, 8 * PAGE);
    char *grown = mremap(block, 8 * PAGE, 4096 * PAGE, MREMAP_MAYMOVE);
    check("grow", grown != MAP_FAILED && all(grown, 8 * PAGE, 9) && all(grown + 8 * PAGE, PAGE, 0));
    char *shrunk = mremap(grown, 4096 * PAGE, 2 * PAGE, 0);
    check("shrink", shrunk == grown && all(grown, 2 * PAGE, 9));
    munmap(shrunk, 2 * PAGE);
    check("zero length", mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);
    check("too much", mmap(NULL, (size_t)1 << 48, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
}

static void heap(void) {
    enum { BLOCKS = 2000 };
    static char *blocks[BLOCKS];
    unsigned seed = 1;
    int good = 1;
    for (int round = 0; round < 40000; round++) {
        seed = seed * 1103515245 + 12345;
        int i = (int)(seed >> 8) % BLOCKS;
        size_t size = 16 + (seed >> 4) % (round % 100 ? 3000 : 300000);
        if (blocks[i] && blocks[i][0] != (char)i)
            good = 0;
        if (seed & 64) {
            blocks[i] = realloc(blocks[i], size);
        } else {
            free(blocks[i]);
            blocks[i] = malloc(size);
        }
        if (!blocks[i]) {
            good = 0;
            break;
        }
        blocks[i][0] = (char)i;
        blocks[i][size - 1] = (char)i;
    }
    for (int i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    check("malloc", good);
    char *aligned = aligned_alloc(65536, 65536);
    check("aligned", aligned && (uintptr_t)aligned % 65536 == 0);
    free(aligned);
    char *large = calloc(1, 100 << 20);
    check("calloc", large && large[(100 << 20) - 1] == 0);
    free(large);
    /* More in all than there could be at once: what is freed comes back. */
    for (int i = 0; i < 100; i++) {
        large = malloc(200 << 20);
        good &= large != NULL;
        if (large)
            large[0] = large[100 << 20] = 1;
        free(large);
    }
    check("given back", good);
}

int main(void) {
    anonymous();
    protection();
    resize();
    heap();
    return 0;
}
