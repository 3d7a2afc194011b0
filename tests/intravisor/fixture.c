#include "fixture.h"
#include "orc/bare.h"

static uint8_t constants[ORC_PAGE_SIZE], relocated[64], data[100];
static const struct orc_relocation relocations[] = {
    {.offset = PROGRAM_RELOCATED + 8, .addend = 0x10},
    {.offset = PROGRAM_DATA + 92, .addend = PROGRAM_DATA},
};

struct orc_object_image programs_image(void) {
    memset(constants, 0x11, sizeof constants);
    memset(data + 8, 0x22, sizeof data - 8);
    return (struct orc_object_image){
        .layout =
            {
                .constants = PROGRAM_CONSTANTS,
                .constants_size = sizeof constants,
                .relocated = PROGRAM_RELOCATED,
                .relocated_size = sizeof relocated,
                .imports = PROGRAM_IMPORTS,
                .imports_size = 16,
                .data = PROGRAM_DATA,
                .data_file_size = sizeof data,
                .data_size = PROGRAM_DATA_SIZE,
                .text = PROGRAM_TEXT,
                .text_size = (uint32_t)(program_text_end - program_text),
                .relocation_count = 2,
            },
        .constants = constants,
        .relocated = relocated,
        .data = data,
        .text = program_text,
        .relocations = relocations,
    };
}

static bool print_rejection(void *context, const struct orc_rejection *rejection) {
    (void)context;
    print_error("text+0x%x: rule %d: %s\n", rejection->offset, rejection->rule, rejection->reason);
    return true;
}

struct orc_object *create_object(struct orc_cell *cell) {
    struct orc_object_image image = programs_image();
    struct orc_object *object = NULL;
    struct orc_error error = {0};
    if (orc_object_create(cell, &image, print_rejection, NULL, &object, &error) != 0)
        fail_msg("%s", error.message);
    return object;
}

struct orc_compartment *create_compartment(struct orc_cell *cell, struct orc_object *object) {
    struct orc_compartment *compartment = NULL;
    struct orc_error error = {0};
    if (orc_compartment_create(cell, &(struct orc_compartment_options){.bare = true}, &compartment, &error) != 0 ||
        orc_compartment_grant(compartment, object, &error) != 0 ||
        orc_compartment_map_bare(compartment, START_INFO, sizeof START_INFO, &error) != 0)
        fail_msg("%s", error.message);
    return compartment;
}

uint32_t grant_descriptor(struct orc_cell *cell, struct orc_compartment *compartment, int fd, unsigned rights) {
    struct orc_file *file = NULL;
    struct orc_error error = {0};
    uint32_t handle = 0;
    if (orc_file_create(cell, fd, &file, &error) != 0 ||
        orc_compartment_grant_file(compartment, file, rights, &handle, &error) != 0)
        fail_msg("%s", error.message);
    orc_file_release(file);
    return handle;
}

struct orc_thread *create_thread(struct orc_compartment *compartment) {
    struct orc_thread *thread = NULL;
    struct orc_error error = {0};
    if (orc_thread_create(compartment, &thread, &error) != 0)
        fail_msg("%s", error.message);
    return thread;
}

void create_world(void **state) {
    struct world *world = calloc(1, sizeof *world);
    struct orc_error error = {0};
    assert_non_null(world);
    if (orc_cell_create(NULL, &world->cell, &error) != 0)
        fail_msg("%s", error.message);
    world->object = create_object(world->cell);
    world->compartment = create_compartment(world->cell, world->object);
    world->thread = create_thread(world->compartment);
    *state = world;
}

void destroy_world(void **state) {
    struct world *world = *state;
    assert_int_equal(orc_thread_destroy(world->thread), 0);
    assert_int_equal(orc_compartment_destroy(world->compartment), 0);
    assert_int_equal(orc_object_destroy(world->object), 0);
    assert_int_equal(orc_cell_destroy(world->cell), 0);
    free(world);
}

struct orc_result call(struct orc_thread *thread, uint32_t entry, const uint64_t arguments[6]) {
    const struct orc_registers registers = {
        .rdi = arguments[0],
        .rsi = arguments[1],
        .rdx = arguments[2],
        .rcx = arguments[3],
        .r8 = arguments[4],
        .r9 = arguments[5],
        .rbp = ORC_FIRST_STACK_END,
    };
    struct orc_result result;
    assert_int_equal(orc_call(thread, entry, &registers, 10 * SECOND, &result), 0);
    assert_int_not_equal(result.outcome, ORC_STOPPED);
    return result;
}

struct orc_result call_program(const void *world, uint32_t offset, const uint64_t arguments[6]) {
    const struct world *in = world;
    return call(in->thread, orc_object_base(in->object) + offset, arguments);
}

int64_t returned(struct orc_result result) {
    if (result.outcome == ORC_FAULTED)
        print_error("fault: kind %d, signal %d, address 0x%x, offset 0x%x\n", result.fault.kind,
                    result.fault.signal, result.fault.address, result.fault.offset);
    assert_int_equal(result.outcome, ORC_RETURNED);
    return result.value;
}

int run_as_tap(const char *name, const struct CMUnitTest *tests, size_t count) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return _cmocka_run_group_tests(name, tests, count, NULL, NULL);
}
