/* What frames.S calls. */
	.text
	.globl	takes_frame
	.hidden	takes_frame
	.type	takes_frame, @function
takes_frame:
	movq	8(%rsp), %rax           /* the caller's %rbx: the last that it pushed */
	xorq	%rax, %rax
	movq	%rbp, %rax
	negq	%rax
	leaq	7(%rbp,%rbp,2), %rbp
	ret
	.section .note.GNU-stack, "", @progbits
