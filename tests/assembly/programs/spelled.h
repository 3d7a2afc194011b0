/* A macro from another file. */
.macro copy_words count
	.rept \count
	movsq
	.endr
.endm
#define FUNCTION_BODY copy_words 2; movl $1, %eax
