/* Hostcalls of a bare compartment (one source for both sides, usable from assembly).
 *
 * Gate 0 (code address ORC_GATES) is `long hostcall(long number, long a, long b, long c, long d, long e)` in
 * the C calling convention. It answers -errno on failure, keeps the callee-saved registers and rbp, and
 * clears every other register. A pointer is a guest address: the upper half of its register is ignored. */
#ifndef ORC_BARE_H
#define ORC_BARE_H

#define ORC_BARE_EXIT 0  /* (status): ends the activation */
#define ORC_BARE_WRITE 1 /* (1 or 2, pointer, length): bytes written, which may be fewer */
#define ORC_BARE_SET_THREAD_POINTER                                                                          \
    2                     /* (address): at least ORC_TLS_REACH away from both ends of the usable slot */
#define ORC_BARE_CLOCK 3  /* (): monotonic nanoseconds */
#define ORC_BARE_READ 4   /* (0, pointer, length): bytes read, which may be fewer; 0 at the end */
#define ORC_BARE_MARK 5   /* (): for setjmp, see below */
#define ORC_BARE_UNWIND 6 /* (mark): for longjmp, see below */
#define ORC_BARE_HOSTCALLS 7

/* setjmp calls MARK and gets `mark << 32 | return address`: the control stack's depth in its caller, once
 * setjmp has returned, and the code address that it will return to. longjmp calls UNWIND with a mark that
 * isn't deeper than where it stands, and gets 0; the frames in between are gone. It ends in a guarded jump to
 * the address that it kept. */

#endif
