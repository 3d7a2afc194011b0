/* Two tenants share one object, and one of them turns hostile. Shows the embedding API (include/orc/cell.h).
 *
 * usage: tenants COUNTER-OBJECT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../embed/object_file.h"
#include "orc/cell.h"
#include "orc/bare.h"

enum { COUNT, TOTAL, READ, WRITE, RECURSE };

struct tenant {
    const char *name;
    struct orc_compartment *compartment;
    struct orc_thread *thread;
};

static struct orc_error error;
static uint32_t entry;
static int unexpected;

static void check(int status, const char *what) {
    if (status < 0) {
        fprintf(stderr, "tenants: %s: %s: %s\n", what, strerror(-status), error.message);
        exit(1);
    }
}

static struct orc_result call(const struct tenant *tenant, long what, uint64_t value) {
    const struct orc_registers registers = {.rdi = (uint64_t)what, .rsi = value, .rbp = ORC_FIRST_STACK_END};
    struct orc_result result;
    check(orc_call(tenant->thread, entry, &registers, 1000000000, &result), "call");
    return result;
}

static void expect_value(const struct tenant *tenant, const char *does, long what, uint64_t argument, int64_t value) {
    struct orc_result result = call(tenant, what, argument);
    bool right = result.outcome == ORC_RETURNED && result.value == value;
    unexpected += !right;
    printf("  %-6s %-46s -> %lld%s\n", tenant->name, does, (long long)result.value, right ? "" : "   UNEXPECTED");
}

static void expect_fault(const struct tenant *tenant, const char *does, long what, uint64_t argument) {
    struct orc_result result = call(tenant, what, argument);
    bool right = result.outcome == ORC_FAULTED && result.fault.kind != ORC_FAULT_OUTSIDE;
    unexpected += !right;
    printf("  %-6s %-46s -> %s at counter.so+0x%x%s\n", tenant->name, does,
           result.outcome == ORC_FAULTED ? strsignal(result.fault.signal) : "no fault", result.fault.offset,
           right ? "" : "   UNEXPECTED");
}

static struct tenant admit(struct orc_cell *cell, const char *name, struct orc_object *object) {
    static const char start_info[8];
    struct tenant tenant = {.name = name};
    const struct orc_compartment_options options = {.bare = true};
    check(orc_compartment_create(cell, &options, &tenant.compartment, &error), "create a compartment");
    check(orc_compartment_grant(tenant.compartment, object, &error), "grant the object");
    check(orc_compartment_map_bare(tenant.compartment, start_info, sizeof start_info, &error), "map memory");
    check(orc_thread_create(tenant.compartment, &tenant.thread, &error), "create a thread");
    return tenant;
}

static void evict(struct tenant *tenant) {
    check(orc_thread_destroy(tenant->thread), "destroy the thread");
    check(orc_compartment_destroy(tenant->compartment), "destroy the compartment");
}

/* How often the object's code is mapped in this process. */
static int count_mappings(uint32_t text) {
    char line[512];
    int count = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps)) {
        unsigned long start, end;
        char rights[8];
        if (sscanf(line, "%lx-%lx %7s", &start, &end, rights) == 3 && strchr(rights, 'x') && start <= text && text < end)
            count++;
    }
    if (maps)
        fclose(maps);
    return count;
}

int main(int argc, char **argv) {
    struct object_file file;
    struct orc_cell *cell;
    struct orc_object *object;
    if (argc != 2) {
        fprintf(stderr, "usage: tenants COUNTER-OBJECT\n");
        return 1;
    }
    if (!object_file_open(&file, argv[1], &error)) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    const struct orc_object_image image = {
        .layout = file.note.layout,
        .constants = file.constants,
        .relocated = file.relocated,
        .imports = file.imports,
        .data = file.data,
        .text = file.text,
        .relocations = file.relocations,
        .hash_field = file.hash_field,
        .name = "counter.so",
    };
    check(orc_cell_create(NULL, &cell, &error), "create the cell");
    check(orc_object_create(cell, &image, NULL, NULL, &object, &error), "register the object");
    entry = orc_object_base(object) + file.entry;
    struct tenant alice = admit(cell, "alice", object), bob = admit(cell, "bob", object);

    uint32_t text = orc_object_base(object) + file.note.layout.text;
    printf("one object, verified: %u bytes of code at 0x%x, mapped %d time, run by two tenants\n",
           file.note.layout.text_size, text, count_mappings(text));
    expect_value(&alice, "counts 5", COUNT, 5, 5);
    expect_value(&bob, "counts 100", COUNT, 100, 100);
    expect_value(&alice, "asks for its total", TOTAL, 0, 5);
    printf("bob turns hostile\n");
    uint64_t alice_host = (uint64_t)(uintptr_t)orc_compartment_slot(alice.compartment);
    expect_fault(&bob, "writes through a null pointer", WRITE, 0);
    expect_fault(&bob, "writes to alice's slot by its host address", WRITE, alice_host + ORC_HEAP_END);
    expect_fault(&bob, "overwrites the code", WRITE, text);
    expect_fault(&bob, "reads the code", READ, text);
    expect_fault(&bob, "reads past the end of its slot", READ, 0xffffffff);
    expect_fault(&bob, "calls itself for ever", RECURSE, 0);
    printf("and nothing happened to anyone else\n");
    expect_value(&alice, "asks for its total", TOTAL, 0, 5);
    expect_value(&alice, "counts 5", COUNT, 5, 10);

    evict(&alice);
    evict(&bob);
    check(orc_object_destroy(object), "destroy the object");
    check(orc_cell_destroy(cell), "destroy the cell");
    object_file_close(&file);
    return unexpected != 0;
}
