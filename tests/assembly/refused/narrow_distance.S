/* message: rule 6: a distance in code of 8 bits */
	.text
	.globl	f
	.type	f, @function
f:
	leaq	.Ltable(%rip), %rax
	ret
.Ltable:
	.byte	.La - .Lb
.Lb:	nop
.La:	ret
