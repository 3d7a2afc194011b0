#include "locate.h"

#include "arguments.h"
#include "tool.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The directory of the running program. */
static const char *program_directory(void) {
    static char path[PATH_MAX];
    if (path[0])
        return path;
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length <= 0)
        fail("unable to find this program's own path: %s", strerror(errno));
    path[length] = 0;
    char *slash = strrchr(path, '/');
    if (slash)
        *slash = 0;
    return path;
}

char *locate_program(const char *name, const char *variable) {
    const char *chosen = variable ? getenv(variable) : NULL;
    if (chosen && *chosen)
        return copy_string(chosen);
    return format_string("%s/%s", program_directory(), name);
}

char *locate_file(const char *name) {
    return format_string("%s/../lib/orc/%s", program_directory(), name);
}

const char *locate_llvm(const char *name, const char *variable) {
    const char *chosen = getenv(variable);
    return chosen && *chosen ? chosen : name;
}
