/* Objects: what is refused, what is shared, what is private, and binding. */
#include <stdio.h>

#include "fixture.h"

/* Creates an object after one change to a good image; expects the error. */
static void expect(struct world *world, struct orc_object_image image, int code) {
    struct orc_object *object = NULL;
    struct orc_error error = {0};
    assert_int_equal(orc_object_create(world->cell, &image, NULL, NULL, &object, &error), -code);
    assert_null(object);
    assert_true(strlen(error.message) > 0);
}

#define EXPECT_LAYOUT(world, change)                                                                         \
    do {                                                                                                     \
        struct orc_object_image image = programs_image();                                                    \
        struct orc_object_layout *layout = &image.layout;                                                    \
        change;                                                                                              \
        expect(world, image, EINVAL);                                                                        \
    } while (0)

TEST(test_bad_layouts_are_refused) {
    struct world *world = *state;
    EXPECT_LAYOUT(world, layout->constants = 8);
    EXPECT_LAYOUT(world, layout->constants_size = PROGRAM_RELOCATED + 1);
    EXPECT_LAYOUT(world, layout->constants_size = UINT32_MAX);
    EXPECT_LAYOUT(world, layout->relocated = 0x800);
    EXPECT_LAYOUT(world, layout->relocated = 0);
    EXPECT_LAYOUT(world, layout->relocated_size = 0x1001);
    EXPECT_LAYOUT(world, layout->relocated_size = UINT32_MAX);
    EXPECT_LAYOUT(world, layout->jump_tables_size = 4);
    EXPECT_LAYOUT(world, layout->jump_tables_size = layout->relocated_size + 8);
    EXPECT_LAYOUT(world, layout->imports_size = 12);
    EXPECT_LAYOUT(world, layout->imports = 0x1000);
    EXPECT_LAYOUT(world, layout->imports = UINT32_MAX & ~0xfffu);
    EXPECT_LAYOUT(world, layout->data_size = layout->data_file_size - 1);
    EXPECT_LAYOUT(world, layout->data_size = PROGRAM_TEXT - PROGRAM_DATA + 1);
    EXPECT_LAYOUT(world, layout->data_size = UINT32_MAX);
    EXPECT_LAYOUT(world, layout->text_size = 0);
    EXPECT_LAYOUT(world, layout->text_size = UINT32_MAX);
    EXPECT_LAYOUT(world, layout->text = PROGRAM_TEXT + 16);
    EXPECT_LAYOUT(world, layout->text = 0);
    EXPECT_LAYOUT(world, layout->text = ORC_WINDOW_END - ORC_WINDOW);
}

TEST(test_bad_relocations_are_refused) {
    struct world *world = *state;
    const struct orc_relocation bad[] = {
        {PROGRAM_CONSTANTS, 0},
        {PROGRAM_RELOCATED - 1, 0},
        {PROGRAM_RELOCATED + 64 - 7, 0},
        {PROGRAM_IMPORTS, 0},
        {PROGRAM_DATA - 4, 0},
        {PROGRAM_DATA + 100 - 7, 0},
        {PROGRAM_DATA + PROGRAM_DATA_SIZE - 8, 0}, /* in .bss */
        {PROGRAM_TEXT, 0},
        {UINT32_MAX, 0},
        {PROGRAM_DATA, UINT32_MAX},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct orc_object_image image = programs_image();
        image.relocations = &bad[i];
        image.layout.relocation_count = 1;
        expect(world, image, EINVAL);
    }
}

static bool count_rejections(void *context, const struct orc_rejection *rejection) {
    (void)rejection;
    ++*(int *)context;
    return true;
}

TEST(test_rejected_text_is_refused_and_unmapped) {
    struct world *world = *state;
    static const uint8_t bad[32] = {0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x8b, 0x00, 0xc3, /* mov (%rax), %rax */
                                    0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
                                    0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc};
    struct orc_object_image image = programs_image();
    struct orc_object *object = NULL;
    int rejections = 0;
    image.text = bad;
    image.layout.text_size = sizeof bad;
    assert_int_equal(orc_object_create(world->cell, &image, count_rejections, &rejections, &object, NULL),
                     -ENOEXEC);
    assert_int_not_equal(rejections, 0);
    struct orc_object *next = create_object(world->cell); /* takes the same place */
    assert_int_equal(orc_object_destroy(next), 0);
}

TEST(test_contents_of_a_slot) {
    struct world *world = *state;
    uint8_t *slot = orc_compartment_slot(world->compartment);
    uint8_t *base = slot + orc_object_base(world->object);
    uint64_t word;
    assert_int_equal((uint64_t)slot % ORC_SLOT_SIZE, 0);
    assert_string_equal((char *)slot + ORC_START_INFO, START_INFO);
    assert_int_equal(base[PROGRAM_CONSTANTS + 4095], 0x11);
    memcpy(&word, base + PROGRAM_RELOCATED + 8, 8);
    assert_int_equal(word, ORC_WINDOW + 0x10);
    memcpy(&word, base + PROGRAM_DATA + 92, 8);
    assert_int_equal(word, ORC_WINDOW + PROGRAM_DATA);
    memcpy(&word, base + PROGRAM_IMPORTS, 8);
    assert_int_equal(word, 0);
    assert_int_equal(base[PROGRAM_DATA + 8], 0x22);
    assert_int_equal(base[PROGRAM_DATA + 100], 0);
    assert_int_equal(base[PROGRAM_DATA + PROGRAM_DATA_SIZE - 1], 0);
}

/* The inode that /proc/self/smaps has for the mapping that begins at an address; 0: none. */
static unsigned long mapped_inode(uintptr_t address) {
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    unsigned long found = 0;
    while (fgets(line, sizeof line, maps)) {
        unsigned long start, end, inode;
        if (sscanf(line, "%lx-%lx %*s %*s %*s %lu", &start, &end, &inode) == 3 && start <= address &&
            address < end)
            found = inode;
    }
    fclose(maps);
    return found;
}

TEST(test_two_compartments_share_and_dont) {
    struct world *world = *state;
    struct orc_compartment *other = create_compartment(world->cell, world->object);
    struct orc_thread *thread = create_thread(other);
    uint32_t entry = orc_object_base(world->object) + PROGRAM(count);
    const uint64_t none[6] = {0};
    for (int i = 1; i <= 3; i++) /* both calls by turns, on one host thread */
        for (int twice = 0; twice < 2; twice++)
            assert_int_equal(returned(call(twice ? world->thread : thread, entry, none)), i);
    assert_int_equal(returned(call(thread, entry, none)), 4);
    assert_int_equal(returned(call(world->thread, entry, none)), 4);
    uint8_t *here = orc_compartment_slot(world->compartment), *there = orc_compartment_slot(other);
    assert_int_not_equal(mapped_inode((uintptr_t)here + ORC_WINDOW), 0);
    assert_int_equal(mapped_inode((uintptr_t)here + ORC_WINDOW), mapped_inode((uintptr_t)there + ORC_WINDOW));
    assert_int_equal(mapped_inode((uintptr_t)here + ORC_WINDOW), mapped_inode(ORC_WINDOW + PROGRAM_TEXT));
    uintptr_t ours = (uintptr_t)here + ORC_WINDOW + PROGRAM_IMPORTS;
    uintptr_t theirs = (uintptr_t)there + ORC_WINDOW + PROGRAM_IMPORTS;
    assert_int_equal(mapped_inode(ours), mapped_inode(theirs)); /* nothing is bound */
    assert_int_equal(bind_entry(other, world->object, 0, world->object, PROGRAM(count)), 0);
    assert_int_not_equal(mapped_inode(ours), mapped_inode(theirs));
    assert_int_equal(CALL(world, import).outcome, ORC_FAULTED);
    assert_int_equal(bind_entry(world->compartment, world->object, 0, world->object, PROGRAM(count)), 0);
    assert_int_equal(mapped_inode(ours), mapped_inode(theirs)); /* tables that are alike are one */
    assert_int_equal(orc_thread_destroy(thread), 0);
    assert_int_equal(orc_compartment_destroy(other), 0);
}

TEST(test_binding) {
    struct world *world = *state;
    struct orc_object *second = create_object(world->cell), *third = create_object(world->cell);
    struct orc_compartment *compartment = world->compartment;
    assert_true(orc_object_base(second) > orc_object_base(world->object) + PROGRAM_TEXT);
    assert_int_equal(orc_compartment_grant(compartment, second, NULL), 0);
    assert_int_equal(orc_compartment_grant(compartment, second, NULL), -EEXIST);

    assert_int_equal(bind_entry(compartment, world->object, 0, third, PROGRAM(count)), -ENOENT);
    assert_int_equal(bind_entry(compartment, third, 0, second, PROGRAM(count)), -ENOENT);
    assert_int_equal(bind_entry(compartment, world->object, 2, second, PROGRAM(count)), -EINVAL);
    assert_int_equal(bind_entry(compartment, world->object, UINT32_MAX, second, PROGRAM(count)),
                     -EINVAL);
    const uint32_t bad[] = {
        0,          PROGRAM(count) + 4, PROGRAM_DATA,
        UINT32_MAX, UINT32_MAX - 3,     PROGRAM_TEXT + (uint32_t)(program_text_end - program_text) - 2};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(bind_entry(compartment, world->object, 0, second, bad[i]), -EINVAL);
    assert_int_equal(CALL(world, import).outcome, ORC_FAULTED);

    assert_int_equal(bind_entry(compartment, world->object, 0, second, PROGRAM(increment)), 0);
    assert_int_equal(returned(CALL(world, import, 9)), 10);
    assert_int_equal(bind_entry(compartment, world->object, 0, second, PROGRAM(count)), 0);
    assert_int_equal(returned(CALL(world, import)), 1);
    assert_int_equal(returned(CALL(world, import)), 2);
    assert_int_equal(returned(CALL(world, count)), 1); /* the first object's own variable */

    assert_int_equal(orc_object_destroy(second), -EBUSY);
    assert_int_equal(orc_object_destroy(third), 0);
    assert_int_equal(orc_thread_destroy(world->thread), 0);
    assert_int_equal(orc_compartment_destroy(compartment), 0);
    assert_int_equal(orc_object_destroy(second), 0);
    world->compartment = create_compartment(world->cell, world->object);
    world->thread = create_thread(world->compartment);
    assert_int_equal(CALL(world, import).outcome, ORC_FAULTED); /* a new compartment's table is empty */
}

TEST(test_window_is_reused_and_has_an_end) {
    struct world *world = *state;
    struct orc_object *objects[64];
    struct orc_object_image image = programs_image();
    size_t count = 0;
    const uint32_t gap = 0x06000000; /* costs nothing but room in the window */
    image.layout.relocated += gap, image.layout.imports += gap, image.layout.data += gap,
        image.layout.text += gap;
    image.layout.relocation_count = 0;
    while (count < 64 && orc_object_create(world->cell, &image, NULL, NULL, &objects[count], NULL) == 0)
        count++;
    assert_in_range(count, 10, 30);
    expect(world, image, ENOSPC);
    uint32_t base = orc_object_base(objects[3]);
    assert_int_equal(orc_object_destroy(objects[3]), 0);
    assert_int_equal(orc_object_create(world->cell, &image, NULL, NULL, &objects[3], NULL), 0);
    assert_int_equal(orc_object_base(objects[3]), base);
    while (count > 0)
        assert_int_equal(orc_object_destroy(objects[--count]), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_layouts_are_refused),
        cmocka_unit_test(test_bad_relocations_are_refused),
        cmocka_unit_test(test_rejected_text_is_refused_and_unmapped),
        cmocka_unit_test(test_contents_of_a_slot),
        cmocka_unit_test(test_two_compartments_share_and_dont),
        cmocka_unit_test(test_binding),
        cmocka_unit_test(test_window_is_reused_and_has_an_end),
    };
    return run_as_tap("intravisor-object", tests, sizeof tests / sizeof *tests);
}
