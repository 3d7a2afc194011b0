/* Started compartments: their threads, memory, signals, quotas and ends. What the guest does is a script of hostcalls
 * (programs.S), which stands in the start block together with the room for their results. */
#include <poll.h>
#include <sys/resource.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "script.h"

#define MS 1000000ull

/* --- Ends --- */

SCRIPT_TEST(test_returns_and_exits) {
    struct orc_result result = run(world, (struct call[]){DO(ORC_THREAD_ID), END}, NULL);
    assert_int_equal(result.outcome, ORC_RETURNED);
    assert_int_equal(result_of(world, 0), 1);
    result = run(world, (struct call[]){DO(ORC_EXIT, 42), END}, NULL);
    assert_int_equal(result.outcome, ORC_EXITED);
    assert_int_equal(result.value, 42);
    result = run(world, (struct call[]){DO(ORC_THREAD_EXIT), END}, NULL);
    assert_int_equal(result.outcome, ORC_EXITED);
    assert_int_equal(result.value, 0);
}

SCRIPT_TEST(test_a_fault_ends_it) {
    start(world, PROGRAM(invalid), NULL, NULL);
    struct orc_result result = wait_for(world);
    assert_int_equal(result.outcome, ORC_FAULTED);
    assert_int_equal(result.fault.signal, SIGILL);
    assert_ptr_equal(result.fault.object, world->object);
    assert_int_equal(result.fault.offset, PROGRAM(invalid) + 4);
}

SCRIPT_TEST(test_start_refuses) {
    struct orc_start start = {.object = world->object, .entry = PROGRAM(count) + 1, .start_info = "", .start_info_size = 1};
    struct orc_error error = {0};
    begin(world, NULL);
    assert_int_equal(orc_compartment_start(world->compartment, &start, &error), -EINVAL);
    assert_non_null(strstr(error.message, "entry point"));
    end(world);
    begin(world, &(struct orc_compartment_options){.memory = 1 << 20});
    start.entry = PROGRAM(script);
    assert_int_equal(orc_compartment_start(world->compartment, &start, &error), -ENOMEM);
    end(world);
    begin(world, NULL);
    orc_compartment_kill(world->compartment);
    assert_int_equal(orc_compartment_start(world->compartment, &start, &error), -EBUSY);
    assert_int_equal(wait_for(world).outcome, ORC_STOPPED);
}

/* What the embedder's own function may not do while a hostcall runs it: enter another guest, whose slot base the host
 * thread would be left with. */
struct inner_calls {
    struct orc_cell *cell;
    struct orc_object *object;
    int call, run;
};

static void call_from_inside(void *context, const char *compartment, const char *line, size_t length) {
    struct inner_calls *inner = context;
    const struct orc_start where = {
        .object = inner->object, .entry = PROGRAM(increment), .start_info = "", .start_info_size = 1};
    struct orc_compartment *bare = create_compartment(inner->cell, inner->object), *other = NULL;
    struct orc_thread *thread = create_thread(bare);
    struct orc_result result;
    struct orc_error error = {0};
    (void)compartment, (void)line, (void)length;
    inner->call = orc_call(thread, orc_object_base(inner->object) + PROGRAM(increment),
                           &(struct orc_registers){.rdi = 1}, 0, &result);
    orc_thread_destroy(thread);
    orc_compartment_destroy(bare);
    if (orc_compartment_create(inner->cell, NULL, &other, &error) == 0)
        inner->run = orc_compartment_run(other, &where, &result, &error);
    orc_compartment_destroy(other);
}

static void test_no_guest_within_a_hostcall(void **state) {
    static struct inner_calls inner;
    struct script_world world;
    const struct orc_cell_options before = script_cell_options;
    (void)state;
    script_cell_options.log = call_from_inside;
    script_cell_options.log_context = &inner;
    create_script_world(&world);
    inner = (struct inner_calls){world.cell, world.object, 0, 0};
    const struct orc_result result =
        run(&world, (struct call[]){DO(ORC_LOG, BLOCK(20), 4), DO(ORC_THREAD_ID), END}, NULL);
    assert_int_equal(result.outcome, ORC_RETURNED);
    assert_int_equal(result_of(&world, 0), 0);
    assert_int_equal(result_of(&world, 1), 1); /* still its own slot */
    assert_int_equal(inner.call, -EBUSY);
    assert_int_equal(inner.run, -EBUSY);
    destroy_script_world(&world);
    script_cell_options = before;
}

/* --- Kill --- */

static void kill_after(struct script_world *world, uint64_t nanoseconds) {
    struct timespec pause = {0, (long)nanoseconds};
    nanosleep(&pause, NULL);
    orc_compartment_kill(world->compartment);
    struct orc_result result;
    assert_int_equal(orc_compartment_wait(world->compartment, 2 * SECOND, &result), 0);
    assert_int_equal(result.outcome, ORC_STOPPED);
}

SCRIPT_TEST(test_kill_anywhere) {
    for (int i = 0; i < 100; i++) { /* while it starts, in guest code */
        start(world, PROGRAM(loop), NULL, NULL);
        kill_after(world, (uint64_t)i * 5000);
        start(world, PROGRAM(loop_hostcall), NULL, NULL);
        kill_after(world, (uint64_t)i * 5000);
        start(world, PROGRAM(script), (struct call[]){SLEEP(3600 * SECOND), END}, NULL);
        kill_after(world, (uint64_t)i * 5000);
        start(world, PROGRAM(script), (struct call[]){DO(ORC_FUTEX_WAIT, BLOCK(30), 0, (uint64_t)ORC_FOREVER), END}, NULL);
        kill_after(world, (uint64_t)i * 5000);
    }
}

SCRIPT_TEST(test_kill_while_it_makes_threads) {
    for (int i = 0; i < 50; i++) {
        const struct orc_thread_start thread = thread_start(world, PROGRAM(loop), 0);
        struct call calls[] = {DO(ORC_THREAD_CREATE, BLOCK(20)), END};
        start_with(world, PROGRAM(repeat_script), calls, &(struct orc_compartment_options){.threads = 40}, 20, &thread,
                   sizeof thread);
        kill_after(world, (uint64_t)i * 20000);
    }
}

/* Interrupts take back the signal that a stop sends: none of them may take it for good. */
SCRIPT_TEST(test_kill_between_interrupts) {
    const struct orc_thread_start victim = thread_start(world, PROGRAM(loop), 0);
    struct call calls[64] = {DO(ORC_THREAD_CREATE, BLOCK(20)), DO(ORC_INTERRUPT, 2), DO(ORC_INTERRUPT, 1), END};
    memcpy(&calls[20], &victim, sizeof victim);
    for (int i = 0; i < 100; i++) {
        start_block(world, PROGRAM(repeat_script), calls, sizeof calls, &(struct orc_compartment_options){.threads = 2});
        kill_after(world, MS + (uint64_t)i * 7000);
    }
}

/* Neither timers nor queued signals are to be had. */
SCRIPT_TEST(test_kill_without_timers) {
    struct rlimit before;
    getrlimit(RLIMIT_SIGPENDING, &before);
    setrlimit(RLIMIT_SIGPENDING, &(struct rlimit){0, before.rlim_max});
    start(world, PROGRAM(loop), NULL, NULL);
    kill_after(world, 10 * MS);
    setrlimit(RLIMIT_SIGPENDING, &before);
}

/* A thread that waits for closed handles keeps their files open: they count, or there'd be no end of them. */
SCRIPT_TEST(test_files_in_use_count) {
    const struct orc_thread_start waiter = thread_start(world, PROGRAM(script), BLOCK(10));
    const struct orc_poll polled[] = {{1, POLLIN, 0}, {2, POLLIN, 0}, {3, POLLIN, 0}};
    struct call calls[64] = {
        DO(ORC_EVENT, 0, 0),       DO(ORC_EVENT, 0, 0), DO(ORC_EVENT, 0, 0), DO(ORC_THREAD_CREATE, BLOCK(20)),
        SLEEP(300 * MS),   DO(ORC_CLOSE, 1),    DO(ORC_CLOSE, 2),    DO(ORC_EVENT, 0, 0),
        DO(ORC_EVENT, 0, 0),       END,
    };
    calls[10] = (struct call)DO(ORC_POLL, BLOCK(32), 3, (uint64_t)ORC_FOREVER);
    calls[11] = (struct call)END;
    memcpy(&calls[20], &waiter, sizeof waiter);
    memcpy(&calls[32], polled, sizeof polled);
    start_calls(world, calls, 64, &(struct orc_compartment_options){.handles = 4});
    wait_for(world);
    const int64_t expected[] = {1, 2, 3, 2, 0, 0, 0, 1, -EMFILE};
    for (unsigned i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_int_equal(result_of(world, i), expected[i]);
}

/* Its only thread looks into the C-list without a lock: nobody else may come. */
SCRIPT_TEST(test_a_running_compartment_is_left_alone) {
    struct orc_error error;
    struct orc_thread *thread;
    struct orc_file *file;
    uint32_t handle;
    start(world, PROGRAM(loop), NULL, NULL);
    assert_int_equal(orc_thread_create(world->compartment, &thread, &error), -EBUSY);
    assert_int_equal(orc_file_create(world->cell, 1, &file, &error), 0);
    assert_int_equal(orc_compartment_grant_file(world->compartment, file, ORC_GRANT_WRITE, &handle, &error), -EBUSY);
    orc_file_release(file);
    kill_after(world, MS);
}

/* --- Threads --- */

SCRIPT_TEST(test_threads_and_futexes) {
    /* The second thread's script is at BLOCK(10): wakes the first as soon as that waits. */
    const struct orc_thread_start thread = thread_start(world, PROGRAM(script), BLOCK(10));
    struct call calls[40] = {
        DO(ORC_THREAD_CREATE, BLOCK(20)),
        DO(ORC_FUTEX_WAIT, BLOCK(30), 0, 20 * SECOND),
        DO(ORC_FUTEX_WAIT, BLOCK(30), 1, (uint64_t)ORC_FOREVER), /* another value */
        DO(ORC_FUTEX_WAIT, BLOCK(30), 0, 1000000),
        DO(ORC_FUTEX_WAIT, BLOCK(30) + 1, 0, 1000000),
        DO(ORC_FUTEX_WAIT, 0x50000, 0, 1000000),
        DO(ORC_EXIT, 7),
        [10] = DO(ORC_THREAD_ID),
        UNTIL(1, ORC_FUTEX_WAKE, BLOCK(30), 1),
        SLEEP(3600 * SECOND),
        END,
    };
    memcpy(&calls[20], &thread, sizeof thread);
    start_calls(world, calls, 40, NULL);
    assert_int_equal(wait_for(world).value, 7);
    assert_int_equal(result_of(world, 0), 2);
    assert_int_equal(result_of(world, 1), 0);
    assert_int_equal(result_of(world, 2), -EAGAIN);
    assert_int_equal(result_of(world, 3), -ETIMEDOUT);
    assert_int_equal(result_of(world, 4), -EINVAL);
    assert_int_equal(result_of(world, 5), -EFAULT);
    assert_int_equal(result_of(world, 10), 2);
    assert_int_equal(word_at(world, BLOCK(30) + 8), 2); /* the id that the creator asked for */
}

SCRIPT_TEST(test_bad_threads) {
    struct orc_thread_start bad[] = {
        thread_start(world, PROGRAM(script) + 1, 0), thread_start(world, PROGRAM_DATA, 0),
        thread_start(world, PROGRAM(script), 0),     thread_start(world, PROGRAM(script), 0),
        thread_start(world, PROGRAM(script), 0),     thread_start(world, PROGRAM(script), 0),
    };
    bad[2].entry = UINT32_MAX;
    bad[3].reserved = 1;
    bad[4].id_address = 0x10;
    bad[5].id_address = UINT32_MAX;
    struct call calls[20] = {DO(ORC_THREAD_CREATE, BLOCK(10)),      DO(ORC_THREAD_CREATE, BLOCK(10) + 24),
                             DO(ORC_THREAD_CREATE, BLOCK(10) + 48), DO(ORC_THREAD_CREATE, BLOCK(10) + 72),
                             DO(ORC_THREAD_CREATE, BLOCK(10) + 96), DO(ORC_THREAD_CREATE, BLOCK(10) + 120),
                             DO(ORC_THREAD_CREATE, 0),              DO(ORC_INTERRUPT, 99),
                             END};
    memcpy(&calls[10], bad, sizeof bad);
    start_calls(world, calls, 20, NULL);
    assert_int_equal(wait_for(world).outcome, ORC_RETURNED);
    const int64_t expected[] = {-EINVAL, -EINVAL, -EINVAL, -EINVAL, -EFAULT, -EFAULT, -EFAULT, -ESRCH};
    for (int i = 0; i < 8; i++)
        assert_int_equal(result_of(world, i), expected[i]);
}

SCRIPT_TEST(test_thread_quota) {
    const struct orc_thread_start thread = thread_start(world, PROGRAM(loop), 0);
    struct call calls[30] = {DO(ORC_THREAD_CREATE, BLOCK(20)), DO(ORC_THREAD_CREATE, BLOCK(20)),
                             DO(ORC_THREAD_CREATE, BLOCK(20)), DO(ORC_EXIT, 0)};
    memcpy(&calls[20], &thread, sizeof thread);
    start_calls(world, calls, 30, &(struct orc_compartment_options){.threads = 3});
    assert_int_equal(wait_for(world).outcome, ORC_EXITED);
    assert_int_equal(result_of(world, 0), 2);
    assert_int_equal(result_of(world, 1), 3);
    assert_int_equal(result_of(world, 2), -EAGAIN);
}

/* --- Memory --- */

SCRIPT_TEST(test_memory) {
    const uint64_t heap = ORC_HEAP, page = ORC_PAGE_SIZE, rw = ORC_MEMORY_READ | ORC_MEMORY_WRITE;
    const struct {
        struct call call;
        int64_t expected;
    } steps[] = {
        {DO(ORC_MAP, heap, 4 * page, rw), 0},
        {DO(ORC_MAP, heap + 1, page, rw), -EINVAL},
        {DO(ORC_MAP, heap, page + 1, rw), -EINVAL},
        {DO(ORC_MAP, heap, 0, rw), -EINVAL},
        {DO(ORC_MAP, heap, page, 4), -EINVAL},
        {DO(ORC_MAP, heap, page, ORC_MEMORY_WRITE), -EINVAL},
        {DO(ORC_MAP, heap, UINT64_MAX & ~0xfffull, rw), -EINVAL},
        {DO(ORC_MAP, ORC_HEAP_END - page, 2 * page, rw), -EINVAL},
        {DO(ORC_MAP, ORC_WINDOW, page, rw), -EINVAL},
        {DO(ORC_MAP, ORC_FIRST_STACK_END - page, 2 * page, rw), -EINVAL},
        {DO(ORC_MAP, 0x10000, page, rw), -EINVAL},
        {DO(ORC_PROTECT, heap + page, page, 0), 0},
        {DO(ORC_PROTECT, heap + 3 * page, 2 * page, 0), -ENOMEM},
        {DO(ORC_DISCARD, heap, 4 * page), 0},
        {DO(ORC_DISCARD, heap, 5 * page), -ENOMEM},
        {DO(ORC_FUTEX_WAIT, heap, 1, 0), -EAGAIN},
        {DO(ORC_FUTEX_WAIT, heap + page, 1, 0), -EFAULT},
        {DO(ORC_PROTECT, heap, 4 * page, rw), 0},
        {DO(ORC_FUTEX_WAIT, heap + page, 1, 0), -EAGAIN},
        {DO(ORC_UNMAP, heap + page, page), 0},
        {DO(ORC_UNMAP, heap + page, page), 0},
        {DO(ORC_FUTEX_WAIT, heap + page, 1, 0), -EFAULT},
        {DO(ORC_MAP, heap, 16 << 20, rw), -ENOMEM}, /* the quota is 16 MiB, with the stack */
        {DO(ORC_MAP, heap, 7 << 20, rw), 0},
        {DO(ORC_MAP, heap, 7 << 20, 0), 0},
        {DO(ORC_UNMAP, heap, 7 << 20), 0},
        {DO(ORC_UNMAP, heap, page), 0},
    };
    enum { COUNT = sizeof steps / sizeof *steps };
    struct call calls[COUNT + 1];
    for (int i = 0; i < COUNT; i++)
        calls[i] = steps[i].call;
    calls[COUNT] = (struct call)END;
    start_calls(world, calls, COUNT + 1, &(struct orc_compartment_options){.memory = 16 << 20});
    assert_int_equal(wait_for(world).outcome, ORC_RETURNED);
    for (int i = 0; i < COUNT; i++)
        if (result_of(world, i) != steps[i].expected)
            fail_msg("step %d: %lld", i, (long long)result_of(world, i));
    struct orc_statistics statistics;
    orc_compartment_statistics(world->compartment, &statistics);
    uint64_t data = PROGRAM_DATA_SIZE, imports = 2 * ORC_PAGE_SIZE;
    assert_int_equal(statistics.memory, ORC_STACK_SIZE + ORC_PAGE_SIZE + data + imports);
}

/* --- Signals --- */

SCRIPT_TEST(test_signal_entry_keeps_everything) {
    /* The first thread sets the entry and goes to sleep; the second keeps its registers, until it was interrupted 50
     * times by the third. */
    struct orc_thread_start keeper = thread_start(world, PROGRAM(keep_registers), 50);
    struct orc_thread_start other = thread_start(world, PROGRAM(repeat_script), BLOCK(10));
    uint32_t entry = orc_object_base(world->object) + PROGRAM(signal_entry);
    keeper.id_address = 0;
    struct call calls[64] = {
        DO(ORC_SIGNAL_ENTRY, entry + 1),
        DO(ORC_SIGNAL_ENTRY, entry),
        DO(ORC_SIGNAL_RETURN, 0),
        DO(ORC_THREAD_CREATE, BLOCK(20)),
        DO(ORC_THREAD_CREATE, BLOCK(21)),
        SLEEP(3600 * SECOND),
        [10] = DO(ORC_INTERRUPT, 2),
        SLEEP(100000),
        END,
        [40] = END,
    };
    memcpy(&calls[20], &keeper, sizeof keeper);
    memcpy(&calls[21], &other, sizeof other);
    start_calls(world, calls, 64, NULL);
    for (int i = 0; i < 20000 && result_of(world, 10) != -ESRCH; i++) /* until the keeper has gone */
        nanosleep(&(struct timespec){0, MS}, NULL);
    assert_int_equal(result_of(world, 10), -ESRCH);
    assert_int_equal(result_of(world, 0), -EINVAL);
    assert_int_equal(result_of(world, 1), 0);
    assert_int_equal(result_of(world, 2), -EINVAL);
    /* A few more may have come before it looked again; counted twice, they'd be 100. */
    assert_in_range(*(uint64_t *)(void *)(orc_compartment_slot(world->compartment) + PROGRAM_SIGNALS), 50, 99);
    orc_compartment_kill(world->compartment);
    assert_int_equal(wait_for(world).outcome, ORC_STOPPED);
}

SCRIPT_TEST(test_signal_entry_may_not_return) {
    uint32_t entry = orc_object_base(world->object) + PROGRAM(bad_signal_entry);
    const struct orc_thread_start victim = thread_start(world, PROGRAM(loop), 0);
    struct call calls[64] = {DO(ORC_SIGNAL_ENTRY, entry), DO(ORC_THREAD_CREATE, BLOCK(20)), SLEEP(MS),
                             DO(ORC_INTERRUPT, 2),        SLEEP(5 * SECOND),        END};
    memcpy(&calls[20], &victim, sizeof victim);
    start_calls(world, calls, 64, NULL);
    struct orc_result result = wait_for(world);
    assert_int_equal(result.outcome, ORC_FAULTED);
    assert_int_equal(result.fault.signal, SIGTRAP);
}

SCRIPT_TEST(test_interrupts_end_blocking_calls) {
    struct call calls[64] = {
        SLEEP(10 * SECOND), /* from outside */
        DO(ORC_SIGNALS),
        DO(ORC_INTERRUPT, 1), /* itself: the next one */
        SLEEP(10 * SECOND),
        SLEEP(MS),
        END,
    };
    start_calls(world, calls, 64, NULL);
    nanosleep(&(struct timespec){0, 200 * MS}, NULL);
    assert_int_equal(orc_compartment_signal(world->compartment, SIGTERM), 0);
    assert_int_equal(orc_compartment_signal(world->compartment, 0), -EINVAL);
    assert_int_equal(wait_for(world).outcome, ORC_RETURNED);
    assert_int_equal(result_of(world, 0), -EINTR);
    assert_int_equal(result_of(world, 1), 1 << (SIGTERM - 1));
    assert_int_equal(result_of(world, 3), -EINTR);
    assert_int_equal(result_of(world, 4), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_returns_and_exits),
        cmocka_unit_test(test_a_fault_ends_it),
        cmocka_unit_test(test_start_refuses),
        cmocka_unit_test(test_no_guest_within_a_hostcall),
        cmocka_unit_test(test_kill_anywhere),
        cmocka_unit_test(test_kill_while_it_makes_threads),
        cmocka_unit_test(test_kill_between_interrupts),
        cmocka_unit_test(test_kill_without_timers),
        cmocka_unit_test(test_files_in_use_count),
        cmocka_unit_test(test_a_running_compartment_is_left_alone),
        cmocka_unit_test(test_threads_and_futexes),
        cmocka_unit_test(test_bad_threads),
        cmocka_unit_test(test_thread_quota),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_signal_entry_keeps_everything),
        cmocka_unit_test(test_signal_entry_may_not_return),
        cmocka_unit_test(test_interrupts_end_blocking_calls),
    };
    return run_as_tap("intravisor-life", tests, sizeof tests / sizeof *tests);
}
