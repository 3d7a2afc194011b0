/* The cell's system call filter. Guest code has no system calls; this limits what a mistake in the Intravisor, or in the
 * embedder, can be used for.
 *
 * What isn't on the list fails with EPERM, so that a surprise in the C library harms whoever caused it and not all
 * tenants; what only an attacker would try ends the process. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "intravisor.h"

static const int allowed[] = {
    /* memory, threads, time */
    SYS_munmap, SYS_mprotect, SYS_madvise, SYS_mremap, SYS_brk, SYS_futex, SYS_set_robust_list, SYS_rseq, SYS_exit,
    SYS_exit_group, SYS_gettid, SYS_getpid, SYS_sched_yield, SYS_sched_getaffinity, SYS_arch_prctl, SYS_rt_sigaction,
    SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_rt_sigtimedwait, SYS_rt_sigpending, SYS_sigaltstack,
    SYS_restart_syscall, SYS_timer_create, SYS_timer_settime, SYS_timer_gettime, SYS_timer_delete, SYS_clock_gettime,
    SYS_clock_getres, SYS_clock_nanosleep, SYS_nanosleep, SYS_getrandom, SYS_getrusage, SYS_sysinfo, SYS_uname,
    SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_memfd_create,
    /* files */
    SYS_read, SYS_write, SYS_pread64, SYS_pwrite64, SYS_readv, SYS_writev, SYS_preadv2, SYS_pwritev2, SYS_close,
    SYS_fstat, SYS_newfstatat, SYS_lseek, SYS_fcntl, SYS_ioctl, SYS_openat, SYS_openat2, SYS_getdents64,
    SYS_readlinkat, SYS_mkdirat, SYS_unlinkat, SYS_renameat2, SYS_linkat, SYS_symlinkat, SYS_ftruncate, SYS_fsync,
    SYS_fdatasync, SYS_fchmod, SYS_utimensat, SYS_fallocate, SYS_fstatfs, SYS_dup, SYS_unlink, SYS_rename,
    /* events and sockets */
    SYS_pipe2, SYS_socketpair, SYS_eventfd2, SYS_signalfd4, SYS_timerfd_create, SYS_timerfd_settime,
    SYS_timerfd_gettime, SYS_poll, SYS_ppoll, SYS_select, SYS_pselect6, SYS_epoll_create1, SYS_epoll_ctl,
    SYS_epoll_wait, SYS_epoll_pwait, SYS_socket, SYS_bind, SYS_listen, SYS_accept4, SYS_connect, SYS_shutdown,
    SYS_getsockname, SYS_getpeername, SYS_setsockopt, SYS_getsockopt, SYS_sendto, SYS_recvfrom, SYS_sendmsg,
    SYS_recvmsg,
};

static const int deadly[] = {SYS_execve, SYS_execveat, SYS_fork, SYS_vfork, SYS_ptrace, SYS_process_vm_readv,
                             SYS_process_vm_writev, SYS_init_module, SYS_finit_module, SYS_bpf, SYS_setuid, SYS_setgid};

#define ALLOWED (sizeof allowed / sizeof *allowed)
#define DEADLY (sizeof deadly / sizeof *deadly)
#define X32_BIT 0x40000000u
#define THREAD_FLAGS (CLONE_VM | CLONE_THREAD)

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF_EQUAL(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), yes, no)
#define IF_ABOVE(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, value, yes, no)
#define MASK(value) BPF_STMT(BPF_ALU | BPF_AND | BPF_K, value)
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)
#define FAIL(code) RETURN(SECCOMP_RET_ERRNO | (code))

struct program {
    struct sock_filter instructions[2 * (ALLOWED + DEADLY) + 32];
    unsigned short length;
};

static void add(struct program *program, const struct sock_filter *instructions, size_t count) {
    memcpy(program->instructions + program->length, instructions, count * sizeof *instructions);
    program->length = (unsigned short)(program->length + count);
}
#define ADD(program, ...)                                                                                              \
    add(program, (const struct sock_filter[]){__VA_ARGS__},                                                            \
        sizeof((const struct sock_filter[]){__VA_ARGS__}) / sizeof(struct sock_filter))

static void write_filter(struct program *program) {
    ADD(program, LOAD(arch), IF_EQUAL(AUDIT_ARCH_X86_64, 1, 0), RETURN(SECCOMP_RET_KILL_PROCESS));
    ADD(program, LOAD(nr), IF_ABOVE(X32_BIT, 0, 1), RETURN(SECCOMP_RET_KILL_PROCESS));
    for (size_t i = 0; i < ALLOWED; i++)
        ADD(program, IF_EQUAL(allowed[i], 0, 1), RETURN(SECCOMP_RET_ALLOW));
    for (size_t i = 0; i < DEADLY; i++)
        ADD(program, IF_EQUAL(deadly[i], 0, 1), RETURN(SECCOMP_RET_KILL_PROCESS));
    /* The flags of clone3 are out of a filter's sight: the C library then tries clone. Threads only. */
    ADD(program, IF_EQUAL(SYS_clone3, 0, 1), FAIL(ENOSYS));
    ADD(program, IF_EQUAL(SYS_clone, 0, 5), LOAD(args[0]), MASK(THREAD_FLAGS), IF_EQUAL(THREAD_FLAGS, 0, 1),
        RETURN(SECCOMP_RET_ALLOW), RETURN(SECCOMP_RET_KILL_PROCESS));
    /* Signals to this process alone. */
    ADD(program, IF_EQUAL(SYS_tgkill, 0, 4), LOAD(args[0]), IF_EQUAL(getpid(), 0, 1), RETURN(SECCOMP_RET_ALLOW),
        FAIL(EPERM));
    /* Text is made executable by mprotect, once it has been verified where it stands. */
    ADD(program, IF_EQUAL(SYS_mmap, 0, 5), LOAD(args[2]), MASK(PROT_EXEC), IF_EQUAL(0, 0, 1),
        RETURN(SECCOMP_RET_ALLOW), FAIL(EPERM));
    ADD(program, FAIL(EPERM));
}

int orc_cell_lock_down(struct orc_cell *cell, struct orc_error *error) {
    (void)cell;
    struct program program = {.length = 0};
    write_filter(&program);
    const struct sock_fprog filter = {.len = program.length, .filter = program.instructions};
    if (prctl(PR_SET_DUMPABLE, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return failed(error, errno, "lock down: prctl");
    long status = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
    if (status < 0)
        return failed(error, errno, "lock down: this kernel takes no system call filter");
    if (status > 0) /* the thread that couldn't be brought under it */
        return fail(error, EBUSY, "lock down: thread %ld has a system call filter of its own", status);
    return 0;
}
