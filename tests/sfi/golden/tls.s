# Thread-local storage: the general-dynamic sequence keeps the ABI's length without its prefixes.
	.text
	.type	f,@function
f:
	subq	$8, %rsp
	data16
	leaq	x@TLSGD(%rip), %rdi
	data16
	data16
	rex64
	callq	__tls_get_addr@PLT
	leaq	y@TLSLD(%rip), %rdi
	callq	__tls_get_addr@PLT
	movl	y@DTPOFF(%rax), %ecx
	movq	%fs:0, %rax
	movl	z@TPOFF(%rax), %ecx
	movl	%fs:z@TPOFF, %ecx
	movq	e@GOTTPOFF(%rip), %rdx
	movl	(%rax,%rdx), %eax
	addq	$8, %rsp
	retq
