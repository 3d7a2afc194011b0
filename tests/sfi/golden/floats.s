	.text
	.globl	f
	.type	f,@function
f:
	ldmxcsr	(%rdi)
	vldmxcsr	4(%rax,%rcx,8)
	fldcw	word(%rip)
	fldcw	-8(%rsp)
	subq	$24, %rsp
	ldmxcsr	8(%rsp)
	fldenv	(%rax)
	wait
	fnstenv	16(%rsp)
	stmxcsr	(%rsp)
	fnstcw	(%rdi)
	addq	$24, %rsp
	retq
