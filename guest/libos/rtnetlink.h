/* Netlink's messages about interfaces, addresses and routes, as Linux defines them. */
#ifndef LIBOS_RTNETLINK_H
#define LIBOS_RTNETLINK_H

#include <stdint.h>

struct sockaddr_netlink {
    uint16_t family, pad;
    uint32_t port, groups;
};

/* Each message: this header, a structure of its type, attributes; all of them aligned. */
struct netlink_header {
    uint32_t length;
    uint16_t type, flags;
    uint32_t sequence, port;
};
#define NETLINK_ALIGN(length) (((length) + 3) & ~3u)

#define NETLINK_PROTOCOL_ROUTE 0
#define NETLINK_PROTOCOLS 32

/* Flags */
#define NETLINK_REQUEST 1
#define NETLINK_MULTI 2
#define NETLINK_ACKNOWLEDGE 4
#define NETLINK_CAPPED 0x100
#define NETLINK_DUMP 0x300

/* Types */
#define NETLINK_ERROR 2
#define NETLINK_DONE 3
#define ROUTE_FIRST 16 /* each group of four: new, delete, get, set */
#define ROUTE_LAST 123
#define ROUTE_NEW_LINK 16
#define ROUTE_NEW_ADDRESS 20
#define ROUTE_NEW_ROUTE 24
#define ROUTE_NEW_NEIGHBOUR 28
#define ROUTE_GET 2 /* of a group */

struct netlink_error {
    int error;
    struct netlink_header request;
};

/* Socket options */
#define SOL_NETLINK_OPTIONS 270
#define NETLINK_OPTION_ADD_MEMBERSHIP 1
#define NETLINK_OPTION_DROP_MEMBERSHIP 2
#define NETLINK_OPTION_PKTINFO 3
#define NETLINK_OPTION_BROADCAST_ERROR 4
#define NETLINK_OPTION_NO_ENOBUFS 5
#define NETLINK_OPTION_LISTEN_ALL 8
#define NETLINK_OPTION_MEMBERSHIPS 9
#define NETLINK_OPTION_CAP_ACK 10
#define NETLINK_OPTION_EXT_ACK 11
#define NETLINK_OPTION_STRICT 12
#define ROUTE_GROUPS 64 /* as many as can be joined */

struct route_attribute {
    uint16_t length, type;
};

struct route_link {
    uint8_t family, pad;
    uint16_t type;
    int32_t index;
    uint32_t flags, change;
};
#define LINK_ADDRESS 1
#define LINK_BROADCAST 2
#define LINK_NAME 3
#define LINK_MTU 4
#define LINK_QDISC 6
#define LINK_QUEUE_LENGTH 13
#define LINK_STATE 16
#define LINK_MODE 17
#define LINK_STATE_UNKNOWN 0
#define LINK_STATE_UP 6
#define LINK_LOWER_UP 0x10000 /* a flag of interfaces */

struct route_address {
    uint8_t family, prefix, flags, scope;
    uint32_t index;
};
#define ADDRESS_ADDRESS 1
#define ADDRESS_LOCAL 2
#define ADDRESS_LABEL 3
#define ADDRESS_CACHE 6
#define ADDRESS_FLAGS 8
#define ADDRESS_PERMANENT 0x80

struct route_address_cache {
    uint32_t preferred, valid, created, updated;
};

struct route_route {
    uint8_t family, destination_length, source_length, service, table, protocol, scope, type;
    uint32_t flags;
};
#define ROUTE_DESTINATION 1
#define ROUTE_OUTPUT 4
#define ROUTE_SOURCE 7
#define ROUTE_TABLE 15
#define TABLE_MAIN 254
#define TABLE_LOCAL 255
#define PROTOCOL_KERNEL 2
#define PROTOCOL_BOOT 3
#define SCOPE_UNIVERSE 0
#define SCOPE_LINK 253
#define SCOPE_HOST 254
#define ROUTE_UNICAST 1
#define ROUTE_LOCAL 2

#endif
