/* The texts of /proc/self. What the libOS doesn't know it doesn't say, or says 0. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include "files.h"
#include "synthetic.h"
#include "thread.h"

#define TICK 10000000ull /* of the processor times: USER_HZ is 100 */
#define NAME_SIZE 16

static struct orc_usage usage(bool of_thread) {
    struct orc_usage found = {0};
    if (orc_hostcall(ORC_USAGE, (long)&found, of_thread, 0, 0, 0) < 0)
        memset(&found, 0, sizeof found);
    return found;
}

/* The start information begins with argc, argv[], 0, envp[], 0, auxv[]. */
static const uint64_t *environment(void) {
    const uint64_t *start = (const uint64_t *)ORC_START_BLOCK;
    return start + 1 + start[0] + 1;
}

static void add_strings(struct text *text, const uint64_t *list) {
    for (; *list; list++)
        text_add_bytes(text, (const char *)*list, strlen((const char *)*list) + 1);
}

void proc_command_line(struct text *text) {
    add_strings(text, (const uint64_t *)ORC_START_BLOCK + 1);
}

void proc_environment(struct text *text) {
    add_strings(text, environment());
}

void proc_vector(struct text *text) {
    const uint64_t *entry = environment();
    while (*entry++)
        ;
    for (; entry[0]; entry += 2)
        text_add_bytes(text, entry, 2 * sizeof *entry);
    text_add_bytes(text, (const uint64_t[2]){0}, 2 * sizeof *entry);
}

/* --- Names */

static uint32_t thread_of(const struct text *text) {
    return text->number ? text->number : 1;
}

static void add_name(struct text *text) {
    char name[NAME_SIZE] = "";
    libos_thread_get_name(thread_of(text), name);
    text_add_bytes(text, name, strnlen(name, sizeof name));
}

void proc_name(struct text *text) {
    add_name(text);
    text_add(text, "\n");
}

long proc_set_name(const char *bytes, size_t length, uint32_t number) {
    char name[NAME_SIZE] = "";
    if (length && bytes[length - 1] == '\n')
        length--;
    memcpy(name, bytes, length < sizeof name ? length : sizeof name - 1);
    return libos_thread_set_name(number ? number : 1, name);
}

/* --- The out-of-memory killer's adjustment, which the host's knows nothing of. */

static int adjustment;

void proc_killer(struct text *text) {
    int value = __atomic_load_n(&adjustment, __ATOMIC_RELAXED);
    text_add_line(text, value < 0 ? "-" : "", (uint64_t)(value < 0 ? -value : value), "\n");
}

/* Nobody gets more than everybody has. */
long proc_set_killer(const char *bytes, size_t length, uint32_t number) {
    size_t at = length && (*bytes == '-' || *bytes == '+');
    int value = 0, digits = 0;
    (void)number;
    for (; at < length && bytes[at] >= '0' && bytes[at] <= '9' && digits < 5; at++, digits++)
        value = value * 10 + bytes[at] - '0';
    if (!digits || (at < length && bytes[at] != '\n') || value > 1000)
        return -EINVAL;
    value = *bytes == '-' ? -value : value;
    if (value < adjustment)
        return -EACCES; /* that takes a capability */
    __atomic_store_n(&adjustment, value, __ATOMIC_RELAXED);
    return 0;
}

/* --- status, stat, statm */

struct signal_sets {
    uint64_t pending, shared, blocked, ignored, caught;
};

static struct signal_sets signal_sets(uint32_t thread_id) {
    struct signal_sets sets = {.shared = __atomic_load_n(&libos_compartment_pending, __ATOMIC_RELAXED)};
    struct { /* of the C library */
        uint64_t handler, flags, restorer, mask;
    } action;
    libos_lock(&thread_list_lock);
    for (const struct libos_thread *thread = thread_list; thread; thread = thread->next)
        if (thread->id == thread_id) {
            sets.pending = thread->pending;
            sets.blocked = thread->mask;
        }
    libos_unlock(&thread_list_lock);
    for (long number = 1; number <= 64; number++) {
        if (sys_rt_sigaction(number, NULL, &action, 8) < 0)
            continue;
        sets.ignored |= action.handler == (uint64_t)(uintptr_t)SIG_IGN ? 1ull << (number - 1) : 0;
        sets.caught |= action.handler > 1 ? 1ull << (number - 1) : 0;
    }
    return sets;
}

static void add_set(struct text *text, const char *name, uint64_t set) {
    text_add(text, name);
    text_add_hexadecimal(text, set, 16);
    text_add(text, "\n");
}

static void add_signals(struct text *text) {
    struct signal_sets sets = signal_sets(thread_of(text));
    add_set(text, "SigPnd:\t", sets.pending);
    add_set(text, "ShdPnd:\t", sets.shared);
    add_set(text, "SigBlk:\t", sets.blocked);
    add_set(text, "SigIgn:\t", sets.ignored);
    add_set(text, "SigCgt:\t", sets.caught);
}

static void add_capabilities(struct text *text) {
    struct {
        uint32_t version;
        int process;
    } header = {0x20080522, 0};
    uint32_t sets[2][3] = {{0}};
    if (__orc_syscall(SYS_capget, (long)&header, (long)sets, 0, 0, 0, 0) < 0)
        memset(sets, 0, sizeof sets);
    add_set(text, "CapInh:\t", (uint64_t)sets[1][2] << 32 | sets[0][2]);
    add_set(text, "CapPrm:\t", (uint64_t)sets[1][1] << 32 | sets[0][1]);
    add_set(text, "CapEff:\t", (uint64_t)sets[1][0] << 32 | sets[0][0]);
    add_set(text, "CapBnd:\t", (uint64_t)sets[1][1] << 32 | sets[0][1]);
    add_set(text, "CapAmb:\t", 0);
}

/* Real, effective, saved, of the file system. */
static void add_ids(struct text *text, const char *name,
                    long (*get)(void *real, void *effective, void *saved)) {
    uint32_t ids[3] = {0};
    get(&ids[0], &ids[1], &ids[2]);
    text_add_line(text, name, ids[0], "\t");
    text_add_line(text, "", ids[1], "\t");
    text_add_line(text, "", ids[2], "\t");
    text_add_line(text, "", ids[1], "\n");
}

static void add_groups(struct text *text) {
    uint32_t groups[64];
    long count = sys_getgroups(64, groups);
    text_add(text, "Groups:\t");
    for (long i = 0; i < count; i++)
        text_add_line(text, "", groups[i], " ");
    text_add(text, "\n");
}

static void add_kibibytes(struct text *text, const char *name, uint64_t bytes) {
    char digits[20];
    size_t count = 0;
    for (uint64_t left = bytes / 1024; left || !count; left /= 10)
        digits[count++] = (char)('0' + left % 10);
    text_add(text, name);
    for (size_t i = count; i < 8; i++)
        text_add(text, " ");
    while (count)
        text_add_bytes(text, &digits[--count], 1);
    text_add(text, " kB\n");
}

/* What is mapped is charged, so it's taken for resident. */
static void add_memory(struct text *text) {
    static const char *const none[] = {"RssFile:\t", "RssShmem:\t"};
    struct orc_usage now = usage(false);
    uint64_t stack = libos_boot->stack_high - libos_boot->stack_low;
    add_kibibytes(text, "VmPeak:\t", now.memory_peak);
    add_kibibytes(text, "VmSize:\t", now.memory);
    add_kibibytes(text, "VmLck:\t", 0);
    add_kibibytes(text, "VmPin:\t", 0);
    add_kibibytes(text, "VmHWM:\t", now.memory_peak);
    add_kibibytes(text, "VmRSS:\t", now.memory);
    add_kibibytes(text, "RssAnon:\t", now.memory);
    for (unsigned i = 0; i < sizeof none / sizeof *none; i++)
        add_kibibytes(text, none[i], 0);
    add_kibibytes(text, "VmData:\t", now.memory > stack ? now.memory - stack : 0);
    add_kibibytes(text, "VmStk:\t", stack);
    add_kibibytes(text, "VmExe:\t", 0);
    add_kibibytes(text, "VmLib:\t", 0);
    add_kibibytes(text, "VmPTE:\t", 0);
    add_kibibytes(text, "VmSwap:\t", 0);
}

static void add_processors(struct text *text) {
    unsigned count = system_processor_count();
    text_add(text, "Cpus_allowed:\t");
    text_add_hexadecimal(text, count >= 64 ? ~0ull : (1ull << count) - 1, (count + 3) / 4);
    text_add(text, "\nCpus_allowed_list:\t");
    system_processor_list(text);
    text_add(text, "Mems_allowed:\t1\nMems_allowed_list:\t0\n");
}

void proc_status(struct text *text) {
    text_add(text, "Name:\t");
    proc_name(text);
    text_add(text, "Umask:\t0");
    text_add_octal(text, libos_umask());
    text_add(text, "\nState:\tR (running)\nTgid:\t1\nNgid:\t0\n");
    text_add_line(text, "Pid:\t", thread_of(text), "\n");
    text_add_line(text, "PPid:\t", (uint64_t)sys_getppid(), "\nTracerPid:\t0\n");
    add_ids(text, "Uid:\t", sys_getresuid);
    add_ids(text, "Gid:\t", sys_getresgid);
    text_add_line(text, "FDSize:\t", libos_descriptor_limit(), "\n");
    add_groups(text);
    add_memory(text);
    text_add_line(text, "CoreDumping:\t0\nTHP_enabled:\t0\nThreads:\t", usage(false).threads, "\n");
    text_add_line(text, "SigQ:\t0/", usage(false).thread_limit, "\n");
    add_signals(text);
    add_capabilities(text);
    text_add_line(text, "NoNewPrivs:\t", (uint64_t)sys_prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
                  "\nSeccomp:\t0\n");
    add_processors(text);
    text_add(text, "voluntary_ctxt_switches:\t0\nnonvoluntary_ctxt_switches:\t0\n");
}

static uint64_t
    start_time; /* ns since the system's start, when the text was first asked for less what had been used */

static uint64_t started(const struct orc_usage *now) {
    if (!start_time)
        start_time = (uint64_t)libos_now(ORC_CLOCK_BOOT) - now->processor_time;
    return start_time / TICK;
}

/* Fields 4 to 52; those not named are 0. */
static uint64_t field_of(unsigned field, const struct orc_usage *now, const struct signal_sets *sets) {
    switch (field) {
    case 5: /* process group */
    case 6: /* session */
        return 1;
    case 10: /* minor faults */
        return now->faults;
    case 14:
        return now->user_time / TICK;
    case 15:
        return now->system_time / TICK;
    case 18: /* priority */
        return 20;
    case 20:
        return now->threads;
    case 22:
        return started(now);
    case 23:
        return now->memory;
    case 24:
        return now->memory / LIBOS_PAGE;
    case 25: /* limit of what is resident */
        return UINT64_MAX;
    case 28: /* the stack's start */
        return libos_boot->stack_high;
    case 31:
        return sets->pending;
    case 32:
        return sets->blocked;
    case 33:
        return sets->ignored;
    case 34:
        return sets->caught;
    case 38: /* the signal at the end */
        return SIGCHLD;
    default:
        return 0;
    }
}

void proc_stat(struct text *text) {
    struct orc_usage now = usage(false);
    struct signal_sets sets = signal_sets(thread_of(text));
    text_add_line(text, "", thread_of(text), " (");
    add_name(text);
    text_add(text, ") R");
    for (unsigned field = 4; field <= 52; field++) {
        uint64_t value = field == 4 ? (uint64_t)sys_getppid() : field_of(field, &now, &sets);
        if (field == 8) /* no terminal's foreground group */
            text_add(text, " -1");
        else
            text_add_line(text, " ", value, "");
    }
    text_add(text, "\n");
}

void proc_memory_pages(struct text *text) {
    uint64_t pages = usage(false).memory / LIBOS_PAGE;
    text_add_line(text, "", pages, " ");
    text_add_line(text, "", pages, " 0 0 0 ");
    text_add_line(text, "", pages, " 0\n");
}

/* --- The rest */

struct limit_name {
    int resource;
    const char *name, *unit;
};

static void add_column(struct text *text, rlim_t value) {
    size_t before = text->length;
    if (value == RLIM_INFINITY)
        text_add(text, "unlimited");
    else
        text_add_number(text, value);
    while (!text->failed && text->length - before < 21)
        text_add(text, " ");
}

void proc_limits(struct text *text) {
    static const struct limit_name names[] = {{RLIMIT_CPU, "Max cpu time              ", "seconds   "},
                                              {RLIMIT_FSIZE, "Max file size             ", "bytes     "},
                                              {RLIMIT_DATA, "Max data size             ", "bytes     "},
                                              {RLIMIT_STACK, "Max stack size            ", "bytes     "},
                                              {RLIMIT_CORE, "Max core file size        ", "bytes     "},
                                              {RLIMIT_RSS, "Max resident set          ", "bytes     "},
                                              {RLIMIT_NPROC, "Max processes             ", "processes "},
                                              {RLIMIT_NOFILE, "Max open files            ", "files     "},
                                              {RLIMIT_MEMLOCK, "Max locked memory         ", "bytes     "},
                                              {RLIMIT_AS, "Max address space         ", "bytes     "},
                                              {RLIMIT_LOCKS, "Max file locks            ", "locks     "},
                                              {RLIMIT_SIGPENDING, "Max pending signals       ", "signals   "},
                                              {RLIMIT_MSGQUEUE, "Max msgqueue size         ", "bytes     "},
                                              {RLIMIT_NICE, "Max nice priority         ", "          "},
                                              {RLIMIT_RTPRIO, "Max realtime priority     ", "          "},
                                              {RLIMIT_RTTIME, "Max realtime timeout      ", "us        "}};
    text_add(text, "Limit                     Soft Limit           Hard Limit           Units     \n");
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        struct rlimit limit = {0};
        sys_getrlimit(names[i].resource, &limit);
        text_add(text, names[i].name);
        add_column(text, limit.rlim_cur);
        add_column(text, limit.rlim_max);
        text_add(text, names[i].unit);
        text_add(text, "\n");
    }
}

/* Bytes aren't counted. */
void proc_io(struct text *text) {
    text_add(text, "rchar: 0\nwchar: 0\n");
    text_add_line(text, "syscr: ", usage(false).hostcalls, "\n");
    text_add(text, "syscw: 0\nread_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n");
}

void proc_ids(struct text *text) {
    text_add(text, "         0          0 4294967295\n");
}

/* Of a descriptor. */
void proc_descriptor(struct text *text) {
    struct stat status = {0};
    struct file *file = file_get((int)text->number);
    if (!file)
        return;
    bool close_on_exec = descriptor_close_on_exec((int)text->number) > 0;
    int64_t position = file->operations->seek ? file->operations->seek(file, 0, SEEK_CUR) : 0;
    sys_fstat((int)text->number, &status);
    text_add_line(text, "pos:\t", position > 0 ? (uint64_t)position : 0, "\nflags:\t0");
    text_add_octal(text, file->flags | (close_on_exec ? O_CLOEXEC : 0));
    text_add_line(text, "\nmnt_id:\t", 1, "\n");
    text_add_line(text, "ino:\t", status.st_ino, "\n");
    file_put(file);
}
