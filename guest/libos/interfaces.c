/* Interfaces: `lo`, which everybody has, and `eth0`, whose addresses are those that the host would send from. A datagram
 * socket that is connected tells them, and sends nothing. */
#include "interfaces.h"

#include <errno.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include "socket.h"

#define USUAL_MTU 1500
#define LOOPBACK_MTU 65536
#define PROBE_PORT 53 /* what is granted to whoever may ask for names only */

union address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
};

/* The name that the host gives a socket connected to `to`, and the route's size of packets. 0 or -errno. */
static long probe(const union address *to, union address *name, uint32_t *mtu) {
    bool four = to->any.sa_family == AF_INET;
    uint32_t length = four ? sizeof to->four : sizeof to->six, size = sizeof *name, number_size = sizeof *mtu;
    uint64_t option = four ? (uint64_t)IPPROTO_IP << 32 | IP_MTU : (uint64_t)IPPROTO_IPV6 << 32 | IPV6_MTU;
    long handle = orc_hostcall(ORC_SOCKET, to->any.sa_family, SOCK_DGRAM, 1, 0, 0);
    if (handle < 0)
        return handle;
    long error = orc_hostcall(ORC_SOCKET_CONNECT, handle, (long)to, length, 0, 0);
    if (!error)
        error = orc_hostcall(ORC_SOCKET_NAME, handle, 0, (long)name, (long)&size, 0);
    if (!error)
        orc_hostcall(ORC_SOCKET_OPTION_GET, handle, (long)option, (long)mtu, (long)&number_size, 0);
    orc_hostcall(ORC_CLOSE, handle, 0, 0, 0, 0);
    return error;
}

/* Without a grant to ask, the host's loopback interface is taken to have both addresses. */
static bool has_loopback6(void) {
    union address name,
        to = {.six = {.sin6_family = AF_INET6, .sin6_port = htons(PROBE_PORT), .sin6_addr = IN6ADDR_LOOPBACK_INIT}};
    uint32_t mtu;
    long error = probe(&to, &name, &mtu);
    return error != -EADDRNOTAVAIL && error != -EAFNOSUPPORT && error != -ENETUNREACH;
}

static void fill_loopback(struct interface *interface) {
    *interface = (struct interface){.name = "lo",
                                    .index = INTERFACE_LOOPBACK,
                                    .flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING,
                                    .mtu = LOOPBACK_MTU,
                                    .type = ARPHRD_LOOPBACK,
                                    .has4 = true,
                                    .has6 = has_loopback6(),
                                    .prefix4 = 8,
                                    .prefix6 = 128,
                                    .address4 = {htonl(INADDR_LOOPBACK)},
                                    .address6 = IN6ADDR_LOOPBACK_INIT};
}

/* By the way to addresses that are nobody's. */
static bool fill_outer(struct interface *interface) {
    const union address four = {.four = {.sin_family = AF_INET,
                                         .sin_port = htons(PROBE_PORT),
                                         .sin_addr = {htonl(0xc0000201)}}}; /* 192.0.2.1 */
    const union address six = {.six = {.sin6_family = AF_INET6,
                                       .sin6_port = htons(PROBE_PORT),
                                       .sin6_addr = {{{0x20, 0x01, 0x0d, 0xb8, [15] = 1}}}}};
    union address name;
    *interface = (struct interface){.name = "eth0",
                                    .index = INTERFACE_OUTER,
                                    .flags = IFF_UP | IFF_BROADCAST | IFF_RUNNING | IFF_MULTICAST,
                                    .mtu = USUAL_MTU,
                                    .type = ARPHRD_ETHER,
                                    .hardware = {2, 0, 0, 0, 0, INTERFACE_OUTER},
                                    .prefix4 = 32,
                                    .prefix6 = 128};
    if (probe(&six, &name, &interface->mtu) == 0) {
        interface->has6 = !IN6_IS_ADDR_LOOPBACK(&name.six.sin6_addr);
        interface->address6 = name.six.sin6_addr;
    }
    if (probe(&four, &name, &interface->mtu) == 0) {
        interface->has4 = ntohl(name.four.sin_addr.s_addr) >> 24 != IN_LOOPBACKNET;
        interface->address4 = name.four.sin_addr;
    }
    return interface->has4 || interface->has6;
}

unsigned interfaces_find(struct interface found[INTERFACE_LAST]) {
    fill_loopback(&found[0]);
    return fill_outer(&found[1]) ? 2 : 1;
}

/* --- ioctl */

static const struct interface *by_name(const struct interface *all, unsigned count, const char *name) {
    for (unsigned i = 0; i < count; i++)
        if (!strncmp(all[i].name, name, IFNAMSIZ))
            return &all[i];
    return NULL;
}

static void set_address(struct sockaddr *to, in_addr_t address) {
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr = {address}};
    memcpy(to, &four, sizeof four);
}

/* As many as there is room for; without a buffer, the room that they need. */
static long list(struct ifconf *wanted, const struct interface *all, unsigned count) {
    struct ifreq *to = wanted->ifc_req;
    int room = wanted->ifc_len, used = 0;
    for (unsigned i = 0; i < count; i++) {
        if (!all[i].has4 || (to && room - used < (int)sizeof *to))
            continue;
        if (to) {
            memset(to, 0, sizeof *to);
            memcpy(to->ifr_name, all[i].name, IFNAMSIZ);
            set_address(&to++->ifr_addr, all[i].address4.s_addr);
        }
        used += (int)sizeof *to;
    }
    wanted->ifc_len = used;
    return 0;
}

static in_addr_t mask_of(unsigned prefix) {
    return prefix ? htonl(UINT32_MAX << (32 - prefix)) : 0;
}

static long ask_address(struct ifreq *request, unsigned long what, const struct interface *interface) {
    if (!interface->has4)
        return -EADDRNOTAVAIL;
    in_addr_t address = what == SIOCGIFNETMASK   ? mask_of(interface->prefix4)
                        : what == SIOCGIFBRDADDR ? INADDR_ANY
                                                 : interface->address4.s_addr;
    set_address(&request->ifr_addr, address);
    return 0;
}

static long ask(struct ifreq *request, unsigned long what, const struct interface *interface) {
    switch (what) {
    case SIOCGIFINDEX:
        request->ifr_ifindex = (int)interface->index;
        return 0;
    case SIOCGIFFLAGS:
        request->ifr_flags = (short)interface->flags;
        return 0;
    case SIOCGIFMTU:
        request->ifr_mtu = (int)interface->mtu;
        return 0;
    case SIOCGIFMETRIC:
        request->ifr_metric = 0;
        return 0;
    case SIOCGIFTXQLEN:
        request->ifr_qlen = 1000;
        return 0;
    case SIOCGIFMAP:
        memset(&request->ifr_map, 0, sizeof request->ifr_map);
        return 0;
    case SIOCGIFHWADDR:
        memset(&request->ifr_hwaddr, 0, sizeof request->ifr_hwaddr);
        request->ifr_hwaddr.sa_family = interface->type;
        memcpy(request->ifr_hwaddr.sa_data, interface->hardware, sizeof interface->hardware);
        return 0;
    default:
        return ask_address(request, what, interface);
    }
}

static long find_name(struct ifreq *request, const struct interface *all, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        if ((int)all[i].index == request->ifr_ifindex) {
            memcpy(request->ifr_name, all[i].name, IFNAMSIZ);
            return 0;
        }
    return -ENODEV;
}

enum group { ASKS, CHANGES, OTHER };

static enum group group_of(unsigned long request) {
    switch (request) {
    case SIOCGIFNAME:
    case SIOCGIFCONF:
    case SIOCGIFINDEX:
    case SIOCGIFFLAGS:
    case SIOCGIFMTU:
    case SIOCGIFMETRIC:
    case SIOCGIFTXQLEN:
    case SIOCGIFMAP:
    case SIOCGIFHWADDR:
    case SIOCGIFADDR:
    case SIOCGIFNETMASK:
    case SIOCGIFBRDADDR:
    case SIOCGIFDSTADDR:
        return ASKS;
    case SIOCSIFNAME:
    case SIOCSIFFLAGS:
    case SIOCSIFMTU:
    case SIOCSIFMETRIC:
    case SIOCSIFTXQLEN:
    case SIOCSIFMAP:
    case SIOCSIFHWADDR:
    case SIOCSIFHWBROADCAST:
    case SIOCSIFADDR:
    case SIOCSIFNETMASK:
    case SIOCSIFBRDADDR:
    case SIOCSIFDSTADDR:
    case SIOCADDMULTI:
    case SIOCDELMULTI:
    case SIOCADDRT:
    case SIOCDELRT:
    case SIOCSARP:
    case SIOCDARP:
        return CHANGES;
    default:
        return OTHER;
    }
}

long interface_control(unsigned long request, long argument) {
    struct interface all[INTERFACE_LAST];
    enum group group = group_of(request);
    if (group != ASKS)
        return group == CHANGES ? -EPERM : -ENOTTY;
    unsigned count = interfaces_find(all);
    struct ifreq *asked = (struct ifreq *)argument;
    if (request == SIOCGIFCONF)
        return list((struct ifconf *)argument, all, count);
    if (request == SIOCGIFNAME)
        return find_name(asked, all, count);
    asked->ifr_name[IFNAMSIZ - 1] = 0;
    const struct interface *found = by_name(all, count, asked->ifr_name);
    return found ? ask(asked, request, found) : -ENODEV;
}
