/* Calls into a compartment, and everything that can end one. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"

#define UNMAPPED_DATA 0x00f00000u /* in the start information's range, behind it */

TEST(test_returns_a_value) {
    assert_int_equal(returned(CALL(*state, increment, 41)), 42);
    assert_int_equal(returned(CALL(*state, increment, UINT64_MAX)), 0);
}

TEST(test_starts_with_clear_registers) {
    volatile double host_value = 1.5;
    double kept = host_value * 3;
    assert_int_equal(returned(CALL(*state, registers)), 0);
    assert_true(kept == 4.5);
}

TEST(test_host_state_survives_a_dirty_guest) {
    for (int i = 0; i < 3; i++)
        assert_int_equal(returned(CALL(*state, dirty)), 0);
    char text[32];
    volatile long double third = 1.0L / 3; /* the x87 stack is empty again, or this is a NaN */
    snprintf(text, sizeof text, "%.4Lf", third * 3);
    assert_string_equal(text, "1.0000");
}

TEST(test_hostcall_keeps_and_clears_registers) {
    assert_int_equal(returned(CALL(*state, across_hostcall)), 0);
}

static struct orc_fault faulted(struct orc_result result, int signal, enum orc_fault_kind kind) {
    assert_int_equal(result.outcome, ORC_FAULTED);
    assert_int_equal(result.fault.signal, signal);
    assert_int_equal(result.fault.kind, kind);
    return result.fault;
}

TEST(test_null_pointer_faults) {
    struct world *world = *state;
    struct orc_fault fault = faulted(CALL(world, load, 0), SIGSEGV, ORC_FAULT_DATA);
    assert_int_equal(fault.address, 0);
    assert_ptr_equal(fault.object, world->object);
    assert_int_equal(fault.offset, PROGRAM(load) + 4); /* behind its endbr64 */
    assert_int_equal(fault.registers.rbp, ORC_FIRST_STACK_END);
}

TEST(test_upper_half_of_a_pointer_is_ignored) {
    struct world *world = *state;
    uint64_t address = (uint64_t)&state | 0; /* a host address: its lower half is a guest address */
    address = (address & ~0xffffffffull) | ORC_HEAP;
    CALL(world, store, address, 77);
    assert_int_equal(returned(CALL(world, load, ORC_HEAP)), 77);
}

TEST(test_wild_addresses_fault) {
    const uint32_t wild[] = {0xffff,         UNMAPPED_DATA,
                             ORC_WINDOW_END, ORC_WINDOW + PROGRAM_TEXT,
                             ORC_HEAP_END,   0xfffffffc /* straddles the slot's end */,
                             0xffffffff};
    for (size_t i = 0; i < sizeof wild / sizeof *wild; i++) {
        struct orc_fault fault = faulted(CALL(*state, load, wild[i]), SIGSEGV, ORC_FAULT_DATA);
        assert_true(fault.address - wild[i] < 8);
        faulted(CALL(*state, store, wild[i]), SIGSEGV, ORC_FAULT_DATA);
    }
    /* Begins mapped, ends in the last MiB. */
    faulted(CALL(*state, load, ORC_HEAP_END - 4), SIGSEGV, ORC_FAULT_DATA);
}

TEST(test_read_only_memory_faults) {
    const uint32_t places[] = {ORC_START_INFO, ORC_WINDOW + PROGRAM_CONSTANTS, ORC_WINDOW + PROGRAM_RELOCATED,
                               ORC_WINDOW + PROGRAM_IMPORTS};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        faulted(CALL(*state, store, places[i]), SIGSEGV, ORC_FAULT_DATA);
        returned(CALL(*state, load, places[i]));
    }
}

TEST(test_instruction_faults) {
    faulted(CALL(*state, invalid), SIGILL, ORC_FAULT_INSTRUCTION);
    struct orc_fault fault = faulted(CALL(*state, breakpoint), SIGTRAP, ORC_FAULT_INSTRUCTION);
    assert_int_equal(fault.offset, PROGRAM(breakpoint) + 4);
    faulted(CALL(*state, divide, 0), SIGFPE, ORC_FAULT_INSTRUCTION);
    faulted(CALL(*state, load_aligned, ORC_HEAP + 8), SIGSEGV, ORC_FAULT_INSTRUCTION);
    assert_int_equal(returned(CALL(*state, divide, 1)), 1);
}

TEST(test_endless_recursion_faults) {
    for (int i = 0; i < 3; i++) {
        faulted(CALL(*state, recurse), SIGSEGV, ORC_FAULT_CONTROL_STACK);
        faulted(CALL(*state, recurse_hostcall), SIGSEGV, ORC_FAULT_CONTROL_STACK);
        assert_int_equal(returned(CALL(*state, increment, 1)), 2);
    }
}

TEST(test_jumps_to_nowhere_fault) {
    faulted(CALL(*state, jump, 0), SIGSEGV, ORC_FAULT_CODE);
    struct orc_fault fault = faulted(CALL(*state, jump, 0x20000000), SIGSEGV, ORC_FAULT_CODE);
    assert_int_equal(fault.address, 0x20000000);
    faulted(CALL(*state, jump, ORC_WINDOW + PROGRAM_DATA), SIGSEGV, ORC_FAULT_CODE);
    faulted(CALL(*state, jump, ORC_GATES + 2 * ORC_GATE_SIZE), SIGTRAP, ORC_FAULT_INSTRUCTION);
    faulted(CALL(*state, jump, ORC_WINDOW + PROGRAM(increment) + 4), SIGTRAP, ORC_FAULT_INSTRUCTION);
    assert_int_equal(returned(CALL(*state, jump, (5ull << 32) | (ORC_WINDOW + PROGRAM(count)))), 1);
}

TEST(test_unbound_import_faults) {
    faulted(CALL(*state, import), SIGSEGV, ORC_FAULT_CODE);
}

static int64_t hostcall(struct world *world, uint64_t number, uint64_t a, uint64_t b, uint64_t c) {
    return returned(CALL(world, hostcall, number, a, b, c));
}

TEST(test_exit) {
    struct orc_result result = CALL(*state, hostcall, ORC_EXIT, (uint64_t)-7);
    assert_int_equal(result.outcome, ORC_EXITED);
    assert_int_equal(result.value, -7);
    assert_int_equal(returned(CALL(*state, increment, 1)), 2);
}

TEST(test_unknown_hostcalls_fail) {
    assert_int_equal(hostcall(*state, ORC_HOSTCALLS, 0, 0, 0), -ENOSYS);
    assert_int_equal(hostcall(*state, UINT64_MAX, 0, 0, 0), -ENOSYS);
    assert_int_equal(hostcall(*state, 1ull << 63, 0, 0, 0), -ENOSYS);
}

/* Grants one end of a pipe; returns the other end. */
static int grant_pipe(struct world *world, bool guest_reads, uint32_t *handle) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    if (!guest_reads)
        fcntl(ends[1], F_SETFL, O_NONBLOCK);
    *handle = grant_descriptor(world->cell, world->compartment, ends[!guest_reads],
                               guest_reads ? ORC_GRANT_READ : ORC_GRANT_WRITE);
    close(ends[!guest_reads]);
    return ends[guest_reads];
}

TEST(test_write) {
    struct world *world = *state;
    char got[64] = {0};
    uint32_t handle;
    int end = grant_pipe(world, false, &handle);
    strcpy((char *)orc_compartment_slot(world->compartment) + ORC_HEAP, "hello");
    assert_int_equal(hostcall(world, ORC_WRITE, handle, 0xabcull << 32 | ORC_HEAP, 5), 5);
    assert_int_equal(hostcall(world, ORC_READ, handle, ORC_HEAP, 5), -EACCES);
    assert_int_equal(read(end, got, sizeof got), 5);
    assert_string_equal(got, "hello");
    close(end);
    assert_int_equal(hostcall(world, ORC_WRITE, handle, ORC_HEAP, 5), -EPIPE);
}

TEST(test_read) {
    struct world *world = *state;
    uint32_t handle;
    int end = grant_pipe(world, true, &handle);
    assert_int_equal(write(end, "abcdefgh", 8), 8);
    assert_int_equal(hostcall(world, ORC_READ, handle, ORC_HEAP, 3), 3);
    assert_memory_equal(orc_compartment_slot(world->compartment) + ORC_HEAP, "abc\0", 4);
    assert_int_equal(hostcall(world, ORC_READ, handle, ORC_WINDOW + PROGRAM_CONSTANTS, 1), -EFAULT);
    assert_int_equal(hostcall(world, ORC_READ, handle, ORC_WINDOW + PROGRAM_IMPORTS, 1), -EFAULT);
    assert_int_equal(hostcall(world, ORC_READ, handle, 0, 1), -EFAULT);
    assert_int_equal(hostcall(world, ORC_WRITE, handle, ORC_HEAP, 1), -EACCES);
    close(end);
    assert_int_equal(hostcall(world, ORC_READ, handle, ORC_HEAP, 100), 5);
    assert_int_equal(hostcall(world, ORC_READ, handle, ORC_HEAP, 100), 0);
}

TEST(test_bad_pointers_fail) {
    uint32_t handle;
    int end = grant_pipe(*state, false, &handle);
    const struct {
        uint64_t address, length;
    } bad[] = {
        {0, 1},
        {0xffff, 2},
        {UNMAPPED_DATA, 1},
        {ORC_HEAP_END, 1},
        {ORC_HEAP_END - 4, 8},
        {0xffffffff, 1},
        {0xffffffff, 2},
        {ORC_HEAP, 0x80000001},
        {ORC_HEAP, UINT64_MAX},
        {ORC_HEAP, 1ull << 63},
        {0, ORC_SLOT_SIZE},
        {0, ORC_SLOT_SIZE + 1},
        {ORC_WINDOW + PROGRAM_TEXT, 4},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t written = hostcall(*state, ORC_WRITE, handle, bad[i].address, bad[i].length);
        assert_true(written < 0 || (uint64_t)written < bad[i].length);
        assert_true(hostcall(*state, ORC_WRITE, 99, bad[i].address, bad[i].length) < 0);
    }
    assert_int_equal(hostcall(*state, ORC_WRITE, 99, ORC_HEAP, 1), -EBADF);
    assert_int_equal(hostcall(*state, ORC_WRITE, handle, ORC_HEAP, 0), 0);
    close(end);
    assert_int_equal(hostcall(*state, ORC_WRITE, 1ull << 32 | 2, ORC_HEAP, 0), -EBADF);
}

TEST(test_thread_pointer) {
    struct world *world = *state;
    assert_int_equal(returned(CALL(world, load_thread)), 0); /* nothing of the host's */
    const uint64_t numbers[] = {ORC_HEAP, 1, UINT32_MAX, 0, 1ull << 40 | ORC_HEAP}; /* the upper half doesn't count */
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        assert_int_equal(hostcall(world, ORC_SET_THREAD_POINTER, numbers[i], 0, 0), 0);
        assert_int_equal(returned(CALL(world, load_thread)), (uint32_t)numbers[i]);
    }
}

TEST(test_clock) {
    int64_t first = hostcall(*state, ORC_CLOCK, 0, 0, 0);
    assert_true(first > 0 && hostcall(*state, ORC_CLOCK, 0, 0, 0) >= first);
}

TEST(test_marks_and_unwinding) {
    for (uint64_t depth = 1; depth < 10000; depth *= 7)
        assert_int_not_equal(returned(CALL(*state, unwind, depth)), 0);
    /* The program is the entry point itself: below its own return address nothing is the guest's. */
    assert_int_equal(hostcall(*state, ORC_MARK, 0, 0, 0), -EINVAL);
    const uint64_t bad[] = {8, 4, UINT64_MAX - 7, 1ull << 40, ORC_HEAP};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(hostcall(*state, ORC_UNWIND, bad[i], 0, 0), -EINVAL);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * (int64_t)SECOND + time.tv_nsec;
}

static void expect_stop(struct world *world, uint32_t program, uint64_t limit) {
    struct orc_result result;
    const struct orc_registers registers = {.rdi = ORC_READ, .rdx = ORC_HEAP, .rcx = 1};
    int64_t start = now();
    assert_int_equal(orc_call(world->thread, ORC_WINDOW + program, &registers, limit, &result), 0);
    assert_int_equal(result.outcome, ORC_STOPPED);
    assert_true(now() - start < 5 * (int64_t)SECOND);
    assert_int_equal(returned(CALL(world, increment, 1)), 2);
}

TEST(test_time_limit) {
    for (int i = 0; i < 20; i++) {
        expect_stop(*state, PROGRAM(loop), 1000000);
        expect_stop(*state, PROGRAM(loop_hostcall), 1000000 + (uint64_t)i * 1777);
        expect_stop(*state, PROGRAM(loop), 1);
    }
}

TEST(test_time_limit_in_a_blocking_hostcall) {
    uint32_t handle;
    int end = grant_pipe(*state, true, &handle);
    assert_int_equal(handle, 0);
    expect_stop(*state, PROGRAM(hostcall), 20000000);
    close(end);
}

/* A limit that can't be kept is an error, and nothing has run. */
TEST(test_time_limit_without_timers) {
    struct world *world = *state;
    struct orc_result result;
    const struct orc_registers registers = {.rdi = 41};
    struct rlimit before;
    getrlimit(RLIMIT_SIGPENDING, &before);
    setrlimit(RLIMIT_SIGPENDING, &(struct rlimit){0, before.rlim_max});
    assert_int_equal(orc_call(world->thread, ORC_WINDOW + PROGRAM(increment), &registers, SECOND, &result), -EAGAIN);
    assert_int_equal(orc_call(world->thread, ORC_WINDOW + PROGRAM(increment), &registers, 0, &result), 0);
    assert_int_equal(result.value, 42);
    setrlimit(RLIMIT_SIGPENDING, &before);
    assert_int_equal(orc_call(world->thread, ORC_WINDOW + PROGRAM(increment), &registers, SECOND, &result), 0);
    assert_int_equal(result.value, 42);
}

static void *stop_soon(void *argument) {
    usleep(20000);
    orc_thread_stop(argument);
    return NULL;
}

TEST(test_stop_from_another_thread) {
    struct world *world = *state;
    const uint32_t programs[] = {PROGRAM(loop), PROGRAM(loop_hostcall), PROGRAM(hostcall)};
    uint32_t handle;
    int end = grant_pipe(world, true, &handle);
    assert_int_equal(handle, 0);
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        pthread_t other;
        pthread_create(&other, NULL, stop_soon, world->thread);
        expect_stop(world, programs[i], 0);
        pthread_join(other, NULL);
    }
    close(end);
    orc_thread_stop(world->thread); /* before the call */
    expect_stop(world, PROGRAM(loop), 0);
}

TEST(test_only_entry_points_are_called) {
    struct world *world = *state;
    const struct orc_registers registers = {0};
    struct orc_result result;
    const uint32_t bad[] = {0,
                            ORC_GATES,
                            ORC_WINDOW,
                            ORC_WINDOW + PROGRAM(increment) + 4,
                            ORC_WINDOW + PROGRAM_TEXT + (uint32_t)(program_text_end - program_text) - 1,
                            UINT32_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(orc_call(world->thread, bad[i], &registers, 0, &result), -ENOENT);
}

static volatile sig_atomic_t handled;

static void count_signal(int signal) {
    (void)signal;
    handled++;
}

/* Signals with handlers stay out while the thread may be in guest code, and arrive afterwards. */
TEST(test_foreign_signals_wait) {
    struct world *world = *state;
    struct sigaction before, action = {.sa_handler = count_signal};
    sigaction(SIGUSR1, &action, &before);
    handled = 0;
    raise(SIGUSR1);
    assert_int_equal(returned(CALL(world, increment, 1)), 2);
    assert_int_equal(handled, 0);
    orc_thread_destroy(world->thread);
    assert_int_equal(handled, 1);
    world->thread = create_thread(world->compartment);
    sigaction(SIGUSR1, &before, NULL);
}

static sigjmp_buf recovery;

static void recover(int signal) {
    siglongjmp(recovery, signal);
}

/* A fault of the host's own goes to the handler that was there before the cell's. */
TEST(test_host_faults_reach_the_previous_handler) {
    struct sigaction before, action = {.sa_handler = recover};
    destroy_world(state);
    sigaction(SIGSEGV, &action, &before);
    create_world(state);
    volatile char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int signal = sigsetjmp(recovery, 1);
    if (signal == 0)
        page[0] = 1;
    assert_int_equal(signal, SIGSEGV);
    assert_int_equal(returned(CALL(*state, increment, 1)), 2);
    destroy_world(state);
    sigaction(SIGSEGV, &before, NULL);
    create_world(state);
    munmap((void *)page, 4096);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_returns_a_value),
        cmocka_unit_test(test_starts_with_clear_registers),
        cmocka_unit_test(test_host_state_survives_a_dirty_guest),
        cmocka_unit_test(test_hostcall_keeps_and_clears_registers),
        cmocka_unit_test(test_null_pointer_faults),
        cmocka_unit_test(test_upper_half_of_a_pointer_is_ignored),
        cmocka_unit_test(test_wild_addresses_fault),
        cmocka_unit_test(test_read_only_memory_faults),
        cmocka_unit_test(test_instruction_faults),
        cmocka_unit_test(test_endless_recursion_faults),
        cmocka_unit_test(test_jumps_to_nowhere_fault),
        cmocka_unit_test(test_unbound_import_faults),
        cmocka_unit_test(test_exit),
        cmocka_unit_test(test_unknown_hostcalls_fail),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_bad_pointers_fail),
        cmocka_unit_test(test_thread_pointer),
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_marks_and_unwinding),
        cmocka_unit_test(test_time_limit),
        cmocka_unit_test(test_time_limit_without_timers),
        cmocka_unit_test(test_time_limit_in_a_blocking_hostcall),
        cmocka_unit_test(test_stop_from_another_thread),
        cmocka_unit_test(test_only_entry_points_are_called),
        cmocka_unit_test(test_foreign_signals_wait),
        cmocka_unit_test(test_host_faults_reach_the_previous_handler),
    };
    return run_as_tap("intravisor-call", tests, sizeof tests / sizeof *tests);
}
