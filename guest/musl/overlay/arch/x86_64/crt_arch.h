/* The Intravisor calls the entry point as a C function with the start information's address as its argument, the
 * stack aligned and ready: crt1's C start function is the entry itself. */
#define _start_c _start
