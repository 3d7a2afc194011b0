/* Preloaded into a native program so that the kernel's same-page merging (KSM) can work on all
 * of its memory: what is mapped from files, text and constants and the untouched rest of its variables, moves
 * to anonymous memory at the same addresses, and the process asks for merging as a whole. So it holds a copy
 * of its files in memory, as a virtual machine does, and shares nothing through the page cache.
 *
 * $ORC_MERGE=copy only moves; any other value asks for merging, too, and ends the program if the kernel
 * can't. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#ifndef PR_SET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE 67
#endif

#define LARGEST_MAPS 65536

static void fail(const char *what) {
    perror(what);
    _exit(126);
}

/* The new pages have the old ones' content when they take their place: nobody notices, not even this
 * function. */
static void move(uintptr_t start, uintptr_t end, int protection) {
    size_t length = end - start;
    void *copy = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (copy == MAP_FAILED)
        fail("merge: mmap");
    memcpy(copy, (const void *)start, length);
    if (mprotect(copy, length, protection) != 0 ||
        mremap(copy, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)start) == MAP_FAILED)
        fail("merge: mremap");
}

/* A line of /proc/self/maps: START-END rwxp OFFSET DEVICE INODE PATH. */
static void move_line(const char *line) {
    unsigned long start, end, inode;
    char flags[5];
    if (sscanf(line, "%lx-%lx %4s %*x %*s %lu", &start, &end, flags, &inode) != 4 || inode == 0 ||
        flags[0] != 'r' || flags[3] != 'p')
        return;
    move(start, end, PROT_READ | (flags[1] == 'w' ? PROT_WRITE : 0) | (flags[2] == 'x' ? PROT_EXEC : 0));
}

/* All at once: the file changes while mappings move. */
static size_t read_maps(char *text) {
    size_t length = 0;
    ssize_t count;
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        fail("merge: /proc/self/maps");
    while ((count = read(fd, text + length, LARGEST_MAPS - 1 - length)) > 0)
        length += (size_t)count;
    close(fd);
    return length;
}

__attribute__((constructor)) static void merge(void) {
    static char maps[LARGEST_MAPS];
    const char *how = getenv("ORC_MERGE");
    if ((!how || strcmp(how, "copy") != 0) && prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0) != 0)
        fail("merge: PR_SET_MEMORY_MERGE");
    maps[read_maps(maps)] = 0;
    for (char *line = strtok(maps, "\n"); line; line = strtok(NULL, "\n"))
        move_line(line);
    memset(maps, 0, sizeof maps);
}
