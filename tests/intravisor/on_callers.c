/* The same tests, with compartments whose first thread runs on a host thread of the embedder's. */
#include "script.h"

__attribute__((constructor)) static void choose(void) {
    scripts_on_callers = true;
}
