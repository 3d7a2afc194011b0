/* setjmp and longjmp. The control stack is out of the guest's reach: two hostcalls mark and unwind it.
 *
 * jmp_buf, 8 bytes each: rbx, data stack pointer, r12, r13, r14, r15, unused, mark << 32 | return address, whether a
 * signal mask is kept, the mask. */
#include "confined.h"

	.section .text.setjmp, "ax", @progbits
	.globl	_setjmp, __setjmp, __sigsetjmp
	.type	_setjmp, @function
	.type	__setjmp, @function
	.type	__sigsetjmp, @function
	.set	_setjmp, setjmp
	.set	__setjmp, setjmp
	.set	__sigsetjmp, sigsetjmp

function sigsetjmp
	movl	%esi, %esi
	movq	%rsi, %gs:64(%edi)
	testl	%esi, %esi
	je	.Lsave
	movq	%rbx, %gs:(%edi)
	movq	%rdi, %rbx
	call	__orc_save_mask
	movq	%rbx, %rdi
	movq	%gs:(%edi), %rbx
	jmp	.Lsave
	.size	sigsetjmp, . - sigsetjmp

function setjmp
	movq	$0, %gs:64(%edi)
.Lsave:
	movq	%rbx, %gs:(%edi)
	movq	%rbp, %gs:8(%edi)
	movq	%r12, %gs:16(%edi)
	movq	%r13, %gs:24(%edi)
	movq	%r14, %gs:32(%edi)
	movq	%r15, %gs:40(%edi)
	movq	%rdi, %rbx
	hostcall ORC_MARK
	movq	%rax, %gs:56(%ebx)
	movq	%gs:(%ebx), %rbx
	xorl	%eax, %eax
	retq
	.size	setjmp, . - setjmp

	.globl	_longjmp
	.type	_longjmp, @function
	.set	_longjmp, longjmp

function longjmp
	movq	%rdi, %rbx
	movl	%esi, %r12d
	movl	%gs:60(%edi), %esi
	hostcall ORC_UNWIND
	testl	%eax, %eax
	jne	.Ltrap
	/* From here on this is the frame that called setjmp; the mask comes back there, so that a signal that was
	 * blocked is handled on its stack. */
	movq	%gs:8(%ebx), %rbp
	cmpq	$0, %gs:64(%ebx)
	je	.Lrestore
	movq	%rbx, %rdi
	call	__orc_restore_mask
.Lrestore:
	movl	%r12d, %eax
	cmpl	$1, %eax /* longjmp(buffer, 0) makes setjmp return 1 */
	adcl	$0, %eax
	movq	%rbx, %rdi
	movq	%gs:(%edi), %rbx
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
