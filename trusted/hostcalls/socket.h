/* What the files about sockets share. */
#ifndef ORC_HOSTCALLS_SOCKET_H
#define ORC_HOSTCALLS_SOCKET_H

#include <sys/socket.h>

#include "hostcalls.h"
#include "network.h"

#define SOCKET_CALL(name) FILE_CALL(name, BOTH_RIGHTS, SOCKET)

/* One of SOL_SOCKET's integers, or -1. */
int socket_number(int fd, int option);

/* A number or structure for a guest: as much of it as there is room for, which the guest says at `length_at`; its whole
 * length is stored there. */
int value_put(const struct orc_thread *thread, uint64_t to, uint64_t length_at, const void *value,
              uint32_t length);

/* Is it granted to bind to that address and the port that the socket has? */
bool may_send_from(const struct file_call *call, const struct network_address *address);

/* control.c: control messages on their way through, in a copy of ours. `at` is the guest address of a struct orc_span,
 * or 0: there are none. */
struct control {
    struct orc_span guest;
    union {
        struct cmsghdr first;
        char bytes[ORC_MAX_CONTROL];
    };
};

/* Those that are to be sent: how many bytes, 0 or -errno. All of them are checked. */
int64_t control_get(const struct file_call *call, uint32_t at, struct control *control);
/* Room for those that are received: how many bytes, or -errno. */
int64_t control_room(const struct file_call *call, uint32_t at, struct control *control);
/* Hands over what was received, and says so in `header`. */
int control_put(const struct file_call *call, uint32_t at, struct control *control, struct msghdr *header);

#endif
