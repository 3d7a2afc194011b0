/* Links themselves, names that change places, files without names, what a directory's descriptor becomes. The
 * argument is an empty directory to work in. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "show.h"

#define NO_REPLACE 1
#define EXCHANGE 2
#define WHITEOUT 4

static void put(const char *name, const char *text) {
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    SHOW(write(fd, text, strlen(text)));
    close(fd);
}

static const char *content(const char *name) {
    static char text[64];
    int fd = open(name, O_RDONLY);
    long length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    text[length < 0 ? 0 : length] = 0;
    close(fd);
    return text;
}

static long modified(const char *name) {
    struct stat status;
    return lstat(name, &status) ? -1 : (long)status.st_mtim.tv_sec;
}

static void times_of_links(void) {
    const struct timespec times[2] = {{77, 0}, {78, 5}}, omit[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}},
                          wrong[2] = {{0, 1000000000}, {0, 0}};
    put("file", "file");
    SHOW(symlink("file", "link"));
    SHOW(symlink("nowhere", "dangling"));
    SHOW(utimensat(AT_FDCWD, "link", times, AT_SYMLINK_NOFOLLOW));
    SHOW(modified("link"));
    SHOW(modified("file") > 1000);
    SHOW(utimensat(AT_FDCWD, "dangling", times, AT_SYMLINK_NOFOLLOW));
    SHOW(utimensat(AT_FDCWD, "dangling", times, 0));
    SHOW(utimensat(AT_FDCWD, "link", times, 0));
    SHOW(modified("file"));
    SHOW(utimensat(AT_FDCWD, "none", omit, 0));
    SHOW(utimensat(AT_FDCWD, "file", wrong, 0));
    SHOW(utimensat(AT_FDCWD, "file", times, 0x4000));
    int path = open("link", O_PATH | O_NOFOLLOW);
    SHOW(syscall(SYS_utimensat, path, "", times, AT_EMPTY_PATH));
    SHOW(syscall(SYS_utimensat, path, NULL, times, 0));
    close(path);
    SHOW(lchown("link", -1, -1));
    SHOW(lchown("dangling", getuid(), getgid()));
    SHOW(chown("dangling", -1, -1));
    SHOW(fchmodat(AT_FDCWD, "link", 0600, AT_SYMLINK_NOFOLLOW));
    SHOW(syscall(452, AT_FDCWD, "file", 0640, AT_SYMLINK_NOFOLLOW));
    SHOW(syscall(452, AT_FDCWD, "file", 0640, 0x8000));
}

static void exchange(void) {
    put("one", "one");
    put("two", "two");
    SHOW(mkdir("directory", 0755));
    put("directory/inner", "inner");
    SHOW(syscall(SYS_renameat2, AT_FDCWD, "one", AT_FDCWD, "two", EXCHANGE));
    SHOW_TEXT(content("one"));
    SHOW(syscall(SYS_renameat2, AT_FDCWD, "one", AT_FDCWD, "directory", EXCHANGE));
    SHOW_TEXT(content("one/inner"));
    SHOW_TEXT(content("directory"));
    SHOW(syscall(SYS_renameat2, AT_FDCWD, "one", AT_FDCWD, "none", EXCHANGE));
    SHOW(syscall(SYS_renameat2, AT_FDCWD, "one", AT_FDCWD, "one/inner", EXCHANGE));
    SHOW(syscall(SYS_renameat2, AT_FDCWD, "one/inner", AT_FDCWD, "one", EXCHANGE));
    SHOW(syscall(SYS_renameat2, AT_FDCWD, "one", AT_FDCWD, "two", EXCHANGE | NO_REPLACE));
    SHOW(syscall(SYS_renameat2, AT_FDCWD, "two", AT_FDCWD, "directory", NO_REPLACE));
    SHOW(syscall(SYS_renameat2, AT_FDCWD, "two", AT_FDCWD, "fresh", NO_REPLACE));
    SHOW(syscall(SYS_renameat2, AT_FDCWD, "fresh", AT_FDCWD, "x", EXCHANGE | WHITEOUT));
    SHOW(syscall(SYS_renameat2, AT_FDCWD, "fresh", AT_FDCWD, "x", 8));
    SHOW(rename("one/inner", "one"));
    SHOW(rename("fresh", "directory/"));
    SHOW(rename("fresh", "one"));
}

static void nameless(void) {
    char path[64];
    struct stat status;
    int fd = open(".", O_TMPFILE | O_RDWR, 0600);
    SHOW(fd >= 0);
    SHOW(write(fd, "content", 7));
    SHOW(fstat(fd, &status));
    SHOW(status.st_nlink);
    SHOW(status.st_mode);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    SHOW(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
    SHOW(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
    SHOW_TEXT(content("named"));
    SHOW(fstat(fd, &status));
    SHOW(status.st_nlink);
    close(fd);
    fd = open(".", O_TMPFILE | O_WRONLY | O_EXCL, 0600);
    SHOW(fd >= 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    SHOW(linkat(AT_FDCWD, path, AT_FDCWD, "excluded", AT_SYMLINK_FOLLOW));
    close(fd);
    SHOW(open(".", O_TMPFILE | O_RDONLY, 0600));
    SHOW(open("file", O_TMPFILE | O_RDWR, 0600));
    SHOW(open("none", O_TMPFILE | O_RDWR, 0600));
    SHOW(open("none", O_DIRECTORY | O_CREAT | O_RDWR, 0600));
    SHOW(open("/dev/null/x", O_RDONLY));
}

/* Descriptors and the current directory go along with a renamed directory. */
static void moved_directories(void) {
    char where[4096];
    SHOW(mkdir("outer", 0755));
    SHOW(mkdir("outer/inner", 0755));
    int inner = open("outer/inner", O_RDONLY | O_DIRECTORY);
    SHOW(rename("outer", "renamed"));
    int made = openat(inner, "made", O_CREAT | O_RDWR, 0600);
    SHOW(made >= 0);
    close(made);
    SHOW(access("renamed/inner/made", F_OK));
    SHOW(access("outer", F_OK));
    SHOW(fchdir(inner));
    SHOW_TEXT(strrchr(getcwd(where, sizeof where), '/'));
    SHOW(unlink("made"));
    SHOW(rmdir("../inner"));
    SHOW(getcwd(where, sizeof where) != NULL);
    SHOW(open("gone", O_CREAT | O_RDWR, 0600));
    SHOW(mkdir("gone", 0755));
    SHOW(chdir(".."));
    SHOW_TEXT(strrchr(getcwd(where, sizeof where), '/'));
    SHOW(chdir(".."));
    SHOW(rmdir("renamed"));
    close(inner);
}

/* What is open is opened again by its descriptor's name: with a position of its own. */
static void opened_again(void) {
    char path[64], byte;
    put("again", "abc");
    int fd = open("again", O_RDWR);
    SHOW(read(fd, &byte, 1));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int other = open(path, O_RDONLY);
    SHOW(read(other, &byte, 1));
    SHOW(byte);
    SHOW(write(other, "x", 1));
    SHOW(unlink("again"));
    close(other);
    other = open(path, O_RDONLY);
    SHOW(read(other, &byte, 1));
    SHOW(byte);
    close(other);
    SHOW(chmod(path, 0600));
    struct stat status;
    SHOW(stat(path, &status));
    SHOW(status.st_nlink);
    close(fd);
}

static void fifos(void) {
    struct stat status;
    char bytes[8];
    SHOW(mkfifo("fifo", 0600));
    SHOW(mkfifo("fifo", 0600));
    SHOW(stat("fifo", &status));
    SHOW(status.st_mode);
    SHOW(chmod("fifo", 0640));
    SHOW(stat("fifo", &status));
    SHOW(status.st_mode);
    SHOW(open("fifo", O_WRONLY | O_NONBLOCK));
    int reader = open("fifo", O_RDONLY | O_NONBLOCK), writer = open("fifo", O_WRONLY);
    SHOW(reader >= 0 && writer >= 0);
    SHOW(write(writer, "abc", 3));
    SHOW(read(reader, bytes, sizeof bytes));
    SHOW(read(reader, bytes, sizeof bytes));
    SHOW(lseek(reader, 0, SEEK_SET));
    close(writer);
    SHOW(read(reader, bytes, sizeof bytes));
    SHOW(fstat(reader, &status));
    SHOW(status.st_mode);
    close(reader);
    int both = open("fifo", O_RDWR);
    SHOW(write(both, "x", 1));
    SHOW(rename("fifo", "other"));
    int again = open("other", O_RDONLY | O_NONBLOCK);
    SHOW(read(again, bytes, sizeof bytes));
    SHOW(unlink("other"));
    SHOW(write(both, "y", 1));
    SHOW(read(again, bytes, sizeof bytes));
    close(again);
    close(both);
    SHOW(mknod("regular", S_IFREG | 0600, 0));
    SHOW(mknod("x", 0170000, 0));
    SHOW(mknod("directory2", S_IFDIR | 0700, 0));
}

static void *open_writer(void *context) {
    int fd = open("meeting", O_WRONLY); /* waits for the reader */
    *(long *)context = write(fd, "met", 3);
    close(fd);
    return NULL;
}

static void interrupt(int signal) {
    (void)signal;
}

static volatile int opened;

static void *open_nobody(void *context) {
    *(long *)context = open("meeting", O_RDONLY) == -1 ? errno : 0;
    opened = 1;
    return NULL;
}

/* Opening waits for the other end, or for a signal; polls tell of the other end once it has been there. */
static void meetings(void) {
    char bytes[8];
    long result = 0;
    pthread_t thread;
    const struct timespec moment = {0, 10000000};
    struct sigaction action = {.sa_handler = interrupt};
    SHOW(mkfifo("meeting", 0600));
    pthread_create(&thread, NULL, open_writer, &result);
    int fd = open("meeting", O_RDONLY);
    SHOW(read(fd, bytes, sizeof bytes));
    pthread_join(thread, NULL);
    SHOW(result);
    struct pollfd one = {.fd = fd, .events = POLLIN};
    SHOW(poll(&one, 1, -1));
    SHOW(one.revents);
    close(fd);
    fd = open("meeting", O_RDONLY | O_NONBLOCK);
    one.fd = fd;
    SHOW(poll(&one, 1, 0)); /* no writer has been there */
    close(fd);
    sigaction(SIGUSR1, &action, NULL);
    pthread_create(&thread, NULL, open_nobody, &result);
    while (!opened) {
        nanosleep(&moment, NULL);
        pthread_kill(thread, SIGUSR1);
    }
    pthread_join(thread, NULL);
    SHOW(result == EINTR);
}

static void owners_and_seals(void) {
    int fd = open("file", O_RDWR), memory = memfd_create("sealed", MFD_ALLOW_SEALING),
        plain = memfd_create("x", 0);
    int pair[2], on = 1;
    SHOW(fcntl(fd, F_SETOWN, getpid()));
    SHOW(fcntl(fd, F_GETOWN) == getpid());
    SHOW(fcntl(fd, F_SETSIG, 10));
    SHOW(fcntl(fd, F_GETSIG));
    SHOW(fcntl(fd, F_SETSIG, 1000));
    SHOW(fcntl(fd, F_GETLEASE));
    SHOW(fcntl(fd, F_SETLEASE, F_UNLCK));
    SHOW(fcntl(fd, F_NOTIFY, 0));
    SHOW(ioctl(fd, FIOASYNC, &on));
    SHOW(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    SHOW(ioctl(pair[0], FIOASYNC, &on));
    SHOW(fcntl(pair[0], F_GETFL) & O_ASYNC ? 1 : 0);
    SHOW(fcntl(fd, F_GET_SEALS));
    SHOW(fcntl(plain, F_GET_SEALS));
    SHOW(fcntl(plain, F_ADD_SEALS, F_SEAL_GROW));
    SHOW(write(memory, "text", 4));
    SHOW(fcntl(memory, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK));
    SHOW(fcntl(memory, F_GET_SEALS));
    SHOW(write(memory, "more", 4));
    SHOW(pwrite(memory, "same", 4, 0));
    SHOW(ftruncate(memory, 2));
    SHOW(ftruncate(memory, 5));
    SHOW(fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL));
    SHOW(pwrite(memory, "same", 4, 0));
    SHOW(fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE));
    close(fd), close(memory), close(plain), close(pair[0]), close(pair[1]);
}

static void appending(void) {
    int fd = open("append", O_CREAT | O_RDWR | O_APPEND, 0600);
    SHOW(write(fd, "abc", 3));
    SHOW(pwrite(fd, "d", 1, 0));
    SHOW(fcntl(fd, F_SETFL, O_NONBLOCK));
    SHOW(fcntl(fd, F_GETFL) & (O_APPEND | O_NONBLOCK));
    SHOW(pwrite(fd, "A", 1, 0));
    SHOW(lseek(fd, 1, SEEK_SET));
    SHOW(write(fd, "B", 1));
    SHOW(fcntl(fd, F_SETFL, O_APPEND));
    SHOW(write(fd, "e", 1));
    SHOW(lseek(fd, 0, SEEK_CUR));
    close(fd);
    SHOW_TEXT(content("append"));
}

static void access_times(void) {
    const struct timespec times[2] = {{1000, 0}, {2000, 0}};
    struct stat status;
    char byte;
    put("read", "r");
    int fd = open("read", O_RDONLY);
    SHOW(futimens(fd, times));
    SHOW(read(fd, &byte, 1));
    SHOW(fstat(fd, &status));
    SHOW(status.st_atim.tv_sec > 1000);
    close(fd);
}

int main(int count, char **arguments) {
    if (count < 2 || chdir(arguments[1]))
        return 1;
    umask(022);
    times_of_links();
    exchange();
    nameless();
    moved_directories();
    opened_again();
    fifos();
    meetings();
    owners_and_seals();
    appending();
    access_times();
    return 0;
}
