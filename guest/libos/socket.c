/* Sockets. What may be bound and connected to is decided by the host. Sockets of the file system live in host
 * directories that are granted for writing; in memory, and in the abstract name space, there are none. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "files.h"
#include "names.h"
#include "span.h"
#include "zygote.h"

/* The file behind a socket's descriptor. */
static struct file *get_socket(int descriptor, long *error) {
    struct file *file = file_get(descriptor);
    *error = !file ? -EBADF : file->kind != FILE_SOCKET ? -ENOTSOCK : 0;
    if (file && *error)
        file_put(file);
    return *error ? NULL : file;
}

static long check_protocol(int family, int type, int protocol) {
    if (family != AF_INET && family != AF_INET6 && family != AF_UNIX)
        return -EAFNOSUPPORT;
    if (type < 0 || type > SOCK_PACKET)
        return -EINVAL;
    if (type != SOCK_STREAM && type != SOCK_DGRAM)
        return family == AF_UNIX ? -ESOCKTNOSUPPORT : type == SOCK_RAW ? -EPERM : -ESOCKTNOSUPPORT;
    int usual = family == AF_UNIX ? AF_UNIX : type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
    return protocol == 0 || protocol == usual ? 0 : -EPROTONOSUPPORT;
}

long sys_socket(int family, int type, int protocol) {
    int kind = type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
    long error = check_protocol(family, kind, protocol);
    if (error)
        return error;
    long handle = orc_hostcall(ORC_SOCKET, family, kind, !!(type & SOCK_NONBLOCK), 0, 0);
    if (handle < 0)
        return handle;
    return descriptor_add_handle(&socket_operations, FILE_SOCKET, handle,
                                 O_RDWR | (type & (SOCK_CLOEXEC | SOCK_NONBLOCK)));
}

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

long sys_bind(int descriptor, const void *address, uint32_t length) {
    long result;
    struct file *file = get_socket(descriptor, &result);
    if (!file)
        return result;
    if (has_name(address, length))
        result = by_name(file, true, address, length);
    else
        result = bind_address(file, address, length);
    file_put(file);
    return result;
}

long sys_connect(int descriptor, const void *address, uint32_t length) {
    long result;
    struct file *file = get_socket(descriptor, &result);
    if (!file)
        return result;
    if (has_name(address, length))
        result = by_name(file, false, address, length);
    else
        result = libos_blocking(ORC_SOCKET_CONNECT, file->handle, (long)address, length, 0, 0);
    file_put(file);
    return result;
}

long sys_listen(int descriptor, int backlog) {
    long result;
    struct file *file = get_socket(descriptor, &result);
    if (!file)
        return result;
    result = orc_hostcall(ORC_SOCKET_LISTEN, file->handle, backlog, 0, 0, 0);
    file_put(file);
    return result;
}

long sys_accept4(int descriptor, void *address, uint32_t *length, int flags) {
    long result;
    if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
        return -EINVAL;
    struct file *file = get_socket(descriptor, &result);
    if (!file)
        return result;
    result = stream_wait(file, POLLIN);
    if (!result)
        result = stream_rest(file);
    if (!result)
        result = libos_blocking(ORC_SOCKET_ACCEPT, file->handle, (long)address, (long)length,
                                !!(flags & SOCK_NONBLOCK), 0);
    int64_t port = file->position;
    file_put(file);
    if (result < 0)
        return result;
    struct file *connection = file_create(&socket_operations, FILE_SOCKET, O_RDWR | (flags & SOCK_NONBLOCK));
    if (!connection) {
        orc_hostcall(ORC_CLOSE, result, 0, 0, 0, 0);
        return -ENOMEM;
    }
    connection->handle = result;
    connection->position = port;
    return descriptor_add(connection, 0, flags & SOCK_CLOEXEC);
}

long sys_shutdown(int descriptor, int how) {
    long result;
    struct file *file = get_socket(descriptor, &result);
    if (!file)
        return result;
    result = orc_hostcall(ORC_SOCKET_SHUTDOWN, file->handle, how, 0, 0, 0);
    file_put(file);
    return result;
}

static long get_name(int descriptor, bool peer, void *address, uint32_t *length) {
    long result;
    struct file *file = get_socket(descriptor, &result);
    if (!file)
        return result;
    result = orc_hostcall(ORC_SOCKET_NAME, file->handle, peer, (long)address, (long)length, 0);
    if (!result && !peer && file->position > 0 && *length >= sizeof(struct sockaddr_in)) {
        uint16_t own = htons((uint16_t)file->position);
        memcpy((char *)address + offsetof(struct sockaddr_in, sin_port), &own, sizeof own);
    }
    file_put(file);
    return result;
}

long sys_getsockname(int descriptor, void *address, uint32_t *length) {
    return get_name(descriptor, false, address, length);
}

long sys_getpeername(int descriptor, void *address, uint32_t *length) {
    return get_name(descriptor, true, address, length);
}

static long option_of(int level, int option) {
    return (long)((uint64_t)(uint32_t)level << 32 | (uint32_t)option);
}

long sys_setsockopt(int descriptor, int level, int option, const void *value, uint32_t length) {
    long result;
    struct file *file = get_socket(descriptor, &result);
    if (!file)
        return result;
    file->timed |= level == SOL_SOCKET && option == SO_RCVTIMEO;
    result = orc_hostcall(ORC_SOCKET_OPTION, file->handle, option_of(level, option), (long)value, length, 0);
    file_put(file);
    return result;
}

long sys_getsockopt(int descriptor, int level, int option, void *value, uint32_t *length) {
    long result;
    struct file *file = get_socket(descriptor, &result);
    if (!file)
        return result;
    result = orc_hostcall(ORC_SOCKET_OPTION_GET, file->handle, option_of(level, option), (long)value,
                          (long)length, 0);
    file_put(file);
    return result;
}

/* ---- data */

static long sent(long result, int flags) {
    if (result == -EPIPE && !(flags & MSG_NOSIGNAL))
        libos_raise(SIGPIPE);
    return result;
}

static long wait_ready(struct file *file, int events, int flags) {
    return flags & MSG_DONTWAIT ? 0 : stream_wait(file, events);
}

static long send_message(struct file *file, struct orc_message *message, int flags) {
    long error = wait_ready(file, POLLOUT, flags);
    if (error)
        return error;
    return libos_blocking(ORC_SOCKET_SEND, file->handle, (long)message, flags & ~MSG_NOSIGNAL, 0, 0);
}

static long receive_message(struct file *file, struct orc_message *message, int flags) {
    uint64_t since = __builtin_ia32_rdtsc();
    long error = wait_ready(file, POLLIN, flags);
    if (!error && !(flags & MSG_DONTWAIT))
        error = stream_rest(file);
    if (error)
        return error;
    long result = libos_blocking(ORC_SOCKET_RECEIVE, file->handle, (long)message, flags & ~MSG_CMSG_CLOEXEC, 0, 0);
    stream_waited(file, since);
    return result;
}

static uint32_t guest(const void *pointer) {
    return (uint32_t)(uintptr_t)pointer;
}

/* Without flags and address it's write, which is shorter for the host. */
long sys_sendto(int descriptor, const void *buffer, size_t length, int flags, const void *address,
                uint32_t address_length) {
    long result;
    struct file *file = get_socket(descriptor, &result);
    if (!file)
        return result;
    if (!(flags & ~MSG_NOSIGNAL) && !address && length) {
        result = file->operations->write(file, buffer, length, -1);
    } else {
        struct orc_span span = {guest(buffer), length > INT32_MAX ? INT32_MAX : length};
        struct orc_message message = {guest(address), address ? address_length : 0, guest(&span), 1, 0, 0};
        result =
            address && has_name(address, address_length) ? -EOPNOTSUPP : send_message(file, &message, flags);
    }
    file_put(file);
    return sent(result, flags);
}

long sys_recvfrom(int descriptor, void *buffer, size_t length, int flags, void *address,
                  uint32_t *address_length) {
    long result;
    struct file *file = get_socket(descriptor, &result);
    if (!file)
        return result;
    if (!flags && !address && length) {
        result = file->operations->read(file, buffer, length, -1);
    } else {
        struct orc_span span = {guest(buffer), length > INT32_MAX ? INT32_MAX : length};
        struct orc_message message = {guest(address), address ? *address_length : 0, guest(&span), 1, 0, 0};
        result = receive_message(file, &message, flags);
        if (result >= 0 && address)
            *address_length = message.address_length;
    }
    file_put(file);
    return result;
}

/* Ancillary data, descriptors above all, can't be sent, and none is received. */
long sys_sendmsg(int descriptor, const struct msghdr *from, int flags) {
    struct spans spans;
    long result;
    if (from->msg_controllen)
        return -EOPNOTSUPP;
    if (from->msg_iovlen < 0 || from->msg_iovlen > IOV_MAX)
        return -EMSGSIZE;
    struct file *file = get_socket(descriptor, &result);
    if (!file)
        return result;
    if (!spans_make(&spans, from->msg_iov, from->msg_iovlen)) {
        file_put(file);
        return -ENOMEM;
    }
    struct orc_message message = {guest(from->msg_name),
                                  from->msg_name ? from->msg_namelen : 0,
                                  guest(spans.all),
                                  from->msg_iovlen,
                                  0,
                                  0};
    if (from->msg_name && has_name(from->msg_name, from->msg_namelen))
        result = -EOPNOTSUPP;
    else
        result = send_message(file, &message, flags);
    spans_free(&spans);
    file_put(file);
    return sent(result, flags);
}

long sys_recvmsg(int descriptor, struct msghdr *to, int flags) {
    struct spans spans;
    long result;
    if (to->msg_iovlen < 0 || to->msg_iovlen > IOV_MAX)
        return -EMSGSIZE;
    struct file *file = get_socket(descriptor, &result);
    if (!file)
        return result;
    if (!spans_make(&spans, to->msg_iov, to->msg_iovlen)) {
        file_put(file);
        return -ENOMEM;
    }
    struct orc_message message = {
        guest(to->msg_name), to->msg_name ? to->msg_namelen : 0, guest(spans.all), to->msg_iovlen, 0, 0};
    result = receive_message(file, &message, flags);
    if (result >= 0) {
        to->msg_namelen = message.address_length;
        to->msg_flags = message.flags;
        to->msg_controllen = 0;
    }
    spans_free(&spans);
    file_put(file);
    return result;
}
