/* Sees the compartments of a run through to their ends. */
#ifndef ORC_CLI_SUPERVISE_H
#define ORC_CLI_SUPERVISE_H

#include <signal.h>

#include "run.h"

struct supervisor;

/* Opens what the event loop needs, before the cell is locked down. `signals` are blocked, and will be
 * forwarded. NULL after a message. */
struct supervisor *supervisor_open(struct run *run, const sigset_t *signals);

/* Launches all compartments and returns when the last one has ended; run->status is the exit status. */
void supervisor_run(struct supervisor *supervisor);
void supervisor_close(struct supervisor *supervisor);

#endif
