/* Options of sockets by a host handle. The host takes each value in one form; Linux takes several, and knows options
 * whose answers are this compartment's own. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/time.h>
#include "files.h"
#include "interfaces.h"
#include "socket.h"

#define NOBODY 65534 /* what Linux calls a user that has no number here */
#define NO_USER UINT32_MAX

static long option_of(int level, int option) {
    return (long)((uint64_t)(uint32_t)level << 32 | (uint32_t)option);
}

static long host_set(const struct file *file, int level, int option, const void *value, uint32_t length) {
    return orc_hostcall(ORC_SOCKET_OPTION, file->handle, option_of(level, option), (long)value, length, 0);
}

static long host_get(const struct file *file, int level, int option, void *value, uint32_t *length) {
    return orc_hostcall(ORC_SOCKET_OPTION_GET, file->handle, option_of(level, option), (long)value,
                        (long)length, 0);
}

long host_socket_number(const struct file *file, int option) {
    int value = 0;
    uint32_t length = sizeof value;
    long error = host_get(file, SOL_SOCKET, option, &value, &length);
    return error < 0 ? error : value;
}

/* --- Numbers: four bytes, and where IP is concerned also one */

static long set_number(const struct file *file, int level, int option, const void *value, uint32_t length) {
    int number = 0;
    if (length >= sizeof number)
        memcpy(&number, value, sizeof number);
    else if (level == IPPROTO_IP && length)
        number = *(const unsigned char *)value;
    else
        return -EINVAL;
    return host_set(file, level, option, &number, sizeof number);
}

/* --- Structures */

static long set_structure(const struct file *file, int level, int option, const void *value, uint32_t length,
                          uint32_t size) {
    return length < size ? -EINVAL : host_set(file, level, option, value, size);
}

/* A name that isn't whole is filled up with zeros. */
static long set_name(const struct file *file, const void *value, uint32_t length) {
    char name[16] = {0};
    if (!length)
        return -EINVAL;
    memcpy(name, value, length < sizeof name ? length : sizeof name - 1);
    return host_set(file, IPPROTO_TCP, TCP_CONGESTION, name, sizeof name);
}

/* --- Multicast: the guest's interfaces for the host's */

static long check_index(unsigned index) {
    return index > INTERFACE_LAST ? -ENODEV : 0;
}

/* struct ip_mreqn, struct ip_mreq, and to name an interface only, its address. */
static long set_member4(const struct file *file, int option, const void *value, uint32_t length) {
    struct ip_mreqn member = {0};
    if (length >= sizeof(struct ip_mreq))
        memcpy(&member, value, length < sizeof member ? sizeof(struct ip_mreq) : sizeof member);
    else if (option == IP_MULTICAST_IF && length >= sizeof member.imr_address)
        memcpy(&member.imr_address, value, sizeof member.imr_address);
    else
        return -EINVAL;
    long error = check_index((unsigned)member.imr_ifindex);
    if (error)
        return error;
    member.imr_ifindex = (int)interface_to_host((unsigned)member.imr_ifindex);
    return host_set(file, IPPROTO_IP, option, &member, sizeof member);
}

static long set_member6(const struct file *file, int option, const void *value, uint32_t length) {
    struct ipv6_mreq member;
    if (length < sizeof member)
        return -EINVAL;
    memcpy(&member, value, sizeof member);
    long error = check_index(member.ipv6mr_interface);
    if (error)
        return error;
    member.ipv6mr_interface = interface_to_host(member.ipv6mr_interface);
    return host_set(file, IPPROTO_IPV6, option, &member, sizeof member);
}

static long set_interface6(const struct file *file, const void *value, uint32_t length) {
    int index;
    if (length < sizeof index)
        return -EINVAL;
    memcpy(&index, value, sizeof index);
    long error = check_index((unsigned)index);
    if (error)
        return error;
    index = (int)interface_to_host((unsigned)index);
    return host_set(file, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof index);
}

/* The options for both families, in IPv4's own form. */
static long set_group4(const struct file *file, int option, const struct group_source_req *group) {
    const struct sockaddr_in *name = (const struct sockaddr_in *)&group->gsr_group,
                             *source = (const struct sockaddr_in *)&group->gsr_source;
    struct ip_mreqn member = {.imr_multiaddr = name->sin_addr, .imr_ifindex = (int)group->gsr_interface};
    struct ip_mreq_source one = {.imr_multiaddr = name->sin_addr, .imr_sourceaddr = source->sin_addr};
    bool alone = option == MCAST_JOIN_GROUP || option == MCAST_LEAVE_GROUP;
    if (name->sin_family != AF_INET || (!alone && source->sin_family != AF_INET))
        return -EADDRNOTAVAIL;
    if (group->gsr_interface == INTERFACE_LOOPBACK)
        one.imr_interface.s_addr = htonl(INADDR_LOOPBACK);
    switch (option) {
    case MCAST_JOIN_GROUP:
        return host_set(file, IPPROTO_IP, IP_ADD_MEMBERSHIP, &member, sizeof member);
    case MCAST_LEAVE_GROUP:
        return host_set(file, IPPROTO_IP, IP_DROP_MEMBERSHIP, &member, sizeof member);
    case MCAST_JOIN_SOURCE_GROUP:
        return host_set(file, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, &one, sizeof one);
    case MCAST_LEAVE_SOURCE_GROUP:
        return host_set(file, IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, &one, sizeof one);
    case MCAST_BLOCK_SOURCE:
        return host_set(file, IPPROTO_IP, IP_BLOCK_SOURCE, &one, sizeof one);
    default:
        return host_set(file, IPPROTO_IP, IP_UNBLOCK_SOURCE, &one, sizeof one);
    }
}

static long set_group6(const struct file *file, int option, const struct group_source_req *group) {
    const struct sockaddr_in6 *name = (const struct sockaddr_in6 *)&group->gsr_group;
    struct ipv6_mreq member = {.ipv6mr_multiaddr = name->sin6_addr, .ipv6mr_interface = group->gsr_interface};
    bool joins = option == MCAST_JOIN_GROUP;
    if (!joins && option != MCAST_LEAVE_GROUP)
        return host_set(file, IPPROTO_IPV6, option, group, sizeof *group);
    if (name->sin6_family != AF_INET6)
        return -EADDRNOTAVAIL;
    return host_set(file, IPPROTO_IPV6, joins ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &member, sizeof member);
}

/* struct group_req begins as struct group_source_req does. */
static long set_group(const struct file *file, int level, int option, const void *value, uint32_t length) {
    struct group_source_req group = {0};
    bool alone = option == MCAST_JOIN_GROUP || option == MCAST_LEAVE_GROUP;
    uint32_t size = alone ? sizeof(struct group_req) : sizeof group;
    if (length < size)
        return -EINVAL;
    memcpy(&group, value, size);
    long error = check_index(group.gsr_interface);
    if (error)
        return error;
    group.gsr_interface = interface_to_host(group.gsr_interface);
    return (level == IPPROTO_IP ? set_group4 : set_group6)(file, option, &group);
}

/* --- SO_LINGER: closing waits here, since nobody may make the host wait */

static long set_linger(struct file *file, const void *value, uint32_t length) {
    struct linger linger, host;
    if (length < sizeof linger)
        return -EINVAL;
    memcpy(&linger, value, sizeof linger);
    bool waits = linger.l_onoff && linger.l_linger != 0;
    host = (struct linger){.l_onoff = linger.l_onoff && !waits};
    long error = host_set(file, SOL_SOCKET, SO_LINGER, &host, sizeof host);
    if (!error)
        file->linger = !waits                                                        ? 0
                       : linger.l_linger < 0 || linger.l_linger > MOST_LINGER_SECONDS ? MOST_LINGER_SECONDS
                                                                                     : linger.l_linger;
    return error;
}

void host_socket_linger(struct file *file) {
    int64_t end = libos_now(ORC_CLOCK_MONOTONIC) + file->linger * (int64_t)1000000000, nap = 100000;
    if (host_socket_number(file, SO_PROTOCOL) != IPPROTO_TCP ||
        orc_hostcall(ORC_SOCKET_SHUTDOWN, file->handle, SHUT_WR, 0, 0, 0) < 0)
        return;
    while (orc_hostcall(ORC_AVAILABLE, file->handle, ORC_AVAILABLE_UNSENT, 0, 0, 0) > 0 &&
           libos_now(ORC_CLOCK_MONOTONIC) < end && !libos_interrupted()) {
        libos_blocking_once(ORC_POLL, 0, 0, nap, 0, 0);
        nap = nap < 10000000 ? 2 * nap : nap;
    }
}

/* --- What needs a privilege, or is this compartment's own */

/* 1: not one of those. */
static long set_own(struct file *file, int option, const void *value, uint32_t length) {
    int number = 0;
    memcpy(&number, value, length < sizeof number ? length : sizeof number);
    switch (option) {
    case SO_LINGER:
        return set_linger(file, value, length);
    case SO_BINDTODEVICE: /* to none, which it is */
        return length && *(const char *)value ? -EPERM : 0;
    case SO_MARK:
    case SO_SNDBUFFORCE:
    case SO_RCVBUFFORCE:
    case SO_PREFER_BUSY_POLL:
    case SO_BUSY_POLL_BUDGET:
        return length < sizeof number ? -EINVAL : -EPERM;
    case SO_BUSY_POLL:
        return length < sizeof number || number < 0 ? -EINVAL : number ? -EPERM : 0;
    case SO_DEBUG:
        return length < sizeof number ? -EINVAL : number ? -EACCES : 0;
    case SO_RCVTIMEO:
        file->timed = true;
        return 1;
    default:
        return 1;
    }
}

/* Of a socket pair the peer is the compartment itself; what else is at the other end has no number here. */
static struct ucred peer_of(const struct file *file) {
    struct sockaddr_storage name;
    uint32_t length = sizeof name;
    if (file->position < 0)
        return (struct ucred){.pid = (pid_t)sys_getpid()};
    bool connected =
        host_socket_number(file, SO_DOMAIN) == AF_UNIX &&
        orc_hostcall(ORC_SOCKET_NAME, file->handle, true, (long)&name, (long)&length, 0) == 0;
    uint32_t user = connected ? NOBODY : NO_USER;
    return (struct ucred){.uid = user, .gid = user};
}

static long get_own(struct file *file, int option, void *value, uint32_t *length) {
    struct linger linger = {.l_onoff = 1, .l_linger = (int)file->linger};
    struct ucred peer;
    int zero = 0, error;
    switch (option) {
    case SO_LINGER:
        return file->linger ? socket_value(value, length, &linger, sizeof linger, false) : 1;
    case SO_PEERCRED:
        peer = peer_of(file);
        return socket_value(value, length, &peer, sizeof peer, false);
    case SO_BINDTODEVICE:
        *length = 0;
        return 0;
    case SO_MARK:
    case SO_DEBUG:
    case SO_PREFER_BUSY_POLL:
        return socket_value(value, length, &zero, sizeof zero, false);
    case SO_ERROR:
        error = __atomic_exchange_n(&file->error, 0, __ATOMIC_RELAXED);
        return error ? socket_value(value, length, &error, sizeof error, false) : 1;
    default:
        return 1;
    }
}

/* --- All of them */

static long set_internet(const struct file *file, int level, int option, const void *value, uint32_t length) {
    if (option >= MCAST_JOIN_GROUP && option <= MCAST_LEAVE_SOURCE_GROUP)
        return set_group(file, level, option, value, length);
    if (level == IPPROTO_IPV6)
        return option == IPV6_MULTICAST_IF ? set_interface6(file, value, length)
               : option == IPV6_JOIN_GROUP || option == IPV6_LEAVE_GROUP
                   ? set_member6(file, option, value, length)
                   : set_number(file, level, option, value, length);
    switch (option) {
    case IP_MULTICAST_IF:
    case IP_ADD_MEMBERSHIP:
    case IP_DROP_MEMBERSHIP:
        return set_member4(file, option, value, length);
    case IP_ADD_SOURCE_MEMBERSHIP:
    case IP_DROP_SOURCE_MEMBERSHIP:
    case IP_BLOCK_SOURCE:
    case IP_UNBLOCK_SOURCE:
        return set_structure(file, level, option, value, length, sizeof(struct ip_mreq_source));
    default:
        return set_number(file, level, option, value, length);
    }
}

long host_set_option(struct file *file, int level, int option, const void *value, uint32_t length) {
    long own = level == SOL_SOCKET ? set_own(file, option, value, length) : 1;
    if (own <= 0)
        return own;
    if (level == SOL_SOCKET && (option == SO_RCVTIMEO || option == SO_SNDTIMEO))
        return set_structure(file, level, option, value, length, sizeof(struct timeval));
    if (level == IPPROTO_TCP && option == TCP_CONGESTION)
        return set_name(file, value, length);
    if (level == IPPROTO_IP || level == IPPROTO_IPV6)
        return set_internet(file, level, option, value, length);
    return set_number(file, level, option, value, length);
}

static bool is_known(int level) {
    return level == SOL_SOCKET || level == IPPROTO_IP || level == IPPROTO_IPV6 || level == IPPROTO_TCP ||
           level == IPPROTO_UDP;
}

/* What fits is stored, and how much that is. */
long host_get_option(struct file *file, int level, int option, void *value, uint32_t *length) {
    uint32_t room = *length;
    long result = level == SOL_SOCKET ? get_own(file, option, value, length) : 1;
    if (result <= 0)
        return result;
    if (!is_known(level))
        return -EOPNOTSUPP;
    result = host_get(file, level, option, value, length);
    if (*length > room)
        *length = room;
    return result;
}
