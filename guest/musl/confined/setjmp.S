/* setjmp and longjmp, written in the confined form that the verifier accepts and given straight to the assembler: the
 * rewriter lets nobody load the data stack pointer (%rbp), and these two must. A wrong value in it harms only the
 * compartment itself. The control stack is out of the guest's reach: two hostcalls mark and unwind it.
 *
 * jmp_buf, 8 bytes each: rbx, data stack pointer, r12, r13, r14, r15, unused, mark << 32 | return address. There are no
 * signals in a bare compartment, so no signal mask is kept. */
#include <orc/abi.h>
#include <orc/bare.h>

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

	.section .text.setjmp, "ax", @progbits
	.globl	setjmp, _setjmp, __setjmp, sigsetjmp, __sigsetjmp
	.type	setjmp, @function
	.type	_setjmp, @function
	.type	__setjmp, @function
	.type	sigsetjmp, @function
	.type	__sigsetjmp, @function
	.p2align 4, 0x90
setjmp:
_setjmp:
__setjmp:
sigsetjmp:
__sigsetjmp:
	endbr64
	movq	%rbx, %gs:(%edi)
	movq	%rbp, %gs:8(%edi)
	movq	%r12, %gs:16(%edi)
	movq	%r13, %gs:24(%edi)
	movq	%r14, %gs:32(%edi)
	movq	%r15, %gs:40(%edi)
	movq	%rdi, %rbx
	hostcall ORC_BARE_MARK
	movq	%rax, %gs:56(%ebx)
	movq	%gs:(%ebx), %rbx
	xorl	%eax, %eax
	retq
	.size	setjmp, . - setjmp

	.globl	longjmp, _longjmp
	.type	longjmp, @function
	.type	_longjmp, @function
	.p2align 4, 0x90
longjmp:
_longjmp:
	endbr64
	movq	%rdi, %rbx
	movl	%esi, %r12d
	movl	%gs:60(%edi), %esi
	hostcall ORC_BARE_UNWIND
	testl	%eax, %eax
	jne	.Ltrap
	movl	%r12d, %eax
	cmpl	$1, %eax /* longjmp(buffer, 0) makes setjmp return 1 */
	adcl	$0, %eax
	movq	%rbx, %rdi
	movq	%gs:(%edi), %rbx
	movq	%gs:8(%edi), %rbp
	movq	%gs:16(%edi), %r12
	movq	%gs:24(%edi), %r13
	movq	%gs:32(%edi), %r14
	movq	%gs:40(%edi), %r15
	movl	%gs:56(%edi), %edx
	check	rdx, ecx
	jmpq	*%rdx
.Ltrap:
	int3
	.size	longjmp, . - longjmp
	.section .note.GNU-stack, "", @progbits
