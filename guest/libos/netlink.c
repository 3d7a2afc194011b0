/* Netlink sockets: NETLINK_ROUTE alone, as programs need it to learn of interfaces. Questions are answered at once, from
 * the table that interfaces.c makes up, into the socket's queue; nothing can be changed, and as nothing ever changes,
 * no group that a socket joins ever tells anything. */
#include "rtnetlink.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include "files.h"
#include "heap.h"
#include "interfaces.h"
#include "socket.h"
#include "watch.h"

#define USUAL_BUFFER 212992
#define LEAST_BUFFER 4608
#define MOST_QUEUED 0x40000 /* bytes in a socket's queue */
#define MOST_SENT 0x10000   /* bytes of one datagram */
#define MOST_ANSWERED 8192  /* bytes of one answer: all that there is fits */

/* An answer that waits to be received. */
struct datagram {
    struct datagram *next;
    uint32_t length;
    char bytes[];
};

struct netlink {
    struct watched watched; /* first: see watch.h */
    struct libos_lock lock;
    struct netlink *next; /* of all */
    int type;
    uint32_t port; /* 0: none yet */
    uint64_t groups;
    struct datagram *first, **last;
    uint32_t queued; /* bytes */
    bool overrun;    /* an answer was dropped */
    uint32_t turn, sleepers;
    int64_t patience; /* of a receiver, ns; 0: for ever */
    struct timeval timeouts[2];
    int buffers[2];
    bool options[NETLINK_OPTION_STRICT + 1];
};

static struct libos_lock all_lock;
static struct netlink *all;

static struct netlink *netlink_of(const struct file *file) {
    return file->own;
}

/* --- Ports: the first one is the process' own, the others are free numbers from the top downwards. */

static bool is_taken(uint32_t port) {
    const struct netlink *each = all;
    while (each && each->port != port)
        each = each->next;
    return each != NULL;
}

/* 0: any. */
static long take_port(struct netlink *socket, uint32_t port) {
    long error = 0;
    libos_lock(&all_lock);
    if (socket->port)
        error = port && port != socket->port ? -EINVAL : 0;
    else if (port && is_taken(port))
        error = -EADDRINUSE;
    else {
        if (!port)
            port = (uint32_t)sys_getpid();
        for (uint32_t other = (uint32_t)-4097; is_taken(port); other--)
            port = other;
        socket->port = port;
    }
    libos_unlock(&all_lock);
    return error;
}

/* --- The queue */

/* What doesn't fit is lost, and the next call says so. */
static void enqueue(struct netlink *socket, const void *bytes, uint32_t length) {
    struct datagram *datagram = length ? heap_allocate(sizeof *datagram + length) : NULL;
    libos_lock(&socket->lock);
    if (datagram && socket->queued + length <= MOST_QUEUED) {
        datagram->length = length;
        memcpy(datagram->bytes, bytes, length);
        *socket->last = datagram;
        socket->last = &datagram->next;
        socket->queued += length;
        datagram = NULL;
    } else {
        socket->overrun = !socket->options[NETLINK_OPTION_NO_ENOBUFS];
    }
    socket->turn++;
    bool wake = socket->sleepers;
    libos_unlock(&socket->lock);
    if (datagram)
        heap_free(datagram, sizeof *datagram + length);
    if (wake)
        libos_futex_wake((long)&socket->turn, INT_MAX);
    watched_changed(&socket->watched, POLLIN | POLLRDNORM);
}

/* With the socket locked. */
static void drop_first(struct netlink *socket) {
    struct datagram *first = socket->first;
    socket->first = first->next;
    if (!socket->first)
        socket->last = &socket->first;
    socket->queued -= first->length;
    heap_free(first, sizeof *first + first->length);
}

/* --- Answers */

struct answer {
    struct netlink *socket;
    const struct netlink_header *request;
    uint32_t length, start; /* bytes so far; where the current message starts */
    bool multi;
    char bytes[MOST_ANSWERED];
};

static void *add(struct answer *answer, const void *from, uint32_t length) {
    char *to = answer->bytes + answer->length;
    memset(to, 0, NETLINK_ALIGN(length));
    memcpy(to, from, length);
    answer->length += NETLINK_ALIGN(length);
    return to;
}

static void begin(struct answer *answer, uint16_t type, uint16_t flags) {
    const struct netlink_header header = {.type = type,
                                          .flags = flags | (answer->multi ? NETLINK_MULTI : 0),
                                          .sequence = answer->request->sequence,
                                          .port = answer->socket->port};
    answer->start = answer->length;
    add(answer, &header, sizeof header);
}

static void end(struct answer *answer) {
    ((struct netlink_header *)(answer->bytes + answer->start))->length = answer->length - answer->start;
}

static void attribute(struct answer *answer, uint16_t type, const void *data, uint32_t length) {
    const struct route_attribute header = {(uint16_t)(sizeof header + length), type};
    add(answer, &header, sizeof header);
    add(answer, data, length);
}

static void attribute_number(struct answer *answer, uint16_t type, uint32_t number) {
    attribute(answer, type, &number, sizeof number);
}

static void flush(struct answer *answer) {
    if (answer->length)
        enqueue(answer->socket, answer->bytes, answer->length);
    answer->length = 0;
}

/* --- What there is */

static void tell_link(struct answer *answer, const struct interface *interface) {
    static const uint8_t nothing[6], everybody[6] = {255, 255, 255, 255, 255, 255};
    bool loopback = interface->index == INTERFACE_LOOPBACK;
    const uint8_t state = loopback ? LINK_STATE_UNKNOWN : LINK_STATE_UP, mode = 0;
    const struct route_link link = {.type = interface->type,
                                    .index = (int)interface->index,
                                    .flags = interface->flags | LINK_LOWER_UP};
    begin(answer, ROUTE_NEW_LINK, 0);
    add(answer, &link, sizeof link);
    attribute(answer, LINK_NAME, interface->name, (uint32_t)strlen(interface->name) + 1);
    attribute_number(answer, LINK_QUEUE_LENGTH, 1000);
    attribute(answer, LINK_STATE, &state, sizeof state);
    attribute(answer, LINK_MODE, &mode, sizeof mode);
    attribute_number(answer, LINK_MTU, interface->mtu);
    attribute(answer, LINK_QDISC, "noqueue", sizeof "noqueue");
    attribute(answer, LINK_ADDRESS, interface->hardware, sizeof interface->hardware);
    attribute(answer, LINK_BROADCAST, loopback ? nothing : everybody, sizeof nothing);
    end(answer);
}

static void tell_address(struct answer *answer, const struct interface *interface, int family) {
    static const struct route_address_cache forever = {.preferred = UINT32_MAX, .valid = UINT32_MAX};
    bool four = family == AF_INET, loopback = interface->index == INTERFACE_LOOPBACK;
    const void *address = four ? (const void *)&interface->address4 : &interface->address6;
    uint32_t size = four ? sizeof interface->address4 : sizeof interface->address6;
    const struct route_address header = {.family = (uint8_t)family,
                                         .prefix = four ? interface->prefix4 : interface->prefix6,
                                         .flags = ADDRESS_PERMANENT,
                                         .scope = loopback ? SCOPE_HOST : SCOPE_UNIVERSE,
                                         .index = interface->index};
    begin(answer, ROUTE_NEW_ADDRESS, 0);
    add(answer, &header, sizeof header);
    attribute(answer, ADDRESS_ADDRESS, address, size);
    if (four) {
        attribute(answer, ADDRESS_LOCAL, address, size);
        attribute(answer, ADDRESS_LABEL, interface->name, (uint32_t)strlen(interface->name) + 1);
    }
    attribute_number(answer, ADDRESS_FLAGS, ADDRESS_PERMANENT);
    attribute(answer, ADDRESS_CACHE, &forever, sizeof forever);
    end(answer);
}

/* Without a destination: the default route. */
static void tell_route(struct answer *answer, const struct interface *interface, int family, uint8_t table,
                       const void *destination, uint8_t prefix) {
    bool four = family == AF_INET, local = table == TABLE_LOCAL;
    uint32_t size = four ? sizeof interface->address4 : sizeof interface->address6;
    const void *source = four ? (const void *)&interface->address4 : &interface->address6;
    const struct route_route route = {.family = (uint8_t)family,
                                      .destination_length = prefix,
                                      .table = table,
                                      .protocol = local ? PROTOCOL_KERNEL : PROTOCOL_BOOT,
                                      .scope = local && four ? SCOPE_HOST : four ? SCOPE_LINK : SCOPE_UNIVERSE,
                                      .type = local ? ROUTE_LOCAL : ROUTE_UNICAST};
    begin(answer, ROUTE_NEW_ROUTE, 0);
    add(answer, &route, sizeof route);
    attribute_number(answer, ROUTE_TABLE, table);
    if (destination)
        attribute(answer, ROUTE_DESTINATION, destination, size);
    if (four)
        attribute(answer, ROUTE_SOURCE, source, size);
    attribute_number(answer, ROUTE_OUTPUT, interface->index);
    end(answer);
}

static void tell_routes(struct answer *answer, const struct interface *interface, int family) {
    static const struct in_addr loopback = {0x7f}; /* 127.0.0.0 */
    const void *own = family == AF_INET ? (const void *)&interface->address4 : &interface->address6;
    if (interface->index == INTERFACE_LOOPBACK && family == AF_INET)
        tell_route(answer, interface, family, TABLE_LOCAL, &loopback, 8);
    if (interface->index == INTERFACE_OUTER)
        tell_route(answer, interface, family, TABLE_MAIN, NULL, 0);
    tell_route(answer, interface, family, TABLE_LOCAL, own, family == AF_INET ? 32 : 128);
}

static bool is_asked(int asked, int family) {
    return asked == family || (asked != AF_INET && asked != AF_INET6);
}

static void dump(struct answer *answer, uint16_t type, int family) {
    struct interface found[INTERFACE_LAST];
    unsigned count = interfaces_find(found);
    for (unsigned i = 0; i < count; i++) {
        if (type == ROUTE_NEW_LINK)
            tell_link(answer, &found[i]);
        for (int each = AF_INET; each; each = each == AF_INET ? AF_INET6 : 0) {
            bool has = (each == AF_INET ? found[i].has4 : found[i].has6) && is_asked(family, each);
            if (has && type == ROUTE_NEW_ADDRESS)
                tell_address(answer, &found[i], each);
            if (has && type == ROUTE_NEW_ROUTE)
                tell_routes(answer, &found[i], each);
        }
    }
    flush(answer);
    const int done = 0;
    begin(answer, NETLINK_DONE, 0);
    add(answer, &done, sizeof done);
    end(answer);
    flush(answer);
}

/* The attribute of a request, and its length; NULL: there is none. `fixed` bytes come before the attributes. */
static const void *find_attribute(const struct netlink_header *request, uint32_t fixed, uint16_t type,
                                  uint32_t *length) {
    const char *bytes = (const char *)request;
    struct route_attribute each;
    for (uint32_t at = sizeof *request + NETLINK_ALIGN(fixed); at + sizeof each <= request->length;
         at += NETLINK_ALIGN(each.length)) {
        memcpy(&each, bytes + at, sizeof each);
        if (each.length < sizeof each || each.length > request->length - at)
            return NULL;
        *length = each.length - sizeof each;
        if (each.type == type)
            return bytes + at + sizeof each;
    }
    return NULL;
}

/* One interface, by its index or name. */
static long get_link(struct answer *answer) {
    const struct netlink_header *request = answer->request;
    struct interface found[INTERFACE_LAST];
    struct route_link wanted;
    uint32_t length = 0;
    if (request->length < sizeof *request + sizeof wanted)
        return -EINVAL;
    memcpy(&wanted, request + 1, sizeof wanted);
    const char *name = find_attribute(request, sizeof wanted, LINK_NAME, &length);
    if (!wanted.index && !name)
        return -EINVAL;
    unsigned count = interfaces_find(found);
    for (unsigned i = 0; i < count; i++) {
        bool is_named = name && !strncmp(found[i].name, name, length) && length >= strlen(found[i].name);
        if (wanted.index ? found[i].index == (unsigned)wanted.index : is_named) {
            tell_link(answer, &found[i]);
            flush(answer);
            return 0;
        }
    }
    return -ENODEV;
}

/* The way to one destination: whoever isn't at home is outside. */
static long get_route(struct answer *answer) {
    const struct netlink_header *request = answer->request;
    struct interface found[INTERFACE_LAST];
    struct route_route wanted;
    uint32_t length = 0;
    if (request->length < sizeof *request + sizeof wanted)
        return -EINVAL;
    memcpy(&wanted, request + 1, sizeof wanted);
    bool four = wanted.family == AF_INET;
    const uint8_t *to = find_attribute(request, sizeof wanted, ROUTE_DESTINATION, &length);
    if (!to || (!four && wanted.family != AF_INET6) || length != (four ? 4 : sizeof(struct in6_addr)))
        return -EINVAL;
    unsigned count = interfaces_find(found);
    for (unsigned i = 0; i < count; i++) {
        const struct interface *each = &found[i];
        bool has = four ? each->has4 : each->has6,
             own = four ? !memcmp(to, &each->address4, 4) : !memcmp(to, &each->address6, 16),
             local = own || (i == 0 && four && to[0] == IN_LOOPBACKNET);
        if (!has || (!local && each->index != INTERFACE_OUTER))
            continue;
        tell_route(answer, each, wanted.family, local ? TABLE_LOCAL : TABLE_MAIN, to, (uint8_t)(8 * length));
        flush(answer);
        return 0;
    }
    return -ENETUNREACH;
}

/* --- Requests */

/* 1: it's answered already. */
static long answer_request(struct answer *answer) {
    const struct netlink_header *request = answer->request;
    uint16_t type = request->type, group = type & ~3;
    if (type < ROUTE_FIRST)
        return 0;
    if (type > ROUTE_LAST)
        return -EOPNOTSUPP;
    if (request->length <= sizeof *request)
        return 0;
    if ((type & 3) != ROUTE_GET)
        return -EPERM;
    bool known = group == ROUTE_NEW_LINK || group == ROUTE_NEW_ADDRESS || group == ROUTE_NEW_ROUTE ||
                 group == ROUTE_NEW_NEIGHBOUR;
    if (known && (request->flags & NETLINK_DUMP) == NETLINK_DUMP) {
        answer->multi = true;
        dump(answer, group, *(const uint8_t *)(request + 1));
        return 1;
    }
    return group == ROUTE_NEW_LINK        ? get_link(answer)
           : group == ROUTE_NEW_ROUTE     ? get_route(answer)
           : group == ROUTE_NEW_NEIGHBOUR ? -ENOENT
                                          : -EOPNOTSUPP;
}

/* An error repeats the request; where it isn't wanted or doesn't fit, its header alone. */
static void acknowledge(struct answer *answer, long error) {
    const struct netlink_header *request = answer->request;
    uint32_t payload = request->length - sizeof *request;
    bool whole =
        error && !answer->socket->options[NETLINK_OPTION_CAP_ACK] && payload <= MOST_ANSWERED - 256;
    const struct netlink_error told = {.error = (int)error, .request = *request};
    answer->multi = false;
    begin(answer, NETLINK_ERROR, whole ? 0 : NETLINK_CAPPED);
    add(answer, &told, sizeof told);
    if (whole)
        add(answer, request + 1, payload);
    end(answer);
    flush(answer);
}

static void handle_request(struct netlink *socket, const struct netlink_header *request) {
    struct answer *answer = heap_allocate(sizeof *answer);
    if (!answer) {
        enqueue(socket, NULL, 0);
        return;
    }
    answer->socket = socket;
    answer->request = request;
    long result = request->flags & NETLINK_REQUEST ? answer_request(answer) : 0;
    if (result < 0 || (result == 0 && request->flags & NETLINK_ACKNOWLEDGE))
        acknowledge(answer, result);
    heap_free(answer, sizeof *answer);
}

/* A datagram of requests, each aligned. What is no message ends it. */
static void handle_requests(struct netlink *socket, const char *bytes, uint32_t length) {
    while (length >= sizeof(struct netlink_header)) {
        const struct netlink_header *request = (const struct netlink_header *)bytes;
        if (request->length < sizeof *request || request->length > length)
            return;
        handle_request(socket, request);
        uint32_t taken = NETLINK_ALIGN(request->length);
        if (taken >= length)
            return;
        bytes += taken;
        length -= taken;
    }
}

/* --- Calls */

static long get_address(struct sockaddr_netlink *to, const void *address, uint32_t length) {
    if (length < sizeof *to)
        return -EINVAL;
    memcpy(to, address, sizeof *to);
    return to->family == AF_NETLINK ? 0 : -EINVAL;
}

static long netlink_bind(struct file *file, const void *address, uint32_t length) {
    struct netlink *socket = netlink_of(file);
    struct sockaddr_netlink name;
    long error = get_address(&name, address, length);
    if (!error)
        error = take_port(socket, name.port);
    if (!error)
        socket->groups = (socket->groups & ~(uint64_t)UINT32_MAX) | name.groups;
    return error;
}

/* The kernel is everybody's peer already; others may not be talked to. */
static long netlink_connect(struct file *file, const void *address, uint32_t length) {
    struct sockaddr_netlink name;
    if (length >= sizeof name.family && *(const uint16_t *)address == AF_UNSPEC)
        return 0;
    long error = get_address(&name, address, length);
    if (error)
        return error;
    return name.port || name.groups ? -EPERM : take_port(netlink_of(file), 0);
}

static long netlink_listen(struct file *file, int backlog) {
    (void)file, (void)backlog;
    return -EOPNOTSUPP;
}

static long netlink_accept(struct file *file, void *address, uint32_t *length, int flags) {
    (void)file, (void)address, (void)length, (void)flags;
    return -EOPNOTSUPP;
}

static long netlink_shutdown(struct file *file, int how) {
    (void)file, (void)how;
    return -EOPNOTSUPP;
}

static long netlink_name(struct file *file, bool peer, void *address, uint32_t *length) {
    const struct netlink *socket = netlink_of(file);
    struct sockaddr_netlink name = {.family = AF_NETLINK};
    if (!peer) {
        name.port = socket->port;
        name.groups = (uint32_t)socket->groups;
    }
    return socket_value(address, length, &name, sizeof name, true);
}

/* --- Options */

static long set_timeout(struct netlink *socket, bool receive, const void *value, uint32_t length) {
    struct timeval time;
    if (length < sizeof time)
        return -EINVAL;
    memcpy(&time, value, sizeof time);
    if (time.tv_usec < 0 || time.tv_usec >= 1000000)
        return -EDOM;
    if (time.tv_sec < 0 || time.tv_sec > INT_MAX)
        time = (struct timeval){0};
    socket->timeouts[receive] = time;
    if (receive)
        socket->patience = time.tv_sec * (int64_t)1000000000 + time.tv_usec * (int64_t)1000;
    return 0;
}

static long set_general(struct netlink *socket, int option, const void *value, uint32_t length) {
    int number = 0;
    if (option == SO_RCVTIMEO || option == SO_SNDTIMEO)
        return set_timeout(socket, option == SO_RCVTIMEO, value, length);
    if (length < sizeof number)
        return -EINVAL;
    memcpy(&number, value, sizeof number);
    switch (option) {
    case SO_SNDBUF:
    case SO_RCVBUF:
        number = number < 0 || number > USUAL_BUFFER ? USUAL_BUFFER : number;
        socket->buffers[option == SO_RCVBUF] = 2 * number < LEAST_BUFFER ? LEAST_BUFFER : 2 * number;
        return 0;
    case SO_SNDBUFFORCE:
    case SO_RCVBUFFORCE:
    case SO_MARK:
        return -EPERM;
    default:
        return -ENOPROTOOPT;
    }
}

static long set_membership(struct netlink *socket, bool joins, unsigned group) {
    if (group == 0 || group > ROUTE_GROUPS)
        return -EINVAL;
    uint64_t bit = (uint64_t)1 << (group - 1);
    socket->groups = joins ? socket->groups | bit : socket->groups & ~bit;
    return 0;
}

static long netlink_set_option(struct file *file, int level, int option, const void *value, uint32_t length) {
    struct netlink *socket = netlink_of(file);
    int number;
    if (level == SOL_SOCKET)
        return set_general(socket, option, value, length);
    if (level != SOL_NETLINK_OPTIONS)
        return -ENOPROTOOPT;
    if (length < sizeof number)
        return -EINVAL;
    memcpy(&number, value, sizeof number);
    switch (option) {
    case NETLINK_OPTION_ADD_MEMBERSHIP:
    case NETLINK_OPTION_DROP_MEMBERSHIP:
        return set_membership(socket, option == NETLINK_OPTION_ADD_MEMBERSHIP, (unsigned)number);
    case NETLINK_OPTION_PKTINFO:
    case NETLINK_OPTION_BROADCAST_ERROR:
    case NETLINK_OPTION_NO_ENOBUFS:
    case NETLINK_OPTION_CAP_ACK:
    case NETLINK_OPTION_EXT_ACK:
    case NETLINK_OPTION_STRICT:
        socket->options[option] = number != 0;
        return 0;
    case NETLINK_OPTION_LISTEN_ALL:
        return -EPERM;
    default:
        return -ENOPROTOOPT;
    }
}

/* One of SOL_SOCKET's integers, or -errno. */
static long general_number(struct netlink *socket, int option) {
    switch (option) {
    case SO_TYPE:
        return socket->type;
    case SO_DOMAIN:
        return AF_NETLINK;
    case SO_PROTOCOL:
    case SO_ACCEPTCONN:
        return 0;
    case SO_SNDBUF:
    case SO_RCVBUF:
        return socket->buffers[option == SO_RCVBUF];
    case SO_ERROR:
        return __atomic_exchange_n(&socket->overrun, false, __ATOMIC_RELAXED) ? ENOBUFS : 0;
    default:
        return -ENOPROTOOPT;
    }
}

static long netlink_get_option(struct file *file, int level, int option, void *value, uint32_t *length) {
    struct netlink *socket = netlink_of(file);
    long number = -ENOPROTOOPT;
    if (level == SOL_SOCKET && (option == SO_RCVTIMEO || option == SO_SNDTIMEO))
        return socket_value(value, length, &socket->timeouts[option == SO_RCVTIMEO], sizeof(struct timeval),
                            false);
    if (level == SOL_SOCKET)
        number = general_number(socket, option);
    else if (level == SOL_NETLINK_OPTIONS && option == NETLINK_OPTION_MEMBERSHIPS)
        return socket_value(value, length, &socket->groups, sizeof socket->groups, true);
    else if (level == SOL_NETLINK_OPTIONS && option >= NETLINK_OPTION_PKTINFO &&
             option <= NETLINK_OPTION_STRICT && option != NETLINK_OPTION_LISTEN_ALL)
        number = socket->options[option];
    int told = (int)number;
    return number < 0 ? number : socket_value(value, length, &told, sizeof told, false);
}

/* --- Data */

static size_t length_of(const struct msghdr *message) {
    size_t length = 0;
    for (int i = 0; i < message->msg_iovlen; i++)
        length += message->msg_iov[i].iov_len;
    return length;
}

static void gather(char *to, const struct msghdr *message) {
    for (int i = 0; i < message->msg_iovlen; i++) {
        memcpy(to, message->msg_iov[i].iov_base, message->msg_iov[i].iov_len);
        to += message->msg_iov[i].iov_len;
    }
}

static long check_receiver(const struct msghdr *message) {
    struct sockaddr_netlink name;
    if (!message->msg_name || !message->msg_namelen)
        return 0;
    long error = get_address(&name, message->msg_name, message->msg_namelen);
    return error ? error : name.groups ? -EPERM : name.port ? -ECONNREFUSED : 0;
}

static long netlink_send(struct file *file, const struct msghdr *message, int flags) {
    struct netlink *socket = netlink_of(file);
    size_t length = length_of(message);
    long error = flags & MSG_OOB ? -EOPNOTSUPP : check_receiver(message);
    if (!error)
        error = take_port(socket, 0);
    if (error)
        return error;
    if (length > MOST_SENT)
        return -EMSGSIZE;
    char *bytes = heap_allocate(length + 1);
    if (!bytes)
        return -ENOBUFS;
    gather(bytes, message);
    handle_requests(socket, bytes, (uint32_t)length);
    heap_free(bytes, length + 1);
    return (long)length;
}

/* Until there's something to receive; with the socket locked, before and after. */
static long wait_for_datagram(struct netlink *socket, bool waits) {
    int64_t start = socket->patience ? libos_now(ORC_CLOCK_MONOTONIC) : 0, left = ORC_FOREVER;
    while (!socket->first && !socket->overrun) {
        if (socket->patience)
            left = start + socket->patience - libos_now(ORC_CLOCK_MONOTONIC);
        if (!waits || (socket->patience && left <= 0))
            return -EAGAIN;
        uint32_t turn = socket->turn;
        socket->sleepers++;
        libos_unlock(&socket->lock);
        long result = libos_blocking_once(ORC_FUTEX_WAIT, (long)&socket->turn, turn, left, 0, 0);
        libos_lock(&socket->lock);
        socket->sleepers--;
        if (result == -EINTR && libos_interrupted())
            return -EINTR;
    }
    return 0;
}

static size_t scatter(const struct msghdr *message, const struct datagram *datagram) {
    size_t done = 0;
    for (int i = 0; i < message->msg_iovlen && done < datagram->length; i++) {
        size_t part = datagram->length - done, room = message->msg_iov[i].iov_len;
        part = part < room ? part : room;
        memcpy(message->msg_iov[i].iov_base, datagram->bytes + done, part);
        done += part;
    }
    return done;
}

/* The first datagram, and who sent it; with the socket locked. */
static long take_datagram(struct netlink *socket, struct msghdr *message, int flags) {
    const struct sockaddr_netlink kernel = {.family = AF_NETLINK};
    if (__atomic_exchange_n(&socket->overrun, false, __ATOMIC_RELAXED))
        return -ENOBUFS;
    size_t done = scatter(message, socket->first), length = socket->first->length;
    if (message->msg_name)
        socket_value(message->msg_name, &message->msg_namelen, &kernel, sizeof kernel, true);
    message->msg_flags = (done < length ? MSG_TRUNC : 0) | (flags & MSG_CMSG_CLOEXEC);
    message->msg_controllen = 0;
    if (!(flags & MSG_PEEK))
        drop_first(socket);
    return (long)(flags & MSG_TRUNC ? length : done);
}

static long netlink_receive(struct file *file, struct msghdr *message, int flags) {
    struct netlink *socket = netlink_of(file);
    if (flags & MSG_OOB)
        return -EOPNOTSUPP;
    libos_lock(&socket->lock);
    long result = wait_for_datagram(socket, !(flags & MSG_DONTWAIT) && !(file->flags & O_NONBLOCK));
    if (!result)
        result = take_datagram(socket, message, flags);
    libos_unlock(&socket->lock);
    return result;
}

static long netlink_read(struct file *file, void *buffer, size_t length, int64_t position) {
    struct iovec part = {buffer, length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    (void)position;
    return netlink_receive(file, &message, 0);
}

static long netlink_write(struct file *file, const void *buffer, size_t length, int64_t position) {
    struct iovec part = {(void *)buffer, length};
    const struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    (void)position;
    return netlink_send(file, &message, 0);
}

static long netlink_read_vector(struct file *file, const struct iovec *vector, int count, int64_t position) {
    struct msghdr message = {.msg_iov = (struct iovec *)vector, .msg_iovlen = count};
    (void)position;
    return netlink_receive(file, &message, 0);
}

static long netlink_write_vector(struct file *file, const struct iovec *vector, int count, int64_t position) {
    const struct msghdr message = {.msg_iov = (struct iovec *)vector, .msg_iovlen = count};
    (void)position;
    return netlink_send(file, &message, 0);
}

/* --- The file */

static long netlink_status(struct file *file, struct stat *status) {
    memset(status, 0, sizeof *status);
    status->st_mode = S_IFSOCK | 0777;
    status->st_nlink = 1;
    status->st_ino = (uintptr_t)netlink_of(file);
    status->st_blksize = 4096;
    return 0;
}

static long netlink_control(struct file *file, unsigned long request, long argument) {
    (void)file;
    return interface_control(request, argument);
}

static unsigned netlink_ready(struct file *file) {
    struct netlink *socket = netlink_of(file);
    libos_lock(&socket->lock);
    unsigned events = POLLOUT | POLLWRNORM | (socket->first ? POLLIN | POLLRDNORM : 0) |
                      (socket->overrun ? POLLERR : 0);
    libos_unlock(&socket->lock);
    return events;
}

static void netlink_release(struct file *file) {
    struct netlink *socket = netlink_of(file), **link = &all;
    watched_closed(&socket->watched, file);
    libos_lock(&all_lock);
    while (*link != socket)
        link = &(*link)->next;
    *link = socket->next;
    libos_unlock(&all_lock);
    while (socket->first)
        drop_first(socket);
    heap_free(socket, sizeof *socket);
}

static const struct socket_calls netlink_calls = {
    .bind = netlink_bind,
    .connect = netlink_connect,
    .listen = netlink_listen,
    .accept = netlink_accept,
    .shutdown = netlink_shutdown,
    .name = netlink_name,
    .set_option = netlink_set_option,
    .get_option = netlink_get_option,
    .send = netlink_send,
    .receive = netlink_receive,
};

static const struct file_operations netlink_operations = {
    .read = netlink_read,
    .write = netlink_write,
    .read_vector = netlink_read_vector,
    .write_vector = netlink_write_vector,
    .status = netlink_status,
    .control = netlink_control,
    .ready = netlink_ready,
    .release = netlink_release,
    .socket = &netlink_calls,
};

static struct file *create(unsigned flags) {
    struct netlink *socket = heap_allocate(sizeof *socket);
    struct file *file = socket ? file_create(&netlink_operations, FILE_NETLINK, flags) : NULL;
    if (!file) {
        heap_free(socket, sizeof *socket);
        return NULL;
    }
    file->own = socket;
    socket->last = &socket->first;
    socket->buffers[0] = socket->buffers[1] = USUAL_BUFFER;
    libos_lock(&all_lock);
    socket->next = all;
    all = socket;
    libos_unlock(&all_lock);
    return file;
}

long netlink_socket(int type, int protocol) {
    int kind = type & 0xf;
    if (kind != SOCK_RAW && kind != SOCK_DGRAM)
        return -ESOCKTNOSUPPORT;
    if (protocol != NETLINK_PROTOCOL_ROUTE)
        return -EPROTONOSUPPORT;
    struct file *file = create(O_RDWR | (type & SOCK_NONBLOCK));
    if (!file)
        return -ENOMEM;
    netlink_of(file)->type = kind;
    return descriptor_add(file, 0, type & SOCK_CLOEXEC);
}
