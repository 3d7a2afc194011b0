/* From a gate to a hostcall. */
#include "hostcalls.h"

#define ENTRY(number, name) [ORC_##number] = call_##name,
static hostcall_function *const calls[ORC_HOSTCALLS] = {HOSTCALLS(ENTRY)};

#define BIT(number) (UINT64_C(1) << ((number) % 64))

/* All that a bare compartment may call. */
static const uint64_t bare = BIT(ORC_EXIT) | BIT(ORC_WRITE) | BIT(ORC_SET_THREAD_POINTER) | BIT(ORC_CLOCK) |
                             BIT(ORC_READ) | BIT(ORC_MARK) | BIT(ORC_UNWIND);

/* Calls that may block, and so take an interrupt that came before them. */
static const uint64_t blocks[ORC_HOSTCALLS / 64] = {
    BIT(ORC_FUTEX_WAIT) | BIT(ORC_READ) | BIT(ORC_WRITE) | BIT(ORC_READ_VECTOR) | BIT(ORC_WRITE_VECTOR),
    BIT(ORC_LOCK) | BIT(ORC_FLOCK) | BIT(ORC_POLL) | BIT(ORC_EPOLL_WAIT) | BIT(ORC_SOCKET_ACCEPT) | BIT(ORC_SOCKET_CONNECT) |
        BIT(ORC_SOCKET_CONNECT_PATH) | BIT(ORC_SOCKET_SEND) | BIT(ORC_SOCKET_RECEIVE),
};
_Static_assert(ORC_FUTEX_WAIT < 64 && ORC_WRITE_VECTOR < 64 && ORC_LOCK >= 64 && ORC_HOSTCALLS == 128,
               "each bit stands in its word");

int64_t orc_hostcall(struct orc_thread *thread, const uint64_t arguments[6]) {
    uint64_t number = arguments[0];
    if (number >= ORC_HOSTCALLS || !calls[number] ||
        (thread->compartment->bare && (number >= 64 || !(bare & BIT(number)))))
        return -ENOSYS;
    __atomic_store_n(&thread->hostcalls, thread->hostcalls + 1, __ATOMIC_RELAXED); /* others only read it */
    if (__builtin_expect(thread->interrupted, 0) && (blocks[number / 64] & BIT(number)) &&
        interrupt_take(thread))
        return -EINTR;
    int64_t result = calls[number](thread, arguments + 1);
    if (__builtin_expect(thread->interrupted, 0))
        interrupt_again(thread);
    return result;
}
