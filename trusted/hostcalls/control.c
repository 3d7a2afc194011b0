/* Control messages of sockets: which ones a guest may send and get. Descriptors and credentials aren't among them. */
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <string.h>

#include "socket.h"

#define LOOPBACK_INDEX 1 /* of the loopback interface, in every network name space */

/* A level, a type, and the sizes that its data may have. */
struct message_kind {
    int level, type;
    size_t smallest, largest;
};

#define EXACTLY(type) sizeof(type), sizeof(type)
static const struct message_kind sent[] = {
    {IPPROTO_IP, IP_PKTINFO, EXACTLY(struct in_pktinfo)},
    {IPPROTO_IP, IP_TTL, EXACTLY(int)},
    {IPPROTO_IP, IP_TOS, 1, sizeof(int)},
    {IPPROTO_IPV6, IPV6_PKTINFO, EXACTLY(struct in6_pktinfo)},
    {IPPROTO_IPV6, IPV6_HOPLIMIT, EXACTLY(int)},
    {IPPROTO_IPV6, IPV6_TCLASS, EXACTLY(int)},
    {IPPROTO_IPV6, IPV6_DONTFRAG, EXACTLY(int)},
    {IPPROTO_UDP, UDP_SEGMENT, EXACTLY(uint16_t)},
};

/* The kernel says how long they are; the last one may have been cut. */
static const struct message_kind received[] = {
    {SOL_SOCKET, SO_TIMESTAMP, 0, SIZE_MAX},      {SOL_SOCKET, SO_TIMESTAMPNS, 0, SIZE_MAX},
    {SOL_SOCKET, SO_RXQ_OVFL, 0, SIZE_MAX},       {IPPROTO_IP, IP_PKTINFO, 0, SIZE_MAX},
    {IPPROTO_IP, IP_TTL, 0, SIZE_MAX},            {IPPROTO_IP, IP_TOS, 0, SIZE_MAX},
    {IPPROTO_IP, IP_RECVERR, 0, SIZE_MAX},        {IPPROTO_IP, IP_RECVORIGDSTADDR, 0, SIZE_MAX},
    {IPPROTO_IPV6, IPV6_PKTINFO, 0, SIZE_MAX},    {IPPROTO_IPV6, IPV6_HOPLIMIT, 0, SIZE_MAX},
    {IPPROTO_IPV6, IPV6_TCLASS, 0, SIZE_MAX},     {IPPROTO_IPV6, IPV6_RECVERR, 0, SIZE_MAX},
    {IPPROTO_IPV6, IPV6_ORIGDSTADDR, 0, SIZE_MAX}, {IPPROTO_UDP, UDP_GRO, 0, SIZE_MAX},
};

static bool is_one_of(const struct cmsghdr *message, const struct message_kind *kinds, size_t count) {
    size_t size = message->cmsg_len - CMSG_LEN(0);
    for (size_t i = 0; i < count; i++)
        if (message->cmsg_level == kinds[i].level && message->cmsg_type == kinds[i].type)
            return size >= kinds[i].smallest && size <= kinds[i].largest;
    return false;
}

/* Whether all messages are of these kinds, and lie within their copy's `length` bytes. */
static bool are_all_of(const struct control *control, size_t length, const struct message_kind *kinds,
                       size_t count) {
    for (size_t at = 0; at < length;) {
        struct cmsghdr message;
        if (length - at < sizeof message)
            return false;
        memcpy(&message, control->bytes + at, sizeof message);
        if (message.cmsg_len < CMSG_LEN(0) || message.cmsg_len > length - at || !is_one_of(&message, kinds, count))
            return false;
        at += CMSG_ALIGN(message.cmsg_len);
    }
    return true;
}

/* A message that names the address it comes from needs a grant to bind to that. No grant names interfaces, so routing
 * chooses the interface; the loopback one is the same for everybody. */
static bool may_use_source(const struct file_call *call, const struct cmsghdr *message) {
    struct sockaddr_storage name = {0};
    struct network_address address;
    unsigned index;
    size_t length;
    if (message->cmsg_level == IPPROTO_IP && message->cmsg_type == IP_PKTINFO) {
        const struct in_pktinfo *info = (const struct in_pktinfo *)CMSG_DATA(message);
        index = (unsigned)info->ipi_ifindex;
        *(struct sockaddr_in *)&name = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = info->ipi_spec_dst};
        length = sizeof(struct sockaddr_in);
    } else if (message->cmsg_level == IPPROTO_IPV6 && message->cmsg_type == IPV6_PKTINFO) {
        const struct in6_pktinfo *info = (const struct in6_pktinfo *)CMSG_DATA(message);
        index = info->ipi6_ifindex;
        *(struct sockaddr_in6 *)&name = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_addr = info->ipi6_addr};
        length = sizeof(struct sockaddr_in6);
    } else {
        return true;
    }
    if (index > LOOPBACK_INDEX || network_parse(&address, &name, length) != 0)
        return false;
    return address.any || may_send_from(call, &address);
}

static bool may_use_sources(const struct file_call *call, struct control *control) {
    struct msghdr header = {.msg_control = control->bytes, .msg_controllen = control->guest.length};
    for (struct cmsghdr *message = CMSG_FIRSTHDR(&header); message; message = CMSG_NXTHDR(&header, message))
        if (!may_use_source(call, message))
            return false;
    return true;
}

static int span_get(const struct file_call *call, uint32_t at, struct control *control) {
    control->guest = (struct orc_span){0, 0};
    return at == 0 ? 0 : guest_read(call->thread, &control->guest, (guest_address){at}, sizeof control->guest);
}

int64_t control_get(const struct file_call *call, uint32_t at, struct control *control) {
    if (span_get(call, at, control) < 0)
        return -EFAULT;
    size_t length = control->guest.length;
    if (length > sizeof control->bytes)
        return -ENOBUFS;
    if (guest_read(call->thread, control->bytes, (guest_address){control->guest.address}, length) < 0)
        return -EFAULT;
    if (!are_all_of(control, length, sent, sizeof sent / sizeof *sent))
        return -EOPNOTSUPP;
    return may_use_sources(call, control) ? (int64_t)length : -EACCES;
}

/* Only where the kernel has no descriptors to hand out. */
int64_t control_room(const struct file_call *call, uint32_t at, struct control *control) {
    if (span_get(call, at, control) < 0)
        return -EFAULT;
    int family = control->guest.length ? socket_number(call->fd, SO_DOMAIN) : -1;
    if (family != AF_INET && family != AF_INET6)
        return 0;
    memset(control->bytes, 0, sizeof control->bytes);
    return control->guest.length < sizeof control->bytes ? control->guest.length : sizeof control->bytes;
}

int control_put(const struct file_call *call, uint32_t at, struct control *control, struct msghdr *header) {
    size_t length = header->msg_control ? header->msg_controllen : 0;
    if (at == 0)
        return 0;
    if (!are_all_of(control, length, received, sizeof received / sizeof *received)) {
        length = 0;
        header->msg_flags |= MSG_CTRUNC;
    }
    control->guest.length = (uint32_t)length;
    if (guest_write(call->thread, (guest_address){control->guest.address}, control->bytes, length) < 0)
        return -EFAULT;
    return guest_write(call->thread, (guest_address){at}, &control->guest, sizeof control->guest);
}
