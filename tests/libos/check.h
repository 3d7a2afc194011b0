/* Checks of a guest program's own: "ok" or "not ok", a line each. */
#ifndef CHECK_H
#define CHECK_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECK(what) check((what), __FILE_NAME__, __LINE__, #what)
#define FAILS(call, error)                                                                                   \
    (errno = 0, (long)(call) == -1 ? errno == (error) || (printf("# errno %d\n", errno), 0) : 0)

static inline void check(bool holds, const char *file, int line, const char *text) {
    printf("%s - %s:%d: %s\n", holds ? "ok" : "not ok", file, line, text);
    fflush(stdout);
}

/* A file's content is this text. */
static inline bool holds(const char *name, const char *text) {
    char buffer[256] = "";
    int fd = open(name, O_RDONLY);
    long length = fd < 0 ? -1 : read(fd, buffer, sizeof buffer - 1);
    if (fd >= 0)
        close(fd);
    if (length == (long)strlen(text) && !strcmp(buffer, text))
        return true;
    printf("# %s: %ld bytes, errno %d, \"%s\"\n", name, length, errno, buffer);
    return false;
}

static inline bool put(const char *name, const char *text) {
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0)
        return false;
    bool written = write(fd, text, strlen(text)) == (long)strlen(text);
    return close(fd) == 0 && written;
}

/* How often a directory lists a name. */
static inline int lists(const char *directory, const char *name) {
    int count = 0;
    DIR *stream = opendir(directory);
    for (struct dirent *entry; stream && (entry = readdir(stream));)
        count += !strcmp(entry->d_name, name);
    return stream ? closedir(stream), count : -1;
}

static inline mode_t mode_of(const char *name) {
    struct stat status;
    return stat(name, &status) ? 0 : status.st_mode;
}

#endif
