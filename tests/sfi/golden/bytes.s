# Instructions that old sources spell as bytes.
	.text
	.type	f,@function
f:
	.byte	0x0f, 0x01, 0xd0
	.byte	15
	.byte	1
	.byte	208
	retq
