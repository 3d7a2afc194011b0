/* TCP and UDP on the loopback interface. The argument is a port that may be bound, with the next one. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "show.h"

static char buffer[200000];
static struct sockaddr_in address;

static struct sockaddr *any(void *pointer) {
    return pointer;
}

static int make_listener(void) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    SHOW(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one));
    SHOW(bind(fd, any(&address), sizeof address));
    SHOW(listen(fd, 16));
    return fd;
}

/* Echoes what three clients send, until all are gone. */
static void *serve(void *argument) {
    int listener = *(int *)argument, epoll = epoll_create1(0), left = 3;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    static char data[4096];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    while (left) {
        struct epoll_event events[4];
        int count = epoll_wait(epoll, events, 4, 5000);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                event.data.fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
                continue;
            }
            long got = read(fd, data, sizeof data);
            for (long done = 0; done < got;) {
                long n = write(fd, data + done, got - done);
                done += n > 0 ? n : 0;
            }
            if (got == 0) {
                close(fd);
                left--;
            }
        }
    }
    close(epoll);
    return NULL;
}

static int receive_all(int fd, char *to, int length) {
    int done = 0;
    for (long n; done < length && (n = recv(fd, to + done, length - done, 0)) > 0;)
        done += n;
    return done;
}

static void talk_to_server(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    socklen_t length = sizeof address;
    struct sockaddr_in name = {0};
    SHOW(connect(fd, any(&address), sizeof address));
    SHOW(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one));
    SHOW(getpeername(fd, any(&name), &length));
    SHOW(name.sin_port == address.sin_port && length == sizeof name);
    SHOW(getsockname(fd, any(&name), &length));
    SHOW(ntohl(name.sin_addr.s_addr));
    SHOW(send(fd, "hello", 5, 0));
    SHOW(receive_all(fd, buffer, 5));
    SHOW(memcmp(buffer, "hello", 5));
    struct iovec parts[2] = {{"scatter", 7}, {"gather", 6}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    SHOW(sendmsg(fd, &message, 0));
    SHOW(recv(fd, buffer, 13, MSG_WAITALL));
    parts[0] = (struct iovec){buffer, 3};
    parts[1] = (struct iovec){buffer + 100, 3};
    write(fd, "abcdef", 6);
    SHOW(recv(fd, buffer, 6, MSG_WAITALL | MSG_PEEK));
    SHOW(recvmsg(fd, &message, 0));
    SHOW(message.msg_flags);
    SHOW(buffer[100]);
    SHOW(shutdown(fd, SHUT_WR));
    SHOW(read(fd, buffer, 10));
    SHOW(send(fd, "x", 1, MSG_NOSIGNAL));
    close(fd);
}

static void non_blocking(void) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), error = -1;
    socklen_t length = sizeof error;
    struct pollfd one = {fd, POLLOUT, 0};
    int result = connect(fd, any(&address), sizeof address);
    SHOW(result == 0 || errno == EINPROGRESS);
    SHOW(poll(&one, 1, 5000));
    SHOW(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length));
    SHOW(error);
    SHOW(recv(fd, buffer, 1, 0));
    SHOW(connect(fd, any(&address), sizeof address));
    close(fd);
}

static void large_transfer(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    unsigned long sent = 0, received = 0, sum = 0;
    SHOW(connect(fd, any(&address), sizeof address));
    for (int round = 0; round < 20; round++) {
        memset(buffer, round, 100000);
        for (int done = 0; done < 100000;) {
            long n = write(fd, buffer + done, 4000);
            done += n;
            sent += n;
            received += receive_all(fd, buffer + 100000, n);
            for (int i = 0; i < n; i++)
                sum += buffer[100000 + i];
        }
    }
    SHOW(sent);
    SHOW(received);
    SHOW(sum);
    close(fd);
}

static void datagrams(void) {
    int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    SHOW(bind(a, any(&address), sizeof address));
    SHOW(sendto(b, "datagram", 8, 0, any(&address), sizeof address));
    SHOW(recvfrom(a, buffer, 4, MSG_TRUNC, any(&from), &length));
    SHOW(ntohl(from.sin_addr.s_addr));
    SHOW(length);
    SHOW(sendto(a, "answer", 6, 0, any(&from), length));
    SHOW(recv(b, buffer, 100, 0));
    SHOW(connect(b, any(&address), sizeof address));
    SHOW(send(b, "", 0, 0));
    SHOW(recv(a, buffer, 100, 0));
    SHOW(sendto(b, "x", 1, 0, NULL, 0));
    SHOW(recv(a, buffer, 100, MSG_DONTWAIT));
    SHOW(recv(a, buffer, 100, MSG_DONTWAIT));
    close(a);
    close(b);
}

static void mistakes(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0), value = 1;
    struct sockaddr_in nowhere = address;
    nowhere.sin_port = htons(ntohs(address.sin_port) + 1);
    SHOW(connect(fd, any(&nowhere), sizeof nowhere));
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    SHOW(send(fd, "x", 1, MSG_NOSIGNAL));
    SHOW(accept(fd, NULL, NULL));
    SHOW(bind(fd, any(&address), 3));
    SHOW(setsockopt(fd, SOL_SOCKET, 9999, &value, sizeof value));
    SHOW(socket(AF_INET, 77, 0));
    SHOW(socket(99, SOCK_STREAM, 0));
    SHOW(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
    SHOW(bind(0, any(&address), sizeof address));
    SHOW(connect(999, any(&address), sizeof address));
    SHOW(getpeername(fd, any(&nowhere), &(socklen_t){sizeof nowhere}));
    close(fd);
}

static void names(void) {
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;
    SHOW(getaddrinfo("localhost", "80", &hints, &found));
    SHOW(found != NULL && ntohl(((struct sockaddr_in *)(void *)found->ai_addr)->sin_addr.s_addr));
    if (found)
        freeaddrinfo(found);
}

int main(int argc, char **argv) {
    if (argc < 2)
        return 2;
    address.sin_family = AF_INET;
    address.sin_port = htons(atoi(argv[1]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = make_listener();
    pthread_t server;
    pthread_create(&server, NULL, serve, &listener);
    talk_to_server();
    non_blocking();
    large_transfer();
    pthread_join(server, NULL);
    close(listener);
    datagrams();
    mistakes();
    names();
    return 0;
}
