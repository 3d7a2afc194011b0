/* Calls functions of programs in compartments: two tenants run the same program, each with its own state;
 * memory is passed by the guest's own malloc; a function that isn't there, one that takes too long, and one
 * that faults are errors of one call.
 *
 * Usage: call PROGRAM (build/examples/functions) */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orc/launch.h"

#define SECOND UINT64_C(1000000000)

struct tenant {
    struct orc_compartment *compartment;
    struct orc_calls *calls;
};

static void check(int status, const struct orc_error *error, const char *what) {
    if (status >= 0)
        return;
    fprintf(stderr, "call: can't %s: %s\n", what, error->message);
    exit(1);
}

/* The program's directory is its root. */
static void launch(struct orc_cell *cell, struct orc_launcher *launcher, const char *path, const char *name,
                   struct tenant *tenant) {
    struct orc_error error;
    struct orc_launch_mount mounts[] = {{.path = "/"}, {.path = "/program"}};
    check(orc_launch_open(cell, path, ORC_LAUNCH_REFUSED, &mounts[1], &error), &error, "open the program");
    char *arguments[] = {"program", NULL};
    const struct orc_launch launch = {.program = "/program",
                                      .arguments = arguments,
                                      .mounts = mounts,
                                      .mount_count = 2,
                                      .options = {.name = name},
                                      .calls = &tenant->calls};
    check(orc_launch(launcher, &launch, &tenant->compartment, &error), &error, "launch the program");
    orc_file_release(mounts[1].file);
}

static void end(struct tenant *tenant) {
    struct orc_result result;
    orc_compartment_kill(tenant->compartment);
    orc_compartment_wait(tenant->compartment, UINT64_MAX, &result);
    orc_calls_close(tenant->calls);
    orc_compartment_destroy(tenant->compartment);
}

static int64_t call(const struct tenant *tenant, const char *function, uint64_t argument) {
    struct orc_error error;
    int64_t result = 0;
    check(orc_launch_call(tenant->calls, function, &argument, 1, 10 * SECOND, &result, &error), &error,
          "call");
    return result;
}

static void expect_error(const struct tenant *tenant, const char *function, uint64_t argument, uint64_t time,
                         int code) {
    struct orc_error error = {0};
    int64_t result = 0;
    int status = orc_launch_call(tenant->calls, function, &argument, 1, time, &result, &error);
    if (status != -code) {
        fprintf(stderr, "call: %s answered %d instead of %d\n", function, status, -code);
        exit(1);
    }
    printf("%s\n", error.message);
}

/* Guest memory is the tenant's: what it answers is checked before it's used. */
static char *memory_at(const struct tenant *tenant, int64_t address, size_t size) {
    if (address <= 0 || (uint64_t)address > ORC_SLOT_SIZE - size) {
        fprintf(stderr, "call: the tenant names memory at %lld\n", (long long)address);
        exit(1);
    }
    return (char *)orc_compartment_slot(tenant->compartment) + address;
}

static void keep(const struct tenant *tenant, const char *word) {
    size_t size = strlen(word) + 1;
    int64_t address = call(tenant, "malloc", size);
    memcpy(memory_at(tenant, address, size), word, size);
    call(tenant, "keep", (uint64_t)address);
    call(tenant, "free", (uint64_t)address);
}

int main(int argc, char **argv) {
    struct orc_cell *cell;
    struct orc_launcher *launcher;
    struct orc_error error;
    struct tenant alice, bob;
    if (argc != 2) {
        fprintf(stderr, "usage: call PROGRAM\n");
        return 2;
    }
    check(orc_cell_create(NULL, &cell, &error), &error, "make a cell");
    check(orc_launcher_create(cell, NULL, &launcher, &error), &error, "load the dynamic linker");
    launch(cell, launcher, argv[1], "alice", &alice);
    launch(cell, launcher, argv[1], "bob", &bob);
    check(orc_cell_lock_down(cell, &error), &error, "lock down");

    for (int i = 0; i < 3; i++)
        call(&alice, "count", 10);
    printf("alice %lld, bob %lld\n", (long long)call(&alice, "count", 0), (long long)call(&bob, "count", 5));
    keep(&alice, "alice's");
    keep(&bob, "bob's");
    keep(&alice, "words");
    printf("alice: %.20s; bob: %.20s\n", memory_at(&alice, call(&alice, "kept", 0), 20),
           memory_at(&bob, call(&bob, "kept", 0), 20));

    expect_error(&alice, "no_such_function", 0, SECOND, ENOENT);
    expect_error(&alice, "environ", 0, SECOND, ENOENT); /* a variable */
    expect_error(&alice, "sleep_and_count", 1, SECOND / 10, ETIMEDOUT);
    expect_error(&alice, "count", 0, SECOND / 10, EBUSY);
    printf("alice %lld: the call went on\n", (long long)call(&alice, "count", 0));
    expect_error(&alice, "fail", 0, 10 * SECOND, ESRCH);
    printf("bob %lld: nothing happened to him\n", (long long)call(&bob, "count", 0));
    end(&alice);
    end(&bob);
    orc_launcher_destroy(launcher);
    return orc_cell_destroy(cell) == 0 ? 0 : 1;
}
