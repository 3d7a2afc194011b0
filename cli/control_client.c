#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"

#define ANSWER_SECONDS 10

/* A connection to the cell, or -errno. */
static int connect_to(pid_t pid) {
    const struct timeval patience = {.tv_sec = ANSWER_SECONDS};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!control_path(address.sun_path, sizeof address.sun_path, pid))
        return -ENAMETOOLONG;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 && control_peer_is_user(fd))
        return fd;
    int code = errno ? -errno : -EPERM;
    close(fd);
    return code;
}

static bool is_socket_name(const char *name, pid_t *pid) {
    int number, end = 0;
    if (sscanf(name, "%d.sock%n", &number, &end) != 1 || end == 0 || name[end] != 0 || number <= 0)
        return false;
    *pid = number;
    return true;
}

pid_t *control_cells(size_t *count) {
    int fd = control_directory_open(false);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    pid_t *cells = malloc(sizeof *cells), pid;
    *count = 0;
    for (struct dirent *entry; directory && cells && (entry = readdir(directory));) {
        if (!is_socket_name(entry->d_name, &pid))
            continue;
        int connection = connect_to(pid);
        if (connection == -ECONNREFUSED)
            unlinkat(dirfd(directory), entry->d_name, 0);
        if (connection < 0)
            continue;
        close(connection);
        pid_t *grown = reallocarray(cells, *count + 1, sizeof *cells);
        if (!grown)
            break;
        cells = grown;
        cells[(*count)++] = pid;
    }
    if (directory)
        closedir(directory);
    return cells;
}

/* The answer to one request, to be read and closed; NULL on failure. */
static FILE *ask(pid_t pid, const char *request) {
    int fd = connect_to(pid);
    if (fd < 0)
        return NULL;
    size_t length = strlen(request);
    FILE *answer = send(fd, request, length, MSG_NOSIGNAL) == (ssize_t)length ? fdopen(fd, "r") : NULL;
    if (!answer)
        close(fd);
    return answer;
}

bool control_ask_report(pid_t pid, struct cell_report *report) {
    FILE *answer = ask(pid, "report\n");
    if (!answer)
        return false;
    bool good = cell_report_receive(answer, report);
    fclose(answer);
    return good;
}

bool control_send_signal(pid_t pid, const char *name, int signal, unsigned *reached) {
    char request[160];
    int length = snprintf(request, sizeof request, "signal %d %s\n", signal, name);
    FILE *answer = length > 0 && (size_t)length < sizeof request ? ask(pid, request) : NULL;
    if (!answer)
        return false;
    bool good = fscanf(answer, "reached %u", reached) == 1;
    fclose(answer);
    return good;
}

bool control_revoke(pid_t pid, const uint8_t *hash, bool *held) {
    char request[16 + 2 * ORC_HASH_SIZE];
    int count = 0, length = sprintf(request, "revoke ");
    for (size_t i = 0; i < ORC_HASH_SIZE; i++)
        length += sprintf(request + length, "%02x", hash[i]);
    request[length++] = '\n';
    request[length] = 0;
    FILE *answer = ask(pid, request);
    if (!answer)
        return false;
    bool good = fscanf(answer, "revoked %d", &count) == 1;
    *held = count != 0;
    fclose(answer);
    return good;
}
