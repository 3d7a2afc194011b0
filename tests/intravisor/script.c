#include "script.h"

#define RECORDS 64

void create_script_world(struct script_world *world) {
    struct orc_error error = {0};
    *world = (struct script_world){0};
    if (orc_cell_create(NULL, &world->cell, &error) != 0)
        fail_msg("%s", error.message);
    world->object = create_object(world->cell);
}

void end(struct script_world *world) {
    if (world->compartment)
        assert_int_equal(orc_compartment_destroy(world->compartment), 0);
    world->compartment = NULL;
}

void destroy_script_world(struct script_world *world) {
    end(world);
    assert_int_equal(orc_object_destroy(world->object), 0);
    assert_int_equal(orc_cell_destroy(world->cell), 0);
}

void begin(struct script_world *world, const struct orc_compartment_options *options) {
    struct orc_error error = {0};
    end(world);
    if (orc_compartment_create(world->cell, options, &world->compartment, &error) != 0)
        fail_msg("%s", error.message);
}

void start_block(struct script_world *world, uint32_t entry, const void *block, size_t size,
                 const struct orc_compartment_options *options) {
    struct orc_error error = {0};
    const struct orc_start where = {
        .object = world->object, .entry = entry, .start_info = block, .start_info_size = size};
    begin(world, options);
    if (orc_compartment_start(world->compartment, &where, &error) != 0)
        fail_msg("%s", error.message);
}

void start_calls(struct script_world *world, const struct call *calls, size_t count,
                 const struct orc_compartment_options *options) {
    struct call block[RECORDS] = {0};
    memcpy(block, calls, count * sizeof *calls);
    start_block(world, PROGRAM(script), block, sizeof block, options);
}

void start_with(struct script_world *world, uint32_t entry, const struct call *calls,
                const struct orc_compartment_options *options, size_t at, const void *extra, size_t size) {
    struct call block[RECORDS] = {0};
    for (size_t i = 0; calls && i < RECORDS; i++) {
        block[i] = calls[i];
        if (calls[i].number == UINT64_MAX)
            break;
    }
    if (size > 0)
        memcpy(&block[at], extra, size);
    start_block(world, entry, block, sizeof block, options);
}

void start(struct script_world *world, uint32_t entry, const struct call *calls,
           const struct orc_compartment_options *options) {
    start_with(world, entry, calls, options, 0, NULL, 0);
}

struct orc_result wait_for(struct script_world *world) {
    struct orc_result result;
    int status = orc_compartment_wait(world->compartment, 20 * SECOND, &result);
    if (status != 0)
        fail_msg("the compartment didn't end: %d", status);
    if (result.outcome == ORC_FAULTED)
        print_message("# fault: signal %d at 0x%x, offset 0x%x\n", result.fault.signal, result.fault.address,
                      result.fault.offset);
    return result;
}

struct orc_result run(struct script_world *world, const struct call *calls,
                      const struct orc_compartment_options *options) {
    start(world, PROGRAM(script), calls, options);
    return wait_for(world);
}

int64_t result_of(const struct script_world *world, unsigned index) {
    struct call call;
    memcpy(&call, orc_compartment_slot(world->compartment) + BLOCK(index), sizeof call);
    return call.result;
}

uint32_t word_at(const struct script_world *world, uint32_t address) {
    uint32_t word;
    memcpy(&word, orc_compartment_slot(world->compartment) + address, sizeof word);
    return word;
}

struct orc_thread_start thread_start(const struct script_world *world, uint32_t program, uint32_t argument) {
    return (struct orc_thread_start){
        .entry = orc_object_base(world->object) + program,
        .stack = ORC_STACK_TOP - ORC_STACK_SIZE / 2,
        .thread_pointer = ORC_HEAP,
        .argument = argument,
        .id_address = BLOCK(30) + 8,
    };
}
