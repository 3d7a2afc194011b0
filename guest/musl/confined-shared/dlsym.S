/* dlsym needs to know which object called it (RTLD_NEXT), and return addresses are where no guest can read: a hostcall
 * tells it its own. */
#include "confined.h"

	.hidden	__dlsym
	.section .text.dlsym, "ax", @progbits
function dlsym
	movq	%rdi, %gs:-8(%ebp)
	movq	%rsi, %gs:-16(%ebp)
	hostcall ORC_MARK
	movl	%eax, %edx
	movq	%gs:-8(%ebp), %rdi
	movq	%gs:-16(%ebp), %rsi
	jmp	__dlsym
.Ltrap:
	int3
	.size	dlsym, . - dlsym
	.section .note.GNU-stack, "", @progbits
