/* A cell's control socket: DIRECTORY/PID.sock, where the user's other commands ask about the cell and send
 * signals to its compartments. The directory is $XDG_RUNTIME_DIR/orc; without that variable /run/orc for root
 * and /tmp/orc-UID for others. It belongs to the user alone, and each side checks that the other one is the
 * same user. */
#ifndef ORC_CLI_CONTROL_H
#define ORC_CLI_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cell_report.h"

/* --- The cell's side (control_server.c), for an event loop over epoll --- */

struct control_server;

/* What the server asks of the cell. */
struct control_cell {
    void *context;
    bool (*report)(void *context, struct cell_report *report);
    unsigned (*signal)(void *context, const char *name, int signal);  /* compartments that got it */
    bool (*revoke)(void *context, const uint8_t hash[ORC_HASH_SIZE]); /* false: it holds no such object */
};

/* Opens the socket and adds it to `epoll`. NULL after a warning: a cell runs without one too. */
struct control_server *control_server_open(int epoll, const struct control_cell *cell);

/* An event's data, as epoll gave it back: true if it was the server's. */
bool control_server_event(struct control_server *server, void *data, uint32_t events);
void control_server_close(struct control_server *server);

/* --- The other side (control_client.c) --- */

/* The cells of this user: their process ids, to be freed. Sockets that nobody listens on are removed. */
pid_t *control_cells(size_t *count);

/* False when the cell has gone, or doesn't answer. */
bool control_ask_report(pid_t pid, struct cell_report *report);
bool control_send_signal(pid_t pid, const char *name, int signal, unsigned *reached);
bool control_revoke(pid_t pid, const uint8_t hash[ORC_HASH_SIZE], bool *held);

/* --- Both (control_directory.c) --- */

/* Writes DIRECTORY/PID.sock, or with 0 the directory alone; false when it doesn't fit. */
bool control_path(char *path, size_t size, pid_t pid);
/* Makes the directory if it isn't there; -EPERM when it isn't this user's alone. Returns a descriptor. */
int control_directory_open(bool create);
bool control_peer_is_user(int fd);

#endif
