/* message: flags.S:7: error: rule 1: pushfq */
/* message: the flags can't be seen as a number */
	.text
	.globl	f
	.type	f, @function
f:
	pushfq
	popq	%rax
	ret
	.globl	g
	.type	g, @function
/* message: flags.S:15: error: rule 1: popfq */
g:
	pushfq
	popfq
	setc	%al
	ret
