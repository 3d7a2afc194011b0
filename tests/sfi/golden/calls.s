# Calls that don't return, from front ends that put nothing behind them; calls through the global offset table.
	.text
	.type	f,@function
f:
	pushq	%rbx
	testl	%edi, %edi
	je	.Lfail
	movl	%edi, %ebx
	callq	*g@GOTPCREL(%rip)
	popq	%rbx
	testl	%eax, %eax
	jne	.Lother
	jmpq	*h@GOTPCREL(%rip)
.Lfail:
	callq	die@PLT
.Lother:
	retq
	.type	last,@function
last:
	pushq	%rax
	callq	die@PLT
	.type	next,@function
next:
	retq
