/* Zygotes: what a compartment records before it becomes one, and what its clones make anew. */
#ifndef LIBOS_ZYGOTE_H
#define LIBOS_ZYGOTE_H

#include <stdbool.h>
#include <stdint.h>
#include "libos.h"
#include "orc/zygote.h"

#pragma GCC visibility push(hidden)

struct file;

/* The compartment is to be frozen: the calling thread will lead. Marks that, and no more. */
void zygote_ask(void);
/* Whether the calling thread is to lead, or to be parked, as soon as it is in a call that blocks. */
bool zygote_wanted(void);
/* A call that blocks was interrupted. Whoever is wanted leads, or is parked: this returns in each clone, or
 * when the compartment goes on after all. */
void zygote_take_part(void);
static inline void zygote_join(void) {
    if (zygote_wanted())
        zygote_take_part();
}

/* A line for the operator, and the end: a clone without something that its program relies on is none. */
_Noreturn void clone_fails(const char *what, long number);

/* zygote_socket.c: a socket's family, type, options and names; NULL: no memory. */
struct socket_record;
struct socket_record *socket_record(const struct file *file);
void socket_record_free(struct socket_record *record);
/* The same socket, as a new handle. One that was connected becomes one whose peer has gone. */
long socket_remake(const struct file *file, const struct socket_record *record);

/* Both ends of a pair: the handles are the two lowest that are free. */
long socket_remake_pair(const struct socket_record *record, uint32_t handles[2]);

/* Published ports: the host's port for one of the guest's; -1: as it is. */
int published_port(uint16_t guest);
/* From here on a clone's own. */
void publish(const struct orc_published *list);

/* zygote_memory.c: what the leader has to know of mappings, before the freeze; in the clone, once its files are open; and
 * when that's over, or wasn't to be. */
struct mapping_record;
bool mappings_record(struct mapping_record **list);
void mappings_remake(const struct mapping_record *list);
void mappings_forget(struct mapping_record *list, bool frozen);

#pragma GCC visibility pop

#endif
