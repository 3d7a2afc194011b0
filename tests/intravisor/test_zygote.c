/* Zygotes and clones, as far as the Intravisor goes: parking, control stacks, grants, memory that shows an
 * image, and what is refused. Here the test is the launcher: it copies the zygote's memory. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "orc/zygote.h"
#include "script.h"

#define STACK_START (ORC_STACK_TOP - ORC_STACK_SIZE)

static struct orc_error error;

/* All threads that there will be are parked. */
static void wait_parked(struct orc_compartment *compartment, unsigned threads) {
    struct orc_statistics statistics = {0};
    for (int i = 0; i < 20000; i++) {
        orc_compartment_statistics(compartment, &statistics);
        if (statistics.parked == threads && statistics.threads == threads)
            return;
        usleep(1000);
    }
    fail_msg("%u of %u threads are parked", statistics.parked, statistics.threads);
}

/* The script finds itself in a compartment that is to be frozen. */
static void start_frozen(struct script_world *world, const struct call *calls, size_t count, unsigned threads,
                         const struct orc_compartment_options *options) {
    struct call block[64] = {0};
    memcpy(block, calls, count * sizeof *calls);
    const struct orc_start where = {.object = world->object,
                                    .entry = PROGRAM(script),
                                    .start_info = block,
                                    .start_info_size = sizeof block};
    begin(world, options);
    orc_compartment_freeze(world->compartment, true);
    if (orc_compartment_start(world->compartment, &where, &error) != 0)
        fail_msg("%s", error.message);
    wait_parked(world->compartment, threads);
}

static void copy(int image, const uint8_t *slot, uint32_t start, size_t size) {
    assert_int_equal(pwrite(image, slot + start, size, start), size);
}

static int make_image(const struct script_world *world, const struct orc_compartment *zygote) {
    const uint8_t *slot = orc_compartment_slot(zygote);
    int image = memfd_create("image", MFD_CLOEXEC);
    assert_true(image >= 0 && ftruncate(image, ORC_SLOT_SIZE) == 0);
    copy(image, slot, STACK_START, ORC_STACK_SIZE + ORC_PAGE_SIZE);
    copy(image, slot, orc_object_base(world->object) + PROGRAM_DATA, PROGRAM_DATA_SIZE);
    return image;
}

static int clone_into(struct orc_compartment *clone, struct orc_compartment *zygote, int image) {
    static const struct orc_clone_info info = {.version = ORC_CLONE_VERSION, .hostname = "clone"};
    const struct orc_start start = {.zygote = zygote, .image = image, .clone_info = &info};
    int status = orc_compartment_map_image(clone, image, STACK_START, ORC_STACK_SIZE + ORC_PAGE_SIZE,
                                           PROT_READ | PROT_WRITE);
    return status < 0 ? status : orc_compartment_start(clone, &start, &error);
}

static struct orc_compartment *new_compartment(struct orc_cell *cell,
                                               const struct orc_compartment_options *options) {
    struct orc_compartment *compartment;
    if (orc_compartment_create(cell, options, &compartment, &error) != 0)
        fail_msg("%s", error.message);
    return compartment;
}

static struct orc_compartment *start_clone(struct script_world *world, struct orc_compartment *zygote,
                                           int image) {
    struct orc_compartment *clone = new_compartment(world->cell, NULL);
    if (clone_into(clone, zygote, image) != 0)
        fail_msg("%s", error.message);
    return clone;
}

static struct call call_of(const struct orc_compartment *compartment, unsigned index) {
    struct call call;
    memcpy(&call, orc_compartment_slot(compartment) + BLOCK(index), sizeof call);
    return call;
}

static struct orc_result ended(struct orc_compartment *compartment) {
    struct orc_result result;
    assert_int_equal(orc_compartment_wait(compartment, 20 * SECOND, &result), 0);
    return result;
}

static void kill_and_destroy(struct orc_compartment *compartment) {
    orc_compartment_kill(compartment);
    ended(compartment);
    assert_int_equal(orc_compartment_destroy(compartment), 0);
}

static const struct call simple[] = {DO(ORC_FREEZE), DO(ORC_CLONE_INFO, ORC_STACK_TOP - 4096),
                                     DO(ORC_THREAD_ID), DO(ORC_EXIT, 7), END};
#define SIMPLE simple, sizeof simple / sizeof *simple

SCRIPT_TEST(test_a_clone_goes_on_where_its_zygote_is_parked) {
    start_frozen(world, SIMPLE, 1, NULL);
    int image = make_image(world, world->compartment);
    for (int i = 0; i < 3; i++) {
        struct orc_compartment *clone = start_clone(world, world->compartment, image);
        struct orc_result result = ended(clone);
        assert_int_equal(result.outcome, ORC_EXITED);
        assert_int_equal(result.value, 7);
        assert_int_equal(call_of(clone, 0).result, 1);
        assert_int_equal(call_of(clone, 1).result, 0);
        const struct orc_clone_info *info =
            (const void *)(orc_compartment_slot(clone) + ORC_STACK_TOP - 4096);
        assert_string_equal(info->hostname, "clone");
        assert_int_equal(call_of(clone, 2).result, 1);
        assert_int_equal(orc_compartment_destroy(clone), 0);
    }
    assert_int_equal(call_of(world->compartment, 1).result, 0); /* the zygote hasn't gone on */
    orc_compartment_freeze(world->compartment, false);
    assert_int_equal(wait_for(world).value, 7);
    assert_int_equal(result_of(world, 0), 0);
    close(image);
}

/* Parked threads and those that try to clone may be told to go on, or be killed, at any time. */
SCRIPT_TEST(test_what_is_not_frozen_is_not_cloned) {
    const struct call waits[] = {DO(ORC_FREEZE), DO(ORC_POLL, 0, 0, 3600 * SECOND), END};
    start_frozen(world, waits, 3, 1, NULL);
    int image = make_image(world, world->compartment);
    orc_compartment_freeze(world->compartment, false);
    usleep(20000);
    struct orc_compartment *clone = new_compartment(world->cell, NULL);
    assert_int_equal(clone_into(clone, world->compartment, image), -EPERM);
    kill_and_destroy(clone);
    orc_compartment_kill(world->compartment);
    wait_for(world);
    clone = new_compartment(world->cell, NULL);
    assert_int_equal(clone_into(clone, world->compartment, image), -EPERM);
    kill_and_destroy(clone);
    close(image);
}

SCRIPT_TEST(test_not_to_be_frozen) {
    const struct call calls[] = {DO(ORC_FREEZE), DO(ORC_CLONE_INFO, ORC_HEAP), END};
    start_calls(world, calls, 3, NULL);
    wait_for(world);
    assert_int_equal(result_of(world, 0), -EAGAIN);
    assert_int_equal(result_of(world, 1), -EFAULT);
}

static void refused(struct script_world *world, int image, const struct orc_compartment_options *options,
                    int expected) {
    struct orc_compartment *clone = new_compartment(world->cell, options);
    int status = clone_into(clone, world->compartment, image);
    if (status != expected)
        fail_msg("%d instead of %d: %s", status, expected, error.message);
    kill_and_destroy(clone);
}

SCRIPT_TEST(test_refusals) {
    struct call calls[32] = {DO(ORC_THREAD_CREATE, BLOCK(20)), DO(ORC_FREEZE), DO(ORC_EXIT, 0), END};
    const struct orc_thread_start thread = thread_start(world, PROGRAM(script), BLOCK(24));
    const struct call other[] = {DO(ORC_FREEZE), DO(ORC_POLL, 0, 0, 3600 * SECOND), END};
    memcpy(&calls[20], &thread, sizeof thread);
    memcpy(&calls[24], other, sizeof other);
    start_frozen(world, calls, 32, 2, NULL);
    int image = make_image(world, world->compartment);
    refused(world, image, &(struct orc_compartment_options){.domain = "another"}, -EPERM);
    refused(world, image, &(struct orc_compartment_options){.control_stack = 0x200000}, -EPERM);
    refused(world, image, &(struct orc_compartment_options){.memory = 1 << 20}, -ENOMEM);
    refused(world, image, &(struct orc_compartment_options){.memory = (8 << 20) + 0x2000}, -ENOMEM);
    refused(world, image, &(struct orc_compartment_options){.threads = 1}, -EAGAIN);
    refused(world, -1, NULL, -EBADF);

    /* A file under the object's handle. */
    struct orc_compartment *clone = new_compartment(world->cell, NULL);
    assert_int_equal(grant_descriptor(world->cell, clone, 1, ORC_GRANT_WRITE), 0);
    assert_int_equal(clone_into(clone, world->compartment, image), -EEXIST);
    kill_and_destroy(clone);

    /* One that runs already. */
    clone = start_clone(world, world->compartment, image);
    assert_int_equal(ended(clone).outcome, ORC_EXITED);
    const struct orc_clone_info info = {0};
    const struct orc_start again = {.zygote = world->compartment, .image = image, .clone_info = &info};
    assert_int_equal(orc_compartment_start(clone, &again, &error), -EBUSY);
    assert_int_equal(orc_compartment_destroy(clone), 0);
    kill_and_destroy(world->compartment);
    world->compartment = NULL;
    close(image);
}

SCRIPT_TEST(test_threads_keep_their_ids_and_go_on_all) {
    struct call calls[32] = {DO(ORC_THREAD_CREATE, BLOCK(20)), DO(ORC_FREEZE),  DO(ORC_THREAD_ID),
                             DO(ORC_POLL, 0, 0, SECOND / 5),   DO(ORC_EXIT, 3), END};
    const struct orc_thread_start thread = thread_start(world, PROGRAM(script), BLOCK(24));
    const struct call other[] = {DO(ORC_FREEZE), DO(ORC_THREAD_ID), DO(ORC_POLL, 0, 0, 3600 * SECOND), END};
    memcpy(&calls[20], &thread, sizeof thread);
    memcpy(&calls[24], other, sizeof other);
    start_frozen(world, calls, 32, 2, NULL);
    int image = make_image(world, world->compartment);
    struct orc_compartment *clone = start_clone(world, world->compartment, image);
    assert_int_equal(ended(clone).value, 3);
    assert_int_equal(call_of(clone, 1).result, 1);
    assert_int_equal(call_of(clone, 2).result, 1);
    assert_int_equal(call_of(clone, 24).result, 1);
    assert_int_equal(call_of(clone, 25).result, 2);
    assert_int_equal(orc_compartment_destroy(clone), 0);
    kill_and_destroy(world->compartment);
    world->compartment = NULL;
    close(image);
}

/* What a clone does to memory that shows the image. */
SCRIPT_TEST(test_image_memory) {
    const uint32_t low = STACK_START + 0x10000;
    const struct call calls[] = {
        DO(ORC_FREEZE),
        DO(ORC_DISCARD, low, 0x1000), /* 1: image */
        DO(ORC_MAP, low, 0x1000, 3),
        DO(ORC_DISCARD, low, 0x1000),    /* 3: fresh */
        DO(ORC_DISCARD, low, 0x2000),    /* 4: both */
        DO(ORC_PROTECT, low, 0x2000, 1), /* 5: both */
        DO(ORC_PROTECT, low, 0x1000, 1), /* 6 */
        DO(ORC_PROTECT, low + 0x1000, 0x1000, 1),
        DO(ORC_PROTECT, low + 0x1000, 0x1000, 3), /* 8 */
        DO(ORC_UNMAP, low, 0x2000),
        DO(ORC_PROTECT, low, 0x3000, 3), /* 10: not mapped */
        DO(ORC_MAP, low, 0x2000, 3),
        DO(ORC_EXIT, 0),
        END,
    };
    start_frozen(world, calls, sizeof calls / sizeof *calls, 1, NULL);
    int image = make_image(world, world->compartment);
    struct orc_compartment *clone = start_clone(world, world->compartment, image);
    assert_int_equal(ended(clone).outcome, ORC_EXITED);
    const int expected[] = {1, -EXDEV, 0, 0, -EXDEV, 0, 0, 0, 0, 0, -ENOMEM, 0};
    for (unsigned i = 0; i < sizeof expected / sizeof *expected; i++)
        if (call_of(clone, i).result != expected[i])
            fail_msg("call %u: %lld instead of %d", i, (long long)call_of(clone, i).result, expected[i]);
    struct orc_statistics statistics;
    orc_compartment_statistics(clone, &statistics);
    uint64_t memory = statistics.memory;
    orc_compartment_statistics(world->compartment, &statistics);
    assert_int_equal(memory, statistics.memory);
    assert_int_equal(orc_compartment_destroy(clone), 0);
    kill_and_destroy(world->compartment);
    world->compartment = NULL;
    close(image);
}

/* Each fresh page in the middle of an image is a mapping of its own, and has to be paid for as one. */
SCRIPT_TEST(test_image_memory_counts_as_mappings) {
    struct call calls[64] = {DO(ORC_FREEZE)};
    for (unsigned i = 1; i < 60; i++)
        calls[i] = (struct call)DO(ORC_MAP, STACK_START + 0x2000 * i, 0x1000, 3);
    calls[60] = (struct call)DO(ORC_EXIT, 0);
    calls[61] = (struct call)END;
    start_frozen(world, calls, 62, 1, NULL);
    int image = make_image(world, world->compartment);
    char line[256];
    unsigned lines[2] = {0};
    for (int i = 0; i < 2; i++) {
        struct orc_compartment *clone = i == 1 ? start_clone(world, world->compartment, image) : NULL;
        if (clone)
            assert_int_equal(ended(clone).outcome, ORC_EXITED);
        FILE *maps = fopen("/proc/self/maps", "r");
        while (fgets(line, sizeof line, maps))
            lines[i]++;
        fclose(maps);
        if (clone) {
            for (unsigned k = 1; k < 60; k++)
                assert_int_equal(call_of(clone, k).result, 0);
            assert_int_equal(orc_compartment_destroy(clone), 0);
        }
    }
    assert_true(lines[1] >= lines[0] + 118); /* and the account has as many extents: 256 + 4 are allowed */
    kill_and_destroy(world->compartment);
    world->compartment = NULL;
    close(image);
}

/* The text that a zygote's control stack may lead to isn't replaced while a clone lives, even if the zygote
 * has gone. */
SCRIPT_TEST(test_code_addresses_stay_for_clones) {
    const struct call waits[] = {DO(ORC_FREEZE), DO(ORC_POLL, 0, 0, 3600 * SECOND), END};
    struct orc_object_image other = programs_image();
    other.layout.imports_size = 8; /* another object of the same size */
    struct orc_object *gone = NULL, *next = NULL, *last = NULL;
    start_frozen(world, waits, 3, 1, NULL);
    assert_int_equal(orc_object_create(world->cell, &other, NULL, NULL, &gone, &error), 0);
    uint32_t base = orc_object_base(gone);
    assert_int_equal(orc_object_destroy(gone), 0);
    int image = make_image(world, world->compartment);
    struct orc_compartment *clone = start_clone(world, world->compartment, image);
    kill_and_destroy(world->compartment);
    world->compartment = NULL;

    other.layout.imports_size = 24;
    assert_int_equal(orc_object_create(world->cell, &other, NULL, NULL, &next, &error), 0);
    assert_int_not_equal(orc_object_base(next), base);
    assert_int_equal(orc_object_destroy(next), 0);
    kill_and_destroy(clone);
    other.layout.imports_size = 32;
    assert_int_equal(orc_object_create(world->cell, &other, NULL, NULL, &last, &error), 0);
    assert_int_equal(orc_object_base(last), base);
    assert_int_equal(orc_object_destroy(last), 0);
    close(image);
}

static bool note_object(void *context, const struct orc_object_statistics *object) {
    *(struct orc_object_statistics *)context = *object;
    return true;
}

SCRIPT_TEST(test_a_revoked_object_ends_zygote_and_clones) {
    const struct call waits[] = {DO(ORC_FREEZE), DO(ORC_POLL, 0, 0, 3600 * SECOND), END};
    start_frozen(world, waits, 3, 1, NULL);
    int image = make_image(world, world->compartment);
    struct orc_compartment *clone = start_clone(world, world->compartment, image);
    struct orc_object_statistics program;
    orc_cell_objects(world->cell, note_object, &program);
    assert_int_equal(orc_cell_revoke(world->cell, program.hash, NULL), 0);
    assert_int_equal(ended(clone).outcome, ORC_STOPPED);
    assert_int_equal(wait_for(world).outcome, ORC_STOPPED);
    struct orc_compartment *late = new_compartment(world->cell, NULL);
    assert_int_equal(clone_into(late, world->compartment, image), -EPERM);
    kill_and_destroy(late);
    assert_int_equal(orc_compartment_destroy(clone), 0);
    close(image);
}

/* Kills at random moments: of a zygote that is being frozen, and of clones that start. */
SCRIPT_TEST(test_kills_at_any_moment) {
    struct call calls[32] = {DO(ORC_THREAD_CREATE, BLOCK(20)), DO(ORC_FREEZE),
                             DO(ORC_POLL, 0, 0, 3600 * SECOND), END};
    const struct orc_thread_start thread = thread_start(world, PROGRAM(repeat_script), BLOCK(24));
    const struct call other[] = {DO(ORC_FREEZE), END};
    memcpy(&calls[20], &thread, sizeof thread);
    memcpy(&calls[24], other, sizeof other);
    const struct orc_start where = {.object = world->object,
                                    .entry = PROGRAM(script),
                                    .start_info = calls,
                                    .start_info_size = sizeof calls};
    for (int i = 0; i < 40; i++) {
        struct orc_compartment *compartment = new_compartment(world->cell, NULL);
        orc_compartment_freeze(compartment, i % 3);
        assert_int_equal(orc_compartment_start(compartment, &where, &error), 0);
        orc_compartment_freeze(compartment, true);
        usleep((unsigned)rand() % 500);
        orc_compartment_freeze(compartment, i % 2);
        kill_and_destroy(compartment);
    }
    start_frozen(world, calls, 32, 2, NULL);
    int image = make_image(world, world->compartment);
    for (int i = 0; i < 200; i++) {
        struct orc_compartment *clone = start_clone(world, world->compartment, image);
        if (i % 2)
            usleep((unsigned)rand() % 300);
        kill_and_destroy(clone);
    }
    kill_and_destroy(world->compartment);
    world->compartment = NULL;
    close(image);
}

static size_t count_lines(const char *name) {
    FILE *file = fopen(name, "r");
    size_t lines = 0;
    for (int c; (c = getc(file)) != EOF;)
        lines += c == '\n';
    fclose(file);
    return lines;
}

SCRIPT_TEST(test_a_thousand_clones_leave_nothing) {
    start_frozen(world, SIMPLE, 1, NULL);
    int image = make_image(world, world->compartment);
    size_t mappings = 0;
    for (int i = 0; i < 1000; i++) {
        struct orc_compartment *clone = start_clone(world, world->compartment, image);
        assert_int_equal(ended(clone).value, 7);
        assert_int_equal(orc_compartment_destroy(clone), 0);
        if (i == 100)
            mappings = count_lines("/proc/self/maps");
    }
    assert_in_range(count_lines("/proc/self/maps"), 0, mappings + 32);
    kill_and_destroy(world->compartment);
    world->compartment = NULL;
    close(image);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_clone_goes_on_where_its_zygote_is_parked),
        cmocka_unit_test(test_what_is_not_frozen_is_not_cloned),
        cmocka_unit_test(test_not_to_be_frozen),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_threads_keep_their_ids_and_go_on_all),
        cmocka_unit_test(test_image_memory),
        cmocka_unit_test(test_image_memory_counts_as_mappings),
        cmocka_unit_test(test_code_addresses_stay_for_clones),
        cmocka_unit_test(test_a_revoked_object_ends_zygote_and_clones),
        cmocka_unit_test(test_kills_at_any_moment),
        cmocka_unit_test(test_a_thousand_clones_leave_nothing),
    };
    return run_as_tap("zygote", tests, sizeof tests / sizeof *tests);
}
