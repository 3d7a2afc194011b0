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
#define THREAD_LEAVE 0xa8 /* 8 bytes: both flags that end the activation at a gate's exit */
#define THREAD_VALUE 0xb0
#define THREAD_OUTCOME 0xb8
#define THREAD_AVX 0xbc
#define THREAD_MXCSR 0xc0
#define THREAD_X87_CONTROL 0xc4

/* Values of `outcome` that assembly writes: as enum orc_outcome, and one of its own. */
#define OUTCOME_RETURNED 1
#define OUTCOME_EXHAUSTED 100 /* a gate found too little control stack left */

/* What a gate leaves for the hostcall's C code and for signals that reach the host on this stack. */
#define GATE_STACK 0x8000

#endif
