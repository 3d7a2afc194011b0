/* orc_share and orc_unshare, and read-only mappings of files. `share WHAT [FILE]` prints what it finds. */
#include <errno.h>
#include <fcntl.h>
#include <orc/share.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE (2u << 20)
#define CHECK(condition)                                             \
    do {                                                             \
        if (!(condition)) {                                          \
            printf("line %d: %s (%s)\n", __LINE__, #condition, strerror(errno)); \
            exit(1);                                                 \
        }                                                            \
    } while (0)

static bool in_window(const void *address) {
    return (uintptr_t)address >= 0x10000000 && (uintptr_t)address < 0x7fff0000;
}

/* Sizes around pages and the hash's blocks; the same bytes are the same memory; other bytes aren't. */
static void sizes(void) {
    static const size_t all[] = {1, 2, 8, 127, 128, 129, 255, 256, 257, 4095, 4096, 4097, 100000, SIZE};
    uint8_t *data = malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (uint8_t)(i * 7 + (i >> 8));
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const uint8_t *one = orc_share(data, all[i]), *two = orc_share(data, all[i]);
        CHECK(one && one == two && in_window(one) && memcmp(one, data, all[i]) == 0);
        data[0] ^= 1;
        const uint8_t *other = orc_share(data, all[i]);
        CHECK(other && other != one && other[0] == data[0] && one[0] != data[0]);
        data[0] ^= 1;
        CHECK(orc_unshare(one) == 0 && memcmp(two, data, all[i]) == 0 && orc_unshare(two) == 0);
        CHECK(orc_unshare(two) == -1 && errno == EINVAL && orc_unshare(other) == 0);
    }
    CHECK(orc_share(data, 0) == NULL && errno == EINVAL);
    CHECK(orc_share((void *)0x7ffff000, 1u << 31) == NULL);
    CHECK(orc_unshare(data) == -1 && errno == EINVAL);
    puts("sizes");
}

/* A table that all have: then waits, so that it can be looked at from outside. */
static void table(void) {
    uint32_t *data = malloc(SIZE);
    for (uint32_t i = 0; i < SIZE / 4; i++)
        data[i] = i * 2654435761u;
    const volatile uint32_t *shared = orc_share(data, SIZE);
    uint32_t sum = 0;
    CHECK(shared);
    for (uint32_t i = 0; i < SIZE / 4; i++)
        sum += shared[i] ^ data[i];
    CHECK(sum == 0);
    memset(data, 0, SIZE);
    free(data);
    printf("%p\n", (const void *)(uintptr_t)shared);
    fflush(stdout);
    getchar();
}

static void write_to_it(void) {
    char byte = 1;
    char *shared = (char *)(uintptr_t)orc_share(&byte, 1);
    CHECK(shared);
    *shared = 2;
}

/* Checks what can be done with a file's mapping. */
static void map_file(const char *name) {
    int fd = open(name, O_RDONLY);
    uint8_t *data = malloc(SIZE);
    CHECK(fd >= 0 && read(fd, data, SIZE) == SIZE);
    uint8_t *mapped = mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK(mapped != MAP_FAILED && memcmp(mapped, data, SIZE) == 0);
    uint8_t *again = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(again != MAP_FAILED && memcmp(again, data, SIZE) == 0);
    CHECK(madvise(mapped, SIZE, MADV_WILLNEED) == 0);
    CHECK(munmap(again, SIZE) == 0 && mapped[SIZE - 1] == data[SIZE - 1]);
    uint8_t *part = mmap(NULL, 3 * 65536, PROT_READ, MAP_PRIVATE, fd, 65536);
    CHECK(part != MAP_FAILED && memcmp(part, data + 65536, 3 * 65536) == 0);
    CHECK(munmap(part, 65536) == 0 && part[65536] == data[2 * 65536] && munmap(part + 65536, 2 * 65536) == 0);
    uint8_t *own = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(own != MAP_FAILED && (own[5] = data[5] + 1) != mapped[5]);
    CHECK(munmap(own, SIZE) == 0);
    printf("mapped\n");
    fflush(stdout);
    getchar();
    CHECK(munmap(mapped, SIZE) == 0);
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "sizes") == 0)
        sizes();
    else if (strcmp(what, "table") == 0)
        table();
    else if (strcmp(what, "write") == 0)
        write_to_it();
    else if (strcmp(what, "file") == 0 && argc > 2)
        map_file(argv[2]);
    else
        return 2;
    return 0;
}
