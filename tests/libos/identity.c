/* Users, groups, capabilities, priorities, flags of prctl: what a program may change of its own, as the user who runs
 * the test. */
#define _GNU_SOURCE
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "show.h"

static void show_ids(void) {
    uid_t user[3];
    gid_t group[3];
    getresuid(&user[0], &user[1], &user[2]);
    getresgid(&group[0], &group[1], &group[2]);
    printf("%d %d %d, %d %d %d\n", user[0], user[1], user[2], group[0], group[1], group[2]);
}

static void show_prctl(void) {
    int number = -1;
    SHOW(prctl(PR_GET_DUMPABLE));
    SHOW(prctl(PR_SET_DUMPABLE, 2));
    SHOW(prctl(PR_SET_DUMPABLE, 0));
    SHOW(prctl(PR_GET_DUMPABLE));
    SHOW(prctl(PR_SET_DUMPABLE, 1));
    SHOW(prctl(PR_SET_PDEATHSIG, 65));
    SHOW(prctl(PR_SET_PDEATHSIG, SIGUSR1));
    SHOW(prctl(PR_GET_PDEATHSIG, &number));
    SHOW(number);
    SHOW(prctl(PR_SET_PDEATHSIG, 0));
    SHOW(prctl(PR_GET_KEEPCAPS));
    SHOW(prctl(PR_SET_KEEPCAPS, 2));
    SHOW(prctl(PR_SET_TIMERSLACK, 1234));
    SHOW(prctl(PR_GET_TIMERSLACK));
    SHOW(prctl(PR_SET_CHILD_SUBREAPER, 1));
    SHOW(prctl(PR_GET_CHILD_SUBREAPER, &number));
    SHOW(number);
    SHOW(prctl(PR_SET_NO_NEW_PRIVS, 2, 0, 0, 0));
    SHOW(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    SHOW(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    SHOW(prctl(PR_CAPBSET_READ, 0));
    SHOW(prctl(PR_CAPBSET_READ, 1000));
    SHOW(prctl(9999, 0, 0, 0, 0));
}

static void show_capabilities(void) {
    unsigned header[2] = {0x20080522, 0}, data[6];
    SHOW(syscall(SYS_capget, header, data));
    SHOW(data[0] & 1);
    header[0] = 1;
    SHOW(syscall(SYS_capget, header, data));
    SHOW(header[0]);
    SHOW(syscall(SYS_capget, header, NULL));
    header[0] = 0x20080522, header[1] = -1;
    SHOW(syscall(SYS_capget, header, data));
}

static void show_priorities(void) {
    struct sched_param parameters = {.sched_priority = 0};
    SHOW(setpriority(PRIO_PROCESS, 0, 5));
    SHOW(getpriority(PRIO_PROCESS, 0));
    SHOW(nice(3));
    SHOW(getpriority(PRIO_PROCESS, getpid()));
    SHOW(setpriority(PRIO_PROCESS, 0, 100));
    SHOW(getpriority(PRIO_PROCESS, 0));
    SHOW(getpriority(3, 0));
    SHOW(setpriority(-1, 0, 0));
    SHOW(getpriority(PRIO_PROCESS, 4000000));
    SHOW(sched_setscheduler(0, SCHED_BATCH, &parameters));
    SHOW(sched_getscheduler(0));
    SHOW(sched_setscheduler(0, 77, &parameters));
    parameters.sched_priority = 1;
    SHOW(sched_setscheduler(0, SCHED_OTHER, &parameters));
    SHOW(sched_setparam(0, &parameters));
    SHOW(sched_setscheduler(4000000, SCHED_OTHER, &parameters));
    SHOW(sched_get_priority_max(SCHED_RR));
    SHOW(sched_get_priority_max(77));
}

static void show_affinity(void) {
    cpu_set_t set, none;
    CPU_ZERO(&none);
    SHOW(sched_getaffinity(0, sizeof set, &set));
    SHOW(sched_setaffinity(0, sizeof set, &set));
    SHOW(sched_setaffinity(0, sizeof none, &none));
    SHOW(sched_setaffinity(4000000, sizeof set, &set));
}

/* Linux calls, whose C library functions musl and others make of one another. */
static void show_changes(const char *directory) {
    char name[4096];
    SHOW(chmod(directory, 0777));
    snprintf(name, sizeof name, "%s/owned", directory);
    SHOW(mkdir(name, 0700));
    SHOW(chown(name, -1, -1));
    if (getuid() == 0) {
        SHOW(chown(name, 12, 34));
        SHOW(setgroups(0, NULL));
        SHOW(setresgid(7, 8, 9));
        show_ids();
        SHOW(setegid(9));
        SHOW(setgid(123));
        show_ids();
        SHOW(setreuid(-1, 1000));
        show_ids();
        SHOW(setuid(1001));
        SHOW(setreuid(0, 0));
        show_ids();
        SHOW(prctl(PR_SET_KEEPCAPS, 1));
        SHOW(setresuid(1000, 1001, 1002));
        show_ids();
    }
    SHOW(setuid(0));
    SHOW(setgid(0));
    SHOW(seteuid(0));
    SHOW(setreuid(0, -1));
    SHOW(setresuid(-1, -1, 0));
    SHOW(setuid(-1));
    SHOW(setuid(getuid()));
    SHOW(setgroups(0, NULL));
    SHOW(chown(name, 0, -1));
    SHOW(chmod(name, 0755));
    show_ids();
    struct stat status;
    SHOW(stat(name, &status));
    snprintf(name, sizeof name, "%s/made", directory);
    SHOW(mkdir(name, 0700));
    SHOW(stat(name, &status) ? -1 : (long)(status.st_uid == geteuid()) + (status.st_gid == getegid()));
    SHOW(chown(name, -1, getegid()));
    SHOW(chown(name, -1, 77));
}

int main(int argc, char **argv) {
    if (argc != 2)
        return 2;
    SHOW(getuid());
    SHOW(getgid());
    show_ids();
    SHOW(personality(0xffffffff));
    show_prctl();
    show_capabilities();
    show_priorities();
    show_affinity();
    show_changes(argv[1]);
    return 0;
}
