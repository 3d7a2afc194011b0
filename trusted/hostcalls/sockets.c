/* Sockets. Every address that a guest names is copied and compared with the compartment's network grants
 * before the kernel sees the copy; AF_UNIX sockets are named by a path beneath a granted directory, never by
 * an address. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "path.h"
#include "socket.h"

#define SEND_FLAGS (MSG_CONFIRM | MSG_DONTWAIT | MSG_EOR | MSG_MORE | MSG_NOSIGNAL | MSG_OOB)
#define RECEIVE_FLAGS (MSG_DONTWAIT | MSG_ERRQUEUE | MSG_OOB | MSG_PEEK | MSG_TRUNC | MSG_WAITALL)

int socket_number(int fd, int option) {
    int number = -1;
    socklen_t length = sizeof number;
    return getsockopt(fd, SOL_SOCKET, option, &number, &length) == 0 ? number : -1;
}

static int socket_type(int fd) {
    return socket_number(fd, SO_TYPE);
}

int64_t call_socket(struct orc_thread *thread, const uint64_t *arguments) {
    uint64_t family = arguments[0], type = arguments[1];
    bool packets = family == AF_UNIX && type == SOCK_SEQPACKET;
    if ((type != SOCK_STREAM && type != SOCK_DGRAM && !packets) || arguments[2] > 1)
        return -EINVAL;
    if (family != AF_INET && family != AF_INET6 && family != AF_UNIX)
        return -EAFNOSUPPORT;
    if (family != AF_UNIX && !network_has_grant(thread->compartment, false, 0))
        return -EACCES;
    int how = (int)type | SOCK_CLOEXEC | (arguments[2] ? SOCK_NONBLOCK : 0);
    return add_handle(thread, result_of(socket((int)family, how, 0)), FILE_SOCKET, BOTH_RIGHTS);
}

/* An address that was copied in, as the kernel and as grants want it. */
struct address {
    struct sockaddr_storage name;
    socklen_t length;
    struct network_address parsed;
};

static int address_get(const struct orc_thread *thread, uint64_t from, uint64_t length,
                       struct address *address) {
    *address = (struct address){.length = (socklen_t)length};
    if (length < sizeof address->name.ss_family || length > sizeof address->name)
        return -EINVAL;
    if (guest_read(thread, &address->name, guest_pointer(from), length) < 0)
        return -EFAULT;
    return network_parse(&address->parsed, &address->name, length);
}

static const struct sockaddr *name_of(const struct address *address) {
    return (const struct sockaddr *)&address->name;
}

/* A socket bound to [::] gets what is sent to any IPv4 address, too: IPV6_V6ONLY could change behind our
 * back. */
static bool may_bind(struct orc_compartment *compartment, int type, const struct network_address *address) {
    if (!network_allows(compartment, false, type, address))
        return false;
    const struct network_address v4 = {.family = AF_INET, .port = address->port, .any = true};
    return address->family == AF_INET || !address->any || network_allows(compartment, false, type, &v4);
}

/* What connecting or sending does by itself, where that is granted: any address, a port of the kernel's
 * choice. */
static bool is_implicit_bind(struct orc_compartment *compartment, int type,
                             const struct network_address *address) {
    return address->any && address->port == 0 && network_has_grant(compartment, true, type);
}

SOCKET_CALL(call_socket_bind) {
    struct orc_compartment *compartment = call->thread->compartment;
    struct address address;
    int status = address_get(call->thread, call->arguments[1], call->arguments[2], &address);
    if (status < 0)
        return status;
    int type = socket_type(call->fd);
    if (!may_bind(compartment, type, &address.parsed) &&
        !is_implicit_bind(compartment, type, &address.parsed))
        return -EACCES;
    return result_of(bind(call->fd, name_of(&address), address.length));
}

/* A port that the kernel chose is granted by a grant of port 0. */
static bool may_stand_at(struct orc_compartment *compartment, int type, struct network_address address) {
    if (may_bind(compartment, type, &address))
        return true;
    address.port = 0;
    return may_bind(compartment, type, &address);
}

/* Is what the socket is bound to granted? */
static int64_t check_listening(struct orc_compartment *compartment, int fd) {
    struct sockaddr_storage address = {0};
    struct network_address parsed;
    socklen_t length = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        return -errno;
    if (address.ss_family == AF_UNIX)
        return 0; /* bound beneath a directory, or not at all */
    int result = network_parse(&parsed, &address, length);
    return result < 0 || may_stand_at(compartment, SOCK_STREAM, parsed) ? result : -EACCES;
}

bool may_send_from(const struct file_call *call, const struct network_address *address) {
    struct network_address wanted = *address, own;
    struct sockaddr_storage name = {0};
    socklen_t length = sizeof name;
    if (getsockname(call->fd, (struct sockaddr *)&name, &length) != 0 ||
        network_parse(&own, &name, length) != 0)
        return false;
    wanted.port = own.port;
    return may_stand_at(call->thread->compartment, socket_type(call->fd), wanted);
}

SOCKET_CALL(call_socket_listen) {
    int backlog = call->arguments[1] < SOMAXCONN ? (int)call->arguments[1] : SOMAXCONN;
    int64_t result = check_listening(call->thread->compartment, call->fd);
    if (result == 0)
        result = result_of(listen(call->fd, backlog));
    /* Another thread may have changed the socket between check and call: what counts is where it listens now.
     */
    if (result == 0 && (result = check_listening(call->thread->compartment, call->fd)) < 0)
        shutdown(call->fd, SHUT_RDWR);
    return result;
}

/* The names of AF_UNIX sockets are the host's paths: their family is all that a guest gets. */
static socklen_t shown_length(const struct sockaddr_storage *address, socklen_t length) {
    if (length > sizeof *address)
        length = sizeof *address;
    bool internet = address->ss_family == AF_INET || address->ss_family == AF_INET6;
    return internet || length < sizeof address->ss_family ? length : sizeof address->ss_family;
}

int value_put(const struct orc_thread *thread, uint64_t to, uint64_t length_at, const void *value,
              uint32_t length) {
    uint32_t room;
    if (guest_read(thread, &room, guest_pointer(length_at), sizeof room) < 0 ||
        guest_write(thread, guest_pointer(to), value, length < room ? length : room) < 0)
        return -EFAULT;
    return guest_write(thread, guest_pointer(length_at), &length, sizeof length);
}

static int address_put(const struct orc_thread *thread, uint64_t to, uint64_t length_at,
                       const struct address *address) {
    return value_put(thread, to, length_at, &address->name, shown_length(&address->name, address->length));
}

SOCKET_CALL(call_socket_accept) {
    struct address address = {.length = sizeof address.name};
    if (call->arguments[3] > 1)
        return -EINVAL;
    int64_t fd = result_of(accept4(call->fd, (struct sockaddr *)&address.name, &address.length,
                                   SOCK_CLOEXEC | (call->arguments[3] ? SOCK_NONBLOCK : 0)));
    int64_t handle = add_handle(call->thread, fd, FILE_SOCKET, BOTH_RIGHTS);
    if (handle < 0 || guest_pointer(call->arguments[1]).address == 0 ||
        address_put(call->thread, call->arguments[1], call->arguments[2], &address) == 0)
        return handle;
    capability_remove(call->thread->compartment, (uint64_t)handle);
    return -EFAULT;
}

/* A connect that a signal interrupted goes on in the kernel: the second one waits for it. */
SOCKET_CALL(call_socket_connect) {
    const struct sockaddr nothing = {.sa_family = AF_UNSPEC};
    struct address address;
    int status = address_get(call->thread, call->arguments[1], call->arguments[2], &address);
    /* Dissolves the socket's association. */
    if (status == -EAFNOSUPPORT && address.name.ss_family == AF_UNSPEC)
        return result_of(connect(call->fd, &nothing, sizeof nothing));
    if (status < 0)
        return status;
    if (!network_allows(call->thread->compartment, true, socket_type(call->fd), &address.parsed))
        return -EACCES;
    return result_of(connect(call->fd, name_of(&address), address.length));
}

/* Binds through the resolved directory's descriptor: the kernel creates one name in it, and follows no link
 * there. */
SOCKET_CALL(call_socket_bind_path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    PARENT(parent);
    int status = parent_get(call->thread, call->arguments[1], false, &parent);
    if (status < 0)
        return status;
    int length =
        snprintf(address.sun_path, sizeof address.sun_path, PROC_NAME "/%s", parent.directory, parent.name);
    if ((size_t)length >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    return result_of(bind(call->fd, (const struct sockaddr *)&address, sizeof address));
}

/* Connects to the socket's own descriptor, found beneath the directory: a name could be a link to anywhere.
 */
SOCKET_CALL(call_socket_connect_path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct path path CLEANUP(path_put) = {.text = path.few};
    struct stat found;
    int status = path_get(call->thread, guest_pointer(call->arguments[1]), RIGHT_WRITE, &path);
    if (status < 0)
        return status;
    int64_t to CLEANUP(close_fd) = open_beneath(path.file->fd, path.text, O_PATH, 0, 0);
    if (to < 0)
        return to;
    if (fstat((int)to, &found) != 0 || !S_ISSOCK(found.st_mode))
        return -ECONNREFUSED;
    snprintf(address.sun_path, sizeof address.sun_path, PROC_NAME, (int)to);
    return result_of(connect(call->fd, (const struct sockaddr *)&address, sizeof address));
}

SOCKET_CALL(call_socket_shutdown) {
    return call->arguments[1] > SHUT_RDWR ? -EINVAL : result_of(shutdown(call->fd, (int)call->arguments[1]));
}

SOCKET_CALL(call_socket_name) {
    struct address address = {.length = sizeof address.name};
    struct sockaddr *name = (struct sockaddr *)&address.name;
    if (call->arguments[1] > 1)
        return -EINVAL;
    if ((call->arguments[1] ? getpeername : getsockname)(call->fd, name, &address.length) != 0)
        return -errno;
    return address_put(call->thread, call->arguments[2], call->arguments[3], &address);
}

/* The message of (handle, message, flags), and what it leads to. */
static int message_get(const struct file_call *call, uint64_t flags, bool fill, struct orc_message *message,
                       struct vector *vector) {
    vector->spans = vector->few;
    if (call->arguments[2] & ~flags)
        return -EINVAL;
    if (guest_read(call->thread, message, guest_pointer(call->arguments[1]), sizeof *message) < 0)
        return -EFAULT;
    return vector_get(call->thread, vector, (guest_address){message->spans}, message->span_count, fill);
}

/* Sending to an address is connecting, as far as grants go. */
SOCKET_CALL(call_socket_send) {
    struct orc_message message;
    struct vector vector CLEANUP(vector_put);
    struct address address;
    struct control control;
    int status = message_get(call, SEND_FLAGS, false, &message, &vector);
    if (status < 0)
        return status;
    struct msghdr header = {.msg_iov = vector.spans, .msg_iovlen = message.span_count};
    if (message.address != 0 || message.address_length != 0) {
        status = address_get(call->thread, message.address, message.address_length, &address);
        if (status < 0)
            return status;
        if (!network_allows(call->thread->compartment, true, socket_type(call->fd), &address.parsed))
            return -EACCES;
        header.msg_name = &address.name;
        header.msg_namelen = address.length;
    }
    int64_t controls = message.control == 0 ? 0 : control_get(call, message.control, &control);
    if (controls < 0)
        return controls;
    if (controls != 0) {
        header.msg_control = control.bytes;
        header.msg_controllen = (size_t)controls;
    }
    return result_of(syscall(SYS_sendmsg, call->fd, &header, (int)call->arguments[2] | MSG_NOSIGNAL));
}

static int message_put(const struct file_call *call, struct orc_message *message,
                       const struct sockaddr_storage *name, const struct msghdr *header) {
    uint32_t shown = message->address ? shown_length(name, header->msg_namelen) : 0,
             room = message->address_length;
    message->address_length = shown;
    message->flags = (uint32_t)header->msg_flags;
    if (guest_write(call->thread, (guest_address){message->address}, name, shown < room ? shown : room) < 0)
        return -EFAULT;
    return guest_write(call->thread, guest_pointer(call->arguments[1]), message, sizeof *message);
}

/* Of AF_UNIX sockets control messages have no room: descriptors that a host program sends are closed by the kernel. */
SOCKET_CALL(call_socket_receive) {
    struct orc_message message;
    struct vector vector CLEANUP(vector_put);
    struct sockaddr_storage name;
    struct control control;
    int status = message_get(call, RECEIVE_FLAGS, true, &message, &vector);
    if (status < 0)
        return status;
    struct msghdr header = {.msg_iov = vector.spans, .msg_iovlen = message.span_count};
    int64_t room = message.control == 0 ? 0 : control_room(call, message.control, &control);
    if (room < 0)
        return room;
    if (room != 0) {
        header.msg_control = control.bytes;
        header.msg_controllen = (size_t)room;
    }
    if (message.address != 0) {
        header.msg_name = &name;
        header.msg_namelen = sizeof name;
    }
    int64_t result = result_of(syscall(SYS_recvmsg, call->fd, &header, (int)call->arguments[2]));
    if (result < 0)
        return result;
    if (control_put(call, message.control, &control, &header) < 0)
        return -EFAULT;
    return message_put(call, &message, &name, &header) < 0 ? -EFAULT : result;
}
