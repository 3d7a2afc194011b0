/* Cells, compartments and threads come and go, and leave nothing behind. */
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "../../trusted/intravisor/segment_base.h"
#include "script.h"

/* Pages. AddressSanitizer keeps what is freed for a while: some 2 KiB of each life. */
#if __has_feature(address_sanitizer)
#define SLACK 2048
#else
#define SLACK 512
#endif

static size_t count_lines(const char *name) {
    FILE *file = fopen(name, "r");
    size_t lines = 0;
    for (int c; (c = getc(file)) != EOF;)
        lines += c == '\n';
    fclose(file);
    return lines;
}

static size_t count_descriptors(void) {
    DIR *directory = opendir("/proc/self/fd");
    size_t count = 0;
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static size_t resident_pages(void) {
    FILE *file = fopen("/proc/self/statm", "r");
    size_t resident = 0;
    assert_int_equal(fscanf(file, "%*u %zu", &resident), 1);
    fclose(file);
    return resident;
}

static void run_once(struct world *world) {
    struct orc_compartment *compartment = create_compartment(world->cell, world->object);
    struct orc_thread *thread = create_thread(compartment);
    uint32_t base = orc_object_base(world->object);
    const uint64_t arguments[6] = {ORC_HEAP, 1};
    assert_int_equal(returned(call(thread, base + PROGRAM(count), arguments)), 1);
    returned(call(thread, base + PROGRAM(store), arguments));
    assert_int_equal(call(thread, base + PROGRAM(invalid), arguments).outcome, ORC_FAULTED);
    assert_int_equal(orc_compartment_destroy(compartment), -EBUSY);
    assert_int_equal(orc_thread_destroy(thread), 0);
    assert_int_equal(orc_compartment_destroy(compartment), 0);
}

TEST(test_a_thousand_compartments_leave_nothing) {
    size_t mappings = 0, descriptors = 0, resident = 0;
    for (int i = 0; i < 1000; i++) {
        run_once(*state);
        if (i == 100) {
            mappings = count_lines("/proc/self/maps");
            descriptors = count_descriptors();
            resident = resident_pages();
        }
    }
    assert_in_range(count_lines("/proc/self/maps"), 0,
                    mappings + 32); /* the sanitiser's allocator has some of its own */
    assert_int_equal(count_descriptors(), descriptors);
    assert_in_range(resident_pages(), 0, resident + SLACK);
}

/* The same with compartments that are started, have threads, files and memory, and end in every way there is. */
static void live_once(struct script_world *world, int how) {
    const struct orc_thread_start thread = thread_start(world, PROGRAM(loop), 0);
    const uint32_t faults = PROGRAM(invalid);
    struct call calls[40] = {
        DO(ORC_THREAD_CREATE, BLOCK(20)),
        DO(ORC_MAP, ORC_HEAP, 1 << 20, 3),
        DO(ORC_PIPE, BLOCK(25), 0),
        DO(ORC_RANDOM, ORC_HEAP, 20000),
        DO(how == 0 ? ORC_EXIT : how == 1 ? ORC_POLL : ORC_YIELD, 0, 0, 3600 * SECOND),
        END,
    };
    memcpy(&calls[20], &thread, sizeof thread);
    if (how == 3)
        start(world, faults, NULL, NULL);
    else
        start_calls(world, calls, 40, NULL);
    if (how == 1)
        orc_compartment_kill(world->compartment);
    struct orc_result result;
    assert_int_equal(orc_compartment_wait(world->compartment, 20 * SECOND, &result), 0);
    const enum orc_outcome expected[] = {ORC_EXITED, ORC_STOPPED, ORC_RETURNED, ORC_FAULTED};
    assert_int_equal(result.outcome, expected[how]);
    end(world);
}

SCRIPT_TEST(test_a_thousand_lives_leave_nothing) {
    size_t mappings = 0, descriptors = 0, resident = 0;
    for (int i = 0; i < 1200; i++) {
        live_once(world, i % 4);
        if (i == 200) {
            mappings = count_lines("/proc/self/maps");
            descriptors = count_descriptors();
            resident = resident_pages();
        }
    }
    assert_in_range(count_lines("/proc/self/maps"), 0, mappings + 32);
    assert_int_equal(count_descriptors(), descriptors);
    assert_in_range(resident_pages(), 0, resident + SLACK);
}

TEST(test_many_compartments_at_once) {
    enum { COUNT = 300 };
    struct world *world = *state;
    struct orc_compartment *compartments[COUNT];
    struct orc_thread *threads[COUNT];
    const uint64_t none[6] = {0};
    for (int i = 0; i < COUNT; i++) {
        compartments[i] = create_compartment(world->cell, world->object);
        threads[i] = create_thread(compartments[i]);
    }
    for (int round = 1; round <= 3; round++)
        for (int i = 0; i < COUNT; i++)
            assert_int_equal(returned(call(threads[i], ORC_WINDOW + PROGRAM(count), none)), round);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(orc_thread_destroy(threads[i]), 0);
        assert_int_equal(orc_compartment_destroy(compartments[i]), 0);
    }
}

struct worker {
    struct world *world;
    int failures;
};

/* Faults, stops and returns, over and over, in a compartment of its own. */
static void *work(void *argument) {
    struct worker *worker = argument;
    struct world *world = worker->world;
    struct orc_compartment *compartment = create_compartment(world->cell, world->object);
    struct orc_thread *thread = create_thread(compartment);
    const struct orc_registers registers = {.rdi = ORC_HEAP, .rbp = ORC_FIRST_STACK_END};
    struct orc_result result;
    for (int i = 1; i <= 200; i++) {
        orc_call(thread, ORC_WINDOW + PROGRAM(invalid), &registers, 0, &result);
        worker->failures += result.outcome != ORC_FAULTED || result.fault.signal != SIGILL;
        orc_call(thread, ORC_WINDOW + PROGRAM(loop_hostcall), &registers, 50000, &result);
        worker->failures += result.outcome != ORC_STOPPED;
        orc_call(thread, ORC_WINDOW + PROGRAM(count), &registers, 0, &result);
        worker->failures += result.outcome != ORC_RETURNED || result.value != i;
    }
    worker->failures +=
        orc_call(world->thread, ORC_WINDOW + PROGRAM(count), &registers, 0, &result) != -EPERM;
    worker->failures += orc_thread_destroy(world->thread) != -EPERM;
    orc_thread_destroy(thread);
    orc_compartment_destroy(compartment);
    return NULL;
}

TEST(test_host_threads_in_parallel) {
    struct worker workers[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        workers[i] = (struct worker){.world = *state};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].failures, 0);
    }
}

static void test_one_cell_a_process(void **state) {
    struct orc_cell *cell, *second;
    struct orc_error error = {0};
    (void)state;
    assert_int_equal(orc_cell_create(NULL, &cell, &error), 0);
    assert_int_equal(orc_cell_create(NULL, &second, &error), -EBUSY);
    assert_non_null(strstr(error.message, "already"));
    struct orc_object *object = create_object(cell);
    assert_int_equal(orc_cell_destroy(cell), -EBUSY);
    assert_int_equal(orc_object_destroy(object), 0);
    assert_int_equal(orc_cell_destroy(cell), 0);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(orc_cell_create(NULL, &cell, &error), 0);
        assert_int_equal(orc_cell_destroy(cell), 0);
    }
}

TEST(test_control_stack_sizes) {
    struct world *world = *state;
    const size_t bad[] = {1, 0xf000, 0x7d0001, 0x800000};
    struct orc_compartment *compartment = NULL;
    struct orc_thread *thread = NULL;
    struct orc_error error;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct orc_compartment_options options = {.bare = true, .control_stack = bad[i]};
        assert_int_equal(orc_compartment_create(world->cell, &options, &compartment, &error), -EINVAL);
    }
    const size_t good[] = {0x10000, 0x20001, 0x700000};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const struct orc_compartment_options options = {.bare = true, .control_stack = good[i]};
        const uint64_t deep[6] = {good[i] / 8 - 0x8000 / 8 - 10};
        assert_int_equal(orc_compartment_create(world->cell, &options, &compartment, &error), 0);
        assert_int_equal(orc_compartment_grant(compartment, world->object, &error), 0);
        assert_int_equal(orc_thread_create(compartment, &thread, NULL), 0);
        assert_int_not_equal(returned(call(thread, ORC_WINDOW + PROGRAM(unwind), deep)), 0);
        assert_int_equal(orc_thread_destroy(thread), 0);
        assert_int_equal(orc_compartment_destroy(compartment), 0);
    }
}

/* A C library that keeps something in the word through which guests read their thread pointer would leak it. */
static void test_a_word_in_use_is_refused(void **state) {
    struct orc_cell *cell = NULL;
    struct orc_error error = {0};
    (void)state;
    assert_int_equal(set_thread_pointer(0x1234), 0);
    assert_int_equal(orc_cell_create(NULL, &cell, &error), -ENOTSUP);
    assert_non_null(strstr(error.message, "C library"));
    assert_int_equal(set_thread_pointer(0), 0); /* what refuses leaves it clear */
    assert_int_equal(orc_cell_create(NULL, &cell, &error), 0);
    assert_int_equal(orc_cell_destroy(cell), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_cell_a_process),
        cmocka_unit_test(test_a_word_in_use_is_refused),
        cmocka_unit_test(test_a_thousand_compartments_leave_nothing),
        cmocka_unit_test(test_a_thousand_lives_leave_nothing),
        cmocka_unit_test(test_many_compartments_at_once),
        cmocka_unit_test(test_host_threads_in_parallel),
        cmocka_unit_test(test_control_stack_sizes),
    };
    return run_as_tap("intravisor-lifecycle", tests, sizeof tests / sizeof *tests);
}
