/* Dormant threads: guest threads that rest (ORC_POLL with a fourth argument of 1) have no host thread, and nothing else
 * changes for them or for anybody who deals with them. */
#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "../../trusted/intravisor/thread.h"
#include "orc/zygote.h"
#include "script.h"

#define MS 1000000ull
#define REST(handles, count, timeout) DO(ORC_POLL, handles, count, timeout, 1)
#define FOREVER ((uint64_t)ORC_FOREVER)
#define IDLE_WORKERS 64
#define IDLE_AFTER_REST 8

static struct orc_error error;

/* --- What can be seen --- */

static unsigned dormant_threads(struct orc_compartment *compartment) {
    unsigned count = 0;
    pthread_mutex_lock(&compartment->lock);
    for (const struct orc_thread *thread = compartment->threads; thread; thread = thread->next)
        count += thread->dormant;
    pthread_mutex_unlock(&compartment->lock);
    return count;
}

static void wait_dormant(struct orc_compartment *compartment, unsigned threads) {
    for (int i = 0; i < 20000; i++) {
        if (dormant_threads(compartment) == threads)
            return;
        usleep(1000);
    }
    fail_msg("%u instead of %u threads are dormant", dormant_threads(compartment), threads);
}

static unsigned entries(const char *path) {
    unsigned count = 0;
    DIR *directory = opendir(path);
    assert_non_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static void wait_entries(const char *path, unsigned most) {
    unsigned count = 0;
    for (int i = 0; i < 10000 && (count = entries(path)) > most; i++)
        usleep(1000);
    if (count > most)
        fail_msg("%s has %u entries, more than %u", path, count, most);
}

static int64_t milliseconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- Compartments with one granted event, handle 0 --- */

static struct orc_compartment *new_compartment(struct script_world *world,
                                               const struct orc_compartment_options *options, int event) {
    struct orc_compartment *compartment;
    if (orc_compartment_create(world->cell, options, &compartment, &error) != 0)
        fail_msg("%s", error.message);
    assert_int_equal(grant_descriptor(world->cell, compartment, event, ORC_GRANT_READ | ORC_GRANT_WRITE), 0);
    return compartment;
}

static struct orc_compartment *start_on(struct script_world *world, const struct call *calls, size_t count,
                                        const struct orc_compartment_options *options, int event) {
    struct call block[64] = {0};
    memcpy(block, calls, count * sizeof *calls);
    const struct orc_start where = {.object = world->object,
                                    .entry = PROGRAM(script),
                                    .start_info = block,
                                    .start_info_size = sizeof block};
    struct orc_compartment *compartment = new_compartment(world, options, event);
    if (orc_compartment_start(compartment, &where, &error) != 0)
        fail_msg("%s", error.message);
    return compartment;
}

static int64_t result_in(const struct orc_compartment *compartment, unsigned index) {
    struct call call;
    memcpy(&call, orc_compartment_slot(compartment) + BLOCK(index), sizeof call);
    return call.result;
}

static struct orc_result ended(struct orc_compartment *compartment) {
    struct orc_result result;
    assert_int_equal(orc_compartment_wait(compartment, 20 * SECOND, &result), 0);
    return result;
}

static void signal_event(int event) {
    assert_int_equal(eventfd_write(event, 1), 0);
}

/* Rests until its event comes, takes it, and ends. */
static const struct call takes_event[20] = {
    SLEEP(2 * MS), REST(BLOCK(16), 1, FOREVER), DO(ORC_READ, 0, BLOCK(18), 8), DO(ORC_THREAD_ID), DO(ORC_EXIT, 5), END,
    [16] = {.number = (uint64_t)POLLIN << 32}};
#define TAKES_EVENT takes_event, sizeof takes_event / sizeof *takes_event

/* --- Waking up --- */

SCRIPT_TEST(test_an_event_wakes_it) {
    int event = eventfd(0, EFD_CLOEXEC);
    struct orc_compartment *compartment = start_on(world, TAKES_EVENT, NULL, event);
    wait_dormant(compartment, 1);
    usleep(20000);
    wait_dormant(compartment, 1); /* and stays so */
    signal_event(event);
    struct orc_result result = ended(compartment);
    assert_int_equal(result.outcome, ORC_EXITED);
    assert_int_equal(result.value, 5);
    const int64_t expected[] = {0, 0, 8, 1};
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(result_in(compartment, i), expected[i]);
    assert_int_equal(orc_compartment_destroy(compartment), 0);
    close(event);
}

/* What is ready before it lies down isn't missed. */
SCRIPT_TEST(test_an_event_that_came_before) {
    for (int i = 0; i < 200; i++) {
        int event = eventfd(0, EFD_CLOEXEC);
        struct orc_compartment *compartment = start_on(world, TAKES_EVENT, NULL, event);
        usleep((useconds_t)(i * 20));
        signal_event(event);
        assert_int_equal(ended(compartment).value, 5);
        assert_int_equal(orc_compartment_destroy(compartment), 0);
        close(event);
    }
}

SCRIPT_TEST(test_time) {
    int64_t before = milliseconds_now();
    run(world, (struct call[]){SLEEP(2 * MS), REST(0, 0, 300 * MS), REST(0, 0, 0), DO(ORC_EXIT, 1), END}, NULL);
    int64_t passed = milliseconds_now() - before;
    assert_int_equal(result_of(world, 1), 0);
    assert_true(passed >= 300 && passed < 3000);
    /* Far away, and past what a clock can tell. */
    start(world, PROGRAM(script), (struct call[]){SLEEP(2 * MS), REST(0, 0, INT64_MAX), END}, NULL);
    wait_dormant(world->compartment, 1);
    orc_compartment_kill(world->compartment);
    assert_int_equal(wait_for(world).outcome, ORC_STOPPED);
}

SCRIPT_TEST(test_refusals) {
    int file = memfd_create("regular", MFD_CLOEXEC);
    struct call calls[64] = {
        SLEEP(2 * MS),
        DO(ORC_POLL, 0, 0, 0, 2),              /* 1: no such flag */
        REST(BLOCK(40), ORC_MAX_REST + 1, 0),  /* 2: too many */
        REST(BLOCK(16), ORC_MAX_POLL + 1, 0),  /* 3 */
        REST(0xffffff00, 1, 0),                /* 4: not there */
        REST(BLOCK(16), 1, FOREVER),           /* 5: a regular file can't be watched */
        REST(BLOCK(17), 1, FOREVER),           /* 6: no such handle: as in any poll */
        DO(ORC_EVENT, 0, 0),                   /* 7: handle 2, after the object */
        REST(BLOCK(18), 2, FOREVER),           /* 8: the same twice */
        REST(BLOCK(19), 1, MS),                /* 9: ignored */
        REST(BLOCK(16), 1, (uint64_t)-2),      /* 10 */
        DO(ORC_EXIT, 5),
        END,
    };
    const struct orc_poll polled[] = {{0, POLLIN, 0}, {9, POLLIN, 0}, {2, POLLIN, 0}, {ORC_NO_HANDLE, POLLIN, 0}};
    for (unsigned i = 0; i < 4; i++)
        memcpy(&calls[16 + i], &polled[i], sizeof *polled);
    memset(&calls[40], 0xff, 12 * sizeof *calls);
    memcpy((uint8_t *)&calls[18] + sizeof *polled, &polled[2], sizeof *polled);
    struct orc_compartment *compartment = start_on(world, calls, 64, NULL, file);
    assert_int_equal(ended(compartment).value, 5);
    const int64_t expected[] = {0, -EINVAL, -EAGAIN, -EINVAL, -EFAULT, -EAGAIN, 1, 2, -EAGAIN, 0, -EINVAL};
    for (unsigned i = 0; i < sizeof expected / sizeof *expected; i++)
        if (result_in(compartment, i) != expected[i])
            fail_msg("call %u: %lld instead of %lld", i, (long long)result_in(compartment, i), (long long)expected[i]);
    assert_int_equal(orc_compartment_destroy(compartment), 0);
    close(file);
}

/* A thread that has just got its host thread keeps it. */
SCRIPT_TEST(test_patience) {
    world->cell->patience = 3600 * SECOND;
    run(world, (struct call[]){REST(0, 0, FOREVER), DO(ORC_EXIT, 1), END}, NULL);
    assert_int_equal(result_of(world, 0), -EAGAIN);
}

TEST(test_an_embedders_thread_does_not_rest) {
    struct world *world = *state;
    world->cell->patience = 1;
    assert_int_equal(returned(CALL(world, hostcall, ORC_POLL, 0, 0, FOREVER, 1)), -ENOSYS); /* it is bare */
}

/* --- Others deal with it --- */

SCRIPT_TEST(test_kill_and_destroy) {
    start(world, PROGRAM(script), (struct call[]){SLEEP(2 * MS), REST(0, 0, FOREVER), END}, NULL);
    wait_dormant(world->compartment, 1);
    assert_int_equal(orc_compartment_destroy(world->compartment), -EBUSY);
    orc_compartment_kill(world->compartment);
    assert_int_equal(wait_for(world).outcome, ORC_STOPPED);
}

SCRIPT_TEST(test_signals_and_interrupts) {
    const struct call waits[] = {SLEEP(2 * MS), REST(0, 0, FOREVER), DO(ORC_SIGNALS), DO(ORC_EXIT, 3), END};
    start(world, PROGRAM(script), waits, NULL);
    wait_dormant(world->compartment, 1);
    assert_int_equal(orc_compartment_signal(world->compartment, 10), 0);
    assert_int_equal(wait_for(world).value, 3);
    assert_int_equal(result_of(world, 1), -EINTR);
    assert_int_equal(result_of(world, 2), 1 << 9);

    /* One guest thread interrupts another, and is itself dormant meanwhile. */
    const struct orc_thread_start victim = thread_start(world, PROGRAM(script), BLOCK(24));
    struct call calls[32] = {DO(ORC_THREAD_CREATE, BLOCK(20)), SLEEP(2 * MS), REST(0, 0, 100 * MS), DO(ORC_INTERRUPT, 2),
                             SLEEP(100 * MS), DO(ORC_EXIT, 4), END};
    const struct call other[] = {SLEEP(2 * MS), REST(0, 0, FOREVER), DO(ORC_THREAD_ID), END};
    memcpy(&calls[20], &victim, sizeof victim);
    memcpy(&calls[24], other, sizeof other);
    start_calls(world, calls, 32, NULL);
    wait_dormant(world->compartment, 2);
    assert_int_equal(wait_for(world).value, 4);
    assert_int_equal(result_of(world, 3), 0);
    assert_int_equal(result_of(world, 25), -EINTR);
    assert_int_equal(result_of(world, 26), 2);
}

static bool note_object(void *context, const struct orc_object_statistics *object) {
    *(struct orc_object_statistics *)context = *object;
    return true;
}

SCRIPT_TEST(test_revoked) {
    start(world, PROGRAM(script), (struct call[]){SLEEP(2 * MS), REST(0, 0, FOREVER), END}, NULL);
    wait_dormant(world->compartment, 1);
    struct orc_object_statistics program;
    orc_cell_objects(world->cell, note_object, &program);
    assert_int_equal(orc_cell_revoke(world->cell, program.hash, NULL), 0);
    assert_int_equal(wait_for(world).outcome, ORC_STOPPED);
}

/* Accounts and quotas go on counting it, once. */
SCRIPT_TEST(test_accounts) {
    const struct orc_thread_start third = thread_start(world, PROGRAM(script), BLOCK(24));
    struct call calls[64] = {DO(ORC_THREAD_CREATE, BLOCK(20)), SLEEP(2 * MS),     DO(ORC_CLOCK, ORC_CLOCK_THREAD),
                             REST(0, 0, 100 * MS),             DO(ORC_CLOCK, ORC_CLOCK_THREAD), DO(ORC_THREAD_CREATE, BLOCK(20)),
                             SLEEP(2 * MS),                    REST(0, 0, FOREVER), END};
    const struct call other[] = {SLEEP(2 * MS), REST(0, 0, FOREVER), END};
    memcpy(&calls[20], &third, sizeof third);
    memcpy(&calls[24], other, sizeof other);
    start_calls(world, calls, 64, &(struct orc_compartment_options){.threads = 2});
    struct orc_statistics before, after;
    wait_dormant(world->compartment, 2);
    orc_compartment_statistics(world->compartment, &before);
    assert_int_equal(before.threads, 2);
    assert_true(before.running && before.processor_time > 0);
    for (int i = 0; i < 5000 && result_of(world, 5) == 0; i++)
        usleep(1000);
    wait_dormant(world->compartment, 2);
    orc_compartment_statistics(world->compartment, &after);
    assert_int_equal(result_of(world, 5), -EAGAIN);
    assert_int_equal(after.threads, 2);
    assert_int_equal(after.hostcalls, 10);
    assert_true(after.processor_time >= before.processor_time && after.processor_time < SECOND);
    assert_true(result_of(world, 4) >= result_of(world, 2) && result_of(world, 4) < (int64_t)SECOND);
    orc_compartment_kill(world->compartment);
    wait_for(world);
    orc_compartment_statistics(world->compartment, &before);
    assert_int_equal(before.hostcalls, after.hostcalls);
    assert_true(before.processor_time >= after.processor_time && before.processor_time < SECOND);
}

/* The text that its control stack may lead to isn't replaced. */
SCRIPT_TEST(test_code_addresses_stay) {
    struct orc_object_image other = programs_image();
    other.layout.imports_size = 8; /* another object of the same size */
    struct orc_object *gone = NULL, *next = NULL, *last = NULL;
    start(world, PROGRAM(script), (struct call[]){SLEEP(2 * MS), REST(0, 0, FOREVER), END}, NULL);
    assert_int_equal(orc_object_create(world->cell, &other, NULL, NULL, &gone, &error), 0);
    uint32_t base = orc_object_base(gone);
    wait_dormant(world->compartment, 1);
    assert_int_equal(orc_object_destroy(gone), 0);
    other.layout.imports_size = 24;
    assert_int_equal(orc_object_create(world->cell, &other, NULL, NULL, &next, &error), 0);
    assert_int_not_equal(orc_object_base(next), base);
    assert_int_equal(orc_object_destroy(next), 0);
    orc_compartment_kill(world->compartment);
    wait_for(world);
    other.layout.imports_size = 32;
    assert_int_equal(orc_object_create(world->cell, &other, NULL, NULL, &last, &error), 0);
    assert_int_equal(orc_object_base(last), base);
    assert_int_equal(orc_object_destroy(last), 0);
}

/* A thread that rested is frozen like any; its clone rests like any. */
SCRIPT_TEST(test_zygotes_and_clones) {
    int events[2] = {eventfd(0, EFD_CLOEXEC), eventfd(0, EFD_CLOEXEC)};
    struct call calls[32] = {SLEEP(2 * MS), REST(BLOCK(16), 1, FOREVER), DO(ORC_FREEZE), SLEEP(2 * MS),
                             REST(BLOCK(16), 1, FOREVER), DO(ORC_EXIT, 6), END,
                             [16] = {.number = (uint64_t)POLLIN << 32}};
    struct orc_compartment *zygote = start_on(world, calls, 32, NULL, events[0]);
    wait_dormant(zygote, 1);
    orc_compartment_freeze(zygote, true);
    usleep(10000);
    struct orc_statistics statistics = {0};
    orc_compartment_statistics(zygote, &statistics);
    assert_int_equal(statistics.parked, 0); /* dormant isn't frozen */
    const struct orc_clone_info info = {.version = ORC_CLONE_VERSION};
    int image = memfd_create("image", MFD_CLOEXEC);
    assert_int_equal(ftruncate(image, ORC_SLOT_SIZE), 0);
    const struct orc_start start = {.zygote = zygote, .image = image, .clone_info = &info};
    struct orc_compartment *clone = new_compartment(world, NULL, events[1]);
    assert_int_equal(orc_compartment_start(clone, &start, &error), -EPERM);
    signal_event(events[0]);
    for (int i = 0; i < 5000 && statistics.parked == 0; i++, usleep(1000))
        orc_compartment_statistics(zygote, &statistics);
    assert_int_equal(statistics.parked, 1);

    const uint32_t stack = ORC_STACK_TOP - ORC_STACK_SIZE, size = ORC_STACK_SIZE + ORC_PAGE_SIZE,
                   data = orc_object_base(world->object) + PROGRAM_DATA;
    assert_int_equal(pwrite(image, orc_compartment_slot(zygote) + stack, size, stack), size);
    assert_int_equal(pwrite(image, orc_compartment_slot(zygote) + data, PROGRAM_DATA_SIZE, data), PROGRAM_DATA_SIZE);
    assert_int_equal(orc_compartment_map_image(clone, image, stack, size, PROT_READ | PROT_WRITE), 0);
    if (orc_compartment_start(clone, &start, &error) != 0)
        fail_msg("%s", error.message);
    wait_dormant(clone, 1);
    signal_event(events[1]);
    assert_int_equal(ended(clone).value, 6);
    assert_int_equal(result_in(clone, 2), 1);
    assert_int_equal(orc_compartment_destroy(clone), 0);
    orc_compartment_kill(zygote);
    ended(zygote);
    assert_int_equal(orc_compartment_destroy(zygote), 0);
    close(image);
    close(events[0]);
    close(events[1]);
}

/* --- Many --- */

SCRIPT_TEST(test_host_threads_go_and_all_wake_at_once) {
    enum { MANY = 1000 };
    static struct orc_compartment *compartments[MANY];
    static int events[MANY];
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    const unsigned tasks = entries("/proc/self/task"), files = entries("/proc/self/fd");
    for (int i = 0; i < MANY; i++) {
        events[i] = eventfd(0, EFD_CLOEXEC);
        compartments[i] = start_on(world, TAKES_EVENT, NULL, events[i]);
    }
    for (int i = 0; i < MANY; i++)
        wait_dormant(compartments[i], 1);
    wait_entries("/proc/self/task", tasks + IDLE_AFTER_REST + 1);
    for (int i = 0; i < MANY; i++)
        signal_event(events[i]);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(ended(compartments[i]).value, 5);
        assert_int_equal(orc_compartment_destroy(compartments[i]), 0);
        close(events[i]);
    }
    wait_entries("/proc/self/task", tasks + IDLE_WORKERS + 1);
    wait_entries("/proc/self/fd", files + 1); /* the sleeper's */
}

/* The kernel limits how many watch one open file: the others keep their host threads. */
SCRIPT_TEST(test_many_wait_for_one_file) {
    enum { MANY = 600 };
    static struct orc_compartment *compartments[MANY];
    unsigned dormant = 0, refused = 0;
    int event = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
    for (int i = 0; i < MANY; i++)
        compartments[i] = start_on(world, TAKES_EVENT, NULL, event);
    for (int tries = 0; tries < 10000 && dormant + refused < MANY; tries++, usleep(1000)) {
        dormant = refused = 0;
        for (int i = 0; i < MANY; i++) {
            dormant += dormant_threads(compartments[i]);
            refused += result_in(compartments[i], 1) == -EAGAIN;
        }
    }
    assert_int_equal(dormant + refused, MANY);
    assert_true(dormant >= 400 && dormant < MANY);
    assert_int_equal(eventfd_write(event, MANY), 0);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(ended(compartments[i]).value, 5);
        assert_int_equal(orc_compartment_destroy(compartments[i]), 0);
    }
    close(event);
}

#if !__has_feature(address_sanitizer)
/* Without memory for a worker it is tried again until there is one. */
SCRIPT_TEST(test_no_worker_is_to_be_had) {
    int event = eventfd(0, EFD_CLOEXEC);
    const struct orc_compartment_options own = {.control_stack = 0x200000}; /* no idle worker fits */
    struct orc_compartment *compartment = start_on(world, TAKES_EVENT, &own, event);
    struct rlimit before;
    struct orc_result result;
    wait_dormant(compartment, 1);
    usleep(10000);
    getrlimit(RLIMIT_AS, &before);
    setrlimit(RLIMIT_AS, &(struct rlimit){1 << 20, before.rlim_max});
    signal_event(event);
    int status = orc_compartment_wait(compartment, 100 * MS, &result);
    setrlimit(RLIMIT_AS, &before);
    assert_int_equal(status, -ETIMEDOUT);
    assert_int_equal(ended(compartment).value, 5);

    /* An end needs none. */
    assert_int_equal(orc_compartment_destroy(compartment), 0);
    compartment = start_on(world, TAKES_EVENT, &own, event);
    wait_dormant(compartment, 1);
    setrlimit(RLIMIT_AS, &(struct rlimit){1 << 20, before.rlim_max});
    orc_compartment_kill(compartment);
    status = orc_compartment_wait(compartment, SECOND, &result);
    setrlimit(RLIMIT_AS, &before);
    assert_int_equal(status, 0);
    assert_int_equal(orc_compartment_destroy(compartment), 0);
    close(event);
}

#endif

static uint64_t hostcalls_of(struct orc_compartment *compartment, uint32_t id) {
    uint64_t count = 0;
    pthread_mutex_lock(&compartment->lock);
    for (const struct orc_thread *thread = compartment->threads; thread; thread = thread->next)
        if (thread->id == id)
            count = __atomic_load_n(&thread->hostcalls, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&compartment->lock);
    return count;
}

static void wait_progress(struct orc_compartment *compartment, uint32_t id) {
    uint64_t before = hostcalls_of(compartment, id);
    for (int i = 0; i < 5000; i++) {
        if (hostcalls_of(compartment, id) > before + 10)
            return;
        usleep(1000);
    }
    fail_msg("thread %u: a wake-up was lost", id);
}

static unsigned running_for(unsigned default_seconds) {
    const char *seconds = getenv("DORMANT_SECONDS");
    return seconds ? (unsigned)atoi(seconds) : default_seconds;
}

/* Threads that lie down and get up all the time, wake and interrupt each other, and are killed at any moment. */
SCRIPT_TEST(test_any_moment) {
    world->cell->patience = 1;
    const struct orc_thread_start second = thread_start(world, PROGRAM(repeat_script), BLOCK(24)),
                                  third = thread_start(world, PROGRAM(repeat_script), BLOCK(32));
    struct call calls[64] = {DO(ORC_EVENT, 0, EFD_NONBLOCK), DO(ORC_THREAD_CREATE, BLOCK(20)), DO(ORC_THREAD_CREATE, BLOCK(21)),
                             REST(0, 0, FOREVER),           END};
    const struct call other[] = {REST(BLOCK(40), 1, FOREVER), DO(ORC_READ, 1, BLOCK(42), 8), REST(0, 0, 30000),
                                 DO(ORC_INTERRUPT, 1),        DO(ORC_INTERRUPT, 3),          END};
    const struct call another[] = {DO(ORC_WRITE, 1, BLOCK(43), 8), REST(BLOCK(40), 1, 20000), DO(ORC_INTERRUPT, 2),
                                   REST(0, 0, 0),                  REST(0, 0, MS),            END};
    const struct orc_poll polled = {1, POLLIN, 0};
    const uint64_t one = 1;
    memcpy(&calls[20], &second, sizeof second);
    memcpy(&calls[21], &third, sizeof third);
    memcpy(&calls[24], other, sizeof other);
    memcpy(&calls[32], another, sizeof another);
    memcpy(&calls[40], &polled, sizeof polled);
    memcpy(&calls[43], &one, sizeof one);
    int64_t end_time = milliseconds_now() + 1000 * running_for(5);
    for (unsigned i = 0; milliseconds_now() < end_time; i++) {
        start_block(world, PROGRAM(repeat_script), calls, sizeof calls,
                    &(struct orc_compartment_options){.threads = 3, .handles = 8});
        usleep(i * 37 % 3000);
        if (i % 3 == 0)
            orc_compartment_signal(world->compartment, 12);
        if (i % 16 == 0)
            for (uint32_t id = 1; id <= 3; id++)
                wait_progress(world->compartment, id);
        orc_compartment_kill(world->compartment);
        assert_int_equal(wait_for(world).outcome, ORC_STOPPED);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_event_wakes_it),
        cmocka_unit_test(test_an_event_that_came_before),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_patience),
        cmocka_unit_test(test_an_embedders_thread_does_not_rest),
        cmocka_unit_test(test_kill_and_destroy),
        cmocka_unit_test(test_signals_and_interrupts),
        cmocka_unit_test(test_revoked),
        cmocka_unit_test(test_accounts),
        cmocka_unit_test(test_code_addresses_stay),
        cmocka_unit_test(test_zygotes_and_clones),
        cmocka_unit_test(test_host_threads_go_and_all_wake_at_once),
        cmocka_unit_test(test_many_wait_for_one_file),
#if !__has_feature(address_sanitizer) /* which needs memory of its own */
        cmocka_unit_test(test_no_worker_is_to_be_had),
#endif
        cmocka_unit_test(test_any_moment),
    };
    script_cell_options.patience = MS;
    return run_as_tap("dormant", tests, sizeof tests / sizeof *tests);
}
