/* Frames and stacks as people write them. */
	.text
	.globl	realigned, odd_pushes, keeps_flags, pivot, all_registers, high_bytes, passes_frame, calls_back
	.type	realigned, @function
realigned:                      /* (a, b): a frame aligned to 64 bytes, left by the pointer that it keeps */
	.cfi_startproc
	movq	%rsp, %rax
	.cfi_def_cfa_register %rax
	pushq	%rbx
	.cfi_offset %rbx, -16
	pushq	%rbp
	.cfi_offset %rbp, -24
	pushq	%r15
	subq	$256+56, %rsp
	andq	$-64, %rsp
	movq	%rax, 128(%rsp)
	movq	%rdi, (%rsp)
	movq	%rsi, 8(%rsp)
	movdqa	(%rsp), %xmm0
	movdqa	%xmm0, 16(%rsp)
	movq	24(%rsp), %rbp
	addq	16(%rsp), %rbp
	testl	$63, %esp
	jnz	1f
	incq	%rbp
1:	movq	%rbp, %rdx
	movq	128(%rsp), %rsi
	.cfi_def_cfa %rsi, 8
	movq	-24(%rsi), %r15
	movq	-16(%rsi), %rbp
	movq	-8(%rsi), %rbx
	leaq	(%rsi), %rsp
	.cfi_def_cfa_register %rsp
	movq	%rdx, %rax
	.byte	0xf3, 0xc3
	.cfi_endproc
	.size	realigned, . - realigned

	.type	odd_pushes, @function
odd_pushes:                     /* (long *p) */
	pushq	(%rdi)
	pushq	8(%rdi)
	pushq	8(%rsp)
	pushq	$-5
	pushq	%rsp
	popq	%rcx
	subq	%rsp, %rcx      /* 0: what was pushed is the pointer before */
	popq	%rax
	addq	%rcx, %rax
	popq	16(%rdi)
	popq	24(%rdi)
	addq	(%rsp), %rax
	popq	-8(%rsp)
	addq	-8(%rsp), %rax
	xorl	%edx, %edx
	cmpq	$0, %rax
	cmovgq	%rsp, %rdx
	cmpq	%rsp, %rdx
	jne	1f
	addq	$1000, %rax
1:	ret
	.size	odd_pushes, . - odd_pushes

	.type	keeps_flags, @function
keeps_flags:
	pushfq
	cld
	leaq	(%rdi,%rsi), %rax
	popfq
	ret

	.type	pivot, @function
pivot:                          /* (long *stack_top, value): another stack, and back */
	movq	%rsp, %r8
	xchgq	%rsp, %rdi
	pushq	%rsi
	pushq	%rdi
	call	.Llocal
	popq	%rdi
	popq	%rcx
	xchgq	%rdi, %rsp
	cmpq	%rsp, %r8
	jne	2f
	addq	%rcx, %rax
2:	ret
.Llocal:                        /* looks into its caller's frame, without one of its own */
	movq	16(%rsp), %rax
	negq	%rax
	retq

/* All registers, of both kinds; %rbp among them. */
	.type	all_registers, @function
all_registers:                  /* (const long *p) */
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movd	\n*4(%rdi), %xmm\n
	.endr
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	paddd	%xmm\n, %xmm0
	.endr
	movq	(%rdi), %rax
	movq	8(%rdi), %rcx
	movq	16(%rdi), %rdx
	movq	24(%rdi), %rbx
	movq	32(%rdi), %rbp
	movq	40(%rdi), %rsi
	movq	48(%rdi), %r8
	movq	56(%rdi), %r9
	movl	64(%rdi), %r10d
	movq	72(%rdi), %r11
	movq	80(%rdi), %r12
	movq	88(%rdi), %r13
	movq	96(%rdi), %r14
	movq	104(%rdi), %r15
	call	mix
	adcq	%rbp, %rax
	xorq	(%rdi), %rbp
	rolq	$7, %rbp
	imulq	%rbp, %rax
	xorq	%rbx, %rax
	addq	%rcx, %rax
	xorq	%rdx, %rax
	addq	%rsi, %rax
	xorq	%r8, %rax
	subq	%r9, %rax
	xorq	%r10, %rax
	addq	%r11, %rax
	xorq	%r12, %rax
	subq	%r13, %rax
	xorq	%r14, %rax
	addq	%r15, %rax
	movd	%xmm0, %ecx
	addq	%rcx, %rax
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret
/* A frame that is left by its pointer, where all other registers are in use. */
	.type	leaves, @function
leaves:
	pushq	%rbp
	movq	%rsp, %rbp
	subq	$64, %rsp
	andq	$-32, %rsp
	movq	%r15, (%rsp)
	xorq	-8(%rbp), %r14
	xorq	-8(%rbp), %r14
	leave
	ret
	.type	mix, @function
mix:
	call	leaves
	addq	%r15, %rbp
	adcq	%r14, %rbx
	movb	%bl, %bpl
	xchgq	%rbp, %r13
	cmpq	%rbp, %r12
	cmovbq	%r12, %rbp
	leaq	3(%rbp,%rbx,2), %r12
	ret

	.type	high_bytes, @function
high_bytes:                     /* (x): bytes that have no name beside most registers */
	pushq	%rbp
	pushq	%rbx
	movl	%edi, %eax
	movl	%edi, %ebx
	movzbl	%ah, %ebp
	movzbl	%bh, %ecx
	shll	$8, %ecx
	addl	%ecx, %ebp
	movl	%ebp, %edx
	movzbl	%dh, %ebp
	addl	%edx, %ebp
	movl	%ebp, %eax
	popq	%rbx
	popq	%rbp
	ret

/* %rbp is an argument and a result of another file's function. */
	.type	passes_frame, @function
passes_frame:
	pushq	%rbp
	pushq	%rbx
	movl	$5, %ebx
	leaq	(%rdi,%rdi), %rbp
	call	takes_frame
	leaq	(%rbp,%rax), %rax
	addq	%rbx, %rax
	popq	%rbx
	popq	%rbp
	ret

	.type	calls_back, @function
calls_back:                     /* (x): %rbp lives across a call of C */
	pushq	%rbp
	movq	%rdi, %rbp
	subq	$16, %rsp
	call	twice
	addq	$16, %rsp
	addq	%rbp, %rax
	popq	%rbp
	ret
	.section .note.GNU-stack, "", @progbits
