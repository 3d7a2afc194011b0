/* The floating-point environment. Guest code reads MXCSR and the x87 words itself; to change them is gate 1's part. */
#include <fenv.h>
#include <orc/abi.h>
#include <orc/hostcall.h>

#define DEFAULT_MXCSR 0x1f80
#define DEFAULT_CONTROL 0x37f
#define ROUNDING 0xc00 /* in the control word; in MXCSR 3 bits higher */

struct modes {
	unsigned mxcsr;
	unsigned short control, status;
};

static struct modes get(void)
{
	struct modes modes;
	__asm__ volatile("stmxcsr %0" : "=m"(modes.mxcsr));
	__asm__ volatile("fnstcw %0" : "=m"(modes.control));
	__asm__ volatile("fnstsw %0" : "=m"(modes.status));
	return modes;
}

/* At a call the x87 stack is empty, and stays so. */
static int set(struct modes modes)
{
	long (*gate)(long, long, long, long) = (long (*)(long, long, long, long))ORC_FLOAT_GATE;
	/* Bits that the processor ignores in a control word, gate 1 refuses. */
	long control = (modes.control & 0x1f3f) | 0x40;
	return gate(modes.mxcsr, control, modes.status & ORC_X87_STATUS, ORC_X87_KEEP) == 0 ? 0 : -1;
}

/* The x87's flags can't be cleared one by one natively: those that stay move to MXCSR, as in musl's own. */
int feclearexcept(int mask)
{
	struct modes modes = get();
	int flags = modes.status & FE_ALL_EXCEPT;
	mask &= FE_ALL_EXCEPT;
	if (!((modes.mxcsr | flags) & mask))
		return 0;
	if (flags & mask)
		modes.status &= ~0x7f;
	modes.mxcsr = (modes.mxcsr | flags) & ~mask;
	return set(modes);
}

int feraiseexcept(int mask)
{
	struct modes modes = get();
	unsigned raised = modes.mxcsr | (mask & FE_ALL_EXCEPT);
	if (raised == modes.mxcsr)
		return 0;
	modes.mxcsr = raised;
	return set(modes);
}

int fetestexcept(int mask)
{
	struct modes modes = get();
	return (modes.mxcsr | modes.status) & mask & FE_ALL_EXCEPT;
}

int fegetround(void)
{
	return get().mxcsr >> 3 & ROUNDING;
}

__attribute__((__visibility__("hidden"))) int __fesetround(int rounding)
{
	struct modes modes = get();
	modes.control = (modes.control & ~ROUNDING) | rounding;
	modes.mxcsr = (modes.mxcsr & ~(ROUNDING << 3)) | rounding << 3;
	return set(modes);
}

int fegetenv(fenv_t *environment)
{
	struct modes modes = get();
	*environment = (fenv_t){
		.__control_word = modes.control, .__unused1 = 0xffff,
		.__status_word = modes.status, .__unused2 = 0xffff,
		.__tags = 0xffff, .__unused3 = 0xffff,
		.__mxcsr = modes.mxcsr,
	};
	return 0;
}

int fesetenv(const fenv_t *environment)
{
	if (environment == FE_DFL_ENV)
		return set((struct modes){DEFAULT_MXCSR, DEFAULT_CONTROL, 0});
	return set((struct modes){environment->__mxcsr, environment->__control_word, environment->__status_word});
}
