/* Futexes. The host's are the ground: a word is waited for and woken there. What the host isn't asked for is done here:
 * waiters that choose (bitsets), locks with an owner, robust lists. */
#define _GNU_SOURCE
#include "memory.h"
#include "thread.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>

/* The kernel's numbers. */
enum {
    FUTEX_WAIT,
    FUTEX_WAKE,
    FUTEX_REQUEUE = 3,
    FUTEX_CMP_REQUEUE,
    FUTEX_WAKE_OP,
    FUTEX_LOCK_PI,
    FUTEX_UNLOCK_PI,
    FUTEX_TRYLOCK_PI,
    FUTEX_WAIT_BITSET,
    FUTEX_WAKE_BITSET,
    FUTEX_LOCK_PI2 = 13,
    FUTEX_PRIVATE_FLAG = 128,
    FUTEX_CLOCK_REALTIME = 256
};
enum { FUTEX_OP_SET, FUTEX_OP_ADD, FUTEX_OP_OR, FUTEX_OP_ANDN, FUTEX_OP_XOR, FUTEX_OP_OPARG_SHIFT = 8 };

#define ALL_BITS 0xffffffffu
#define WAITERS 0x80000000u
#define OWNER_DIED 0x40000000u
#define OWNER 0x3fffffffu

/* --- Waiting */

/* The time to wait, from now on; -EINVAL. */
static int64_t futex_timeout(const struct timespec *timeout, bool absolute, bool realtime) {
    if (!timeout)
        return ORC_FOREVER;
    int64_t wanted = libos_nanoseconds(timeout);
    if (wanted < 0 || !absolute)
        return wanted;
    int64_t now = libos_now(realtime ? ORC_CLOCK_REALTIME : ORC_CLOCK_MONOTONIC);
    return wanted > now ? wanted - now : 0;
}

/* Interruptions without a reason of the guest's are repeated. With a time limit, SA_RESTART doesn't repeat the call. */
static long wait_for_change(long address, long value, int64_t timeout, bool shared) {
    if (timeout == ORC_FOREVER)
        return libos_blocking(ORC_FUTEX_WAIT, address, value & ALL_BITS, timeout, shared, 0);
    int64_t end = libos_now(ORC_CLOCK_MONOTONIC) + timeout;
    for (;;) {
        long result = libos_blocking_once(ORC_FUTEX_WAIT, address, value & ALL_BITS, timeout, shared, 0);
        if (result == -EINTR && libos_interrupted()) {
            libos_self()->not_again = true;
            return result;
        }
        if (result != -EINTR)
            return result;
        timeout = end - libos_now(ORC_CLOCK_MONOTONIC);
        if (timeout <= 0)
            return -ETIMEDOUT;
    }
}

/* A waiter that chooses by whom it's woken sleeps on a word of its own, in its frame. */
struct chooser {
    struct chooser *next;
    uint32_t address, bits, woken;
};
static struct libos_lock choosers_lock;
static struct chooser *choosers, **last_chooser = &choosers;
static uint32_t chooser_count; /* atomic */

/* Who changes the word and finds nobody counted has changed it before it's looked at here. */
static bool list_chooser(struct chooser *chooser, const uint32_t *word, uint32_t value) {
    libos_lock(&choosers_lock);
    __atomic_fetch_add(&chooser_count, 1, __ATOMIC_SEQ_CST);
    bool waits = __atomic_load_n(word, __ATOMIC_SEQ_CST) == value;
    if (waits) {
        *last_chooser = chooser;
        last_chooser = &chooser->next;
    } else {
        __atomic_fetch_sub(&chooser_count, 1, __ATOMIC_SEQ_CST);
    }
    libos_unlock(&choosers_lock);
    return waits;
}

static bool unlist_chooser(const struct chooser *chooser) {
    struct chooser **link = &choosers;
    libos_lock(&choosers_lock);
    while (*link != chooser)
        link = &(*link)->next;
    *link = chooser->next;
    if (last_chooser == &chooser->next)
        last_chooser = link;
    __atomic_fetch_sub(&chooser_count, 1, __ATOMIC_SEQ_CST);
    libos_unlock(&choosers_lock);
    return chooser->woken;
}

static long wait_as_chooser(long address, uint32_t value, uint32_t bits, int64_t timeout) {
    struct chooser chooser = {.address = (uint32_t)address, .bits = bits};
    if (!list_chooser(&chooser, (const uint32_t *)address, value))
        return -EAGAIN;
    long result = wait_for_change((long)&chooser.woken, 0, timeout, false);
    if (unlist_chooser(&chooser))
        return 0;
    return result == -EAGAIN ? 0 : result;
}

static long futex_wait(long address, long value, uint32_t bits, int64_t timeout, bool shared) {
    if (timeout == -EINVAL || !bits)
        return -EINVAL;
    return bits == ALL_BITS ? wait_for_change(address, value, timeout, shared)
                            : wait_as_chooser(address, (uint32_t)value, bits, timeout);
}

/* --- Waking */

static long wake_choosers(uint32_t address, uint32_t bits, long count) {
    long woken = 0;
    libos_lock(&choosers_lock);
    for (struct chooser *each = choosers; each && woken < count; each = each->next)
        if (each->address == address && each->bits & bits && !each->woken) {
            __atomic_store_n(&each->woken, 1, __ATOMIC_SEQ_CST);
            libos_futex_wake((long)&each->woken, 1);
            woken++;
        }
    libos_unlock(&choosers_lock);
    return woken;
}

/* Who doesn't choose takes any bit. A count of 0 wakes one, as in Linux. */
static long wake_for(long address, uint32_t bits, long count, bool shared) {
    long most = count < 0 ? INT_MAX : count ? count : 1;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    long woken = __atomic_load_n(&chooser_count, __ATOMIC_SEQ_CST) ? wake_choosers((uint32_t)address, bits, most) : 0;
    if (woken == most)
        return woken;
    long others = shared ? orc_hostcall(ORC_FUTEX_WAKE, address, most - woken, 1, 0, 0)
                         : libos_futex_wake(address, most - woken);
    return others < 0 ? others : woken + others;
}

static long wake(long address, long count, bool shared) {
    return wake_for(address, ALL_BITS, count, shared);
}

static long wake_one(const uint32_t *word) {
    return wake((long)word, 1, is_shared_word((unsigned long)word));
}

/* Waiters that should move to another futex wake up instead, and find out for themselves: a wake-up without a reason is
 * always allowed. */
static long requeue(long address, int wake_count, int requeue_count, bool shared) {
    if (wake_count < 0 || requeue_count < 0)
        return -EINVAL;
    long count = wake_count > INT_MAX - requeue_count ? INT_MAX : wake_count + requeue_count;
    return count ? wake(address, count, shared) : 0;
}

static long wake_operation(long address, long count, long count2, long address2, uint32_t operation,
                           bool is_private) {
    int argument = (int)(operation << 8) >> 20, comparand = (int)(operation << 20) >> 20, old;
    int *word = (int *)address2;
    if (operation >> 28 & FUTEX_OP_OPARG_SHIFT)
        argument = 1 << (argument & 31);
    switch (operation >> 28 & 7) {
    case FUTEX_OP_SET:
        old = __atomic_exchange_n(word, argument, __ATOMIC_SEQ_CST);
        break;
    case FUTEX_OP_ADD:
        old = __atomic_fetch_add(word, argument, __ATOMIC_SEQ_CST);
        break;
    case FUTEX_OP_OR:
        old = __atomic_fetch_or(word, argument, __ATOMIC_SEQ_CST);
        break;
    case FUTEX_OP_ANDN:
        old = __atomic_fetch_and(word, ~argument, __ATOMIC_SEQ_CST);
        break;
    case FUTEX_OP_XOR:
        old = __atomic_fetch_xor(word, argument, __ATOMIC_SEQ_CST);
        break;
    default:
        return -ENOSYS;
    }
    const bool outcomes[] = {old == comparand, old != comparand, old < comparand,
                             old <= comparand, old > comparand,  old >= comparand};
    uint32_t comparison = operation >> 24 & 15;
    if (comparison >= sizeof outcomes)
        return -ENOSYS;
    long woken = wake(address, count, !is_private && is_shared_word(address));
    return woken >= 0 && outcomes[comparison] ? woken + wake(address2, count2, !is_private && is_shared_word(address2))
                                              : woken;
}

/* --- Locks with an owner. All threads of a compartment have the same priority (others are refused), so there is none
 * to inherit: what is left is that the word names the owner, and is told of its death. */

static long try_lock(uint32_t *word, uint32_t waiters) {
    uint32_t id = libos_own_id(), now = __atomic_load_n(word, __ATOMIC_SEQ_CST);
    while (!(now & OWNER))
        if (__atomic_compare_exchange_n(word, &now, id | (now & OWNER_DIED) | (now & WAITERS) | waiters, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            return 0;
    return (now & OWNER) == id ? -EDEADLK : -EAGAIN;
}

/* The word as it is to be waited for; 0: it's free by now. */
static uint32_t mark_waiters(uint32_t *word) {
    uint32_t now = __atomic_load_n(word, __ATOMIC_SEQ_CST);
    while (now & OWNER && !(now & WAITERS))
        if (__atomic_compare_exchange_n(word, &now, now | WAITERS, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            now |= WAITERS;
    return now & OWNER ? now : 0;
}

/* Who has waited doesn't know whether others still do, so it says they may. */
static long lock_owned(uint32_t *word, const struct timespec *until, bool realtime, bool shared) {
    for (uint32_t waiters = 0;; waiters = WAITERS) {
        long result = try_lock(word, waiters);
        if (result != -EAGAIN)
            return result;
        uint32_t now = mark_waiters(word);
        bool has_owner = !now || libos_has_thread(now & OWNER);
        if (!has_owner && __atomic_load_n(word, __ATOMIC_SEQ_CST) == now)
            return -ESRCH;
        if (!now || !has_owner) /* it unlocked, and ended, meanwhile */
            continue;
        int64_t timeout = futex_timeout(until, true, realtime);
        if (timeout == -EINVAL)
            return -EINVAL;
        result = libos_blocking_once(ORC_FUTEX_WAIT, (long)word, now, timeout, shared, 0);
        if (result == -ETIMEDOUT || (result == -EINTR && libos_interrupted()))
            return result;
    }
}

static long unlock_owned(uint32_t *word, bool shared) {
    uint32_t now = __atomic_load_n(word, __ATOMIC_SEQ_CST);
    do {
        if ((now & OWNER) != libos_own_id())
            return -EPERM;
    } while (!__atomic_compare_exchange_n(word, &now, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    if (now & WAITERS)
        wake((long)word, 1, shared);
    return 0;
}

/* --- Robust lists: what a thread that ends still holds is marked, and somebody who waits for it woken. */

struct robust_entry {
    struct robust_entry *next; /* lowest bit: of a lock with an owner */
};

struct robust_head {
    struct robust_entry *next;
    long offset; /* from an entry to its futex */
    struct robust_entry *pending;
};

#define MOST_ENTRIES 2048

static void mark_dead(struct robust_entry *entry, long offset, bool pending) {
    bool owned = (uintptr_t)entry & 1;
    uint32_t *word = (uint32_t *)(((uintptr_t)entry & ~(uintptr_t)1) + (uintptr_t)offset);
    uint32_t now = __atomic_load_n(word, __ATOMIC_SEQ_CST);
    if (pending && !owned && !now) { /* it was unlocked, and nobody woken yet */
        wake_one(word);
        return;
    }
    do {
        if ((now & OWNER) != libos_own_id())
            return;
    } while (!__atomic_compare_exchange_n(word, &now, (now & WAITERS) | OWNER_DIED, false, __ATOMIC_SEQ_CST,
                                          __ATOMIC_SEQ_CST));
    if (now & WAITERS)
        wake_one(word);
}

static struct robust_entry *without_bit(struct robust_entry *entry) {
    return (struct robust_entry *)((uintptr_t)entry & ~(uintptr_t)1);
}

void libos_robust_exit(const struct libos_thread *self) {
    const struct robust_head *head = (const struct robust_head *)self->robust_list;
    if (!head)
        return;
    struct robust_entry *entry = head->next, *pending = head->pending;
    for (int i = 0; i < MOST_ENTRIES && without_bit(entry) != (const struct robust_entry *)head; i++) {
        struct robust_entry *next = without_bit(entry)->next;
        if (without_bit(entry) != without_bit(pending))
            mark_dead(entry, head->offset, false);
        entry = next;
    }
    if (pending)
        mark_dead(pending, head->offset, true);
}

long sys_set_robust_list(long head, long size) {
    if (size != sizeof(struct robust_head))
        return -EINVAL;
    libos_self()->robust_list = (uint64_t)head;
    return 0;
}

long sys_get_robust_list(long id, void *head, void *size) {
    const size_t head_size = sizeof(struct robust_head);
    uint64_t found = 0;
    libos_lock(&thread_list_lock);
    const struct libos_thread *thread = id ? libos_find_thread(id) : libos_self();
    if (thread)
        found = thread->robust_list;
    libos_unlock(&thread_list_lock);
    if (!thread)
        return -ESRCH;
    memcpy(head, &found, sizeof found);
    memcpy(size, &head_size, sizeof head_size);
    return 0;
}

/* --- The system call */

long sys_futex(long address, long operation, long value, long timeout, long address2, long value3) {
    bool realtime = operation & FUTEX_CLOCK_REALTIME, is_private = operation & FUTEX_PRIVATE_FLAG;
    bool shared = !is_private && is_shared_word(address);
    const struct timespec *time = (const struct timespec *)timeout;
    uint32_t *word = (uint32_t *)address;
    if (address % 4)
        return -EINVAL;
    switch (operation & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME)) {
    case FUTEX_WAIT:
        return futex_wait(address, value, ALL_BITS, futex_timeout(time, false, realtime), shared);
    case FUTEX_WAIT_BITSET:
        return futex_wait(address, value, (uint32_t)value3, futex_timeout(time, true, realtime), shared);
    case FUTEX_WAKE:
        return wake(address, (int)value, shared);
    case FUTEX_WAKE_BITSET:
        return (uint32_t)value3 ? wake_for(address, (uint32_t)value3, (int)value, shared) : -EINVAL;
    case FUTEX_CMP_REQUEUE:
        if (__atomic_load_n(word, __ATOMIC_SEQ_CST) != (uint32_t)value3)
            return -EAGAIN;
        return requeue(address, (int)value, (int)timeout, shared);
    case FUTEX_REQUEUE:
        return requeue(address, (int)value, (int)timeout, shared);
    case FUTEX_WAKE_OP:
        return wake_operation(address, value, (int)timeout, address2, (uint32_t)value3, is_private);
    case FUTEX_LOCK_PI:
        return lock_owned(word, time, true, shared);
    case FUTEX_LOCK_PI2:
        return lock_owned(word, time, realtime, shared);
    case FUTEX_TRYLOCK_PI:
        return try_lock(word, 0);
    case FUTEX_UNLOCK_PI:
        return unlock_owned(word, shared);
    }
    return -ENOSYS;
}
