/* Cancellable system calls. There are no signals in a bare compartment, so a thread can't be interrupted between the
 * check and the call, and the three marks that the cancellation handler compares against bound nothing. */
#include "pthread_impl.h"
#include "syscall.h"

hidden const char __cp_begin[1], __cp_end[1], __cp_cancel[1];
hidden long __cancel(void);

hidden long __syscall_cp_asm(volatile void *cancel, syscall_arg_t number, syscall_arg_t a, syscall_arg_t b,
			     syscall_arg_t c, syscall_arg_t d, syscall_arg_t e, syscall_arg_t f)
{
	if (*(volatile int *)cancel)
		return __cancel();
	return __orc_syscall(number, a, b, c, d, e, f);
}
