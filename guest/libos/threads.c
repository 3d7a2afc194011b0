/* Threads: each is a host thread with a control stack of its own; what the guest gives it is the data stack and the
 * thread's block. */
#define _GNU_SOURCE
#include "files.h"
#include "synthetic.h"
#include "thread.h"

#include "memory.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

struct libos_lock thread_list_lock;
struct libos_thread *thread_list;

struct libos_thread *libos_find_thread(long id) {
    struct libos_thread *thread = thread_list;
    if (id == sys_getpid())
        id = FIRST_THREAD;
    while (thread && thread->id != (uint32_t)id)
        thread = thread->next;
    return thread;
}

bool libos_has_thread(long id) {
    libos_lock(&thread_list_lock);
    bool found = libos_find_thread(id);
    libos_unlock(&thread_list_lock);
    return found;
}

uint32_t libos_thread_number(const struct libos_thread *thread) {
    return thread->id == FIRST_THREAD ? (uint32_t)sys_getpid() : thread->id;
}

/* --- Names: a thread begins with its creator's, the first one with the program's. */

static void set_name(struct libos_thread *thread, const char *name) {
    size_t length = strnlen(name, sizeof thread->name - 1);
    memset(thread->name, 0, sizeof thread->name);
    memcpy(thread->name, name, length);
}

static void name_first(struct libos_thread *thread) {
    const char *path = (const char *)(uintptr_t)libos_boot->program, *slash = strrchr(path, '/');
    set_name(thread, slash ? slash + 1 : path);
}

long libos_thread_get_name(long id, char name[16]) {
    libos_lock(&thread_list_lock);
    const struct libos_thread *thread = libos_find_thread(id ? id : libos_own_id());
    if (thread)
        memcpy(name, thread->name, sizeof thread->name);
    libos_unlock(&thread_list_lock);
    return thread ? 0 : -ESRCH;
}

long libos_thread_set_name(long id, const char *name) {
    libos_lock(&thread_list_lock);
    struct libos_thread *thread = libos_find_thread(id ? id : libos_own_id());
    if (thread)
        set_name(thread, name);
    libos_unlock(&thread_list_lock);
    return thread ? 0 : -ESRCH;
}

/* --- The first thread: its block moves once, from libc.so's own memory to the place that ld.so allocates. */

void libos_thread_first(void *state, const struct orc_boot *boot) {
    struct libos_thread *self = state;
    libos_start(boot);
    self->id = (uint32_t)orc_hostcall(ORC_THREAD_ID, 0, 0, 0, 0, 0);
    name_first(self);
    thread_list = self;
    process_start();
    privileges_start();
    names_start();
    libos_signals_start();
    files_start();
}

void libos_thread_move(void *old_state, void *new_state) {
    struct libos_thread *old = old_state, *new = new_state;
    *new = *old;
    thread_list = new; /* it is the only one */
}

uint32_t libos_thread_next(uint32_t from) {
    uint32_t found = 0;
    libos_lock(&thread_list_lock);
    for (const struct libos_thread *thread = thread_list; thread; thread = thread->next)
        if (thread->id >= from && (!found || thread->id < found))
            found = thread->id;
    libos_unlock(&thread_list_lock);
    return found;
}

bool libos_thread_exists(uint32_t id) {
    return id && libos_thread_next(id) == id;
}

/* --- Start and end */

int libos_thread_create(const struct libos_new_thread *new) {
    struct libos_thread *self = libos_enter(), *state = new->state;
    long result;
    *state = (struct libos_thread){
        .clear_id = (uint32_t)(uintptr_t)new->clear_id, .mask = self->mask};
    memcpy(state->name, self->name, sizeof state->name);
    struct orc_thread_start start = {
        .entry = (uint32_t)(uintptr_t)new->function,
        .stack = (uint32_t)(uintptr_t)new->stack,
        .thread_pointer = (uint32_t)(uintptr_t)new->thread_pointer,
        .argument = (uint32_t)(uintptr_t)new->argument,
        .id_address = (uint32_t)(uintptr_t)new->id,
    };
    libos_threaded = true;
    /* The new thread can't end, nor be found by its id, before it is on the list. */
    libos_lock(&thread_list_lock);
    result = libos_may_start_thread() ? orc_hostcall(ORC_THREAD_CREATE, (long)&start, 0, 0, 0, 0) : -EAGAIN;
    if (result >= 0) {
        /* The Intravisor stores it as well, before the new thread runs; that may be after this call. */
        state->id = (uint32_t)result;
        *new->id = (int)result;
        /* Behind the first one, as who looks for a thread that takes a signal begins there: so does Linux. */
        state->next = thread_list->next;
        thread_list->next = state;
    }
    libos_unlock(&thread_list_lock);
    while (libos_leave(self, SYS_clone, &result))
        ;
    return (int)result;
}

/* After this nobody interrupts the thread any more: who does holds the lock, and an interrupt that was sent before
 * arrives no later than with the next hostcall. */
static void leave_list(struct libos_thread *self) {
    libos_lock(&thread_list_lock);
    for (struct libos_thread **link = &thread_list; *link; link = &(*link)->next)
        if (*link == self) {
            *link = self->next;
            break;
        }
    libos_signals_forget(self);
    libos_unlock(&thread_list_lock);
    orc_hostcall(ORC_YIELD, 0, 0, 0, 0, 0);
}

_Noreturn void sys_exit(long status) {
    struct libos_thread *self = libos_self();
    (void)status;
    libos_robust_exit(self);
    leave_list(self);
    for (;;)
        orc_hostcall(ORC_THREAD_EXIT, self->clear_id, 0, 0, 0, 0);
}

_Noreturn void libos_thread_unmap_and_exit(void *base, size_t size) {
    struct libos_thread *self = libos_enter();
    leave_list(self);
    libos_lock(&libos_memory_lock);
    libos_forget_pages((unsigned long)base, size);
    __orc_unmap_and_exit(base, size, (int *)(uintptr_t)self->clear_id, &libos_memory_lock.word);
}

_Noreturn void sys_exit_group(long status) {
    for (;;)
        orc_hostcall(ORC_EXIT, status & 0xff, 0, 0, 0, 0);
}

/* Nobody handled it. */
_Noreturn void libos_end_by_signal(int signal) {
    for (;;)
        orc_hostcall(ORC_EXIT, ORC_EXIT_SIGNAL | (128 + signal), 0, 0, 0, 0);
}

long sys_set_tid_address(long address) {
    struct libos_thread *self = libos_self();
    self->clear_id = (uint32_t)address;
    return libos_thread_number(self);
}

/* The C library sets its thread pointers by hostcalls of its own, and nobody else may. */
long sys_arch_prctl(long code, long address) {
    (void)code, (void)address;
    return -EINVAL;
}

long sys_gettid(void) {
    uint32_t id = libos_own_id();
    return id == FIRST_THREAD ? sys_getpid() : (long)id;
}

long sys_sched_yield(void) {
    return orc_hostcall(ORC_YIELD, 0, 0, 0, 0, 0);
}
