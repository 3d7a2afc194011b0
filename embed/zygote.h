/* Zygotes, as the launcher keeps them. */
#ifndef ORC_EMBED_ZYGOTE_H
#define ORC_EMBED_ZYGOTE_H

#include "orc/launch.h"

/* Guest memory that clones map from the image, at the same offset. */
struct image_range {
    uint32_t start;
    int protection;
    uint64_t size;
};

struct orc_zygote {
    struct orc_compartment *compartment;
    int image;
    struct image_range *ranges;
    size_t count;
};

/* Before the cell is locked down: afterwards this process can't open what it takes. */
void orc_freeze_open(void);

/* Starts a compartment, to which all has been granted, as a clone. */
int orc_zygote_clone(const struct orc_zygote *zygote, struct orc_compartment *compartment,
                     const struct orc_clone_info *info, struct orc_error *error);

/* resident.c: whether any page of this part of the slot is in memory, or may be. */
bool orc_resident_any(const struct orc_compartment *compartment, uint64_t start, uint64_t size);

#endif
