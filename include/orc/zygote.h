/* Zygotes and their clones, as the guest sees them (docs/zygotes.md): the hostcalls, and what the launcher tells.
 *
 * A compartment that is to be frozen finds ORC_SIGNAL_FREEZE among its signals, in a call that blocks and ends
 * with -EINTR. Its guest OS records what a clone has to make anew and calls ORC_FREEZE on every thread. In a
 * clone each of these calls answers 1.
 *
 * A clone's C-list has the zygote's objects under the same handles, and what was granted to it. Handles of
 * anything else are free. */
#ifndef ORC_ZYGOTE_H
#define ORC_ZYGOTE_H

#include <stdint.h>

#define ORC_FREEZE 19     /* (): parks the thread, as long as the compartment is to be frozen. 1: in a clone; 0: it goes on
                             after all; -EAGAIN: it isn't to be frozen, or the thread is in its signal entry */
#define ORC_CLONE_INFO 20 /* (struct orc_clone_info *): the clone's own; zeros if it isn't one */

#define ORC_FREEZE_SIGNAL 32 /* sent by the embedder: orc_compartment_signal */
#define ORC_SIGNAL_FREEZE 0x80000000 /* as ORC_SIGNALS has it */

/* A port that the guest binds to, and the host's that stands for it; 0: any that is free. */
struct orc_published {
    uint16_t guest, host;
};
#define ORC_MOST_PUBLISHED 16

/* auxv entry AT_ORC_PUBLISHED leads to struct orc_published[], ending with guest port 0. */
#define AT_ORC_PUBLISHED 0x4f53

/* What the launcher tells a clone. */
struct orc_clone_info {
    uint32_t version; /* ORC_CLONE_VERSION */
    uint32_t thread_limit, processors;
    uint32_t granted; /* files and directories that it was granted, as its zygote was: handles 0 and up */
    uint64_t memory_limit;
    char hostname[72]; /* "": the zygote's */
    struct orc_published published[ORC_MOST_PUBLISHED + 1];
    uint32_t reserved; /* 0 */
};
_Static_assert(sizeof(struct orc_clone_info) == 24 + 72 + 4 * (ORC_MOST_PUBLISHED + 1) + 4, "no padding");
#define ORC_CLONE_VERSION 1

#endif
