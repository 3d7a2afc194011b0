/* Between orc_launch_call (embed/call.c) and the libOS' service thread (guest/libos/call.c): messages on a
 * SOCK_SEQPACKET pair, one request and one answer at a time. Neither side trusts the other.
 *
 * struct orc_boot's `flags` tell the libOS of it: the upper half is the socket's handle; 0: there is none. */
#ifndef ORC_CALL_H
#define ORC_CALL_H

#include <stdint.h>

#define ORC_CALL_ARGUMENTS 6
#define ORC_CALL_NAME_SIZE 256 /* with the terminating zero */
#define ORC_CALL_HANDLE_SHIFT 16

struct orc_call_request {
    uint64_t number; /* the answer has it again */
    uint64_t arguments[ORC_CALL_ARGUMENTS];
    char name[ORC_CALL_NAME_SIZE];
};

struct orc_call_answer {
    uint64_t number;
    int64_t error; /* 0, or -ENOENT: there's no such function */
    int64_t value;
};

#endif
