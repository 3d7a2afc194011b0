#include "metrics_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "text.h"

struct metrics_file {
    int directory;
    char *name, *fresh; /* in the directory */
    bool complained;
};

struct metrics_file *metrics_file_open(const char *path) {
    struct metrics_file *file = calloc(1, sizeof *file);
    const char *slash = strrchr(path, '/');
    char *directory = slash ? format("%.*s", slash == path ? 1 : (int)(slash - path), path) : copy(".");
    const char *name = slash ? slash + 1 : path;
    if (file && *name)
        file->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = file && *name && file->directory >= 0;
    if (!good) {
        fprintf(stderr, "orc run: --metrics %s: %s\n", path,
                *name ? strerror(errno) : "not the name of a file");
        free(file);
    }
    free(directory);
    if (!good)
        return NULL;
    file->name = copy(name);
    file->fresh = format("%s.%d", name, (int)getpid());
    return file;
}

static bool replace(const struct metrics_file *file, const char *text, size_t size) {
    struct open_how how = {.flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, .mode = 0644};
    int fd = (int)syscall(SYS_openat2, file->directory, file->fresh, &how, sizeof how);
    if (fd < 0)
        return false;
    bool good = write(fd, text, size) == (ssize_t)size;
    close(fd);
    /* Not by the C library, which makes it another system call that a locked-down cell may not make. */
    if (good && syscall(SYS_renameat2, file->directory, file->fresh, file->directory, file->name, 0) == 0)
        return true;
    int code = errno;
    unlinkat(file->directory, file->fresh, 0);
    errno = code;
    return false;
}

void metrics_file_write(struct metrics_file *file, const struct cell_report *report) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return;
    cells_print_metrics(out, report, 1);
    if (fclose(out) == 0 && !replace(file, text, size) && !file->complained) {
        fprintf(stderr, "orc run: --metrics %s: %s\n", file->name, strerror(errno));
        file->complained = true;
    }
    free(text);
}

void metrics_file_close(struct metrics_file *file) {
    if (!file)
        return;
    close(file->directory);
    free(file->name);
    free(file->fresh);
    free(file);
}
