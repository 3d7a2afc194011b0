/* The libOS' own thread, see service.h. Most programs never need it. */
#define _GNU_SOURCE
#include "service.h"
#include "thread.h"
#include "watch.h"

#define STACK_SIZE (4 * LIBOS_PAGE)
#define BLOCK_SIZE 128 /* at the top of the stack, where the thread pointer leads */

static struct libos_lock lock;
static uint32_t changes; /* a futex: the thread waits for one */
static bool runs;

static struct libos_thread service_thread = {.depth = 1, .mask = ~0ull};

static long wait_for_change(uint32_t seen, int64_t timeout) {
    if (async_set())
        return async_wait(&service_thread, timeout);
    return libos_wait(ORC_FUTEX_WAIT, (long)&changes, seen, timeout, 0, 0);
}

static int run_service(void *unused) {
    (void)unused;
    for (;;) {
        uint32_t seen = __atomic_load_n(&changes, __ATOMIC_SEQ_CST);
        if (async_set()) /* what woke it is seen to from here on */
            epoll_settle(async_set());
        int64_t timeout = timers_expire(&service_thread);
        /* Signals may also have been noted while it waited for a lock. */
        if (wait_for_change(seen, timeout) == -EINTR || __atomic_load_n(&libos_unrouted, __ATOMIC_RELAXED))
            libos_signals_forward(&service_thread);
    }
}

static long start_thread(void) {
    long stack = libos_pages(STACK_SIZE);
    if (stack < 0)
        return -EAGAIN;
    uint32_t block = (uint32_t)stack + STACK_SIZE - BLOCK_SIZE;
    *(struct libos_thread **)(uintptr_t)(block + LIBOS_THREAD_POINTER_OFFSET) = &service_thread;
    struct orc_thread_start start = {
        .entry = (uint32_t)(uintptr_t)run_service, .stack = block, .thread_pointer = block};
    libos_threaded = true;
    long result = orc_hostcall(ORC_THREAD_CREATE, (long)&start, 0, 0, 0, 0);
    if (result < 0)
        libos_pages_free(stack, STACK_SIZE);
    else
        service_thread.id = (uint32_t)result, __atomic_store_n(&runs, true, __ATOMIC_RELEASE);
    return result < 0 ? -EAGAIN : 0;
}

long service_start(void) {
    libos_lock(&lock);
    long result = runs ? 0 : start_thread();
    libos_unlock(&lock);
    return result;
}

void service_wake(void) {
    __atomic_fetch_add(&changes, 1, __ATOMIC_SEQ_CST);
    if (!__atomic_load_n(&runs, __ATOMIC_ACQUIRE) || libos_self() == &service_thread)
        return;
    if (async_set())
        epoll_wake(async_set());
    libos_futex_wake((long)&changes, 1);
}

struct libos_thread *libos_service_thread(void) {
    return __atomic_load_n(&runs, __ATOMIC_ACQUIRE) ? &service_thread : NULL;
}
