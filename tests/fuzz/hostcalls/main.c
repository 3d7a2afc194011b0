/* Hostcall fuzzing: threads of a compartment make nearly right calls with each other's memory in reach, in round after round;
 * a second compartment, next to it in the same cell, and the host's files around the grants must not notice. The process
 * that does it is a child: whatever kills it is a finding. */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../intravisor/programs.h"
#include "calls.h"
#include "orc/cell.h"
#include "orc/hostcall.h"
#include "world.h"

#define CALLS 2000u         /* of each thread, in a round */
#define LIMIT 3000000ull    /* ns that a call may block */
#define NEIGHBOUR_SIZE 0x10000u

/* Shared with the parent. */
static struct progress {
    uint64_t round, calls, succeeded, stopped, ended, failed[128];
    char failure[200];
} *progress;

static struct world world;

#define FAIL(...)                                                                                            \
    do {                                                                                                     \
        snprintf(progress->failure, sizeof progress->failure, __VA_ARGS__);                                  \
        _exit(1);                                                                                            \
    } while (0)

static uint32_t entry_of(uint32_t program) {
    return orc_object_base(world.object) + program;
}

static uint64_t now(void) {
    struct timespec time_now;
    clock_gettime(CLOCK_MONOTONIC, &time_now);
    return (uint64_t)time_now.tv_sec * 1000000000 + (uint64_t)time_now.tv_nsec;
}

static int64_t call_once(struct orc_thread *thread, const uint64_t arguments[6], enum orc_outcome *outcome) {
    const struct orc_registers registers = {.rdi = arguments[0], .rsi = arguments[1], .rdx = arguments[2],
                                            .rcx = arguments[3], .r8 = arguments[4], .r9 = arguments[5],
                                            .rbp = AREAS_END - 16};
    struct orc_result result;
    int status = orc_call(thread, entry_of(PROGRAM(hostcall)), &registers, LIMIT, &result);
    *outcome = status < 0 ? ORC_NOTHING : result.outcome;
    return result.value;
}

/* Stores what the call wants to find. The pages may be gone, or not writable: then they stay as they are. */
static void store(struct orc_compartment *compartment, const struct call *call) {
    struct iovec from = {(void *)call->bytes, call->size};
    struct iovec to = {orc_compartment_slot(compartment) + call->at, call->size};
    if (call->size > 0)
        (void)process_vm_writev(getpid(), &from, 1, &to, 1, 0);
}

static void map_areas(struct orc_thread *thread) {
    enum orc_outcome outcome;
    const uint64_t map[6] = {ORC_MAP, AREAS_START, AREAS * AREA_SIZE, ORC_MEMORY_READ | ORC_MEMORY_WRITE};
    call_once(thread, map, &outcome);
}

struct hostile {
    struct orc_compartment *compartment;
    uint64_t seed;
    unsigned area;
};

static void count(int64_t value, enum orc_outcome outcome) {
    __atomic_add_fetch(&progress->calls, 1, __ATOMIC_RELAXED);
    if (outcome == ORC_STOPPED)
        __atomic_add_fetch(&progress->stopped, 1, __ATOMIC_RELAXED);
    else if (outcome == ORC_RETURNED && value >= 0)
        __atomic_add_fetch(&progress->succeeded, 1, __ATOMIC_RELAXED);
    else if (outcome == ORC_RETURNED && value > -128)
        __atomic_add_fetch(&progress->failed[-value], 1, __ATOMIC_RELAXED);
}

/* Every answer is a count, a handle, a time or a small negative number: nothing that looks like an address of the host. */
static void check_answer(const struct call *call, int64_t value) {
    if (value < -4095)
        FAIL("hostcall %llu answered %lld", (unsigned long long)call->arguments[0], (long long)value);
    uint64_t slot = (uint64_t)orc_compartment_slot(world.neighbour);
    if ((uint64_t)value >= slot - (ORC_SLOT_SIZE << 4) && (uint64_t)value < slot + (ORC_SLOT_SIZE << 4))
        FAIL("hostcall %llu answered 0x%llx", (unsigned long long)call->arguments[0], (unsigned long long)value);
}

static void *hostile_thread(void *context) {
    const struct hostile *hostile = context;
    struct random random = {hostile->seed};
    struct orc_thread *thread;
    struct orc_error error;
    if (orc_thread_create(hostile->compartment, &thread, &error) != 0)
        return NULL; /* the compartment has ended itself meanwhile */
    const struct entries entries = {entry_of(PROGRAM(increment)), entry_of(PROGRAM(loop_hostcall)),
                                    entry_of(PROGRAM(script)), entry_of(PROGRAM(signal_entry))};
    map_areas(thread);
    for (unsigned i = 0; i < CALLS; i++) {
        struct call call;
        enum orc_outcome outcome;
        call_generate(&random, hostile->area, &entries, &call);
        store(hostile->compartment, &call);
        uint64_t start = now();
        int64_t value = call_once(thread, call.arguments, &outcome);
        bool at_once = outcome == ORC_STOPPED && now() - start < LIMIT / 2; /* not for its limit: it was killed */
        count(value, outcome);
        if (outcome == ORC_RETURNED)
            check_answer(&call, value);
        if (outcome == ORC_NOTHING || outcome == ORC_EXITED || at_once) {
            __atomic_add_fetch(&progress->ended, 1, __ATOMIC_RELAXED);
            break;
        }
        if (random_one_in(&random, 64))
            map_areas(thread);
    }
    orc_thread_destroy(thread);
    return NULL;
}

/* --- The neighbour --- */

static volatile bool stop_neighbour;

static uint8_t pattern(uint32_t i) {
    return (uint8_t)(i * 31 + 7);
}

static bool neighbour_memory_is_whole(void) {
    const uint8_t *memory = orc_compartment_slot(world.neighbour) + AREAS_START;
    for (uint32_t i = 0x1000; i < NEIGHBOUR_SIZE; i++)
        if (memory[i] != pattern(i))
            return false;
    return true;
}

static void expect(struct orc_thread *thread, int64_t expected, const uint64_t arguments[6]) {
    enum orc_outcome outcome;
    int64_t value = call_once(thread, arguments, &outcome);
    /* Its limit of time may be up on a busy machine. */
    if (outcome != ORC_STOPPED && (outcome != ORC_RETURNED || value != expected))
        FAIL("the neighbour's hostcall %llu ended by %d with %lld", (unsigned long long)arguments[0], outcome,
             (long long)value);
}
#define EXPECT(expected, ...) expect(thread, expected, (const uint64_t[6]){__VA_ARGS__})

static void *neighbour_thread(void *unused) {
    struct orc_thread *thread;
    struct orc_error error;
    if (orc_thread_create(world.neighbour, &thread, &error) != 0)
        FAIL("the neighbour: %s", error.message);
    EXPECT(0, ORC_MAP, AREAS_START, NEIGHBOUR_SIZE, ORC_MEMORY_READ | ORC_MEMORY_WRITE);
    uint8_t *memory = orc_compartment_slot(world.neighbour) + AREAS_START;
    for (uint32_t i = 0; i < NEIGHBOUR_SIZE; i++)
        memory[i] = pattern(i);
    while (!stop_neighbour) {
        EXPECT(sizeof WHOLE - 1, ORC_READ_AT, 0, AREAS_START, 100, 0);
        if (memcmp(memory, WHOLE, sizeof WHOLE - 1) != 0)
            FAIL("the neighbour read something else");
        EXPECT(-EBADF, ORC_READ_AT, 1, AREAS_START, 100, 0);
        EXPECT(-EACCES, ORC_WRITE_AT, 0, AREAS_START, 1, 0);
        EXPECT(-EFAULT, ORC_READ_AT, 0, AREAS_START + NEIGHBOUR_SIZE, 100, 0);
        if (!neighbour_memory_is_whole())
            FAIL("the neighbour's memory has changed");
        usleep(200);
    }
    orc_thread_destroy(thread);
    return unused;
}

/* --- Rounds --- */

static unsigned open_descriptors(void) {
    unsigned count_of = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (readdir(directory))
        count_of++;
    closedir(directory);
    return count_of;
}

static void check_host(void) {
    const char *wrong = world_damage(&world);
    if (wrong)
        FAIL("the host: %s", wrong);
}

static void run_round(uint64_t seed) {
    struct random random = {seed};
    struct hostile hostile[AREAS];
    pthread_t threads[AREAS];
    unsigned before = open_descriptors();
    progress->round = seed;
    struct orc_compartment *compartment = world_compartment(&world);
    if (!compartment)
        FAIL("no compartment: %s", world.error.message);
    for (unsigned i = 0; i < AREAS; i++) {
        hostile[i] = (struct hostile){compartment, random_next(&random), i};
        if (pthread_create(&threads[i], NULL, hostile_thread, &hostile[i]) != 0)
            FAIL("no thread");
    }
    if (random_one_in(&random, 4)) {
        usleep(random_below(&random, 20000));
        orc_compartment_kill(compartment);
    }
    for (unsigned i = 0; i < AREAS; i++)
        pthread_join(threads[i], NULL);
    orc_compartment_kill(compartment);
    for (int tries = 0; orc_compartment_destroy(compartment) != 0; tries++) {
        if (tries == 5000)
            FAIL("a killed compartment still has threads");
        usleep(1000);
    }
    check_host();
    for (int i = 0; i < 1000 && open_descriptors() != before; i++)
        usleep(1000); /* a dormant thread's are closed a moment after its compartment's end */
    if (open_descriptors() != before)
        FAIL("%u descriptors were open before the round, and %u after", before, open_descriptors());
}

/* The Intravisor's host thread for dormant threads, and its descriptor, come with the first one and stay. */
static void start_sleeper(void) {
    struct orc_result result;
    struct orc_compartment *compartment = world_compartment(&world);
    if (!compartment)
        FAIL("no compartment: %s", world.error.message);
    usleep(50000);
    orc_compartment_kill(compartment);
    if (orc_compartment_wait(compartment, 1000000000, &result) != 0 || orc_compartment_destroy(compartment) != 0)
        FAIL("a dormant thread doesn't end");
}

static void child(double seconds, uint64_t seed, bool single) {
    /* A guest's file ends here, and the process isn't killed for it. */
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){16 << 20, 16 << 20});
    if (!world_create(&world))
        FAIL("no world: %s", world.error.message);
    pthread_t neighbour;
    if (pthread_create(&neighbour, NULL, neighbour_thread, NULL) != 0)
        FAIL("no thread");
    start_sleeper();
    struct random rounds = {seed};
    uint64_t end = now() + (uint64_t)(seconds * 1e9);
    do
        run_round(single ? seed : random_next(&rounds));
    while (!single && now() < end);
    stop_neighbour = true;
    pthread_join(neighbour, NULL);
    /* Would it have been noticed? */
    orc_compartment_slot(world.neighbour)[AREAS_START + NEIGHBOUR_SIZE - 1] ^= 1;
    if (neighbour_memory_is_whole())
        FAIL("a change of the neighbour's memory goes unnoticed");
    const char *damage = world_destroy(&world);
    if (damage)
        FAIL("at the end: %s", damage);
    exit(0);
}

static bool report(bool good, unsigned number, const char *what) {
    printf("%s %u - %s\n", good ? "ok" : "not ok", number, what);
    return good;
}

static void print_counts(void) {
    printf("# %llu calls: %llu succeeded, %llu were stopped while they blocked; %llu compartments ended themselves\n#",
           (unsigned long long)progress->calls, (unsigned long long)progress->succeeded,
           (unsigned long long)progress->stopped, (unsigned long long)progress->ended);
    for (int i = 1; i < 128; i++)
        if (progress->failed[i])
            printf(" %s %llu", strerrorname_np(i) ? strerrorname_np(i) : "?", (unsigned long long)progress->failed[i]);
    printf("\n");
}

int main(int argc, char **argv) {
    static const struct option long_options[] = {
        {"seed", required_argument, NULL, 's'},
        {"seconds", required_argument, NULL, 't'},
        {"round", required_argument, NULL, 'r'},
        {0},
    };
    const char *seconds = getenv("FUZZ_SECONDS"), *seed = getenv("FUZZ_SEED"), *round = NULL;
    int option, status = 0;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (option == 's')
            seed = optarg;
        else if (option == 't')
            seconds = optarg;
        else if (option == 'r')
            round = optarg;
        else
            return 2;
    }
    progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED)
        return 2;
    uint64_t start = round ? strtoull(round, NULL, 0) : seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL);
    printf("1..2\n# %s 0x%llx\n", round ? "round" : "seed", (unsigned long long)start);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        child(seconds ? strtod(seconds, NULL) : 10, start, round != NULL);
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return 2;
    if (WIFSIGNALED(status))
        printf("# the process was killed by signal %d\n", WTERMSIG(status));
    if (status != 0)
        printf("# %s\n# repeat with --round 0x%llx\n", progress->failure, (unsigned long long)progress->round);
    print_counts();
    bool good = report(status == 0, 1, "no hostcall reaches beyond its compartment");
    good &= report(round || (progress->calls > 1000 && progress->succeeded > progress->calls / 10), 2,
                   "enough calls were made, and succeeded");
    return good ? 0 : 1;
}
