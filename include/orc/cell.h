/* The Intravisor's embedding API: a cell, the objects it holds, compartments, and threads that call into
 * them.
 *
 * Functions return 0 or -errno; where there is a struct orc_error, it says what was tried, on what, and what
 * to do. Calls on one cell may come from several host threads; a thread is used by the host thread that
 * created it. */
#ifndef ORC_CELL_H
#define ORC_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "orc/abi.h"
#include "orc/object.h"
#include "orc/verifier.h"

struct orc_cell;
struct orc_object;
struct orc_compartment;
struct orc_thread;

struct orc_error {
    char message[256];
};

struct orc_cell_options {
    /* Switch segment bases by system call even where the FSGSBASE instructions work (the environment variable
     * ORC_ARCH_PRCTL=1 does the same): for tests of the fallback. */
    bool force_arch_prctl;
};

/* Makes this process a cell: reserves the code space and the threads' regions, maps the gates, installs the
 * fault handlers. A process has at most one (-EBUSY). `options` may be NULL. */
int orc_cell_create(const struct orc_cell_options *options, struct orc_cell **cell, struct orc_error *error);

/* Gives everything back; -EBUSY while objects, compartments or threads are left. */
int orc_cell_destroy(struct orc_cell *cell);

/* An object as a loader hands it over. The Intravisor copies it before it looks at it. */
struct orc_object_image {
    struct orc_object_layout layout;
    const void *constants; /* constants_size bytes */
    const void *relocated; /* relocated_size bytes */
    const void *data;      /* data_file_size bytes */
    const void *text;      /* text_size bytes */
    const struct orc_relocation *relocations;
};

/* Copies, relocates, verifies and maps an object's text. -EINVAL for an image that breaks the layout's rules;
 * -ENOEXEC when the verifier rejects it: each rejection goes to `report` (which may be NULL). */
int orc_object_create(struct orc_cell *cell, const struct orc_object_image *image,
                      orc_report_function *report, void *context, struct orc_object **object,
                      struct orc_error *error);

/* -EBUSY while a compartment holds it. */
int orc_object_destroy(struct orc_object *object);

/* The guest address that the object's offsets count from, the same in every compartment. */
uint32_t orc_object_base(const struct orc_object *object);

/* A new, empty slot. */
int orc_compartment_create(struct orc_cell *cell, struct orc_compartment **compartment,
                           struct orc_error *error);

/* -EBUSY while it has threads. */
int orc_compartment_destroy(struct orc_compartment *compartment);

/* Maps the object's constants, import table (all entries unbound) and data into the slot. */
int orc_compartment_grant(struct orc_compartment *compartment, struct orc_object *object,
                          struct orc_error *error);

/* Import-table entry `import` of `object` will lead to the entry point at offset `entry` of `target`. The
 * compartment holds both, and the verified text has an endbr64 there. */
int orc_compartment_bind(struct orc_compartment *compartment, struct orc_object *object, uint32_t import,
                         struct orc_object *target, uint32_t entry);

/* What a bare compartment finds mapped: the first stack's range and the heap, all of it read-write, committed
 * when touched; and `size` bytes of start information at ORC_START_INFO, read-only. */
int orc_compartment_map_bare(struct orc_compartment *compartment, const void *start_info, size_t size,
                             struct orc_error *error);

/* Where the slot begins in the host: for the embedder's own look at guest memory. */
uint8_t *orc_compartment_slot(const struct orc_compartment *compartment);

/* In the order of their numbers in machine code. */
struct orc_registers {
    uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15;
};

enum orc_outcome {
    ORC_NOTHING,  /* the guest never ran */
    ORC_RETURNED, /* the entry point returned `value` */
    ORC_EXITED,   /* exit hostcall: `value` is the status */
    ORC_FAULTED,  /* see `fault` */
    ORC_STOPPED,  /* orc_thread_stop, or the time was up */
};

enum orc_fault_kind {
    ORC_FAULT_DATA,          /* `address` in the slot isn't mapped, or not for this access */
    ORC_FAULT_CODE,          /* `address` in the code space holds no code */
    ORC_FAULT_CONTROL_STACK, /* calls nested too deep */
    ORC_FAULT_INSTRUCTION, /* trap, invalid opcode, division, misaligned operand: `address` has no meaning */
    ORC_FAULT_OUTSIDE,     /* a data access outside the slot: the isolation is broken */
};

struct orc_fault {
    enum orc_fault_kind kind;
    int signal;
    uint32_t address;
    uint32_t instruction;            /* code address of the faulting instruction */
    uint32_t offset;                 /* the same, from the base of `object` */
    const struct orc_object *object; /* NULL: no object stands there */
    uint64_t host_address;           /* what the processor reported */
    uint64_t flags;
    struct orc_registers registers;
};

struct orc_result {
    enum orc_outcome outcome;
    int64_t value;
    struct orc_fault fault;
};

struct orc_thread_options {
    size_t control_stack; /* bytes, 0 for the default of 1 MiB; rounded up to pages */
};

/* Prepares the calling host thread to run code of the compartment: a region with the control stack and a
 * signal stack. From the host thread's first orc_thread_create until its last orc_thread_destroy all signals
 * stay blocked but the synchronous ones and the cell's own: a handler of the embedder must never run with the
 * guest's segment bases. `options` may be NULL. */
int orc_thread_create(struct orc_compartment *compartment, const struct orc_thread_options *options,
                      struct orc_thread **thread, struct orc_error *error);
int orc_thread_destroy(struct orc_thread *thread);

/* Calls the entry point at code address `entry` in an object that the compartment holds. All registers of the
 * guest are as given (rsp is ignored), everything else is cleared; rbp is the data stack. `nanoseconds` of
 * time, 0 for no limit. -ENOENT when that isn't an entry point, -EPERM on another host thread than the
 * thread's own. */
int orc_call(struct orc_thread *thread, uint32_t entry, const struct orc_registers *registers,
             uint64_t nanoseconds, struct orc_result *result);

/* Ends the call that the thread is in (or else its next one), from any host thread, within milliseconds. */
void orc_thread_stop(struct orc_thread *thread);

#endif
