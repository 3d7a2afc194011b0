# Unwind information describes the hardware stack, which holds the return address alone, and the caller's %rbp;
# variables relative to %rsp are relative to %rbp.
	.text
	.file	0 "/src" "a.c"
	.cfi_sections .debug_frame
	.type	f,@function
f:
	.cfi_startproc
	.loc	0 1 0
	pushq	%rbx
	.cfi_def_cfa_offset 16
	subq	$144, %rsp
	.cfi_def_cfa_offset 160
	.cfi_offset %rbx, -16
	callq	g
	addq	$144, %rsp
	.cfi_def_cfa_offset 16
	popq	%rbx
	.cfi_def_cfa_offset 8
	retq
	.cfi_endproc
	.section	.debug_info,"",@progbits
	.byte	1                               # DW_AT_frame_base
	.byte	87
	.byte	119                             # DW_OP_breg7
	.byte	8                               # 8
	.byte	87
