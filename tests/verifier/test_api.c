/* The verifier's interface: arguments at their limits, reporting, re-entrancy, large texts. */
#include "orc/verifier.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define TAIL 16
#define BASE 0x10000000u

static const struct orc_import_table no_imports = {0, 0};
static const struct orc_jump_tables no_jumps = {0};

struct log {
    unsigned count;
    unsigned stop_after;
    struct orc_rejection last;
};

static bool count_rejection(void *context, const struct orc_rejection *rejection) {
    struct log *log = context;

    assert_non_null(rejection->reason);
    assert_in_range(rejection->rule, 1, 8);
    log->last = *rejection;
    return ++log->count != log->stop_after;
}

static enum orc_verdict verify(const void *bytes, size_t length, struct log *log) {
    return orc_verify_text(bytes, length, BASE, no_imports, no_jumps, log ? count_rejection : NULL, log);
}

static void tail_alone_is_accepted(void **state) {
    uint8_t text[TAIL];

    (void)state;
    memset(text, 0xcc, sizeof text);
    assert_int_equal(verify(text, sizeof text, NULL), ORC_VERIFY_ACCEPTED);
}

static void empty_text_is_rejected(void **state) {
    struct log log = {0};

    (void)state;
    assert_int_equal(verify("", 0, &log), ORC_VERIFY_REJECTED);
    assert_int_equal(log.count, 1);
    assert_int_equal(log.last.rule, 8);
    assert_int_equal(log.last.offset, 0);
    assert_int_equal(verify(NULL, 0, NULL), ORC_VERIFY_REJECTED);
}

static void null_text_fails(void **state) {
    (void)state;
    assert_int_equal(verify(NULL, TAIL, NULL), ORC_VERIFY_FAILED);
}

static void null_report_still_rejects(void **state) {
    uint8_t text[TAIL + 1];

    (void)state;
    memset(text, 0xcc, sizeof text);
    text[0] = 0x50; /* push %rax */
    assert_int_equal(verify(text, sizeof text, NULL), ORC_VERIFY_REJECTED);
    memcpy(text, "\xeb\xff", 2); /* a jump into itself: known only at the end */
    assert_int_equal(verify(text, sizeof text, NULL), ORC_VERIFY_REJECTED);
}

static void text_must_lie_below_4_gib(void **state) {
    uint8_t text[TAIL * 2];

    (void)state;
    memset(text, 0xcc, sizeof text);
    assert_int_equal(orc_verify_text(text, TAIL, 0xfffffff0u, no_imports, no_jumps, NULL, NULL),
                     ORC_VERIFY_ACCEPTED);
    assert_int_equal(orc_verify_text(text, TAIL + 1, 0xfffffff0u, no_imports, no_jumps, NULL, NULL),
                     ORC_VERIFY_FAILED);
    assert_int_equal(orc_verify_text(text, TAIL, 0xffffffffu, no_imports, no_jumps, NULL, NULL),
                     ORC_VERIFY_FAILED);
    assert_int_equal(orc_verify_text(text, SIZE_MAX, 0, no_imports, no_jumps, NULL, NULL), ORC_VERIFY_FAILED);
    assert_int_equal(orc_verify_text(text, SIZE_MAX, 0xffffffffu, no_imports, no_jumps, NULL, NULL),
                     ORC_VERIFY_FAILED);
    assert_int_equal(orc_verify_text(text, (size_t)1 << 32, 1, no_imports, no_jumps, NULL, NULL),
                     ORC_VERIFY_FAILED);
}

static void report_can_stop(void **state) {
    uint8_t text[1000 + TAIL];
    struct log log = {.stop_after = 3};

    (void)state;
    memset(text, 0x50, sizeof text);
    memset(text + 1000, 0xcc, TAIL);
    assert_int_equal(verify(text, sizeof text, &log), ORC_VERIFY_REJECTED);
    assert_int_equal(log.count, 3);
    log = (struct log){0};
    assert_int_equal(verify(text, sizeof text, &log), ORC_VERIFY_REJECTED);
    assert_int_equal(log.count, 1000);
}

static void report_can_stop_among_the_branches(void **state) {
    uint8_t text[200 + TAIL];
    struct log log = {.stop_after = 5};

    (void)state;
    for (unsigned i = 0; i < 200; i += 2)
        memcpy(text + i, "\xeb\xff", 2);
    memset(text + 200, 0xcc, TAIL);
    assert_int_equal(verify(text, sizeof text, &log), ORC_VERIFY_REJECTED);
    assert_int_equal(log.count, 5);
    assert_int_equal(log.last.rule, 5);
    log = (struct log){0};
    assert_int_equal(verify(text, sizeof text, &log), ORC_VERIFY_REJECTED);
    assert_int_equal(log.count, 100);
}

static void every_byte_may_come_last(void **state) {
    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second = 0; second < 256; second++) {
            /* exactly as long as it must be, for AddressSanitizer to see a read beyond it */
            uint8_t *text = malloc(2);
            text[0] = (uint8_t)first;
            text[1] = (uint8_t)second;
            assert_int_equal(verify(text, 2, NULL), ORC_VERIFY_REJECTED);
            free(text);
        }
    }
}

static void every_cut_is_rejected(void **state) {
    /* a guarded sequence, cut at each byte: nothing may be read beyond the cut */
    static const uint8_t sequence[] = {0x89, 0xc0, 0x44, 0x8b, 0x18, 0x41, 0x81, 0xc3,
                                       0x0d, 0xf0, 0xe1, 0x05, 0x75, 0x02, 0xff, 0xd0};

    (void)state;
    for (size_t length = 1; length <= sizeof sequence; length++) {
        uint8_t *text = malloc(TAIL + length);
        memset(text, 0xcc, TAIL);
        memcpy(text + TAIL, sequence, length);
        assert_int_equal(verify(text, TAIL + length, NULL), ORC_VERIFY_REJECTED);
        free(text);
    }
}

static uint8_t *big_text(size_t length) {
    static const uint8_t pattern[] = {0x65, 0x67, 0x48, 0x8b, 0x45, 0x08, 0x48, 0x01, 0xc8, 0x75, 0xf5, 0x90};
    uint8_t *text = malloc(length);

    assert_non_null(text);
    for (size_t i = 0; i < length; i++)
        text[i] = pattern[i % sizeof pattern];
    memset(text + length / sizeof pattern * sizeof pattern - 24, 0xcc, length % sizeof pattern + 24);
    return text;
}

static void big_text_is_accepted(void **state) {
    size_t length = (size_t)64 << 20;
    uint8_t *text = big_text(length);
    struct log log = {0};

    (void)state;
    assert_int_equal(verify(text, length, NULL), ORC_VERIFY_ACCEPTED);
    memcpy(text + length - 20, "\x0f\x05", 2); /* syscall, before the last 16 int3 */
    assert_int_equal(verify(text, length, &log), ORC_VERIFY_REJECTED);
    free(text);
}

static void *verify_in_thread(void *text) {
    for (int i = 0; i < 20; i++)
        if (verify(text, 1 << 16, NULL) != ORC_VERIFY_ACCEPTED)
            return text;
    return NULL;
}

static void threads_do_not_disturb_each_other(void **state) {
    uint8_t *text = big_text(1 << 16);
    pthread_t threads[4];
    void *failed;

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, verify_in_thread, text), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    free(text);
}

static void imports_at_the_limits(void **state) {
    uint8_t text[8 + TAIL] = {0x65, 0x67, 0xff, 0x25};
    struct orc_import_table table = {0xfffffff8u, 0xffffffffu};
    int32_t displacement = (int32_t)(0xfffffff8u - (BASE + 8));

    (void)state;
    memset(text + 8, 0xcc, TAIL);
    memcpy(text + 4, &displacement, 4);
    assert_int_equal(orc_verify_text(text, sizeof text, BASE, table, no_jumps, NULL, NULL),
                     ORC_VERIFY_REJECTED);
    table = (struct orc_import_table){0xfffffff0u, 0xfffffff8u};
    displacement -= 8;
    memcpy(text + 4, &displacement, 4);
    assert_int_equal(orc_verify_text(text, sizeof text, BASE, table, no_jumps, NULL, NULL),
                     ORC_VERIFY_ACCEPTED);
    table = (struct orc_import_table){0xfffffff8u, 0xfffffff0u}; /* ends before it starts */
    assert_int_equal(orc_verify_text(text, sizeof text, BASE, table, no_jumps, NULL, NULL),
                     ORC_VERIFY_REJECTED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tail_alone_is_accepted),
        cmocka_unit_test(empty_text_is_rejected),
        cmocka_unit_test(null_text_fails),
        cmocka_unit_test(null_report_still_rejects),
        cmocka_unit_test(text_must_lie_below_4_gib),
        cmocka_unit_test(report_can_stop),
        cmocka_unit_test(report_can_stop_among_the_branches),
        cmocka_unit_test(every_byte_may_come_last),
        cmocka_unit_test(every_cut_is_rejected),
        cmocka_unit_test(big_text_is_accepted),
        cmocka_unit_test(threads_do_not_disturb_each_other),
        cmocka_unit_test(imports_at_the_limits),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("verifier interface", tests, NULL, NULL);
}
