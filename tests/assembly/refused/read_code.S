/* message: read_code.S:8: error: rule 2 */
/* message: instructions can't be read as data */
	.text
	.globl	f
	.type	f, @function
f:
.Lthere: nop
	movl	.Lthere(%rip), %eax
	movl	.Lhere(%rip), %eax
.Lhere:
	ret
