/* message: absolute.S:7: error: rule 2 */
/* message: an absolute address of 32 bits */
	.text
	.globl	f
	.type	f, @function
f:
	movl	table(,%rdi,4), %eax
	ret
	.section .rodata
table:	.long	1
