/* Zygotes and their clones, as the guest sees them (docs/zygotes.md): the hostcalls, and what the launcher tells.
 *
 * A compartment that is being frozen has its threads parked in their next hostcalls that block. The last one isn't
 * parked: its call ends with -EINTR, and ORC_SIGNALS tells it ORC_SIGNAL_FREEZE. It is alone then; it records what a
 * clone has to make anew, and calls ORC_FREEZE. In each clone that call answers the size of the clone's own
 * information; all other threads are parked, and go on after ORC_THAW: their calls end with -EINTR.
 *
 * A clone's C-list has the zygote's objects under the same handles, and what was granted to it. Handles of
 * anything else are free. */
#ifndef ORC_ZYGOTE_H
#define ORC_ZYGOTE_H

#include <stdint.h>

#define ORC_FREEZE 19     /* (): from the last thread. In the zygote itself -EAGAIN, when it isn't frozen after all */
#define ORC_CLONE_INFO 20 /* (pointer, length): the clone's information, as much of it as fits. -EPERM once it has thawed */
#define ORC_THAW 21       /* (): lets the clone's other threads go on. -EPERM but for a clone that hasn't thawed */

#define ORC_SIGNAL_FREEZE 0x80000000

/* A port that the guest binds to, and the host's that stands for it; 0: any that is free. */
struct orc_published {
    uint16_t guest, host;
};
#define ORC_MOST_PUBLISHED 64

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
};
#define ORC_CLONE_VERSION 1

#endif
