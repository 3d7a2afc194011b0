#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"

bool control_path(char *path, size_t size, pid_t pid) {
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    char directory[256];
    int length;
    if (runtime && *runtime == '/')
        length = snprintf(directory, sizeof directory, "%s/orc", runtime);
    else if (geteuid() == 0)
        length = snprintf(directory, sizeof directory, "/run/orc");
    else
        length = snprintf(directory, sizeof directory, "/tmp/orc-%u", (unsigned)geteuid());
    if (length < 0 || (size_t)length >= sizeof directory)
        return false;
    length =
        pid ? snprintf(path, size, "%s/%d.sock", directory, (int)pid) : snprintf(path, size, "%s", directory);
    return length >= 0 && (size_t)length < size;
}

int control_directory_open(bool create) {
    char path[256];
    struct stat status;
    if (!control_path(path, sizeof path, 0))
        return -ENAMETOOLONG;
    if (create && mkdir(path, 0700) < 0 && errno != EEXIST)
        return -errno;
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0)
        return -errno;
    if (fstat(directory, &status) == 0 && status.st_uid == geteuid() && (status.st_mode & 077) == 0)
        return directory;
    close(directory);
    return -EPERM;
}

bool control_peer_is_user(int fd) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && size == sizeof peer &&
           peer.uid == geteuid();
}
