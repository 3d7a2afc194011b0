/* message: rule 2: only sums and differences of labels can be followed */
	.text
	.globl	f
	.type	f, @function
f:
	movl	.Lsize(%rip), %eax
	ret
.Lend:
	.section .rodata
.Lsize:	.long	(.Lend-f)/2
