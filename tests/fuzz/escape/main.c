/* Escape fuzzing: code that the verifier accepts is executed in a slot with hostile registers, and must
 * neither read nor write anything outside it. Prints TAP.
 *
 *   fuzz-escape [--seed N] [--seconds S] [--batch SEED]      FUZZ_SECONDS and FUZZ_SEED do the same
 *
 * Work comes in batches, each a function of its own seed; --batch repeats one. A child process executes, so
 * that the parent can tell which text killed it. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <Zydis/Zydis.h>

#include "../../../trusted/intravisor/floats.h"
#include "generate.h"
#include "world.h"

#define CASES 512         /* in a batch */
#define TIME_LIMIT 200000 /* ns */

/* Shared by parent and child. */
struct progress {
    uint64_t batch;
    uint64_t generated, executed, returned, stopped, faulted[5];
    uint8_t text[MAX_TEXT];
    size_t text_size;
    struct orc_registers registers;
    uint32_t thread_pointer;
    char failure[200];
    struct orc_result result;
};

static struct progress *progress;
static FILE *progress_out; /* the child's way to say why it can't start */

/* The general-protection faults that accepted code may raise: a misaligned operand of 16 bytes or more, and
 * xgetbv of a register that doesn't exist. A non-canonical address can't come about: data addresses are slot
 * base + 32 bits. */
static bool expected_general_protection(const struct orc_fault *fault) {
    ZydisDecoder decoder;
    ZydisDecodedInstruction instruction;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisRegisterContext context = {0};
    const uint64_t *values = &fault->registers.rax;
    for (int i = 0; i < 16; i++)
        context.values[ZYDIS_REGISTER_RAX + i] = values[i];
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, (void *)(uintptr_t)fault->instruction, 15,
                                             &instruction, operands)))
        return false;
    if (instruction.mnemonic == ZYDIS_MNEMONIC_XGETBV)
        return (uint32_t)fault->registers.rcx != 0;
    for (int i = 0; i < instruction.operand_count; i++) {
        const ZydisDecodedOperand *operand = &operands[i];
        if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY || operand->size < 128)
            continue;
        uint64_t address = (uint64_t)instruction.raw.disp.value;
        /* Zydis 4.0 names r13 as the base of an operand that has none, when REX.B is set. */
        bool no_base =
            instruction.raw.modrm.mod == 0 && instruction.raw.modrm.rm == 4 && instruction.raw.sib.base == 5;
        if (operand->mem.base == ZYDIS_REGISTER_EIP)
            address += fault->instruction + instruction.length;
        else if (operand->mem.base && !no_base)
            address += values[ZydisRegisterGetId(operand->mem.base)];
        if (operand->mem.index)
            address += values[ZydisRegisterGetId(operand->mem.index)] * operand->mem.scale;
        if (operand->mem.segment == ZYDIS_REGISTER_GS && address % (operand->size / 8) != 0)
            return true;
    }
    return false;
}

static const char *judge_fault(const struct orc_fault *fault) {
    const uint64_t *registers = &fault->registers.rax;
    for (int i = 0; i < 16; i++)
        if (is_poison(registers[i]))
            return "a register holds what only a neighbour has";
    if (fault->kind == ORC_FAULT_OUTSIDE)
        return "an access outside the slot";
    bool general_protection = fault->kind == ORC_FAULT_INSTRUCTION && fault->signal == SIGSEGV;
    if (general_protection && !expected_general_protection(fault))
        return "a general-protection fault that nothing explains";
    if (fault->kind == ORC_FAULT_DATA && fault->host_address % ORC_SLOT_SIZE != fault->address)
        return "an address that isn't one";
    return NULL;
}

static const char *judge(const struct world *world, const struct orc_result *result) {
    const char *failure = world_damage(world);
    if (!failure && result->outcome == ORC_FAULTED)
        failure = judge_fault(&result->fault);
    if (!failure && result->outcome == ORC_RETURNED && is_poison((uint64_t)result->value))
        failure = "it returned what only a neighbour has";
    if (!failure && memcmp(world->text, progress->text, progress->text_size) != 0)
        failure = "the code was written to";
    return failure;
}

static void count(const struct orc_result *result) {
    progress->executed++;
    progress->returned += result->outcome == ORC_RETURNED || result->outcome == ORC_EXITED;
    progress->stopped += result->outcome == ORC_STOPPED;
    if (result->outcome == ORC_FAULTED)
        progress->faulted[result->fault.kind]++;
}

/* --- Floating-point modes: the host has others each time, and must find them in hostcalls and afterwards. */

static uint32_t host_mxcsr;
static uint16_t host_control;

static void get_modes(uint32_t *mxcsr, uint16_t *control) {
    __asm__ volatile("stmxcsr %0" : "=m"(*mxcsr));
    __asm__ volatile("fnstcw %0" : "=m"(*control));
}

static void set_modes(uint32_t mxcsr, uint16_t control) {
    __asm__ volatile("fninit\n\tfldcw %0" : : "m"(control));
    __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
}

static void fail_with(const char *failure) {
    snprintf(progress->failure, sizeof progress->failure, "%s", failure);
    _exit(1);
}

/* What gates call (the linker's --wrap): host code that would notice a guest's modes. */
int64_t __wrap_orc_hostcall(struct orc_thread *thread, const uint64_t arguments[6]);
int64_t __real_orc_hostcall(struct orc_thread *thread, const uint64_t arguments[6]);
int64_t __wrap_orc_hostcall(struct orc_thread *thread, const uint64_t arguments[6]) {
    uint32_t mxcsr, expected = thread->modes ? host_mxcsr : MXCSR_DEFAULT;
    uint16_t control;
    get_modes(&mxcsr, &control);
    if ((mxcsr ^ expected) & ~(uint32_t)MXCSR_FLAGS || control != X87_CONTROL_DEFAULT)
        fail_with("a hostcall ran with the guest's floating-point modes");
    return __real_orc_hostcall(thread, arguments);
}

static void run_with_modes(struct orc_thread *thread, struct random *random, uint64_t limit) {
    uint32_t mxcsr;
    uint16_t control;
    host_mxcsr = random_one_in(random, 2) ? MXCSR_DEFAULT : 0x1f80 | ((uint32_t)random_next(random) & 0xe07f);
    host_control = (uint16_t)(0x37f | (random_next(random) & 0xc00));
    floats_set(thread, 0);
    set_modes(host_mxcsr, host_control);
    thread_run(thread, limit, &progress->result);
    get_modes(&mxcsr, &control);
    set_modes(MXCSR_DEFAULT, X87_CONTROL_DEFAULT);
    if (mxcsr != host_mxcsr || control != host_control)
        fail_with("the host's floating-point modes have changed");
}

/* `limit` in ns. `rbx`, if not 0, is that register's value. */
static void execute(struct world *world, struct random *random, uint64_t limit, uint64_t rbx) {
    struct orc_thread *thread = world->thread;
    uint64_t *registers = &progress->registers.rax;
    for (int i = 0; i < 16; i++)
        registers[i] = world_value(world, random);
    if (rbx)
        progress->registers.rbx = rbx;
    progress->thread_pointer = world_thread_pointer(random);
    memcpy(world->text, progress->text, progress->text_size);
    memset(world->text + progress->text_size, 0xcc, ORC_PAGE_SIZE - progress->text_size);
    thread->entry = TEXT_ADDRESS;
    thread->registers = progress->registers;
    thread->thread_pointer = progress->thread_pointer;
    run_with_modes(thread, random, limit);
    count(&progress->result);
    const char *failure = judge(world, &progress->result);
    if (failure)
        fail_with(failure);
}

/* Code that does escape, and that the verifier would never take: shows that the oracle sees. */
static const struct {
    const char *what;
    uint8_t text[16];
    uint64_t offset; /* from the slot: rbx */
} planted[] = {
    {"a write above the slot", {0x48, 0x89, 0x03, 0xc3}, ORC_SLOT_SIZE + 8}, /* mov %rax, (%rbx) */
    {"a write below the slot", {0x48, 0x89, 0x03, 0xc3}, -(uint64_t)64},
    {"a read of a neighbour", {0x48, 0x8b, 0x03, 0xc3}, ORC_SLOT_SIZE + 8},       /* mov (%rbx), %rax */
    {"a read kept in a register", {0x48, 0x8b, 0x13, 0x0f, 0x0b}, ORC_SLOT_SIZE}, /* mov (%rbx), %rdx; ud2 */
    {"an access to unmapped host memory", {0x48, 0x8b, 0x03, 0xc3}, 0x7000000000},
    {"a non-canonical address", {0x48, 0x8b, 0x03, 0xc3}, (uint64_t)1 << 62},
};
#define PLANTED (sizeof planted / sizeof *planted)

static void run_planted(struct world *world, size_t which) {
    struct random random = {which};
    progress->text_size = sizeof planted[which].text;
    memcpy(progress->text, planted[which].text, sizeof planted[which].text);
    execute(world, &random, NANOSECONDS, (uint64_t)world->compartment.slot + planted[which].offset);
}

static void run_batch(struct world worlds[2], uint64_t seed) {
    struct random random = {seed};
    struct generator generator = {.random = &random};
    progress->batch = seed;
    for (int i = 0; i < 2; i++)
        world_refill(&worlds[i], &random);
    generate_units(&generator);
    for (int i = 0; i < CASES; i++) {
        progress->text_size = generate_text(&generator, progress->text);
        progress->generated++;
        if (accepted(progress->text, progress->text_size))
            execute(&worlds[i % 2], &random, TIME_LIMIT, 0);
    }
}

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The hostcalls read and write nothing that anybody sees. */
static void silence(void) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int i = 0; i < 3; i++)
        dup2(null, i);
}

struct task {
    enum { FUZZ, ONE_BATCH, PLANT } kind;
    uint64_t seed; /* PLANT: which */
    double seconds;
};

static void child(const struct task *task) {
    struct orc_cell *cell;
    struct orc_error error = {"the worlds can't be set up"};
    struct world worlds[2];
    silence();
    if (orc_cell_create(NULL, &cell, &error) < 0 || !world_create(cell, true, &worlds[0]) ||
        !world_create(cell, false, &worlds[1])) {
        fprintf(progress_out, "# %s\n", error.message);
        _exit(2);
    }
    if (task->kind == PLANT)
        run_planted(&worlds[0], task->seed);
    if (task->kind == ONE_BATCH)
        run_batch(worlds, task->seed);
    struct random batches = {task->seed};
    double end = seconds_now() + task->seconds;
    while (task->kind == FUZZ && seconds_now() < end)
        run_batch(worlds, random_next(&batches));
    _exit(0);
}

/* Returns the child's wait status. */
static int run(const struct task *task) {
    int status = 0;
    memset(progress, 0, sizeof *progress);
    pid_t pid = fork();
    if (pid == 0)
        child(task);
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        exit(2);
    return status;
}

static void print_failure(int status) {
    const struct progress *p = progress;
    if (WIFSIGNALED(status))
        printf("# the process was killed by signal %d\n", WTERMSIG(status));
    printf("# %s\n# repeat with --batch 0x%llx; thread pointer 0x%x; text:\n#", p->failure,
           (unsigned long long)p->batch, p->thread_pointer);
    for (size_t i = 0; i < p->text_size; i++)
        printf(" %02x%s", p->text[i], i % 32 == 31 ? "\n#" : "");
    printf("\n# registers before:");
    const uint64_t *before = &p->registers.rax, *after = &p->result.fault.registers.rax;
    for (int i = 0; i < 16; i++)
        printf(" %llx", (unsigned long long)before[i]);
    printf("\n# outcome %d, fault kind %d, signal %d, at 0x%x, address 0x%llx, registers:", p->result.outcome,
           p->result.fault.kind, p->result.fault.signal, p->result.fault.instruction,
           (unsigned long long)p->result.fault.host_address);
    for (int i = 0; i < 16; i++)
        printf(" %llx", (unsigned long long)after[i]);
    printf("\n");
}

static void print_counts(void) {
    const struct progress *p = progress;
    printf("# %llu texts, %llu accepted and executed: %llu returned, %llu out of time, faults: %llu data, "
           "%llu code, %llu "
           "control stack, %llu instruction\n",
           (unsigned long long)p->generated, (unsigned long long)p->executed, (unsigned long long)p->returned,
           (unsigned long long)p->stopped, (unsigned long long)p->faulted[ORC_FAULT_DATA],
           (unsigned long long)p->faulted[ORC_FAULT_CODE],
           (unsigned long long)p->faulted[ORC_FAULT_CONTROL_STACK],
           (unsigned long long)p->faulted[ORC_FAULT_INSTRUCTION]);
}

static bool report(bool good, unsigned number, const char *what, const char *is) {
    printf("%s %u - %s%s\n", good ? "ok" : "not ok", number, what, is);
    fflush(stdout);
    return good;
}

static bool run_all(const struct task *task) {
    bool good = true;
    unsigned number = 1;
    printf("1..%zu\n", PLANTED + 2);
    for (size_t i = 0; i < PLANTED; i++) {
        int status = run(&(struct task){.kind = PLANT, .seed = i});
        /* The Intravisor itself aborts when a fault shows that a guest reached outside. */
        bool noticed = WIFEXITED(status) ? WEXITSTATUS(status) == 1 : WTERMSIG(status) == SIGABRT;
        good &= report(noticed, number++, planted[i].what, " is noticed");
    }
    printf("# %s 0x%llx\n", task->kind == ONE_BATCH ? "batch" : "seed", (unsigned long long)task->seed);
    int status = run(task);
    if (status != 0)
        print_failure(status);
    print_counts();
    good &= report(status == 0, number++, "nothing that the verifier accepts escapes", "");
    good &= report(task->kind == ONE_BATCH || progress->executed > 1000, number, "enough was executed", "");
    return good;
}

int main(int argc, char **argv) {
    static const struct option long_options[] = {
        {"seed", required_argument, NULL, 's'},
        {"seconds", required_argument, NULL, 't'},
        {"batch", required_argument, NULL, 'b'},
        {0},
    };
    const char *seconds = getenv("FUZZ_SECONDS"), *seed = getenv("FUZZ_SEED"), *batch = NULL;
    int option;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (option == 's')
            seed = optarg;
        else if (option == 't')
            seconds = optarg;
        else if (option == 'b')
            batch = optarg;
        else
            return 2;
    }
    progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    progress_out = fdopen(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10), "w");
    if (progress == MAP_FAILED || !progress_out)
        return 2;
    setvbuf(progress_out, NULL, _IOLBF, 0);
    struct task task = {.kind = batch ? ONE_BATCH : FUZZ, .seconds = seconds ? strtod(seconds, NULL) : 20};
    task.seed = batch ? strtoull(batch, NULL, 0) : seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL);
    return run_all(&task) ? 0 : 1;
}
