# --exact-stack: nothing is known of depths.
	.text
	.globl	f
	.type	f,@function
f:
	pushq	%rbx
	pushq	%r12
	movq	%rsp, %rbx
	andq	$-32, %rsp
	subq	$64, %rsp
	movq	%rbx, 32(%rsp)
	movl	72(%rbx), %eax
	callq	g
	leaq	8(%rsp), %rcx
	addq	%rsp, %rcx
	cmpq	%rsp, %rcx
	addq	%rcx, %rsp
	movq	%rsp, (%rcx)
	movq	%rsp, 8(%rsp)
	xchgq	%rsp, %rax
	xchgq	%rax, %rsp
	cmovleq	%rsp, %r8
	movq	32(%rsp), %rsp
	callq	*%rcx
	leaq	-16(%rbx,%rax), %rsp
	movl	%esp, %edx
	movq	%rbx, %rsp
	popq	%r12
	popq	%rbx
	jmp	g
	.type	g,@function
g:
	addq	$8, %rsp
	incq	(%rsp)
	subq	$8, %rsp
	retq
