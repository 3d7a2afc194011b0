# Every access is %gs-relative with a 32-bit address; lea computes; symbols, scales and absolute addresses.
	.text
	.type	f,@function
f:
	movl	(%rdi), %eax
	movq	%rax, 8(%rsi,%rcx,8)
	movzbl	table(%rip), %eax
	movq	extern_variable@GOTPCREL(%rip), %rax
	addl	$1, -4(%r8,%r9)
	movl	table(,%rcx,4), %eax
	movl	$0, 0
	movl	4096, %eax
	lock	xaddl	%eax, (%rdi)
	lock; cmpxchgq	%rcx, (%r12)
	movaps	(%r13), %xmm0
	vpaddd	32(%rax,%rdx), %ymm0, %ymm1
	leaq	16(%rdi,%rsi,4), %rax
	leaq	table(%rip), %rdx
	leal	(%rax,%rax,2), %eax
	prefetcht0	64(%rdi)
	nopw	%cs:0(%rax,%rax)
	fldt	8(%rsp)
	fstpl	(%rdi)
	movl	$0xfa1e0ff3, %eax
	movabsq	$0x11fa1e0ff322, %rcx
	retq
	.section	.rodata,"a",@progbits
table:
	.long	1, 2, 3
