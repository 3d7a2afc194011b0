/* For assembly in the confined form, which goes straight to the assembler: the rewriter lets nobody load the data stack
 * pointer (%rbp), and these functions must. A wrong value in it harms only the compartment itself. */
#include <orc/abi.h>
#include <orc/hostcall.h>

/* Rule 6: an indirect branch lands on an endbr64 alone. */
.macro check target, scratch
	movl	(%\target), %\scratch
	addl	$0x05e1f00d, %\scratch
	jne	.Ltrap
.endm

.macro hostcall number
	movl	$\number, %edi
	movl	$ORC_GATES, %eax
	movl	%eax, %eax
	check	rax, r11d
	callq	*%rax
.endm

.macro function name
	.globl	\name
	.type	\name, @function
	.p2align 4, 0x90
\name:
	endbr64
.endm
