# Prologues and epilogues fold into one adjustment; leaf functions pay nothing; the red zone and stack arguments keep
# their places although `call` pushes nothing.
	.text
	.globl	leaf
	.type	leaf,@function
leaf:
	endbr64
	movl	%edi, -4(%rsp)
	movl	8(%rsp), %eax
	addl	-4(%rsp), %eax
	retq
	.type	framed,@function
framed:
	endbr64
	pushq	%r14
	pushq	%rbx
	subq	$40, %rsp
	movq	%rsp, %rdi
	leaq	16(%rsp), %rsi
	movl	64(%rsp), %edx
	callq	leaf@PLT
	testl	%eax, %eax
	je	.Lother
	addq	$40, %rsp
	popq	%rbx
	popq	%r14
	retq
.Lother:
	movq	%rsp, %rax
	cmpq	%rsp, %rax
	addq	%rsp, %rax
	leaq	40(%rsp), %rsp
	popq	%rbx
	popq	%r14
	jmp	leaf@PLT
	.type	address_outside,@function
address_outside:
	movq	%rsp, %rax
	addq	%rsp, %rax
	pushq	$7
	popq	%rcx
	movq	(%rsp), %rax
	retq
	.type	after_noreturn,@function
after_noreturn:
	pushq	%rax
	callq	abort@PLT
	.type	next,@function
next:
	retq
