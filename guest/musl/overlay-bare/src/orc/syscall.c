/* The C library's system calls in a bare compartment: a handful become hostcalls or work on the slot's own memory, and
 * everything else is refused with -ENOSYS. The bare compartment has one thread, no files, no signals and no wall
 * clock (real time counts from an arbitrary start, as monotonic time does). */
#include <errno.h>
#include <time.h>
#include <sys/uio.h>
#include "syscall.h"
#include "memory.h"
#include <orc/abi.h>
#include <orc/hostcall.h>

static long hostcall(long number, long a, long b, long c)
{
	long (*gate)(long, long, long, long, long, long) = (void *)ORC_GATES;
	return gate(number, a, b, c, 0, 0);
}

static long transfer_vector(int number, long fd, const struct iovec *vector, long count)
{
	long total = 0;
	if (count < 0 || count > 1024)
		return -EINVAL;
	for (long i = 0; i < count; i++) {
		if (!vector[i].iov_len)
			continue;
		long done = hostcall(number, fd, (long)vector[i].iov_base, vector[i].iov_len);
		if (done < 0)
			return total ? total : done;
		total += done;
		if ((size_t)done < vector[i].iov_len)
			break;
	}
	return total;
}

static long clock_read(long clock, struct timespec *time)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_THREAD_CPUTIME_ID:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_BOOTTIME:
		break;
	default:
		return -EINVAL;
	}
	long nanoseconds = hostcall(ORC_CLOCK, 0, 0, 0);
	time->tv_sec = nanoseconds / 1000000000;
	time->tv_nsec = nanoseconds % 1000000000;
	return 0;
}

static _Noreturn void finish(long status)
{
	for (;;)
		hostcall(ORC_EXIT, status, 0, 0);
}

long __orc_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	switch (number) {
	case SYS_exit:
	case SYS_exit_group:
		finish(a);
	case SYS_write:
		return hostcall(ORC_WRITE, a, b, c);
	case SYS_writev:
		return transfer_vector(ORC_WRITE, a, (const struct iovec *)b, c);
	case SYS_read:
		return hostcall(ORC_READ, a, b, c);
	case SYS_readv:
		return transfer_vector(ORC_READ, a, (const struct iovec *)b, c);
	case SYS_mmap:
		return __orc_mmap(a, b, c, d, e, f);
	case SYS_munmap:
		return __orc_munmap(a, b);
	case SYS_mremap:
		return __orc_mremap(a, b, c, d);
	case SYS_brk:
		return __orc_brk(a);
	case SYS_clock_gettime:
		return clock_read(a, (struct timespec *)b);
	case SYS_set_thread_area:
		return hostcall(ORC_SET_THREAD_POINTER, a, 0, 0);
	case SYS_tkill: /* no handlers, so a signal to oneself ends the compartment */
		finish(128 + b);
	case SYS_set_tid_address:
	case SYS_getpid:
	case SYS_gettid:
		return 1;
	}
	return -ENOSYS;
}
