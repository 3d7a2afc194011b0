#ifndef ORC_INTRAVISOR_OBJECT_CHECK_H
#define ORC_INTRAVISOR_OBJECT_CHECK_H

#include "intravisor.h"

/* Regions in order, on pages of their own, without overlap, small enough for the window. An object of
 * constant data has constants alone, any other has text. */
int object_check_layout(const struct orc_object_layout *layout, bool data, struct orc_error *error);

/* Bytes of the window for a layout that was checked. */
uint32_t object_span(const struct orc_object_layout *layout);

/* All 8 bytes in a region that may be relocated, behind those of the previous relocation (or NULL); a sum
 * that is an address. */
int object_check_relocation(const struct orc_object_layout *layout, uint32_t base,
                            const struct orc_relocation *relocation, const struct orc_relocation *previous,
                            struct orc_error *error);

#endif
