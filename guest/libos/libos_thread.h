/* Between the C library's threads and the libOS (src/orc/thread.c of the overlay, threads.c, signals.c). */
#ifndef LIBOS_THREAD_H
#define LIBOS_THREAD_H

#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

struct orc_boot;
struct libos_thread;

/* The thread's libOS state: its address stands at %fs:0x30, the state itself in the thread's block. */
#define LIBOS_THREAD_POINTER_OFFSET 0x30
#define LIBOS_THREAD_SIZE 256

struct libos_new_thread {
    int (*function)(void *); /* never returns */
    void *argument, *stack, *thread_pointer, *state;
    int *id, *clear_id;
};

void libos_thread_first(void *state, const struct orc_boot *boot);
void libos_thread_move(void *old_state, void *new_state);
int libos_thread_create(const struct libos_new_thread *thread);
_Noreturn void libos_thread_unmap_and_exit(void *base, size_t size);

/* Around a system call that is a cancellation point. */
void libos_cancellation_point(int inside);

/* Of the C library: whether pthread_cancel has hit the calling thread and it minds. */
bool __orc_is_cancelled(void);

/* stack.S */
void __orc_call_on_stack(void (*function)(void *), void *argument, void *top);
_Noreturn void __orc_unmap_and_exit(void *base, size_t size, int *clear_id, int *lock);

#pragma GCC visibility pop

/* Where the thread takes alloca() from. Every object's code calls it. */
void **__orc_dynamic_stack(void);

#endif
