/* Mappings: argv[1] is a directory to work in, on a host's side or in memory. With a second argument, `bus`: reads a page
 * that the file doesn't have any more; `big`: writes to more private pages than the compartment may have. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "show.h"

#define PAGE 4096l
#define RW (PROT_READ | PROT_WRITE)
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

static int descriptor;

/* A file whose pages are full of A, B, C... */
static void make(const char *name, int flags, int pages) {
    char page[PAGE];
    if (descriptor > 0)
        close(descriptor);
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
    for (int i = 0; i < pages; i++) {
        memset(page, 'A' + i, PAGE);
        write(fd, page, PAGE);
    }
    close(fd);
    descriptor = open(name, flags);
}

static char byte_at(long offset) {
    char byte = '?';
    return pread(descriptor, &byte, 1, offset) == 1 ? byte : '-';
}

/* Whether mmap takes it: 0 or -1. */
static int try(long address, size_t length, int protection, int flags, int fd, long offset) {
    void *mapped = (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
    return mapped == MAP_FAILED ? -1 : munmap(mapped, length);
}

static void shared(void) {
    make("shared", O_RDWR, 3);
    char *one = mmap(NULL, 3 * PAGE, RW, MAP_SHARED, descriptor, 0), *two = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, descriptor, PAGE);
    SHOW(one != MAP_FAILED && two != MAP_FAILED && one != two);
    one[PAGE] = 'x';
    SHOW(two[0]);
    SHOW(byte_at(PAGE));
    SHOW(pwrite(descriptor, "yz", 2, PAGE));
    SHOW(one[PAGE] == 'y' && two[1] == 'z');
    SHOW(msync(one, 3 * PAGE, MS_SYNC));
    SHOW(mprotect(two, PAGE, RW));
    two[2] = 'w';
    SHOW(one[PAGE + 2]);
    int again = open("shared", O_RDWR);
    SHOW(pwrite(again, "again", 5, 2 * PAGE));
    SHOW_TEXT((one[2 * PAGE + 5] = 0, one + 2 * PAGE));
    SHOW(ftruncate(again, 2 * PAGE + 3));
    SHOW(one[2 * PAGE + 2] == 'a' && one[2 * PAGE + 3] == 0 && one[3 * PAGE - 1] == 0);
    SHOW(lseek(descriptor, 0, SEEK_END));
    SHOW(ftruncate(again, 5 * PAGE));
    SHOW(one[2 * PAGE + 2] == 'a' && one[2 * PAGE + 3] == 0);
    struct stat status;
    fstat(descriptor, &status);
    SHOW(status.st_size);
    close(again);
    close(descriptor);
    descriptor = 0;
    one[0] = 'k'; /* no descriptor is left, and then no name */
    SHOW(unlink("shared"));
    one[1] = 'l';
    SHOW(munmap(one, PAGE));
    SHOW(one[PAGE] == 'y' && two[0] == 'y');
    SHOW(munmap(one + 2 * PAGE, PAGE));
    SHOW(munmap(one + PAGE, PAGE));
    SHOW(two[2]);
    SHOW(munmap(two, PAGE));
}

static void rights(void) {
    make("rights", O_RDONLY, 1);
    char *mapped = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, descriptor, 0);
    SHOW(mprotect(mapped, PAGE, RW));
    SHOW(mprotect(mapped, PAGE, PROT_NONE));
    SHOW(mprotect(mapped, PAGE, PROT_READ));
    SHOW(mapped[0]);
    SHOW(try(0, PAGE, RW, MAP_SHARED, descriptor, 0));
    SHOW(try(0, PAGE, RW, MAP_PRIVATE, descriptor, 0));
    close(descriptor);
    descriptor = open("rights", O_WRONLY);
    SHOW(try(0, PAGE, PROT_READ, MAP_PRIVATE, descriptor, 0));
    SHOW(try(0, PAGE, PROT_WRITE, MAP_SHARED, descriptor, 0));
    SHOW(munmap(mapped, PAGE));
}

static void refusals(void) {
    int pipes[2], directory = open(".", O_RDONLY | O_DIRECTORY), path;
    pipe(pipes);
    make("refusals", O_RDWR, 1);
    path = open("refusals", O_PATH);
    SHOW(try(0, 0, RW, MAP_SHARED, descriptor, 0));
    SHOW(try(0, 0, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    SHOW(try(0, PAGE, RW, MAP_SHARED, descriptor, 1));
    SHOW(try(0, PAGE, RW, MAP_SHARED, descriptor, INT64_MAX & -PAGE));
    SHOW(try(0, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 1));
    SHOW(try(0, PAGE, RW, MAP_SHARED, -1, 0));
    SHOW(try(0, PAGE, RW, MAP_SHARED, path, 0));
    SHOW(try(0, PAGE, PROT_READ, MAP_SHARED, directory, 0));
    SHOW(try(0, PAGE, PROT_READ, MAP_PRIVATE, pipes[0], 0));
    SHOW(try(0, PAGE, RW, 0, descriptor, 0));
    SHOW(try(0, PAGE, RW, MAP_ANONYMOUS, -1, 0));
    SHOW(try(0, PAGE, RW, MAP_SHARED_VALIDATE | MAP_ANONYMOUS, -1, 0));
    SHOW(try(0, PAGE, RW, MAP_SHARED_VALIDATE, descriptor, 0));
    SHOW(try(0, PAGE, RW, MAP_SHARED_VALIDATE | 0x800000, descriptor, 0));
    SHOW(try(0, PAGE, RW, MAP_SHARED_VALIDATE | MAP_SYNC, descriptor, 0));
    SHOW(try(0, PAGE, RW, MAP_SHARED | MAP_GROWSDOWN, descriptor, 0));
    SHOW(try(0, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0));
    SHOW(try(0x10001, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    SHOW(try(0, SIZE_MAX - PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    SHOW(try(0, PAGE, RW, MAP_PRIVATE, open("/dev/null", O_RDWR), 0));
    SHOW(try(0, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_POPULATE | MAP_STACK, -1, 0));
    char *taken = mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    SHOW(try((long)taken, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
    SHOW(munmap(taken, PAGE));
    SHOW(try((long)taken, PAGE, RW, MAP_SHARED | MAP_FIXED_NOREPLACE, descriptor, 0));
    close(pipes[0]);
    close(pipes[1]);
    close(directory);
    close(path);
}

static void private_pages(void) {
    make("private", O_RDWR, 40);
    char *mapped = mmap(NULL, 40 * PAGE, RW, MAP_PRIVATE, descriptor, 0);
    SHOW(pwrite(descriptor, "new", 3, 20 * PAGE));
    SHOW(mapped[20 * PAGE]);
    mapped[20 * PAGE] = '1';
    SHOW(byte_at(20 * PAGE));
    SHOW(pwrite(descriptor, "file", 4, 0));
    mapped[PAGE - 1] = '2';
    SHOW(mapped[0] == 'f' && byte_at(PAGE - 1) == 'A');
    SHOW(pread(descriptor, mapped + 30 * PAGE, 2 * PAGE, 0)); /* a system call writes */
    SHOW(mapped[30 * PAGE] == 'f' && byte_at(30 * PAGE) == 'A' + 30);
    SHOW(mprotect(mapped, 40 * PAGE, PROT_READ));
    SHOW(mprotect(mapped + PAGE, 20 * PAGE, PROT_NONE));
    SHOW(mprotect(mapped, 40 * PAGE, RW));
    SHOW(mapped[20 * PAGE] == '1' && mapped[PAGE - 1] == '2');
    SHOW(madvise(mapped, 40 * PAGE, MADV_DONTNEED));
    SHOW(mapped[20 * PAGE] == 'n' && mapped[PAGE - 1] == 'A');
    SHOW(madvise(mapped, PAGE, MADV_FREE));
    SHOW(madvise(mapped, PAGE, MADV_WIPEONFORK));
    SHOW(madvise(mapped, PAGE, MADV_REMOVE));
    SHOW(ftruncate(descriptor, 100));
    SHOW(mapped[99] == 'A' && mapped[100] == 0);
    SHOW(madvise(mapped + PAGE, PAGE, MADV_POPULATE_READ));
    SHOW(write(descriptor, mapped + 3 * PAGE, 10));
    SHOW(munmap(mapped, 40 * PAGE));
}

static void moves(void) {
    make("moves", O_RDWR, 6);
    char *mapped = mmap(NULL, PAGE, RW, MAP_PRIVATE, descriptor, PAGE), *after, *reserved;
    mapped[0] = 'm';
    mapped = mremap(mapped, PAGE, 4 * PAGE, MREMAP_MAYMOVE);
    SHOW(mapped != MAP_FAILED && mapped[0] == 'm' && mapped[1] == 'B' && mapped[PAGE] == 'C' && mapped[3 * PAGE] == 'E');
    reserved = mmap(NULL, 8 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    after = mremap(mapped + PAGE, 3 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, reserved + PAGE);
    SHOW(after == reserved + PAGE && after[0] == 'C' && after[3 * PAGE] == 'F' && mapped[0] == 'm');
    after[0] = 'p';
    after = mremap(after, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
    SHOW(after != MAP_FAILED && after[0] == 'p' && reserved[PAGE] == 'C');
    SHOW(munmap(after, 4 * PAGE));
    SHOW(munmap(mapped, PAGE));
    char *one = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, descriptor, 0), *two;
    one = mremap(one, 2 * PAGE, 6 * PAGE, MREMAP_MAYMOVE);
    SHOW(one != MAP_FAILED && one[5 * PAGE] == 'F');
    one[5 * PAGE] = 's';
    SHOW(byte_at(5 * PAGE));
    two = mremap(one, 0, 3 * PAGE, MREMAP_MAYMOVE); /* a second mapping of the same pages */
    SHOW(two != MAP_FAILED && two != one);
    one[2 * PAGE] = 't';
    SHOW(two[2 * PAGE]);
    two = mremap(two, 3 * PAGE, PAGE, 0);
    SHOW(two[0]);
    SHOW((long)mremap(two, PAGE, PAGE, MREMAP_FIXED, reserved));
    SHOW((long)mremap(two, PAGE, 2 * PAGE, 16));
    SHOW((long)mremap(two + 1, PAGE, 2 * PAGE, 0));
    SHOW((long)mremap(two, PAGE, 0, MREMAP_MAYMOVE));
    SHOW((long)mremap(two, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL));
    SHOW((long)mremap(two, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, two));
    SHOW((long)mremap(two, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, reserved + 1));
    SHOW((long)mremap((void *)0x1000, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
    char *anonymous = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(anonymous, 'a', 4 * PAGE);
    mprotect(anonymous + 3 * PAGE, PAGE, PROT_READ);
    SHOW((long)mremap(anonymous, 0, PAGE, MREMAP_MAYMOVE));
    anonymous = mremap(anonymous, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, reserved);
    SHOW(anonymous == reserved && anonymous[3 * PAGE - 1] == 'a');
    anonymous = mremap(anonymous, 3 * PAGE, 1000 * PAGE, MREMAP_MAYMOVE);
    SHOW(anonymous[3 * PAGE - 1] == 'a' && anonymous[3 * PAGE] == 0 && anonymous[1000 * PAGE - 1] == 0);
    SHOW(munmap(anonymous, 1000 * PAGE));
    SHOW(munmap(one, 6 * PAGE));
    SHOW(munmap(two, PAGE));
}

static void advice(void) {
    make("advice", O_RDWR, 3);
    char *shared = mmap(NULL, 3 * PAGE, RW, MAP_SHARED, descriptor, 0), *own = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    shared[0] = 's';
    SHOW(madvise(shared, 3 * PAGE, MADV_DONTNEED));
    SHOW(shared[0]);
    SHOW(madvise(shared + PAGE, PAGE, MADV_REMOVE));
    SHOW(shared[PAGE] == 0 && shared[PAGE - 1] == 'A' && shared[2 * PAGE] == 'C' && byte_at(PAGE) == 0);
    SHOW(madvise(shared, PAGE, MADV_FREE));
    SHOW(madvise(shared, PAGE, MADV_WIPEONFORK));
    SHOW(madvise(shared, 3 * PAGE, MADV_POPULATE_WRITE));
    SHOW(mprotect(shared, PAGE, PROT_READ));
    SHOW(munmap(own + PAGE, PAGE));
    memset(own + 2 * PAGE, 'o', PAGE);
    SHOW(madvise(own, 4 * PAGE, MADV_DONTNEED)); /* what's there is dropped, though there's a hole */
    SHOW(own[2 * PAGE]);
    SHOW(madvise(own, PAGE, MADV_REMOVE));
    SHOW(madvise(own, PAGE, MADV_WIPEONFORK));
    SHOW(madvise(own, PAGE, MADV_KEEPONFORK));
    SHOW(madvise(own, PAGE, 12345));
    SHOW(madvise(own + 1, PAGE, MADV_NORMAL));
    SHOW(madvise(own, 0, MADV_NORMAL));
    SHOW(madvise(own, -PAGE, MADV_NORMAL));
    SHOW(madvise(own + PAGE, PAGE, MADV_NORMAL));
    SHOW(madvise(own, PAGE, MADV_POPULATE_WRITE));
    SHOW(msync(own, PAGE, MS_ASYNC | MS_SYNC));
    SHOW(msync(own, PAGE, 64));
    SHOW(msync(own + 1, PAGE, MS_SYNC));
    SHOW(msync(own + PAGE, PAGE, MS_SYNC));
    SHOW(msync(own, PAGE, MS_ASYNC | MS_INVALIDATE));
    unsigned char resident[4];
    SHOW(mincore(own, PAGE, resident));
    SHOW(mincore(own + PAGE, PAGE, resident));
    SHOW(mincore(own + 1, PAGE, resident));
    SHOW(munmap(own, 4 * PAGE));
    SHOW(munmap(shared, 3 * PAGE));
}

static void locks(void) {
    char *own = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    SHOW(mlock(own, 4 * PAGE));
    SHOW(madvise(own, PAGE, MADV_DONTNEED));
    SHOW(msync(own, PAGE, MS_INVALIDATE));
    SHOW(munlock(own, 4 * PAGE));
    SHOW(madvise(own, PAGE, MADV_DONTNEED));
    SHOW(munmap(own + PAGE, PAGE));
    SHOW(mlock(own, 4 * PAGE));
    SHOW(munlock(own, 4 * PAGE));
    SHOW(syscall(SYS_mlock2, own, PAGE, 1));
    SHOW(syscall(SYS_mlock2, own, PAGE, 2));
    SHOW(mlockall(0));
    SHOW(mlockall(4));
    SHOW(munlockall());
    SHOW(try(0, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0));
    SHOW(munmap(own, 4 * PAGE));
}

static void devices(void) {
    int zero = open("/dev/zero", O_RDWR);
    char *own = mmap(NULL, PAGE, RW, MAP_PRIVATE, zero, 0), *shared = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, zero, 0);
    own[0] = shared[0] = 1;
    SHOW(madvise(own, PAGE, MADV_DONTNEED));
    SHOW(madvise(shared, PAGE, MADV_DONTNEED));
    SHOW(own[0] == 0 && shared[0] == 1);
    SHOW(munmap(own, PAGE));
    SHOW(munmap(shared, 2 * PAGE));
    SHOW(close(zero));
}

static void *post(void *semaphore) {
    sem_post(semaphore);
    return NULL;
}

/* A word is one word, at whatever address. */
static void names(void) {
    pthread_t thread;
    shm_unlink("/orc-mappings");
    int fd = shm_open("/orc-mappings", O_RDWR | O_CREAT | O_EXCL, 0600);
    SHOW(ftruncate(fd, 2 * PAGE));
    sem_t *one = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0), *two = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
    SHOW(one != two);
    SHOW(sem_init(one, 1, 0));
    pthread_create(&thread, NULL, post, two);
    SHOW(sem_wait(one));
    pthread_join(thread, NULL);
    SHOW(shm_unlink("/orc-mappings"));
    SHOW(sem_trywait(two));
    SHOW(close(fd));
    sem_unlink("/orc-mappings");
    sem_t *named = sem_open("/orc-mappings", O_CREAT | O_EXCL, 0600, 2);
    SHOW(named != SEM_FAILED);
    SHOW(sem_wait(named));
    SHOW(sem_open("/orc-mappings", 0) == named);
    int value;
    SHOW(sem_getvalue(named, &value));
    SHOW(value);
    SHOW(sem_close(named));
    SHOW(sem_unlink("/orc-mappings"));
    SHOW(sem_open("/orc-mappings", 0) == SEM_FAILED);
}

static void seals(void) {
    int fd = syscall(SYS_memfd_create, "mappings", 2 /* MFD_ALLOW_SEALING */);
    SHOW(ftruncate(fd, PAGE));
    char *mapped = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
    SHOW(mapped != MAP_FAILED);
    SHOW(fcntl(fd, 1033 /* F_ADD_SEALS */, 8 /* F_SEAL_WRITE */));
    mapped[0] = 'm';
    SHOW(munmap(mapped, PAGE));
    SHOW(fcntl(fd, 1033, 8));
    SHOW(try(0, PAGE, RW, MAP_SHARED, fd, 0));
    mapped = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    SHOW(mapped[0]);
    SHOW(mprotect(mapped, PAGE, RW));
    SHOW(munmap(mapped, PAGE));
    SHOW(try(0, PAGE, RW, MAP_PRIVATE, fd, 0));
    SHOW(close(fd));
}

/* Large and small, in memory and back, many at a time. */
static void many(void) {
    enum { FILES = 40 };
    char name[16], *mapped[FILES];
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof name, "many%d", i);
        make(name, O_RDWR, i % 20 + 1);
        mapped[i] = mmap(NULL, PAGE * (i % 20 + 1), RW, MAP_SHARED, descriptor, 0);
        mapped[i][0] = (char)('0' + i);
    }
    long sum = 0;
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof name, "many%d", i);
        sum += munmap(mapped[i], PAGE * (i % 20 + 1));
        close(descriptor);
        descriptor = open(name, O_RDWR);
        sum += byte_at(0) != (char)('0' + i);
        sum += byte_at(PAGE * (i % 20) + 1) != 'A' + i % 20;
        unlink(name);
    }
    SHOW(sum);
}

static void bus(void) {
    make("bus", O_RDWR, 2);
    volatile char *mapped = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, descriptor, 0);
    printf("%c\n", mapped[PAGE]);
    fflush(stdout);
    ftruncate(descriptor, PAGE);
    printf("%c\n", mapped[PAGE]);
}

#define BIG (1l << 30)
#define SPREAD 65536l

static char *big_pages;

static void *touch(void *offset) {
    for (long i = 0; i < 300; i++)
        big_pages[i * 7919 % (BIG / SPREAD) * SPREAD + (long)offset] = 1;
    return NULL;
}

/* Far more than the compartment may have, of which four threads write to a little, on the same pages; then to all of it. */
static void big(void) {
    pthread_t threads[4];
    make("big", O_RDWR, 0);
    ftruncate(descriptor, BIG);
    big_pages = mmap(NULL, BIG, RW, MAP_PRIVATE, descriptor, 0);
    if (big_pages == MAP_FAILED)
        return;
    for (long i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, touch, (void *)i);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    long sum = 0;
    for (long i = 0; i < 1200; i++)
        sum += big_pages[i / 4 * 7919 % (BIG / SPREAD) * SPREAD + i % 4];
    printf("%ld\n", sum);
    fflush(stdout);
    memset(big_pages, 1, BIG);
    puts("all of it");
}

int main(int argc, char **argv) {
    if (argc < 2 || chdir(argv[1]) < 0)
        return 1;
    if (argc > 2) {
        strcmp(argv[2], "big") == 0 ? big() : bus();
        return 0;
    }
    shared();
    rights();
    refusals();
    private_pages();
    moves();
    advice();
    locks();
    devices();
    names();
    seals();
    many();
    return 0;
}
