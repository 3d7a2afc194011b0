#include "network_option.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LONGEST 300

static unsigned complain(const char *option, const char *text, const char *what) {
    fprintf(stderr, "orc run: %s %s: %s\n", option, text, what);
    return 0;
}

static bool parse_port(const char **text, uint16_t *port) {
    char *end;
    if (**text < '0' || **text > '9')
        return false;
    unsigned long value = strtoul(*text, &end, 10);
    *text = end;
    *port = (uint16_t)value;
    return value <= 65535;
}

/* What holds every port holds those that the kernel may choose: 0 asks it to. */
static void include_choice(struct orc_network_grant *grant) {
    if (grant->first_port == 1 && grant->last_port == 65535)
        grant->first_port = 0;
}

static bool parse_ports(const char *text, struct orc_network_grant *grant) {
    if (strcmp(text, "*") == 0) {
        grant->first_port = 1;
        grant->last_port = 65535;
        return true;
    }
    if (!parse_port(&text, &grant->first_port))
        return false;
    grant->last_port = grant->first_port;
    if (*text == '-') {
        text++;
        if (!parse_port(&text, &grant->last_port))
            return false;
    }
    return *text == 0 && grant->first_port <= grant->last_port && (!grant->connect || grant->first_port > 0);
}

/* Takes the protocol off the front. */
static const char *parse_type(const char *text, int *type) {
    *type = 0;
    if (strncmp(text, "tcp:", 4) == 0)
        *type = SOCK_STREAM;
    else if (strncmp(text, "udp:", 4) == 0)
        *type = SOCK_DGRAM;
    return *type ? text + 4 : text;
}

/* Splits HOST:PORTS; HOST may stand in brackets. `host` is empty when there is none. */
static const char *split_host(const char *text, char host[LONGEST]) {
    const char *colon = strrchr(text, ':');
    host[0] = 0;
    if (!colon)
        return text;
    size_t length = (size_t)(colon - text);
    if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
        text++;
        length -= 2;
    }
    if (length == 0 || length >= LONGEST)
        return NULL;
    memcpy(host, text, length);
    host[length] = 0;
    return colon + 1;
}

static void set_address(struct orc_network_grant *grant, const struct sockaddr *address) {
    grant->family = address->sa_family;
    if (address->sa_family == AF_INET) {
        memcpy(grant->address, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
        grant->prefix = 32;
    } else {
        memcpy(grant->address, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
        grant->prefix = 128;
    }
}

/* A grant for each address of `host`, which may end in /PREFIX. */
static unsigned resolve(const char *option, const char *text, char *host, struct orc_network_grant base,
                        struct orc_network_grant grants[MAX_GRANTS_OF_OPTION]) {
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    char *slash = strchr(host, '/'), *end = NULL;
    unsigned long prefix = 0;
    unsigned count = 0;
    if (slash) {
        *slash = 0;
        prefix = strtoul(slash + 1, &end, 10);
        if (end == slash + 1 || *end != 0 || prefix == 0 || prefix > 128)
            return complain(option, text, "the part behind / isn't a number of bits");
    }
    int status = getaddrinfo(host, NULL, &hints, &found);
    if (status != 0)
        return complain(option, text, gai_strerror(status));
    for (const struct addrinfo *at = found; at && count < MAX_GRANTS_OF_OPTION; at = at->ai_next) {
        struct orc_network_grant grant = base;
        if (at->ai_family != AF_INET && at->ai_family != AF_INET6)
            continue;
        set_address(&grant, at->ai_addr);
        if (prefix > grant.prefix) {
            freeaddrinfo(found);
            return complain(option, text, "an IPv4 address has 32 bits");
        }
        if (prefix)
            grant.prefix = (unsigned)prefix;
        grants[count++] = grant;
    }
    freeaddrinfo(found);
    return count ? count : complain(option, text, "the host has no IPv4 or IPv6 address");
}

unsigned parse_listen(const char *text, struct orc_network_grant grants[MAX_GRANTS_OF_OPTION]) {
    struct orc_network_grant grant = {.connect = false};
    char host[LONGEST];
    const char *ports = split_host(parse_type(text, &grant.type), host);
    if (!ports || !parse_ports(ports, &grant))
        return complain("--listen", text,
                        "write [tcp:|udp:][ADDRESS:]PORT[-PORT], such as 7000, 127.0.0.1:7000-7099, or 0 for "
                        "ports that the kernel chooses");
    include_choice(&grant);
    if (host[0])
        return resolve("--listen", text, host, grant, grants);
    grants[0] = grant;
    return 1;
}

bool parse_publish(const char *text, struct orc_network_grant grants[MAX_GRANTS_OF_OPTION], unsigned *count,
                   struct orc_published *published) {
    const char *colon = strrchr(text, ':'), *guest = colon ? colon + 1 : "";
    char listen[LONGEST];
    *count = 0;
    if (colon && (size_t)(colon - text) < sizeof listen && parse_port(&guest, &published->guest) && !*guest &&
        published->guest > 0) {
        memcpy(listen, text, (size_t)(colon - text));
        listen[colon - text] = 0;
        *count = parse_listen(listen, grants);
        published->host = grants[0].first_port;
        if (*count == 0 || (grants[0].first_port == grants[0].last_port && published->host > 0))
            return *count > 0;
        *count = 0;
    }
    complain("--publish", text, "write [ADDRESS:]HOST:GUEST, such as 7000:6379 or 127.0.0.1:7000:6379");
    return false;
}

unsigned parse_connect(const char *text, struct orc_network_grant grants[MAX_GRANTS_OF_OPTION]) {
    struct orc_network_grant grant = {.connect = true, .first_port = 1, .last_port = 65535};
    char host[LONGEST];
    if (strcmp(text, "any") == 0) {
        grants[0] = grant;
        return 1;
    }
    const char *ports = split_host(parse_type(text, &grant.type), host);
    if (!ports || !parse_ports(ports, &grant) || !host[0])
        return complain(
            "--connect", text,
            "write any, or [tcp:|udp:]HOST[/PREFIX]:PORT[-PORT], such as localhost:6379 or 10.0.0.0/8:*");
    return resolve("--connect", text, host, grant, grants);
}

static int try_bind(const struct orc_network_grant *grant) {
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(grant->first_port)};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(grant->first_port)};
    bool is_six = grant->family == AF_INET6;
    int one = 1;
    memcpy(&six.sin6_addr, grant->address, 16);
    if (grant->family == AF_INET)
        memcpy(&four.sin_addr, grant->address, 4);
    int fd = socket(is_six ? AF_INET6 : AF_INET, (grant->type ? grant->type : SOCK_STREAM) | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return 0; /* no such family here: the guest will find out */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    int status = bind(fd, is_six ? (const struct sockaddr *)&six : (const struct sockaddr *)&four,
                      is_six ? sizeof six : sizeof four);
    /* Only listening finds another listener that set SO_REUSEADDR too. */
    if (status == 0 && grant->type != SOCK_DGRAM)
        status = listen(fd, 1);
    int code = status < 0 ? -errno : 0;
    close(fd);
    return code;
}

bool try_listen(const char *text, const struct orc_network_grant *grant) {
    if (grant->first_port != grant->last_port)
        return true;
    switch (try_bind(grant)) {
    case -EADDRINUSE:
        fprintf(stderr,
                "orc run: --listen %s: port %u is in use by another program; `ss -lntup 'sport = :%u'` names "
                "it\n",
                text, grant->first_port, grant->first_port);
        return false;
    case -EACCES:
        fprintf(stderr, "orc run: --listen %s: port %u is reserved for root; choose one from 1024 on\n", text,
                grant->first_port);
        return false;
    case -EADDRNOTAVAIL:
        fprintf(stderr, "orc run: --listen %s: this machine doesn't have that address\n", text);
        return false;
    default:
        return true;
    }
}
