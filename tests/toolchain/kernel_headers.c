/* The kernel's headers beside the C library's: compiled as it is and with FIRST, in the other order. */
#define _GNU_SOURCE
#ifdef FIRST
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/if.h>
#include <linux/xattr.h>
#endif
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/xattr.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/if.h>
#include <linux/xattr.h>

#include <asm/types.h>
#include <asm/unistd.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/errqueue.h>
#include <linux/ethtool.h>
#include <linux/falloc.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/if_addr.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/input.h>
#include <linux/limits.h>
#include <linux/netlink.h>
#include <linux/random.h>
#include <linux/rtnetlink.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <linux/tls.h>
#include <linux/types.h>
#include <linux/version.h>
#include <linux/vm_sockets.h>
#include <mtd/mtd-user.h>
#include <rdma/ib_user_verbs.h>
#include <sound/asound.h>

int main(void) {
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    struct ifreq request = {.ifr_flags = IFF_UP};
    __u32 word = FUTEX_WAIT;
    return address.sin6_port + (request.ifr_flags & 0) + (int)word + __NR_read;
}
