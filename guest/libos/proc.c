/* The texts of /proc. What the libOS doesn't know it doesn't say, or says 0. */
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include "synthetic.h"

#define SECOND 1000000000ull
#define TICK 10000000ull /* of the processor times: USER_HZ is 100 */

static const char *program_name(void) {
    const char *path = (const char *)(uintptr_t)libos_boot->program, *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

void proc_name(struct text *text) {
    text_add_bytes(text, program_name(), strnlen(program_name(), 15));
    text_add(text, "\n");
}

/* The start information begins with argc, argv[], 0, envp[], 0. */
static void add_strings(struct text *text, const uint64_t *list) {
    for (; *list; list++)
        text_add_bytes(text, (const char *)*list, strlen((const char *)*list) + 1);
}

void proc_command_line(struct text *text) {
    add_strings(text, (const uint64_t *)ORC_START_BLOCK + 1);
}

void proc_environment(struct text *text) {
    const uint64_t *start = (const uint64_t *)ORC_START_BLOCK;
    add_strings(text, start + 1 + start[0] + 1);
}

static struct orc_usage usage(void) {
    struct orc_usage found = {0};
    if (orc_hostcall(ORC_USAGE, (long)&found, 0, 0, 0, 0) < 0)
        memset(&found, 0, sizeof found);
    return found;
}

static void add_hexadecimal(struct text *text, uint32_t number) {
    char digits[8];
    for (int i = 7; i >= 0; i--, number >>= 4)
        digits[i] = "0123456789abcdef"[number & 15];
    text_add_bytes(text, digits, sizeof digits);
}

static void add_mapping(struct text *text, uint32_t start, uint32_t end, const char *what) {
    add_hexadecimal(text, start);
    text_add(text, "-");
    add_hexadecimal(text, end);
    text_add(text, " rw-p 00000000 00:00 0 ");
    text_add(text, what);
    text_add(text, "\n");
}

/* What can be told without asking about every page. */
void proc_maps(struct text *text) {
    add_mapping(text, libos_boot->stack_low, libos_boot->stack_high, "[stack]");
    add_mapping(text, libos_first_page(), ORC_FIRST_STACK_END, "[heap]");
    add_mapping(text, ORC_HEAP, ORC_HEAP_END, "");
}

static void add_line(struct text *text, const char *name, uint64_t number, const char *unit) {
    text_add(text, name);
    text_add_number(text, number);
    text_add(text, unit);
}

void proc_status(struct text *text) {
    struct orc_usage now = usage();
    text_add(text, "Name:\t");
    proc_name(text);
    text_add(text,
             "State:\tR "
             "(running)\nTgid:\t1\nPid:\t1\nPPid:\t0\nTracerPid:\t0\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n");
    add_line(text, "VmPeak:\t", now.memory / 1024, " kB\n");
    add_line(text, "VmSize:\t", now.memory / 1024, " kB\n");
    add_line(text, "VmRSS:\t", now.memory / 1024, " kB\n");
    add_line(text, "Threads:\t", now.threads, "\n");
}

/* Fields 4 to 52 of /proc/1/stat; those not given are 0. */
void proc_stat(struct text *text) {
    struct orc_usage now = usage();
    text_add(text, "1 (");
    text_add_bytes(text, program_name(), strnlen(program_name(), 15));
    text_add(text, ") R");
    for (int field = 4; field <= 52; field++) {
        uint64_t value = field == 5 || field == 6 ? 1
                         : field == 14            ? now.user_time / TICK
                         : field == 15            ? now.system_time / TICK
                         : field == 18            ? 20
                         : field == 20            ? now.threads
                         : field == 23            ? now.memory
                         : field == 24            ? now.memory / LIBOS_PAGE
                         : field == 25            ? UINT64_MAX
                                                  : 0;
        add_line(text, " ", value, "");
    }
    text_add(text, "\n");
}

void proc_memory_pages(struct text *text) {
    uint64_t pages = usage().memory / LIBOS_PAGE;
    text_add_number(text, pages);
    add_line(text, " ", pages, " 0 0 0 ");
    text_add_number(text, pages);
    text_add(text, " 0\n");
}

void proc_mounts(struct text *text) {
    mounts_describe(text);
}

void proc_limits(struct text *text) {
    text_add(text, "Limit                     Soft Limit           Hard Limit           Units     \n"
                   "Max open files            ");
    text_add_number(text, libos_descriptor_limit());
    text_add(text, "                 65536                files     \n");
}

static unsigned processors(void) {
    return libos_boot->processors ? libos_boot->processors : 1;
}

void proc_processors(struct text *text) {
    for (unsigned i = 0; i < processors(); i++) {
        add_line(text, "processor\t: ", i,
                 "\nvendor_id\t: ORC\nmodel name\t: x86-64\nflags\t\t: fpu sse sse2\n\n");
    }
}

void proc_processor_list(struct text *text) {
    text_add(text, "0");
    if (processors() > 1)
        add_line(text, "-", processors() - 1, "");
    text_add(text, "\n");
}

/* The compartment's memory is all the memory there is. */
void proc_memory(struct text *text) {
    struct orc_usage now = usage();
    uint64_t total = now.memory_limit / 1024, used = now.memory / 1024;
    add_line(text, "MemTotal:       ", total, " kB\n");
    add_line(text, "MemFree:        ", total - used, " kB\n");
    add_line(text, "MemAvailable:   ", total - used, " kB\n");
    text_add(text,
             "Buffers:        0 kB\nCached:         0 kB\nSwapTotal:      0 kB\nSwapFree:       0 kB\n");
}

void proc_uptime(struct text *text) {
    uint64_t hundredths = libos_now(ORC_CLOCK_BOOT) / (SECOND / 100);
    add_line(text, "", hundredths / 100, hundredths % 100 < 10 ? ".0" : ".");
    add_line(text, "", hundredths % 100, " 0.00\n");
}

void proc_load(struct text *text) {
    add_line(text, "0.00 0.00 0.00 1/", usage().threads, " 1\n");
}

void proc_system_stat(struct text *text) {
    struct orc_usage now = usage();
    add_line(text, "cpu  ", now.user_time / TICK, " 0 ");
    add_line(text, "", now.system_time / TICK, " 0 0 0 0 0 0 0\n");
    for (unsigned i = 0; i < processors(); i++)
        add_line(text, "cpu", i, " 0 0 0 0 0 0 0 0 0 0\n");
    add_line(text, "btime ", (libos_now(ORC_CLOCK_REALTIME) - libos_now(ORC_CLOCK_BOOT)) / SECOND,
             "\nprocesses 1\n");
}

static void add_release(struct text *text, bool all) {
    struct utsname name;
    sys_uname(&name);
    if (all)
        text_add(text, name.sysname);
    text_add(text, all ? " version " : "");
    text_add(text, name.release);
    text_add(text, "\n");
}

void proc_version(struct text *text) {
    add_release(text, true);
}

void proc_release(struct text *text) {
    add_release(text, false);
}

void proc_host_name(struct text *text) {
    struct utsname name;
    sys_uname(&name);
    text_add(text, name.nodename);
    text_add(text, "\n");
}

void proc_file_systems(struct text *text) {
    text_add(text, "nodev\tproc\nnodev\tdevtmpfs\nnodev\tsysfs\nnodev\ttmpfs\nnodev\toverlay\n");
}
