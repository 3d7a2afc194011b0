/* A cell: this process' low 4 GiB as code space, with the gates in it. */
#include <asm/hwcap2.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "floats.h"
#include "orc/hostcall.h"
#include "store.h"
#include "thread.h"

#ifndef CODE_SPACE_END /* as SLOTS in arena.c */
#define CODE_SPACE_END LOW_SPACE_END
#endif
#define CODE_SPACE_SIZE (CODE_SPACE_END - (uint64_t)ORC_GATES)

_Static_assert(CODE_SPACE_END > ORC_WINDOW_END, "the window lies in the code space");

static struct orc_cell the_cell; /* a process has one, since it has one code space */
static bool is_cell;

static int reserve_code_space(struct orc_error *error) {
    void *wanted = (void *)(uintptr_t)ORC_GATES;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
    void *got = mmap(wanted, CODE_SPACE_SIZE, PROT_NONE, flags, -1, 0);
    if (got == wanted)
        return 0;
    int code = got == MAP_FAILED ? errno : EEXIST;
    if (got != MAP_FAILED) /* a kernel that takes the address as a hint */
        munmap(got, CODE_SPACE_SIZE);
    return fail(error, code,
                "can't reserve the code space from 0x%x on: %s. Is vm.mmap_min_addr above that, or is this "
                "no position-independent executable?",
                ORC_GATES, strerror(code));
}

static void put_gate(uint8_t *at, const uint8_t *code, const uint8_t *end) {
    size_t size = (size_t)(end - code);
    if (size > ORC_GATE_SIZE)
        abort();
    memcpy(at, code, size);
}

/* One page of int3, with the gates' code at its start. Anything else an indirect branch could land on is no
 * entry. */
static int map_gates(struct orc_error *error) {
    uint8_t *page = (uint8_t *)(uintptr_t)ORC_GATES;
    int status = map_fixed(page, ORC_PAGE_SIZE, PROT_READ | PROT_WRITE);
    if (status < 0)
        return failed(error, -status, "can't map the gates");
    memset(page, 0xcc, ORC_PAGE_SIZE);
    put_gate(page, orc_gate_code, orc_gate_code_end);
    put_gate(page + ORC_FLOAT_GATE - ORC_GATES, orc_float_gate_code, orc_float_gate_code_end);
    if (mprotect(page, ORC_PAGE_SIZE, PROT_READ | PROT_EXEC) != 0)
        return failed(error, errno, "can't make the gates executable");
    return 0;
}

/* ORC_ARCH_PRCTL=1 forces the fallback, for tests of it. */
static bool has_fsgsbase(void) {
    const char *forced = getenv("ORC_ARCH_PRCTL");
    return (!forced || strcmp(forced, "1") != 0) && (getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE) != 0;
}

/* What the whole process gives to a cell; undone by the caller from the point that failed. */
static int occupy(struct orc_error *error) {
    if (set_thread_pointer(0) != 0)
        return fail(error, ENOTSUP, "this C library uses a word that it is to leave to guests (segment_base.h)");
    int status = reserve_code_space(error);
    if (status < 0)
        return status;
    status = map_gates(error);
    if (status == 0)
        status = arena_check(error);
    if (status == 0 && (status = handlers_install()) < 0)
        failed(error, -status, "can't install the fault handlers");
    if (status < 0)
        munmap((void *)(uintptr_t)ORC_GATES, CODE_SPACE_SIZE);
    return status;
}

static void unmake(struct orc_cell *cell) {
    store_destroy(cell->store);
    pthread_mutex_destroy(&cell->lock);
    pthread_mutex_destroy(&cell->list_lock);
    __atomic_store_n(&is_cell, false, __ATOMIC_SEQ_CST);
}

int orc_cell_create(const struct orc_cell_options *options, struct orc_cell **cell, struct orc_error *error) {
    if (__atomic_exchange_n(&is_cell, true, __ATOMIC_SEQ_CST))
        return fail(error, EBUSY, "this process is a cell already");
    the_cell = (struct orc_cell){
        .fsgsbase = has_fsgsbase(),
        .avx = __builtin_cpu_supports("avx"),
        .mxcsr_reserved = mxcsr_reserved(),
        .log = options ? options->log : NULL,
        .log_context = options ? options->log_context : NULL,
        .patience = options && options->patience ? options->patience : NANOSECONDS / 4,
        .store = store_create(),
    };
    pthread_mutex_init(&the_cell.lock, NULL);
    pthread_mutex_init(&the_cell.list_lock, NULL);
    /* A huge page for each small stack or heap is what thousands of compartments can't afford. */
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    int status = the_cell.store ? occupy(error) : fail(error, ENOMEM, "no memory for a cell");
    if (status < 0)
        unmake(&the_cell);
    else
        *cell = &the_cell;
    return status;
}

int orc_cell_destroy(struct orc_cell *cell) {
    if (!cell)
        return 0;
    {
        HOLD(cell->lock);
        if (cell->slots > 0 || cell->threads > 0 || !store_empty(cell))
            return -EBUSY;
    }
    workers_release(cell);
    handlers_remove();
    munmap((void *)(uintptr_t)ORC_GATES, CODE_SPACE_SIZE);
    unmake(cell);
    return 0;
}
