# In clang's output a push of %rax or a pop to a dead register only moves the stack pointer; aligned 32-byte moves of
# stack slots become unaligned ones.
	.text
	.type	f,@function
f:
	pushq	%rax
	callq	g@PLT
	popq	%rcx
	retq
	.type	h,@function
h:
	subq	$72, %rsp
	vmovaps	%ymm0, 32(%rsp)
	vmovdqa	(%rsp), %ymm1
	vmovaps	(%rdi), %ymm2
	#APP
	pushq	%rax
	popq	%rcx
	#NO_APP
	pushq	$5
	popq	%rax
	addq	$72, %rsp
	retq
