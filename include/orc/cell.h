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
#include "orc/zygote.h"

struct orc_cell;
struct orc_object;
struct orc_compartment;
struct orc_thread;
struct orc_result;

struct orc_error {
    char message[256];
};

struct orc_cell_options {
    /* Takes lines for the operator: what a guest says by ORC_LOG (its bytes as they are: not to be trusted on
     * a terminal), and why an object that a guest registers was rejected. Called on threads of the
     * Intravisor, perhaps under its locks: it must not call back. NULL: they are dropped. */
    void (*log)(void *context, const char *compartment, const char *line, size_t length);
    void *log_context;
    int64_t patience; /* ns that a guest thread has to run, or wait, on a host thread before it may rest (ORC_POLL);
                         0: a quarter of a second */
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
    const void *imports;   /* imports_size bytes; NULL: zeros, which is all that it may hold */
    const void *data;      /* data_file_size bytes */
    const void *text;      /* text_size bytes */
    const struct orc_relocation *relocations; /* sorted by offset, without overlap */
    const char *name;                         /* for people, at most 64 bytes; may be NULL */
    uint32_t hash_field; /* where the constants hold the note's hash, which counts as zeros; 0: they don't */
};

/* Copies, relocates, verifies and maps an object's text. -EINVAL for an image that breaks the layout's rules;
 * -ENOEXEC when the verifier rejects it: each rejection goes to `report` (which may be NULL). */
int orc_object_create(struct orc_cell *cell, const struct orc_object_image *image,
                      orc_report_function *report, void *context, struct orc_object **object,
                      struct orc_error *error);

/* -EBUSY while a compartment holds it. */
int orc_object_destroy(struct orc_object *object);

/* From here on no compartment of the cell gets an object of this hash, in whatever domain, nor can one
 * register it (-EKEYREVOKED); those that use it are killed. -ENOENT: the cell holds none. */
int orc_cell_revoke(struct orc_cell *cell, const uint8_t hash[ORC_HASH_SIZE], struct orc_error *error);

/* The guest address that the object's offsets count from, the same in every compartment. */
uint32_t orc_object_base(const struct orc_object *object);

struct orc_compartment_options {
    const char *name; /* for reports, at most 31 bytes; copied. NULL: "compartment" and its number */
    const char
        *domain;     /* sharing domain, at most 31 bytes: objects are seen inside it only. NULL: the cell's */
    uint64_t memory; /* bytes that the guest may have mapped; 0: all of the slot */
    uint64_t registered; /* bytes of the object window that its registrations may take, 64 KiB more for each,
                            in all its life; 0: 1 GiB */
    unsigned threads, handles, objects; /* 0: 1024, 4096, 256 */
    size_t control_stack;               /* of each thread, bytes; 0: 1 MiB */
    bool bare;                          /* only the hostcalls of a bare compartment */
};

/* A new compartment with an empty slot. `options` may be NULL. */
int orc_compartment_create(struct orc_cell *cell, const struct orc_compartment_options *options,
                           struct orc_compartment **compartment, struct orc_error *error);

/* Gives back everything it held. -EBUSY while it has threads: kill it and wait for it first. */
int orc_compartment_destroy(struct orc_compartment *compartment);

/* Rights of a granted file or directory. */
#define ORC_GRANT_READ 1u
#define ORC_GRANT_WRITE 2u

/* Gives the compartment a host file descriptor of any kind (the descriptor is duplicated once per call; grant
 * one descriptor to many compartments with orc_file). A directory grants everything beneath it. Handles are
 * given out from 0 upwards, before the compartment is started. */
struct orc_file; /* a host file descriptor that compartments share */
int orc_file_create(struct orc_cell *cell, int fd, struct orc_file **file, struct orc_error *error);
void orc_file_release(struct orc_file *file);
int orc_compartment_grant_file(struct orc_compartment *compartment, struct orc_file *file, unsigned rights,
                               uint32_t *handle, struct orc_error *error);

/* What a compartment may bind its sockets to, or connect them to. Where it may bind datagrams, it may also join the
 * multicast groups among the addresses. */
struct orc_network_grant {
    bool connect;                   /* else: bind and listen */
    int type;                       /* SOCK_STREAM, SOCK_DGRAM, or 0 for both */
    int family;                     /* AF_INET, AF_INET6; 0: both, any address */
    uint8_t address[16];            /* network byte order */
    unsigned prefix;                /* bits of the address that count; 0: any */
    uint16_t first_port, last_port; /* host byte order */
};
int orc_compartment_grant_network(struct orc_compartment *compartment, const struct orc_network_grant *grant,
                                  struct orc_error *error);

/* Where its first thread starts. */
struct orc_start {
    struct orc_object *object; /* granted: it is mapped and gets a handle */
    uint32_t entry;            /* offset of an entry point: called with the address of argc */
    const void *start_info;    /* the block at ORC_START_INFO, with guest addresses in it; copied */
    size_t start_info_size;

    /* A clone of a zygote, in place of all that: see orc_compartment_freeze. */
    struct orc_compartment *zygote;
    int image;                               /* its memory, at the offsets of the slot: a memory file */
    const struct orc_clone_info *clone_info; /* for the guest: ORC_CLONE_INFO */
};

/* Starts the compartment's first thread on a host thread of the Intravisor's. Once per compartment. */
int orc_compartment_start(struct orc_compartment *compartment, const struct orc_start *start,
                          struct orc_error *error);

/* A compartment that is to be frozen lets its threads be parked, by ORC_FREEZE. It's asked to by
 * ORC_FREEZE_SIGNAL, sent every few milliseconds until it begins to; that may take a while, or never happen.
 * When statistics tell that all threads are parked, the compartment is a zygote, as long as it isn't told to
 * go on: nothing runs in it, its memory can be copied, and compartments can be started as its clones: the
 * same objects under the same handles, bound alike, the same threads, each of which returns from ORC_FREEZE
 * with 1. Their files must have been granted and their memory mapped (orc_compartment_map_image) before. A
 * clone has its zygote's sharing domain; its quotas are its own. When its start fails, kill it. */
void orc_compartment_freeze(struct orc_compartment *compartment, bool freeze);

/* Maps a part of a memory file as private guest memory, where the guest may map itself: at its own offset.
 * The file must be sealed against shrinking. `protection`: PROT_READ, PROT_WRITE. */
int orc_compartment_map_image(struct orc_compartment *compartment, int image, uint32_t start, uint64_t size,
                              int protection);

/* The guest's memory, as ORC_MEMORY_RANGE tells it. */
struct orc_memory_range;
int orc_compartment_memory_range(struct orc_compartment *compartment, uint32_t address,
                                 struct orc_memory_range *range);

/* Starts it, waits for its end, and needs no thread of the Intravisor's for that: the first guest thread runs
 * on the calling thread, as in orc_call, other guest threads as always. Saves two changes of threads, which
 * is most of what a short life costs on an idle machine. Not for clones, and not from a function that the
 * Intravisor calls (log, on_end). Don't destroy the compartment before it has returned. */
int orc_compartment_run(struct orc_compartment *compartment, const struct orc_start *start,
                        struct orc_result *result, struct orc_error *error);

/* Waits until it has ended: 0; -ETIMEDOUT after `nanoseconds` (UINT64_MAX: never). May be asked again. */
int orc_compartment_wait(struct orc_compartment *compartment, uint64_t nanoseconds,
                         struct orc_result *result);

/* Called once, on a thread of the Intravisor's, when a started compartment has ended: for event loops. As long as it
 * runs, no dormant thread of the cell may go on. */
void orc_compartment_on_end(struct orc_compartment *compartment, void (*function)(void *context),
                            void *context);

/* Ends all its threads, wherever they are, within milliseconds; the result is ORC_STOPPED. */
void orc_compartment_kill(struct orc_compartment *compartment);

/* Makes signal 1 to 31, or ORC_FREEZE_SIGNAL, pending in the guest and interrupts its first thread. SIGKILL
 * kills. */
int orc_compartment_signal(struct orc_compartment *compartment, int signal);

struct orc_statistics {
    uint64_t processor_time, user_time, system_time; /* ns, all threads, those that ended included */
    uint64_t memory, memory_limit;                   /* bytes that the guest has mapped */
    uint64_t shared;                                 /* bytes of objects mapped into it */
    uint64_t cls;                                    /* bytes of their data: each has its own, once written */
    uint64_t resident, cls_written, page_tables;     /* 0; orc/launch.h counts pages */
    uint64_t hostcalls, registered;
    unsigned threads, parked, handles, objects;
    bool running;
};
int orc_compartment_statistics(struct orc_compartment *compartment, struct orc_statistics *statistics);

/* Calls `visit` for each compartment of the cell, under the cell's lock, until it returns false. */
void orc_cell_compartments(struct orc_cell *cell,
                           bool (*visit)(void *context, struct orc_compartment *compartment), void *context);
const char *orc_compartment_name(const struct orc_compartment *compartment);

/* Calls `visit` for each object, likewise. */
struct orc_object_statistics {
    uint8_t hash[ORC_HASH_SIZE];
    char name[65];
    uint32_t base, size; /* bytes of the window */
    uint32_t shared;     /* bytes that every user shares */
    unsigned users;
};
void orc_cell_objects(struct orc_cell *cell,
                      bool (*visit)(void *context, const struct orc_object_statistics *object),
                      void *context);

/* From here on this process can make only the system calls that a cell needs, and can gain no privileges
 * (seccomp, no_new_privs); nor can it be traced or dumped. Call it when everything is opened that the
 * embedder needs. */
int orc_cell_lock_down(struct orc_cell *cell, struct orc_error *error);

/* Maps the object's constants, import table (all entries unbound) and data into the slot. */
int orc_compartment_grant(struct orc_compartment *compartment, struct orc_object *object,
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
    ORC_FAULT_DATA, /* `address` in the slot isn't mapped, or not for this access; SIGBUS: it's past the end of a mapped
                       file, or the file can't be read */
    ORC_FAULT_CODE,          /* `address` in the code space holds no code */
    ORC_FAULT_CONTROL_STACK, /* calls nested too deep */
    ORC_FAULT_INSTRUCTION, /* trap, invalid opcode, division, misaligned operand: `address` has no meaning */
    ORC_FAULT_OUTSIDE,     /* a data access outside the slot: the isolation is broken */
    ORC_FAULT_MEMORY, /* a write to `address`, a file's page mapped privately, would need memory beyond the quota: SIGKILL */
};

#define ORC_FAULT_FRAMES 32

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
    uint32_t frames[ORC_FAULT_FRAMES]; /* the return addresses on the control stack, innermost first */
    unsigned frame_count;              /* how many of them are there; deeper ones are left out */
};

struct orc_result {
    enum orc_outcome outcome;
    int64_t value;
    struct orc_fault fault;
};

/* Prepares the calling host thread to run code of the compartment: a region with the control stack and a
 * signal stack. From the host thread's first orc_thread_create until its last orc_thread_destroy all signals
 * stay blocked but the synchronous ones and the cell's own: a handler of the embedder must never run on a
 * control stack. -EBUSY for a compartment that was started without such a thread. */
int orc_thread_create(struct orc_compartment *compartment, struct orc_thread **thread,
                      struct orc_error *error);
int orc_thread_destroy(struct orc_thread *thread);

/* Calls the entry point at code address `entry` in an object that the compartment holds. All registers of the
 * guest are as given (rsp is ignored), everything else is cleared; rbp is the data stack. `nanoseconds` of
 * time, 0 for no limit (-EAGAIN when the kernel has no timer for it). -ENOENT when that isn't an entry point,
 * -EPERM on another host thread than the thread's own, -EBUSY inside another call (from the cell's log function). */
int orc_call(struct orc_thread *thread, uint32_t entry, const struct orc_registers *registers,
             uint64_t nanoseconds, struct orc_result *result);

/* Ends the call that the thread is in (or else its next one), from any host thread, within milliseconds. */
void orc_thread_stop(struct orc_thread *thread);

#endif
