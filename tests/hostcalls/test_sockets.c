/* Sockets: nothing is bound or connected beyond the grants, options and flags are those of the lists. */
#include "fixture.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#define ADDRESS (MEMORY + 0x9000)
#define LENGTH (MEMORY + 0x9100)
#define MESSAGE (MEMORY + 0x9200)
#define SPANS (MEMORY + 0x9300)

static void grant_network(struct guest *guest, bool connect, int type, int family, const char *address, unsigned prefix,
                          uint16_t first, uint16_t last) {
    struct orc_network_grant grant = {.connect = connect, .type = type, .family = family, .prefix = prefix,
                                      .first_port = first, .last_port = last};
    struct orc_error error = {0};
    if (address)
        assert_int_equal(inet_pton(family, address, grant.address), 1);
    if (orc_compartment_grant_network(guest->base.compartment, &grant, &error) != 0)
        fail_msg("%s", error.message);
}

static uint32_t v4(struct guest *guest, const char *address, uint16_t port) {
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    assert_int_equal(inet_pton(AF_INET, address, &name.sin_addr), 1);
    return put(guest, ADDRESS, &name, sizeof name);
}

static uint32_t v6(struct guest *guest, const char *address, uint16_t port) {
    struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    assert_int_equal(inet_pton(AF_INET6, address, &name.sin6_addr), 1);
    return put(guest, ADDRESS, &name, sizeof name);
}

static uint64_t new_socket(struct guest *guest, int family, int type) {
    int64_t handle = HOSTCALL(ORC_SOCKET, (uint64_t)family, (uint64_t)type, 1);
    assert_true(handle >= 0);
    return (uint64_t)handle;
}

static int64_t bind4(struct guest *guest, int type, const char *address, uint16_t port) {
    uint64_t handle = new_socket(guest, AF_INET, type);
    int64_t result = HOSTCALL(ORC_SOCKET_BIND, handle, v4(guest, address, port), 16);
    HOSTCALL(ORC_CLOSE, handle);
    return result;
}

static int64_t connect4(struct guest *guest, int type, const char *address, uint16_t port) {
    uint64_t handle = new_socket(guest, AF_INET, type);
    int64_t result = HOSTCALL(ORC_SOCKET_CONNECT, handle, v4(guest, address, port), 16);
    HOSTCALL(ORC_CLOSE, handle);
    return result;
}

static uint16_t bound_port(struct guest *guest, uint64_t handle) {
    *(uint32_t *)at(guest, LENGTH) = 28;
    assert_int_equal(HOSTCALL(ORC_SOCKET_NAME, handle, 0, ADDRESS, LENGTH), 0);
    return ntohs(((struct sockaddr_in *)at(guest, ADDRESS))->sin_port);
}

/* A host's listening socket, and its port. */
static int host_listener(uint16_t *port) {
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof name;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &length), 0);
    *port = ntohs(name.sin_port);
    return fd;
}

GUEST_TEST(without_grants_there_is_no_network) {
    assert_int_equal(HOSTCALL(ORC_SOCKET, AF_INET, SOCK_STREAM, 0), -EACCES);
    assert_int_equal(HOSTCALL(ORC_SOCKET, AF_INET6, SOCK_DGRAM, 0), -EACCES);
    uint64_t local = new_socket(guest, AF_UNIX, SOCK_STREAM);
    assert_int_equal(HOSTCALL(ORC_SOCKET_BIND, local, v4(guest, "127.0.0.1", 0), 16), -EACCES);
}

GUEST_TEST(refuses_kinds) {
    grant_network(guest, true, 0, 0, NULL, 0, 0, 65535);
    const int families[] = {AF_NETLINK, AF_PACKET, AF_VSOCK, AF_ALG, AF_UNSPEC, -1, 9999};
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        assert_int_equal(HOSTCALL(ORC_SOCKET, (uint64_t)families[i], SOCK_DGRAM, 0), -EAFNOSUPPORT);
    const uint64_t types[] = {SOCK_RAW, SOCK_SEQPACKET, 0, SOCK_STREAM | SOCK_NONBLOCK, UINT64_C(1) << 32 | SOCK_STREAM};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        assert_int_equal(HOSTCALL(ORC_SOCKET, AF_INET, types[i], 0), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_SOCKET, AF_INET, SOCK_STREAM, 2), -EINVAL);
    uint64_t file = opened(guest, RW, "file", O_RDWR);
    for (unsigned number = ORC_SOCKET_LISTEN; number <= ORC_SOCKET_RECEIVE; number++) {
        if (number == ORC_SOCKET_BIND_PATH || number == ORC_SOCKET_CONNECT_PATH)
            continue;
        v4(guest, "127.0.0.1", 1);
        memset(at(guest, MESSAGE), 0, sizeof(struct orc_message));
        int64_t result = HOSTCALL(number, file, number == ORC_SOCKET_SEND || number == ORC_SOCKET_RECEIVE ? MESSAGE
                                                : number == ORC_SOCKET_CONNECT ? ADDRESS : 0,
                                  number == ORC_SOCKET_CONNECT ? 16 : 0, LENGTH);
        assert_true(result == -EINVAL || result == -ENOPROTOOPT);
    }
}

GUEST_TEST(binds_what_is_granted) {
    grant_network(guest, false, SOCK_STREAM, AF_INET, "127.0.0.0", 8, 20000, 29999);
    assert_int_equal(bind4(guest, SOCK_STREAM, "127.0.0.1", 19999), -EACCES);
    assert_int_equal(bind4(guest, SOCK_STREAM, "127.0.0.1", 30000), -EACCES);
    assert_int_equal(bind4(guest, SOCK_STREAM, "128.0.0.1", 20000), -EACCES);
    assert_int_equal(bind4(guest, SOCK_STREAM, "0.0.0.0", 20000), -EACCES);
    assert_int_equal(bind4(guest, SOCK_STREAM, "127.0.0.1", 0), -EACCES);
    assert_int_equal(bind4(guest, SOCK_STREAM, "0.0.0.0", 0), -EACCES);
    assert_int_equal(bind4(guest, SOCK_DGRAM, "127.0.0.1", 20000), -EACCES);
    assert_int_equal(connect4(guest, SOCK_STREAM, "127.0.0.1", 20000), -EACCES);
    int64_t result = -EADDRINUSE;
    for (uint16_t port = 20000; result == -EADDRINUSE && port < 20100; port++)
        result = bind4(guest, SOCK_STREAM, "127.0.0.1", port);
    assert_int_equal(result, 0);
    uint64_t unbound = new_socket(guest, AF_INET, SOCK_STREAM);
    assert_int_equal(HOSTCALL(ORC_SOCKET_LISTEN, unbound, 5), -EACCES);
    uint64_t six = new_socket(guest, AF_INET6, SOCK_STREAM);
    assert_int_equal(HOSTCALL(ORC_SOCKET_BIND, six, v6(guest, "::", 20000), 28), -EACCES);
    assert_int_equal(HOSTCALL(ORC_SOCKET_BIND, six, v6(guest, "::1", 20000), 28), -EACCES);
    assert_int_equal(HOSTCALL(ORC_SOCKET_BIND, six, v6(guest, "::ffff:10.0.0.1", 20000), 28), -EACCES);
}

/* [::] takes what comes for 0.0.0.0, too. */
GUEST_TEST(the_unspecified_address_is_both) {
    grant_network(guest, false, SOCK_STREAM, AF_INET6, NULL, 0, 0, 65535);
    uint64_t six = new_socket(guest, AF_INET6, SOCK_STREAM);
    assert_int_equal(HOSTCALL(ORC_SOCKET_BIND, six, v6(guest, "::", 0), 28), -EACCES);
    assert_int_equal(HOSTCALL(ORC_SOCKET_LISTEN, six, 5), -EACCES);
    grant_network(guest, false, SOCK_STREAM, AF_INET, NULL, 0, 0, 0);
    assert_int_equal(HOSTCALL(ORC_SOCKET_BIND, six, v6(guest, "::", 0), 28), 0);
    assert_int_equal(HOSTCALL(ORC_SOCKET_LISTEN, six, 5), 0);
}

GUEST_TEST(connects_to_what_is_granted) {
    uint16_t port;
    int listener = host_listener(&port);
    grant_network(guest, true, SOCK_STREAM, AF_INET, "127.0.0.1", 32, port, port);
    assert_int_equal(connect4(guest, SOCK_STREAM, "127.0.0.2", port), -EACCES);
    assert_int_equal(connect4(guest, SOCK_STREAM, "0.0.0.0", port), -EACCES);
    assert_int_equal(connect4(guest, SOCK_STREAM, "127.0.0.1", (uint16_t)(port - 1)), -EACCES);
    assert_int_equal(connect4(guest, SOCK_DGRAM, "127.0.0.1", port), -EACCES);
    uint64_t six = new_socket(guest, AF_INET6, SOCK_STREAM);
    assert_int_equal(HOSTCALL(ORC_SOCKET_CONNECT, six, v6(guest, "::1", port), 28), -EACCES);
    assert_int_equal(HOSTCALL(ORC_SOCKET_CONNECT, six, v6(guest, "::ffff:127.0.0.2", port), 28), -EACCES);
    int64_t result = connect4(guest, SOCK_STREAM, "127.0.0.1", port);
    assert_true(result == 0 || result == -EINPROGRESS);
    /* What connecting does by itself is no way to listen. */
    uint64_t client = new_socket(guest, AF_INET, SOCK_STREAM);
    assert_int_equal(HOSTCALL(ORC_SOCKET_BIND, client, v4(guest, "0.0.0.0", 0), 16), 0);
    assert_int_equal(HOSTCALL(ORC_SOCKET_LISTEN, client, 5), -EACCES);
    close(listener);
}

GUEST_TEST(a_mapped_address_is_an_ipv4_address) {
    uint16_t port;
    int listener = host_listener(&port);
    grant_network(guest, true, SOCK_STREAM, AF_INET6, NULL, 0, 0, 65535);
    uint64_t six = new_socket(guest, AF_INET6, SOCK_STREAM);
    assert_int_equal(HOSTCALL(ORC_SOCKET_CONNECT, six, v6(guest, "::ffff:127.0.0.1", port), 28), -EACCES);
    grant_network(guest, true, SOCK_STREAM, AF_INET, "127.0.0.1", 32, port, port);
    int64_t result = HOSTCALL(ORC_SOCKET_CONNECT, six, v6(guest, "::ffff:127.0.0.1", port), 28);
    assert_true(result == 0 || result == -EINPROGRESS);
    close(listener);
}

GUEST_TEST(refuses_addresses) {
    grant_network(guest, true, 0, 0, NULL, 0, 0, 65535);
    grant_network(guest, false, 0, 0, NULL, 0, 0, 65535);
    struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/run/docker.sock"};
    struct sockaddr_un abstract = {.sun_family = AF_UNIX, .sun_path = "\0abstract"};
    const struct {
        const void *address;
        uint64_t length;
        int64_t expected;
    } bad[] = {
        {&local, sizeof local, -EAFNOSUPPORT}, {&abstract, 11, -EAFNOSUPPORT},
        {&(struct sockaddr_in){.sin_family = AF_INET}, 15, -EINVAL},
        {&(struct sockaddr_in){.sin_family = AF_INET}, 0, -EINVAL},
        {&(struct sockaddr_in){.sin_family = AF_INET}, 1, -EINVAL},
        {&(struct sockaddr_in){.sin_family = AF_INET}, 28, -EINVAL},
        {&(struct sockaddr_in){.sin_family = AF_INET}, 129, -EINVAL},
        {&(struct sockaddr_in){.sin_family = AF_INET}, UINT64_C(1) << 32 | 16, -EINVAL},
        {&(struct sockaddr_in6){.sin6_family = AF_INET6}, 16, -EINVAL},
        {&(struct sockaddr_in6){.sin6_family = AF_INET6}, 24, -EINVAL},
    };
    const int families[] = {AF_UNIX, AF_INET, AF_INET6};
    for (size_t family = 0; family < 3; family++)
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
            uint64_t handle = new_socket(guest, families[family], SOCK_DGRAM);
            put(guest, ADDRESS, bad[i].address, sizeof(struct sockaddr_in)); /* none is shorter */
            assert_int_equal(HOSTCALL(ORC_SOCKET_BIND, handle, ADDRESS, bad[i].length), bad[i].expected);
            assert_int_equal(HOSTCALL(ORC_SOCKET_CONNECT, handle, ADDRESS, bad[i].length), bad[i].expected);
            struct orc_message message = {.address = ADDRESS, .address_length = (uint32_t)bad[i].length};
            int64_t result = HOSTCALL(ORC_SOCKET_SEND, handle, put(guest, MESSAGE, &message, sizeof message), 0);
            if (bad[i].length <= UINT32_MAX)
                assert_int_equal(result, bad[i].expected);
            HOSTCALL(ORC_CLOSE, handle);
        }
    uint64_t handle = new_socket(guest, AF_INET, SOCK_DGRAM);
    const struct sockaddr nothing = {.sa_family = AF_UNSPEC};
    put(guest, ADDRESS, &nothing, sizeof nothing);
    assert_int_equal(HOSTCALL(ORC_SOCKET_BIND, handle, ADDRESS, 16), -EAFNOSUPPORT);
    assert_int_equal(HOSTCALL(ORC_SOCKET_CONNECT, handle, ADDRESS, 16), 0); /* dissolves the association */
    assert_int_equal(HOSTCALL(ORC_SOCKET_CONNECT, new_socket(guest, AF_INET, SOCK_STREAM), ADDRESS, 16), 0);
    assert_int_equal(HOSTCALL(ORC_SOCKET_BIND, handle, NOWHERE, 16), -EFAULT);
    assert_int_equal(HOSTCALL(ORC_SOCKET_BIND, handle, PAST_THE_END + 8, 16), -EFAULT);
}

GUEST_TEST(sends_to_what_is_granted) {
    grant_network(guest, true, SOCK_DGRAM, AF_INET, "127.0.0.1", 32, 1000, 1000);
    uint64_t handle = new_socket(guest, AF_INET, SOCK_DGRAM);
    struct orc_message message = {.address = v4(guest, "127.0.0.1", 1001), .address_length = 16};
    put(guest, MESSAGE, &message, sizeof message);
    assert_int_equal(HOSTCALL(ORC_SOCKET_SEND, handle, MESSAGE, 0), -EACCES);
    v4(guest, "127.0.0.1", 1000);
    assert_int_equal(HOSTCALL(ORC_SOCKET_SEND, handle, MESSAGE, 0), 0);
    assert_int_equal(HOSTCALL(ORC_SOCKET_SEND, handle, MESSAGE, MSG_FASTOPEN), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_SOCKET_SEND, handle, MESSAGE, MSG_ZEROCOPY), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_SOCKET_SEND, handle, MESSAGE, MSG_OOB), -EOPNOTSUPP);
    assert_int_equal(HOSTCALL(ORC_SOCKET_SEND, handle, MESSAGE, MSG_ERRQUEUE), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_SOCKET_RECEIVE, handle, MESSAGE, MSG_CMSG_CLOEXEC), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_SOCKET_SEND, handle, MESSAGE, UINT64_C(1) << 40), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_SOCKET_RECEIVE, handle, MESSAGE, MSG_ERRQUEUE), -EAGAIN);
    uint64_t six = new_socket(guest, AF_INET6, SOCK_DGRAM);
    message.address = v6(guest, "::ffff:127.0.0.1", 1001);
    message.address_length = 28;
    put(guest, MESSAGE, &message, sizeof message);
    assert_int_equal(HOSTCALL(ORC_SOCKET_SEND, six, MESSAGE, 0), -EACCES);
}

GUEST_TEST(talks_over_loopback) {
    grant_network(guest, false, SOCK_STREAM, AF_INET, "127.0.0.1", 32, 0, 0);
    grant_network(guest, true, SOCK_STREAM, AF_INET, "127.0.0.1", 32, 1, 65535);
    uint64_t listener = new_socket(guest, AF_INET, SOCK_STREAM);
    assert_int_equal(HOSTCALL(ORC_SOCKET_BIND, listener, v4(guest, "127.0.0.1", 0), 16), 0);
    assert_int_equal(HOSTCALL(ORC_SOCKET_LISTEN, listener, 5), 0);
    uint16_t port = bound_port(guest, listener);
    assert_int_equal(HOSTCALL(ORC_SOCKET_ACCEPT, listener, 0, 0, 0), -EAGAIN);
    uint64_t client = (uint64_t)HOSTCALL(ORC_SOCKET, AF_INET, SOCK_STREAM, 0);
    assert_int_equal(HOSTCALL(ORC_SOCKET_CONNECT, client, v4(guest, "127.0.0.1", port), 16), 0);
    /* An accepted connection whose address can't be stored is closed again. */
    assert_int_equal(HOSTCALL(ORC_SOCKET_ACCEPT, listener, READ_ONLY, put(guest, LENGTH, &(uint32_t){16}, 4), 1), -EFAULT);
    assert_int_equal(HOSTCALL(ORC_READ, client, BUFFER, 1), 0);
    client = (uint64_t)HOSTCALL(ORC_SOCKET, AF_INET, SOCK_STREAM, 0);
    assert_int_equal(HOSTCALL(ORC_SOCKET_CONNECT, client, v4(guest, "127.0.0.1", port), 16), 0);
    put(guest, LENGTH, &(uint32_t){4}, 4);
    memset(at(guest, ADDRESS), 0x55, 16);
    int64_t server = HOSTCALL(ORC_SOCKET_ACCEPT, listener, ADDRESS, LENGTH, 1);
    assert_true(server >= 0);
    assert_int_equal(*(uint32_t *)at(guest, LENGTH), 16); /* the whole length; stored was what fits */
    assert_int_equal(*(uint32_t *)at(guest, ADDRESS + 4), 0x55555555);
    put(guest, SPANS, (struct orc_span[2]){{BUFFER, 2}, {BUFFER + 8, 3}}, 16);
    put(guest, BUFFER, "ab......cde", 11);
    put(guest, MESSAGE, &(struct orc_message){.spans = SPANS, .span_count = 2}, sizeof(struct orc_message));
    assert_int_equal(HOSTCALL(ORC_SOCKET_SEND, client, MESSAGE, 0), 5);
    assert_int_equal(HOSTCALL(ORC_AVAILABLE, (uint64_t)server), 5);
    assert_int_equal(HOSTCALL(ORC_READ, (uint64_t)server, BUFFER + 100, 10), 5);
    assert_memory_equal(at(guest, BUFFER + 100), "abcde", 5);
    assert_int_equal(HOSTCALL(ORC_SOCKET_RECEIVE, (uint64_t)server, MESSAGE, MSG_DONTWAIT), -EAGAIN);
    assert_int_equal(HOSTCALL(ORC_CLOSE, (uint64_t)server), 0);
    assert_int_equal(HOSTCALL(ORC_SOCKET_SEND, client, MESSAGE, 0), 5);
    assert_int_equal(HOSTCALL(ORC_SOCKET_SEND, client, MESSAGE, 0), -EPIPE); /* and no SIGPIPE */
    assert_int_equal(HOSTCALL(ORC_WRITE, client, BUFFER, 1), -EPIPE);
}

static uint64_t option_key(int level, int name) {
    return (uint64_t)(uint32_t)level << 32 | (uint32_t)name;
}

static int64_t set_int(struct guest *guest, uint64_t handle, int level, int name, int value) {
    return HOSTCALL(ORC_SOCKET_OPTION, handle, option_key(level, name), put(guest, BUFFER, &value, 4), 4);
}

GUEST_TEST(options_are_those_of_the_list) {
    grant_network(guest, true, 0, 0, NULL, 0, 0, 65535);
    uint64_t handle = new_socket(guest, AF_INET, SOCK_STREAM);
    const struct {
        int level, name;
    } refused[] = {
        {SOL_SOCKET, SO_BINDTODEVICE},  {SOL_SOCKET, SO_MARK},       {SOL_SOCKET, SO_PASSCRED},
        {SOL_SOCKET, SO_ATTACH_FILTER}, {SOL_SOCKET, SO_PEERCRED},   {SOL_SOCKET, SO_SNDBUFFORCE},
        {SOL_SOCKET, SO_COOKIE},        {SOL_SOCKET, SO_ZEROCOPY},   {SOL_SOCKET, SO_TIMESTAMPING},
        {IPPROTO_IP, IP_TRANSPARENT},   {IPPROTO_IP, IP_FREEBIND},   {IPPROTO_IP, IP_OPTIONS},
        {IPPROTO_IP, IP_HDRINCL},       {IPPROTO_IP, IP_UNICAST_IF}, {IPPROTO_TCP, TCP_REPAIR},
        {IPPROTO_TCP, TCP_ULP},         {IPPROTO_TCP, TCP_MD5SIG},   {IPPROTO_IPV6, IPV6_ADDRFORM},
        {IPPROTO_IPV6, IPV6_RTHDR},     {IPPROTO_IPV6, IPV6_HOPOPTS}, {IPPROTO_UDP, UDP_ENCAP},
        {-1, -1},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        put(guest, LENGTH, &(uint32_t){4}, 4);
        assert_int_equal(set_int(guest, handle, refused[i].level, refused[i].name, 1), -ENOPROTOOPT);
        assert_int_equal(
            HOSTCALL(ORC_SOCKET_OPTION_GET, handle, option_key(refused[i].level, refused[i].name), BUFFER, LENGTH),
            -ENOPROTOOPT);
    }
    assert_int_equal(set_int(guest, handle, SOL_SOCKET, SO_TYPE, 1), -ENOPROTOOPT);
    assert_int_equal(set_int(guest, handle, SOL_SOCKET, SO_BUSY_POLL, 1), -ENOPROTOOPT);
    assert_int_equal(set_int(guest, handle, SOL_SOCKET, SO_PRIORITY, 6), 0);
    assert_int_equal(set_int(guest, handle, SOL_SOCKET, SO_PRIORITY, 7), -EPERM);
    assert_int_equal(set_int(guest, handle, SOL_SOCKET, SO_PRIORITY, -1), -EPERM);
    assert_int_equal(HOSTCALL(ORC_SOCKET_OPTION, handle, option_key(IPPROTO_TCP, TCP_CONGESTION),
                              put(guest, BUFFER, "dctcp\0\0\0\0\0\0\0\0\0\0", 16), 16), -ENOENT);
    assert_int_equal(HOSTCALL(ORC_SOCKET_OPTION, handle, option_key(IPPROTO_TCP, TCP_CONGESTION),
                              put(guest, BUFFER, "reno\0\0\0\0\0\0\0\0\0\0\0", 16), 16), 0);
    put(guest, LENGTH, &(uint32_t){104}, 4);
    assert_int_equal(HOSTCALL(ORC_SOCKET_OPTION_GET, handle, option_key(IPPROTO_TCP, TCP_INFO), BUFFER, LENGTH), 0);
    assert_int_equal(set_int(guest, handle, IPPROTO_TCP, TCP_NODELAY, 1), 0);
    assert_int_equal(set_int(guest, handle, SOL_SOCKET, SO_RCVBUF, INT32_MAX), 0);
    assert_int_equal(HOSTCALL(ORC_SOCKET_OPTION, handle, option_key(SOL_SOCKET, SO_KEEPALIVE), BUFFER, 3), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_SOCKET_OPTION, handle, option_key(SOL_SOCKET, SO_KEEPALIVE), BUFFER,
                              UINT64_C(1) << 32 | 4), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_SOCKET_OPTION, handle, option_key(SOL_SOCKET, SO_KEEPALIVE), NOWHERE, 4), -EFAULT);
    put(guest, BUFFER, &(struct linger){1, 60}, sizeof(struct linger));
    assert_int_equal(HOSTCALL(ORC_SOCKET_OPTION, handle, option_key(SOL_SOCKET, SO_LINGER), BUFFER, 8), -EINVAL);
    put(guest, LENGTH, &(uint32_t){2}, 4);
    memset(at(guest, BUFFER), 0x55, 8);
    assert_int_equal(HOSTCALL(ORC_SOCKET_OPTION_GET, handle, option_key(SOL_SOCKET, SO_TYPE), BUFFER, LENGTH), 0);
    assert_int_equal(*(uint32_t *)at(guest, BUFFER), 0x55550000 | SOCK_STREAM);
    put(guest, LENGTH, &(uint32_t){4}, 4);
    assert_int_equal(HOSTCALL(ORC_SOCKET_OPTION_GET, handle, option_key(SOL_SOCKET, SO_TYPE), READ_ONLY, LENGTH), -EFAULT);
}

static int64_t join4(struct guest *guest, uint64_t handle, int name, const char *group, const char *interface, int index) {
    struct ip_mreqn member = {.imr_ifindex = index};
    inet_pton(AF_INET, group, &member.imr_multiaddr);
    inet_pton(AF_INET, interface, &member.imr_address);
    return HOSTCALL(ORC_SOCKET_OPTION, handle, option_key(IPPROTO_IP, name), put(guest, BUFFER, &member, sizeof member),
                    sizeof member);
}

static int64_t join6(struct guest *guest, uint64_t handle, const char *group, unsigned index) {
    struct ipv6_mreq member = {.ipv6mr_interface = index};
    inet_pton(AF_INET6, group, &member.ipv6mr_multiaddr);
    return HOSTCALL(ORC_SOCKET_OPTION, handle, option_key(IPPROTO_IPV6, IPV6_JOIN_GROUP),
                    put(guest, BUFFER, &member, sizeof member), sizeof member);
}

/* A grant to bind datagrams covers the groups that lie in its addresses; none covers an interface. */
GUEST_TEST(joins_what_is_granted) {
    grant_network(guest, true, 0, 0, NULL, 0, 0, 65535);
    grant_network(guest, false, SOCK_STREAM, AF_INET, "239.2.0.0", 16, 0, 65535);
    grant_network(guest, false, SOCK_DGRAM, AF_INET, "239.1.0.0", 16, 7000, 7000);
    uint64_t handle = new_socket(guest, AF_INET, SOCK_DGRAM), six = new_socket(guest, AF_INET6, SOCK_DGRAM);
    assert_int_equal(join4(guest, handle, IP_ADD_MEMBERSHIP, "239.2.0.1", "0.0.0.0", 1), -EACCES);
    assert_int_equal(join4(guest, handle, IP_ADD_MEMBERSHIP, "224.0.0.251", "0.0.0.0", 1), -EACCES);
    assert_int_equal(join4(guest, handle, IP_ADD_MEMBERSHIP, "239.1.0.1", "0.0.0.0", 2), -EACCES);
    assert_int_equal(join4(guest, handle, IP_ADD_MEMBERSHIP, "239.1.0.1", "0.0.0.0", -1), -EACCES);
    assert_int_equal(join4(guest, handle, IP_ADD_MEMBERSHIP, "239.1.0.1", "127.0.0.1", 0), -EACCES);
    assert_int_equal(join4(guest, handle, IP_MULTICAST_IF, "0.0.0.0", "127.0.0.1", 0), -EACCES);
    assert_int_equal(join4(guest, handle, IP_ADD_SOURCE_MEMBERSHIP, "239.2.0.1", "0.0.0.0", 0), -EACCES);
    assert_int_equal(join4(guest, handle, IP_ADD_MEMBERSHIP, "239.1.0.1", "0.0.0.0", 1), 0);
    assert_int_equal(join4(guest, handle, IP_DROP_MEMBERSHIP, "239.1.0.1", "0.0.0.0", 1), 0);
    assert_int_equal(join4(guest, handle, IP_MULTICAST_IF, "0.0.0.0", "0.0.0.0", 1), 0);
    assert_int_equal(join6(guest, six, "ff02::fb", 1), -EACCES);
    grant_network(guest, false, SOCK_DGRAM, AF_INET6, "ff00::", 8, 7000, 7000);
    assert_int_equal(join6(guest, six, "ff02::fb", 2), -EACCES);
    assert_int_equal(join6(guest, six, "::1", 1), -EACCES);
    assert_int_equal(join6(guest, six, "ff02::fb", 1), 0);
    struct group_source_req source = {.gsr_interface = 1};
    assert_int_equal(HOSTCALL(ORC_SOCKET_OPTION, six, option_key(IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP),
                              put(guest, BUFFER, &source, sizeof source), sizeof source), -EADDRNOTAVAIL);
    source.gsr_group.ss_family = source.gsr_source.ss_family = AF_INET6; /* of the group :: */
    assert_int_equal(HOSTCALL(ORC_SOCKET_OPTION, six, option_key(IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP),
                              put(guest, BUFFER, &source, sizeof source), sizeof source), -EACCES);
}

#define CONTROL (MEMORY + 0x9400)
#define CONTROL_AT (MEMORY + 0x9380)

/* Sends a byte with this control data. */
static int64_t send_control(struct guest *guest, uint64_t handle, const void *control, uint32_t size, uint32_t length) {
    put(guest, CONTROL, control, size);
    put(guest, CONTROL_AT, &(struct orc_span){CONTROL, length}, sizeof(struct orc_span));
    put(guest, SPANS, &(struct orc_span){BUFFER, 1}, sizeof(struct orc_span));
    struct orc_message message = {.address = ADDRESS, .address_length = 16, .spans = SPANS, .span_count = 1,
                                  .control = CONTROL_AT};
    return HOSTCALL(ORC_SOCKET_SEND, handle, put(guest, MESSAGE, &message, sizeof message), 0);
}

/* struct cmsghdr, which has no fixed size. */
struct header {
    size_t length;
    int level, type;
};

struct packet_info {
    struct header header;
    struct in_pktinfo info;
};

static int64_t send_from(struct guest *guest, uint64_t handle, const char *address, int index) {
    struct packet_info control = {.header = {CMSG_LEN(sizeof control.info), IPPROTO_IP, IP_PKTINFO},
                                  .info = {.ipi_ifindex = index}};
    inet_pton(AF_INET, address, &control.info.ipi_spec_dst);
    return send_control(guest, handle, &control, sizeof control, CMSG_SPACE(sizeof control.info));
}

GUEST_TEST(control_messages_are_those_of_the_list) {
    grant_network(guest, true, SOCK_DGRAM, AF_INET, "127.0.0.1", 32, 1, 65535);
    grant_network(guest, false, SOCK_DGRAM, AF_INET, "127.0.0.1", 32, 0, 0);
    uint64_t handle = new_socket(guest, AF_INET, SOCK_DGRAM);
    assert_int_equal(HOSTCALL(ORC_SOCKET_BIND, handle, v4(guest, "127.0.0.1", 0), 16), 0);
    v4(guest, "127.0.0.1", bound_port(guest, handle));
    struct {
        struct header header;
        int value[2];
    } one = {{CMSG_LEN(sizeof(int)), IPPROTO_IP, IP_TTL}, {9, 0}};
    const uint32_t size = CMSG_SPACE(sizeof(int));
    assert_int_equal(send_control(guest, handle, &one, sizeof one, size), 1);
    assert_int_equal(send_control(guest, handle, &one, sizeof one, 0), 1);
    assert_int_equal(send_control(guest, handle, &one, sizeof one, 8), -EOPNOTSUPP);
    assert_int_equal(send_control(guest, handle, &one, sizeof one, size - 5), -EOPNOTSUPP);
    assert_int_equal(send_control(guest, handle, &one, sizeof one, ORC_MAX_CONTROL + 1), -ENOBUFS);
    const size_t lengths[] = {0, 1, CMSG_LEN(0) - 1, CMSG_LEN(0), CMSG_LEN(3), CMSG_LEN(5), SIZE_MAX, SIZE_MAX - 16};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        one.header.length = lengths[i];
        assert_int_equal(send_control(guest, handle, &one, sizeof one, size), -EOPNOTSUPP);
    }
    one.header.length = CMSG_LEN(sizeof(int));
    const int kinds[][2] = {{SOL_SOCKET, SCM_RIGHTS}, {SOL_SOCKET, SCM_CREDENTIALS}, {SOL_SOCKET, SO_MARK},
                            {IPPROTO_IP, IP_RETOPTS}, {IPPROTO_IPV6, IPV6_RTHDR}, {999, IP_TTL}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        one.header.level = kinds[i][0];
        one.header.type = kinds[i][1];
        assert_int_equal(send_control(guest, handle, &one, sizeof one, size), -EOPNOTSUPP);
    }
    assert_int_equal(send_from(guest, handle, "127.0.0.1", 0), 1);
    assert_int_equal(send_from(guest, handle, "127.0.0.1", 1), 1);
    assert_int_equal(send_from(guest, handle, "127.0.0.1", 2), -EACCES);
    assert_int_equal(send_from(guest, handle, "127.0.0.2", 0), -EACCES);
}

/* What the kernel adds to a datagram, and what is left of it in a room that's too small. */
GUEST_TEST(control_messages_are_received) {
    grant_network(guest, true, SOCK_DGRAM, AF_INET, "127.0.0.1", 32, 1, 65535);
    grant_network(guest, false, SOCK_DGRAM, AF_INET, "127.0.0.1", 32, 0, 0);
    uint64_t handle = new_socket(guest, AF_INET, SOCK_DGRAM);
    assert_int_equal(HOSTCALL(ORC_SOCKET_BIND, handle, v4(guest, "127.0.0.1", 0), 16), 0);
    assert_int_equal(set_int(guest, handle, IPPROTO_IP, IP_PKTINFO, 1), 0);
    v4(guest, "127.0.0.1", bound_port(guest, handle));
    const struct {
        uint32_t room, found;
        unsigned flags;
    } rooms[] = {{200, CMSG_SPACE(sizeof(struct in_pktinfo)), 0}, {UINT32_MAX, CMSG_SPACE(sizeof(struct in_pktinfo)), 0},
                 {20, 20, MSG_CTRUNC}, {10, 0, MSG_CTRUNC}, {0, 0, MSG_CTRUNC}};
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        assert_int_equal(send_from(guest, handle, "0.0.0.0", 0), 1);
        put(guest, CONTROL_AT, &(struct orc_span){CONTROL, rooms[i].room}, sizeof(struct orc_span));
        assert_int_equal(HOSTCALL(ORC_SOCKET_RECEIVE, handle, MESSAGE, MSG_DONTWAIT), 1);
        assert_int_equal(((struct orc_message *)at(guest, MESSAGE))->flags, rooms[i].flags);
        assert_int_equal(((struct orc_span *)at(guest, CONTROL_AT))->length, rooms[i].found);
        if (i == 0)
            assert_int_equal(((struct packet_info *)at(guest, CONTROL))->info.ipi_addr.s_addr, htonl(INADDR_LOOPBACK));
    }
}

GUEST_TEST(local_sockets_stay_beneath_the_grant) {
    struct sockaddr_un outside = {.sun_family = AF_UNIX};
    snprintf(outside.sun_path, sizeof outside.sun_path, "%s", host_path(guest, "outside/socket"));
    int service = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(service, (struct sockaddr *)&outside, sizeof outside), 0);
    assert_int_equal(listen(service, 5), 0);
    host_link(guest, "../outside/socket", "rw/out");
    host_link(guest, outside.sun_path, "rw/absolute");
    host_link(guest, "../outside/new", "rw/dangling");
    uint64_t handle = new_socket(guest, AF_UNIX, SOCK_STREAM);
    assert_int_equal(HOSTCALL(ORC_SOCKET_CONNECT_PATH, handle, path_at(guest, RW, "out")), -EXDEV);
    assert_int_equal(HOSTCALL(ORC_SOCKET_CONNECT_PATH, handle, path_at(guest, RW, "absolute")), -EXDEV);
    assert_int_equal(HOSTCALL(ORC_SOCKET_CONNECT_PATH, handle, path_at(guest, RW, "file")), -ECONNREFUSED);
    assert_int_equal(HOSTCALL(ORC_SOCKET_BIND_PATH, handle, path_at(guest, RW, "dangling")), -EADDRINUSE);
    assert_int_equal(HOSTCALL(ORC_SOCKET_BIND_PATH, handle, path_at(guest, RO, "socket")), -EACCES);
    assert_false(host_exists(guest, "outside/new"));
    char name[120];
    snprintf(name, sizeof name, "%0119d", 0);
    assert_int_equal(HOSTCALL(ORC_SOCKET_BIND_PATH, handle, path_at(guest, RW, name)), -ENAMETOOLONG);
    assert_int_equal(HOSTCALL(ORC_SOCKET_BIND_PATH, handle, path_at(guest, RW, "sub/socket")), 0);
    assert_int_equal(HOSTCALL(ORC_SOCKET_LISTEN, handle, 5), 0);
    uint64_t client = new_socket(guest, AF_UNIX, SOCK_STREAM);
    assert_int_equal(HOSTCALL(ORC_SOCKET_CONNECT_PATH, client, path_at(guest, RW, "sub/socket")), 0);
    /* The name that the kernel keeps is one of ours: the guest gets the family alone. */
    put(guest, LENGTH, &(uint32_t){128}, 4);
    memset(at(guest, ADDRESS), 0x55, 128);
    assert_int_equal(HOSTCALL(ORC_SOCKET_NAME, client, 1, ADDRESS, LENGTH), 0);
    assert_int_equal(*(uint32_t *)at(guest, LENGTH), 2);
    assert_int_equal(*(uint32_t *)at(guest, ADDRESS), 0x55550000 | AF_UNIX);
    close(service);
}

/* Descriptors that a host program passes along vanish, whatever room there is for control messages. */
GUEST_TEST(takes_no_descriptors) {
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    uint64_t handle = grant(guest, pair[0], ORC_GRANT_READ | ORC_GRANT_WRITE);
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))}};
    memcpy(CMSG_DATA(&control.header), &(int){STDERR_FILENO}, sizeof(int));
    struct iovec byte = {"x", 1};
    struct msghdr message = {.msg_iov = &byte, .msg_iovlen = 1, .msg_control = &control,
                             .msg_controllen = sizeof control.space};
    assert_int_equal(sendmsg(pair[1], &message, 0), 1);
    int before = dup(0);
    close(before);
    put(guest, SPANS, &(struct orc_span){BUFFER, 1}, sizeof(struct orc_span));
    put(guest, CONTROL_AT, &(struct orc_span){CONTROL, 256}, sizeof(struct orc_span));
    put(guest, MESSAGE, &(struct orc_message){.spans = SPANS, .span_count = 1, .control = CONTROL_AT},
        sizeof(struct orc_message));
    assert_int_equal(HOSTCALL(ORC_SOCKET_RECEIVE, handle, MESSAGE, 0), 1);
    assert_int_equal(((struct orc_message *)at(guest, MESSAGE))->flags, MSG_CTRUNC);
    assert_int_equal(((struct orc_span *)at(guest, CONTROL_AT))->length, 0);
    int after = dup(0);
    assert_int_equal(before, after);
    close(after);
    close(pair[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_grants_there_is_no_network),
        cmocka_unit_test(refuses_kinds),
        cmocka_unit_test(binds_what_is_granted),
        cmocka_unit_test(the_unspecified_address_is_both),
        cmocka_unit_test(connects_to_what_is_granted),
        cmocka_unit_test(a_mapped_address_is_an_ipv4_address),
        cmocka_unit_test(refuses_addresses),
        cmocka_unit_test(sends_to_what_is_granted),
        cmocka_unit_test(talks_over_loopback),
        cmocka_unit_test(options_are_those_of_the_list),
        cmocka_unit_test(joins_what_is_granted),
        cmocka_unit_test(control_messages_are_those_of_the_list),
        cmocka_unit_test(control_messages_are_received),
        cmocka_unit_test(local_sockets_stay_beneath_the_grant),
        cmocka_unit_test(takes_no_descriptors),
    };
    return run_as_tap("hostcalls-sockets", tests, sizeof tests / sizeof *tests);
}
