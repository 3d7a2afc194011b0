/* The cell's end of the control socket. A client sends one line and gets one answer: "report" a cell_report,
 * "signal NUMBER NAME" the number of compartments that got it, "revoke HASH" whether there was such an
 * object. Nothing here waits for a client; the process ignores SIGPIPE. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"

#define MOST_CLIENTS 16
#define LONGEST_REQUEST 128

struct client {
    int fd; /* -1: free */
    char request[LONGEST_REQUEST];
    size_t request_size;
    char *answer; /* NULL: the request isn't whole yet */
    size_t answer_size, sent;
};

struct control_server {
    int epoll, listener;
    struct control_cell cell;
    struct client clients[MOST_CLIENTS];
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
};

static int listen_at(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    strcpy(address.sun_path, path);
    unlink(path); /* left behind by a process that had this number before */
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 && listen(fd, MOST_CLIENTS) == 0)
        return fd;
    int code = -errno;
    close(fd);
    return code;
}

static bool watch(const struct control_server *server, int fd, void *data) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = data};
    return epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

struct control_server *control_server_open(int epoll, const struct control_cell *cell) {
    struct control_server *server = calloc(1, sizeof *server);
    int directory = control_directory_open(true);
    int code = !server ? -ENOMEM : directory;
    if (directory >= 0)
        close(directory);
    if (server && directory >= 0) {
        server->epoll = epoll;
        server->cell = *cell;
        for (int i = 0; i < MOST_CLIENTS; i++)
            server->clients[i].fd = -1;
        code = control_path(server->path, sizeof server->path, getpid()) ? listen_at(server->path)
                                                                         : -ENAMETOOLONG;
        if (code >= 0 && watch(server, server->listener = code, server))
            return server;
    }
    fprintf(stderr, "orc run: warning: no control socket, so `orc ps` won't show this cell: %s\n",
            strerror(-code));
    free(server);
    return NULL;
}

static void drop(struct client *client) {
    close(client->fd); /* leaves the epoll set too */
    free(client->answer);
    *client = (struct client){.fd = -1};
}

static void accept_client(struct control_server *server) {
    int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    for (int i = 0; i < MOST_CLIENTS && control_peer_is_user(fd); i++)
        if (server->clients[i].fd < 0 && watch(server, fd, &server->clients[i])) {
            server->clients[i].fd = fd;
            return;
        }
    close(fd);
}

static void answer_report(struct control_server *server, FILE *out) {
    struct cell_report report = {0};
    if (server->cell.report(server->cell.context, &report))
        cell_report_send(out, &report);
    cell_report_free(&report);
}

static void answer(struct control_server *server, const char *request, FILE *out) {
    char name[LONGEST_REQUEST];
    uint8_t hash[ORC_HASH_SIZE];
    int signal;
    if (strcmp(request, "report") == 0)
        answer_report(server, out);
    else if (sscanf(request, "signal %d %127s", &signal, name) == 2 && signal > 0 && signal < 32)
        fprintf(out, "reached %u\n", server->cell.signal(server->cell.context, name, signal));
    else if (sscanf(request, "revoke %127s", name) == 1 && object_parse_hash(name, hash))
        fprintf(out, "revoked %d\n", server->cell.revoke(server->cell.context, hash));
    else
        fputs("unknown\n", out);
}

static bool prepare_answer(struct control_server *server, struct client *client) {
    FILE *out = open_memstream(&client->answer, &client->answer_size);
    if (!out)
        return false;
    answer(server, client->request, out);
    return fclose(out) == 0 && client->answer;
}

/* False when the client has to go. */
static bool receive(struct control_server *server, struct client *client) {
    size_t room = sizeof client->request - 1 - client->request_size;
    ssize_t count = read(client->fd, client->request + client->request_size, room);
    if (count < 0)
        return errno == EAGAIN || errno == EINTR;
    client->request_size += (size_t)count;
    client->request[client->request_size] = 0;
    char *end = strchr(client->request, '\n');
    if (!end)
        return count > 0 && client->request_size < sizeof client->request - 1;
    *end = 0;
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = client};
    return prepare_answer(server, client) && epoll_ctl(server->epoll, EPOLL_CTL_MOD, client->fd, &event) == 0;
}

static bool send_answer(struct client *client) {
    ssize_t count = write(client->fd, client->answer + client->sent, client->answer_size - client->sent);
    if (count < 0)
        return errno == EAGAIN || errno == EINTR;
    client->sent += (size_t)count;
    return client->sent < client->answer_size;
}

bool control_server_event(struct control_server *server, void *data, uint32_t events) {
    struct client *client = data;
    if (!server)
        return false;
    if (data == server) {
        accept_client(server);
        return true;
    }
    if (client < server->clients || client >= server->clients + MOST_CLIENTS)
        return false;
    if (client->fd >= 0 &&
        (!(client->answer ? send_answer(client) : receive(server, client)) || (events & EPOLLERR)))
        drop(client);
    return true;
}

void control_server_close(struct control_server *server) {
    if (!server)
        return;
    for (int i = 0; i < MOST_CLIENTS; i++)
        if (server->clients[i].fd >= 0)
            drop(&server->clients[i]);
    close(server->listener);
    unlinkat(AT_FDCWD, server->path, 0);
    free(server);
}
