#include "service.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { BACKLOG = 16, PATIENCE = 30 }; // seconds without a byte from or to a client, after which it's given up

static int listen_on(uint16_t port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_ANY)};
    int on = 1;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0)
        return -1;
    if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, BACKLOG) == 0)
        return listener;
    int error = errno;
    close(listener);
    errno = error;
    return -1;
}

static int set_patience(int client) {
    struct timeval patience = {.tv_sec = PATIENCE};
    return setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
                   setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0
               ? 0
               : -1;
}

// The client must not take for a whole output what it has got so far: its next read fails.
static void break_off(int client) {
    struct linger at_once = {.l_onoff = 1};
    setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

int serve(const struct options *options, struct report *report) {
    int listener = listen_on(options->port);
    if (listener < 0) {
        fprintf(stderr, "transcode: listening on port %d: %s\n", options->port, strerror(errno));
        return 1;
    }
    for (int64_t done = 0; options->segments == 0 || done < options->segments; done++) {
        int client;
        do
            client = accept(listener, NULL, NULL);
        while (client < 0 && (errno == EINTR || errno == ECONNABORTED));
        if (client < 0 || set_patience(client) < 0) {
            fprintf(stderr, "transcode: accepting a client: %s\n", strerror(errno));
            return 1;
        }
        if (transcode_one(options, client, client, report) < 0)
            break_off(client);
        close(client);
    }
    close(listener);
    return 0;
}
