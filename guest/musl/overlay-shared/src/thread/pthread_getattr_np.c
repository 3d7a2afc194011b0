/* The first thread's stack is where the boot data says. */
#define _GNU_SOURCE
#include <orc/boot.h>
#include <orc/hostcall.h>
#include "pthread_impl.h"

extern hidden const struct orc_boot *libos_boot;

int pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes)
{
	*attributes = (pthread_attr_t){0};
	attributes->_a_detach = thread->detach_state >= DT_DETACHED;
	attributes->_a_guardsize = thread->guard_size;
	if (thread->stack) {
		attributes->_a_stackaddr = (uintptr_t)thread->stack;
		attributes->_a_stacksize = thread->stack_size;
	} else {
		attributes->_a_stackaddr = libos_boot->stack_high;
		attributes->_a_stacksize = libos_boot->stack_high - libos_boot->stack_low;
	}
	return 0;
}
