/* The interfaces that the compartment is shown: they are made up, but their addresses are true. */
#ifndef LIBOS_INTERFACES_H
#define LIBOS_INTERFACES_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/* Their indices. The outer one stands for whatever the host routes by, and is there when datagrams may be sent out. */
#define INTERFACE_LOOPBACK 1
#define INTERFACE_OUTER 2
#define INTERFACE_LAST INTERFACE_OUTER

struct interface {
    char name[IFNAMSIZ];
    unsigned index, flags; /* IFF_ */
    uint32_t mtu;
    uint16_t type; /* ARPHRD_ */
    uint8_t hardware[6];
    bool has4, has6;
    uint8_t prefix4, prefix6;
    struct in_addr address4;
    struct in6_addr address6;
};

/* Those that there are now: how many. */
unsigned interfaces_find(struct interface found[INTERFACE_LAST]);

/* An index of the guest's for the host, where the outer interface has none: routing decides. And back. */
static inline unsigned interface_to_host(unsigned index) {
    return index == INTERFACE_LOOPBACK ? INTERFACE_LOOPBACK : 0;
}
static inline unsigned interface_from_host(unsigned index) {
    return index > INTERFACE_LOOPBACK ? INTERFACE_OUTER : index;
}

#pragma GCC visibility pop

#endif
