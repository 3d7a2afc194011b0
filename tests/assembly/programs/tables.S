/* Tables in the text, and what is computed from labels. */
#define ENTRIES 4
	.text
	.globl	table_sum, table_before, table_length, text_jump, rodata_jump, address_jump, shown_table, string_at, aligned_sum
	.type	table_sum, @function
	.p2align 4
table_sum:                      /* (): the sum of a table's words, and its end by a label */
	.cfi_startproc
	leaq	.Lwords(%rip), %rcx
	leaq	.Lwords_end(%rip), %rdx
	xorl	%eax, %eax
1:	addq	(%rcx), %rax
	addq	$8, %rcx
	cmpq	%rdx, %rcx
	jne	1b
	.byte	0xf3, 0xc3
	.cfi_endproc
	.size	table_sum, . - table_sum
	.p2align 6
.Lwords:
	.quad	1, 20, 300, 4000
.Lwords_end:
	.p2align 4

	.type	table_before, @function
table_before:                   /* (i): a table reached from behind and from before */
	leaq	.Lbytes+128(%rip), %rax
	leaq	.Lbytes-64(%rip), %rcx
	movzbl	-128(%rax,%rdi), %eax
	movzbl	64(%rcx,%rdi), %ecx
	shll	$8, %ecx
	orl	%ecx, %eax
	addl	.Lbytes+4(%rip), %eax
	ret
.Lbytes:
	.byte	7, 6, 5, 4, 3, 2, 1, 0
	.ascii	"hand-written"
	.byte	0

	.type	table_length, @function
table_length:
	movl	$.Llong_end-.Llong, %eax
	movl	$count, %ecx
	imull	%ecx, %eax
	addl	.Llength(%rip), %eax
	ret
	int3
.Llong:	.long	9, 8, 7
.Llong_end:
	count = (.Llong_end-.Llong)/4
.Llength:
	.long	.Llong_end-.Llong, 0

	.type	text_jump, @function
text_jump:                      /* (i): through differences in the text */
	cmpl	$ENTRIES, %edi
	jae	.Ldefault
	leaq	.Ljumps(%rip), %r10
	movslq	(%r10,%rdi,4), %rax
	addq	%r10, %rax
	jmp	*%rax
	.p2align 2
.Ljumps:
	.long	.Lzero-.Ljumps, .Lone-.Ljumps, .Ltwo-.Ljumps
	.long	.Lthree-.Ljumps
.Lzero:	movl	$100, %eax
	ret
.Lone:	movl	$101, %eax
	ret
.Ltwo:	movl	$102, %eax
	ret
.Lthree:
	movl	$103, %eax
	ret
.Ldefault:
	movl	$-1, %eax
	ret

	.type	rodata_jump, @function
rodata_jump:                    /* (i): the differences count from a place in the code */
	leaq	.Loffsets(%rip), %rax
	movslq	(%rax,%rdi,4), %rax
	leaq	.Lorigin(%rip), %rcx
	addq	%rcx, %rax
.Lorigin:
	jmp	*%rax
	.section .rodata.jumps, "a", @progbits
	.p2align 2
.Loffsets:
	.long	.La-.Lorigin, .Lb-.Lorigin
	.text
.La:	movl	$11, %eax
	ret
.Lb:	movl	$22, %eax
	ret

	.type	address_jump, @function
address_jump:                   /* (i): addresses, in the text */
	leaq	.Laddresses(%rip), %rax
	call	*(%rax,%rdi,8)
	incl	%eax
	ret
	.p2align 3
.Laddresses:
	.quad	.La, .Lb, table_length

	.globl	late_labels
	.type	late_labels, @function
late_labels:                    /* (): sums with products, labels that are assigned later */
	leaq	.Lwords(%rip), %rcx
	movq	offset_b-offset_a(%rcx), %rax
	addq	.Lwords+((3*16)/2)-16(%rip), %rax
	ret
	offset_a = .Lwords - .Lbytes
	offset_b = .Lwords + 16 - .Lbytes

	.globl	registers_stay
	.type	registers_stay, @function
registers_stay:                 /* (i): a computed jump leaves all registers alone */
	movl	$5, %r11d
	movl	$70, %r10d
	leaq	.Lplaces(%rip), %rax
	jmp	*(%rax,%rdi,8)
	.section .data.rel.ro.local, "aw", @progbits
	.p2align 3
.Lplaces:
	.quad	first_place, second_place
	.text
first_place:
	leal	(%r10,%r11), %eax
	ret
second_place:
	leal	1000(%r10,%r11,2), %eax
	addl	%edi, %eax
	ret

	.globl	exported
	.type	exported, @object
	.p2align 5
exported:
	.long	0x11223344, 0x55667788
	.size	exported, 8
	.type	shown_table, @function
shown_table:
	movl	exported(%rip), %eax
	ret

	.type	string_at, @function
string_at:                      /* (): an address in a string of the text */
	leaq	.Lbytes+8+5(%rip), %rax
	ret

	.type	aligned_sum, @function
aligned_sum:                    /* (): loads that insist on alignment */
	movdqa	.Lvector(%rip), %xmm0
	paddd	.Lvector+16(%rip), %xmm0
	movd	%xmm0, %eax
	ret
	.p2align 4
.Lvector:
	.long	3, 0, 0, 0, 4, 0, 0, 0
	.section .note.GNU-stack, "", @progbits
