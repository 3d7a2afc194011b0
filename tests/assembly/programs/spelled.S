/* Instructions that are spelled, strings, macros, both syntaxes. */
#include "spelled.h"
	.text
	.globl	spelled, fills, copies, both, local_labels, takes_address
	.type	spelled, @function
spelled:
	.byte	0xf3, 0x0f, 0x1e, 0xfa          /* endbr64 */
	.byte	0x48, 0x89, 0xf8                /* mov %rdi, %rax */
	.byte	0x66
	nop
	.byte	0x48,0x8d,0x04
	.byte	0x70                            /* lea (%rax,%rsi,2), %rax */
	.byte	0xeb, 0x01, 0xcc                /* jmp over a byte */
	.byte	0x48, 0xff, 0xc0                /* inc %rax */
	rep
	ret
	.byte	83, 79, 32, 98, 121, 116, 101, 115, 0

	.type	fills, @function
fills:                          /* (p, n): a string instruction */
	movl	$0x41, %eax
	movq	%rsi, %rcx
	cld
	rep; stosb
	movb	$0, (%rdi)
	ret

	.type	copies, @function
copies:                         /* (to, from, n) */
	FUNCTION_BODY
	ret

	.type	both, @function
both:
	.intel_syntax noprefix
	lea	rax, [rdi + rsi*4 + 2]
	imul	rax, qword ptr [rip + .Lfactor]
	.att_syntax
	ret
.Lfactor:
	.quad	3

	.type	local_labels, @function
local_labels:
	xorl	%eax, %eax
1:	testl	%edi, %edi
	je	1f
	addl	%edi, %eax
	decl	%edi
	jmp	1b
1:	ret

	.type	takes_address, @function
takes_address:
	movabsq	$local_labels, %rax
	ret
	.section .note.GNU-stack, "", @progbits
