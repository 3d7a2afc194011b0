/* Waiting with a timeout. */
#ifndef LIBOS_WAIT_H
#define LIBOS_WAIT_H

#include <stdint.h>

#pragma GCC visibility push(hidden)

/* Calls `wait` with a timeout in ns (ORC_FOREVER: none) until it ends for another reason than an interruption
 * that isn't the guest's. */
long wait_until(long (*wait)(void *context, int64_t timeout), void *context, int64_t timeout);

#pragma GCC visibility pop

#endif
