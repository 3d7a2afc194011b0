/* What the processor is said to have. AVX-512 must not be chosen, and is left out. */
	.text
	.globl	asks, asks_registers, chosen
	.type	asks, @function
asks:                           /* (leaf, subleaf, unsigned *result) */
	pushq	%rbx
	movq	%rdx, %r8
	movl	%edi, %eax
	movl	%esi, %ecx
	cpuid
	movl	%eax, (%r8)
	movl	%ebx, 4(%r8)
	movl	%ecx, 8(%r8)
	movl	%edx, 12(%r8)
	popq	%rbx
	ret
	.type	asks_registers, @function
asks_registers:
	xorl	%ecx, %ecx
	.byte	0x0f, 0x01, 0xd0
	ret
	.type	chosen, @function
chosen:
	movl	$1, %eax
	ret
	.type	not_chosen, @function
not_chosen:
	vpaddd	%zmm0, %zmm1, %zmm2
	rdrand	%rax
	ret
	.section .note.GNU-stack, "", @progbits
