/* The cell's system call filter. Guest code has no system calls; this limits what a mistake in the
 * Intravisor, or in the embedder, can be used for. Compartments are isolated without it, and it can only take
 * away: so it isn't part of what has to be trusted, and its list is the embedder's as much as the Intravisor's.
 *
 * What isn't on the list fails with EPERM, so that a surprise in the C library harms whoever caused it and
 * not all tenants; what only an attacker would try ends the process. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "orc/cell.h"

/* Always; the kernel remembers that a filter looks at nothing but the number of these, and doesn't run it
 * again. */
static const int allowed[] = {
    /* memory, threads, time */
    SYS_munmap, SYS_mprotect, SYS_madvise, SYS_mremap, SYS_brk, SYS_futex, SYS_set_robust_list, SYS_rseq,
    SYS_exit, SYS_exit_group, SYS_gettid, SYS_getpid, SYS_sched_yield, SYS_sched_getaffinity, SYS_arch_prctl,
    SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_rt_sigtimedwait, SYS_rt_sigpending,
    SYS_sigaltstack, SYS_restart_syscall, SYS_timer_create, SYS_timer_settime, SYS_timer_gettime,
    SYS_timer_delete, SYS_clock_gettime, SYS_clock_getres, SYS_clock_nanosleep, SYS_nanosleep, SYS_getrandom,
    SYS_getrusage, SYS_sysinfo, SYS_uname, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_memfd_create,
    /* files */
    SYS_read, SYS_write, SYS_pread64, SYS_pwrite64, SYS_readv, SYS_writev, SYS_preadv2, SYS_pwritev2,
    SYS_close, SYS_fstat, SYS_newfstatat, SYS_statx, SYS_lseek, SYS_fcntl, SYS_ioctl, SYS_openat, SYS_openat2,
    SYS_getdents64, SYS_readlinkat, SYS_mkdirat, SYS_unlinkat, SYS_renameat2, SYS_linkat, SYS_symlinkat,
    SYS_ftruncate, SYS_fsync, SYS_fdatasync, SYS_syncfs, SYS_fchmod, SYS_utimensat, SYS_fallocate, SYS_fstatfs,
    SYS_dup, SYS_unlink, SYS_rename, SYS_fchmodat, SYS_flock, SYS_fgetxattr, SYS_fsetxattr, SYS_flistxattr, SYS_fremovexattr,
    SYS_inotify_init1, SYS_inotify_add_watch, SYS_inotify_rm_watch,
    /* events and sockets */
    SYS_pipe2, SYS_socketpair, SYS_eventfd2, SYS_signalfd4, SYS_timerfd_create, SYS_timerfd_settime,
    SYS_timerfd_gettime, SYS_poll, SYS_ppoll, SYS_select, SYS_pselect6, SYS_epoll_create1, SYS_epoll_ctl,
    SYS_epoll_wait, SYS_epoll_pwait, SYS_bind, SYS_listen, SYS_accept4, SYS_connect, SYS_shutdown,
    SYS_getsockname, SYS_getpeername, SYS_setsockopt, SYS_getsockopt, SYS_sendto, SYS_recvfrom, SYS_sendmsg,
    SYS_recvmsg};

static const int deadly[] = {SYS_execve,
                             SYS_execveat,
                             SYS_clone,
                             SYS_fork,
                             SYS_vfork,
                             SYS_ptrace,
                             SYS_process_vm_readv,
                             SYS_process_vm_writev,
                             SYS_init_module,
                             SYS_finit_module,
                             SYS_bpf,
                             SYS_setuid,
                             SYS_setgid};

#define COUNT(array) (sizeof array / sizeof *array)
#define X32_BIT 0x40000000u
#define THREAD_FLAGS (CLONE_VM | CLONE_THREAD)

#define LOAD(field)                                                                                          \
    (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF_EQUAL(value, yes, no)                                                                             \
    (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), yes, no)
#define RETURN(value) (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, value)

struct program {
    struct sock_filter instructions[512];
    unsigned short length;
};

static void add(struct program *program, struct sock_filter instruction) {
    if (program->length == COUNT(program->instructions))
        abort();
    program->instructions[program->length++] = instruction;
}

static void add_calls(struct program *program, const int *calls, size_t count, uint32_t action) {
    for (size_t i = 0; i < count; i++) {
        add(program, IF_EQUAL(calls[i], 0, 1));
        add(program, RETURN(action));
    }
}

static void write_filter(struct program *program) {
    /* Allowed where these bits of an argument have this value. */
    const struct {
        int call, argument;
        uint32_t mask, value;
    } checked[] = {
        {SYS_mmap, 2, PROT_EXEC, 0}, /* verified text is made executable by mprotect, where it stands */
        {SYS_tgkill, 0, UINT32_MAX, (uint32_t)getpid()}, /* signals to this process alone */
        {SYS_clone, 0, THREAD_FLAGS, THREAD_FLAGS},      /* threads only */
        {SYS_mknodat, 2, S_IFMT, S_IFIFO},               /* no devices */
        {SYS_socket, 0, UINT32_MAX, AF_UNIX},
        {SYS_socket, 0, UINT32_MAX, AF_INET},
        {SYS_socket, 0, UINT32_MAX, AF_INET6}};
    add(program, LOAD(arch));
    add(program, IF_EQUAL(AUDIT_ARCH_X86_64, 1, 0));
    add(program, RETURN(SECCOMP_RET_KILL_PROCESS));
    add(program, LOAD(nr));
    add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1));
    add(program, RETURN(SECCOMP_RET_KILL_PROCESS));
    for (size_t i = 0; i < COUNT(checked); i++) {
        struct sock_filter load = LOAD(args[0]);
        load.k += (uint32_t)(checked[i].argument * (int)sizeof(uint64_t));
        add(program, IF_EQUAL(checked[i].call, 0, 5));
        add(program, load);
        add(program, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, checked[i].mask));
        add(program, IF_EQUAL(checked[i].value, 0, 1));
        add(program, RETURN(SECCOMP_RET_ALLOW));
        add(program, LOAD(nr));
    }
    add_calls(program, allowed, COUNT(allowed), SECCOMP_RET_ALLOW);
    add_calls(program, deadly, COUNT(deadly), SECCOMP_RET_KILL_PROCESS);
    /* The flags of clone3 are out of a filter's sight: the C library then tries clone. */
    add_calls(program, (const int[]){SYS_clone3}, 1, SECCOMP_RET_ERRNO | ENOSYS);
    add(program, RETURN(SECCOMP_RET_ERRNO | EPERM));
}

static int failed(struct orc_error *error, int code, const char *what) {
    if (error)
        snprintf(error->message, sizeof error->message, "lock down: %s: %s", what, strerror(code));
    return -code;
}

int orc_cell_lock_down(struct orc_cell *cell, struct orc_error *error) {
    (void)cell;
    struct program program = {.length = 0};
    write_filter(&program);
    const struct sock_fprog filter = {.len = program.length, .filter = program.instructions};
    if (prctl(PR_SET_DUMPABLE, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return failed(error, errno, "prctl");
    long status = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
    if (status < 0)
        return failed(error, errno, "this kernel takes no system call filter");
    if (status > 0) /* of the thread that couldn't be brought under it */
        return failed(error, EBUSY, "a thread has a system call filter of its own");
    return 0;
}
