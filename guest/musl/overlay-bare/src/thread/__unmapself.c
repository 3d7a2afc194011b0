/* A thread can't free the stack it stands on without assembly; the memory goes with the compartment. Not reached in a
 * bare compartment, which has one thread. */
#include "pthread_impl.h"
#include "syscall.h"

void __unmapself(void *base, size_t size)
{
	for (;;)
		__syscall(SYS_exit, 0);
}
