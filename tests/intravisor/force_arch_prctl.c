/* Linked into a second copy of the tests: segment bases are switched by system call, as on processors without
 * FSGSBASE. */
#include <stdlib.h>

__attribute__((constructor)) static void force(void) {
    setenv("ORC_ARCH_PRCTL", "1", 1);
}
