/* The signal mask in a sigjmp_buf, for setjmp.S. */
#include <setjmp.h>
#include <signal.h>
#include "syscall.h"

hidden void __orc_save_mask(sigjmp_buf buffer)
{
	__syscall(SYS_rt_sigprocmask, SIG_SETMASK, 0, buffer->__ss, _NSIG/8);
}

hidden void __orc_restore_mask(sigjmp_buf buffer)
{
	__syscall(SYS_rt_sigprocmask, SIG_SETMASK, buffer->__ss, 0, _NSIG/8);
}
