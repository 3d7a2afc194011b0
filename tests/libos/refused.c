/* What a compartment finds of the network that it isn't granted. It may connect to port 9 of 192.0.2.7, and no more. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "check.h"

static struct sockaddr_in at(const char *address, int port) {
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, address, &name.sin_addr);
    return name;
}

static int try_connect(int type, const char *address) {
    int fd = socket(AF_INET, type, 0);
    struct sockaddr_in name = at(address, 53);
    int result = connect(fd, (struct sockaddr *)&name, sizeof name), error = errno;
    close(fd);
    errno = error;
    return result;
}

/* Without a way there a datagram socket says so; who asks whether a family is configured finds that it is. */
static void addresses(void) {
    CHECK(FAILS(try_connect(SOCK_STREAM, "198.51.100.1"), EACCES));
    CHECK(FAILS(try_connect(SOCK_DGRAM, "198.51.100.1"), ENETUNREACH));
    CHECK(FAILS(try_connect(SOCK_DGRAM, "127.0.0.1"), EACCES));
    struct addrinfo hints = {.ai_flags = AI_ADDRCONFIG, .ai_family = AF_INET}, *found = NULL;
    CHECK(getaddrinfo("localhost", NULL, &hints, &found) == 0);
    CHECK(found && found->ai_family == AF_INET);
}

static void privileges(void) {
    int fd = socket(AF_INET, SOCK_DGRAM, 0), one = 1;
    struct ifreq request = {.ifr_name = "lo"};
    struct sockaddr_in name = at("127.0.0.1", 53);
    struct ip_mreqn member = {.imr_multiaddr = {htonl(0xe00000fb)}, .imr_ifindex = 1};
    CHECK(FAILS(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), EPERM));
    CHECK(FAILS(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), EACCES));
    CHECK(FAILS(socket(AF_PACKET, SOCK_RAW, 0), EPERM));
    CHECK(FAILS(socket(AF_NETLINK, SOCK_RAW, 16), EPROTONOSUPPORT));
    CHECK(FAILS(setsockopt(fd, SOL_SOCKET, SO_MARK, &one, sizeof one), EPERM));
    CHECK(FAILS(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "eth0", 5), EPERM));
    CHECK(FAILS(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &one, sizeof one), EPERM));
    CHECK(FAILS(setsockopt(fd, SOL_SOCKET, SO_BUSY_POLL, &one, sizeof one), EPERM));
    CHECK(FAILS(setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &(int){7}, sizeof one), EPERM));
    CHECK(FAILS(setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &one, sizeof one), ENOPROTOOPT));
    CHECK(FAILS(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &member, sizeof member), EACCES));
    CHECK(FAILS(ioctl(fd, SIOCSIFADDR, &request), EPERM));
    CHECK(FAILS(bind(fd, (struct sockaddr *)&name, sizeof name), EACCES));
    CHECK(FAILS(sendto(fd, "x", 1, 0, (struct sockaddr *)&name, sizeof name), EACCES));
    close(fd);
}

/* Descriptors aren't passed. */
static void rights(void) {
    char room[CMSG_SPACE(sizeof(int))] = {0};
    int pair[2];
    struct iovec part = {"x", 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    struct cmsghdr *control = CMSG_FIRSTHDR(&message);
    *control = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    CHECK(FAILS(sendmsg(pair[0], &message, 0), EOPNOTSUPP));
}

/* Changes to interfaces are refused, whoever asks. */
static void netlink(void) {
    struct {
        uint32_t length;
        uint16_t type, flags;
        uint32_t sequence, port;
        uint8_t data[16];
    } request = {.length = 32, .flags = 1};
    struct {
        uint32_t length;
        uint16_t type, flags;
        uint32_t sequence, port;
        int error;
    } answer;
    int fd = socket(AF_NETLINK, SOCK_RAW, 0);
    static const uint16_t types[] = {16, 17, 19, 20, 21, 24, 25, 28, 29};
    for (unsigned i = 0; i < sizeof types / sizeof *types; i++) {
        request.type = types[i];
        CHECK(send(fd, &request, sizeof request, 0) == sizeof request);
        CHECK(recv(fd, &answer, sizeof answer, 0) == sizeof answer && answer.type == 2 && answer.error == -EPERM);
    }
    CHECK(recv(fd, &answer, sizeof answer, MSG_DONTWAIT) == -1 && errno == EAGAIN);
    /* Nobody reads: what doesn't fit is lost, and that is told. */
    for (int i = 0; i < 20000; i++)
        send(fd, &request, sizeof request, 0);
    CHECK(FAILS(recv(fd, &answer, sizeof answer, 0), ENOBUFS));
    CHECK(recv(fd, &answer, sizeof answer, 0) == sizeof answer);
    close(fd);
}

int main(void) {
    addresses();
    privileges();
    rights();
    netlink();
    return 0;
}
