/* Cancellable system calls. A thread that is told to cancel finds its blocking call interrupted: the libOS knows that it
 * stands in a cancellation point, and looks at the request just before it blocks. No range of instructions has to be
 * told apart, so the marks that the signal handler compares with bound nothing, except for asynchronous cancellation:
 * the libOS calls where the handler sends the thread. */
#include "pthread_impl.h"
#include "syscall.h"
#include "libos_thread.h"

hidden long __cancel(void);

hidden const char __cp_begin[1], __cp_end[1];

hidden void __cp_cancel(void)
{
	__cancel();
}

hidden long __syscall_cp_asm(volatile void *cancel, syscall_arg_t number, syscall_arg_t a, syscall_arg_t b,
			     syscall_arg_t c, syscall_arg_t d, syscall_arg_t e, syscall_arg_t f)
{
	if (*(volatile int *)cancel)
		return __cancel();
	libos_cancellation_point(1);
	long result = __orc_syscall(number, a, b, c, d, e, f);
	libos_cancellation_point(0);
	return result;
}
