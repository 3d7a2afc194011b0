/* Capabilities, prctl and personality: what a program asks about its own standing. */
#include "privileges.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>

#include "thread.h"

#define BIT(capability) (1ull << (capability))
#define ALL                                                                                                  \
    (BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_FOWNER) | BIT(CAP_FSETID) | \
     BIT(CAP_KILL) | BIT(CAP_SETGID) | BIT(CAP_SETUID) | BIT(CAP_SETPCAP) | BIT(CAP_NET_BIND_SERVICE) |      \
     BIT(CAP_SYS_ADMIN))

static struct libos_lock lock;
static uint64_t permitted = ALL, effective = ALL, inheritable, bounding = ALL; /* `effective` is atomic */
static bool keeps_capabilities;

void privileges_start(void) {
    if (libos_boot->user != 0)
        permitted = effective = 0;
}

bool libos_capable(enum capability capability) {
    return __atomic_load_n(&effective, __ATOMIC_RELAXED) & BIT(capability);
}

static void set_effective(uint64_t set) {
    __atomic_store_n(&effective, set, __ATOMIC_RELAXED);
}

void libos_user_changed(bool lost_root, bool was_root, bool is_root) {
    libos_lock(&lock);
    if (lost_root && !keeps_capabilities)
        permitted = 0;
    if (was_root && !is_root)
        set_effective(0);
    if (!was_root && is_root)
        set_effective(permitted);
    set_effective(effective & permitted);
    libos_unlock(&lock);
}

void libos_capabilities(uint64_t sets[4]) {
    libos_lock(&lock);
    sets[0] = permitted, sets[1] = effective, sets[2] = inheritable, sets[3] = bounding;
    libos_unlock(&lock);
}

/* --- capget and capset: the sets in words of 32 bits, one or two of each kind, as the version says. */

struct capability_header {
    uint32_t version;
    int32_t process;
};

struct capability_words {
    uint32_t effective, permitted, inheritable;
};

#define VERSION_1 0x19980330
#define VERSION_2 0x20071026
#define VERSION_3 0x20080522

/* How many words; 0 for a version that isn't known, after telling the one that is. */
static int word_count(struct capability_header *header) {
    if (header->version == VERSION_1)
        return 1;
    if (header->version == VERSION_2 || header->version == VERSION_3)
        return 2;
    header->version = VERSION_3;
    return 0;
}

long sys_capget(struct capability_header *header, struct capability_words *data) {
    int count = word_count(header);
    if (!count)
        return data ? -EINVAL : 0; /* who gives no data asks for the version */
    if (header->process < 0)
        return -EINVAL;
    if (header->process != 0 && !libos_is_own(header->process))
        return -ESRCH;
    if (!data)
        return 0;
    libos_lock(&lock);
    for (int i = 0; i < count; i++)
        data[i] = (struct capability_words){(uint32_t)(effective >> 32 * i), (uint32_t)(permitted >> 32 * i),
                                 (uint32_t)(inheritable >> 32 * i)};
    libos_unlock(&lock);
    return 0;
}

static long set_capabilities(uint64_t new_effective, uint64_t new_permitted, uint64_t new_inheritable) {
    uint64_t inherits = inheritable | (libos_capable(CAP_SETPCAP) ? bounding : permitted);
    if (new_permitted & ~permitted || new_effective & ~new_permitted || new_inheritable & ~inherits)
        return -EPERM;
    permitted = new_permitted;
    inheritable = new_inheritable;
    set_effective(new_effective);
    return 0;
}

long sys_capset(struct capability_header *header, const struct capability_words *data) {
    uint64_t sets[3] = {0};
    int count = word_count(header);
    if (!count)
        return -EINVAL;
    if (header->process != 0 && !libos_is_own(header->process))
        return -EPERM;
    for (int i = 0; i < count; i++) {
        sets[0] |= (uint64_t)data[i].effective << 32 * i;
        sets[1] |= (uint64_t)data[i].permitted << 32 * i;
        sets[2] |= (uint64_t)data[i].inheritable << 32 * i;
    }
    libos_lock(&lock);
    long result = set_capabilities(sets[0], sets[1], sets[2]);
    libos_unlock(&lock);
    return result;
}

static long drop_from_bounding(unsigned long capability) {
    if (capability > LAST_CAPABILITY)
        return -EINVAL;
    if (!libos_capable(CAP_SETPCAP))
        return -EPERM;
    libos_lock(&lock);
    bounding &= ~BIT(capability);
    libos_unlock(&lock);
    return 0;
}

/* --- prctl. What is kept for the program's own sake: nothing dumps, traces or outlives a compartment. */

#define DEFAULT_SLACK 50000 /* ns */

/* Numbers that this C library's headers may not know. */
enum {
    SET_TIMER_SLACK = 29,
    GET_TIMER_SLACK = 30,
    SET_SUBREAPER = 36,
    GET_SUBREAPER = 37,
    SET_NO_HUGE_PAGES = 41,
    GET_NO_HUGE_PAGES = 42,
    AMBIENT = 47,
    AMBIENT_IS_SET = 1,
    AMBIENT_CLEAR_ALL = 4,
};

static struct {
    unsigned dumpable;
    int parent_death;
    bool no_new_privileges, subreaper, no_huge_pages;
    unsigned long slack;
} kept = {.dumpable = 1, .slack = DEFAULT_SLACK};

static long keep_flag(bool *flag, unsigned long value) {
    if (value > 1)
        return -EINVAL;
    *flag = value;
    return 0;
}

static long put_number(int *to, int number) {
    if (!to)
        return -EFAULT;
    *to = number;
    return 0;
}

/* Rights, and what is inherited. */
static long privileges(unsigned long operation, unsigned long a, unsigned long b, bool has_rest) {
    switch (operation) {
    case PR_CAPBSET_READ:
        return a > LAST_CAPABILITY ? -EINVAL : (bounding & BIT(a)) != 0;
    case PR_CAPBSET_DROP:
        return drop_from_bounding(a);
    case PR_SET_KEEPCAPS:
        return keep_flag(&keeps_capabilities, a);
    case PR_GET_KEEPCAPS:
        return keeps_capabilities;
    case PR_SET_NO_NEW_PRIVS:
        if (a != 1 || b || has_rest)
            return -EINVAL;
        kept.no_new_privileges = true;
        return 0;
    case PR_GET_NO_NEW_PRIVS:
        return a || b || has_rest ? -EINVAL : kept.no_new_privileges;
    case PR_GET_SECUREBITS:
        return 0;
    case AMBIENT:
        if (a == AMBIENT_IS_SET && b <= LAST_CAPABILITY)
            return 0;
        return a == AMBIENT_CLEAR_ALL && !b && !has_rest ? 0 : -EPERM;
    }
    return -EINVAL;
}

static long set_dumpable(unsigned long value) {
    if (value > 1)
        return -EINVAL;
    kept.dumpable = (unsigned)value;
    return 0;
}

static long set_parent_death(unsigned long signal) {
    if (signal > 64)
        return -EINVAL;
    kept.parent_death = (int)signal;
    return 0;
}

long sys_prctl(long operation, long a, long b, long c, long d) {
    switch (operation) {
    case PR_SET_NAME:
        return libos_thread_set_name(0, (const char *)a);
    case PR_GET_NAME:
        return libos_thread_get_name(0, (char *)a);
    case PR_SET_DUMPABLE:
        return set_dumpable(a);
    case PR_GET_DUMPABLE:
        return kept.dumpable;
    case PR_SET_PDEATHSIG:
        return set_parent_death(a);
    case PR_GET_PDEATHSIG:
        return put_number((int *)a, kept.parent_death);
    case SET_TIMER_SLACK:
        kept.slack = a > 0 ? a : DEFAULT_SLACK;
        return 0;
    case GET_TIMER_SLACK:
        return kept.slack;
    case SET_SUBREAPER:
        kept.subreaper = a != 0;
        return 0;
    case GET_SUBREAPER:
        return put_number((int *)a, kept.subreaper);
    case SET_NO_HUGE_PAGES:
        if (b || c || d)
            return -EINVAL;
        kept.no_huge_pages = a != 0;
        return 0;
    case GET_NO_HUGE_PAGES:
        return a || b || c || d ? -EINVAL : kept.no_huge_pages;
    case PR_GET_TIMING:
    case PR_GET_SECCOMP:
        return 0;
    case PR_SET_TIMING:
        return a == PR_TIMING_STATISTICAL ? 0 : -EINVAL;
    }
    return privileges(operation, a, b, c || d);
}

/* Addresses are never random here: whoever asks for that has it. */
long sys_personality(unsigned long wanted) {
    static unsigned long personality;
    unsigned long before = personality;
    if ((uint32_t)wanted == 0xffffffff)
        return before;
    if (wanted & ~(unsigned long)ADDR_NO_RANDOMIZE)
        return -EINVAL;
    personality = wanted;
    return before;
}
