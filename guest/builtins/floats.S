/* What the rewriter makes of ldmxcsr, fldcw, fldenv and fnstenv (toolchain/sfi/float.c): calls of these, which keep all
 * registers but %rax, the flags too, as the instructions do. The argument is in %eax. In the confined form, since
 * whatever they keep lies below the data stack pointer: 256 bytes there are nobody else's, less what the rewriter uses.
 *
 * What the instructions do natively with reserved bits, a fault, happens here as well. */
#include <orc/abi.h>
#include <orc/hostcall.h>

#define FRAME(offset) %gs:-(offset)(%ebp)
#define WORD FRAME(208)
#define EQUAL FRAME(216) /* for cmpxchg8b */
#define OVERFLOW FRAME(193)
#define CARRY FRAME(194)
#define ZERO FRAME(195)
#define SIGN FRAME(196)
#define PARITY FRAME(197)

#define TOP 0x3800
#define CLASS 0x4500 /* of fxam */
#define EMPTY 0x4100
#define CLASS_NORMAL 0x0400
#define CLASS_ZERO 0x4000
#define TAG_ZERO 1
#define TAG_SPECIAL 2
#define TAG_EMPTY 3
#define MASKS 0x3f

	/* name, offset: the registers that the functions use. */
	.macro each_register do
	\do	rcx, 152
	\do	rdx, 160
	\do	rsi, 168
	\do	rdi, 176
	\do	r8, 184
	\do	r11, 192
	\do	rbx, 224
	\do	r9, 232
	\do	r10, 240
	.endm
	.macro keep_register name, offset
	movq	%\name, FRAME(\offset)
	.endm
	.macro restore_register name, offset
	movq	FRAME(\offset), %\name
	.endm

	.macro keep
	each_register keep_register
	seto	OVERFLOW
	setc	CARRY
	setz	ZERO
	sets	SIGN
	setp	PARITY
	.endm

	.section .text.orc_floats, "ax", @progbits

	.macro function name
	.globl	\name
	.hidden	\name
	.type	\name, @function
	.p2align 4, 0x90
\name:
	.endm

function __orc_load_mxcsr
	keep
	movl	%eax, %edi
	fnstcw	WORD
	movzwl	WORD, %esi
	fnstsw	%ax
	movzwl	%ax, %edx
	movl	$ORC_X87_KEEP, %ecx
	jmp	.Lset
	.size	__orc_load_mxcsr, . - __orc_load_mxcsr

function __orc_load_x87_control
	keep
	movl	%eax, %esi
	stmxcsr	WORD
	movl	WORD, %edi
	fnstsw	%ax
	movzwl	%ax, %edx
	movl	$ORC_X87_KEEP, %ecx
	/* fall through */

/* edi: MXCSR, esi: a control word, edx: a status word, ecx: tags. */
.Lset:
	andl	$0x1f3f, %esi /* the processor ignores the other bits */
	orl	$0x40, %esi
	andl	$ORC_X87_STATUS, %edx
	movl	$ORC_FLOAT_GATE, %eax
	movl	%eax, %eax
	movl	(%rax), %r11d
	addl	$0x05e1f00d, %r11d
	jne	.Ltrap
	callq	*%rax
	testl	%eax, %eax
	jne	.Lrefused
.Lrestore:
	/* Parity and sign by a byte with as many ones as it takes, then carry and overflow by a rotation, which leaves the
	 * others alone, then zero by the one instruction that changes nothing else. */
	movzbl	SIGN, %ecx
	movzbl	PARITY, %edx
	xorl	%ecx, %edx
	shll	$7, %ecx
	leal	2(%rcx, %rdx), %esi
	movzbl	CARRY, %edi
	movzbl	OVERFLOW, %eax
	xorl	%edi, %eax
	shll	$6, %eax
	shll	$7, %edi
	orl	%eax, %edi
	movzbl	ZERO, %ecx
	testb	%sil, %sil
	rolb	$1, %dil
	jrcxz	1f
	movq	$0, EQUAL
	movl	$0, %eax
	movl	$0, %edx
	movl	$0, %ebx
	movl	$0, %ecx
	cmpxchg8b	EQUAL
1:
	each_register restore_register
	retq
.Lrefused:
	movl	%gs:0(,%eiz,1), %eax
.Ltrap:
	ud2
	.size	__orc_load_x87_control, . - __orc_load_x87_control

/* eax: where an environment lies. */
function __orc_load_x87_environment
	keep
	movl	%eax, %r9d
	stmxcsr	WORD
	movl	WORD, %edi
	movzwl	%gs:(%r9d), %esi
	movzwl	%gs:4(%r9d), %edx
	movzwl	%gs:8(%r9d), %ecx
	jmp	.Lset
	.size	__orc_load_x87_environment, . - __orc_load_x87_environment

/* eax: where an environment is to lie. As the instruction, it masks all exceptions. Where the last instruction and its
 * operand stood isn't told: zeros. */
function __orc_store_x87_environment
	keep
	movl	%eax, %r9d
	movl	$0xffff0000, %ecx
	fnstcw	WORD
	movzwl	WORD, %esi
	leal	(%rcx, %rsi), %eax
	movl	%eax, %gs:(%r9d)
	fnstsw	%ax
	movzwl	%ax, %eax
	movl	%eax, %ebx /* the status word, to the end */
	orl	%ecx, %eax
	movl	%eax, %gs:4(%r9d)
	movl	$0, %gs:12(%r9d)
	movl	$0, %gs:16(%r9d)
	movl	$0, %gs:20(%r9d)
	movl	$0, %gs:24(%r9d)
	orl	$MASKS, %esi
	stmxcsr	WORD
	movl	WORD, %edi
	movl	%ebx, %edx
	movl	$ORC_X87_KEEP, %ecx
	call	.Lgate
	movl	$0, %r10d
	movl	$8, %edx
1:
	fxam
	fnstsw	%ax
	andl	$CLASS, %eax
	movl	$0, %ecx
	cmpl	$CLASS_NORMAL, %eax
	je	2f
	movl	$TAG_ZERO, %ecx
	cmpl	$CLASS_ZERO, %eax
	je	2f
	movl	$TAG_EMPTY, %ecx
	cmpl	$EMPTY, %eax
	je	2f
	movl	$TAG_SPECIAL, %ecx
2:
	shrl	$2, %r10d
	shll	$14, %ecx
	orl	%ecx, %r10d
	fincstp
	decl	%edx
	jne	1b
	movl	%r10d, %edx /* from the top on: turned to the physical numbers */
	shll	$16, %edx
	orl	%edx, %r10d
	movl	%ebx, %ecx
	andl	$TOP, %ecx
	shrl	$10, %ecx
	movl	$16, %edx
	subl	%ecx, %edx
	movl	%edx, %ecx
	shrl	%cl, %r10d
	orl	$0xffff0000, %r10d
	movl	%r10d, %gs:8(%r9d)
	stmxcsr	WORD
	movl	WORD, %edi
	movzwl	%gs:(%r9d), %esi
	orl	$MASKS, %esi
	movl	%ebx, %edx
	movl	$ORC_X87_KEEP, %ecx
	jmp	.Lset
	.size	__orc_store_x87_environment, . - __orc_store_x87_environment

/* The same as .Lset, and back to the caller. */
	.type	.Lgate, @function
	.p2align 4, 0x90
.Lgate:
	andl	$ORC_X87_STATUS, %edx
	andl	$0x1f3f, %esi
	orl	$0x40, %esi
	movl	$ORC_FLOAT_GATE, %eax
	movl	%eax, %eax
	movl	(%rax), %r11d
	addl	$0x05e1f00d, %r11d
	jne	.Ltrap3
	callq	*%rax
	retq
.Ltrap3:
	ud2

	.section .note.GNU-stack, "", @progbits
