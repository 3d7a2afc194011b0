/* splice, tee, vmsplice, sendfile, copy_file_range; flags of reading and writing; holes. The argument is an
 * empty directory to work in. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "show.h"

static char bytes[200000], copied[200000];

static void moves(int file, int other) {
    int p[2], q[2], s[2];
    off_t from = 10, to = 500;
    SHOW(pipe(p) | pipe(q) | socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    SHOW(splice(file, &from, p[1], NULL, 1000, 0));
    SHOW(from);
    SHOW(tee(p[0], q[1], 300, 0));
    SHOW(tee(p[0], q[1], 2000, SPLICE_F_NONBLOCK));
    SHOW(splice(q[0], NULL, other, &to, 5000, SPLICE_F_MOVE));
    SHOW(to);
    SHOW(pread(other, copied, 1300, 500));
    SHOW(!memcmp(copied, bytes + 10, 300) && !memcmp(copied + 300, bytes + 10, 1000));
    SHOW(splice(p[0], NULL, s[0], NULL, 400, 0));
    SHOW(read(s[1], copied, sizeof copied));
    SHOW(!memcmp(copied, bytes + 10, 400));
    SHOW(splice(p[0], NULL, q[1], NULL, 10000, 0));
    SHOW(splice(p[0], NULL, q[1], NULL, 1, SPLICE_F_NONBLOCK));
    SHOW(read(q[0], copied, sizeof copied));
    SHOW(write(s[1], "socket", 6));
    SHOW(splice(s[0], NULL, p[1], NULL, 100, 0));
    SHOW(read(p[0], copied, 100));
    struct iovec parts[2] = {{bytes, 5}, {bytes + 100, 5}};
    SHOW(vmsplice(p[1], parts, 2, 0));
    parts[0].iov_base = copied;
    SHOW(vmsplice(p[0], parts, 1, 0));
    SHOW(splice(file, NULL, other, NULL, 1, 0));
    SHOW(splice(p[0], &from, other, NULL, 1, 0));
    SHOW(splice(p[0], NULL, p[1], NULL, 1, 0));
    SHOW(splice(p[1], NULL, other, NULL, 1, 0));
    SHOW(splice(p[0], NULL, other, NULL, 1, 64));
    SHOW(tee(p[0], other, 1, 0));
    SHOW(vmsplice(other, parts, 1, 0));
    SHOW(splice(p[0], NULL, other, NULL, 0, 0));
    close(q[0]);
    signal(SIGPIPE, SIG_IGN);
    SHOW(splice(file, NULL, q[1], NULL, 10, 0));
    for (int i = 0; i < 2; i++)
        close(p[i]), close(s[i]);
    close(q[1]);
}

static void *write_late(void *end) {
    usleep(20000);
    SHOW(write(*(int *)end, "late", 4) == 4);
    return NULL;
}

static void waits(int other) {
    int p[2];
    pthread_t thread;
    SHOW(pipe(p));
    pthread_create(&thread, NULL, write_late, &p[1]);
    long got = splice(p[0], NULL, other, NULL, 100, 0);
    pthread_join(thread, NULL);
    SHOW(got);
    SHOW(fcntl(p[1], F_SETFL, O_NONBLOCK));
    long total = 0, part;
    while ((part = splice(other, &(off_t){0}, p[1], NULL, 4, SPLICE_F_NONBLOCK)) > 0 && total < 1000000)
        total += part;
    SHOW(part);
    close(p[1]);
    close(p[0]);
}

static void copies(int file, int other) {
    off_t in = 100, out = 0;
    int appending = open("append", O_CREAT | O_WRONLY | O_APPEND, 0600), directory = open(".", O_RDONLY);
    int write_only = open("b", O_WRONLY);
    SHOW(sendfile(other, file, &in, 1000));
    SHOW(in);
    SHOW(sendfile(appending, file, &in, 10));
    SHOW(sendfile(other, directory, NULL, 10));
    in = 199990;
    SHOW(copy_file_range(file, &in, other, &out, 100, 0));
    SHOW(copy_file_range(file, &in, other, &out, 100, 0));
    in = 0, out = 50;
    SHOW(copy_file_range(file, &in, file, &out, 100, 0));
    out = 100;
    SHOW(copy_file_range(file, &in, file, &out, 100, 0));
    SHOW(copy_file_range(file, &in, other, &out, 100, 1));
    SHOW(copy_file_range(write_only, NULL, other, NULL, 100, 0));
    SHOW(copy_file_range(file, NULL, appending, NULL, 100, 0));
    SHOW(copy_file_range(directory, NULL, other, NULL, 100, 0));
    close(appending), close(directory), close(write_only);
}

static long flagged(long call, int fd, const void *data, size_t length, long offset, int flags) {
    struct iovec part = {(void *)data, length};
    return syscall(call, fd, &part, 1L, offset, 0L, flags);
}

static void flags(int file) {
    char byte = 0;
    int p[2];
    SHOW(pipe(p));
    SHOW(ftruncate(file, 10));
    SHOW(lseek(file, 2, SEEK_SET));
    SHOW(flagged(SYS_pwritev2, file, "x", 1, 0, 0x10));
    SHOW(lseek(file, 0, SEEK_END));
    SHOW(lseek(file, 2, SEEK_SET));
    SHOW(flagged(SYS_pwritev2, file, "y", 1, -1, 0x10));
    SHOW(lseek(file, 0, SEEK_CUR));
    SHOW(flagged(SYS_pwritev2, file, "z", 1, 0, 2));
    SHOW(flagged(SYS_pwritev2, file, "z", 1, 0, 4));
    SHOW(flagged(SYS_preadv2, file, &byte, 1, 10, 0));
    SHOW(byte);
    SHOW(flagged(SYS_preadv2, file, &byte, 1, 0, 0x40000000));
    SHOW(flagged(SYS_preadv2, p[0], &byte, 1, -1, 8));
    SHOW(flagged(SYS_preadv2, p[0], &byte, 1, 0, 8));
    close(p[0]), close(p[1]);
}

static void holes(void) {
    int fd = open("holes", O_CREAT | O_RDWR, 0600), only = open("holes", O_RDONLY), p[2];
    SHOW(pipe(p));
    SHOW(ftruncate(fd, 1 << 20));
    SHOW(lseek(fd, 0, SEEK_HOLE));
    SHOW(lseek(fd, 0, SEEK_DATA));
    SHOW(pwrite(fd, bytes, 4096, 0));
    SHOW(lseek(fd, 0, SEEK_DATA));
    SHOW(lseek(fd, 0, SEEK_HOLE));
    SHOW(lseek(fd, 1 << 20, SEEK_HOLE));
    SHOW(pwrite(fd, bytes, 65536, 4096));
    SHOW(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 10, 8192));
    SHOW(pread(fd, copied, 10000, 0));
    SHOW(!memcmp(copied, bytes, 10) && copied[10] == 0 && copied[8201] == 0 && copied[8202] == bytes[4106]);
    SHOW(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 10));
    SHOW(fallocate(fd, 0x800, 0, 10));
    SHOW(fallocate(fd, 0, -1, 10));
    SHOW(fallocate(fd, 0, 0, 0));
    SHOW(fallocate(only, 0, 0, 10));
    SHOW(fallocate(p[1], 0, 0, 10));
    SHOW(fallocate(fd, FALLOC_FL_KEEP_SIZE, 2 << 20, 10));
    SHOW(lseek(fd, 0, SEEK_END));
    SHOW(fallocate(fd, 0, 2 << 20, 10));
    SHOW(lseek(fd, 0, SEEK_END));
    SHOW(posix_fadvise(fd, 0, 0, 77));
    SHOW(posix_fadvise(p[0], 0, 0, POSIX_FADV_NORMAL));
    SHOW(readahead(fd, 0, 100));
    SHOW(readahead(p[0], 0, 100));
    SHOW(sync_file_range(fd, 0, 0, 7));
    SHOW(sync_file_range(fd, -1, 0, 7));
    SHOW(sync_file_range(p[0], 0, 0, 0));
    SHOW(syncfs(fd));
    SHOW(syncfs(-1));
    close(fd), close(only), close(p[0]), close(p[1]);
}

int main(int count, char **arguments) {
    if (count < 2 || chdir(arguments[1]))
        return 1;
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7 + i / 256 + 1);
    int file = open("a", O_CREAT | O_RDWR, 0600), other = open("b", O_CREAT | O_RDWR, 0600);
    SHOW(write(file, bytes, sizeof bytes));
    moves(file, other);
    waits(other);
    copies(file, other);
    flags(file);
    holes();
    return 0;
}
