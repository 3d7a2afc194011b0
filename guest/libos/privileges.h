/* What the program may do inside its compartment: Linux' capabilities, of which it has those that mean something here. */
#ifndef LIBOS_PRIVILEGES_H
#define LIBOS_PRIVILEGES_H

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

enum capability {
    CAP_CHOWN = 0,
    CAP_DAC_OVERRIDE = 1,
    CAP_DAC_READ_SEARCH = 2,
    CAP_FOWNER = 3,
    CAP_FSETID = 4,
    CAP_KILL = 5,
    CAP_SETGID = 6,
    CAP_SETUID = 7,
    CAP_SETPCAP = 8,
    CAP_NET_BIND_SERVICE = 10,
    CAP_SYS_ADMIN = 21, /* the machine's name, and no more */
    LAST_CAPABILITY = 40,
};

bool libos_capable(enum capability capability);

/* After a change of user ids: no id is root's any more; the effective one was and is root's. */
void libos_user_changed(bool lost_root, bool was_root, bool is_root);

/* For /proc/self/status: permitted, effective, inheritable, bounding set. */
void libos_capabilities(uint64_t sets[4]);

#pragma GCC visibility pop

#endif
