/* Floating-point modes: MXCSR and the x87 control word, with the exception flags.
 *
 * A guest sets its own by gate 1 (crossing.S). As long as they are the default but for flags, host code runs
 * with what the guest has: it computes with integers alone, so it neither meets nor raises a flag. Else
 * `modes` says which aren't, the thread's gate is another, and host code runs with the host's MXCSR and the
 * default control word, while the guest's are in the thread. Functions of the embedder's get the host's in
 * any case. */
#ifndef ORC_INTRAVISOR_FLOATS_H
#define ORC_INTRAVISOR_FLOATS_H

#include "thread.h"

/* A thread's modes from here on: FLOAT_*. */
static inline void floats_set(struct orc_thread *thread, uint16_t modes) {
    thread->modes = modes;
    thread->gate = (uint64_t)(modes & (FLOAT_SSE | FLOAT_X87) ? orc_gate_of_modes : orc_gate);
}

/* In a hostcall: all of the guest's are in the thread, for another one to have. */
void floats_keep(struct orc_thread *thread);
/* A thread that hasn't begun, or goes on from another one's gate, begins with what that one kept. */
void floats_inherit(struct orc_thread *thread, const struct orc_thread *from);

/* A host thread that is made in a hostcall begins with what the guest had. */
void floats_of_host(void);

/* MXCSR's bits that this processor doesn't have. */
uint32_t mxcsr_reserved(void);

/* Around a call of an embedder's function. */
struct floats {
    bool kept;
    uint32_t mxcsr;
    uint8_t x87[108];
};
void floats_leave_guest(struct floats *floats);
void floats_back_to_guest(const struct floats *floats);

#endif
