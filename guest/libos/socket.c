/* The system calls of sockets. What stands behind a descriptor does the rest: a host's handle (host_socket.c), or
 * netlink.c. */
#include "socket.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include "files.h"
#include "service.h"

/* The file behind a socket's descriptor. */
static struct file *get_socket(int descriptor, long *error) {
    struct file *file = file_get(descriptor);
    *error = !file || file->flags & O_PATH ? -EBADF : !file->operations->socket ? -ENOTSOCK : 0;
    if (file && *error)
        file_put(file);
    return *error ? NULL : file;
}

/* Of a family that there is. Raw sockets and those that carry ICMP need a privilege that nobody has here. */
static long check_type(int family, int type, int protocol) {
    if (family == AF_UNIX) {
        bool known = type == SOCK_STREAM || type == SOCK_DGRAM || type == SOCK_SEQPACKET;
        return !known ? -ESOCKTNOSUPPORT : protocol && protocol != AF_UNIX ? -EPROTONOSUPPORT : 0;
    }
    int icmp = family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
    if (protocol < 0 || protocol >= IPPROTO_MAX)
        return -EINVAL;
    if (type == SOCK_RAW)
        return protocol ? -EPERM : -EPROTONOSUPPORT;
    if (type == SOCK_DGRAM && protocol == icmp)
        return -EACCES;
    if (type != SOCK_STREAM && type != SOCK_DGRAM)
        return -ESOCKTNOSUPPORT;
    return !protocol || protocol == (type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP) ? 0 : -EPROTONOSUPPORT;
}

static long check_family(int family, int type) {
    if (type < 0 || type > SOCK_PACKET)
        return -EINVAL;
    if (family == AF_PACKET)
        return -EPERM;
    return family == AF_INET || family == AF_INET6 || family == AF_UNIX || family == AF_NETLINK
               ? 0
               : -EAFNOSUPPORT;
}

long sys_socket(int family, int type, int protocol) {
    int kind = type & 0xf, flags = type & ~0xf;
    if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
        return -EINVAL;
    long error = check_family(family, kind);
    if (error)
        return error;
    if (family == AF_NETLINK)
        return netlink_socket(type, protocol);
    if (family == AF_UNIX && kind == SOCK_RAW)
        kind = SOCK_DGRAM; /* to Linux these are the same */
    error = check_type(family, kind, protocol);
    if (error)
        return error;
    long handle = orc_hostcall(ORC_SOCKET, family, kind, !!(flags & SOCK_NONBLOCK), 0, 0);
    if (handle < 0)
        return handle;
    return descriptor_add_handle(&socket_operations, FILE_SOCKET, handle, O_RDWR | flags);
}

/* A call of a socket's own: CALL(arguments). */
#define ON_SOCKET(descriptor, call)                                                                          \
    do {                                                                                                     \
        long result;                                                                                         \
        struct file *file = get_socket(descriptor, &result);                                                 \
        if (!file)                                                                                           \
            return result;                                                                                   \
        result = file->operations->socket->call;                                                             \
        file_put(file);                                                                                      \
        return result;                                                                                       \
    } while (0)

long sys_bind(int descriptor, const void *address, uint32_t length) {
    ON_SOCKET(descriptor, bind(file, address, length));
}

long sys_connect(int descriptor, const void *address, uint32_t length) {
    ON_SOCKET(descriptor, connect(file, address, length));
}

long sys_listen(int descriptor, int backlog) {
    ON_SOCKET(descriptor, listen(file, backlog));
}

long sys_accept4(int descriptor, void *address, uint32_t *length, int flags) {
    if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
        return -EINVAL;
    ON_SOCKET(descriptor, accept(file, address, length, flags));
}

long sys_shutdown(int descriptor, int how) {
    ON_SOCKET(descriptor, shutdown(file, how));
}

long sys_getsockname(int descriptor, void *address, uint32_t *length) {
    ON_SOCKET(descriptor, name(file, false, address, length));
}

long sys_getpeername(int descriptor, void *address, uint32_t *length) {
    ON_SOCKET(descriptor, name(file, true, address, length));
}

long sys_setsockopt(int descriptor, int level, int option, const void *value, uint32_t length) {
    if (length > INT_MAX)
        return -EINVAL;
    ON_SOCKET(descriptor, set_option(file, level, option, value, length));
}

long sys_getsockopt(int descriptor, int level, int option, void *value, uint32_t *length) {
    if (*length > INT_MAX)
        return -EINVAL;
    ON_SOCKET(descriptor, get_option(file, level, option, value, length));
}

long socket_value(void *to, uint32_t *length, const void *value, uint32_t size, bool whole_length) {
    uint32_t fits = size < *length ? size : *length;
    memcpy(to, value, fits);
    *length = whole_length ? size : fits;
    return 0;
}

/* ---- data */

static long sent(long result, int flags) {
    async_look();
    if (result == -EPIPE && !(flags & MSG_NOSIGNAL))
        libos_raise(SIGPIPE);
    return result;
}

/* Without flags and address it's write, which is shorter for the host. */
long sys_sendto(int descriptor, const void *buffer, size_t length, int flags, const void *address,
                uint32_t address_length) {
    long result;
    struct file *file = get_socket(descriptor, &result);
    if (!file)
        return result;
    if (!(flags & ~MSG_NOSIGNAL) && !address && length && !file->error) {
        result = file->operations->write(file, buffer, length, -1);
    } else {
        struct iovec part = {(void *)buffer, length > INT32_MAX ? INT32_MAX : length};
        struct msghdr message = {.msg_name = (void *)address,
                                 .msg_namelen = address ? address_length : 0,
                                 .msg_iov = &part,
                                 .msg_iovlen = 1};
        result = file->operations->socket->send(file, &message, flags);
    }
    file_put(file);
    return sent(result, flags);
}

long sys_recvfrom(int descriptor, void *buffer, size_t length, int flags, void *address,
                  uint32_t *address_length) {
    long result;
    if (address && !address_length)
        return -EFAULT;
    struct file *file = get_socket(descriptor, &result);
    if (!file)
        return result;
    if (!flags && !address && length && !file->error) {
        result = file->operations->read(file, buffer, length, -1);
    } else {
        struct iovec part = {buffer, length > INT32_MAX ? INT32_MAX : length};
        struct msghdr message = {.msg_name = address,
                                 .msg_namelen = address ? *address_length : 0,
                                 .msg_iov = &part,
                                 .msg_iovlen = 1};
        result = file->operations->socket->receive(file, &message, flags);
        if (result >= 0 && address)
            *address_length = message.msg_namelen;
    }
    file_put(file);
    return result;
}

static bool has_vector(const struct msghdr *message) {
    return message->msg_iovlen >= 0 && message->msg_iovlen <= IOV_MAX;
}

static long send_message(struct file *file, const struct msghdr *message, int flags) {
    if (!has_vector(message))
        return -EMSGSIZE;
    return sent(file->operations->socket->send(file, message, flags), flags);
}

static long receive_message(struct file *file, struct msghdr *message, int flags) {
    return has_vector(message) ? file->operations->socket->receive(file, message, flags) : -EMSGSIZE;
}

long sys_sendmsg(int descriptor, const struct msghdr *message, int flags) {
    long result;
    struct file *file = get_socket(descriptor, &result);
    if (!file)
        return result;
    result = send_message(file, message, flags);
    file_put(file);
    return result;
}

long sys_recvmsg(int descriptor, struct msghdr *message, int flags) {
    long result;
    struct file *file = get_socket(descriptor, &result);
    if (!file)
        return result;
    result = receive_message(file, message, flags);
    file_put(file);
    return result;
}

/* The first error ends it; what came before counts. */
static long send_messages(struct file *file, struct mmsghdr *messages, unsigned count, int flags) {
    for (unsigned i = 0; i < count; i++) {
        long result = send_message(file, &messages[i].msg_hdr, flags);
        if (result < 0)
            return i ? (long)i : result;
        messages[i].msg_len = (unsigned)result;
    }
    return count;
}

long sys_sendmmsg(int descriptor, struct mmsghdr *messages, unsigned count, int flags) {
    long result;
    struct file *file = get_socket(descriptor, &result);
    if (!file)
        return result;
    result = send_messages(file, messages, count < IOV_MAX ? count : IOV_MAX, flags);
    file_put(file);
    return result;
}

/* What is left until `end`, stored; false: nothing. The time is looked at after each message and at no other moment, as
 * Linux does. */
static bool time_left(struct timespec *timeout, int64_t end) {
    int64_t left = end - libos_now(ORC_CLOCK_MONOTONIC);
    if (left < 0)
        left = 0;
    *timeout = (struct timespec){.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
    return left > 0;
}

/* An error behind the first message is the next call's. */
static long received(struct file *file, unsigned count, long error) {
    if (count && error != -EAGAIN && error != -EINTR)
        __atomic_store_n(&file->error, (int16_t)-error, __ATOMIC_RELAXED);
    return count ? (long)count : error;
}

static long receive_messages(struct file *file, struct mmsghdr *messages, unsigned count, int flags,
                             struct timespec *timeout, int64_t end) {
    bool first_only = flags & MSG_WAITFORONE;
    flags &= ~MSG_WAITFORONE;
    for (unsigned i = 0; i < count; i++) {
        long result = receive_message(file, &messages[i].msg_hdr, flags);
        if (result < 0)
            return received(file, i, result);
        messages[i].msg_len = (unsigned)result;
        if (first_only)
            flags |= MSG_DONTWAIT;
        if ((timeout && !time_left(timeout, end)) || messages[i].msg_hdr.msg_flags & MSG_OOB)
            return i + 1;
    }
    return count;
}

long sys_recvmmsg(int descriptor, struct mmsghdr *messages, unsigned count, int flags,
                  struct timespec *timeout) {
    int64_t span = timeout ? libos_nanoseconds(timeout) : 0, end = 0;
    long result;
    if (span < 0)
        return -EINVAL;
    struct file *file = get_socket(descriptor, &result);
    if (!file)
        return result;
    if (timeout && __builtin_add_overflow(libos_now(ORC_CLOCK_MONOTONIC), span, &end))
        end = INT64_MAX;
    result = receive_messages(file, messages, count < IOV_MAX ? count : IOV_MAX, flags, timeout, end);
    file_put(file);
    return result;
}
