/* ld-orc: the ELF interpreter that orc-ld names in programs for `-Wl,--orc-run`. The kernel maps the program
 * and this; this executes the `orc` that stands beside it, which runs the program in a compartment:
 *
 *     orc exec PROGRAM COUNT VARIABLE... ARGV0 ARGUMENT...
 *
 * The variables are those of the environment that would lead the host's own dynamic linker astray: they are
 * meant for the program (its LD_LIBRARY_PATH names objects), so they travel as arguments.
 *
 * It starts where a dynamic linker does: nothing is relocated, there is no C library, and the auxiliary
 * vector speaks of the program. So it's freestanding, without writable data, and has no pointers in
 * constants. */
#include <elf.h>
#include <linux/limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>

enum { CANNOT_EXECUTE = 126, NOT_FOUND = 127 }; /* as shells have it */

#define OWN_WORDS 4 /* orc exec PROGRAM COUNT */
#define NUMBER 24

/* Names of variables that this file knows. */
#define GUARD "ORC_EXEC="

static long call6(long number, long a, long b, long c, long d, long e, long f) {
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    long result = number;
    __asm__ volatile("syscall"
                     : "+a"(result)
                     : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static long call3(long number, long a, long b, long c) {
    return call6(number, a, b, c, 0, 0, 0);
}

static size_t length_of(const char *text) {
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}

static bool begins_with(const char *text, const char *prefix) {
    while (*prefix && *text == *prefix)
        text++, prefix++;
    return *prefix == 0;
}

static char *append(char *end, const char *text) {
    while (*text)
        *end++ = *text++;
    *end = 0;
    return end;
}

static void write_number(char *text, unsigned long number) {
    char digits[NUMBER];
    size_t count = 0;
    do
        digits[count++] = (char)('0' + number % 10);
    while (number /= 10);
    while (count > 0)
        *text++ = digits[--count];
    *text = 0;
}

static void say(const char *text) {
    (void)call3(SYS_write, 2, (long)text, (long)length_of(text));
}

_Noreturn static void fail(int status, const char *what, const char *why) {
    say("ld-orc: ");
    say(what);
    say(why);
    say("\n");
    for (;;)
        (void)call3(SYS_exit_group, status, 0, 0);
}

/* --- What the kernel tells --- */

struct start {
    long argc;
    char **argv, **envp;
    const uint64_t *auxiliary;
};

static struct start read_stack(uint64_t *stack) {
    struct start start = {.argc = (long)stack[0], .argv = (char **)(stack + 1)};
    start.envp = start.argv + start.argc + 1;
    char **end = start.envp;
    while (*end)
        end++;
    start.auxiliary = (const uint64_t *)(end + 1);
    return start;
}

static uint64_t auxiliary(const struct start *start, uint64_t type) {
    for (const uint64_t *entry = start->auxiliary; entry[0] != AT_NULL; entry += 2)
        if (entry[0] == type)
            return entry[1];
    return 0;
}

/* This file's path, as the program names it; NULL when no program does: somebody executed ld-orc itself. */
static const char *own_path(const struct start *start) {
    const Elf64_Phdr *segments = (const Elf64_Phdr *)auxiliary(start, AT_PHDR);
    uint64_t count = auxiliary(start, AT_PHNUM), name = 0;
    const uint8_t *base = NULL;
    for (uint64_t i = 0; segments && i < count; i++) {
        if (segments[i].p_type == PT_PHDR)
            base = (const uint8_t *)segments - segments[i].p_vaddr;
        if (segments[i].p_type == PT_INTERP)
            name = segments[i].p_vaddr;
    }
    return base && name ? (const char *)base + name : NULL;
}

/* /proc knows the file that was executed; without it there's the name that it was executed by. */
static const char *program_path(const struct start *start, char path[PATH_MAX]) {
    long length = call3(SYS_readlink, (long)"/proc/self/exe", (long)path, PATH_MAX - 1);
    if (length <= 0)
        return (const char *)auxiliary(start, AT_EXECFN);
    path[length] = 0;
    return path;
}

/* `orc` in the directory of ld-orc. */
static void find_orc(const char *own, char path[PATH_MAX]) {
    size_t directory = 0;
    for (size_t i = 0; own[i]; i++)
        if (own[i] == '/')
            directory = i + 1;
    if (directory + sizeof "orc" > PATH_MAX)
        fail(NOT_FOUND, own, ": the path is too long");
    for (size_t i = 0; i < directory; i++)
        path[i] = own[i];
    append(path + directory, "orc");
}

/* --- What orc gets --- */

static bool is_for_program(const char *variable) {
    return begins_with(variable, "LD_") || begins_with(variable, "GLIBC_TUNABLES=");
}

static size_t count_strings(char *const *strings) {
    size_t count = 0;
    while (strings[count])
        count++;
    return count;
}

/* The number of this process, which stays the same when it executes something else: ORC_EXEC holds it when an
 * `orc` that ld-orc executed is such a program itself, which would never end. */
static void check_recursion(const struct start *start, const char *orc, const char *guard) {
    for (char **variable = start->envp; *variable; variable++)
        if (begins_with(*variable, guard) && length_of(*variable) == length_of(guard))
            fail(CANNOT_EXECUTE, orc, ": runs through ld-orc itself; install a native orc there");
}

_Noreturn static void execute(const struct start *start, const char *orc, const char *program, char *guard) {
    size_t variables = count_strings(start->envp), moved = 0, kept = 0;
    size_t words = OWN_WORDS + variables + (size_t)start->argc + 2 + variables + 2;
    char number[NUMBER];
    long memory = call6(SYS_mmap, 0, (long)(words * sizeof(char *)), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory < 0 && memory > -4096)
        fail(CANNOT_EXECUTE, program, ": no memory for its arguments");
    const char **arguments = (const char **)memory, **word = arguments + OWN_WORDS;
    const char **environment = arguments + OWN_WORDS + variables + (size_t)start->argc + 2;
    for (char **variable = start->envp; *variable; variable++)
        if (is_for_program(*variable))
            word[moved++] = *variable;
        else if (!begins_with(*variable, GUARD))
            environment[kept++] = *variable;
    environment[kept] = guard;
    write_number(number, moved);
    arguments[0] = orc;
    arguments[1] = "exec";
    arguments[2] = program;
    arguments[3] = number;
    word += moved;
    *word++ = start->argc > 0 ? start->argv[0] : "";
    for (long i = 1; i < start->argc; i++)
        *word++ = start->argv[i];
    (void)call3(SYS_execve, (long)orc, (long)arguments, (long)environment);
    fail(NOT_FOUND, orc,
         ": isn't there or can't be executed; this program was linked with -Wl,--orc-run (or with "
         "ORC_RUN set), and runs through the orc that stands beside ld-orc");
}

_Noreturn __attribute__((used)) static void run(uint64_t *stack) {
    struct start start = read_stack(stack);
    char orc[PATH_MAX], program[PATH_MAX], guard[sizeof GUARD + NUMBER];
    const char *own = own_path(&start);
    if (!own)
        fail(2, "the interpreter of programs that orc-cc links with -Wl,--orc-run", "; see ld-orc(1)");
    find_orc(own, orc);
    write_number(append(guard, GUARD), (unsigned long)call3(SYS_getpid, 0, 0, 0));
    check_recursion(&start, orc, guard);
    execute(&start, orc, program_path(&start, program), guard);
}

__asm__(".globl _start\n"
        ".type _start,@function\n"
        "_start:\n"
        "    xor %ebp,%ebp\n"
        "    mov %rsp,%rdi\n"
        "    and $-16,%rsp\n"
        "    call run\n"
        "    ud2\n");
