/* The libOS' own thread: it keeps the time for timers, and waits for what signals tell of (O_ASYNC). */
#ifndef LIBOS_SERVICE_H
#define LIBOS_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

struct file;
struct libos_thread;

/* Makes the thread if there is none: 0, -EAGAIN. It isn't in the list of threads, blocks all signals, and stays. */
long service_start(void);
/* It's to look again at what it waits for. */
void service_wake(void);
/* NULL: there is none. */
struct libos_thread *libos_service_thread(void);

/* timers.c: sends the signals of timers that have expired; the time until the next one may, or ORC_FOREVER. */
int64_t timers_expire(struct libos_thread *self);
/* Processor times begin anew in a clone: before the freeze, and in a clone. */
void timers_freeze(void);
void timers_thaw(void);

/* async.c: the set of files that are watched for signals, or NULL; sends the signals of those that have become ready, for
 * which it waits for so long. -EINTR without a reason. */
struct file *async_set(void);
long async_wait(struct libos_thread *self, int64_t timeout);
/* A file's O_ASYNC: 0 or -errno. The file is closed. */
long async_switch(struct file *file, int descriptor, bool on);
void async_forget(const struct file *file);
/* Something was written: perhaps to one of those files. */
void async_look_now(void);
extern uint32_t async_files;
static inline void async_look(void) {
    if (__builtin_expect(async_files, 0))
        async_look_now();
}

#pragma GCC visibility pop

#endif
