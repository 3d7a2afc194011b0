/* The object store, as guests see it: a hostile registrant, sharing, binding, domains, reclaim, races. */
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "block.h"

#define REGISTER DO(ORC_OBJECT_REGISTER, AT(source), AT(info[0]))
#define REQUEST DO(ORC_OBJECT_REQUEST, AT(hash), AT(info[1]))

static void set_calls(struct block *block, const struct call *calls) {
    for (size_t i = 0; i < 64; i++) {
        block->calls[i] = calls[i];
        if (calls[i].number == UINT64_MAX)
            return;
    }
}

static void run_block(struct script_world *world, const struct block *block,
                      const struct orc_compartment_options *options) {
    start_block(world, PROGRAM(script), block, sizeof *block, options);
    struct orc_result result = wait_for(world);
    assert_int_equal(result.outcome, ORC_RETURNED);
}

static bool count_one(void *context, const struct orc_object_statistics *object) {
    *(unsigned *)context += object->name[0] != 0; /* the fixture's own has no name */
    return true;
}

static unsigned registered_objects(const struct script_world *world) {
    unsigned count = 0;
    orc_cell_objects(world->cell, count_one, &count);
    return count;
}

static const struct block *slot_block(const struct script_world *world) {
    return (const struct block *)(const void *)(orc_compartment_slot(world->compartment) + ORC_START_BLOCK);
}

SCRIPT_TEST(test_registers_and_shares) {
    struct block block = good_block(1);
    set_calls(&block, (struct call[]){REQUEST, REGISTER, REGISTER, REQUEST,
                                      DO(ORC_OBJECT_REQUEST, AT(hash), AT(info[2])), DO(ORC_OBJECT_RELEASE, 1),
                                      DO(ORC_OBJECT_RELEASE, 1), DO(ORC_OBJECT_RELEASE, 1),
                                      DO(ORC_OBJECT_RELEASE, 1), DO(ORC_OBJECT_RELEASE, 1),
                                      REQUEST, END});
    run_block(world, &block, NULL);
    const int64_t expected[] = {-ENOENT, 1, 1, 1, 1, 0, 0, 0, 0, -EBADF, 1};
    for (unsigned i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_int_equal(result_of(world, i), expected[i]);
    const struct block *after = slot_block(world);
    assert_int_equal(after->info[0].fresh, 0); /* of the second registration */
    assert_int_equal(after->info[1].fresh, 1); /* of the last request */
    assert_memory_equal(after->info[2].hash, block.hash, ORC_HASH_SIZE);
    assert_int_equal(after->info[0].base, after->info[1].base);
    const uint8_t *base = orc_compartment_slot(world->compartment) + after->info[0].base;
    uint64_t word;
    memcpy(&word, base + PROGRAM_DATA + 92, sizeof word);
    assert_int_equal(word, after->info[0].base + PROGRAM_DATA);
    assert_int_equal(registered_objects(world), 1);
    /* It is kept for who comes soon. */
    set_calls(&block, (struct call[]){REQUEST, END});
    run_block(world, &block, NULL);
    assert_int_equal(result_of(world, 0), 1);
}

/* --- A hostile registrant --- */

static void wrong_hash(struct block *b) { b->note.hash[5] ^= 1; }
static void wrong_constant(struct block *b) { b->constants[99] ^= 1; }
static void wrong_text(struct block *b) { b->text[3] ^= 1; }
static void wrong_relocation_content(struct block *b) { b->relocations[0].addend ^= 8; }
static void wrong_version(struct block *b) { b->note.version = ORC_NOTE_VERSION + 1; set_hash(b); }
static void reserved_set(struct block *b) { b->note.reserved = 1; set_hash(b); }
static void unknown_flag(struct block *b) { b->source.flags = 2; }
static void data_with_text(struct block *b) { b->source.flags = ORC_OBJECT_DATA; }
static void long_name(struct block *b) { b->source.name_length = 65; }
static void overlapping(struct block *b) { b->note.layout.relocated = 0; set_hash(b); }
static void misaligned(struct block *b) { b->note.layout.data += 8; set_hash(b); }
static void beyond_window(struct block *b) { b->note.layout.text = 0x7fff0000; set_hash(b); }
static void huge_constants(struct block *b) { b->note.layout.constants_size = UINT32_MAX; }
static void huge_data(struct block *b) { b->note.layout.data_size = UINT32_MAX; set_hash(b); }
static void huge_imports(struct block *b) { b->note.layout.imports_size = 0x40000000; }
static void huge_count(struct block *b) { b->note.layout.relocation_count = UINT32_MAX; }
static void no_text(struct block *b) { b->note.layout.text_size = 0; set_hash(b); }
static void relocation_outside(struct block *b) { b->relocations[1].offset = 0x100000; set_hash(b); }
static void relocation_in_text(struct block *b) { b->relocations[1].offset = PROGRAM_TEXT + 8; set_hash(b); }
static void relocation_in_imports(struct block *b) { b->relocations[1].offset = PROGRAM_IMPORTS; set_hash(b); }
static void relocation_overflow(struct block *b) { b->relocations[1].addend = UINT32_MAX; set_hash(b); }
static void relocations_unsorted(struct block *b) {
    b->relocations[1].offset = b->relocations[0].offset - 8;
    set_hash(b);
}
static void relocations_overlap(struct block *b) {
    b->relocations[1].offset = b->relocations[0].offset + 4;
    set_hash(b);
}
static void import_prefilled(struct block *b) { b->imports[8] = 1; set_hash(b); }
static void unverifiable(struct block *b) { memset(b->text + 64, 0x0f, 16); set_hash(b); }
static void no_trap_tail(struct block *b) { b->note.layout.text_size -= 40; set_hash(b); }
static void bad_source_text(struct block *b) { b->source.text = 0x1000; }
static void text_past_slot(struct block *b) { b->source.text = UINT32_MAX - 16; }
static void bad_note(struct block *b) { b->source.note = ORC_HEAP_END - 8; }
static void bad_relocations(struct block *b) { b->source.relocations = 0; }
static void bad_name(struct block *b) { b->source.name = 0; }
static void window_span(struct block *b) { b->note.layout.text = 0x50000000; set_hash(b); } /* 1.25 GiB of window */


SCRIPT_TEST(test_hostile_registrant) {
    static const struct {
        void (*change)(struct block *block);
        int error;
    } cases[] = {
        {wrong_hash, EBADMSG},         {wrong_constant, EBADMSG},        {wrong_text, EBADMSG},
        {wrong_relocation_content, EBADMSG}, {wrong_version, EINVAL},    {reserved_set, EINVAL},
        {unknown_flag, EINVAL},        {data_with_text, EINVAL},         {long_name, EINVAL},
        {overlapping, EINVAL},         {misaligned, EINVAL},             {beyond_window, EINVAL},
        {huge_constants, EINVAL},      {huge_data, EINVAL},              {huge_imports, EINVAL},
        {huge_count, EINVAL},          {no_text, EINVAL},                {relocation_outside, EINVAL},
        {relocation_in_text, EINVAL},  {relocation_in_imports, EINVAL},  {relocation_overflow, EINVAL},
        {relocations_unsorted, EINVAL}, {relocations_overlap, EINVAL},   {import_prefilled, EINVAL},
        {unverifiable, ENOEXEC},       {no_trap_tail, ENOEXEC},          {bad_source_text, EFAULT},
        {text_past_slot, EFAULT},      {bad_note, EFAULT},               {bad_relocations, EFAULT},
        {bad_name, EFAULT},            {window_span, EDQUOT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct block block = good_block(100);
        cases[i].change(&block);
        set_calls(&block, (struct call[]){REGISTER, REQUEST, END});
        run_block(world, &block, NULL);
        if (result_of(world, 0) != -cases[i].error)
            fail_msg("case %zu: %lld instead of -%d", i, (long long)result_of(world, 0), cases[i].error);
        assert_int_equal(result_of(world, 1), -ENOENT);
        assert_int_equal(registered_objects(world), 0);
        struct orc_statistics statistics;
        assert_int_equal(orc_compartment_statistics(world->compartment, &statistics), 0);
        /* What a rejected text cost others is counted, or a guest could try for ever. */
        assert_int_equal(statistics.registered, cases[i].error == ENOEXEC ? 0x10000 : 0);
        assert_int_equal(statistics.objects, 1);
    }
    struct block block = good_block(100);
    set_calls(&block, (struct call[]){REGISTER, END});
    run_block(world, &block, NULL);
    assert_int_equal(result_of(world, 0), 1);
}

/* The note's hash field counts as zeros, wherever the registrant says that it stands; and zeros are what gets published,
 * or one hash could name two contents. */
SCRIPT_TEST(test_hash_field_is_published_as_zeros) {
    struct block block = good_block(7);
    memset(block.constants + 0x200, 0, ORC_HASH_SIZE);
    set_hash(&block);
    memset(block.constants + 0x200, 0xee, ORC_HASH_SIZE);
    block.source.note = AT(constants) + 0x200 - offsetof(struct orc_object_note, hash);
    memcpy(block.constants + 0x200 - offsetof(struct orc_object_note, hash), &block.note, sizeof block.note);
    set_calls(&block, (struct call[]){REGISTER, END});
    run_block(world, &block, NULL);
    assert_int_equal(result_of(world, 0), -EBADMSG); /* the note's own bytes count, too */

    block = good_block(7);
    const size_t field = 0x200, note = field - offsetof(struct orc_object_note, hash);
    memcpy(block.constants + note, &block.note, offsetof(struct orc_object_note, hash));
    memset(block.constants + field, 0, ORC_HASH_SIZE);
    set_hash(&block);
    memcpy(block.constants + field, block.hash, ORC_HASH_SIZE);
    block.source.note = AT(constants) + (uint32_t)note;
    set_calls(&block, (struct call[]){REGISTER, END});
    run_block(world, &block, NULL);
    assert_int_equal(result_of(world, 0), 1);
    static const uint8_t zeros[ORC_HASH_SIZE];
    uint32_t base = slot_block(world)->info[0].base;
    assert_memory_equal(orc_compartment_slot(world->compartment) + base + field, zeros, ORC_HASH_SIZE);
}

SCRIPT_TEST(test_quotas) {
    struct block block;
    const struct {
        struct orc_compartment_options options;
        int error;
    } cases[] = {
        {{.objects = 1}, EMFILE},
        {{.handles = 1}, EMFILE},
        {{.registered = 0x7000}, EDQUOT},
        {{.memory = ORC_STACK_SIZE + 0xd000}, ENOMEM},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        block = good_block(200 + (unsigned)i);
        set_calls(&block, (struct call[]){REGISTER, END});
        run_block(world, &block, &cases[i].options);
        assert_int_equal(result_of(world, 0), -cases[i].error);
        struct orc_statistics statistics;
        orc_compartment_statistics(world->compartment, &statistics);
        assert_int_equal(statistics.objects, 1);
    }
    run_block(world, &block, NULL);
    assert_int_equal(result_of(world, 0), 1);
}

SCRIPT_TEST(test_constant_data) {
    struct block block = good_block(300);
    block.note.layout = (struct orc_object_layout){
        .constants_size = 1, .relocated = 0x1000, .imports = 0x1000, .data = 0x1000, .text = 0x1000};
    block.source.flags = ORC_OBJECT_DATA;
    set_hash(&block);
    set_calls(&block, (struct call[]){REGISTER, DO(ORC_OBJECT_BIND, 1, AT(bindings), 0), END});
    run_block(world, &block, NULL);
    assert_int_equal(result_of(world, 0), 1);
    assert_int_equal(result_of(world, 1), 0);
    const struct orc_object_info *info = &slot_block(world)->info[0];
    assert_int_equal(info->flags, ORC_OBJECT_DATA);
    assert_int_equal(info->size, ORC_PAGE_SIZE);
    assert_int_equal(orc_compartment_slot(world->compartment)[info->base], block.constants[0]);
}

/* --- Binding --- */

SCRIPT_TEST(test_binding_by_handle) {
    struct block block = good_block(400);
    const struct orc_binding bindings[8] = {
        {0, 1, PROGRAM(increment)},     {1, 0, PROGRAM(increment)},     {2, 1, PROGRAM(increment)},
        {0, 1, PROGRAM(increment) + 4}, {0, 99, PROGRAM(increment)},    {0, 1, PROGRAM_DATA},
        {0, ORC_NO_HANDLE, 0},          {1, ORC_NO_HANDLE, 0},
    };
    memcpy(block.bindings, bindings, sizeof bindings);
    set_calls(&block, (struct call[]){
                          REGISTER,
                          DO(ORC_OBJECT_BIND, 0, AT(bindings[0]), 2), /* of the first object, into both */
                          DO(ORC_OBJECT_RELEASE, 1),
                          DO(ORC_OBJECT_BIND, 0, AT(bindings[1]), 2), /* one is good, one is no entry of the table */
                          DO(ORC_OBJECT_BIND, 0, AT(bindings[3]), 1),
                          DO(ORC_OBJECT_BIND, 0, AT(bindings[4]), 1),
                          DO(ORC_OBJECT_BIND, 0, AT(bindings[5]), 1),
                          DO(ORC_OBJECT_BIND, 99, AT(bindings[0]), 1),
                          DO(ORC_OBJECT_BIND, 0, AT(bindings[0]), ORC_MAX_BINDINGS + 1),
                          DO(ORC_OBJECT_BIND, 0, 0, 1),
                          DO(ORC_OBJECT_BIND, 1, AT(bindings[0]), 1), /* to itself */
                          DO(ORC_OBJECT_BIND, 0, AT(bindings[6]), 2), /* nothing bound any more */
                          DO(ORC_OBJECT_RELEASE, 1),
                          END,
                      });
    run_block(world, &block, NULL);
    const int64_t expected[] = {1,      0,       -EBUSY, -EINVAL, -EINVAL, -EBADF, -EINVAL,
                                -EBADF, -EINVAL, -EFAULT, 0,      0,       0};
    for (unsigned i = 0; i < sizeof expected / sizeof *expected; i++)
        if (result_of(world, i) != expected[i])
            fail_msg("call %u: %lld", i, (long long)result_of(world, i));
}

/* --- Domains, revocation --- */

SCRIPT_TEST(test_domains) {
    struct block block = good_block(500);
    set_calls(&block, (struct call[]){REGISTER, END});
    run_block(world, &block, &(struct orc_compartment_options){.domain = "red"});
    assert_int_equal(result_of(world, 0), 1);
    set_calls(&block, (struct call[]){REQUEST, END});
    run_block(world, &block, &(struct orc_compartment_options){.domain = "blue"});
    assert_int_equal(result_of(world, 0), -ENOENT);
    run_block(world, &block, NULL);
    assert_int_equal(result_of(world, 0), -ENOENT);
    run_block(world, &block, &(struct orc_compartment_options){.domain = "red"});
    assert_int_equal(result_of(world, 0), 1);
    set_calls(&block, (struct call[]){REGISTER, END});
    run_block(world, &block, &(struct orc_compartment_options){.domain = "blue"});
    assert_int_equal(result_of(world, 0), 1);
    assert_int_equal(registered_objects(world), 2);
}

struct sought {
    uint32_t base;
    uint8_t hash[ORC_HASH_SIZE];
};

static bool find_by_base(void *context, const struct orc_object_statistics *object) {
    struct sought *sought = context;
    if (object->base == sought->base)
        memcpy(sought->hash, object->hash, sizeof sought->hash);
    return object->base != sought->base;
}

SCRIPT_TEST(test_revocation) {
    struct sought program = {.base = orc_object_base(world->object)};
    orc_cell_objects(world->cell, find_by_base, &program);
    start(world, PROGRAM(loop), NULL, NULL);
    assert_int_equal(orc_cell_revoke(world->cell, program.hash, NULL), 0);
    assert_int_equal(wait_for(world).outcome, ORC_STOPPED);
    struct orc_error error;
    begin(world, NULL);
    assert_int_equal(orc_compartment_grant(world->compartment, world->object, &error), -ENOENT);
    program.hash[0] ^= 1;
    assert_int_equal(orc_cell_revoke(world->cell, program.hash, &error), -ENOENT);
    assert_non_null(strstr(error.message, "no object"));
}

/* What is revoked stays so: in all domains, for those who held it and for those who'd register it again. */
SCRIPT_TEST(test_revoked_objects_dont_come_back) {
    struct block block = good_block(510);
    set_calls(&block, (struct call[]){REGISTER, SLEEP(3600 * SECOND), END});
    struct script_world holder = {.cell = world->cell, .object = world->object};
    start_block(&holder, PROGRAM(script), &block, sizeof block, &(struct orc_compartment_options){.domain = "red"});
    while (result_of(&holder, 0) == 0)
        usleep(1000);
    assert_int_equal(result_of(&holder, 0), 1);
    assert_int_equal(orc_cell_revoke(world->cell, block.hash, NULL), 0);
    assert_int_equal(wait_for(&holder).outcome, ORC_STOPPED);
    for (int round = 0; round < 2; round++) {
        static const char *const domains[] = {"red", "blue"};
        for (int i = 0; i < 2; i++) {
            set_calls(&block, (struct call[]){REQUEST, REGISTER, END});
            run_block(world, &block, &(struct orc_compartment_options){.domain = domains[i]});
            assert_int_equal(result_of(world, 0), -ENOENT);
            assert_int_equal(result_of(world, 1), -EKEYREVOKED);
        }
        if (round == 0)
            end(&holder);
    }
    block = good_block(511);
    set_calls(&block, (struct call[]){REGISTER, END});
    run_block(world, &block, NULL);
    assert_int_equal(result_of(world, 0), 1);
}

/* --- Reclaim --- */

/* A thread that stays: code addresses that it may have seen aren't given to other content. */
SCRIPT_TEST(test_reclaimed_addresses_wait_for_threads) {
    struct script_world old = *world;
    struct block block = good_block(600);
    old.compartment = NULL;
    start(&old, PROGRAM(loop), NULL, NULL);
    set_calls(&block, (struct call[]){REGISTER, END});
    run_block(world, &block, NULL);
    uint32_t base = slot_block(world)->info[0].base;
    /* More than are kept without holders. */
    for (unsigned i = 0; i < 70; i++) {
        block = good_block(1000 + i);
        set_calls(&block, (struct call[]){REGISTER, END});
        run_block(world, &block, NULL);
        assert_int_equal(result_of(world, 0), 1);
        assert_int_not_equal(slot_block(world)->info[0].base, base);
    }
    assert_in_range(registered_objects(world), 64, 66);
    block = good_block(600); /* the same content may */
    set_calls(&block, (struct call[]){REQUEST, REGISTER, END});
    run_block(world, &block, NULL);
    assert_int_equal(result_of(world, 0), -ENOENT);
    assert_int_equal(slot_block(world)->info[0].base, base);
    /* And once the thread is gone, any. */
    orc_compartment_kill(old.compartment);
    wait_for(&old);
    end(&old);
    uint32_t lowest = UINT32_MAX;
    for (unsigned i = 0; i < 70; i++) {
        block = good_block(2000 + i);
        set_calls(&block, (struct call[]){REGISTER, END});
        run_block(world, &block, NULL);
        uint32_t got = slot_block(world)->info[0].base;
        lowest = got < lowest ? got : lowest;
    }
    assert_in_range(lowest, 0, base + 3 * 0xb000);
}

/* No guarded sequence can look at text that isn't verified yet, so what was rejected leaves its place at once. */
SCRIPT_TEST(test_rejected_text_leaves_its_place) {
    struct script_world old = *world;
    old.compartment = NULL;
    start(&old, PROGRAM(loop), NULL, NULL);
    struct block block = good_block(3000);
    set_calls(&block, (struct call[]){REGISTER, END});
    run_block(world, &block, NULL);
    const struct orc_object_info first = slot_block(world)->info[0];
    block = good_block(3001);
    unverifiable(&block);
    set_calls(&block, (struct call[]){REGISTER, END});
    run_block(world, &block, NULL);
    assert_int_equal(result_of(world, 0), -ENOEXEC);
    block = good_block(3002);
    set_calls(&block, (struct call[]){REGISTER, END});
    run_block(world, &block, NULL);
    assert_int_equal(result_of(world, 0), 1);
    assert_int_equal(slot_block(world)->info[0].base, first.base + first.size + ORC_PAGE_SIZE);
    orc_compartment_kill(old.compartment);
    wait_for(&old);
    end(&old);
}

/* The window is everybody's: what a guest makes others do without, even released, counts in all its life. */
SCRIPT_TEST(test_registering_counts_for_life) {
    struct block block = good_block(3100);
    unverifiable(&block);
    set_calls(&block, (struct call[]){REGISTER, REGISTER, REGISTER, END});
    run_block(world, &block, &(struct orc_compartment_options){.registered = 0x40000});
    assert_int_equal(result_of(world, 0), -ENOEXEC);
    assert_int_equal(result_of(world, 1), -ENOEXEC);
    assert_int_equal(result_of(world, 2), -ENOEXEC); /* takes nothing from anybody */
    block = good_block(3101);
    set_calls(&block, (struct call[]){REGISTER, DO(ORC_OBJECT_RELEASE, 1), REGISTER, END});
    run_block(world, &block, &(struct orc_compartment_options){.registered = 0x1f000});
    assert_int_equal(result_of(world, 0), 1);
    assert_int_equal(result_of(world, 2), 1); /* it is still there: nothing to make */
    struct orc_statistics statistics;
    assert_int_equal(orc_compartment_statistics(world->compartment, &statistics), 0);
    assert_true(statistics.registered > 0);
}

#if !__has_feature(address_sanitizer) /* which needs mappings of its own */
/* A process that may have no more mappings can still take code away. */
SCRIPT_TEST(test_retires_without_mappings_to_spare) {
    enum { MOST = 1 << 20 };
    struct orc_object *object = create_object(world->cell);
    uint8_t *range = mmap(NULL, (size_t)MOST * 2 * ORC_PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_ptr_not_equal(range, MAP_FAILED);
    size_t made = 0;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
    while (made < MOST && mmap(range + made * 2 * ORC_PAGE_SIZE, ORC_PAGE_SIZE, PROT_READ, flags, -1, 0) != MAP_FAILED)
        made++;
    int status = orc_object_destroy(object);
    munmap(range, (size_t)MOST * 2 * ORC_PAGE_SIZE);
    assert_int_equal(status, 0);
}
#endif

/* --- Races --- */

enum { TENANTS = 16 };

SCRIPT_TEST(test_many_register_at_once) {
    struct block block = good_block(700);
    struct script_world tenants[TENANTS];
    for (int round = 0; round < 20; round++) {
        block = good_block(700 + (unsigned)round);
        set_calls(&block, (struct call[]){REGISTER, DO(ORC_OBJECT_BIND, 0, AT(bindings[0]), 1),
                                          DO(ORC_OBJECT_RELEASE, 1), REQUEST, END});
        for (int i = 0; i < TENANTS; i++) {
            tenants[i] = (struct script_world){world->cell, world->object, NULL, NULL};
            start_block(&tenants[i], PROGRAM(script), &block, sizeof block, NULL);
        }
        uint32_t base = 0;
        for (int i = 0; i < TENANTS; i++) {
            assert_int_equal(wait_for(&tenants[i]).outcome, ORC_RETURNED);
            assert_int_equal(result_of(&tenants[i], 0), 1);
            assert_int_equal(result_of(&tenants[i], 3), 1);
            uint32_t got = slot_block(&tenants[i])->info[1].base;
            assert_true(base == 0 || base == got);
            base = got;
        }
        for (int i = 0; i < TENANTS; i++)
            end(&tenants[i]);
    }
}

/* The same while it is revoked: whoever holds it is killed, and nobody gets it afterwards. */
SCRIPT_TEST(test_revocation_while_many_register) {
    struct script_world tenants[TENANTS];
    for (int round = 0; round < 20; round++) {
        struct block block = good_block(900 + (unsigned)round);
        set_calls(&block, (struct call[]){REGISTER, DO(ORC_OBJECT_BIND, 0, AT(bindings[0]), 1),
                                          DO(ORC_OBJECT_RELEASE, 1), REQUEST, END});
        for (int i = 0; i < TENANTS; i++) {
            tenants[i] = (struct script_world){.cell = world->cell, .object = world->object};
            start_block(&tenants[i], PROGRAM(repeat_script), &block, sizeof block, NULL);
        }
        while (orc_cell_revoke(world->cell, block.hash, NULL) == -ENOENT)
            usleep(100);
        for (int i = 0; i < TENANTS; i++) {
            struct orc_result result = {.outcome = ORC_STOPPED};
            int status;
            while ((status = orc_compartment_wait(tenants[i].compartment, SECOND / 1000, &result)) != 0 &&
                   result_of(&tenants[i], 0) != -EKEYREVOKED)
                assert_int_equal(status, -ETIMEDOUT);
            assert_int_equal(result.outcome, ORC_STOPPED);
            orc_compartment_kill(tenants[i].compartment);
            wait_for(&tenants[i]);
            end(&tenants[i]);
        }
        assert_int_equal(registered_objects(world), 0);
    }
}

/* The content changes while it's being registered: what gets in has the hash that it claims. */
SCRIPT_TEST(test_content_changes_during_the_call) {
    struct block block = good_block(800);
    set_calls(&block, (struct call[]){REGISTER, DO(ORC_OBJECT_RELEASE, 1), END});
    start_block(world, PROGRAM(repeat_script), &block, sizeof block, NULL);
    volatile uint8_t *byte = orc_compartment_slot(world->compartment) + AT(constants) + 3000;
    volatile uint8_t *hash = orc_compartment_slot(world->compartment) + AT(note) + offsetof(struct orc_object_note, hash);
    int64_t outcomes[2] = {0};
    struct timespec now, start_time;
    clock_gettime(CLOCK_MONOTONIC, &start_time);
    do {
        for (int i = 0; i < 1000; i++)
            *byte ^= 0x55, hash[i % 32] ^= (uint8_t)i;
        outcomes[0] = result_of(world, 0);
        assert_true(outcomes[0] == 1 || outcomes[0] == -EBADMSG || outcomes[0] == 0);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (now.tv_sec - start_time.tv_sec < 2);
    orc_compartment_kill(world->compartment);
    wait_for(world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registers_and_shares),
        cmocka_unit_test(test_hostile_registrant),
        cmocka_unit_test(test_hash_field_is_published_as_zeros),
        cmocka_unit_test(test_quotas),
        cmocka_unit_test(test_constant_data),
        cmocka_unit_test(test_binding_by_handle),
        cmocka_unit_test(test_domains),
        cmocka_unit_test(test_revocation),
        cmocka_unit_test(test_revoked_objects_dont_come_back),
        cmocka_unit_test(test_reclaimed_addresses_wait_for_threads),
        cmocka_unit_test(test_rejected_text_leaves_its_place),
        cmocka_unit_test(test_registering_counts_for_life),
#if !__has_feature(address_sanitizer)
        cmocka_unit_test(test_retires_without_mappings_to_spare),
#endif
        cmocka_unit_test(test_many_register_at_once),
        cmocka_unit_test(test_revocation_while_many_register),
        cmocka_unit_test(test_content_changes_during_the_call),
    };
    return run_as_tap("intravisor-store", tests, sizeof tests / sizeof *tests);
}
