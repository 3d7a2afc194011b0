/* Sockets by a host handle. What may be bound and connected to is decided by the host. Sockets of the file system live
 * in host directories that are granted for writing; in memory, and in the abstract name space, there are none. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/un.h>
#include "files.h"
#include "interfaces.h"
#include "names.h"
#include "socket.h"
#include "span.h"
#include "thread.h"
#include "zygote.h"

/* ---- sockets with a name in the file system */

/* Whether a socket can be bound to this name, or may be there to connect to. */
static long check_name(const struct place *place, bool bind) {
    struct stat status;
    long error = place_status(place, &status);
    if (bind && !error)
        return -EADDRINUSE;
    if (error && !(bind && error == -ENOENT))
        return error;
    if (place->node || !place->host || place->mount->layered)
        return bind ? -EOPNOTSUPP : -ECONNREFUSED;
    return place_writable(place);
}

/* The place of a socket's name, the lock released again: connecting may take its time. */
static long find_name(struct place *place, bool bind) {
    libos_lock(&nodes_lock);
    long error = place_find(place);
    while (!error) {
        error = check_name(place, bind);
        if (error != -ELOOP || place->node || !place->host)
            break;
        error = place_expand(place);
    }
    libos_unlock(&nodes_lock);
    return error;
}

static long by_name(struct file *socket, bool bind, const void *address, uint32_t length) {
    const struct sockaddr_un *given = address;
    size_t start = offsetof(struct sockaddr_un, sun_path);
    char path[sizeof given->sun_path + 1] = {0};
    struct place place;
    if (length <= start || length > sizeof *given)
        return -EINVAL;
    memcpy(path, given->sun_path, length - start);
    if (!*path)
        return -EOPNOTSUPP;
    long error = place_set(&place, AT_FDCWD, path, bind ? PLACE_SETTLE : PLACE_SETTLE | PLACE_FOLLOW);
    if (!error)
        error = find_name(&place, bind);
    if (error)
        return error;
    struct orc_path host = place_host(&place);
    if (bind)
        return orc_hostcall(ORC_SOCKET_BIND_PATH, socket->handle, (long)&host, 0, 0, 0);
    return libos_blocking(ORC_SOCKET_CONNECT_PATH, socket->handle, (long)&host, 0, 0, 0);
}

static bool has_name(const void *address, uint32_t length) {
    return length >= sizeof(sa_family_t) && ((const struct sockaddr *)address)->sa_family == AF_UNIX;
}

/* ---- addresses */

/* Programs may pass more room than an address takes; the host wants it exactly. */
static uint32_t exact_length(const void *address, uint32_t length) {
    if (length < sizeof(sa_family_t))
        return length;
    sa_family_t family = ((const struct sockaddr *)address)->sa_family;
    uint32_t exact = family == AF_INET    ? sizeof(struct sockaddr_in)
                     : family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                          : length;
    return length > exact && length <= sizeof(struct sockaddr_storage) ? exact : length;
}

/* A published port is another one of the host's; the guest goes on seeing its own. */
static long bind_address(struct file *file, const void *given, uint32_t length) {
    struct sockaddr_in6 address;
    int port = -1;
    if (length >= sizeof(struct sockaddr_in) && length <= sizeof address) {
        memcpy(&address, given, length);
        port = address.sin6_port ? published_port(ntohs(address.sin6_port)) : -1;
    }
    if (port < 0)
        return orc_hostcall(ORC_SOCKET_BIND, file->handle, (long)given, length, 0, 0);
    uint16_t own = ntohs(address.sin6_port); /* where struct sockaddr_in has it, too */
    address.sin6_port = htons((uint16_t)port);
    long result = orc_hostcall(ORC_SOCKET_BIND, file->handle, (long)&address, length, 0, 0);
    if (!result)
        file->position = own;
    return result;
}

static long host_bind(struct file *file, const void *address, uint32_t length) {
    if (has_name(address, length))
        return by_name(file, true, address, length);
    return bind_address(file, address, exact_length(address, length));
}

static bool is_loopback(const void *address) {
    const struct sockaddr_in *four = address;
    const struct sockaddr_in6 *six = address;
    return four->sin_family == AF_INET ? *(const uint8_t *)&four->sin_addr == IN_LOOPBACKNET
                                       : IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

/* Connecting a datagram socket sends nothing: programs do it to learn whether there is a way to an address. What isn't
 * granted has none. */
static long refused(const struct file *file, const void *address, uint32_t length) {
    bool datagrams = length >= sizeof(struct sockaddr_in) && host_socket_number(file, SO_TYPE) == SOCK_DGRAM;
    return datagrams && !is_loopback(address) ? -ENETUNREACH : -EACCES;
}

static long host_connect(struct file *file, const void *address, uint32_t length) {
    if (has_name(address, length))
        return by_name(file, false, address, length);
    length = exact_length(address, length);
    long result = libos_blocking(ORC_SOCKET_CONNECT, file->handle, (long)address, length, 0, 0);
    return result == -EACCES ? refused(file, address, length) : result;
}

static long host_listen(struct file *file, int backlog) {
    return orc_hostcall(ORC_SOCKET_LISTEN, file->handle, backlog, 0, 0, 0);
}

static long host_accept(struct file *file, void *address, uint32_t *length, int flags) {
    long result = stream_wait(file, POLLIN);
    if (!result)
        result = stream_rest(file);
    if (!result)
        result = libos_blocking(ORC_SOCKET_ACCEPT, file->handle, (long)address, (long)length,
                                !!(flags & SOCK_NONBLOCK), 0);
    if (result < 0)
        return result;
    struct file *connection = file_create(&socket_operations, FILE_SOCKET, O_RDWR | (flags & SOCK_NONBLOCK));
    if (!connection) {
        orc_hostcall(ORC_CLOSE, result, 0, 0, 0, 0);
        return -ENOMEM;
    }
    connection->handle = result;
    connection->position = file->position;
    connection->linger = file->linger;
    return descriptor_add(connection, 0, flags & SOCK_CLOEXEC);
}

static long host_shutdown(struct file *file, int how) {
    return orc_hostcall(ORC_SOCKET_SHUTDOWN, file->handle, how, 0, 0, 0);
}

static long host_name(struct file *file, bool peer, void *address, uint32_t *length) {
    long result = orc_hostcall(ORC_SOCKET_NAME, file->handle, peer, (long)address, (long)length, 0);
    if (!result && !peer && file->position > 0 && *length >= sizeof(struct sockaddr_in)) {
        uint16_t own = htons((uint16_t)file->position);
        memcpy((char *)address + offsetof(struct sockaddr_in, sin_port), &own, sizeof own);
    }
    return result;
}

/* ---- control messages: the guest's interfaces aren't the host's */

/* The next message of `length` bytes, moving on; NULL: the end, or what isn't one. */
static struct cmsghdr *next_control(char *bytes, uint32_t length, uint32_t *at) {
    struct cmsghdr *message = (struct cmsghdr *)(bytes + *at);
    uint32_t left = length - *at;
    if (*at >= length || left < sizeof *message || message->cmsg_len < sizeof *message ||
        message->cmsg_len > left)
        return NULL;
    *at += CMSG_ALIGN(message->cmsg_len);
    return message;
}

/* The interface's index in a message that has one. */
static unsigned *index_of(struct cmsghdr *message) {
    unsigned char *data = CMSG_DATA(message);
    size_t size = message->cmsg_len - CMSG_LEN(0), offset = offsetof(struct in6_pktinfo, ipi6_ifindex);
    if (message->cmsg_level == IPPROTO_IP && message->cmsg_type == IP_PKTINFO)
        offset = offsetof(struct in_pktinfo, ipi_ifindex);
    else if (message->cmsg_level != IPPROTO_IPV6 || message->cmsg_type != IPV6_PKTINFO)
        return NULL;
    return size >= offset + sizeof(unsigned) ? (unsigned *)(data + offset) : NULL;
}

/* Those to be sent, copied to `bytes`. */
static long prepare_controls(const struct msghdr *message, char *bytes) {
    uint32_t length = message->msg_controllen, at = 0;
    struct cmsghdr *each;
    if (length > ORC_MAX_CONTROL)
        return -ENOBUFS;
    memcpy(bytes, message->msg_control, length);
    while ((each = next_control(bytes, length, &at))) {
        unsigned *index = index_of(each);
        if (index && *index > INTERFACE_LAST)
            return -ENODEV;
        if (index)
            *index = interface_to_host(*index);
    }
    bool all = at >= length || length - at < sizeof *each;
    return all ? 0 : -EINVAL;
}

static void correct_controls(char *bytes, uint32_t length) {
    uint32_t at = 0;
    for (struct cmsghdr *each; (each = next_control(bytes, length, &at));) {
        unsigned *index = index_of(each);
        if (index)
            *index = interface_from_host(*index);
    }
}

/* ---- data */

static uint32_t guest(const void *pointer) {
    return (uint32_t)(uintptr_t)pointer;
}

#define SENT_FLAGS (MSG_CONFIRM | MSG_DONTROUTE | MSG_DONTWAIT | MSG_EOR | MSG_FASTOPEN | MSG_MORE | MSG_OOB)
#define RECEIVED_FLAGS (MSG_DONTWAIT | MSG_ERRQUEUE | MSG_OOB | MSG_PEEK | MSG_TRUNC | MSG_WAITALL)
#define NEVER_WAITS (MSG_DONTWAIT | MSG_ERRQUEUE | MSG_OOB)

static long wait_ready(struct file *file, int events, int flags) {
    return flags & NEVER_WAITS ? 0 : stream_wait(file, events);
}

/* What an earlier recvmmsg left behind. */
static long take_error(struct file *file) {
    return __builtin_expect(file->error, 0) ? -__atomic_exchange_n(&file->error, 0, __ATOMIC_RELAXED) : 0;
}

static struct orc_message message_of(const struct msghdr *from, const struct spans *spans) {
    return (struct orc_message){.address = guest(from->msg_name),
                                .address_length = from->msg_name ? from->msg_namelen : 0,
                                .spans = guest(spans->all),
                                .span_count = spans->count};
}

static long send_spans(struct file *file, const struct msghdr *from, const struct spans *spans, int flags) {
    struct orc_message message = message_of(from, spans);
    char bytes[ORC_MAX_CONTROL] __attribute__((aligned(8)));
    struct orc_span control = {guest(bytes), from->msg_controllen};
    long error = wait_ready(file, POLLOUT, flags);
    if (!error && from->msg_control && from->msg_controllen) {
        message.control = guest(&control);
        error = prepare_controls(from, bytes);
    }
    if (error)
        return error;
    if (!message.address_length)
        message.address = 0; /* no name at all */
    message.address_length = exact_length(from->msg_name, message.address_length);
    return libos_blocking(ORC_SOCKET_SEND, file->handle, (long)&message, flags & SENT_FLAGS, 0, 0);
}

static long host_send(struct file *file, const struct msghdr *from, int flags) {
    struct spans spans;
    long error = take_error(file);
    if (!error && from->msg_name && has_name(from->msg_name, from->msg_namelen))
        error = -EOPNOTSUPP;
    if (error)
        return error;
    if (!spans_make(&spans, from->msg_iov, (unsigned)from->msg_iovlen))
        return -ENOMEM;
    long result = send_spans(file, from, &spans, flags);
    spans_free(&spans);
    return result;
}

static long receive_spans(struct file *file, struct orc_message *message, int flags) {
    uint64_t since = __builtin_ia32_rdtsc();
    long error = wait_ready(file, POLLIN, flags);
    if (!error && !(flags & NEVER_WAITS))
        error = stream_rest(file);
    if (error)
        return error;
    long result =
        libos_blocking(ORC_SOCKET_RECEIVE, file->handle, (long)message, flags & RECEIVED_FLAGS, 0, 0);
    stream_waited(file, since);
    libos_self()->not_again = result == -EINTR && file->timed;
    return result;
}

static long host_receive(struct file *file, struct msghdr *to, int flags) {
    struct spans spans;
    struct orc_span control = {guest(to->msg_control), to->msg_controllen};
    long result = take_error(file);
    if (result)
        return result;
    if (!spans_make(&spans, to->msg_iov, (unsigned)to->msg_iovlen))
        return -ENOMEM;
    struct orc_message message = message_of(to, &spans);
    bool controls = to->msg_control && to->msg_controllen;
    if (controls)
        message.control = guest(&control);
    result = receive_spans(file, &message, flags);
    spans_free(&spans);
    if (result < 0)
        return result;
    if (to->msg_name)
        to->msg_namelen = message.address_length;
    to->msg_flags = (int)message.flags | (flags & MSG_CMSG_CLOEXEC);
    to->msg_controllen = controls ? control.length : 0;
    correct_controls(to->msg_control, to->msg_controllen);
    return result;
}

const struct socket_calls host_socket_calls = {
    .bind = host_bind,
    .connect = host_connect,
    .listen = host_listen,
    .accept = host_accept,
    .shutdown = host_shutdown,
    .name = host_name,
    .set_option = host_set_option,
    .get_option = host_get_option,
    .send = host_send,
    .receive = host_receive,
};
