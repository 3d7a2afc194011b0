/* What the Intravisor's files share: the cell, its objects, its compartments.
 *
 * Locks, in the order in which they are taken: the cell's list_lock, a compartment's lock, the cell's lock, a
 * compartment's memory_lock. Under the last no guest memory is copied: a fault in that may want it. */
#ifndef ORC_INTRAVISOR_H
#define ORC_INTRAVISOR_H

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "orc/cell.h"

#define LOW_SPACE_END 0x100000000u
#define NAME_SIZE 32        /* of compartments and domains, with the terminating zero */
#define OBJECT_NAME_SIZE 65 /* likewise */

/* The cell's own signal. Nobody else uses it, and, unlike the real-time ones, it is sent however many are
 * queued. */
#define STOP_SIGNAL SIGSTKFLT

struct host_file;

struct orc_cell {
    bool fsgsbase, avx;
    uint32_t mxcsr_reserved;
    void (*log)(void *context, const char *compartment, const char *line, size_t length);
    void *log_context;

    pthread_mutex_t list_lock; /* guards the list of compartments, and keeps them from going */
    struct orc_compartment *compartments;
    uint64_t last_number;

    int64_t patience; /* ns that a thread has to have a host thread before it rests */

    pthread_mutex_t lock; /* guards the store (store.c), slots and regions, idle workers and dormant threads */
    struct orc_thread *dormant;
    struct store *store;
    struct orc_thread *idle_workers, *finished_workers;
    struct orc_thread *idle_regions; /* of embedders' threads that ran compartments */
    unsigned idle_worker_count;
    unsigned workers, threads, slots; /* threads: those of orc_thread_create */
};

/* An object in a compartment's slot. */
struct grant {
    struct grant *next;
    struct orc_object *object;
    struct import_table *table; /* NULL: nothing is bound */
    uint32_t handle;            /* ORC_NO_HANDLE: none yet */
    uint32_t count;             /* how often the guest got the handle, and may release it */
};

/* Guest memory with one protection, and its kind: ORC_RANGE_. Sorted by address; neighbours that could be one are
 * one. */
struct extent {
    uint32_t start, end;
    uint8_t kind, protection; /* what the guest may do */
    bool read_only;           /* no right to write: shared pages never get it */
    uint32_t mapping;         /* of a file: which of the compartment's; two of them never merge */
    struct host_file *file;   /* the same, with a reference; else NULL */
};

struct memory_map {
    struct extent *extents;
    unsigned count, space;
    uint32_t last_mapping;
    unsigned lazy;  /* extents whose pages are charged when they are written to; atomic */
    uint64_t bytes; /* of the extents that are charged, memory files, and the data of granted objects; atomic */
    uint64_t peak;  /* the greatest `bytes` so far */
};

struct processor_times {
    uint64_t all, user; /* ns; all is exact, user counts in ticks */
};

struct orc_compartment {
    struct orc_cell *cell;
    uint8_t *slot;
    char name[NAME_SIZE], domain[NAME_SIZE];
    struct orc_compartment_options limits;
    bool bare;
    struct orc_compartment *next, **link; /* the cell's list */

    pthread_mutex_t lock; /* guards what follows */
    struct orc_thread *threads;
    unsigned thread_count, worker_count; /* a worker is a thread of the Intravisor's */
    uint32_t last_thread_id;
    bool threaded; /* other threads than the first may use the C-list; never false again; atomic */
    bool started, ending, over; /* over: the last worker has gone, or it will never start */
    pthread_cond_t ended;
    struct orc_result result;
    void (*on_end)(void *context);
    void *on_end_context;
    struct processor_times spent; /* by threads that have ended */
    uint64_t hostcalls;           /* likewise */
    uint64_t faults;              /* likewise, and of threads that have rested */

    volatile uint32_t signals;      /* pending from outside; atomic */
    volatile uint32_t signal_entry; /* code address; atomic */

    struct capability *capabilities;
    uint32_t capability_space, handle_count, first_free;
    unsigned files[3]; /* of its own that are open, epolls and notifies apart, under a handle or in some thread's
                          call; atomic */
    struct orc_network_grant *networks;
    unsigned network_count;
    struct grant *grants;
    unsigned grant_count;
    uint64_t registered; /* bytes, in all its life */

    volatile uint32_t frozen;         /* a futex: parked threads wait while it is 1 */
    volatile unsigned parked;         /* threads in ORC_FREEZE; atomic */
    struct orc_clone_info clone_info; /* of a clone */

    pthread_mutex_t memory_lock;
    struct memory_map memory;
};

static inline uint64_t page_up(uint64_t size) {
    return (size + ORC_PAGE_SIZE - 1) & ~(uint64_t)(ORC_PAGE_SIZE - 1);
}

#define NANOSECONDS 1000000000
static inline int64_t to_nanoseconds(struct timespec time) {
    return (int64_t)time.tv_sec * NANOSECONDS + time.tv_nsec;
}
/* For times that aren't negative. */
static inline struct timespec to_timespec(int64_t nanoseconds) {
    return (struct timespec){nanoseconds / NANOSECONDS, nanoseconds % NANOSECONDS};
}

/* Takes an item out of a singly linked list that it is in. */
#define UNLINK(list, item, next)                                                                             \
    do {                                                                                                     \
        __typeof__(item) *link = &(list);                                                                    \
        while (*link != (item))                                                                              \
            link = &(*link)->next;                                                                           \
        *link = (item)->next;                                                                                \
    } while (0)

/* Holds a lock to the end of the scope. */
static inline pthread_mutex_t *lock_scope(pthread_mutex_t *lock) {
    pthread_mutex_lock(lock);
    return lock;
}
static inline void unlock_scope(pthread_mutex_t **lock) {
    pthread_mutex_unlock(*lock);
}
#define HOLD(lock) __attribute__((cleanup(unlock_scope), unused)) pthread_mutex_t *held = lock_scope(&(lock))

/* error.c: writes the message and returns -code. */
int fail(struct orc_error *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same for `what: the error's description`. */
int failed(struct orc_error *error, int code, const char *what);
/* A line for the operator. */
void call_operator(const struct orc_compartment *compartment, const char *line, size_t length);
void operator_log(const struct orc_compartment *compartment, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* memory.c: anonymous memory at exactly this address, in a range of ours. */
int map_fixed(void *address, uint64_t size, int protection);
/* Likewise of a file. */
int map_file(uint8_t *address, uint64_t size, int protection, int sharing, int file, uint64_t offset);
/* Takes the memory away again and keeps the range reserved. */
int unmap_fixed(void *address, uint64_t size);
/* An anonymous memory file that can be sealed, or -errno. */
int memory_file(const char *name, uint64_t size);
/* From here on nobody can change its content or size. No writable mapping may be left. */
int memory_file_seal(int file);

/* arena.c: where slots and regions lie. Nothing else of the process ever does, and what isn't in use costs
 * nothing. */
int arena_check(struct orc_error *error);
extern struct pieces slot_arena, region_arena; /* each aligned to its size */
/* A free piece, unmapped, or NULL. The cell's lock guards the arenas. */
uint8_t *arena_take(struct pieces *pieces);
void arena_give(struct pieces *pieces, uint8_t *piece); /* unmaps all of it */
/* The first piece in use from *index on, which moves behind it; NULL: there are no more. */
uint8_t *arena_next(const struct pieces *pieces, unsigned *index);

/* memory_map.c: the guest's memory. All return 0 or -errno; quotas are the compartment's. */
int memory_map(struct orc_compartment *compartment, uint64_t start, uint64_t size, int protection);
int memory_unmap(struct orc_compartment *compartment, uint64_t start, uint64_t size);
int memory_protect(struct orc_compartment *compartment, uint64_t start, uint64_t size, int protection);
int memory_discard(struct orc_compartment *compartment, uint64_t start, uint64_t size);
struct file_mapping {
    struct host_file *file;
    uint64_t offset;
    bool shared, read_only;
};
int memory_map_file(struct orc_compartment *compartment, uint64_t start, uint64_t size, int protection,
                    const struct file_mapping *mapping);
int memory_move(struct orc_compartment *compartment, uint64_t start, uint64_t size, uint64_t to, uint64_t new_size);
int memory_populate(struct orc_compartment *compartment, uint64_t start, uint64_t size, bool write);
/* A write to this address has failed: 0 when it is to be tried again, -ENOMEM beyond the quota, -EFAULT when it isn't
 * allowed. Called by the fault handler. */
int memory_fault(struct orc_compartment *compartment, uint32_t address);
/* Before the kernel writes to a range: -ENOMEM. What isn't mapped there is the kernel's to notice. */
int memory_prepare(struct orc_compartment *compartment, uint32_t start, uint64_t size);
/* Nothing is mapped any more. */
void memory_release(struct orc_compartment *compartment);
/* Memory files: their size counts as the compartment's memory, until they are closed and mapped nowhere. */
#define MOST_FILE (UINT64_C(1) << 40)
int memory_file_resize(struct orc_compartment *compartment, struct host_file *file, uint64_t size);
int64_t memory_file_write(struct orc_compartment *compartment, struct host_file *file, const void *buffer,
                          uint64_t length, uint64_t offset);
/* Bytes that count without being an extent. */
int memory_charge(struct orc_compartment *compartment, uint64_t bytes);
void memory_refund(struct orc_compartment *compartment, uint64_t bytes);

/* life.c: a condition that is waited for by the monotonic clock, and a time of it, 2^62 ns away at most. */
void make_condition(pthread_cond_t *condition);
struct timespec time_from_now(uint64_t nanoseconds);

/* compartment.c, life.c */
struct grant *compartment_grant_of(const struct orc_compartment *compartment,
                                   const struct orc_object *object);
/* The grant whose object's text holds the code address, or NULL. The caller holds the compartment's lock. */
struct grant *compartment_grant_at(const struct orc_compartment *compartment, uint32_t address);
/* Is there an entry point of a granted object at this code address? The caller holds the compartment's lock.
 */
bool compartment_has_entry(const struct orc_compartment *compartment, uint32_t address);
/* Ends all its threads `but` one (or NULL), the calling one; the first result stands. Likewise. */
void compartment_end(struct orc_compartment *compartment, const struct orc_result *result,
                     const struct orc_thread *but);
/* The grant's handle; the lowest free one if it has none yet, or -EMFILE, -ENOMEM. Likewise. */
int64_t capability_of_grant(struct orc_compartment *compartment, struct grant *grant, uint32_t lowest);
struct grant *capability_grant(const struct orc_compartment *compartment, uint64_t handle);
void capability_drop_grant(struct orc_compartment *compartment, struct grant *grant);
/* Everything in the C-list goes. */
void capabilities_release(struct orc_compartment *compartment);

/* zygote.c: instead of a program's start. The caller holds the compartment's lock. A thread or an error. */
int64_t clone_start(struct orc_compartment *compartment, const struct orc_start *start,
                    struct orc_error *error);

/* statistics.c: what a host thread has spent. */
struct processor_times thread_times(int tid);

/* fault.c */
int handlers_install(void);
void handlers_remove(void);

/* worker.c: ends all workers; no compartment is left. */
void workers_release(struct orc_cell *cell);

#endif
