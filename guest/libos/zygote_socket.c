/* Sockets of zygotes and clones, and published ports: where a guest's port is another of the host's, as each
 * clone of a server needs it. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include "file.h"
#include "heap.h"
#include "zygote.h"

/* --- Published ports */

static const struct orc_published *published;
static bool published_known;

/* A compartment that is no clone finds them beside its boot data. */
static void find_published(void) {
    const uint64_t *start = (const uint64_t *)ORC_START_BLOCK, *entry = start + 1 + start[0] + 1;
    while (*entry++)
        ;
    for (; *entry; entry += 2)
        if (*entry == AT_ORC_PUBLISHED)
            published = (const struct orc_published *)entry[1];
    published_known = true;
}

int published_port(uint16_t guest) {
    if (!published_known)
        find_published();
    for (const struct orc_published *each = published; each && each->guest; each++)
        if (each->guest == guest)
            return each->host;
    return -1;
}

void publish(const struct orc_published *list) {
    published = list;
    published_known = true;
}

/* --- Sockets */

#define UDP_SEGMENT 103 /* of <netinet/udp.h>, which this C library lacks */
#define UDP_GRO 104

static const struct option {
    int level, name;
} options[] = {{SOL_SOCKET, SO_REUSEADDR},         {SOL_SOCKET, SO_REUSEPORT},
               {SOL_SOCKET, SO_KEEPALIVE},         {SOL_SOCKET, SO_BROADCAST},
               {SOL_SOCKET, SO_OOBINLINE},         {SOL_SOCKET, SO_RCVLOWAT},
               {SOL_SOCKET, SO_PRIORITY},          {SOL_SOCKET, SO_TIMESTAMP},
               {SOL_SOCKET, SO_TIMESTAMPNS},       {SOL_SOCKET, SO_RXQ_OVFL},
               {IPPROTO_IP, IP_TOS},               {IPPROTO_IP, IP_TTL},
               {IPPROTO_IP, IP_PKTINFO},           {IPPROTO_IP, IP_RECVTTL},
               {IPPROTO_IP, IP_RECVTOS},           {IPPROTO_IP, IP_RECVERR},
               {IPPROTO_IP, IP_MTU_DISCOVER},      {IPPROTO_IP, IP_MULTICAST_TTL},
               {IPPROTO_IP, IP_MULTICAST_LOOP},    {IPPROTO_IP, IP_MULTICAST_ALL},
               {IPPROTO_IPV6, IPV6_V6ONLY},        {IPPROTO_IPV6, IPV6_UNICAST_HOPS},
               {IPPROTO_IPV6, IPV6_TCLASS},        {IPPROTO_IPV6, IPV6_RECVPKTINFO},
               {IPPROTO_IPV6, IPV6_RECVHOPLIMIT},  {IPPROTO_IPV6, IPV6_RECVTCLASS},
               {IPPROTO_IPV6, IPV6_RECVERR},       {IPPROTO_IPV6, IPV6_MULTICAST_HOPS},
               {IPPROTO_IPV6, IPV6_MULTICAST_LOOP}, {IPPROTO_TCP, TCP_NODELAY},
               {IPPROTO_TCP, TCP_MAXSEG},          {IPPROTO_TCP, TCP_KEEPIDLE},
               {IPPROTO_TCP, TCP_KEEPINTVL},       {IPPROTO_TCP, TCP_KEEPCNT},
               {IPPROTO_TCP, TCP_SYNCNT},          {IPPROTO_TCP, TCP_LINGER2},
               {IPPROTO_TCP, TCP_USER_TIMEOUT},    {IPPROTO_TCP, TCP_FASTOPEN},
               {IPPROTO_TCP, TCP_NOTSENT_LOWAT},   {IPPROTO_TCP, TCP_DEFER_ACCEPT},
               {IPPROTO_UDP, UDP_SEGMENT},         {IPPROTO_UDP, UDP_GRO}};
#define OPTIONS (sizeof options / sizeof *options)
#define AS_NEW INT32_MIN

struct name {
    uint32_t length; /* 0: none */
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
    };
};

struct socket_record {
    int family, type;
    bool listens;
    struct name name, peer;
    int options[OPTIONS];
};

static int get_option(uint32_t handle, int level, int name) {
    int value = AS_NEW;
    uint32_t length = sizeof value;
    long option = (long)((uint64_t)(unsigned)level << 32 | (uint32_t)name);
    return orc_hostcall(ORC_SOCKET_OPTION_GET, handle, option, (long)&value, (long)&length, 0) < 0 ? AS_NEW
                                                                                                   : value;
}

static void get_name(uint32_t handle, bool peer, struct name *name) {
    name->length = sizeof *name - offsetof(struct name, any);
    if (orc_hostcall(ORC_SOCKET_NAME, handle, peer, (long)&name->any, (long)&name->length, 0) < 0)
        name->length = 0;
}

/* Those in which it differs from a new one, so that a clone needn't look at the others. */
static void record_options(uint32_t handle, struct socket_record *record) {
    long fresh = orc_hostcall(ORC_SOCKET, record->family, record->type, 0, 0, 0);
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option *option = &options[i];
        int value = get_option(handle, option->level, option->name);
        bool same = fresh >= 0 && get_option((uint32_t)fresh, option->level, option->name) == value;
        record->options[i] = same ? AS_NEW : value;
    }
    if (fresh >= 0)
        orc_hostcall(ORC_CLOSE, fresh, 0, 0, 0, 0);
}

struct socket_record *socket_record(const struct file *file) {
    struct socket_record *record = heap_allocate(sizeof *record);
    if (!record)
        return NULL;
    record->family = get_option(file->handle, SOL_SOCKET, SO_DOMAIN);
    record->type = get_option(file->handle, SOL_SOCKET, SO_TYPE);
    record->listens = get_option(file->handle, SOL_SOCKET, SO_ACCEPTCONN) == 1;
    get_name(file->handle, false, &record->name);
    get_name(file->handle, true, &record->peer);
    record_options(file->handle, record);
    return record;
}

void socket_record_free(struct socket_record *record) {
    heap_free(record, sizeof *record);
}

/* A stream that has come to its end, and can't be written to. */
static long make_disconnected(bool nonblocking) {
    uint32_t handles[2];
    long error = orc_hostcall(ORC_SOCKET_PAIR, SOCK_STREAM, nonblocking, (long)handles, 0, 0);
    if (error < 0)
        return error;
    orc_hostcall(ORC_CLOSE, handles[1], 0, 0, 0, 0);
    return handles[0];
}

static void set_options(long handle, const struct socket_record *record) {
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option *option = &options[i];
        long number = (long)((uint64_t)(unsigned)option->level << 32 | (uint32_t)option->name);
        if (record->options[i] != AS_NEW)
            orc_hostcall(ORC_SOCKET_OPTION, handle, number, (long)&record->options[i], sizeof(int), 0);
    }
}

/* Where the zygote's stood, or on the clone's own published port. */
static void bind_again(long handle, const struct file *file, struct name name) {
    uint16_t guest = file->position > 0 ? (uint16_t)file->position : ntohs(name.four.sin_port);
    int port = file->position > 0 ? published_port(guest) : -1;
    if (file->position > 0 && port < 0)
        clone_fails("not published for it: port", guest);
    if (port >= 0)
        name.four.sin_port = htons((uint16_t)port); /* stands at the same place for both families */
    if (orc_hostcall(ORC_SOCKET_BIND, handle, (long)&name.any, name.length, 0, 0) < 0)
        clone_fails("can't bind a socket (is it published, granted and free?): the guest's port", guest);
}

long socket_remake(const struct file *file, const struct socket_record *record) {
    bool nonblocking = file->flags & O_NONBLOCK, internet = record->family != AF_UNIX;
    if (!internet && record->listens)
        clone_fails("sockets with names in the file system can't be cloned: handle", file->handle);
    if (!internet || (record->type == SOCK_STREAM && record->peer.length))
        return make_disconnected(nonblocking);
    long handle = orc_hostcall(ORC_SOCKET, record->family, record->type, nonblocking, 0, 0);
    if (handle < 0)
        return handle;
    set_options(handle, record);
    if (!record->peer.length && record->name.four.sin_port)
        bind_again(handle, file, record->name);
    if (record->peer.length)
        orc_hostcall(ORC_SOCKET_CONNECT, handle, (long)&record->peer.any, record->peer.length, 0, 0);
    if (record->listens && orc_hostcall(ORC_SOCKET_LISTEN, handle, SOMAXCONN, 0, 0, 0) < 0)
        clone_fails("can't listen: the guest's port", (long)file->position);
    return handle;
}

long socket_remake_pair(const struct socket_record *record, uint32_t handles[2]) {
    return orc_hostcall(ORC_SOCKET_PAIR, record->type, 0, (long)handles, 0, 0);
}
