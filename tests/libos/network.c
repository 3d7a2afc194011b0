/* Sockets beyond sending and receiving: options, control messages, many messages at once, multicast, netlink and names.
 * The argument is a port that may be bound, with the next one. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "show.h"

static char buffer[70000];
static struct sockaddr_in address, second;

static struct sockaddr *any(void *pointer) {
    return pointer;
}

static int bound(int type) {
    int fd = socket(AF_INET, type, 0), one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    SHOW(bind(fd, any(&address), sizeof address));
    return fd;
}

/* A connected pair of TCP sockets. */
static void tcp_pair(int pair[2]) {
    int listener = bound(SOCK_STREAM);
    SHOW(listen(listener, 4));
    pair[0] = socket(AF_INET, SOCK_STREAM, 0);
    SHOW(connect(pair[0], any(&address), sizeof address));
    pair[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    SHOW(fcntl(pair[1], F_GETFD));
    close(listener);
}

static void wait_for(int fd, int events) {
    struct pollfd one = {fd, (short)events, 0};
    SHOW(poll(&one, 1, 10000));
    SHOW(one.revents & events);
}

static void kinds(void) {
    SHOW(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
    SHOW(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP));
    SHOW(socket(AF_INET, SOCK_SEQPACKET, 0));
    SHOW(socket(AF_INET, 99, 0));
    SHOW(socket(AF_INET, 7, 0));
    SHOW(socket(AF_INET, SOCK_STREAM, -1));
    SHOW(socket(AF_INET, SOCK_STREAM, 9999));
    SHOW(socket(AF_UNIX, SOCK_STREAM, 5));
    SHOW(socket(AF_UNIX, 7, 0));
    SHOW(socket(AF_UNSPEC, SOCK_STREAM, 0));
    SHOW(socket(-1, SOCK_STREAM, 0));
    SHOW(socket(AF_INET, SOCK_STREAM | 0x100, 0));
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
    SHOW(fcntl(fd, F_GETFL) & O_NONBLOCK);
    SHOW(fcntl(fd, F_GETFD));
    close(fd);
}

static int number(int fd, int level, int option) {
    int value = -77;
    socklen_t length = sizeof value;
    return getsockopt(fd, level, option, &value, &length) ? -errno : value;
}

static int set_number(int fd, int level, int option, int value) {
    return setsockopt(fd, level, option, &value, sizeof value);
}

/* Each option: what it is, whether it can be set, and what it is then. */
static void try_options(int fd, const int options[][3], int count) {
    for (int i = 0; i < count; i++) {
        printf("option %d %d\n", options[i][0], options[i][1]);
        SHOW(number(fd, options[i][0], options[i][1]));
        SHOW(set_number(fd, options[i][0], options[i][1], options[i][2]));
        SHOW(number(fd, options[i][0], options[i][1]));
    }
}

#define COUNT(array) (int)(sizeof array / sizeof *array)

static const int general[][3] = {
    {SOL_SOCKET, SO_REUSEADDR, 1},      {SOL_SOCKET, SO_REUSEPORT, 1},    {SOL_SOCKET, SO_KEEPALIVE, 1},
    {SOL_SOCKET, SO_BROADCAST, 1},      {SOL_SOCKET, SO_OOBINLINE, 1},    {SOL_SOCKET, SO_RCVLOWAT, 5},
    {SOL_SOCKET, SO_SNDLOWAT, 5},       {SOL_SOCKET, SO_PRIORITY, 3},     {SOL_SOCKET, SO_PRIORITY, 6},
    {SOL_SOCKET, SO_TIMESTAMP, 1},      {SOL_SOCKET, SO_TIMESTAMPNS, 1},  {SOL_SOCKET, SO_ERROR, 1},
    {SOL_SOCKET, SO_TYPE, 1},           {SOL_SOCKET, SO_DOMAIN, 1},       {SOL_SOCKET, SO_PROTOCOL, 1},
    {SOL_SOCKET, SO_ACCEPTCONN, 1},     {SOL_SOCKET, SO_BUSY_POLL, 0},
    {SOL_SOCKET, SO_DEBUG, 0},          {SOL_SOCKET, SO_SNDBUF, 10000},   {SOL_SOCKET, SO_RCVBUF, 10000},
    {SOL_SOCKET, 9999, 1},              {9999, 1, 1},                     {IPPROTO_IP, IP_TOS, 0x10},
    {IPPROTO_IP, IP_TTL, 33},           {IPPROTO_IP, IP_TTL, 0},          {IPPROTO_IP, IP_RECVTTL, 1},
    {IPPROTO_IP, IP_RECVTOS, 1},        {IPPROTO_IP, IP_PKTINFO, 1},      {IPPROTO_IP, IP_RECVERR, 1},
    {IPPROTO_IP, IP_MTU_DISCOVER, 2},   {IPPROTO_IP, IP_MTU, 2},          {IPPROTO_IP, IP_MULTICAST_TTL, 3},
    {IPPROTO_IP, IP_MULTICAST_LOOP, 0}, {IPPROTO_IP, IP_MULTICAST_ALL, 0},
};

static const int tcp[][3] = {
    {IPPROTO_TCP, TCP_NODELAY, 1},     {IPPROTO_TCP, TCP_MAXSEG, 1000},     {IPPROTO_TCP, TCP_CORK, 1},
    {IPPROTO_TCP, TCP_CORK, 0},        {IPPROTO_TCP, TCP_KEEPIDLE, 100},    {IPPROTO_TCP, TCP_KEEPINTVL, 10},
    {IPPROTO_TCP, TCP_KEEPCNT, 4},     {IPPROTO_TCP, TCP_SYNCNT, 3},        {IPPROTO_TCP, TCP_LINGER2, 20},
    {IPPROTO_TCP, TCP_QUICKACK, 0},    {IPPROTO_TCP, TCP_USER_TIMEOUT, 99}, {IPPROTO_TCP, TCP_FASTOPEN, 5},
    {IPPROTO_TCP, TCP_KEEPIDLE, 0},    {IPPROTO_TCP, TCP_DEFER_ACCEPT, 1},  {IPPROTO_TCP, 9999, 1},
    {IPPROTO_TCP, TCP_NOTSENT_LOWAT, 4096},
};

static const int six[][3] = {
    {IPPROTO_IPV6, IPV6_V6ONLY, 1},         {IPPROTO_IPV6, IPV6_UNICAST_HOPS, 9},   {IPPROTO_IPV6, IPV6_TCLASS, 8},
    {IPPROTO_IPV6, IPV6_RECVPKTINFO, 1},    {IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1},   {IPPROTO_IPV6, IPV6_RECVTCLASS, 1},
    {IPPROTO_IPV6, IPV6_RECVERR, 1},        {IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 4}, {IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0},
    {IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 999}, {IPPROTO_IPV6, IPV6_MULTICAST_IF, 1}, {IPPROTO_IPV6, IPV6_MULTICAST_IF, 99},
    {IPPROTO_IPV6, IPV6_MTU_DISCOVER, 2},   {IPPROTO_IPV6, IPV6_DONTFRAG, 1},
};

static void lengths_of_options(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0), value[4] = {1, 2, 3, 4};
    socklen_t length = 2;
    SHOW(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, value, 3));
    SHOW(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, value, sizeof value));
    SHOW(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, value, 1));
    SHOW(setsockopt(fd, IPPROTO_IP, IP_TOS, &(char){8}, 1));
    SHOW(number(fd, IPPROTO_IP, IP_TOS));
    SHOW(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, value, (socklen_t)-1));
    SHOW(getsockopt(fd, SOL_SOCKET, SO_TYPE, value, &length));
    SHOW(length);
    length = sizeof value;
    SHOW(getsockopt(fd, SOL_SOCKET, SO_TYPE, value, &length));
    SHOW(length);
    length = (socklen_t)-1;
    SHOW(getsockopt(fd, SOL_SOCKET, SO_TYPE, value, &length));
    struct timeval time = {2, 500000};
    SHOW(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time - 1));
    SHOW(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time));
    length = sizeof time;
    time = (struct timeval){0};
    SHOW(getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, &length));
    SHOW(time.tv_sec * 1000000 + time.tv_usec);
    close(fd);
}

static void names_of_devices(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t length = 16;
    SHOW(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 1));
    SHOW(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, buffer, &length));
    SHOW(length);
    length = 16;
    SHOW(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4));
    SHOW(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, buffer, &length));
    SHOW_TEXT(buffer);
    SHOW(length);
    SHOW(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "nosuch", 6));
    SHOW(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "", 0));
    close(fd);
}

static void lingering(void) {
    int pair[2], listener;
    struct linger linger = {1, 5}, found = {0};
    socklen_t length = sizeof found;
    tcp_pair(pair);
    SHOW(setsockopt(pair[0], SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
    SHOW(getsockopt(pair[0], SOL_SOCKET, SO_LINGER, &found, &length));
    SHOW(found.l_onoff * 100 + found.l_linger);
    SHOW(write(pair[0], "last words", 10));
    SHOW(close(pair[0]));
    SHOW(recv(pair[1], buffer, 100, MSG_WAITALL));
    close(pair[1]);
    tcp_pair(pair);
    linger.l_linger = 0;
    SHOW(setsockopt(pair[0], SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
    close(pair[0]);
    wait_for(pair[1], POLLIN);
    SHOW(recv(pair[1], buffer, 100, 0));
    close(pair[1]);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    SHOW(setsockopt(listener, SOL_SOCKET, SO_LINGER, &linger, 4));
    close(listener);
}

static void credentials(void) {
    struct ucred peer = {0};
    socklen_t length = sizeof peer;
    int pair[2], fd = socket(AF_INET, SOCK_STREAM, 0);
    SHOW(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    SHOW(getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &peer, &length));
    SHOW(peer.pid == getpid() && peer.uid == getuid() && peer.gid == getgid());
    SHOW(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length));
    SHOW(peer.pid);
    SHOW((int)peer.uid);
    SHOW(length);
    close(fd);
    close(pair[0]);
    close(pair[1]);
}

static void state_of_tcp(void) {
    int pair[2];
    struct tcp_info info;
    socklen_t length = sizeof info;
    tcp_pair(pair);
    write(pair[0], "12345", 5);
    SHOW(recv(pair[1], buffer, 5, MSG_WAITALL));
    memset(&info, 0, sizeof info);
    SHOW(getsockopt(pair[1], IPPROTO_TCP, TCP_INFO, &info, &length));
    SHOW(info.tcpi_state);
    SHOW(info.tcpi_bytes_received);
    SHOW(length >= 104);
    length = 1;
    SHOW(getsockopt(pair[1], IPPROTO_TCP, TCP_INFO, &info, &length));
    SHOW(length);
    close(pair[0]);
    close(pair[1]);
}

static void urgent_data(void) {
    int pair[2], count = -1;
    tcp_pair(pair);
    SHOW(send(pair[0], "ab", 2, 0));
    SHOW(send(pair[0], "!", 1, MSG_OOB));
    SHOW(send(pair[0], "cd", 2, 0));
    wait_for(pair[1], POLLPRI);
    int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLPRI}, found = {0};
    SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, pair[1], &event));
    SHOW(epoll_wait(epoll, &found, 1, 1000));
    SHOW(found.events);
    close(epoll);
    SHOW(ioctl(pair[1], SIOCATMARK, &count));
    SHOW(count);
    SHOW(recv(pair[1], buffer, 1, MSG_OOB | MSG_PEEK));
    SHOW(recv(pair[1], buffer, 1, MSG_OOB));
    SHOW(buffer[0]);
    SHOW(recv(pair[1], buffer, 1, MSG_OOB));
    SHOW(recv(pair[1], buffer, 10, 0));
    SHOW(sockatmark(pair[1]));
    SHOW(recv(pair[1], buffer, 2, MSG_WAITALL));
    SHOW(sockatmark(pair[1]));
    SHOW(set_number(pair[1], SOL_SOCKET, SO_OOBINLINE, 1));
    SHOW(send(pair[0], "?", 1, MSG_OOB));
    SHOW(recv(pair[1], buffer, 1, MSG_WAITALL));
    SHOW(recv(pair[1], buffer, 1, MSG_OOB));
    close(pair[0]);
    close(pair[1]);
    int datagrams = bound(SOCK_DGRAM);
    SHOW(sendto(datagrams, "x", 1, MSG_OOB, any(&address), sizeof address));
    SHOW(recv(datagrams, buffer, 1, MSG_OOB | MSG_DONTWAIT));
    SHOW(ioctl(datagrams, SIOCATMARK, &count));
    close(datagrams);
}

static void amounts(void) {
    int pair[2], local[2], count = -1;
    tcp_pair(pair);
    SHOW(write(pair[0], "12345", 5));
    wait_for(pair[1], POLLIN);
    SHOW(ioctl(pair[1], FIONREAD, &count));
    SHOW(count);
    SHOW(ioctl(pair[1], TIOCOUTQ, &count));
    SHOW(count);
    close(pair[0]);
    close(pair[1]);
    SHOW(socketpair(AF_UNIX, SOCK_STREAM, 0, local));
    SHOW(write(local[0], "123", 3));
    SHOW(ioctl(local[0], TIOCOUTQ, &count));
    SHOW(count > 0);
    SHOW(ioctl(local[0], SIOCATMARK, &count) == 0 || errno == ENOTTY || errno == EINVAL);
    close(local[0]);
    close(local[1]);
}

static void half_closed(void) {
    int pair[2];
    tcp_pair(pair);
    SHOW(shutdown(pair[0], SHUT_WR));
    SHOW(recv(pair[1], buffer, 10, 0));
    SHOW(send(pair[1], "back", 4, 0));
    SHOW(recv(pair[0], buffer, 4, MSG_WAITALL));
    SHOW(send(pair[0], "x", 1, MSG_NOSIGNAL));
    wait_for(pair[1], POLLRDHUP);
    SHOW(shutdown(pair[1], SHUT_RD));
    SHOW(shutdown(pair[1], 7));
    SHOW(shutdown(pair[1], SHUT_RDWR));
    close(pair[0]);
    close(pair[1]);
}

static void connecting(void) {
    struct sockaddr nothing = {.sa_family = AF_UNSPEC};
    struct sockaddr_storage padded = {0};
    socklen_t length = sizeof padded;
    int pair[2], fd = socket(AF_INET, SOCK_STREAM, 0);
    SHOW(getpeername(fd, any(&padded), &length));
    SHOW(recv(fd, buffer, 1, 0));
    SHOW(shutdown(fd, SHUT_RDWR));
    SHOW(accept(fd, NULL, NULL));
    SHOW(connect(fd, any(&address), 3));
    SHOW(connect(fd, any(&second), sizeof second));
    close(fd);
    tcp_pair(pair);
    SHOW(connect(pair[0], any(&address), sizeof address));
    length = sizeof padded;
    SHOW(getpeername(pair[0], any(&padded), &length));
    SHOW(length);
    length = 4;
    SHOW(getpeername(pair[0], any(&padded), &length));
    SHOW(length);
    SHOW(connect(pair[0], &nothing, sizeof nothing));
    length = sizeof padded;
    SHOW(getpeername(pair[0], any(&padded), &length));
    close(pair[0]);
    close(pair[1]);
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    memcpy(&padded, &address, sizeof address);
    SHOW(connect(fd, any(&padded), sizeof padded));
    SHOW(connect(fd, any(&padded), sizeof padded + 1));
    length = sizeof padded;
    SHOW(getpeername(fd, any(&padded), &length));
    SHOW(connect(fd, &nothing, sizeof nothing));
    SHOW(getpeername(fd, any(&padded), &length));
    SHOW(send(fd, "x", 1, 0));
    close(fd);
}

static void packets(void) {
    int pair[2];
    struct iovec part = {buffer, 4};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    SHOW(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
    SHOW(number(pair[0], SOL_SOCKET, SO_TYPE));
    SHOW(send(pair[0], "one", 3, MSG_EOR));
    SHOW(send(pair[0], "second", 6, 0));
    SHOW(recv(pair[1], buffer, 100, 0));
    SHOW(recvmsg(pair[1], &message, MSG_CMSG_CLOEXEC));
    SHOW(message.msg_flags);
    close(pair[0]);
    SHOW(recv(pair[1], buffer, 100, 0));
    close(pair[1]);
    SHOW(socketpair(AF_UNIX, SOCK_RAW, 0, pair));
    SHOW(socketpair(AF_UNIX, 7, 0, pair));
    SHOW(socketpair(AF_INET, SOCK_STREAM, 0, pair));
}

/* Control messages, in the order of their kinds. */
static void show_controls(struct msghdr *message) {
    for (struct cmsghdr *each = CMSG_FIRSTHDR(message); each; each = CMSG_NXTHDR(message, each)) {
        printf("control %d %d, %d bytes\n", each->cmsg_level, each->cmsg_type, (int)each->cmsg_len);
        if (each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_TTL)
            SHOW(*(int *)CMSG_DATA(each));
        if (each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_TOS)
            SHOW(*CMSG_DATA(each));
        const struct in_pktinfo *info = (struct in_pktinfo *)CMSG_DATA(each);
        if (each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_PKTINFO)
            SHOW(info->ipi_ifindex == 1 && info->ipi_addr.s_addr == htonl(INADDR_LOOPBACK));
        if (each->cmsg_level == SOL_SOCKET && each->cmsg_type == SO_TIMESTAMP)
            SHOW(((struct timeval *)CMSG_DATA(each))->tv_sec > 1700000000);
    }
}

static struct cmsghdr *put_control(struct msghdr *message, int level, int type, const void *data, unsigned size) {
    struct cmsghdr *control = message->msg_control;
    memset(control, 0, CMSG_SPACE(size));
    *control = (struct cmsghdr){.cmsg_level = level, .cmsg_type = type, .cmsg_len = CMSG_LEN(size)};
    memcpy(CMSG_DATA(control), data, size);
    message->msg_controllen = CMSG_SPACE(size);
    return control;
}

static void control_messages(void) {
    static _Alignas(8) char room[400];
    int fd = bound(SOCK_DGRAM), ttl = 77, tos = 0x20;
    struct sockaddr_in from;
    struct iovec part = {buffer, 10};
    struct msghdr to = {.msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &part, .msg_iovlen = 1,
                        .msg_control = room};
    struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &part, .msg_iovlen = 1,
                             .msg_control = room, .msg_controllen = sizeof room};
    SHOW(set_number(fd, IPPROTO_IP, IP_PKTINFO, 1));
    SHOW(set_number(fd, IPPROTO_IP, IP_RECVTTL, 1));
    SHOW(set_number(fd, IPPROTO_IP, IP_RECVTOS, 1));
    SHOW(set_number(fd, SOL_SOCKET, SO_TIMESTAMP, 1));
    put_control(&to, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
    SHOW(sendmsg(fd, &to, 0));
    SHOW(recvmsg(fd, &message, 0));
    SHOW(message.msg_flags);
    SHOW(message.msg_controllen);
    show_controls(&message);
    put_control(&to, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
    SHOW(sendmsg(fd, &to, 0));
    message.msg_controllen = 40;
    SHOW(recvmsg(fd, &message, 0));
    SHOW(message.msg_flags);
    SHOW(message.msg_controllen);
    struct in_pktinfo info = {.ipi_spec_dst = address.sin_addr};
    put_control(&to, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    SHOW(sendmsg(fd, &to, 0));
    message.msg_control = NULL;
    SHOW(recvmsg(fd, &message, 0));
    SHOW(message.msg_flags);
    info.ipi_ifindex = 1;
    put_control(&to, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    SHOW(sendmsg(fd, &to, 0));
    SHOW(recv(fd, buffer, 10, 0));
    put_control(&to, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl)->cmsg_len = 3;
    SHOW(sendmsg(fd, &to, 0));
    put_control(&to, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl)->cmsg_len = 3000;
    SHOW(sendmsg(fd, &to, 0));
    ttl = 0;
    put_control(&to, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
    SHOW(sendmsg(fd, &to, 0));
    to.msg_controllen = to.msg_namelen = 0;
    SHOW(sendmsg(fd, &to, 0));
    SHOW(connect(fd, any(&address), sizeof address));
    SHOW(sendmsg(fd, &to, 0));
    close(fd);
}

/* An ICMP message about a port where nobody listens. */
static void error_queue(void) {
    static _Alignas(8) char room[400];
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in name;
    struct iovec part = {buffer, 10};
    struct msghdr message = {.msg_name = &name, .msg_namelen = sizeof name, .msg_iov = &part, .msg_iovlen = 1,
                             .msg_control = room, .msg_controllen = sizeof room};
    SHOW(recvmsg(fd, &message, MSG_ERRQUEUE));
    SHOW(set_number(fd, IPPROTO_IP, IP_RECVERR, 1));
    SHOW(sendto(fd, "lost", 4, 0, any(&second), sizeof second));
    wait_for(fd, POLLERR);
    SHOW(recvmsg(fd, &message, MSG_ERRQUEUE));
    SHOW(message.msg_flags);
    SHOW(memcmp(&name, &second, 8));
    show_controls(&message);
    SHOW(recvmsg(fd, &message, MSG_ERRQUEUE));
    close(fd);
}

static void many_messages(void) {
    static char rooms[5][8];
    struct iovec parts[5];
    struct mmsghdr messages[5];
    struct timespec timeout = {5, 0};
    int fd = bound(SOCK_DGRAM), sender = socket(AF_INET, SOCK_DGRAM, 0);
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < 5; i++) {
        parts[i] = (struct iovec){rooms[i], (size_t)i};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    SHOW(sendmmsg(sender, messages, 5, 0));
    SHOW(connect(sender, any(&address), sizeof address));
    SHOW(sendmmsg(sender, messages, 0, 0));
    SHOW(sendmmsg(sender, messages, 5, 0));
    SHOW(messages[3].msg_len);
    for (int i = 0; i < 5; i++)
        parts[i].iov_len = 2;
    SHOW(recvmmsg(fd, messages, 3, 0, NULL));
    SHOW(messages[2].msg_len);
    SHOW(recvmmsg(fd, messages, 5, MSG_WAITFORONE, NULL));
    SHOW(messages[0].msg_len * 10 + messages[1].msg_len);
    SHOW(messages[1].msg_hdr.msg_flags);
    SHOW(recvmmsg(fd, messages, 5, MSG_DONTWAIT, NULL));
    SHOW(send(sender, "x", 1, 0));
    SHOW(recvmmsg(fd, messages, 5, MSG_DONTWAIT, &timeout));
    SHOW(timeout.tv_sec < 5);
    SHOW(send(sender, "x", 1, 0));
    timeout = (struct timespec){0, 0};
    SHOW(recvmmsg(fd, messages, 5, 0, &timeout));
    timeout = (struct timespec){0, 1000000000};
    SHOW(recvmmsg(fd, messages, 5, 0, &timeout));
    SHOW(recvmmsg(0, messages, 5, 0, NULL));
    SHOW(recvmmsg(999, messages, 5, 0, NULL));
    /* The second is too long. */
    parts[1] = (struct iovec){buffer, sizeof buffer};
    SHOW(sendmmsg(sender, messages, 3, 0));
    SHOW(recv(fd, buffer, 10, MSG_DONTWAIT));
    SHOW(recv(fd, buffer, 10, MSG_DONTWAIT));
    close(fd);
    close(sender);
}

static void groups(void) {
    struct ip_mreq member = {.imr_interface = {htonl(INADDR_LOOPBACK)}};
    struct ip_mreqn by_index = {.imr_ifindex = 1};
    struct group_req both = {.gr_interface = 1};
    struct sockaddr_in group = address;
    int fd = socket(AF_INET, SOCK_DGRAM, 0), sender = socket(AF_INET, SOCK_DGRAM, 0), one = 1;
    struct in_addr interface = {htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof interface;
    inet_pton(AF_INET, "239.7.7.7", &group.sin_addr);
    member.imr_multiaddr = by_index.imr_multiaddr = group.sin_addr;
    memcpy(&both.gr_group, &group, sizeof group);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    SHOW(bind(fd, any(&group), sizeof group));
    SHOW(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &member, sizeof member));
    SHOW(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &member, sizeof member));
    SHOW(setsockopt(sender, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof interface));
    interface.s_addr = 0;
    SHOW(getsockopt(sender, IPPROTO_IP, IP_MULTICAST_IF, &interface, &length));
    SHOW(ntohl(interface.s_addr));
    SHOW(sendto(sender, "all", 3, 0, any(&group), sizeof group));
    wait_for(fd, POLLIN);
    SHOW(recv(fd, buffer, 10, 0));
    SHOW(setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &member, sizeof member));
    SHOW(setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &member, sizeof member));
    SHOW(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &by_index, sizeof by_index));
    SHOW(setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &by_index, sizeof by_index));
    SHOW(setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &both, sizeof both));
    SHOW(setsockopt(fd, IPPROTO_IP, MCAST_LEAVE_GROUP, &both, sizeof both));
    SHOW(setsockopt(fd, IPPROTO_IP, MCAST_LEAVE_GROUP, &both, 8));
    by_index.imr_ifindex = 99;
    SHOW(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &by_index, sizeof by_index));
    SHOW(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &member, 4));
    member.imr_multiaddr.s_addr = htonl(INADDR_LOOPBACK);
    SHOW(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &member, sizeof member));
    close(fd);
    close(sender);
}

/* --- Netlink */

struct header {
    unsigned length;
    unsigned short type, flags;
    unsigned sequence, port;
};
struct name {
    unsigned short family, pad;
    unsigned port, groups;
};

struct request {
    struct header header;
    unsigned char family;
    char rest[15];
};

static long ask(int fd, unsigned short type, unsigned short flags, unsigned size, int family) {
    struct request request = {{size, type, flags, 42, 0}, (unsigned char)family, {0}};
    return send(fd, &request, size < sizeof request ? size : sizeof request, 0);
}

/* Whether the answers name the loopback interface by a message of this type, and how they end. */
static void show_answers(int fd, unsigned short type) {
    int loopback = 0;
    for (;;) {
        static _Alignas(8) char answer[65536];
        long length = recv(fd, answer, sizeof answer, 0);
        struct header *each = (struct header *)answer;
        for (; length >= 16 && each->length >= 16 && each->length <= length;) {
            if (each->type == 2 || each->type == 3) {
                SHOW(loopback);
                SHOW(each->type);
                SHOW(each->sequence);
                SHOW(each->length > 16 ? *(int *)(each + 1) : -1);
                return;
            }
            loopback |= each->type == type && each->sequence == 42;
            length -= (each->length + 3) & ~3u;
            each = (struct header *)((char *)each + ((each->length + 3) & ~3u));
        }
        if (length < 0)
            return;
    }
}

static void netlink(void) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0), other = socket(AF_NETLINK, SOCK_DGRAM, 0);
    struct name name = {.family = AF_NETLINK}, found = {0};
    struct pollfd one = {fd, POLLIN | POLLOUT, 0};
    socklen_t length = sizeof found;
    SHOW(fd >= 0 && other >= 0);
    SHOW(socket(AF_NETLINK, SOCK_STREAM, 0));
    SHOW(socket(AF_NETLINK, SOCK_RAW, 99));
    SHOW(bind(fd, any(&name), 4));
    SHOW(bind(fd, any(&address), sizeof address));
    SHOW(getsockname(fd, any(&found), &length));
    SHOW(found.family * 100 + (int)length);
    SHOW(found.port);
    name.groups = 0x11;
    SHOW(bind(fd, any(&name), sizeof name));
    SHOW(getsockname(fd, any(&found), &length));
    SHOW(found.port == (unsigned)getpid());
    SHOW(found.groups);
    name.port = found.port;
    SHOW(bind(other, any(&name), sizeof name));
    name.port = found.port + 1;
    SHOW(bind(fd, any(&name), sizeof name));
    SHOW(getpeername(fd, any(&found), &length));
    SHOW(listen(fd, 1));
    SHOW(shutdown(fd, SHUT_RD));
    SHOW(poll(&one, 1, 0));
    SHOW(one.revents);
    SHOW(recv(fd, buffer, 10, MSG_DONTWAIT));
    SHOW(ask(fd, 18, 0x301, 20, AF_UNSPEC));
    SHOW(poll(&one, 1, 0));
    SHOW(one.revents);
    SHOW(recv(fd, buffer, 1, MSG_PEEK | MSG_TRUNC) > 100);
    show_answers(fd, 16);
    SHOW(ask(fd, 22, 0x301, 20, AF_INET));
    show_answers(fd, 20);
    SHOW(ask(fd, 22, 0x301, 32, AF_INET6));
    show_answers(fd, 20);
    SHOW(ask(fd, 26, 0x301, 32, AF_INET));
    show_answers(fd, 24);
    SHOW(ask(fd, 16 + 98, 1, 20, 0)); /* there is none */
    show_answers(fd, 0);
    SHOW(ask(fd, 18, 1, 32, 0)); /* neither index nor name */
    show_answers(fd, 0);
    SHOW(ask(fd, 3, 5, 20, 0)); /* wants to be acknowledged */
    show_answers(fd, 0);
    SHOW(ask(fd, 18, 0, 20, 0)); /* no request */
    SHOW(ask(fd, 18, 0x301, 8, 0));
    SHOW(recv(fd, buffer, 10, MSG_DONTWAIT));
    SHOW(number(fd, SOL_SOCKET, SO_DOMAIN));
    SHOW(number(other, SOL_SOCKET, SO_TYPE));
    SHOW(set_number(fd, 270, 1, 5));
    SHOW(set_number(fd, 270, 2, 5));
    SHOW(set_number(fd, 270, 1, 9999));
    SHOW(set_number(fd, 270, 10, 1));
    SHOW(number(fd, 270, 10));
    SHOW(set_number(fd, 270, 5, 1));
    SHOW(set_number(fd, 270, 77, 1));
    close(fd);
    close(other);
}

static void *receive(void *descriptor) {
    return (void *)recv(*(int *)descriptor, buffer, sizeof buffer, 0);
}

/* One link by its index or name, and the way to an address. */
static void single_answers(void) {
    struct {
        struct header header;
        unsigned char family, bytes[15];
        unsigned short length, type;
        char value[16];
    } request = {{36, 18, 1, 42, 0}, 0, {0}, 6, 3, "lo"};
    static _Alignas(8) char answer[65536];
    const struct header *header = (struct header *)answer;
    const int *words = (int *)answer;
    int fd = socket(AF_NETLINK, SOCK_RAW, 0);
    request.header.length = 16 + 16 + 8;
    request.length = 7;
    SHOW(send(fd, &request, request.header.length, 0));
    SHOW(recv(fd, answer, sizeof answer, 0) > 32);
    SHOW(header->type * 10 + words[5]); /* the index */
    SHOW(header->flags);
    request.header.length = 32;
    request.bytes[3] = 1;
    SHOW(send(fd, &request, request.header.length, 0));
    SHOW(recv(fd, answer, sizeof answer, 0) > 32);
    SHOW(header->type * 10 + words[5]);
    request.bytes[4] = 99;
    SHOW(send(fd, &request, request.header.length, 0));
    SHOW(recv(fd, answer, sizeof answer, 0) > 32);
    SHOW(header->type * 1000 + words[4]);
    memset(&request.family, 0, 16);
    request.header.type = 26;
    request.family = AF_INET;
    request.bytes[0] = 32;
    request.bytes[11] = 0;
    unsigned short *attribute = (unsigned short *)((char *)&request + 28);
    attribute[0] = 8;
    attribute[1] = 1;
    memcpy((char *)&request + 32, &address.sin_addr, 4);
    request.header.length = 36;
    SHOW(send(fd, &request, request.header.length, 0));
    SHOW(recv(fd, answer, sizeof answer, 0) > 28);
    SHOW(header->type);
    SHOW(answer[16] * 1000 + (unsigned char)answer[23]); /* family and kind */
    close(fd);
}

/* Others make it ready: a thread that waits for it is told, and so is an epoll set. */
static void netlink_wakes(void) {
    int fd = socket(AF_NETLINK, SOCK_RAW, 0), epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET}, found = {0};
    struct timeval time = {0, 1000};
    pthread_t thread;
    void *result;
    SHOW(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time));
    SHOW(recv(fd, buffer, 10, 0));
    time.tv_usec = 0;
    SHOW(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time));
    SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
    SHOW(epoll_wait(epoll, &found, 1, 0));
    pthread_create(&thread, NULL, receive, &fd);
    SHOW(ask(fd, 3, 5, 20, 0));
    pthread_join(thread, &result);
    SHOW(result);
    SHOW(ask(fd, 3, 5, 20, 0));
    SHOW(epoll_wait(epoll, &found, 1, 10000));
    SHOW(found.events);
    close(epoll);
    close(fd);
}

static void interfaces(void) {
    struct ifaddrs *all = NULL;
    int found = 0, fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq request = {.ifr_name = "lo"};
    struct ifconf list = {.ifc_len = sizeof buffer, .ifc_buf = buffer};
    char name[IF_NAMESIZE];
    SHOW(getifaddrs(&all));
    for (struct ifaddrs *each = all; each; each = each->ifa_next)
        if (!strcmp(each->ifa_name, "lo") && each->ifa_addr && each->ifa_addr->sa_family == AF_INET) {
            found++;
            SHOW(ntohl(((struct sockaddr_in *)(void *)each->ifa_addr)->sin_addr.s_addr));
            SHOW(ntohl(((struct sockaddr_in *)(void *)each->ifa_netmask)->sin_addr.s_addr));
            SHOW(each->ifa_flags & (IFF_UP | IFF_LOOPBACK | IFF_RUNNING | IFF_MULTICAST));
        }
    SHOW(found);
    freeifaddrs(all);
    SHOW(if_nametoindex("lo"));
    SHOW(if_nametoindex("nosuch"));
    SHOW_TEXT(if_indextoname(1, name));
    SHOW(if_indextoname(9999, name) != NULL);
    struct if_nameindex *names = if_nameindex();
    SHOW(names && names[0].if_index == 1 && !strcmp(names[0].if_name, "lo"));
    if_freenameindex(names);
    SHOW(ioctl(fd, SIOCGIFCONF, &list));
    SHOW(list.ifc_len >= (int)sizeof request && !strcmp(list.ifc_req->ifr_name, "lo"));
    list.ifc_len = sizeof request - 1;
    SHOW(ioctl(fd, SIOCGIFCONF, &list));
    SHOW(list.ifc_len);
    SHOW(ioctl(fd, SIOCGIFADDR, &request));
    SHOW(ntohl(((struct sockaddr_in *)(void *)&request.ifr_addr)->sin_addr.s_addr));
    SHOW(ioctl(fd, SIOCGIFNETMASK, &request));
    SHOW(ntohl(((struct sockaddr_in *)(void *)&request.ifr_addr)->sin_addr.s_addr));
    SHOW(ioctl(fd, SIOCGIFFLAGS, &request));
    SHOW(request.ifr_flags & (IFF_UP | IFF_LOOPBACK | IFF_RUNNING));
    SHOW(ioctl(fd, SIOCGIFMTU, &request));
    SHOW(request.ifr_mtu);
    SHOW(ioctl(fd, SIOCGIFHWADDR, &request));
    SHOW(request.ifr_hwaddr.sa_family);
    strcpy(request.ifr_name, "nosuch");
    SHOW(ioctl(fd, SIOCGIFADDR, &request));
    SHOW(ioctl(fd, SIOCGIFINDEX, &request));
    SHOW(ioctl(fd, 0x89ff, &request) == -1);
    close(fd);
}

/* --- Names */

static void look_up(const char *host, const char *service, int flags, int family) {
    struct addrinfo hints = {.ai_flags = flags, .ai_family = family, .ai_socktype = SOCK_STREAM}, *found = NULL;
    printf("%s %s %d:\n", host ? host : "-", service ? service : "-", flags);
    int error = getaddrinfo(host, service, &hints, &found);
    SHOW(error);
    for (struct addrinfo *each = error ? NULL : found; each; each = each->ai_next) {
        char text[80], port[20];
        error = getnameinfo(each->ai_addr, each->ai_addrlen, text, sizeof text, port, sizeof port,
                            NI_NUMERICHOST | NI_NUMERICSERV);
        SHOW(error);
        printf("  %s %s\n", text, port);
    }
    if (found)
        freeaddrinfo(found);
}

static void names(void) {
    look_up("127.0.0.1", "80", AI_NUMERICHOST, 0);
    look_up("localhost", "https", 0, AF_INET);
    look_up("localhost", NULL, AI_ADDRCONFIG, AF_INET);
    look_up("::1", "http", AI_ADDRCONFIG, AF_INET6);
    look_up(NULL, "5000", AI_PASSIVE, AF_INET);
    look_up("nohost.invalid", NULL, AI_NUMERICHOST, 0);
    look_up(NULL, "nosuchservice", 0, AF_INET);
    struct servent *service = getservbyname("domain", "udp");
    SHOW(service ? ntohs(service->s_port) : -1);
    struct protoent *protocol = getprotobyname("udp");
    SHOW(protocol ? protocol->p_proto : -1);
}

int main(int argc, char **argv) {
    if (argc < 2)
        return 2;
    address.sin_family = AF_INET;
    address.sin_port = htons(atoi(argv[1]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    second = address;
    second.sin_port = htons(atoi(argv[1]) + 1);
    kinds();
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    try_options(fd, general, COUNT(general));
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    try_options(fd, general, COUNT(general));
    try_options(fd, tcp, COUNT(tcp));
    close(fd);
    fd = socket(AF_INET6, SOCK_DGRAM, 0);
    try_options(fd, six, COUNT(six));
    close(fd);
    lengths_of_options();
    names_of_devices();
    lingering();
    credentials();
    state_of_tcp();
    urgent_data();
    amounts();
    half_closed();
    connecting();
    packets();
    control_messages();
    error_queue();
    many_messages();
    groups();
    netlink();
    single_answers();
    netlink_wakes();
    interfaces();
    names();
    return 0;
}
