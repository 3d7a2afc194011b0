# Guards: with a scratch register at calls and tail jumps; at a jump table with a free register; in place, with nops
# before the targets, where all registers are in use.
	.text
	.type	calls,@function
calls:
	pushq	%rbx
	callq	*%rax
	callq	*%r11
	callq	*8(%rdi)
	callq	direct@PLT
	callq	*direct@GOTPCREL(%rip)
	popq	%rbx
	jmpq	*%rax                           # TAILCALL
	.type	conditional_tail,@function
conditional_tail:
	testl	%edi, %edi
	je	direct@PLT
	jne	.Lhere
.Lhere:
	retq
	.type	table_jump,@function
table_jump:
	movl	%edi, %eax
	leaq	.LJTI0_0(%rip), %rcx
	movslq	(%rcx,%rax,4), %rax
	addq	%rcx, %rax
	notrack		jmpq	*%rax
.LBB0_1:
	movl	$1, %eax
	retq
.LBB0_2:
	endbr64
	movl	%r11d, %eax
	retq
	.section	.rodata,"a",@progbits
.LJTI0_0:
	.long	.LBB0_1-.LJTI0_0
	.long	.LBB0_2-.LJTI0_0
	.text
	.type	goto_in_place,@function
goto_in_place:
	jmpq	*(%rdx,%r8,8)
	.p2align	4
.Ltmp0:
.LBB1_1:
	endbr64
	addq	%rcx, %rax
	addq	%rdx, %rax
	addq	%rbx, %rax
	addq	%rsi, %rax
	addq	%r9, %rax
	addq	%r8, %rax
	addq	%r10, %rax
	addq	%rdi, %rax
	addq	%r12, %rax
	addq	%r13, %rax
	addq	%r14, %rax
	addq	%r15, %rax
	jmp	.LBB1_1
	.section	.data.rel.ro,"aw",@progbits
targets:
	.quad	.Ltmp0
