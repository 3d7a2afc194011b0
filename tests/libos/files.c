/* Regular files: positions, flags, holes, vectors, descriptors. The argument is an empty directory to work
 * in. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "show.h"

static char buffer[300000];

static void open_flags(void) {
    int fd;
    SHOW(open("missing", O_RDONLY));
    SHOW(open("missing/x", O_RDONLY | O_CREAT, 0644));
    SHOW((fd = open("a", O_RDWR | O_CREAT | O_EXCL, 0640)) >= 0);
    SHOW(open("a", O_RDWR | O_CREAT | O_EXCL, 0640));
    SHOW(open("a", O_RDONLY | O_DIRECTORY));
    SHOW(open("a/", O_RDONLY));
    SHOW(open("a/b", O_RDONLY));
    SHOW(open(".", O_WRONLY));
    SHOW(open(".", O_RDWR));
    SHOW(open("b/", O_CREAT | O_WRONLY, 0644));
    SHOW(open("", O_RDONLY));
    SHOW(write(fd, "hello", 5));
    SHOW(lseek(fd, 0, SEEK_SET));
    SHOW(read(fd, buffer, 10));
    SHOW(read(fd, buffer, 10));
    SHOW(close(fd));
    SHOW(close(fd));
    SHOW(read(fd, buffer, 1));
    SHOW((fd = open("a", O_RDONLY)) >= 0);
    SHOW(write(fd, "x", 1));
    SHOW(ftruncate(fd, 1));
    close(fd);
    SHOW((fd = open("a", O_WRONLY)) >= 0);
    SHOW(read(fd, buffer, 1));
    close(fd);
    SHOW((fd = open("a", O_WRONLY | O_TRUNC)) >= 0);
    struct stat status;
    SHOW(fstat(fd, &status));
    SHOW(status.st_size);
    SHOW(status.st_mode);
    SHOW(status.st_nlink);
    close(fd);
}

static void positions(void) {
    int fd = open("p", O_RDWR | O_CREAT | O_TRUNC, 0600);
    SHOW(write(fd, "0123456789", 10));
    SHOW(lseek(fd, -3, SEEK_END));
    SHOW(read(fd, buffer, 2));
    SHOW(buffer[0]);
    SHOW(lseek(fd, 0, SEEK_CUR));
    SHOW(lseek(fd, -20, SEEK_CUR));
    SHOW(lseek(fd, 5, 17));
    SHOW(pread(fd, buffer, 4, 2));
    SHOW(buffer[3]);
    SHOW(pread(fd, buffer, 4, -2));
    SHOW(pwrite(fd, "abc", 3, 8));
    SHOW(lseek(fd, 0, SEEK_CUR));
    SHOW(lseek(fd, 0, SEEK_END));
    SHOW(pread(fd, buffer, 100, 0));
    buffer[11] = 0;
    SHOW_TEXT(buffer);
    SHOW(lseek(fd, 100, SEEK_SET));
    SHOW(read(fd, buffer, 1));
    SHOW(write(fd, "!", 1));
    SHOW(pread(fd, buffer, 1, 50));
    SHOW(buffer[0]);
    int n;
    SHOW(lseek(fd, 90, SEEK_SET));
    SHOW(ioctl(fd, FIONREAD, &n));
    SHOW(n);
    close(fd);
}

static void holes(void) {
    struct stat status;
    int fd = open("h", O_RDWR | O_CREAT | O_TRUNC, 0600);
    SHOW(ftruncate(fd, 10 << 20));
    SHOW(fstat(fd, &status));
    SHOW(status.st_size);
    SHOW(status.st_blocks < 100);
    SHOW(pwrite(fd, "x", 1, 5 << 20));
    SHOW(pread(fd, buffer, 3, (5 << 20) - 1));
    SHOW(buffer[0] + buffer[1] * 256 + buffer[2] * 65536);
    SHOW(ftruncate(fd, 5 << 20));
    SHOW(ftruncate(fd, 10 << 20));
    SHOW(pread(fd, buffer, 1, 5 << 20));
    SHOW(buffer[0]);
    SHOW(ftruncate(fd, -1));
    SHOW(lseek(fd, 20 << 20, SEEK_DATA));
    SHOW(truncate("h", 3));
    SHOW(lseek(fd, 0, SEEK_END));
    SHOW(truncate("missing", 3));
    SHOW(posix_fallocate(fd, 0, 100000));
    SHOW(lseek(fd, 0, SEEK_END));
    close(fd);
}

static void large(void) {
    int fd = open("l", O_RDWR | O_CREAT | O_TRUNC, 0600);
    for (int i = 0; i < (int)sizeof buffer; i++)
        buffer[i] = (char)(i * 7 + (i >> 8));
    SHOW(write(fd, buffer, sizeof buffer));
    SHOW(pwrite(fd, buffer, sizeof buffer, sizeof buffer));
    lseek(fd, 0, SEEK_SET);
    unsigned sum = 0, bytes = 0;
    char part[777];
    for (long n; (n = read(fd, part, sizeof part)) > 0; bytes += n)
        for (long i = 0; i < n; i++)
            sum = sum * 31 + (unsigned char)part[i];
    SHOW(bytes);
    SHOW(sum);
    int out = open("l2", O_RDWR | O_CREAT | O_TRUNC, 0600);
    off_t offset = 1000;
    SHOW(sendfile(out, fd, &offset, 200000));
    SHOW(offset);
    SHOW(lseek(out, 0, SEEK_CUR));
    lseek(fd, 100, SEEK_SET);
    SHOW(sendfile(out, fd, NULL, 100000000));
    SHOW(lseek(fd, 0, SEEK_CUR));
    SHOW(sendfile(out, fd, NULL, 10));
    off_t from = 0, to = 5;
    SHOW(copy_file_range(fd, &from, out, &to, 100, 0));
    SHOW(from + to);
    SHOW(pread(out, part, 1, 5));
    SHOW(part[0] == buffer[0]);
    close(out);
    close(fd);
}

static void appending(void) {
    int a = open("app", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600), b = open("app", O_RDWR | O_APPEND);
    SHOW(write(a, "one", 3));
    SHOW(lseek(a, 0, SEEK_CUR));
    SHOW(write(b, "two", 3));
    SHOW(lseek(b, 0, SEEK_CUR));
    SHOW(write(a, "three", 5));
    SHOW(lseek(b, 0, SEEK_SET));
    SHOW(read(b, buffer, 100));
    buffer[11] = 0;
    SHOW_TEXT(buffer);
    SHOW(fcntl(b, F_GETFL) & (O_APPEND | O_ACCMODE));
    close(b);
    b = open("app", O_RDWR);
    SHOW(fcntl(b, F_SETFL, O_APPEND));
    SHOW(write(b, "4", 1));
    SHOW(lseek(b, 0, SEEK_END));
    SHOW(fcntl(b, F_SETFL, 0));
    SHOW(lseek(b, 0, SEEK_SET));
    SHOW(write(b, "5", 1));
    SHOW(lseek(b, 0, SEEK_END));
    close(a);
    close(b);
}

static void vectors(void) {
    char x[4] = "", y[4] = "";
    struct iovec out[3] = {{"ab", 2}, {"", 0}, {"cdefg", 5}}, in[2] = {{x, 3}, {y, 3}};
    int fd = open("v", O_RDWR | O_CREAT | O_TRUNC, 0600);
    SHOW(writev(fd, out, 3));
    SHOW(lseek(fd, 0, SEEK_SET));
    SHOW(readv(fd, in, 2));
    SHOW_TEXT(x);
    SHOW_TEXT(y);
    SHOW(readv(fd, in, 2));
    SHOW(readv(fd, in, 2));
    SHOW(preadv(fd, in, 2, 2));
    SHOW_TEXT(x);
    SHOW(pwritev(fd, out, 3, 10));
    SHOW(lseek(fd, 0, SEEK_END));
    SHOW(readv(fd, in, -1));
    SHOW(readv(fd, in, 0));
    SHOW(writev(fd, out, 2000));
    close(fd);
}

static void descriptors(void) {
    int fd = open("d", O_RDWR | O_CREAT | O_TRUNC, 0600), other;
    write(fd, "0123456789", 10);
    SHOW((other = dup(fd)) == fd + 1);
    SHOW(lseek(fd, 3, SEEK_SET));
    SHOW(lseek(other, 0, SEEK_CUR));
    SHOW(dup2(fd, 50));
    SHOW(read(50, buffer, 2));
    SHOW(lseek(fd, 0, SEEK_CUR));
    SHOW(dup2(fd, fd) == fd);
    SHOW(dup2(99, 98));
    SHOW(dup2(fd, -1));
    SHOW(dup3(fd, fd, 0));
    SHOW(dup3(fd, 51, O_CLOEXEC));
    SHOW(fcntl(51, F_GETFD));
    SHOW(fcntl(50, F_GETFD));
    SHOW(fcntl(50, F_SETFD, FD_CLOEXEC));
    SHOW(fcntl(50, F_GETFD));
    SHOW(fcntl(fd, F_DUPFD, 60));
    SHOW(fcntl(fd, F_DUPFD, 60));
    SHOW(fcntl(fd, F_DUPFD, 1000000));
    SHOW(fcntl(fd, F_DUPFD_CLOEXEC, 60));
    SHOW(fcntl(62, F_GETFD));
    SHOW(fcntl(99, F_GETFD));
    SHOW(fcntl(fd, 12345, 0));
    close(other);
    SHOW(read(other, buffer, 1));
    SHOW(read(fd, buffer, 1));
    SHOW(syscall(436 /* close_range */, 50, 62, 0));
    SHOW(fcntl(60, F_GETFD));
    SHOW((other = open("d", O_RDONLY)) == fd + 1);
    SHOW(isatty(fd));
    SHOW(close(other));
    SHOW(fsync(fd));
    SHOW(fdatasync(fd));
    SHOW(fchmod(fd, 0444));
    struct stat status;
    fstat(fd, &status);
    SHOW(status.st_mode);
    close(fd);
}

static void unlinked(void) {
    struct stat status;
    int fd = open("u", O_RDWR | O_CREAT, 0600);
    SHOW(write(fd, "still here", 10));
    SHOW(unlink("u"));
    SHOW(unlink("u"));
    SHOW(open("u", O_RDONLY));
    SHOW(fstat(fd, &status));
    SHOW(status.st_nlink);
    SHOW(pread(fd, buffer, 10, 0));
    SHOW(write(fd, "!", 1));
    int again = open("u", O_RDWR | O_CREAT, 0600);
    SHOW(read(again, buffer, 10));
    SHOW(lseek(fd, 0, SEEK_END));
    close(fd);
    close(again);
}

static void locks(void) {
    int a = open("lock", O_RDWR | O_CREAT, 0600), b = open("lock", O_RDWR);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 10};
    SHOW(fcntl(a, F_SETLK, &lock));
    SHOW(fcntl(b, F_SETLK, &lock)); /* the process's own */
    SHOW(fcntl(b, F_GETLK, &lock));
    SHOW(lock.l_type);
    lock.l_type = F_UNLCK;
    SHOW(fcntl(a, F_SETLK, &lock));
    lock.l_type = 77;
    SHOW(fcntl(a, F_SETLK, &lock));
    lock = (struct flock){.l_type = F_RDLCK, .l_whence = SEEK_SET};
    SHOW(fcntl(a, F_SETLKW, &lock));
    close(b); /* drops it */
    close(a);
}

int main(int argc, char **argv) {
    if (argc < 2 || chdir(argv[1]))
        return 2;
    open_flags();
    positions();
    holes();
    large();
    appending();
    vectors();
    descriptors();
    unlinked();
    locks();
    return 0;
}
