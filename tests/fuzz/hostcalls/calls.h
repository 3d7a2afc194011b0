/* Hostcalls as a hostile guest would make them: known numbers with arguments that are nearly right, or not at all. */
#ifndef TESTS_FUZZ_HOSTCALLS_CALLS_H
#define TESTS_FUZZ_HOSTCALLS_CALLS_H

#include <stddef.h>
#include <stdint.h>

#include "../escape/random.h"

/* Guest memory: an area for each thread, of which any thread may name any part. */
#define AREA_SIZE 0x10000u
#define AREAS 3u
#define AREAS_START 0x80000000u
#define AREAS_END (AREAS_START + AREAS * AREA_SIZE)

/* What the compartment was granted, for addresses and paths that get far. */
#define GRANTED_FIRST_PORT 46000u
#define GRANTED_LAST_PORT 46063u
#define HANDLES 96u

struct call {
    uint64_t arguments[6]; /* number and five */
    /* What is to be stored at an address in the caller's area before the call. */
    uint32_t size, at;
    uint8_t bytes[512];
};

/* Code addresses of the programs that threads start with and signals go to. */
struct entries {
    uint32_t increment, loop, script, signal;
};

void call_generate(struct random *random, unsigned area, const struct entries *entries, struct call *call);

#endif
