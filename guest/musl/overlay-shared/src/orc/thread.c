/* A thread's block and what the libOS and the compiler keep in it. The block of the first instants, before the C library
 * has allocated the first thread's own, is here as well. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <orc/abi.h>
#include <orc/boot.h>
#include <orc/hostcall.h>
#include "pthread_impl.h"
#include "libos_thread.h"

_Static_assert(offsetof(struct pthread, libos) == LIBOS_THREAD_POINTER_OFFSET, "the libOS reads it");
_Static_assert(sizeof(((struct pthread *)0)->libos_state) >= LIBOS_THREAD_SIZE, "the libOS keeps its state there");

static struct pthread first;

static long set_thread_pointer(void *block)
{
	long (*gate)(long, long, long, long, long, long) = (void *)ORC_GATES;
	return gate(ORC_SET_THREAD_POINTER, (long)block, 0, 0, 0, 0);
}

hidden void __orc_start(const struct orc_boot *boot)
{
	first.self = &first;
	first.dynamic_stack = (void *)(uintptr_t)boot->stack_low;
	first.libos = first.libos_state;
	if (set_thread_pointer(&first) < 0)
		__builtin_trap();
	libos_thread_first(first.libos, boot);
}

/* Only the first thread gets here: others start with their thread pointer. */
hidden int __set_thread_area(void *block)
{
	struct pthread *old = __pthread_self(), *new = block;
	if (new != old) {
		new->dynamic_stack = old->dynamic_stack;
		new->libos = new->libos_state;
		libos_thread_move(old->libos, new->libos);
	}
	return set_thread_pointer(block);
}

/* Where alloca() takes from in this thread (toolchain/pass/dynamic_stack.cpp). */
void **__orc_dynamic_stack(void)
{
	return &__pthread_self()->dynamic_stack;
}

hidden bool __orc_is_cancelled(void)
{
	struct pthread *self = __pthread_self();
	return self->cancel && self->canceldisable != PTHREAD_CANCEL_DISABLE;
}

hidden int __clone(int (*function)(void *), void *stack, int flags, void *argument, ...)
{
	va_list arguments;
	va_start(arguments, argument);
	int *thread_id = va_arg(arguments, int *);
	struct pthread *new = va_arg(arguments, void *);
	int *clear_id = va_arg(arguments, int *);
	va_end(arguments);
	if (!(flags & CLONE_THREAD))
		return __syscall(SYS_fork);
	/* The dynamic stack grows up from the other end of the data stack. */
	new->dynamic_stack = (char *)new->stack - new->stack_size;
	new->libos = new->libos_state;
	return libos_thread_create(&(struct libos_new_thread){
		.function = function, .argument = argument, .stack = (void *)((uintptr_t)stack & -16),
		.thread_pointer = new, .state = new->libos, .id = thread_id, .clear_id = clear_id,
	});
}

/* A detached thread frees its own stack. */
hidden void __unmapself(void *base, size_t size)
{
	libos_thread_unmap_and_exit(base, size);
}
