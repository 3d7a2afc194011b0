/* Guests' floating-point modes: gate 1, and that host code runs with the host's. */
#include <sched.h>

#include "fixture.h"

#define DEFAULT 0x037f1f80u
#define MODES 0xffffffffu
#define FLUSHING 0x0f7ffff0ull /* to zero in both, denormals as zeros, some flags */
#define LOW 32                 /* bits of mxcsr and control */

static uint64_t host_modes(void) {
    uint32_t mxcsr;
    uint16_t control, status;
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    __asm__ volatile("fnstcw %0" : "=m"(control));
    __asm__ volatile("fnstsw %0" : "=m"(status));
    return mxcsr | (uint32_t)control << 16 | (uint64_t)status << LOW;
}

static void set_host_modes(uint64_t modes) {
    uint32_t mxcsr = modes & 0xffff;
    uint16_t control = (uint16_t)(modes >> 16);
    __asm__ volatile("fninit\n\tfldcw %0" : : "m"(control));
    __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
}

/* What host code found, in the log function and in C code of a hostcall. */
static uint64_t seen_by_log, seen_in_hostcall;
static unsigned logged;

static void log_line(void *context, const char *compartment, const char *line, size_t length) {
    (void)context, (void)compartment, (void)line, (void)length;
    seen_by_log = host_modes();
    logged++;
    /* As an embedder might: computes, on the x87 stack too, and changes what it likes. */
    volatile double zero = 0, quotient = 1 / zero;
    volatile long double third = 1 / (3 + (long double)zero);
    (void)quotient, (void)third;
    __asm__ volatile("fld1\n\tfldpi\n\tfldl2e");
    uint32_t mxcsr = 0x3fbf;
    __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
}

/* In place of the C library's: ORC_YIELD calls it. */
int sched_yield(void) {
    seen_in_hostcall = host_modes();
    return 0;
}

static void create_with_log(void **state) {
    struct world *world = calloc(1, sizeof *world);
    struct orc_error error = {0};
    assert_non_null(world);
    if (orc_cell_create(&(struct orc_cell_options){.log = log_line}, &world->cell, &error) != 0 ||
        orc_compartment_create(world->cell, NULL, &world->compartment, &error) != 0)
        fail_msg("%s", error.message);
    world->object = create_object(world->cell);
    if (orc_compartment_grant(world->compartment, world->object, &error) != 0)
        fail_msg("%s", error.message);
    world->thread = create_thread(world->compartment);
    logged = 0;
    set_host_modes(DEFAULT);
    *state = world;
}

#undef TEST
#define TEST(name)                                                                                           \
    static void body_of_##name(void **state);                                                                \
    static void name(void **state) {                                                                         \
        create_with_log(state);                                                                              \
        body_of_##name(state);                                                                               \
        set_host_modes(DEFAULT);                                                                             \
        destroy_world(state);                                                                                \
    }                                                                                                        \
    static void body_of_##name(void **state)

static uint64_t data_of(const struct world *world) {
    return orc_object_base(world->object) + PROGRAM_DATA;
}

TEST(test_guests_begin_with_the_default) {
    const uint64_t modes[] = {DEFAULT, DEFAULT | 0x3f, FLUSHING, 0x0b7f5f80, 0x027f9fc0};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        set_host_modes(modes[i]);
        uint64_t found = (uint64_t)returned(CALL(*state, modes)), after = host_modes();
        set_host_modes(DEFAULT);
        assert_int_equal(found, DEFAULT);
        assert_int_equal(after, modes[i]);
    }
}

TEST(test_gate_refuses_what_the_processor_lacks) {
    assert_int_equal(returned(CALL(*state, set_modes, 0x10000 | 0x1f80, 0x37f, 0, UINT32_MAX)), -EINVAL);
    assert_int_equal(returned(CALL(*state, set_modes, 0x80000000u | 0x1f80, 0x37f, 0, UINT32_MAX)), -EINVAL);
    for (uint32_t control = 0; control < 0x20000; control++) {
        bool good = !(control & ~0x1f7fu) && (control & 0x300) != 0x100;
        if (control % 64 != 63 && good)
            continue;
        assert_int_equal(returned(CALL(*state, set_modes, 0x1f80, control, 0, UINT32_MAX)),
                         good ? 0 : -EINVAL);
    }
    assert_int_equal(returned(CALL(*state, set_modes, 0x1f80, 0x37f, 0x80, UINT32_MAX)), -EINVAL);
    assert_int_equal(returned(CALL(*state, set_modes, 0x1f80, 0x37f, 0x8000, UINT32_MAX)), -EINVAL);
    assert_int_equal(returned(CALL(*state, set_modes, 0x1f80, 0x37f, 0x10000, UINT32_MAX)), -EINVAL);
    assert_int_equal(returned(CALL(*state, set_modes, 0x1f80, 0x37f, 0x7f7f, 0xffff)), 0);
    assert_int_equal(returned(CALL(*state, modes)), DEFAULT);
    assert_int_equal(host_modes(), DEFAULT);
}

TEST(test_modes_end_with_the_activation) {
    assert_int_equal(returned(CALL(*state, set_modes, 0xffc0, 0xf7f, 0, UINT32_MAX)), 0);
    assert_int_equal(host_modes(), DEFAULT);
    assert_int_equal(returned(CALL(*state, modes)), DEFAULT);
}

/* All that a guest may have, masked or not; the host's are default, and then others. */
TEST(test_host_code_never_runs_with_a_guests_modes) {
    static const uint64_t guests[] = {DEFAULT,    DEFAULT | 0x3f,           0x037f0000 | 0x5fa0, 0x0b7f1f80,
                                      0x0f7fffff, 0x037f5f80 | 4ull << LOW, 0x03400000 | 0x003f, 0x0f40ffc0};
    static const uint64_t hosts[] = {DEFAULT, DEFAULT | 0x21, FLUSHING, 0x0b7f5f80};
    for (size_t h = 0; h < sizeof hosts / sizeof *hosts; h++)
        for (size_t g = 0; g < sizeof guests / sizeof *guests; g++) {
            set_host_modes(hosts[h]);
            uint64_t after_yield = (uint64_t)returned(CALL(*state, modes_across, guests[g], ORC_YIELD));
            uint64_t after_log =
                (uint64_t)returned(CALL(*state, modes_across, guests[g], ORC_LOG, data_of(*state), 1));
            uint64_t after = host_modes();
            set_host_modes(DEFAULT);
            assert_int_equal(after, hosts[h]);
            /* flags that the guest's own sums raised aside */
            assert_int_equal(after_yield & MODES & ~0x3fu, guests[g] & MODES & ~0x3fu);
            assert_int_equal(after_yield & 0x3f, guests[g] & 0x3f);
            assert_int_equal(after_log, after_yield);
            bool changed = (guests[g] & MODES & ~0x3fu) != DEFAULT;
            assert_int_equal(seen_in_hostcall & 0xffc0, (changed ? hosts[h] : DEFAULT) & 0xffc0);
            assert_int_equal(seen_in_hostcall >> 16 & 0xffff, 0x37f);
            assert_int_equal(seen_by_log, hosts[h]);
        }
    assert_int_not_equal(logged, 0);
}

TEST(test_gate_keeps_the_vector_registers) {
    assert_int_equal(returned(CALL(*state, vectors_across)), 0);
    assert_int_equal(host_modes(), DEFAULT);
}

TEST(test_unmasked_exceptions_are_the_guests) {
    for (int i = 0; i < 3; i++) {
        struct orc_result result = CALL(*state, divide_unmasked, 0x037f1d80);
        assert_int_equal(result.outcome, ORC_FAULTED);
        assert_int_equal(result.fault.signal, SIGFPE);
        assert_int_equal(result.fault.kind, ORC_FAULT_INSTRUCTION);
        assert_int_equal(host_modes(), DEFAULT);
        assert_int_equal(returned(CALL(*state, modes)), DEFAULT);
        assert_int_equal(returned(CALL(*state, divide_unmasked, DEFAULT)), 1);
    }
}

/* The exception waits for the guest's next x87 instruction, and meets no host code on the way. */
TEST(test_pending_exceptions_are_the_guests) {
    for (int i = 0; i < 3; i++) {
        assert_int_equal(returned(CALL(*state, pending, 0x037a1f80, 0)) & 0x80, 0x80);
        assert_int_equal(host_modes(), DEFAULT);
        struct orc_result result = CALL(*state, pending, 0x037a1f80, 1);
        assert_int_equal(result.outcome, ORC_FAULTED);
        assert_int_equal(result.fault.signal, SIGFPE);
        assert_int_equal(host_modes(), DEFAULT);
        assert_int_equal(returned(CALL(*state, pending, DEFAULT, 1)) & 0x80, 0);
    }
}

TEST(test_stops_end_what_has_modes) {
    struct world *world = *state;
    const struct orc_registers registers = {.rdi = 0x0f7fffc0};
    struct orc_result result;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(orc_call(world->thread, orc_object_base(world->object) + PROGRAM(modes_forever),
                                  &registers, 20000000, &result),
                         0);
        assert_int_equal(result.outcome, ORC_STOPPED);
        assert_int_equal(host_modes(), DEFAULT);
        assert_int_equal(returned(CALL(*state, modes)), DEFAULT);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guests_begin_with_the_default),
        cmocka_unit_test(test_gate_refuses_what_the_processor_lacks),
        cmocka_unit_test(test_modes_end_with_the_activation),
        cmocka_unit_test(test_host_code_never_runs_with_a_guests_modes),
        cmocka_unit_test(test_gate_keeps_the_vector_registers),
        cmocka_unit_test(test_unmasked_exceptions_are_the_guests),
        cmocka_unit_test(test_pending_exceptions_are_the_guests),
        cmocka_unit_test(test_stops_end_what_has_modes),
    };
    return run_as_tap("intravisor-floats", tests, sizeof tests / sizeof *tests);
}
