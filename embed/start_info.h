/* The block of start information that a compartment finds at ORC_START_BLOCK: words from its start, what they
 * point to behind them. */
#ifndef ORC_EMBED_START_INFO_H
#define ORC_EMBED_START_INFO_H

#include "orc/boot.h"
#include "orc/hostcall.h"
#include "orc/launch.h"

#define ORC_DEFAULT_THREADS 1024 /* as include/orc/cell.h has it */

/* The dynamic linker's object, as its first instructions need to know it. */
struct loader_facts {
    uint32_t handle; /* in the compartment's capability list */
    uint32_t base;
    uint32_t processors; /* that compartments may run on; 0: unknown */
    uint32_t calls;      /* the handle of the socket for calls; 0: none */
};

/* `mounts` are what struct orc_boot gets, with `path` still zero; the paths come from `launch`. `name` is the
 * compartment's. Returns the block, to be freed, or NULL when it is too large (-E2BIG in *code), or there's
 * no memory (-ENOMEM) or no randomness (-EIO). */
void *start_info_make(const struct orc_launch *launch, const char *name, const struct loader_facts *loader,
                      const struct orc_mount *mounts, size_t *size, int *code);

#endif
