/* Clocks as the libOS waits for them. */
#ifndef LIBOS_CLOCK_H
#define LIBOS_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/* A clock that the Intravisor has, or the processor time in user mode of all threads. */
struct time_source {
    long clock;      /* ORC_CLOCK_ or SOURCE_USER_TIME */
    uint32_t thread; /* of ORC_CLOCK_OF_THREAD */
};
#define SOURCE_USER_TIME 100

/* ns; negative: there is no such thread any more. */
int64_t source_now(const struct time_source *source);
bool source_is_processor_time(const struct time_source *source);
/* What a timer on this clock counts: 0, -EINVAL or -EOPNOTSUPP. */
long timer_source(int clock, struct time_source *source);
/* How long to wait for a time that is `left` away on a clock that may be set, until it's looked at again. */
int64_t wall_clock_delay(int64_t left);

#pragma GCC visibility pop

#endif
