# String instructions become loops.
	.text
	.type	f,@function
f:
	rep	movsb	(%rsi), %es:(%rdi)
	rep;stosq %rax, %es:(%rdi)
	repne	scasb	%es:(%rdi), %al
	repe	cmpsb	%es:(%rdi), (%rsi)
	lodsb	(%rsi), %al
	movsq
	movsbl	(%rdi), %eax
	movsd	(%rdi), %xmm0
	cld
	retq
