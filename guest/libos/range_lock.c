/* Locks of files in memory: see range_lock.h. One list for each file that has any. */
#include "range_lock.h"
#include <errno.h>
#include <limits.h>
#include "heap.h"

struct held {
    struct held *next;
    struct range_lock lock;
};

struct locked_file {
    struct locked_file *next;
    struct identity identity;
    struct held *ranges; /* of one owner: in no order, disjoint, and no two of one type touch */
    struct held *whole;  /* of flock, which knows nothing of the others */
    uint32_t waiting;
};

static struct libos_lock lock;
static struct locked_file *files;
static uint32_t turn; /* a futex: changes when a lock goes that somebody may wait for */

static bool is_same(struct identity one, struct identity other) {
    return one.device == other.device && one.inode == other.inode;
}

static struct locked_file *find_file(struct identity identity) {
    struct locked_file *file = files;
    while (file && !is_same(file->identity, identity))
        file = file->next;
    return file;
}

static struct locked_file *need_file(struct identity identity) {
    struct locked_file *file = find_file(identity);
    if (!file && (file = heap_allocate(sizeof *file))) {
        file->identity = identity;
        file->next = files;
        __atomic_store_n(&files, file, __ATOMIC_RELAXED);
    }
    return file;
}

static void forget_if_unlocked(struct locked_file *file) {
    struct locked_file **place = &files;
    if (file->ranges || file->whole || file->waiting)
        return;
    while (*place != file)
        place = &(*place)->next;
    __atomic_store_n(place, file->next, __ATOMIC_RELAXED);
    heap_free(file, sizeof *file);
}

static struct held *add_held(struct held **list, struct range_lock range) {
    struct held *held = heap_allocate(sizeof *held);
    if (held) {
        *held = (struct held){*list, range};
        *list = held;
    }
    return held;
}

static void remove_held(struct held **place) {
    struct held *held = *place;
    *place = held->next;
    heap_free(held, sizeof *held);
}

static bool overlap(const struct range_lock *one, const struct range_lock *other) {
    return one->start <= other->end && other->start <= one->end;
}

/* The first of them in the file. */
static const struct range_lock *find_conflict(const struct held *held, const struct range_lock *wanted) {
    const struct range_lock *first = NULL;
    for (; held; held = held->next)
        if (held->lock.owner != wanted->owner && overlap(&held->lock, wanted) &&
            (held->lock.type == F_WRLCK || wanted->type == F_WRLCK) &&
            (!first || held->lock.start < first->start))
            first = &held->lock;
    return first;
}

/* Takes [start, end] out of the owner's locks. A lock in the middle of which it lies becomes two: `spare` is
 * the second. True: it has been used. */
static bool cut_out(struct locked_file *file, const struct range_lock *wanted, struct held *spare) {
    bool used = false;
    for (struct held **place = &file->ranges; *place;) {
        struct range_lock *range = &(*place)->lock;
        if (range->owner != wanted->owner || !overlap(range, wanted)) {
            place = &(*place)->next;
        } else if (range->start < wanted->start && range->end > wanted->end) {
            spare->lock = *range;
            spare->lock.start = wanted->end + 1;
            range->end = wanted->start - 1;
            used = true;
            break;
        } else if (range->start < wanted->start) {
            range->end = wanted->start - 1;
            place = &(*place)->next;
        } else if (range->end > wanted->end) {
            range->start = wanted->end + 1;
            place = &(*place)->next;
        } else {
            remove_held(place);
        }
    }
    return used;
}

static bool touches(const struct range_lock *one, const struct range_lock *other) {
    return (one->end != INT64_MAX && one->end + 1 == other->start) ||
           (other->end != INT64_MAX && other->end + 1 == one->start);
}

/* The neighbours of a new lock that have its type become part of it. */
static void join_neighbours(struct locked_file *file, struct range_lock *wanted) {
    for (struct held **place = &file->ranges; *place;) {
        const struct range_lock *range = &(*place)->lock;
        if (range->owner != wanted->owner || range->type != wanted->type || !touches(range, wanted)) {
            place = &(*place)->next;
            continue;
        }
        if (range->start < wanted->start)
            wanted->start = range->start;
        if (range->end > wanted->end)
            wanted->end = range->end;
        remove_held(place);
    }
}

/* No other owner is in the way. Memory for two is there before anything changes. */
static long replace(struct locked_file *file, const struct range_lock *wanted) {
    struct held *made = heap_allocate(sizeof *made), *spare = heap_allocate(sizeof *spare);
    struct range_lock range = *wanted;
    if (!made || !spare) {
        heap_free(made, sizeof *made);
        heap_free(spare, sizeof *spare);
        return -ENOLCK;
    }
    if (cut_out(file, wanted, spare)) {
        spare->next = file->ranges;
        file->ranges = spare;
    } else {
        heap_free(spare, sizeof *spare);
    }
    if (wanted->type == F_UNLCK) {
        heap_free(made, sizeof *made);
        return 0;
    }
    join_neighbours(file, &range);
    *made = (struct held){file->ranges, range};
    file->ranges = made;
    return 0;
}

/* Some lock may have gone: whoever waits looks again. */
static void wake_waiting(const struct locked_file *file) {
    if (!file->waiting)
        return;
    __atomic_store_n(&turn, turn + 1, __ATOMIC_RELEASE);
    libos_futex_wake((long)&turn, INT_MAX);
}

/* With the lock held, before and after; the file stays. */
static long wait_turn(struct locked_file *file) {
    uint32_t seen = turn;
    file->waiting++;
    libos_unlock(&lock);
    long result = libos_blocking_once(ORC_FUTEX_WAIT, (long)&turn, seen, ORC_FOREVER, 0, 0);
    libos_lock(&lock);
    file->waiting--;
    return result == -EINTR && libos_interrupted() ? -EINTR : 0;
}

static long wait_for_range(struct locked_file *file, const struct range_lock *wanted, bool wait) {
    while (wanted->type != F_UNLCK && find_conflict(file->ranges, wanted)) {
        long error = wait ? wait_turn(file) : -EAGAIN;
        if (error)
            return error;
    }
    return 0;
}

long range_lock_set(struct identity identity, const struct range_lock *wanted, bool wait) {
    libos_lock(&lock);
    struct locked_file *file = need_file(identity);
    long result = file ? wait_for_range(file, wanted, wait) : -ENOLCK;
    if (!result)
        result = replace(file, wanted);
    if (file) {
        wake_waiting(file);
        forget_if_unlocked(file);
    }
    libos_unlock(&lock);
    return result;
}

void range_lock_query(struct identity identity, struct range_lock *wanted) {
    libos_lock(&lock);
    const struct locked_file *file = find_file(identity);
    const struct range_lock *conflict = file ? find_conflict(file->ranges, wanted) : NULL;
    if (conflict)
        *wanted = *conflict;
    else
        wanted->type = F_UNLCK;
    libos_unlock(&lock);
}

static struct held **find_owner(struct held **place, const struct file *owner) {
    while (*place && (*place)->lock.owner != owner)
        place = &(*place)->next;
    return place;
}

/* The file's old lock goes first, even if another one isn't to be had, as in Linux. */
static long change_whole(struct locked_file *file, const struct file *owner, unsigned type, bool wait) {
    const struct range_lock wanted = {.end = INT64_MAX, .owner = owner, .type = (uint16_t)type};
    struct held **old = find_owner(&file->whole, owner);
    if (*old && (*old)->lock.type == type)
        return 0;
    if (*old) {
        remove_held(old);
        wake_waiting(file);
    }
    while (type != F_UNLCK && find_conflict(file->whole, &wanted)) {
        long error = wait ? wait_turn(file) : -EAGAIN;
        if (error)
            return error;
    }
    return type == F_UNLCK || add_held(&file->whole, wanted) ? 0 : -ENOLCK;
}

long whole_lock_set(struct identity identity, const struct file *owner, unsigned type, bool wait) {
    libos_lock(&lock);
    struct locked_file *file = need_file(identity);
    long result = file ? change_whole(file, owner, type, wait) : -ENOLCK;
    if (file)
        forget_if_unlocked(file);
    libos_unlock(&lock);
    return result;
}

static void drop(struct held **list, const struct file *owner) {
    while (*(list = find_owner(list, owner)))
        remove_held(list);
}

bool range_locks_held(void) {
    return __atomic_load_n(&files, __ATOMIC_RELAXED) != NULL;
}

void range_locks_drop_process(struct identity identity) {
    libos_lock(&lock);
    struct locked_file *file = find_file(identity);
    if (file) {
        drop(&file->ranges, NULL);
        wake_waiting(file);
        forget_if_unlocked(file);
    }
    libos_unlock(&lock);
}

void range_locks_drop_file(const struct file *owner) {
    libos_lock(&lock);
    for (struct locked_file *file = files, *next; file; file = next) {
        next = file->next;
        drop(&file->ranges, owner);
        drop(&file->whole, owner);
        wake_waiting(file);
        forget_if_unlocked(file);
    }
    libos_unlock(&lock);
}
