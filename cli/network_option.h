/* --listen and --connect: from text to network grants. */
#ifndef ORC_CLI_NETWORK_OPTION_H
#define ORC_CLI_NETWORK_OPTION_H

#include "orc/cell.h"
#include "orc/zygote.h"

#define MAX_GRANTS_OF_OPTION 16

/* Parse [tcp:|udp:][ADDRESS:]PORT[-PORT], and `any` or [tcp:|udp:]HOST[/PREFIX]:PORT[-PORT]. Return the
 * number of grants (a host name may have several addresses), or 0 after a message. */
unsigned parse_listen(const char *text, struct orc_network_grant grants[MAX_GRANTS_OF_OPTION]);
/* [ADDRESS:]HOST:GUEST, with the grants that it takes. */
bool parse_publish(const char *text, struct orc_network_grant grants[MAX_GRANTS_OF_OPTION], unsigned *count,
                   struct orc_published *published);
unsigned parse_connect(const char *text, struct orc_network_grant grants[MAX_GRANTS_OF_OPTION]);

/* Whether the single port of a --listen grant could be bound just now; else prints why not, and what to do.
 * Ranges are for the guest to choose from, so they aren't tried. */
bool try_listen(const char *text, const struct orc_network_grant *grant);

#endif
