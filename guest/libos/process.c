/* The one process of a compartment: its identity, its limits, and what it can't do. */
#define _GNU_SOURCE
#include "privileges.h"
#include "thread.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#define PROCESS 1
#define MOST_PROCESS 32767

static uint32_t process = PROCESS;

/* A clone is another process: programs and libraries that find that theirs has changed draw new random numbers. */
void libos_process_renew(void) {
    uint16_t number = 0;
    if (orc_hostcall(ORC_RANDOM, (long)&number, sizeof number, 0, 0, 0) == 0)
        process = PROCESS + 1 + number % (MOST_PROCESS - PROCESS);
}

long sys_getpid(void) {
    return process;
}

long sys_getppid(void) {
    return 0;
}

static bool is_self(long id) {
    return id == 0 || id == process;
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
    if (!user && !group)
        return; /* as it is: a page that isn't written to stays everybody's */
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

/* As Linux has it: CAP_SETUID or CAP_SETGID, or one of one's own. */
static bool may_take(const struct identity *identity, uint32_t id) {
    return libos_capable(identity == &users ? CAP_SETUID : CAP_SETGID) || id == (uint32_t)-1 ||
           id == identity->real || id == identity->effective || id == identity->saved;
}

static void change_identity(struct identity *identity, uint32_t real, uint32_t effective, uint32_t saved) {
    const struct identity before = *identity;
    if (real != (uint32_t)-1)
        identity->real = real;
    if (effective != (uint32_t)-1)
        identity->effective = effective;
    if (saved != (uint32_t)-1)
        identity->saved = saved;
    if (identity != &users)
        return;
    bool had_root = !before.real || !before.effective || !before.saved;
    bool has_root = !users.real || !users.effective || !users.saved;
    libos_user_changed(had_root && !has_root, !before.effective, !users.effective);
}

static long set_identity(struct identity *identity, uint32_t real, uint32_t effective, uint32_t saved) {
    if (!may_take(identity, real) || !may_take(identity, effective) || !may_take(identity, saved))
        return -EPERM;
    change_identity(identity, real, effective, saved);
    return 0;
}

/* Who may, takes the id for good; others may go back to the saved one. */
static long set_one(struct identity *identity, uint32_t id) {
    libos_lock(&identity_lock);
    uint32_t others = libos_capable(identity == &users ? CAP_SETUID : CAP_SETGID) ? id : (uint32_t)-1;
    bool is_own = id == identity->real || id == identity->saved;
    long result = id == (uint32_t)-1                  ? -EINVAL
                  : others == (uint32_t)-1 && !is_own ? -EPERM
                                                      : set_identity(identity, others, id, others);
    libos_unlock(&identity_lock);
    return result;
}

static bool may_become_real(const struct identity *identity, uint32_t id) {
    return libos_capable(identity == &users ? CAP_SETUID : CAP_SETGID) || id == (uint32_t)-1 ||
           id == identity->real || id == identity->effective;
}

static long set_two(struct identity *identity, uint32_t real, uint32_t effective) {
    libos_lock(&identity_lock);
    long result = -EPERM;
    if (may_become_real(identity, real) && may_take(identity, effective)) {
        bool keeps = real == (uint32_t)-1 && (effective == (uint32_t)-1 || effective == identity->real);
        uint32_t next = effective == (uint32_t)-1 ? identity->effective : effective;
        change_identity(identity, real, effective, keeps ? (uint32_t)-1 : next);
        result = 0;
    }
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

/* For the file system's rights there's no identity of its own: the answer is always what it is, as from a
 * call that failed. */
long sys_setfsuid(void) {
    return users.effective;
}

long sys_setfsgid(void) {
    return groups.effective;
}

long sys_setgroups(long size, const void *list) {
    if (!libos_capable(CAP_SETGID))
        return -EPERM;
    if (size < 0 || size > MOST_GROUPS)
        return -EINVAL;
    libos_lock(&identity_lock);
    group_count = (unsigned)size;
    memcpy(group_list, list, group_count * sizeof *group_list);
    libos_unlock(&identity_lock);
    return 0;
}

long sys_getpgid(long id) {
    return is_self(id) ? (long)process : -ESRCH;
}

long sys_setpgid(long process, long group) {
    return is_self(process) && is_self(group) ? 0 : -ESRCH;
}

long sys_getsid(long id) {
    return is_self(id) ? (long)process : -ESRCH;
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

/* What the program has called its machine; empty: as the boot data has it. */
static struct libos_lock name_lock;
static char own_names[2][sizeof((struct utsname *)0)->nodename];

const char *libos_hostname(void) {
    const char *host = libos_boot->hostname ? (const char *)(uintptr_t)libos_boot->hostname : "";
    return own_names[0][0] ? own_names[0] : *host ? host : "orc";
}

/* A clone's name is its own. */
void process_clone(void) {
    own_names[0][0] = 0;
}

static long set_name(char *place, const char *name, long length) {
    if (!libos_capable(CAP_SYS_ADMIN))
        return -EPERM;
    if (length < 0 || length >= (long)sizeof *own_names)
        return -EINVAL;
    libos_lock(&name_lock);
    memset(place, 0, sizeof *own_names);
    memcpy(place, name, length);
    libos_unlock(&name_lock);
    return 0;
}

long sys_sethostname(const void *name, long length) {
    return set_name(own_names[0], name, length);
}

long sys_setdomainname(const void *name, long length) {
    return set_name(own_names[1], name, length);
}

long sys_uname(void *result) {
    static const struct utsname fixed = {
        .sysname = "Linux", .release = "6.1.0-orc", .version = "#1 ORC", .machine = "x86_64"};
    struct utsname name = fixed;
    libos_lock(&name_lock);
    copy_text(name.nodename, libos_hostname(), sizeof name.nodename);
    copy_text(name.domainname, *own_names[1] ? own_names[1] : "(none)", sizeof name.domainname);
    libos_unlock(&name_lock);
    memcpy(result, &name, sizeof name);
    return 0;
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
    return is_self(id) || libos_has_thread(id);
}

bool libos_is_own(long id) {
    return is_known(id);
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

/* Threads run where the host lets them: only a set that leaves nothing out is right. */
long sys_sched_setaffinity(long process, long size, const void *mask) {
    uint64_t wanted = 0, all;
    if (!is_known(process))
        return -ESRCH;
    if (size < 0)
        return -EINVAL;
    memcpy(&wanted, mask, size < (long)sizeof wanted ? size : (long)sizeof wanted);
    sys_sched_getaffinity(0, sizeof all, &all);
    if (!(wanted & all))
        return -EINVAL;
    return (wanted & all) == all ? 0 : -EPERM;
}

/* The policy and the nice value are the program's hints. They are kept and shown; what a thread gets is the
 * host's decision. */
#define RESET_ON_FORK 0x40000000
static int policy = SCHED_OTHER, nice_value; /* atomic */

long sys_sched_getparam(long process, void *parameters) {
    int priority = 0;
    if (!is_known(process))
        return -ESRCH;
    memcpy(parameters, &priority, sizeof priority);
    return 0;
}

long sys_sched_setparam(long process, const void *parameters) {
    int priority;
    if (!is_known(process))
        return -ESRCH;
    memcpy(&priority, parameters, sizeof priority);
    return priority == 0 ? 0 : -EINVAL;
}

long sys_sched_getscheduler(long process) {
    return is_known(process) ? __atomic_load_n(&policy, __ATOMIC_RELAXED) : -ESRCH;
}

long sys_sched_setscheduler(long process, long wanted, const void *parameters) {
    int priority, kind = (int)wanted & ~RESET_ON_FORK;
    if (wanted < 0)
        return -EINVAL;
    if (!is_known(process))
        return -ESRCH;
    memcpy(&priority, parameters, sizeof priority);
    if (kind == SCHED_FIFO || kind == SCHED_RR)
        return priority >= 1 && priority <= 99 ? -EPERM : -EINVAL;
    if ((kind != SCHED_OTHER && kind != SCHED_BATCH && kind != SCHED_IDLE) || priority != 0)
        return -EINVAL;
    __atomic_store_n(&policy, (int)wanted, __ATOMIC_RELAXED);
    return 0;
}

/* There's none that could be told: as Linux answers for policies without time slices. */
long sys_sched_rr_get_interval(long process, void *interval) {
    if (!is_known(process))
        return process < 0 ? -EINVAL : -ESRCH;
    memset(interval, 0, sizeof(struct timespec));
    return 0;
}

long sys_sched_get_priority(long kind, bool maximum) {
    if (kind == SCHED_FIFO || kind == SCHED_RR)
        return maximum ? 99 : 1;
    return kind == SCHED_OTHER || kind == SCHED_BATCH || kind == SCHED_IDLE ? 0 : -EINVAL;
}

static long check_who(long which, long who) {
    if (which != PRIO_PROCESS && which != PRIO_PGRP && which != PRIO_USER)
        return -EINVAL;
    bool found = which == PRIO_PROCESS ? is_known(who)
                 : which == PRIO_PGRP  ? is_self(who)
                                       : who == 0 || (uint32_t)who == users.real;
    return found ? 0 : -ESRCH;
}

/* 1 to 40, as the system call has it. */
long sys_getpriority(long which, long who) {
    long error = check_who(which, who);
    return error ? error : 20 - __atomic_load_n(&nice_value, __ATOMIC_RELAXED);
}

/* Nobody here has the right to more than others. */
long sys_setpriority(long which, long who, long value) {
    long error = check_who(which, who);
    int wanted = (int)value < -20 ? -20 : (int)value > 19 ? 19 : (int)value;
    if (error)
        return error;
    if (wanted < __atomic_load_n(&nice_value, __ATOMIC_RELAXED))
        return -EACCES;
    __atomic_store_n(&nice_value, wanted, __ATOMIC_RELAXED);
    return 0;
}

long sys_getcpu(void *processor, void *node) {
    unsigned zero = 0;
    if (processor)
        memcpy(processor, &zero, sizeof zero);
    if (node)
        memcpy(node, &zero, sizeof zero);
    return 0;
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
