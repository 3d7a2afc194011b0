/* The libOS: what a kernel would be to the guest's C library, as ordinary code of the guest. It is part of libc.so,
 * hidden in it, and turns system calls into hostcalls. Nothing trusts it: its bugs are its own compartment's.
 *
 * The conventions of a kernel hold: sys_xxx functions take a system call's arguments and answer 0 or a positive value,
 * or -errno. No malloc, no stdio, no errno in here. A thread that runs in the libOS isn't interrupted by signal
 * handlers: they run when it leaves, so locks can't deadlock with them. */
#ifndef ORC_LIBOS_H
#define ORC_LIBOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orc/abi.h>
#include <orc/boot.h>
#include <orc/hostcall.h>

#pragma GCC visibility push(hidden)

#define LIBOS_PAGE 4096ul

/* The gate. For calls that don't block; see libos_blocking. */
static inline long orc_hostcall(long number, long a, long b, long c, long d, long e) {
    long (*gate)(long, long, long, long, long, long) = (long (*)(long, long, long, long, long, long))ORC_GATES;
    return gate(number, a, b, c, d, e);
}

/* start.c: the boot data; also what AT_ORC_BOOT names. Never NULL once a system call has been made. */
extern const struct orc_boot *libos_boot;
void libos_start(const struct orc_boot *boot);

/* What the C library calls for every system call (syscall.c). */
long __orc_syscall(long number, long a, long b, long c, long d, long e, long f);

/* Around every system call: `self = libos_enter(); do result = ...; while (libos_leave(self, number, &result));`
 * Leaving runs the handlers of signals that are due. True: the call was interrupted and is to be done again
 * (SA_RESTART). */
struct libos_thread;
struct libos_thread *libos_enter(void);
bool libos_leave(struct libos_thread *self, long number, long *result);

/* A hostcall that blocks. -EINTR when a signal handler is due, or the thread is being cancelled; interruptions without
 * a reason of the guest's are repeated (a timeout starts anew, and so the caller sees -EINTR in place of that when
 * `libos_interrupted` matters to it; use libos_blocking_once for calls with a timeout). */
long libos_blocking(long number, long a, long b, long c, long d, long e);
/* The same, never repeated: -EINTR may come without a reason; libos_interrupted() then tells. */
long libos_blocking_once(long number, long a, long b, long c, long d, long e);
/* rest.c: orc_hostcall, but a thread that waits for long in ORC_POLL, ORC_EPOLL_WAIT or ORC_FUTEX_WAIT gives its host
 * thread back. -EINTR may come without a reason. */
long libos_wait(long number, long a, long b, long c, long d, long e);
/* Wakes who waits in one. How many. */
long libos_futex_wake(long address, long count);
/* Before a call that waits for a handle in the host: 0, or -errno. */
long libos_wait_readable(uint32_t handle);
/* For calls that could block by their nature but won't for long, in places that can't give up: an interrupt is noted, and
 * the call repeated. */
long libos_hostcall_repeated(long number, long a, long b, long c, long d, long e);
/* Whether a system call has to end with -EINTR now. */
bool libos_interrupted(void);

/* ppoll, pselect6, epoll_pwait: the signal mask until the call ends (handlers included). `mask` is a guest's pointer to
 * `size` bytes, or NULL for no change. 0 or -EINVAL. */
long libos_temporary_mask(const void *mask, size_t size);

/* A signal for the calling thread, as after a failed write to a pipe (SIGPIPE). */
void libos_raise(int signal);

/* Absolute time of a clock of hostcall.h, ns. */
static inline int64_t libos_now(long clock) {
    return orc_hostcall(ORC_CLOCK, clock, 0, 0, 0, 0);
}
/* A timespec in ns, saturated: -EINVAL for one that isn't normal or is negative. */
struct timespec;
int64_t libos_nanoseconds(const struct timespec *time);

/* lock.c: whether there has ever been a second thread. Until then nothing needs to be atomic. */
extern bool libos_threaded;

/* A mutex over futexes. Zero: free. */
struct libos_lock {
    int word; /* 0 free, 1 taken, 2 taken and perhaps waited for */
};
void libos_lock(struct libos_lock *lock);
void libos_unlock(struct libos_lock *lock);

/* memory.c: fresh zero pages; 0 or -ENOMEM is told apart as an address or a negative number. */
long libos_pages(size_t bytes);
void libos_pages_free(long address, size_t bytes);
/* The first mapping that ends behind `address`; false: there's none. For /proc. */
struct libos_mapping {
    unsigned long start, end;
    uint64_t offset;
    uint32_t access;      /* ORC_MEMORY_READ, ORC_MEMORY_WRITE */
    bool shared;
};
bool libos_next_mapping(unsigned long address, struct libos_mapping *mapping);
/* Whether the first and the last of these bytes are mapped, as far as is known without looking. What a program passes that
 * isn't is EFAULT then, and mostly a null pointer or one that was freed; the rest is a fault. */
bool libos_maps(const void *start, unsigned long size);
/* Address of the first page that the guest may map. */
unsigned long libos_first_page(void);

/* process.c, names.c, privileges.c: what the boot data says. */
void process_start(void);
void names_start(void);
void privileges_start(void);

/* process.c: the effective ids; whether the program may give a file of `owner` to these (-1: no change);
 * whether a number is the process's or a thread's; its machine's name; and a clone begins. */
uint32_t libos_user(void);
uint32_t libos_group(void);
bool libos_may_own(uint32_t owner, uint32_t user, uint32_t group);
bool libos_is_own(long id);
const char *libos_hostname(void);
void process_clone(void);

/* limits.c: RLIMIT_FSIZE, for regular files: cuts what is to be written at `position`, or -EFBIG after a
 * signal. RLIMIT_AS and RLIMIT_DATA, RLIMIT_NPROC: whether more memory may be mapped, and (with the list
 * locked) a thread be started. */
extern bool libos_file_size_limited;
long libos_check_file_size(int64_t position, size_t *length);
long libos_check_growth(int64_t old_size,
                        int64_t new_size); /* the same for what is cut to nothing: 0 or -EFBIG */
bool libos_may_map(size_t length);
bool libos_may_start_thread(void);


/* A line for the operator, at most 512 bytes. */
void libos_log(const char *text);

/* ---- system calls: memory.c, mapping.c, advice.c */
long sys_mmap(long address, long length, long protection, long flags, long fd, long offset);
long sys_munmap(long address, long length);
struct shmid_ds;
long sys_shmget(long key, unsigned long size, long flags);
long sys_shmat(long id, long address, long flags);
long sys_shmdt(long address);
long sys_shmctl(long id, long command, struct shmid_ds *status);
long sys_mremap(long address, long old_length, long new_length, long flags, long new_address);
long sys_mprotect(long address, long length, long protection);
long sys_madvise(long address, long length, long advice);
long sys_mincore(long address, long length, long vector);
long sys_msync(long address, long length, long flags);
long sys_brk(long address);
long sys_mlock(long address, long length);
long sys_mlock2(long address, long length, long flags);
long sys_munlock(long address, long length);
long sys_mlockall(long flags);
long sys_munlockall(void);

/* ---- threads.c */
_Noreturn void sys_exit(long status);
_Noreturn void sys_exit_group(long status);
_Noreturn void libos_end_by_signal(int signal);
long sys_set_tid_address(long address);
long sys_arch_prctl(long code, long address);
long sys_gettid(void);
long sys_sched_yield(void);
long sys_futex(long address, long operation, long value, long timeout, long address2, long value3);
long sys_set_robust_list(long head, long size);
long sys_get_robust_list(long thread, void *head, void *size);

/* ---- signals.c */
long sys_rt_sigaction(long signal, const void *action, void *old, long size);
long sys_rt_sigprocmask(long how, const void *set, void *old, long size);
long sys_rt_sigpending(void *set, long size);
long sys_rt_sigtimedwait(const void *set, void *information, const void *timeout, long size);
long sys_rt_sigsuspend(const void *mask, long size);
long sys_rt_sigqueueinfo(long process, long signal, const void *information);
long sys_rt_tgsigqueueinfo(long process, long thread, long signal, const void *information);
long sys_sigaltstack(const void *stack, void *old);
long sys_pause(void);
long sys_kill(long process, long signal);
long sys_tkill(long thread, long signal);
long sys_tgkill(long process, long thread, long signal);
long sys_signalfd4(int descriptor, const void *mask, size_t size, int flags);

/* ---- timers.c */
struct itimerspec;
long sys_alarm(long seconds);
long sys_setitimer(long which, const void *value, void *old);
long sys_getitimer(long which, void *value);
long sys_timer_create(long clock, const void *event, int *id);
long sys_timer_settime(long id, long flags, const struct itimerspec *new, struct itimerspec *old);
long sys_timer_gettime(long id, struct itimerspec *now);
long sys_timer_getoverrun(long id);
long sys_timer_delete(long id);

/* ---- clock.c */
long sys_clock_gettime(long clock, void *time);
long sys_clock_getres(long clock, void *resolution);
long sys_clock_settime(long clock, const void *time);
long sys_settimeofday(const void *time, const void *zone);
struct timex;
long sys_adjtimex(struct timex *state);
long sys_clock_adjtime(long clock, struct timex *state);
long sys_clock_nanosleep(long clock, long flags, const void *time, void *left);
long sys_nanosleep(const void *time, void *left);
long sys_gettimeofday(void *time, void *zone);
long sys_time(void *time);
long sys_times(void *times);
long sys_getrusage(long who, void *usage);

/* ---- process.c */
long sys_getpid(void);
long sys_getppid(void);
long sys_getuid(void);
long sys_geteuid(void);
long sys_getgid(void);
long sys_getegid(void);
long sys_setuid(long id);
long sys_setgid(long id);
long sys_setreuid(long real, long effective);
long sys_setregid(long real, long effective);
long sys_setresuid(long real, long effective, long saved);
long sys_setresgid(long real, long effective, long saved);
long sys_getresuid(void *real, void *effective, void *saved);
long sys_getresgid(void *real, void *effective, void *saved);
long sys_getgroups(long size, void *list);
long sys_setgroups(long size, const void *list);
long sys_getpgid(long process);
long sys_setpgid(long process, long group);
long sys_getsid(long process);
long sys_setsid(void);
long sys_uname(void *name);
long sys_getrlimit(long resource, void *limit);
long sys_setrlimit(long resource, const void *limit);
long sys_prlimit64(long process, long resource, const void *limit, void *old);
long sys_sysinfo(void *information);
long sys_sched_getaffinity(long process, long size, void *mask);
long sys_sched_setaffinity(long process, long size, const void *mask);
long sys_sched_getparam(long process, void *parameters);
long sys_sched_getscheduler(long process);
long sys_sched_setscheduler(long process, long policy, const void *parameters);
long sys_sched_get_priority(long policy, bool maximum);
long sys_getpriority(long which, long who);
long sys_setpriority(long which, long who, long value);
long sys_getcpu(void *processor, void *node);
struct capability_header;
struct capability_words;
long sys_prctl(long operation, long a, long b, long c, long d);
long sys_capget(struct capability_header *header, struct capability_words *data);
long sys_capset(struct capability_header *header, const struct capability_words *data);
long sys_personality(unsigned long wanted);
long sys_setfsuid(void);
long sys_setfsgid(void);
long sys_sethostname(const void *name, long length);
long sys_setdomainname(const void *name, long length);
long sys_sched_setparam(long process, const void *parameters);
long sys_sched_rr_get_interval(long process, void *interval);
long sys_fork(void); /* and vfork: -ENOSYS, with a line for the operator */
long sys_execve(void);
long sys_wait4(long process, void *status, long options, void *usage);
long sys_waitid(long type, long id, void *information, long options, void *usage);
/* limits.c: RLIMIT_SIGPENDING's soft limit. */
uint64_t libos_signal_limit(void);
/* In a clone: a number of its own. */
void libos_process_renew(void);
/* RLIMIT_NOFILE's soft limit, for the descriptor table. */
unsigned libos_descriptor_limit(void);

#pragma GCC visibility pop

#endif
