/* Mappings of all kinds, looked at again in clones: aliases are one memory, files are the clone's, and what a clone writes no
 * other one sees. argv[1] is a file on a mount. Exit status 0: all is as it should be. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096
#define RW (PROT_READ | PROT_WRITE)
#define CHECK(condition)                                                                                     \
    do                                                                                                       \
        if (!(condition)) {                                                                                  \
            printf("line %d: %s (%s)\n", __LINE__, #condition, strerror(errno));                             \
            failures++;                                                                                      \
        }                                                                                                    \
    while (0)

static int failures;

static char *map(size_t size, int protection, int flags, int fd, long offset) {
    char *mapped = mmap(NULL, size, protection, flags, fd, offset);
    CHECK(mapped != MAP_FAILED);
    return mapped;
}

int main(int argc, char **argv) {
    char line[100], byte;
    int memory = open("/tmp/mapped", O_RDWR | O_CREAT, 0600), host = open(argv[1], O_RDWR), unmapped = open("/tmp/big", O_RDWR | O_CREAT, 0600);
    if (argc < 2 || memory < 0 || host < 0)
        return 3;
    ftruncate(memory, 100 * PAGE);
    char *one = map(100 * PAGE, RW, MAP_SHARED, memory, 0), *two = map(2 * PAGE, RW, MAP_SHARED, memory, 98 * PAGE);
    char *own = map(100 * PAGE, RW, MAP_PRIVATE, memory, 0), *anonymous = map(PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char *wiped = map(4 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *nothing = map(PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *shared = map(2 * PAGE, PROT_READ, MAP_SHARED, host, 0), *copy = map(200 * PAGE, RW, MAP_PRIVATE, host, 0);
    sem_t *semaphore = sem_open("/mapped", O_CREAT, 0600, 3);
    int segment = shmget(77, 5 * PAGE, IPC_CREAT | 0600), detached = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600);
    char *attached = shmat(segment, NULL, 0), *again = shmat(segment, NULL, 0), *other = shmat(detached, NULL, 0);
    struct shmid_ds status;
    attached[PAGE] = 's';
    *other = 'd';
    shmdt(other);
    ftruncate(unmapped, 100 * PAGE);
    char *large = map(100 * PAGE, RW, MAP_SHARED, unmapped, 0);
    memset(large, 'l', 100 * PAGE);
    munmap(large, 100 * PAGE);
    one[99 * PAGE] = '1';
    own[0] = '2';
    own[50 * PAGE] = '3';
    *anonymous = '4';
    memset(wiped, '5', 4 * PAGE);
    CHECK(madvise(wiped + PAGE, 2 * PAGE, MADV_WIPEONFORK) == 0);
    *nothing = '6';
    CHECK(madvise(nothing, PAGE, MADV_WIPEONFORK) == 0 && mprotect(nothing, PAGE, PROT_NONE) == 0);
    copy[5] = '7';
    close(host);
    if (!fgets(line, sizeof line, stdin))
        return 2;
    CHECK(one[99 * PAGE] == '1' && two[PAGE] == '1');
    two[PAGE + 1] = line[5];
    CHECK(one[99 * PAGE + 1] == line[5] && pread(memory, &byte, 1, 99 * PAGE + 1) == 1 && byte == line[5]);
    CHECK(pwrite(memory, &line[5], 1, 20 * PAGE) == 1 && one[20 * PAGE] == line[5] && own[20 * PAGE] == line[5]);
    CHECK(own[0] == '2' && own[50 * PAGE] == '3' && one[0] == 0);
    CHECK(*anonymous == '4');
    CHECK(again[PAGE] == 's' && shmget(77, 0, 0) == segment && *(char *)shmat(detached, NULL, SHM_RDONLY) == 'd');
    attached[PAGE] = line[5];
    CHECK(again[PAGE] == line[5] && shmctl(segment, IPC_STAT, &status) == 0 && status.shm_nattch == 2);
    CHECK(shmctl(segment, IPC_RMID, NULL) == 0 && shmdt(attached) == 0 && shmdt(again) == 0 && shmdt(again) == -1);
    CHECK(pread(unmapped, &byte, 1, 99 * PAGE) == 1 && byte == 'l' && lseek(unmapped, 0, SEEK_END) == 100 * PAGE);
    bool clone = argc > 2;
    CHECK(wiped[0] == '5' && wiped[4 * PAGE - 1] == '5');
    CHECK(wiped[PAGE] == (clone ? 0 : '5') && wiped[3 * PAGE - 1] == (clone ? 0 : '5'));
    wiped[PAGE] = 'w';
    CHECK(mprotect(nothing, PAGE, PROT_READ) == 0 && *nothing == (clone ? 0 : '6'));
    CHECK(memcmp(shared, "of the host", 11) == 0 && memcmp(copy, "of th7 host", 11) == 0 && copy[190 * PAGE] == 'e');
    CHECK(mprotect(shared, PAGE, RW) == 0); /* the file was opened to be written */
    CHECK(madvise(copy, 200 * PAGE, MADV_DONTNEED) == 0 && memcmp(copy, "of the host", 11) == 0);
    CHECK(sem_trywait(semaphore) == 0 && sem_post(semaphore) == 0);
    char *moved = mremap(own, 100 * PAGE, 100 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
    CHECK(moved != MAP_FAILED && moved[50 * PAGE] == '3' && own[50 * PAGE] == 0);
    printf("%s%c\n", failures ? "failed " : "good ", line[5]);
    return failures != 0;
}
