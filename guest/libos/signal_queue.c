/* What goes with pending signals: a list for each number, first come, first served. It lies in the compartment's own
 * memory and grows with what is pending. */
#define _GNU_SOURCE
#include "signal_queue.h"
#include "heap.h"
#include "libos.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#define INFORMATION_SIZE 48 /* of a siginfo_t: no kind has more */

struct queued {
    struct queued *next;
    const struct libos_thread *thread; /* NULL: the compartment */
    struct timer_signal *timer;        /* NULL: no timer's, or the timer is gone */
    char information[INFORMATION_SIZE];
};
static struct queued *lists[SIGNALS], **ends[SIGNALS]; /* ends: NULL for an empty list */
static uint64_t count; /* and reserved */

long signal_queue_reserve(void) {
    if (count >= libos_signal_limit())
        return -EAGAIN;
    count++;
    return 0;
}

void signal_queue_unreserve(void) {
    count--;
}

long signal_queue_add(const struct libos_thread *thread, int signal, const siginfo_t *information,
                      struct timer_signal *timer) {
    if (!timer && count >= libos_signal_limit())
        return -EAGAIN;
    struct queued *item = heap_allocate(sizeof *item);
    if (!item)
        return -EAGAIN;
    item->thread = thread;
    item->timer = timer;
    memcpy(item->information, information, sizeof item->information);
    struct queued ***end = &ends[signal - 1];
    *(*end ? *end : &lists[signal - 1]) = item;
    *end = &item->next;
    count += !timer;
    return 0;
}

/* Takes the item that `link` leads to out of the list. */
static void unlink_item(int signal, struct queued **link) {
    struct queued *item = *link;
    *link = item->next;
    if (ends[signal - 1] == &item->next)
        ends[signal - 1] = lists[signal - 1] ? link : NULL;
    count -= !item->timer;
}

static void end_item(int signal, struct queued **link) {
    struct queued *item = *link;
    unlink_item(signal, link);
    if (item->timer)
        item->timer->pending = false;
    heap_free(item, sizeof *item);
}

static struct queued **find(struct queued **link, const struct libos_thread *thread) {
    while (*link && (*link)->thread != thread)
        link = &(*link)->next;
    return link;
}

static void tell_overrun(struct timer_signal *timer, siginfo_t *information) {
    timer->told = timer->overrun;
    information->si_overrun = timer->overrun;
}

bool signal_queue_take(const struct libos_thread *thread, int signal, siginfo_t *information) {
    struct queued **link = find(&lists[signal - 1], thread);
    *information = (siginfo_t){.si_signo = signal, .si_code = SI_KERNEL};
    if (!*link)
        return false;
    memcpy(information, (*link)->information, sizeof (*link)->information);
    information->si_signo = signal;
    if ((*link)->timer)
        tell_overrun((*link)->timer, information);
    end_item(signal, link);
    return *find(link, thread) != NULL;
}

void signal_queue_drop(int signal) {
    while (lists[signal - 1])
        end_item(signal, &lists[signal - 1]);
}

static void forget_in(int signal, const struct libos_thread *thread) {
    struct queued **link = &lists[signal - 1];
    while (*(link = find(link, thread)))
        end_item(signal, link);
}

void signal_queue_forget(const struct libos_thread *thread) {
    for (int signal = 1; signal <= SIGNALS; signal++)
        forget_in(signal, thread);
}

void signal_queue_release(const struct timer_signal *timer) {
    for (int signal = 1; timer && signal <= SIGNALS; signal++)
        for (struct queued *item = lists[signal - 1]; item; item = item->next)
            if (item->timer == timer)
                item->timer = NULL, count++;
}
