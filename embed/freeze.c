/* Freezing a compartment when it has nothing to do. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "orc/launch.h"

#define STEP 5000000ull /* ns between two looks */
#define IDLE_SHARE 20   /* a compartment that uses less than one part in so many of the time is idle */

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

int orc_launch_freeze(struct orc_compartment *compartment, uint64_t settle, uint64_t nanoseconds,
                      struct orc_error *error) {
    const uint64_t end = now() + nanoseconds;
    struct orc_statistics statistics = {.running = true};
    uint64_t quiet_since = now(), used = 0;
    for (;;) {
        orc_compartment_statistics(compartment, &statistics);
        uint64_t time = now();
        if (!statistics.running) {
            snprintf(error->message, sizeof error->message, "%s: it ended before it could be frozen",
                     orc_compartment_name(compartment));
            return -ESRCH;
        }
        if (time >= end) {
            snprintf(error->message, sizeof error->message,
                     "%s: it is still busy: a zygote is frozen when it has nothing to do",
                     orc_compartment_name(compartment));
            return -EBUSY;
        }
        if (statistics.processor_time - used > STEP / IDLE_SHARE) {
            quiet_since = time;
        } else if (time - quiet_since >= settle) {
            return orc_compartment_freeze(compartment, end - time, error);
        }
        used = statistics.processor_time;
        nanosleep(&(struct timespec){0, STEP}, NULL);
    }
}
