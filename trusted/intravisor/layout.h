/* What crossing.S and C both know about struct orc_thread and its region; checked by thread.c. */
#ifndef ORC_INTRAVISOR_LAYOUT_H
#define ORC_INTRAVISOR_LAYOUT_H

/* A thread's region is aligned to its size, so that whoever runs on one of its two stacks finds the thread by
 * masking the stack pointer. At its top: struct orc_thread, below it the control stack; thread.h has the
 * rest. */
#define THREAD_REGION 0x800000

#define THREAD_SIZE 768

/* Offsets in struct orc_thread. */
#define THREAD_REGISTERS 0x00
#define THREAD_ENTRY 0x80
#define THREAD_HOST_STACK 0x88
#define THREAD_GATE 0x90
#define THREAD_GATE_LIMIT 0x98
#define THREAD_GATE_FRAME 0xa0
#define THREAD_LEAVE 0xa8 /* 6 bytes: both flags that end the activation at a gate's exit */
#define THREAD_MODES 0xae /* FLOAT_*: 2 bytes, so that a gate's exit looks at all of these at once */
#define THREAD_VALUE 0xb0
#define THREAD_OUTCOME 0xb8
#define THREAD_AVX 0xbc
#define THREAD_MXCSR 0xc0
#define THREAD_X87_CONTROL 0xc4
#define THREAD_FLOAT_GATE 0xc8
#define THREAD_MXCSR_RESERVED 0xd0
#define THREAD_GUEST_MXCSR 0xd4
#define THREAD_GUEST_X87 0xd8 /* 28 bytes, as fnstenv stores them */
#define X87_STATUS 4          /* offsets in there */
#define X87_TAGS 8

/* Of a guest's floating-point modes, which aren't the default: gates keep these (floats.h). */
#define FLOAT_SSE 1
#define FLOAT_X87 2
#define FLOAT_UNMASKED 8 /* x87 exceptions, which may be pending at any time */
#define FLOAT_LOAD 4 /* both are to be loaded at the gate's next exit, or at the start */

#define MXCSR_DEFAULT 0x1f80 /* all exceptions masked, to nearest, no flags */
#define MXCSR_FLAGS 0x3f
#define X87_CONTROL_DEFAULT 0x37f
#define X87_MASKS 0x3f
#define X87_CONTROL_FIXED 0x40 /* always 1 */
#define X87_CONTROL_BITS 0x1f7f
#define X87_STATUS_BITS 0x7f7f /* all but what follows from the flags and the masks */
#define X87_STATUS_TOP 0x3800

/* Values of `outcome` that assembly writes: as enum orc_outcome, and one of its own. */
#define OUTCOME_RETURNED 1
#define OUTCOME_EXHAUSTED 100 /* a gate found too little control stack left */

/* What a gate leaves for the hostcall's C code and for signals that reach the host on this stack. */
#define GATE_STACK 0x8000

#endif
