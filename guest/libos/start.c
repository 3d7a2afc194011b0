/* The libOS' first moments. */
#include "libos.h"

const struct orc_boot *libos_boot;

void libos_start(const struct orc_boot *boot) {
    libos_boot = boot;
}

void libos_log(const char *text) {
    orc_hostcall(ORC_LOG, (long)text, (long)__builtin_strlen(text), 0, 0, 0);
}
