#include "output.h"

#include "../common/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_all(int file, const uint8_t *bytes, size_t size) {
    while (size) {
        ssize_t written = write(file, bytes, size);
        if (written < 0 && errno == EINTR) {
            tool_check_signal();
            continue;
        }
        if (written <= 0)
            return false;
        bytes += written;
        size -= (size_t)written;
    }
    return true;
}

static mode_t executable_mode(void) {
    mode_t mask = umask(0);
    umask(mask);
    return 0777 & ~mask;
}

/* Devices and pipes take the bytes as they come; so does a file in a directory where no new name can be made.
 */
static void write_in_place(const char *path, const uint8_t *bytes, size_t size) {
    int file = open(path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0777);
    if (file < 0)
        fail("cannot open output file %s: %s", path, strerror(errno));
    bool written = write_all(file, bytes, size);
    int error = errno;
    if (close(file) != 0 || !written) {
        remove_output(path);
        fail("cannot write output file %s: %s", path, strerror(written ? errno : error));
    }
}

void write_output(const char *path, const uint8_t *bytes, size_t size) {
    struct stat status;
    char *temporary = format_string("%s.XXXXXX", path);
    bool is_special = stat(path, &status) == 0 && !S_ISREG(status.st_mode);
    int file = is_special ? -1 : mkostemp(temporary, O_CLOEXEC);
    if (file < 0) {
        write_in_place(path, bytes, size);
        free(temporary);
        return;
    }
    tool_discard_on_failure(temporary);
    bool written = write_all(file, bytes, size) && fchmod(file, executable_mode()) == 0;
    int error = errno;
    if (close(file) != 0 || !written || rename(temporary, path) != 0)
        fail("cannot write output file %s: %s", path, strerror(written ? errno : error));
    tool_keep();
    free(temporary);
}
