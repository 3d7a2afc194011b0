/* Locks: of the process, of open files, and flock's. The argument is an empty directory to work in. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>
#include "show.h"

static struct flock range(short type, long start, long length) {
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
}

static int set(int fd, int command, short type, long start, long length) {
    struct flock lock = range(type, start, length);
    return fcntl(fd, command, &lock);
}

/* What is in the way. */
static void query(int fd, int command, short type, long start, long length) {
    struct flock lock = range(type, start, length);
    SHOW(fcntl(fd, command, &lock));
    printf("  %d %ld %ld %s\n", lock.l_type, (long)lock.l_start, (long)lock.l_len,
           lock.l_type == F_UNLCK || lock.l_pid == -1 || lock.l_pid == getpid() ? "" : "another's");
}

static void ranges(int a, int b) {
    SHOW(set(a, F_OFD_SETLK, F_WRLCK, 0, 100));
    SHOW(set(a, F_OFD_SETLK, F_UNLCK, 40, 20));
    query(b, F_OFD_GETLK, F_WRLCK, 0, 0);
    query(b, F_OFD_GETLK, F_RDLCK, 40, 20);
    query(b, F_OFD_GETLK, F_RDLCK, 50, 0);
    SHOW(set(b, F_OFD_SETLK, F_RDLCK, 45, 10));
    SHOW(set(b, F_OFD_SETLK, F_RDLCK, 45, 20));
    SHOW(set(a, F_OFD_SETLK, F_RDLCK, 0, 40));
    SHOW(set(b, F_OFD_SETLK, F_RDLCK, 0, 40));
    SHOW(set(b, F_OFD_SETLK, F_WRLCK, 0, 1));
    SHOW(set(a, F_OFD_SETLK, F_UNLCK, 0, 0));
    SHOW(set(b, F_OFD_SETLK, F_WRLCK, 0, 0));
    SHOW(set(b, F_OFD_SETLK, F_UNLCK, 0, 0));
    SHOW(set(a, F_OFD_SETLK, F_WRLCK, 10, 5));
    SHOW(set(a, F_OFD_SETLK, F_WRLCK, 15, 5));
    query(b, F_OFD_GETLK, F_WRLCK, 0, 0);
    SHOW(set(a, F_OFD_SETLK, F_UNLCK, 0, 0));
}

static void errors(int a, const char *name) {
    struct flock lock = range(F_WRLCK, 0, 0);
    int only = open(name, O_RDONLY), path = open(name, O_PATH);
    lock.l_pid = 1;
    SHOW(fcntl(a, F_OFD_SETLK, &lock));
    SHOW(set(a, F_SETLK, 9, 0, 0));
    SHOW(set(a, F_SETLK, F_WRLCK, -5, 2));
    SHOW(set(only, F_SETLK, F_WRLCK, 0, 0));
    SHOW(set(only, F_OFD_SETLK, F_WRLCK, 0, 0));
    SHOW(set(only, F_SETLK, F_RDLCK, 0, 0));
    SHOW(set(path, F_SETLK, F_RDLCK, 0, 0));
    SHOW(flock(path, LOCK_SH));
    SHOW(flock(a, 16));
    SHOW(flock(only, LOCK_EX));
    close(only);
    close(path);
}

/* The process's conflict with those of open files, and go with any descriptor. */
static void both_kinds(int a, int b, const char *name) {
    SHOW(set(a, F_SETLK, F_WRLCK, 0, 10));
    SHOW(set(b, F_SETLK, F_WRLCK, 0, 10));
    SHOW(set(a, F_OFD_SETLK, F_WRLCK, 0, 10));
    SHOW(set(b, F_OFD_SETLK, F_RDLCK, 5, 10));
    close(open(name, O_RDONLY));
    SHOW(set(a, F_OFD_SETLK, F_WRLCK, 0, 10));
    SHOW(set(b, F_SETLK, F_RDLCK, 9, 1));
    SHOW(lockf(b, F_TEST, 0));
    int copy = dup(a);
    close(copy);
    SHOW(set(b, F_SETLK, F_RDLCK, 9, 1));
    SHOW(set(a, F_OFD_SETLK, F_UNLCK, 0, 0));
}

static void whole(int a, int b, const char *name) {
    SHOW(flock(a, LOCK_EX | LOCK_NB));
    SHOW(flock(b, LOCK_EX | LOCK_NB));
    SHOW(flock(b, LOCK_SH | LOCK_NB));
    SHOW(set(b, F_OFD_SETLK, F_WRLCK, 0, 0)); /* knows nothing of it */
    SHOW(set(b, F_OFD_SETLK, F_UNLCK, 0, 0));
    SHOW(flock(a, LOCK_SH));
    SHOW(flock(b, LOCK_SH | LOCK_NB));
    SHOW(flock(a, LOCK_EX | LOCK_NB));
    SHOW(flock(b, LOCK_EX | LOCK_NB)); /* a's is gone */
    SHOW(flock(b, LOCK_UN));
    int c = open(name, O_RDWR), copy = dup(c);
    SHOW(flock(c, LOCK_EX));
    close(c);
    SHOW(flock(a, LOCK_SH | LOCK_NB));
    close(copy);
    SHOW(flock(a, LOCK_SH | LOCK_NB));
    SHOW(flock(a, LOCK_UN));
}

static void nothing(int signal) {
    (void)signal;
}

struct waiter {
    int fd;
    long (*wait)(int fd);
    long result;
    int error;
};

static long wait_range(int fd) {
    return set(fd, F_OFD_SETLKW, F_WRLCK, 0, 0);
}

static long wait_whole(int fd) {
    return flock(fd, LOCK_EX);
}

static void *wait_for(void *context) {
    struct waiter *waiter = context;
    waiter->result = waiter->wait(waiter->fd);
    waiter->error = errno;
    return NULL;
}

/* It gets the lock when it's free, and nothing after a signal. */
static void waits(int a, int b, long (*wait)(int fd), long (*unlock)(int fd)) {
    struct waiter waiter = {.fd = b, .wait = wait};
    pthread_t thread;
    struct timespec moment = {0, 20000000};
    SHOW(wait(a));
    pthread_create(&thread, NULL, wait_for, &waiter);
    nanosleep(&moment, NULL);
    SHOW(unlock(a));
    pthread_join(thread, NULL);
    SHOW(waiter.result);
    SHOW(unlock(b));
    SHOW(wait(a));
    waiter.error = 0;
    pthread_create(&thread, NULL, wait_for, &waiter);
    do { /* until it has been seen to wait */
        nanosleep(&moment, NULL);
        pthread_kill(thread, SIGUSR1);
        nanosleep(&moment, NULL);
    } while (!__atomic_load_n(&waiter.error, __ATOMIC_ACQUIRE));
    pthread_join(thread, NULL);
    SHOW(waiter.result);
    SHOW(waiter.error == EINTR);
    SHOW(unlock(a));
}

static long unlock_range(int fd) {
    return set(fd, F_OFD_SETLK, F_UNLCK, 0, 0);
}

static long unlock_whole(int fd) {
    return flock(fd, LOCK_UN);
}

int main(int count, char **arguments) {
    if (count < 2 || chdir(arguments[1]))
        return 1;
    struct sigaction action = {.sa_handler = nothing};
    sigaction(SIGUSR1, &action, NULL);
    int a = open("lock", O_RDWR | O_CREAT, 0600), b = open("lock", O_RDWR);
    ranges(a, b);
    errors(a, "lock");
    both_kinds(a, b, "lock");
    whole(a, b, "lock");
    waits(a, b, wait_range, unlock_range);
    waits(a, b, wait_whole, unlock_whole);
    int directory = open(".", O_RDONLY | O_DIRECTORY);
    SHOW(flock(directory, LOCK_EX));
    SHOW(flock(directory, LOCK_UN));
    return 0;
}
