/* message: middle.S:7: error: rule 5 */
/* message: where no instruction begins */
	.text
	.globl	f
	.type	f, @function
f:
	jmp	f+1
	ret
