# Instructions that old sources spell as bytes.
	.text
	.type	f,@function
f:
	.byte	0x0f, 0x01, 0xd0
	.byte	15
	.byte	1
	.byte	208
	.byte	0xf0
	incl	(%rdi)
	.long	0xdc380f66
	.byte	193
	.quad	0x909090c100380f66
	.ascii	"\017\242"
	.byte	0xf3, 0x48
	movsq
	.word	0x6666
	rex64
	call	__tls_get_addr@PLT
	.byte	0xff, 0xd0, 0x0f, 0x0b
	.type	spelled,@function
spelled:
	.byte	0x48, 0x8b, 0x44, 0x24, 0x10
	.byte	0xf3, 0xc3
