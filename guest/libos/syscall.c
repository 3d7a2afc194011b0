/* The system calls: a number leads to a function of the libOS. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include "files.h"
#include "libos.h"
#include "thread.h"

/* Numbers that this C library's headers don't know. */
#define NUMBER_FACCESSAT2 439
#define NUMBER_CLOSE_RANGE 436
#define NUMBER_EPOLL_PWAIT2 441
#define NUMBER_FCHMODAT2 452

/* With ORC_TRACE in the environment, each number that isn't there is told to the operator, once. */
static bool is_tracing(void) {
    const uint64_t *start = (const uint64_t *)ORC_START_BLOCK;
    for (const uint64_t *entry = start + 1 + start[0] + 1; *entry; entry++)
        if (!strncmp((const char *)*entry, "ORC_TRACE=", 10))
            return true;
    return false;
}

static __attribute__((noinline, cold)) long unknown(long number) {
    static uint32_t told[16];
    char line[] = "libos: no system call ###";
    if (number < 0 || number >= 512)
        return -ENOSYS;
    uint32_t bit = 1u << number % 32;
    if (!is_tracing() || __atomic_fetch_or(&told[number / 32], bit, __ATOMIC_RELAXED) & bit)
        return -ENOSYS;
    for (char *digit = line + sizeof line - 2; *digit == '#'; digit--, number /= 10)
        *digit = '0' + number % 10;
    libos_log(line);
    return -ENOSYS;
}

#define P(x) ((void *)(x))

/* Calls that are a special form of another. */
#define FORM(name, call)                                                                                     \
    static long call_##name(long a, long b, long c, long d, long e, long f) {                                \
        (void)a, (void)b, (void)c, (void)d, (void)e, (void)f;                                                \
        return call;                                                                                         \
    }
FORM(open, sys_openat(AT_FDCWD, P(a), b, c))
FORM(creat, sys_openat(AT_FDCWD, P(a), O_CREAT | O_WRONLY | O_TRUNC, b))
FORM(stat, sys_newfstatat(AT_FDCWD, P(a), P(b), 0))
FORM(lstat, sys_newfstatat(AT_FDCWD, P(a), P(b), AT_SYMLINK_NOFOLLOW))
FORM(access, sys_faccessat2(AT_FDCWD, P(a), b, 0))
FORM(faccessat, sys_faccessat2(a, P(b), c, 0))
FORM(readlink, sys_readlinkat(AT_FDCWD, P(a), P(b), c))
FORM(preadv2, sys_preadv2(a, P(b), c, d, f))
FORM(pwritev2, sys_pwritev2(a, P(b), c, d, f))
FORM(fsync, sys_fsync(a, false))
FORM(fdatasync, sys_fsync(a, true))
FORM(mkdir, sys_mkdirat(AT_FDCWD, P(a), b))
FORM(mknod, sys_mknodat(AT_FDCWD, P(a), b, c))
FORM(unlink, sys_unlinkat(AT_FDCWD, P(a), 0))
FORM(rmdir, sys_unlinkat(AT_FDCWD, P(a), AT_REMOVEDIR))
FORM(rename, sys_renameat2(AT_FDCWD, P(a), AT_FDCWD, P(b), 0))
FORM(renameat, sys_renameat2(a, P(b), c, P(d), 0))
FORM(link, sys_linkat(AT_FDCWD, P(a), AT_FDCWD, P(b), 0))
FORM(symlink, sys_symlinkat(P(a), AT_FDCWD, P(b)))
FORM(chmod, sys_fchmodat(AT_FDCWD, P(a), b))
FORM(chown, sys_fchownat(AT_FDCWD, P(a), b, c, 0))
FORM(lchown, sys_fchownat(AT_FDCWD, P(a), b, c, AT_SYMLINK_NOFOLLOW))
FORM(utimes, sys_futimesat(AT_FDCWD, P(a), P(b)))
FORM(pipe, sys_pipe2(P(a), 0))
FORM(eventfd, sys_eventfd2(a, 0))
FORM(signalfd, sys_signalfd4(a, P(b), c, 0))
FORM(epoll_create, a > 0 ? sys_epoll_create1(0) : -EINVAL)
FORM(accept, sys_accept4(a, P(b), P(c), 0))
FORM(getpgrp, sys_getpgid(0))
FORM(sched_get_priority_max, sys_sched_get_priority(a, true))
FORM(sched_get_priority_min, sys_sched_get_priority(a, false))
FORM(inotify_init, sys_inotify_init1(0))
FORM(epoll_wait, sys_epoll_pwait(a, P(b), c, d, NULL, 0))

/* Every function is called with six arguments, of which it takes what it has: all of them are passed in
 * registers. */
typedef long call(long a, long b, long c, long d, long e, long f);
#define CALL(function) ((call *)(void (*)(void))(function))

static call *const calls[] = {
    [SYS_open] = CALL(call_open),
    [SYS_openat] = CALL(sys_openat),
    [SYS_creat] = CALL(call_creat),
    [SYS_close] = CALL(sys_close),
    [NUMBER_CLOSE_RANGE] = CALL(sys_close_range),
    [SYS_lseek] = CALL(sys_lseek),
    [SYS_fstat] = CALL(sys_fstat),
    [SYS_stat] = CALL(call_stat),
    [SYS_lstat] = CALL(call_lstat),
    [SYS_newfstatat] = CALL(sys_newfstatat),
    [SYS_statx] = CALL(sys_statx),
    [SYS_access] = CALL(call_access),
    [SYS_faccessat] = CALL(call_faccessat),
    [NUMBER_FACCESSAT2] = CALL(sys_faccessat2),
    [SYS_readlink] = CALL(call_readlink),
    [SYS_readlinkat] = CALL(sys_readlinkat),
    [SYS_getdents64] = CALL(sys_getdents64),
    [SYS_pread64] = CALL(sys_pread64),
    [SYS_pwrite64] = CALL(sys_pwrite64),
    [SYS_preadv] = CALL(sys_preadv),
    [SYS_pwritev] = CALL(sys_pwritev),
    [SYS_preadv2] = CALL(call_preadv2),
    [SYS_pwritev2] = CALL(call_pwritev2),
    [SYS_splice] = CALL(sys_splice),
    [SYS_tee] = CALL(sys_tee),
    [SYS_vmsplice] = CALL(sys_vmsplice),
    [SYS_readahead] = CALL(sys_readahead),
    [SYS_sync] = CALL(sys_sync),
    [SYS_syncfs] = CALL(sys_syncfs),
    [SYS_sync_file_range] = CALL(sys_sync_file_range),
    [SYS_name_to_handle_at] = CALL(sys_name_to_handle_at),
    [SYS_sendfile] = CALL(sys_sendfile),
    [SYS_copy_file_range] = CALL(sys_copy_file_range),
    [SYS_fcntl] = CALL(sys_fcntl),
    [SYS_ioctl] = CALL(sys_ioctl),
    [SYS_flock] = CALL(sys_flock),
    [SYS_dup] = CALL(sys_dup),
    [SYS_dup2] = CALL(sys_dup2),
    [SYS_dup3] = CALL(sys_dup3),
    [SYS_truncate] = CALL(sys_truncate),
    [SYS_ftruncate] = CALL(sys_ftruncate),
    [SYS_fsync] = CALL(call_fsync),
    [SYS_fdatasync] = CALL(call_fdatasync),
    [SYS_fallocate] = CALL(sys_fallocate),
    [SYS_fadvise64] = CALL(sys_fadvise64),
    [SYS_chdir] = CALL(sys_chdir),
    [SYS_fchdir] = CALL(sys_fchdir),
    [SYS_getcwd] = CALL(sys_getcwd),
    [SYS_mkdir] = CALL(call_mkdir),
    [SYS_mkdirat] = CALL(sys_mkdirat),
    [SYS_mknod] = CALL(call_mknod),
    [SYS_mknodat] = CALL(sys_mknodat),
    [SYS_unlink] = CALL(call_unlink),
    [SYS_rmdir] = CALL(call_rmdir),
    [SYS_unlinkat] = CALL(sys_unlinkat),
    [SYS_rename] = CALL(call_rename),
    [SYS_renameat] = CALL(call_renameat),
    [SYS_renameat2] = CALL(sys_renameat2),
    [SYS_link] = CALL(call_link),
    [SYS_linkat] = CALL(sys_linkat),
    [SYS_symlink] = CALL(call_symlink),
    [SYS_symlinkat] = CALL(sys_symlinkat),
    [SYS_chmod] = CALL(call_chmod),
    [SYS_fchmod] = CALL(sys_fchmod),
    [SYS_fchmodat] = CALL(sys_fchmodat),
    [NUMBER_FCHMODAT2] = CALL(sys_fchmodat2),
    [SYS_chown] = CALL(call_chown),
    [SYS_lchown] = CALL(call_lchown),
    [SYS_fchown] = CALL(sys_fchown),
    [SYS_fchownat] = CALL(sys_fchownat),
    [SYS_utimensat] = CALL(sys_utimensat),
    [SYS_futimesat] = CALL(sys_futimesat),
    [SYS_utimes] = CALL(call_utimes),
    [SYS_utime] = CALL(sys_utime),
    [SYS_statfs] = CALL(sys_statfs),
    [SYS_fstatfs] = CALL(sys_fstatfs),
    [SYS_umask] = CALL(sys_umask),
    [SYS_memfd_create] = CALL(sys_memfd_create),
    [SYS_getrandom] = CALL(sys_getrandom),
    [SYS_pipe] = CALL(call_pipe),
    [SYS_pipe2] = CALL(sys_pipe2),
    [SYS_eventfd] = CALL(call_eventfd),
    [SYS_eventfd2] = CALL(sys_eventfd2),
    [SYS_timerfd_create] = CALL(sys_timerfd_create),
    [SYS_timerfd_settime] = CALL(sys_timerfd_settime),
    [SYS_timerfd_gettime] = CALL(sys_timerfd_gettime),
    [SYS_poll] = CALL(sys_poll),
    [SYS_ppoll] = CALL(sys_ppoll),
    [SYS_select] = CALL(sys_select),
    [SYS_pselect6] = CALL(sys_pselect6),
    [SYS_epoll_create] = CALL(call_epoll_create),
    [SYS_epoll_create1] = CALL(sys_epoll_create1),
    [SYS_epoll_ctl] = CALL(sys_epoll_ctl),
    [NUMBER_EPOLL_PWAIT2] = CALL(sys_epoll_pwait2),
    [SYS_socket] = CALL(sys_socket),
    [SYS_socketpair] = CALL(sys_socketpair),
    [SYS_bind] = CALL(sys_bind),
    [SYS_listen] = CALL(sys_listen),
    [SYS_accept] = CALL(call_accept),
    [SYS_accept4] = CALL(sys_accept4),
    [SYS_connect] = CALL(sys_connect),
    [SYS_shutdown] = CALL(sys_shutdown),
    [SYS_getsockname] = CALL(sys_getsockname),
    [SYS_getpeername] = CALL(sys_getpeername),
    [SYS_setsockopt] = CALL(sys_setsockopt),
    [SYS_getsockopt] = CALL(sys_getsockopt),
    [SYS_sendmsg] = CALL(sys_sendmsg),
    [SYS_recvmsg] = CALL(sys_recvmsg),
    [SYS_inotify_init] = CALL(call_inotify_init),
    [SYS_inotify_init1] = CALL(sys_inotify_init1),
    [SYS_inotify_add_watch] = CALL(sys_inotify_add_watch),
    [SYS_inotify_rm_watch] = CALL(sys_inotify_rm_watch),
    [SYS_setxattr] = CALL(sys_setxattr),
    [SYS_lsetxattr] = CALL(sys_lsetxattr),
    [SYS_fsetxattr] = CALL(sys_fsetxattr),
    [SYS_getxattr] = CALL(sys_getxattr),
    [SYS_lgetxattr] = CALL(sys_lgetxattr),
    [SYS_fgetxattr] = CALL(sys_fgetxattr),
    [SYS_listxattr] = CALL(sys_listxattr),
    [SYS_llistxattr] = CALL(sys_llistxattr),
    [SYS_flistxattr] = CALL(sys_flistxattr),
    [SYS_removexattr] = CALL(sys_removexattr),
    [SYS_lremovexattr] = CALL(sys_lremovexattr),
    [SYS_fremovexattr] = CALL(sys_fremovexattr),
    [SYS_sendmmsg] = CALL(sys_sendmmsg),
    [SYS_recvmmsg] = CALL(sys_recvmmsg),
    [SYS_exit] = CALL(sys_exit),
    [SYS_exit_group] = CALL(sys_exit_group),
    [SYS_set_tid_address] = CALL(sys_set_tid_address),
    [SYS_arch_prctl] = CALL(sys_arch_prctl),
    [SYS_set_robust_list] = CALL(sys_set_robust_list),
    [SYS_rt_sigaction] = CALL(sys_rt_sigaction),
    [SYS_rt_sigpending] = CALL(sys_rt_sigpending),
    [SYS_rt_sigtimedwait] = CALL(sys_rt_sigtimedwait),
    [SYS_rt_sigsuspend] = CALL(sys_rt_sigsuspend),
    [SYS_rt_sigqueueinfo] = CALL(sys_rt_sigqueueinfo),
    [SYS_rt_tgsigqueueinfo] = CALL(sys_rt_tgsigqueueinfo),
    [SYS_sigaltstack] = CALL(sys_sigaltstack),
    [SYS_pause] = CALL(sys_pause),
    [SYS_kill] = CALL(sys_kill),
    [SYS_tkill] = CALL(sys_tkill),
    [SYS_tgkill] = CALL(sys_tgkill),
    [SYS_alarm] = CALL(sys_alarm),
    [SYS_timer_create] = CALL(sys_timer_create),
    [SYS_timer_settime] = CALL(sys_timer_settime),
    [SYS_timer_gettime] = CALL(sys_timer_gettime),
    [SYS_timer_getoverrun] = CALL(sys_timer_getoverrun),
    [SYS_timer_delete] = CALL(sys_timer_delete),
    [SYS_clock_settime] = CALL(sys_clock_settime),
    [SYS_settimeofday] = CALL(sys_settimeofday),
    [SYS_adjtimex] = CALL(sys_adjtimex),
    [SYS_clock_adjtime] = CALL(sys_clock_adjtime),
    [SYS_signalfd] = CALL(call_signalfd),
    [SYS_signalfd4] = CALL(sys_signalfd4),
    [SYS_get_robust_list] = CALL(sys_get_robust_list),
    [SYS_setitimer] = CALL(sys_setitimer),
    [SYS_getitimer] = CALL(sys_getitimer),
    [SYS_clock_getres] = CALL(sys_clock_getres),
    [SYS_clock_nanosleep] = CALL(sys_clock_nanosleep),
    [SYS_nanosleep] = CALL(sys_nanosleep),
    [SYS_gettimeofday] = CALL(sys_gettimeofday),
    [SYS_time] = CALL(sys_time),
    [SYS_times] = CALL(sys_times),
    [SYS_getrusage] = CALL(sys_getrusage),
    [SYS_getpid] = CALL(sys_getpid),
    [SYS_getppid] = CALL(sys_getppid),
    [SYS_getuid] = CALL(sys_getuid),
    [SYS_geteuid] = CALL(sys_geteuid),
    [SYS_getgid] = CALL(sys_getgid),
    [SYS_getegid] = CALL(sys_getegid),
    [SYS_getgroups] = CALL(sys_getgroups),
    [SYS_setuid] = CALL(sys_setuid),
    [SYS_setgid] = CALL(sys_setgid),
    [SYS_setreuid] = CALL(sys_setreuid),
    [SYS_setregid] = CALL(sys_setregid),
    [SYS_setresuid] = CALL(sys_setresuid),
    [SYS_setresgid] = CALL(sys_setresgid),
    [SYS_getresuid] = CALL(sys_getresuid),
    [SYS_getresgid] = CALL(sys_getresgid),
    [SYS_setgroups] = CALL(sys_setgroups),
    [SYS_getpgrp] = CALL(call_getpgrp),
    [SYS_getpgid] = CALL(sys_getpgid),
    [SYS_setpgid] = CALL(sys_setpgid),
    [SYS_getsid] = CALL(sys_getsid),
    [SYS_setsid] = CALL(sys_setsid),
    [SYS_uname] = CALL(sys_uname),
    [SYS_getrlimit] = CALL(sys_getrlimit),
    [SYS_setrlimit] = CALL(sys_setrlimit),
    [SYS_prlimit64] = CALL(sys_prlimit64),
    [SYS_sysinfo] = CALL(sys_sysinfo),
    [SYS_sched_getaffinity] = CALL(sys_sched_getaffinity),
    [SYS_sched_setaffinity] = CALL(sys_sched_setaffinity),
    [SYS_sched_getparam] = CALL(sys_sched_getparam),
    [SYS_sched_getscheduler] = CALL(sys_sched_getscheduler),
    [SYS_sched_setscheduler] = CALL(sys_sched_setscheduler),
    [SYS_sched_get_priority_max] = CALL(call_sched_get_priority_max),
    [SYS_sched_get_priority_min] = CALL(call_sched_get_priority_min),
    [SYS_getpriority] = CALL(sys_getpriority),
    [SYS_setpriority] = CALL(sys_setpriority),
    [SYS_getcpu] = CALL(sys_getcpu),
    [SYS_prctl] = CALL(sys_prctl),
    [SYS_capget] = CALL(sys_capget),
    [SYS_capset] = CALL(sys_capset),
    [SYS_personality] = CALL(sys_personality),
    [SYS_setfsuid] = CALL(sys_setfsuid),
    [SYS_setfsgid] = CALL(sys_setfsgid),
    [SYS_sethostname] = CALL(sys_sethostname),
    [SYS_setdomainname] = CALL(sys_setdomainname),
    [SYS_sched_setparam] = CALL(sys_sched_setparam),
    [SYS_sched_rr_get_interval] = CALL(sys_sched_rr_get_interval),
    [SYS_fork] = CALL(sys_fork),
    [SYS_vfork] = CALL(sys_fork),
    [SYS_clone] = CALL(sys_fork),
    [SYS_execve] = CALL(sys_execve),
    [SYS_execveat] = CALL(sys_execve),
    [SYS_wait4] = CALL(sys_wait4),
    [SYS_waitid] = CALL(sys_waitid),
    [SYS_read] = CALL(sys_read),
    [SYS_write] = CALL(sys_write),
    [SYS_readv] = CALL(sys_readv),
    [SYS_writev] = CALL(sys_writev),
    [SYS_epoll_wait] = CALL(call_epoll_wait),
    [SYS_epoll_pwait] = CALL(sys_epoll_pwait),
    [SYS_sendto] = CALL(sys_sendto),
    [SYS_recvfrom] = CALL(sys_recvfrom),
    [SYS_futex] = CALL(sys_futex),
    [SYS_clock_gettime] = CALL(sys_clock_gettime),
    [SYS_rt_sigprocmask] = CALL(sys_rt_sigprocmask),
    [SYS_gettid] = CALL(sys_gettid),
    [SYS_sched_yield] = CALL(sys_sched_yield),
    [SYS_mmap] = CALL(sys_mmap),
    [SYS_munmap] = CALL(sys_munmap),
    [SYS_shmget] = CALL(sys_shmget),
    [SYS_shmat] = CALL(sys_shmat),
    [SYS_shmdt] = CALL(sys_shmdt),
    [SYS_shmctl] = CALL(sys_shmctl),
    [SYS_mremap] = CALL(sys_mremap),
    [SYS_mprotect] = CALL(sys_mprotect),
    [SYS_madvise] = CALL(sys_madvise),
    [SYS_mincore] = CALL(sys_mincore),
    [SYS_msync] = CALL(sys_msync),
    [SYS_mlock] = CALL(sys_mlock),
    [SYS_mlock2] = CALL(sys_mlock2),
    [SYS_munlock] = CALL(sys_munlock),
    [SYS_mlockall] = CALL(sys_mlockall),
    [SYS_munlockall] = CALL(sys_munlockall),
    [SYS_brk] = CALL(sys_brk),
};

static call *function_of(long number) {
    bool known = (unsigned long)number < sizeof calls / sizeof *calls && calls[number];
    return known ? calls[number] : NULL;
}

/* The end of a call when there are no signals to handle: false, nothing has been done. */
static inline bool leave_quickly(struct libos_thread *self, long result) {
    if (self->depth != 1 || libos_due(self) || libos_unrouted || self->has_saved_mask || result == -EINTR)
        return false;
    libos_set_depth(self, 0);
    if (!(libos_due(self) & ~self->mask))
        return true;
    libos_set_depth(self, 1); /* one came just now */
    return false;
}

static inline long system_call(struct libos_thread *self, long number, long a, long b, long c, long d, long e,
                               long f) {
    call *function = function_of(number);
    long result;
    libos_set_depth(self, self->depth + 1);
    do {
        result = __builtin_expect(function != NULL, 1) ? function(a, b, c, d, e, f) : unknown(number);
        if (__builtin_expect(leave_quickly(self, result), 1))
            break;
    } while (libos_leave(self, number, &result));
    return result;
}

long __orc_syscall(long number, long a, long b, long c, long d, long e, long f) {
    return system_call(libos_self(), number, a, b, c, d, e, f);
}

/* Of the C library, and what takes its place (--wrap): a system call that is a cancellation point. Unless the
 * thread is being cancelled, it's enough that the libOS knows. */
long __real___syscall_cp(long number, long a, long b, long c, long d, long e, long f);
long __wrap___syscall_cp(long number, long a, long b, long c, long d, long e, long f);
long __wrap___syscall_cp(long number, long a, long b, long c, long d, long e, long f) {
    struct libos_thread *self = libos_self();
    if (__builtin_expect(__orc_is_cancelled(), 0))
        return __real___syscall_cp(number, a, b, c, d, e, f);
    self->cancellation_point = true;
    long result = system_call(self, number, a, b, c, d, e, f);
    self->cancellation_point = false;
    if (__builtin_expect(result == -EINTR, 0) && __orc_is_cancelled())
        return __real___syscall_cp(number, a, b, c, d, e, f);
    return result;
}
