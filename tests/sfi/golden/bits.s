# Strings of bits: the word's address is computed first.
	.text
	.type	f,@function
f:
	btq	%rax, (%rdi)
	lock btsl	%ecx, 8(%rsp)
	btrw	%r15w, (%rax,%r14,4)
	lock
	btcq	%rsi, word(%rip)
	btsq	$3, (%rdi)
	retq
