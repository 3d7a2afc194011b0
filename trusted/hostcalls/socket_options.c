/* Socket options: the ones that a guest may get and set. What would reach beyond its socket (marks, devices, filters,
 * source routes, transparency) isn't among them. */
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>

#include "socket.h"

#define MAX_BUFFER 0x400000 /* of SO_SNDBUF, SO_RCVBUF; the kernel's own limit is lower as a rule */
#define LOOPBACK_INDEX 1    /* of the loopback interface, in every network name space */
#define MOST_STATE 512      /* bytes of TCP_INFO: as many as the kernel has */
#define MOST_PRIORITY 6     /* of those that need no privilege; the Intravisor may have some */

enum access { GET = 1, SET = 2, BOTH = GET | SET };

/* What an option's value is. */
enum shape { NUMBER, LINGER, TIME, TCP_STATE, NAME, INTERFACE4, MEMBER4, SOURCE4, MEMBER6, SOURCE6, INDEX };

union option_value {
    int number;
    struct linger linger;
    struct timeval time;
    char state[MOST_STATE];
    char name[16];
    struct ip_mreqn member4;
    struct ip_mreq_source source4;
    struct ipv6_mreq member6;
    struct group_source_req source6;
};

static const uint16_t sizes[] = {
    [NUMBER] = sizeof(int),
    [LINGER] = sizeof(struct linger),
    [TIME] = sizeof(struct timeval),
    [TCP_STATE] = MOST_STATE,
    [NAME] = sizeof(char[16]),
    [INTERFACE4] = sizeof(struct ip_mreqn),
    [MEMBER4] = sizeof(struct ip_mreqn),
    [SOURCE4] = sizeof(struct ip_mreq_source),
    [MEMBER6] = sizeof(struct ipv6_mreq),
    [SOURCE6] = sizeof(struct group_source_req),
    [INDEX] = sizeof(int),
};

static const struct option {
    int level, name;
    enum access access;
    enum shape shape;
} options[] = {
    {SOL_SOCKET, SO_REUSEADDR, BOTH, NUMBER},
    {SOL_SOCKET, SO_REUSEPORT, BOTH, NUMBER},
    {SOL_SOCKET, SO_KEEPALIVE, BOTH, NUMBER},
    {SOL_SOCKET, SO_BROADCAST, BOTH, NUMBER},
    {SOL_SOCKET, SO_OOBINLINE, BOTH, NUMBER},
    {SOL_SOCKET, SO_DONTROUTE, GET, NUMBER},
    {SOL_SOCKET, SO_SNDBUF, BOTH, NUMBER},
    {SOL_SOCKET, SO_RCVBUF, BOTH, NUMBER},
    {SOL_SOCKET, SO_RCVLOWAT, BOTH, NUMBER},
    {SOL_SOCKET, SO_SNDLOWAT, GET, NUMBER},
    {SOL_SOCKET, SO_SNDTIMEO, BOTH, TIME},
    {SOL_SOCKET, SO_RCVTIMEO, BOTH, TIME},
    {SOL_SOCKET, SO_LINGER, BOTH, LINGER},
    {SOL_SOCKET, SO_PRIORITY, BOTH, NUMBER},
    {SOL_SOCKET, SO_TIMESTAMP, BOTH, NUMBER},
    {SOL_SOCKET, SO_TIMESTAMPNS, BOTH, NUMBER},
    {SOL_SOCKET, SO_RXQ_OVFL, BOTH, NUMBER},
    {SOL_SOCKET, SO_PEEK_OFF, BOTH, NUMBER},
    {SOL_SOCKET, SO_INCOMING_CPU, BOTH, NUMBER},
    {SOL_SOCKET, SO_BUSY_POLL, GET, NUMBER},
    {SOL_SOCKET, SO_ERROR, GET, NUMBER},
    {SOL_SOCKET, SO_TYPE, GET, NUMBER},
    {SOL_SOCKET, SO_DOMAIN, GET, NUMBER},
    {SOL_SOCKET, SO_PROTOCOL, GET, NUMBER},
    {SOL_SOCKET, SO_ACCEPTCONN, GET, NUMBER},
    {IPPROTO_TCP, TCP_NODELAY, BOTH, NUMBER},
    {IPPROTO_TCP, TCP_MAXSEG, BOTH, NUMBER},
    {IPPROTO_TCP, TCP_CORK, BOTH, NUMBER},
    {IPPROTO_TCP, TCP_KEEPIDLE, BOTH, NUMBER},
    {IPPROTO_TCP, TCP_KEEPINTVL, BOTH, NUMBER},
    {IPPROTO_TCP, TCP_KEEPCNT, BOTH, NUMBER},
    {IPPROTO_TCP, TCP_SYNCNT, BOTH, NUMBER},
    {IPPROTO_TCP, TCP_LINGER2, BOTH, NUMBER},
    {IPPROTO_TCP, TCP_DEFER_ACCEPT, BOTH, NUMBER},
    {IPPROTO_TCP, TCP_WINDOW_CLAMP, BOTH, NUMBER},
    {IPPROTO_TCP, TCP_INFO, GET, TCP_STATE},
    {IPPROTO_TCP, TCP_QUICKACK, BOTH, NUMBER},
    {IPPROTO_TCP, TCP_CONGESTION, BOTH, NAME},
    {IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, BOTH, NUMBER},
    {IPPROTO_TCP, TCP_THIN_DUPACK, BOTH, NUMBER},
    {IPPROTO_TCP, TCP_USER_TIMEOUT, BOTH, NUMBER},
    {IPPROTO_TCP, TCP_FASTOPEN, BOTH, NUMBER},
    {IPPROTO_TCP, TCP_FASTOPEN_CONNECT, BOTH, NUMBER},
    {IPPROTO_TCP, TCP_NOTSENT_LOWAT, BOTH, NUMBER},
    {IPPROTO_UDP, UDP_CORK, BOTH, NUMBER},
    {IPPROTO_UDP, UDP_SEGMENT, BOTH, NUMBER},
    {IPPROTO_UDP, UDP_GRO, BOTH, NUMBER},
    {IPPROTO_IP, IP_TOS, BOTH, NUMBER},
    {IPPROTO_IP, IP_TTL, BOTH, NUMBER},
    {IPPROTO_IP, IP_MINTTL, BOTH, NUMBER},
    {IPPROTO_IP, IP_RECVTTL, BOTH, NUMBER},
    {IPPROTO_IP, IP_RECVTOS, BOTH, NUMBER},
    {IPPROTO_IP, IP_PKTINFO, BOTH, NUMBER},
    {IPPROTO_IP, IP_RECVORIGDSTADDR, BOTH, NUMBER},
    {IPPROTO_IP, IP_RECVERR, BOTH, NUMBER},
    {IPPROTO_IP, IP_MTU_DISCOVER, BOTH, NUMBER},
    {IPPROTO_IP, IP_MTU, GET, NUMBER},
    {IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, BOTH, NUMBER},
    {IPPROTO_IP, IP_MULTICAST_TTL, BOTH, NUMBER},
    {IPPROTO_IP, IP_MULTICAST_LOOP, BOTH, NUMBER},
    {IPPROTO_IP, IP_MULTICAST_ALL, BOTH, NUMBER},
    {IPPROTO_IP, IP_MULTICAST_IF, BOTH, INTERFACE4},
    {IPPROTO_IP, IP_ADD_MEMBERSHIP, SET, MEMBER4},
    {IPPROTO_IP, IP_DROP_MEMBERSHIP, SET, MEMBER4},
    {IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, SET, SOURCE4},
    {IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, SET, SOURCE4},
    {IPPROTO_IP, IP_BLOCK_SOURCE, SET, SOURCE4},
    {IPPROTO_IP, IP_UNBLOCK_SOURCE, SET, SOURCE4},
    {IPPROTO_IPV6, IPV6_V6ONLY, BOTH, NUMBER},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, BOTH, NUMBER},
    {IPPROTO_IPV6, IPV6_TCLASS, BOTH, NUMBER},
    {IPPROTO_IPV6, IPV6_RECVPKTINFO, BOTH, NUMBER},
    {IPPROTO_IPV6, IPV6_RECVHOPLIMIT, BOTH, NUMBER},
    {IPPROTO_IPV6, IPV6_RECVTCLASS, BOTH, NUMBER},
    {IPPROTO_IPV6, IPV6_RECVORIGDSTADDR, BOTH, NUMBER},
    {IPPROTO_IPV6, IPV6_RECVERR, BOTH, NUMBER},
    {IPPROTO_IPV6, IPV6_MTU_DISCOVER, BOTH, NUMBER},
    {IPPROTO_IPV6, IPV6_MTU, GET, NUMBER},
    {IPPROTO_IPV6, IPV6_DONTFRAG, BOTH, NUMBER},
    {IPPROTO_IPV6, IPV6_ADDR_PREFERENCES, BOTH, NUMBER},
    {IPPROTO_IPV6, IPV6_MULTICAST_HOPS, BOTH, NUMBER},
    {IPPROTO_IPV6, IPV6_MULTICAST_LOOP, BOTH, NUMBER},
    {IPPROTO_IPV6, IPV6_MULTICAST_ALL, BOTH, NUMBER},
    {IPPROTO_IPV6, IPV6_MULTICAST_IF, BOTH, INDEX},
    {IPPROTO_IPV6, IPV6_JOIN_GROUP, SET, MEMBER6},
    {IPPROTO_IPV6, IPV6_LEAVE_GROUP, SET, MEMBER6},
    {IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, SET, SOURCE6},
    {IPPROTO_IPV6, MCAST_LEAVE_SOURCE_GROUP, SET, SOURCE6},
    {IPPROTO_IPV6, MCAST_BLOCK_SOURCE, SET, SOURCE6},
    {IPPROTO_IPV6, MCAST_UNBLOCK_SOURCE, SET, SOURCE6},
};

static const struct option *find_option(uint64_t key, enum access access) {
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (key == ((uint64_t)(uint32_t)options[i].level << 32 | (uint32_t)options[i].name))
            return options[i].access & access ? &options[i] : NULL;
    return NULL;
}

/* Multicast: what is received, and by which interface. Groups and interfaces are named by addresses, which a grant to
 * bind datagrams has to cover, whatever its ports. No grant names an interface's index: 0, routing decides, or the
 * loopback interface. */
static bool may_use4(const struct file_call *call, struct in_addr address, bool group) {
    struct network_address parsed = {.family = AF_INET, .any = address.s_addr == INADDR_ANY};
    memcpy(parsed.address, &address, sizeof address);
    return (parsed.any && !group) || network_covers(call->thread->compartment, &parsed);
}

static bool may_use6(const struct file_call *call, const struct in6_addr *group) {
    struct network_address parsed = {.family = AF_INET6};
    memcpy(parsed.address, group, sizeof *group);
    return network_covers(call->thread->compartment, &parsed);
}

static int check_member4(const struct file_call *call, const struct ip_mreqn *member, bool group) {
    if (member->imr_ifindex < 0 || member->imr_ifindex > LOOPBACK_INDEX ||
        (group && !may_use4(call, member->imr_multiaddr, true)))
        return -EACCES;
    return may_use4(call, member->imr_address, false) ? 0 : -EACCES;
}

static int check_source4(const struct file_call *call, const struct ip_mreq_source *source) {
    bool may = may_use4(call, source->imr_multiaddr, true) && may_use4(call, source->imr_interface, false);
    return may ? 0 : -EACCES;
}

static int check_member6(const struct file_call *call, const struct in6_addr *group, unsigned index) {
    return index <= LOOPBACK_INDEX && may_use6(call, group) ? 0 : -EACCES;
}

static int check_source6(const struct file_call *call, const struct group_source_req *source) {
    const struct sockaddr_in6 *group = (const struct sockaddr_in6 *)&source->gsr_group;
    if (group->sin6_family != AF_INET6 || source->gsr_source.ss_family != AF_INET6)
        return -EADDRNOTAVAIL;
    return check_member6(call, &group->sin6_addr, source->gsr_interface);
}

/* Others would be loaded into the kernel, if it has them. */
static int check_name(const char name[16]) {
    return strncmp(name, "reno", 16) == 0 || strncmp(name, "cubic", 16) == 0 ? 0 : -ENOENT;
}

/* Numbers that don't pass as they are. */
static int check_number(const struct option *option, int *number) {
    if (option->level != SOL_SOCKET)
        return 0;
    bool buffer = option->name == SO_SNDBUF || option->name == SO_RCVBUF;
    if (buffer && (*number < 0 || *number > MAX_BUFFER))
        *number = MAX_BUFFER;
    bool high = option->name == SO_PRIORITY && (*number < 0 || *number > MOST_PRIORITY);
    return high ? -EPERM : 0;
}

static int check_value(const struct file_call *call, const struct option *option, union option_value *value) {
    switch (option->shape) {
    case NUMBER:
        return check_number(option, &value->number);
    case LINGER: /* closing would block, whoever does it */
        return value->linger.l_onoff && value->linger.l_linger != 0 ? -EINVAL : 0;
    case TIME:
        return 0;
    case NAME:
        return check_name(value->name);
    case INTERFACE4:
        return check_member4(call, &value->member4, false);
    case MEMBER4:
        return check_member4(call, &value->member4, true);
    case SOURCE4:
        return check_source4(call, &value->source4);
    case MEMBER6:
        return check_member6(call, &value->member6.ipv6mr_multiaddr, value->member6.ipv6mr_interface);
    case SOURCE6:
        return check_source6(call, &value->source6);
    case INDEX:
        return (unsigned)value->number <= LOOPBACK_INDEX ? 0 : -EACCES;
    default:
        return -ENOPROTOOPT;
    }
}

/* (handle, level << 32 | option, value, length) */
SOCKET_CALL(call_socket_option) {
    union option_value value = {0};
    const struct option *option = find_option(call->arguments[1], SET);
    if (!option)
        return -ENOPROTOOPT;
    uint16_t size = sizes[option->shape];
    if (call->arguments[3] != size)
        return -EINVAL;
    if (guest_read(call->thread, &value, guest_pointer(call->arguments[2]), size) < 0)
        return -EFAULT;
    int status = check_value(call, option, &value);
    return status < 0 ? status : result_of(setsockopt(call->fd, option->level, option->name, &value, size));
}

SOCKET_CALL(call_socket_option_get) {
    union option_value value = {0};
    const struct option *option = find_option(call->arguments[1], GET);
    if (!option)
        return -ENOPROTOOPT;
    socklen_t length = sizes[option->shape];
    if (getsockopt(call->fd, option->level, option->name, &value, &length) != 0)
        return -errno;
    return value_put(call->thread, call->arguments[2], call->arguments[3], &value, length);
}
