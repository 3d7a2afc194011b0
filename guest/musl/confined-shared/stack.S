/* What runs on another data stack, or on none. */
#include "confined.h"

	.section .text.stack, "ax", @progbits

/* void __orc_call_on_stack(void (*function)(void *), void *argument, void *top): top is a multiple of 16. */
	.hidden	__orc_call_on_stack
function __orc_call_on_stack
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movq	%rbp, %gs:-16(%edx)
	leaq	-16(%rdx), %rbp
	movl	%eax, %eax
	check	rax, r11d
	callq	*%rax
	movq	%gs:(%ebp), %rbp
	retq
	.size	__orc_call_on_stack, . - __orc_call_on_stack

/* _Noreturn void __orc_unmap_and_exit(void *base, size_t size, int *clear_id, int *lock): gives back the stack and the
 * thread's block with it, frees the lock of the memory map, and ends the thread. */
	.hidden	__orc_unmap_and_exit
function __orc_unmap_and_exit
	movq	%rdx, %rbx
	movq	%rcx, %r12
	movq	%rsi, %rdx
	movq	%rdi, %rsi
	hostcall ORC_UNMAP
	movl	$0, %gs:(%r12d)
	movq	%r12, %rsi
	movl	$1, %edx
	hostcall ORC_FUTEX_WAKE
	movq	%rbx, %rsi
	hostcall ORC_THREAD_EXIT
.Ltrap:
	int3
	.size	__orc_unmap_and_exit, . - __orc_unmap_and_exit
	.section .note.GNU-stack, "", @progbits
