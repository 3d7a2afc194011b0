/* The one process of a compartment: its identity, its limits, and what it can't do. */
#define _GNU_SOURCE
#include "thread.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#define PROCESS 1
#define DESCRIPTORS 1024
#define MOST_DESCRIPTORS 65536

long sys_getpid(void) {
    return PROCESS;
}

long sys_getppid(void) {
    return 0;
}

static bool is_self(long process) {
    return process == 0 || process == PROCESS;
}

static bool is_own_thread(long id) {
    bool found = false;
    libos_lock(&thread_list_lock);
    for (const struct libos_thread *thread = thread_list; thread && !found; thread = thread->next)
        found = thread->id == (uint32_t)id;
    libos_unlock(&thread_list_lock);
    return found;
}

/* --- Identity. The compartment's rights are its grants: users and groups are labels, which a program that starts as root
 * may take and drop as it's used to. */

struct identity {
    uint32_t real, effective, saved;
};

#define MOST_GROUPS 32
static struct libos_lock identity_lock;
static struct identity users, groups;
static uint32_t group_list[MOST_GROUPS];
static unsigned group_count;

void process_start(void) {
    uint32_t user = libos_boot->user, group = libos_boot->group;
    users = (struct identity){user, user, user};
    groups = (struct identity){group, group, group};
}

uint32_t libos_user(void) {
    return users.effective;
}

uint32_t libos_group(void) {
    return groups.effective;
}

/* As the owner's rule for chown has it: one of the program's groups. */
static bool is_in_group(uint32_t group) {
    for (unsigned i = 0; i < group_count; i++)
        if (group_list[i] == group)
            return true;
    return group == groups.effective;
}

bool libos_may_own(uint32_t owner, uint32_t user, uint32_t group) {
    return users.effective == 0 || (owner == users.effective && (user == (uint32_t)-1 || user == owner) &&
                                    (group == (uint32_t)-1 || is_in_group(group)));
}

long sys_getuid(void) {
    return users.real;
}

long sys_geteuid(void) {
    return users.effective;
}

long sys_getgid(void) {
    return groups.real;
}

long sys_getegid(void) {
    return groups.effective;
}

static bool may_take(const struct identity *identity, uint32_t id) {
    return users.effective == 0 || id == (uint32_t)-1 || id == identity->real || id == identity->effective ||
           id == identity->saved;
}

static long set_identity(struct identity *identity, uint32_t real, uint32_t effective, uint32_t saved) {
    if (!may_take(identity, real) || !may_take(identity, effective) || !may_take(identity, saved))
        return -EPERM;
    if (real != (uint32_t)-1)
        identity->real = real;
    if (effective != (uint32_t)-1)
        identity->effective = effective;
    if (saved != (uint32_t)-1)
        identity->saved = saved;
    return 0;
}

static long set_one(struct identity *identity, uint32_t id) {
    libos_lock(&identity_lock);
    uint32_t others = users.effective == 0 ? id : (uint32_t)-1;
    long result = id == (uint32_t)-1 ? -EINVAL : set_identity(identity, others, id, others);
    libos_unlock(&identity_lock);
    return result;
}

static long set_two(struct identity *identity, uint32_t real, uint32_t effective) {
    libos_lock(&identity_lock);
    bool keeps_saved = real == (uint32_t)-1 && (effective == (uint32_t)-1 || effective == identity->real);
    uint32_t saved = keeps_saved ? (uint32_t)-1 : effective == (uint32_t)-1 ? identity->effective : effective;
    long result = may_take(identity, real) && may_take(identity, effective)
                      ? set_identity(identity, real, effective, (uint32_t)-1)
                      : -EPERM;
    if (result == 0 && saved != (uint32_t)-1)
        identity->saved = saved;
    libos_unlock(&identity_lock);
    return result;
}

static long set_three(struct identity *identity, uint32_t real, uint32_t effective, uint32_t saved) {
    libos_lock(&identity_lock);
    long result = set_identity(identity, real, effective, saved);
    libos_unlock(&identity_lock);
    return result;
}

static long get_three(const struct identity *identity, void *real, void *effective, void *saved) {
    memcpy(real, &identity->real, sizeof identity->real);
    memcpy(effective, &identity->effective, sizeof identity->effective);
    memcpy(saved, &identity->saved, sizeof identity->saved);
    return 0;
}

long sys_setuid(long id) {
    return set_one(&users, (uint32_t)id);
}

long sys_setgid(long id) {
    return set_one(&groups, (uint32_t)id);
}

long sys_setreuid(long real, long effective) {
    return set_two(&users, (uint32_t)real, (uint32_t)effective);
}

long sys_setregid(long real, long effective) {
    return set_two(&groups, (uint32_t)real, (uint32_t)effective);
}

long sys_setresuid(long real, long effective, long saved) {
    return set_three(&users, (uint32_t)real, (uint32_t)effective, (uint32_t)saved);
}

long sys_setresgid(long real, long effective, long saved) {
    return set_three(&groups, (uint32_t)real, (uint32_t)effective, (uint32_t)saved);
}

long sys_getresuid(void *real, void *effective, void *saved) {
    return get_three(&users, real, effective, saved);
}

long sys_getresgid(void *real, void *effective, void *saved) {
    return get_three(&groups, real, effective, saved);
}

long sys_getgroups(long size, void *list) {
    libos_lock(&identity_lock);
    long count = group_count;
    if (size && size < count)
        count = -EINVAL;
    else if (size)
        memcpy(list, group_list, group_count * sizeof *group_list);
    libos_unlock(&identity_lock);
    return count;
}

long sys_setgroups(long size, const void *list) {
    if (users.effective != 0)
        return -EPERM;
    if (size < 0 || size > MOST_GROUPS)
        return -EINVAL;
    libos_lock(&identity_lock);
    group_count = (unsigned)size;
    memcpy(group_list, list, group_count * sizeof *group_list);
    libos_unlock(&identity_lock);
    return 0;
}

long sys_getpgid(long process) {
    return is_self(process) ? PROCESS : -ESRCH;
}

long sys_setpgid(long process, long group) {
    return is_self(process) && is_self(group) ? 0 : -ESRCH;
}

long sys_getsid(long process) {
    return is_self(process) ? PROCESS : -ESRCH;
}

long sys_setsid(void) {
    return -EPERM; /* the leader of a group can't */
}

static void copy_text(char *to, const char *from, size_t size) {
    size_t length = strlen(from);
    if (length >= size)
        length = size - 1;
    memcpy(to, from, length);
    to[length] = 0;
}

long sys_uname(void *result) {
    static const struct utsname fixed = {
        .sysname = "Linux", .release = "6.1.0-orc", .version = "#1 ORC", .machine = "x86_64"};
    struct utsname name = fixed;
    const char *host = libos_boot->hostname ? (const char *)(uintptr_t)libos_boot->hostname : "";
    copy_text(name.nodename, *host ? host : "orc", sizeof name.nodename);
    copy_text(name.domainname, "(none)", sizeof name.domainname);
    memcpy(result, &name, sizeof name);
    return 0;
}

/* --- Limits. RLIMIT_NOFILE is the libOS' own; the others tell what the compartment has, and can't be changed. */

static struct libos_lock limit_lock;
static struct rlimit descriptors = {DESCRIPTORS, MOST_DESCRIPTORS};

unsigned libos_descriptor_limit(void) {
    return (unsigned)__atomic_load_n(&descriptors.rlim_cur, __ATOMIC_RELAXED);
}

static struct rlimit limit_of(long resource) {
    rlim_t memory = libos_boot->memory_limit ? libos_boot->memory_limit : RLIM_INFINITY;
    rlim_t stack = libos_boot->stack_high - libos_boot->stack_low;
    switch (resource) {
    case RLIMIT_NOFILE:
        return descriptors;
    case RLIMIT_STACK:
        return (struct rlimit){stack, stack};
    case RLIMIT_AS:
    case RLIMIT_DATA:
    case RLIMIT_RSS:
        return (struct rlimit){memory, memory};
    case RLIMIT_NPROC:
        return (struct rlimit){libos_boot->thread_limit, libos_boot->thread_limit};
    case RLIMIT_CORE:
        return (struct rlimit){0, 0};
    case RLIMIT_NICE:
    case RLIMIT_RTPRIO:
    case RLIMIT_MSGQUEUE:
        return (struct rlimit){0, 0};
    default:
        return (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
    }
}

static long change_limit(long resource, const struct rlimit *wanted) {
    struct rlimit now = limit_of(resource);
    if (wanted->rlim_cur > wanted->rlim_max)
        return -EINVAL;
    if (wanted->rlim_max > now.rlim_max)
        return -EPERM;
    if (resource == RLIMIT_NOFILE)
        descriptors = *wanted;
    /* Others may be lowered, without effect, as programs do to get no core files or smaller stacks. */
    return 0;
}

long sys_prlimit64(long process, long resource, const void *limit, void *old) {
    struct rlimit wanted;
    long result = 0;
    if (!is_self(process))
        return -ESRCH;
    if (resource < 0 || resource >= RLIM_NLIMITS)
        return -EINVAL;
    if (limit)
        memcpy(&wanted, limit, sizeof wanted);
    libos_lock(&limit_lock);
    struct rlimit before = limit_of(resource);
    if (limit)
        result = change_limit(resource, &wanted);
    libos_unlock(&limit_lock);
    if (result == 0 && old)
        memcpy(old, &before, sizeof before);
    return result;
}

long sys_getrlimit(long resource, void *limit) {
    return sys_prlimit64(0, resource, NULL, limit);
}

long sys_setrlimit(long resource, const void *limit) {
    return sys_prlimit64(0, resource, limit, NULL);
}

long sys_sysinfo(void *result) {
    struct orc_usage usage;
    long status = orc_hostcall(ORC_USAGE, (long)&usage, 0, 0, 0, 0);
    if (status < 0)
        return status;
    struct sysinfo information = {
        .uptime = (unsigned long)(libos_now(ORC_CLOCK_BOOT) / 1000000000),
        .totalram = usage.memory_limit,
        .freeram = usage.memory_limit - usage.memory,
        .procs = (unsigned short)usage.threads,
        .mem_unit = 1,
    };
    memcpy(result, &information, offsetof(struct sysinfo, __reserved));
    return 0;
}

/* --- Scheduling: the host's business. */

static bool is_known(long id) {
    return is_self(id) || is_own_thread(id);
}

/* As many processors as the compartment may run threads at once isn't known: one word's worth would be a guess, so it's
 * what the boot data allows, and at least one. */
long sys_sched_getaffinity(long process, long size, void *mask) {
    uint64_t processors = 1;
    if (!is_known(process))
        return -ESRCH;
    if (size < (long)sizeof processors || size % (long)sizeof(long))
        return -EINVAL;
    if (libos_boot->processors > 1)
        processors = libos_boot->processors >= 64 ? ~0ull : (1ull << libos_boot->processors) - 1;
    memcpy(mask, &processors, sizeof processors);
    return sizeof processors;
}

long sys_sched_setaffinity(long process, long size, const void *mask) {
    (void)size, (void)mask;
    return is_known(process) ? -EPERM : -ESRCH;
}

long sys_sched_getparam(long process, void *parameters) {
    int priority = 0;
    if (!is_known(process))
        return -ESRCH;
    memcpy(parameters, &priority, sizeof priority);
    return 0;
}

long sys_sched_getscheduler(long process) {
    return is_known(process) ? SCHED_OTHER : -ESRCH;
}

long sys_sched_setscheduler(long process, long policy, const void *parameters) {
    int priority;
    if (!is_known(process))
        return -ESRCH;
    memcpy(&priority, parameters, sizeof priority);
    if (policy == SCHED_OTHER || policy == SCHED_BATCH || policy == SCHED_IDLE)
        return priority == 0 ? 0 : -EINVAL;
    return policy == SCHED_FIFO || policy == SCHED_RR ? -EPERM : -EINVAL;
}

long sys_sched_get_priority(long policy, bool maximum) {
    if (policy == SCHED_FIFO || policy == SCHED_RR)
        return maximum ? 99 : 1;
    return policy == SCHED_OTHER || policy == SCHED_BATCH || policy == SCHED_IDLE ? 0 : -EINVAL;
}

long sys_getpriority(long which, long who) {
    (void)who;
    return which == PRIO_PROCESS || which == PRIO_PGRP || which == PRIO_USER ? 20 : -EINVAL;
}

long sys_setpriority(long which, long who, long value) {
    (void)which, (void)who;
    return value >= 0 ? 0 : -EACCES; /* lower priorities are accepted, without effect */
}

long sys_getcpu(void *processor, void *node) {
    unsigned zero = 0;
    if (processor)
        memcpy(processor, &zero, sizeof zero);
    if (node)
        memcpy(node, &zero, sizeof zero);
    return 0;
}

static char thread_name[16]; /* empty: the program's */

static const char *name_now(void) {
    const char *path = (const char *)(uintptr_t)libos_boot->program, *slash = strrchr(path, '/');
    return *thread_name ? thread_name : slash ? slash + 1 : path;
}

long sys_prctl(long operation, long a, long b, long c, long d) {
    (void)b, (void)c, (void)d;
    switch (operation) {
    case PR_SET_NAME:
        copy_text(thread_name, (const char *)a, sizeof thread_name);
        return 0;
    case PR_GET_NAME:
        copy_text((char *)a, name_now(), sizeof thread_name);
        return 0;
    case PR_SET_DUMPABLE:
    case PR_SET_PDEATHSIG:
    case PR_SET_KEEPCAPS:
    case PR_SET_NO_NEW_PRIVS:
        return 0; /* what they ask for is so */
    case PR_GET_DUMPABLE:
    case PR_GET_PDEATHSIG:
    case PR_GET_KEEPCAPS:
        return 0;
    case PR_GET_NO_NEW_PRIVS:
        return 1;
    }
    return -EINVAL;
}

long libos_thread_get_name(long id, char name[16]) {
    (void)id;
    return sys_prctl(PR_GET_NAME, (long)name, 0, 0, 0);
}

long libos_thread_set_name(long id, const char *name) {
    (void)id;
    return sys_prctl(PR_SET_NAME, (long)name, 0, 0, 0);
}

/* --- Other processes: a compartment is one. */

long sys_fork(void) {
    libos_log("fork, vfork and clone of processes aren't supported in a compartment");
    return -ENOSYS;
}

long sys_execve(void) {
    libos_log("execve isn't supported in a compartment");
    return -ENOSYS;
}

long sys_wait4(long process, void *status, long options, void *usage) {
    (void)process, (void)status, (void)options, (void)usage;
    return -ECHILD;
}

long sys_waitid(long type, long id, void *information, long options, void *usage) {
    (void)type, (void)id, (void)information, (void)options, (void)usage;
    return -ECHILD;
}
