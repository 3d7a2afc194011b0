/* The texts of /proc, /proc/sys and /sys that are about the system, which is the compartment: its quotas are
 * all there is. */
#include <string.h>
#include <sys/utsname.h>
#include "files.h"
#include "synthetic.h"

#define SECOND 1000000000ull
#define TICK 10000000ull

static struct orc_usage usage(void) {
    struct orc_usage found = {0};
    if (orc_hostcall(ORC_USAGE, (long)&found, 0, 0, 0, 0) < 0)
        memset(&found, 0, sizeof found);
    return found;
}

/* --- Processors */

unsigned system_processor_count(void) {
    unsigned count = libos_boot->processors ? libos_boot->processors : 1;
    return count < 64 ? count : 64;
}

struct registers {
    uint32_t a, b, c, d;
};

static struct registers identify(uint32_t leaf, uint32_t subleaf) {
    struct registers found;
    __asm__("cpuid" : "=a"(found.a), "=b"(found.b), "=c"(found.c), "=d"(found.d) : "0"(leaf), "2"(subleaf));
    return found;
}

/* The names of a word's bits, from bit 0 on; "" for those that have none. */
static void add_flags(struct text *text, uint32_t word, const char *const *names, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        if (word >> i & 1 && *names[i]) {
            text_add(text, names[i]);
            text_add(text, " ");
        }
}

static const char *const basic_d[] = {"fpu",  "vme",   "de",   "pse",     "tsc",  "msr", "pae", "mce",
                                      "cx8",  "apic",  "",     "sep",     "mtrr", "pge", "mca", "cmov",
                                      "pat",  "pse36", "",     "clflush", "",     "",    "",    "mmx",
                                      "fxsr", "sse",   "sse2", "ss",      "ht"};
static const char *const basic_c[] = {
    "pni",   "pclmulqdq", "",     "",    "",      "", "",     "",     "",       "ssse3",     "",
    "",      "fma",       "cx16", "",    "",      "", "pcid", "",     "sse4_1", "sse4_2",    "x2apic",
    "movbe", "popcnt",    "",     "aes", "xsave", "", "avx",  "f16c", "rdrand", "hypervisor"};
static const char *const more_b[] = {
    "fsgsbase", "",         "",        "bmi1", "",         "avx2",       "",         "smep",
    "bmi2",     "erms",     "invpcid", "",     "",         "",           "",         "",
    "avx512f",  "avx512dq", "rdseed",  "adx",  "smap",     "avx512ifma", "",         "clflushopt",
    "clwb",     "",         "",        "",     "avx512cd", "sha_ni",     "avx512bw", "avx512vl"};
static const char *const extended_d[] = {
    "", "", "", "", "", "",   "", "",       "", "", "",         "syscall", "",       "", "",
    "", "", "", "", "", "nx", "", "mmxext", "", "", "fxsr_opt", "pdpe1gb", "rdtscp", "", "lm"};
static const char *const extended_c[] = {"lahf_lm",     "cmp_legacy",   "", "", "cr8_legacy", "abm", "sse4a",
                                         "misalignsse", "3dnowprefetch"};
#define NAMES(list) list, sizeof list / sizeof *list

struct model {
    char vendor[13], name[49];
    uint32_t family, model, stepping, level;
};

static struct model find_model(void) {
    struct model found = {.name = "unknown"};
    struct registers leaf = identify(0, 0), version = identify(1, 0);
    found.level = leaf.a;
    memcpy(found.vendor, &leaf.b, 4);
    memcpy(found.vendor + 4, &leaf.d, 4);
    memcpy(found.vendor + 8, &leaf.c, 4);
    for (uint32_t i = 0; identify(0x80000000, 0).a >= 0x80000004 && i < 3; i++) {
        struct registers part = identify(0x80000002 + i, 0);
        memcpy(found.name + 16 * i, &part, sizeof part);
    }
    uint32_t family = version.a >> 8 & 15, extended = version.a >> 16 & 15;
    found.family = family == 15 ? family + (version.a >> 20 & 255) : family;
    found.model = (version.a >> 4 & 15) | (family == 6 || family == 15 ? extended << 4 : 0);
    found.stepping = version.a & 15;
    return found;
}

static void add_all_flags(struct text *text) {
    struct registers basic = identify(1, 0), extended = identify(0x80000001, 0);
    add_flags(text, basic.d, NAMES(basic_d));
    add_flags(text, extended.d, NAMES(extended_d));
    add_flags(text, basic.c, NAMES(basic_c));
    add_flags(text, extended.c, NAMES(extended_c));
    if (identify(0, 0).a >= 7)
        add_flags(text, identify(7, 0).b, NAMES(more_b));
}

static void add_processor(struct text *text, const struct model *model, unsigned number) {
    text_add_line(text, "processor\t: ", number, "\nvendor_id\t: ");
    text_add(text, model->vendor);
    text_add_line(text, "\ncpu family\t: ", model->family, "\n");
    text_add_line(text, "model\t\t: ", model->model, "\nmodel name\t: ");
    text_add(text, model->name);
    text_add_line(text, "\nstepping\t: ", model->stepping, "\nphysical id\t: 0\n");
    text_add_line(text, "siblings\t: ", system_processor_count(), "\n");
    text_add_line(text, "core id\t\t: ", number, "\n");
    text_add_line(text, "cpu cores\t: ", system_processor_count(), "\n");
    text_add_line(text, "apicid\t\t: ", number, "\nfpu\t\t: yes\nfpu_exception\t: yes\n");
    text_add_line(text, "cpuid level\t: ", model->level, "\nwp\t\t: yes\nflags\t\t: ");
    add_all_flags(text);
    text_add(text, "\nclflush size\t: 64\ncache_alignment\t: 64\n\n");
}

void system_processors(struct text *text) {
    struct model model = find_model();
    for (unsigned i = 0; i < system_processor_count(); i++)
        add_processor(text, &model, i);
}

void system_processor_list(struct text *text) {
    text_add(text, "0");
    if (system_processor_count() > 1)
        text_add_line(text, "-", system_processor_count() - 1, "");
    text_add(text, "\n");
}

void system_processor(struct text *text) {
    text_add_line(text, "", text->number, "\n");
}

/* --- Memory */

static uint64_t memory_total(void) {
    return usage().memory_limit;
}

void system_memory(struct text *text) {
    static const char *const none[] = {
        "Buffers:        0 kB\n", "Cached:         0 kB\n", "SwapCached:     0 kB\n",
        "Active:         0 kB\n", "Inactive:       0 kB\n", "Unevictable:    0 kB\n",
        "Mlocked:        0 kB\n", "SwapTotal:      0 kB\n", "SwapFree:       0 kB\n",
        "Dirty:          0 kB\n", "Writeback:      0 kB\n"};
    struct orc_usage now = usage();
    uint64_t total = now.memory_limit / 1024, used = now.memory / 1024,
             left = total > used ? total - used : 0;
    text_add_line(text, "MemTotal:       ", total, " kB\n");
    text_add_line(text, "MemFree:        ", left, " kB\n");
    text_add_line(text, "MemAvailable:   ", left, " kB\n");
    for (unsigned i = 0; i < sizeof none / sizeof *none; i++)
        text_add(text, none[i]);
    text_add_line(text, "AnonPages:      ", used,
                  " kB\nMapped:         0 kB\nShmem:          0 kB\n"
                  "KReclaimable:   0 kB\nSlab:           0 kB\n");
    text_add_line(text, "CommitLimit:    ", total, " kB\n");
    text_add_line(text, "Committed_AS:   ", used,
                  " kB\nVmallocTotal:   0 kB\nVmallocUsed:    0 kB\n"
                  "HugePages_Total:       0\nHugePages_Free:        0\n"
                  "HugePages_Rsvd:        0\nHugePages_Surp:        0\n"
                  "Hugepagesize:       2048 kB\n");
}

void system_memory_statistics(struct text *text) {
    struct orc_usage now = usage();
    uint64_t left = now.memory_limit > now.memory ? now.memory_limit - now.memory : 0;
    text_add_line(text, "nr_free_pages ", left / LIBOS_PAGE, "\n");
    text_add_line(text, "nr_anon_pages ", now.memory / LIBOS_PAGE,
                  "\nnr_mapped 0\nnr_file_pages 0\nnr_dirty 0\n");
    text_add_line(text, "pgpgin 0\npgpgout 0\npswpin 0\npswpout 0\npgfault ", now.faults, "\npgmajfault 0\n");
}

void system_swaps(struct text *text) {
    text_add(text, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
}

/* --- Time and load */

static void add_hundredths(struct text *text, uint64_t hundredths, const char *after) {
    text_add_line(text, "", hundredths / 100, hundredths % 100 < 10 ? ".0" : ".");
    text_add_line(text, "", hundredths % 100, after);
}

void system_uptime(struct text *text) {
    add_hundredths(text, (uint64_t)libos_now(ORC_CLOCK_BOOT) / (SECOND / 100), " 0.00\n");
}

void system_load(struct text *text) {
    text_add_line(text, "0.00 0.00 0.00 1/", usage().threads, " 1\n");
}

static void add_processor_times(struct text *text, const struct orc_usage *now, unsigned parts) {
    text_add_line(text, "", now->user_time / TICK / parts, " 0 ");
    text_add_line(text, "", now->system_time / TICK / parts, " 0 0 0 0 0 0 0\n");
}

/* Which processor was used isn't known: all were, alike. */
void system_statistics(struct text *text) {
    struct orc_usage now = usage();
    text_add(text, "cpu  ");
    add_processor_times(text, &now, 1);
    for (unsigned i = 0; i < system_processor_count(); i++) {
        text_add_line(text, "cpu", i, " ");
        add_processor_times(text, &now, system_processor_count());
    }
    uint64_t boot = (uint64_t)(libos_now(ORC_CLOCK_REALTIME) - libos_now(ORC_CLOCK_BOOT)) / SECOND;
    text_add_line(text, "intr 0\nctxt 0\nbtime ", boot, "\nprocesses 1\nprocs_running 1\nprocs_blocked 0\n");
}

/* --- Names */

static struct utsname names(void) {
    struct utsname name;
    sys_uname(&name);
    return name;
}

static void add_text_line(struct text *text, const char *line) {
    text_add(text, line);
    text_add(text, "\n");
}

void system_version(struct text *text) {
    struct utsname name = names();
    text_add(text, name.sysname);
    text_add(text, " version ");
    text_add(text, name.release);
    text_add(text, " ");
    add_text_line(text, name.version);
}

void system_release(struct text *text) {
    add_text_line(text, names().release);
}

void system_version_alone(struct text *text) {
    add_text_line(text, names().version);
}

void system_host_name(struct text *text) {
    add_text_line(text, names().nodename);
}

void system_domain(struct text *text) {
    add_text_line(text, names().domainname);
}

void system_thread_limit(struct text *text) {
    text_add_line(text, "", usage().thread_limit, "\n");
}

/* --- Chance */

#define UUID_SIZE 16

static void add_uuid(struct text *text, const unsigned char bytes[UUID_SIZE]) {
    for (unsigned i = 0; i < UUID_SIZE; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text_add(text, "-");
        text_add_hexadecimal(text, bytes[i], 2);
    }
    text_add(text, "\n");
}

/* Of version 4: random. */
static void make_uuid(unsigned char bytes[UUID_SIZE]) {
    orc_hostcall(ORC_RANDOM, (long)bytes, UUID_SIZE, 0, 0, 0);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
}

void system_uuid(struct text *text) {
    unsigned char bytes[UUID_SIZE];
    make_uuid(bytes);
    add_uuid(text, bytes);
}

static struct libos_lock boot_lock;
static unsigned char boot_id[UUID_SIZE]; /* zeros: none yet */

void system_boot_id(struct text *text) {
    libos_lock(&boot_lock);
    if (!boot_id[6])
        make_uuid(boot_id);
    add_uuid(text, boot_id);
    libos_unlock(&boot_lock);
}

void system_renew(void) {
    boot_id[6] = 0;
}

/* --- /sys/fs/cgroup: the compartment's quotas as a control group's */

void cgroup_memory(struct text *text) {
    text_add_line(text, "", usage().memory, "\n");
}

void cgroup_memory_limit(struct text *text) {
    text_add_line(text, "", memory_total(), "\n");
}

void cgroup_memory_peak(struct text *text) {
    text_add_line(text, "", usage().memory_peak, "\n");
}

void cgroup_memory_statistics(struct text *text) {
    struct orc_usage now = usage();
    text_add_line(text, "anon ", now.memory, "\nfile 0\nkernel 0\nshmem 0\ninactive_file 0\nactive_file 0\n");
    text_add_line(text, "pgfault ", now.faults, "\npgmajfault 0\n");
}

void cgroup_processor_statistics(struct text *text) {
    struct orc_usage now = usage();
    text_add_line(text, "usage_usec ", now.processor_time / 1000, "\n");
    text_add_line(text, "user_usec ", now.user_time / 1000, "\n");
    text_add_line(text, "system_usec ", now.system_time / 1000,
                  "\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n");
}

void cgroup_threads(struct text *text) {
    text_add_line(text, "", usage().threads, "\n");
}

void cgroup_thread_limit(struct text *text) {
    text_add_line(text, "", usage().thread_limit, "\n");
}

void cgroup_thread_list(struct text *text) {
    for (uint32_t thread = libos_thread_next(1); thread; thread = libos_thread_next(thread + 1))
        text_add_line(text, "", thread, "\n");
}
