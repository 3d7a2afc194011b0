/* Sockets: what each family of them does behind the system calls. */
#ifndef LIBOS_SOCKET_H
#define LIBOS_SOCKET_H

#include <sys/socket.h>
#include "file.h"

#pragma GCC visibility push(hidden)

/* Messages and their parts are the guest's, as they came. */
struct socket_calls {
    long (*bind)(struct file *file, const void *address, uint32_t length);
    long (*connect)(struct file *file, const void *address, uint32_t length);
    long (*listen)(struct file *file, int backlog);
    long (*accept)(struct file *file, void *address, uint32_t *length, int flags); /* a descriptor */
    long (*shutdown)(struct file *file, int how);
    long (*name)(struct file *file, bool peer, void *address, uint32_t *length);
    long (*set_option)(struct file *file, int level, int option, const void *value, uint32_t length);
    long (*get_option)(struct file *file, int level, int option, void *value, uint32_t *length);
    long (*send)(struct file *file, const struct msghdr *message, int flags);
    long (*receive)(struct file *file, struct msghdr *message, int flags);
};

/* socket.c: as much of a value as there is room for; its length is stored. */
long socket_value(void *to, uint32_t *length, const void *value, uint32_t size, bool whole_length);

/* host_socket.c: sockets by a host handle. */
extern const struct socket_calls host_socket_calls;

/* socket_options.c: their options, in the forms that the host takes. */
long host_set_option(struct file *file, int level, int option, const void *value, uint32_t length);
long host_get_option(struct file *file, int level, int option, void *value, uint32_t *length);
/* A number of SOL_SOCKET's, or -errno. */
long host_socket_number(const struct file *file, int option);
/* Before the handle of a socket with SO_LINGER is closed. */
void host_socket_linger(struct file *file);

/* netlink.c: a descriptor. */
long netlink_socket(int type, int protocol);

/* interfaces.c: the ioctl calls about interfaces; -ENOTTY for others. */
long interface_control(unsigned long request, long argument);

#pragma GCC visibility pop

#endif
