/* What a compartment may bind its sockets to and connect them to. */
#ifndef ORC_HOSTCALLS_NETWORK_H
#define ORC_HOSTCALLS_NETWORK_H

#include <netinet/in.h>

#include "../intravisor/intravisor.h"

/* An address in the form that grants are compared with: an IPv4 address that is mapped into IPv6 is an IPv4
 * address. */
struct network_address {
    int family;
    uint8_t address[16];
    uint16_t port;
    bool any; /* the unspecified address */
};

/* -EAFNOSUPPORT, -EINVAL: not an IPv4 or IPv6 address of exactly its length. */
int network_parse(struct network_address *parsed, const struct sockaddr_storage *address, uint64_t length);

bool network_allows(struct orc_compartment *compartment, bool connect, int type,
                    const struct network_address *address);

/* Does a grant to bind datagrams cover that address, whatever its ports? */
bool network_covers(struct orc_compartment *compartment, const struct network_address *address);

/* Does the compartment hold any grant for that type (0: of any kind at all)? */
bool network_has_grant(struct orc_compartment *compartment, bool connect, int type);

#endif
