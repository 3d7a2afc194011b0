# A bound right before the jump, the table's address outside a loop.
	.text
	.type	bounded,@function
bounded:
	leaq	.LJTI0_0(%rip), %rcx
.LBB0_5:
	cmpl	$2, %edi
	ja	.LBB0_4
	movslq	(%rcx,%rdi,4), %rax
	addq	%rcx, %rax
	jmpq	*%rax
.LBB0_1:
	incl	%edi
	jmp	.LBB0_5
.LBB0_2:
	retq
.LBB0_3:
	ud2
.LBB0_4:
	xorl	%eax, %eax
	retq
	.section	.rodata,"a",@progbits
	.p2align	2, 0x0
.LJTI0_0:
	.long	.LBB0_1-.LJTI0_0
	.long	.LBB0_2-.LJTI0_0
	.long	.LBB0_3-.LJTI0_0
# Instructions between bound and jump that the default doesn't mind; the sum is in the table's register; a group.
	.section	.text.moved,"axG",@progbits,moved,comdat
	.type	moved,@function
moved:
	cmpq	$1, %rdi
	ja	.LBB1_3
	leal	1(%rsi), %r9d
	movl	%esi, %r8d
	leaq	.LJTI1_0(%rip), %rcx
	movslq	(%rcx,%rdi,4), %rax
	addq	%rax, %rcx
	jmpq	*%rcx
.LBB1_1:
	movl	%r9d, %eax
	retq
.LBB1_2:
	movl	%r8d, %eax
	retq
.LBB1_3:
	retq
	.section	.rodata.moved,"aG",@progbits,moved,comdat
.LJTI1_0:
	.long	.LBB1_1-.LJTI1_0
	.long	.LBB1_2-.LJTI1_0
# The default reads what the instruction between changes, or it's a load: a bound of its own. A bound of 32 bits for an index of 64
# is as good; r13 can't be a base; the index changes before the jump.
	.text
	.type	kept,@function
kept:
	cmpl	$1, %edi
	ja	.LBB2_3
	leal	1(%rsi), %edx
	leaq	.LJTI2_0(%rip), %r13
	movslq	(%r13,%rdi,4), %rax
	addq	%r13, %rax
	jmpq	*%rax
.LBB2_1:
	cmpl	$1, %edi
	ja	.LBB2_3
	movl	(%rsi), %ecx
	leaq	.LJTI2_0(%rip), %r8
	movslq	(%r8,%rdi,4), %rax
	addq	%r8, %rax
	movl	%ecx, %edi
	jmpq	*%rax
.LBB2_2:
	jae	.LBB2_3
.LBB2_3:
	movl	%edx, %eax
	retq
	.section	.rodata,"a",@progbits
.LJTI2_0:
	.long	.LBB2_1-.LJTI2_0
	.long	.LBB2_2-.LJTI2_0
# A table that some jump reads in a way that isn't known stays as it is, guards and all.
	.text
	.type	mixed,@function
mixed:
	leaq	.LJTI3_0(%rip), %rcx
	movslq	(%rcx,%rdi,4), %rax
	addq	%rcx, %rax
	testl	%esi, %esi
	je	.LBB3_2
	jmpq	*%rax
.LBB3_1:
	movslq	(%rcx,%rdi,4), %rax
	addq	%rcx, %rax
	jmpq	*%rax
.LBB3_2:
	jmpq	*%rax
	.section	.rodata,"a",@progbits
.LJTI3_0:
	.long	.LBB3_1-.LJTI3_0
	.long	.LBB3_2-.LJTI3_0
# Which table is it?
	.text
	.type	either,@function
either:
	leaq	.LJTI4_0(%rip), %rcx
	testl	%esi, %esi
	je	.LBB4_1
	leaq	.LJTI4_1(%rip), %rcx
.LBB4_1:
	movslq	(%rcx,%rdi,4), %rax
	addq	%rcx, %rax
	jmpq	*%rax
.LBB4_2:
	retq
	.section	.rodata,"a",@progbits
.LJTI4_0:
	.long	.LBB4_1-.LJTI4_0
.LJTI4_1:
	.long	.LBB4_2-.LJTI4_1
# Computed gotos: through a table of labels, through a register loaded from it, to a label that's known.
	.text
	.type	gotos,@function
gotos:
	leaq	.Ltmp1(%rip), %r8
	leaq	labels(%rip), %rcx
	jmpq	*(%rcx,%rdi,8)
.Ltmp0:
	endbr64
	movq	(%rcx,%rsi,8), %rax
	movl	%esi, %edi
	jmpq	*%rax
.Ltmp1:
	endbr64
	movq	(%rcx,%rsi,8), %rax
	xorl	%esi, %esi
	jmpq	*%rax
.Ltmp2:
	endbr64
	jmpq	*%r8
	.section	.jump_tables.labels,"aw",@progbits
	.p2align	3
labels:
	.quad	.Ltmp0
	.quad	.Ltmp1
	.quad	.Ltmp2
# ... and one that isn't: the labels keep their marks.
	.text
	.type	unknown,@function
unknown:
	leaq	more_labels(%rip), %rcx
	jmpq	*(%rcx,%rdi,8)
.Ltmp3:
	endbr64
	jmpq	*%rsi
.Ltmp4:
	endbr64
	retq
	.section	.jump_tables.more_labels,"aw",@progbits
	.p2align	3
more_labels:
	.quad	.Ltmp3
	.quad	.Ltmp4

# The pointer gets another value behind the addition, and the targets read it: the jump takes another register.
	.text
	.globl	reloaded
	.type	reloaded,@function
reloaded:
	.cfi_startproc
	endbr64
	pushq	%rax
	.cfi_def_cfa_offset 16
	movl	%edi, %eax
	movq	%rsi, (%rsp)
	cmpl	$2, %eax
	ja	.LBB90_4
	leaq	.LJTI90_0(%rip), %rcx
	movslq	(%rcx,%rax,4), %rax
	addq	%rcx, %rax
	movq	(%rsp), %rcx
	jmpq	*%rax
.LBB90_1:
	leaq	1(%rcx), %rax
	popq	%rcx
	retq
.LBB90_2:
	leaq	2(%rcx), %rax
	popq	%rcx
	retq
.LBB90_4:
	xorl	%eax, %eax
	popq	%rcx
	retq
.Lfunc_end90:
	.size	reloaded, .Lfunc_end90-reloaded
	.cfi_endproc
	.section	.rodata,"a",@progbits
	.p2align	2, 0x0
.LJTI90_0:
	.long	.LBB90_1-.LJTI90_0
	.long	.LBB90_2-.LJTI90_0
	.long	.LBB90_1-.LJTI90_0
# Two switches at different depths. What the first computes isn't read by calls and returns behind it, whose
# arguments and results the text doesn't name.
	.text
	.type	depths,@function
depths:
	cmpl	$1, %edi
	ja	.LBB5_3
	leaq	.LJTI5_0(%rip), %rcx
	movslq	(%rcx,%rdi,4), %rax
	addq	%rcx, %rax
	jmpq	*%rax
.LBB5_1:
	pushq	%rbx
	callq	calls
	cmpl	$1, %esi
	ja	.LBB5_4
	leaq	.LJTI5_1(%rip), %rcx
	movslq	(%rcx,%rsi,4), %rax
	addq	%rcx, %rax
	jmpq	*%rax
.LBB5_2:
	setne	%al
.LBB5_3:
	retq
.LBB5_4:
	xorl	%eax, %eax
.LBB5_5:
	popq	%rbx
	retq
	.section	.rodata,"a",@progbits
.LJTI5_0:
	.long	.LBB5_1-.LJTI5_0
	.long	.LBB5_2-.LJTI5_0
.LJTI5_1:
	.long	.LBB5_4-.LJTI5_1
	.long	.LBB5_5-.LJTI5_1
# The sum is read behind the jump: that switch is guarded.
	.text
	.type	read,@function
read:
	cmpl	$1, %edi
	ja	.LBB6_2
	leaq	.LJTI6_0(%rip), %rcx
	movslq	(%rcx,%rdi,4), %rax
	addq	%rcx, %rax
	jmpq	*%rax
.LBB6_1:
	movq	%rax, (%rsi)
.LBB6_2:
	retq
	.section	.rodata,"a",@progbits
.LJTI6_0:
	.long	.LBB6_1-.LJTI6_0
	.long	.LBB6_2-.LJTI6_0
