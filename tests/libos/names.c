/* Directories, links, renaming, attributes, the current directory. The argument is an empty directory to work
 * in. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "show.h"

static char buffer[PATH_MAX + 100];
static const char *base;

static void make(const char *name, const char *text) {
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        printf("can't make %s: %d\n", name, errno);
    close(fd);
}

static const char *content(const char *name) {
    static char text[100];
    int fd = open(name, O_RDONLY);
    long n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (n < 0)
        return snprintf(text, sizeof text, "errno %d", errno), close(fd), text;
    text[n] = 0;
    close(fd);
    return text;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(const char *name) {
    char *names[64];
    int count = 0;
    DIR *directory = opendir(name);
    if (!directory) {
        printf("opendir %s: errno %d\n", name, errno);
        return;
    }
    for (struct dirent *entry; count < 64 && (entry = readdir(directory));) {
        snprintf(buffer, sizeof buffer, "%s/%d", entry->d_name, entry->d_type);
        names[count++] = strdup(buffer);
    }
    closedir(directory);
    qsort(names, count, sizeof *names, by_name);
    printf("%s:", name);
    for (int i = 0; i < count; i++)
        printf(" %s", names[i]);
    printf("\n");
}

static const char *where(void) {
    static char path[PATH_MAX];
    if (!getcwd(path, sizeof path))
        return "?";
    size_t length = strlen(base);
    return strncmp(path, base, length) ? path : path + length;
}

static void directories(void) {
    SHOW(mkdir("d", 0755));
    SHOW(mkdir("d", 0755));
    SHOW(mkdir("d/e/", 0700));
    SHOW(mkdir("missing/e", 0700));
    SHOW(mkdir("", 0700));
    SHOW(mkdir(".", 0700));
    SHOW(mkdir("..", 0700));
    make("d/f", "text");
    SHOW(mkdir("d/f/g", 0700));
    SHOW(rmdir("d"));
    SHOW(rmdir("d/f"));
    SHOW(unlink("d/e") == -1);
    SHOW(rmdir("d/e"));
    SHOW(rmdir("d/e"));
    SHOW(rmdir("d/."));
    SHOW(unlink("d/f/"));
    list("d");
    list(".");
    struct stat status;
    SHOW(stat("d", &status));
    SHOW(status.st_mode);
    SHOW(stat("d/f/", &status));
    SHOW(stat("d/..", &status));
    SHOW(S_ISDIR(status.st_mode));
    SHOW(stat("missing/..", &status));
    SHOW(stat("d/f/..", &status));
    SHOW(unlink("d/f"));
    SHOW(rmdir("d/"));
    memset(buffer, 'x', 300);
    buffer[256] = 0;
    SHOW(mkdir(buffer, 0700));
    SHOW(open(buffer, O_CREAT | O_RDWR, 0600));
    memset(buffer, '/', sizeof buffer);
    buffer[sizeof buffer - 1] = 0;
    SHOW(open(buffer, O_RDONLY));
}

static void symbolic_links(void) {
    struct stat status;
    mkdir("s", 0755);
    make("s/target", "the target");
    SHOW(symlink("target", "s/link"));
    SHOW(symlink("target", "s/link"));
    SHOW(symlink("", "s/empty"));
    SHOW(readlink("s/link", buffer, 100));
    SHOW(readlink("s/link", buffer, 3));
    SHOW(readlink("s/target", buffer, 100));
    SHOW(readlink("s/missing", buffer, 100));
    SHOW_TEXT(content("s/link"));
    SHOW(lstat("s/link", &status));
    SHOW(S_ISLNK(status.st_mode));
    SHOW(status.st_size);
    SHOW(stat("s/link", &status));
    SHOW(status.st_size);
    SHOW(open("s/link", O_RDONLY | O_NOFOLLOW));
    SHOW(open("s/link/", O_RDONLY));
    symlink("s", "sl");
    symlink("loop2", "loop1");
    symlink("loop1", "loop2");
    symlink("nowhere", "dangling");
    SHOW_TEXT(content("sl/link"));
    SHOW_TEXT(content("sl/../sl/target"));
    SHOW_TEXT(content("loop1"));
    SHOW_TEXT(content("loop1/x"));
    SHOW(stat("dangling", &status));
    SHOW(mkdir("dangling", 0700));
    SHOW(open("dangling", O_CREAT | O_EXCL | O_WRONLY, 0600));
    make("dangling", "made through the link");
    SHOW_TEXT(content("nowhere"));
    SHOW(rmdir("sl"));
    SHOW(unlink("sl/"));
    make("sl/new", "new");
    SHOW_TEXT(content("s/new"));
    SHOW(mkdir("sl/sub", 0700));
    SHOW(symlink("../target", "sl/sub/up"));
    SHOW_TEXT(content("sl/sub/up"));
    SHOW_TEXT(content("sl/sub/../target"));
    snprintf(buffer, sizeof buffer, "%s/s/target", base);
    SHOW(symlink(buffer, "absolute"));
    SHOW_TEXT(content("absolute"));
    snprintf(buffer, sizeof buffer, "%s/s", base);
    symlink(buffer, "absolute_directory");
    SHOW_TEXT(content("absolute_directory/target"));
    make("absolute_directory/x", "through an absolute link");
    SHOW_TEXT(content("s/x"));
    SHOW(unlink("absolute_directory/x"));
    SHOW(unlink("sl"));
    SHOW(chmod("s/link", 0600));
    SHOW(stat("s/target", &status));
    SHOW(status.st_mode);
    list("s");
    list("s/sub");
    char deep[] = "s/sub/../sub/../sub/../link";
    SHOW_TEXT(content(deep));
}

static void hard_links(void) {
    struct stat a, b;
    make("one", "linked");
    SHOW(link("one", "two"));
    SHOW(link("one", "two"));
    SHOW(link("missing", "three"));
    SHOW(link("s", "three"));
    stat("one", &a);
    stat("two", &b);
    SHOW(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
    SHOW(a.st_nlink);
    make("two", "changed");
    SHOW_TEXT(content("one"));
    SHOW(rename("one", "two"));
    SHOW(access("one", F_OK));
    SHOW(unlink("one"));
    stat("two", &b);
    SHOW(b.st_nlink);
    SHOW(unlink("two"));
}

static void renaming(void) {
    make("r1", "first");
    make("r2", "second");
    mkdir("rd", 0755);
    mkdir("re", 0755);
    mkdir("re/inner", 0755);
    make("re/inner/file", "inner");
    SHOW(rename("r1", "r2"));
    SHOW_TEXT(content("r2"));
    SHOW(rename("r1", "r3"));
    SHOW(rename("r2", "rd"));
    SHOW(rename("rd", "r2"));
    SHOW(rename("rd", "re"));
    SHOW(rename("re", "rd"));
    SHOW_TEXT(content("rd/inner/file"));
    SHOW(rename("rd", "rd/inner/below"));
    SHOW(rename("rd/inner", "rd"));
    SHOW(rename("r2", "rd/inner/r"));
    SHOW_TEXT(content("rd/inner/r"));
    SHOW(rename("rd/inner/r", "missing/r"));
    SHOW(rename("rd/", "rd2/"));
    SHOW(rename("rd2/inner/file/", "x"));
    SHOW(rename("rd2/inner/.", "x"));
    SHOW(syscall(SYS_renameat2, AT_FDCWD, "rd2", AT_FDCWD, "s", 1 /* RENAME_NOREPLACE */));
    SHOW(rename("rd2", "rd2"));
    symlink("rd2", "rlink");
    SHOW(rename("rlink", "rlink2"));
    SHOW(readlink("rlink2", buffer, 100));
    int fd = open("rd2/inner/file", O_RDONLY);
    SHOW(rename("rd2/inner/file", "moved"));
    SHOW(read(fd, buffer, 100));
    close(fd);
    list("rd2/inner");
    list(".");
}

static void relative_to_descriptors(void) {
    struct stat status;
    int directory = open("s", O_RDONLY | O_DIRECTORY), path = open("s", O_PATH),
        file = open("s/target", O_RDONLY);
    int fd;
    SHOW((fd = openat(directory, "target", O_RDONLY)) >= 0);
    close(fd);
    SHOW((fd = openat(path, "link", O_RDONLY)) >= 0);
    close(fd);
    SHOW(openat(file, "target", O_RDONLY));
    SHOW(openat(999, "target", O_RDONLY));
    SHOW(read(path, buffer, 1));
    SHOW(fstat(path, &status));
    SHOW(S_ISDIR(status.st_mode));
    SHOW(mkdirat(directory, "at", 0755));
    SHOW(symlinkat("at", directory, "atl"));
    SHOW(readlinkat(directory, "atl", buffer, 10));
    SHOW(linkat(directory, "target", path, "at/hard", 0));
    SHOW(renameat(directory, "at/hard", directory, "hard"));
    SHOW(fstatat(directory, "hard", &status, 0));
    SHOW(status.st_nlink);
    SHOW(fstatat(directory, "", &status, AT_EMPTY_PATH));
    SHOW(fstatat(directory, "", &status, 0));
    SHOW(faccessat(directory, "hard", R_OK | W_OK, 0));
    SHOW(faccessat(directory, "missing", F_OK, 0));
    SHOW(unlinkat(directory, "at", 0));
    SHOW(unlinkat(directory, "at", AT_REMOVEDIR));
    SHOW(unlinkat(directory, "hard", 0));
    SHOW(unlinkat(directory, "atl", 0));
    SHOW(openat(directory, "../s/target", O_RDONLY) >= 0);
    SHOW(fchdir(directory));
    SHOW_TEXT(where());
    SHOW_TEXT(content("target"));
    SHOW(chdir(".."));
    SHOW(fchdir(file));
    close(directory);
    close(path);
    close(file);
}

static void current_directory(void) {
    mkdir("c", 0755);
    mkdir("c/d", 0755);
    symlink("c/d", "cl");
    SHOW(chdir("c/d"));
    SHOW_TEXT(where());
    SHOW(chdir(".."));
    SHOW_TEXT(where());
    SHOW(chdir("../cl"));
    SHOW_TEXT(where());
    SHOW(chdir("../../s/target"));
    SHOW(chdir("missing"));
    SHOW(chdir("/"));
    SHOW_TEXT(where());
    SHOW(chdir("../../.."));
    SHOW_TEXT(where());
    SHOW(chdir(base));
    SHOW(getcwd(buffer, 2) != NULL);
    SHOW_TEXT(where());
}

static void attributes(void) {
    struct stat status;
    make("attr", "x");
    SHOW(chmod("attr", 0751));
    stat("attr", &status);
    SHOW(status.st_mode);
    SHOW(chmod("missing", 0700));
    struct timespec times[2] = {{.tv_sec = 1000000000, .tv_nsec = 5000},
                                {.tv_sec = 1100000000, .tv_nsec = 7000}};
    SHOW(utimensat(AT_FDCWD, "attr", times, 0));
    stat("attr", &status);
    SHOW(status.st_atim.tv_sec);
    SHOW(status.st_mtim.tv_sec);
    SHOW(status.st_mtim.tv_nsec);
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_nsec = UTIME_NOW;
    SHOW(utimensat(AT_FDCWD, "attr", times, 0));
    stat("attr", &status);
    SHOW(status.st_atim.tv_sec);
    SHOW(status.st_mtim.tv_sec > 1500000000);
    times[0].tv_nsec = 2000000000;
    SHOW(utimensat(AT_FDCWD, "attr", times, 0));
    int fd = open("attr", O_RDWR);
    times[0].tv_nsec = times[1].tv_nsec = 0;
    SHOW(futimens(fd, times));
    fstat(fd, &status);
    SHOW(status.st_mtim.tv_sec);
    SHOW(write(fd, "y", 1));
    fstat(fd, &status);
    SHOW(status.st_mtim.tv_sec > 1500000000);
    close(fd);
    SHOW(chown("attr", -1, -1));
    SHOW(umask(0077));
    make("masked", "");
    mkdir("maskedd", 0777);
    SHOW(umask(0022));
    stat("masked", &status);
    SHOW(status.st_mode);
    stat("maskedd", &status);
    SHOW(status.st_mode);
    SHOW(access("attr", R_OK | W_OK | X_OK));
    chmod("attr", 0644);
    SHOW(access("attr", X_OK));
    SHOW(access("missing", R_OK));
    struct statfs system;
    SHOW(statfs(".", &system));
    SHOW(system.f_bsize > 0 && system.f_blocks > 0);
    SHOW(statfs("missing", &system));
}

/* Many names, removed while they're listed. */
static void many(void) {
    char name[64];
    int seen = 0;
    mkdir("many", 0755);
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "many/a-rather-long-name-for-a-file-%d", i);
        make(name, "");
    }
    DIR *directory = opendir("many");
    long position = 0;
    for (struct dirent *entry; (entry = readdir(directory)); seen++)
        if (seen == 250)
            position = telldir(directory);
    SHOW(seen);
    seekdir(directory, position);
    for (seen = 0; readdir(directory); seen++)
        ;
    SHOW(seen);
    rewinddir(directory);
    seen = 0;
    for (struct dirent *entry; (entry = readdir(directory));)
        seen += entry->d_name[0] != '.' && !unlinkat(dirfd(directory), entry->d_name, 0);
    SHOW(seen);
    closedir(directory);
    list("many");
    SHOW(rmdir("many"));
}

int main(int argc, char **argv) {
    if (argc < 2 || chdir(argv[1]))
        return 2;
    base = argv[1];
    directories();
    symbolic_links();
    hard_links();
    renaming();
    relative_to_descriptors();
    current_directory();
    attributes();
    many();
    return 0;
}
