/* The address-space contract between guest code and the Intravisor (one source for both sides, usable from
 * assembly). */
#ifndef ORC_ABI_H
#define ORC_ABI_H

/* Slot: 4 GiB of data addresses; the same numbers are code addresses below 4 GiB. */
#define ORC_SLOT_SIZE 0x100000000

/* Code space. */
#define ORC_GATES 0x00010000 /* first gate; gate N is at ORC_GATES + N * ORC_GATE_SIZE */
#define ORC_GATE_SIZE 64
#define ORC_GATES_END 0x01000000

/* Slot ranges. */
#define ORC_START_INFO                                                                                       \
    0x00010000 /* bare compartments' start block: argc, argv[], 0, envp[], 0, auxv[] (System V ABI) */
#define ORC_START_INFO_END 0x01000000
#define ORC_FIRST_STACK 0x01000000 /* first stack, thread blocks, first heap pages */
#define ORC_FIRST_STACK_END 0x10000000
/* What a started compartment finds there. Stack, start block and the first heap pages share one page-table
 * page and one mapping: the heap may begin at the first page behind the block's content. */
#define ORC_STACK_SIZE 0x00800000
#define ORC_STACK_TOP 0x01900000
#define ORC_START_BLOCK ORC_STACK_TOP /* as ORC_START_INFO, but the guest may write to it */
#define ORC_START_BLOCK_END 0x02000000
#define ORC_FIRST_HEAP ORC_START_BLOCK_END
#define ORC_WINDOW 0x10000000 /* object window */
#define ORC_WINDOW_END 0x7fff0000
#define ORC_HEAP 0x80000000
#define ORC_HEAP_END 0xfff00000

/* `mov %fs:ORC_THREAD_POINTER,%reg` is how guest code reads its thread pointer (rule 3); ORC_SET_THREAD_POINTER sets
 * it. */
#define ORC_THREAD_POINTER 0x38

#endif
