/* signalfd: a descriptor from which a thread reads the signals that are pending for it or for the compartment. It's a
 * file in memory, whose watchers the senders of signals tell. */
#define _GNU_SOURCE
#include "file.h"
#include "files.h"
#include "heap.h"
#include "signal_queue.h"
#include "thread.h"
#include "watch.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>

#define MASK_SIZE 8
#define READY (POLLIN | POLLRDNORM)

struct signal_file {
    struct watched watched; /* first: see watch.h */
    struct signal_file *next;
    uint64_t mask; /* atomic */
};

uint32_t signal_files;             /* atomic: how many */
static struct libos_lock lock;     /* of the list; before watch_lock */
static struct signal_file *list;
static uint32_t turn; /* a futex: changes with each signal that is for one of them */

static struct signal_file *signals_of(const struct file *file) {
    return file->own;
}

static uint64_t mask_of(const struct file *file) {
    return __atomic_load_n(&signals_of(file)->mask, __ATOMIC_SEQ_CST);
}

void signal_files_notify(uint64_t signals) {
    uint64_t wanted = 0;
    libos_lock(&lock);
    for (struct signal_file *each = list; each; each = each->next)
        if (each->mask & signals) {
            wanted |= each->mask & signals;
            watched_changed(&each->watched, READY);
        }
    libos_unlock(&lock);
    if (!wanted)
        return;
    __atomic_fetch_add(&turn, 1, __ATOMIC_SEQ_CST);
    libos_futex_wake((long)&turn, INT_MAX);
}

static unsigned ready(struct file *file) {
    return libos_signals_pending() & mask_of(file) ? READY : 0;
}

static void describe(struct signalfd_siginfo *record, const siginfo_t *information) {
    *record = (struct signalfd_siginfo){.ssi_signo = (uint32_t)information->si_signo,
                                        .ssi_errno = information->si_errno,
                                        .ssi_code = information->si_code};
    if (information->si_code == SI_TIMER) {
        record->ssi_tid = (uint32_t)information->si_timerid;
        record->ssi_overrun = (uint32_t)information->si_overrun;
    } else if (information->si_signo == SIGIO && information->si_code > 0 && information->si_code < SI_KERNEL) {
        record->ssi_band = (uint32_t)information->si_band;
        record->ssi_fd = information->si_fd;
        return;
    } else {
        record->ssi_pid = (uint32_t)information->si_pid;
        record->ssi_uid = information->si_uid;
    }
    if (information->si_code < 0) {
        record->ssi_int = information->si_int;
        record->ssi_ptr = (uint64_t)(uintptr_t)information->si_ptr;
    }
}

/* Waits until a signal of the mask is pending: 0, -EAGAIN or -EINTR. */
static long wait_for_signal(struct file *file) {
    for (;;) {
        uint32_t seen = __atomic_load_n(&turn, __ATOMIC_SEQ_CST);
        if (libos_signals_pending() & mask_of(file))
            return 0;
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        if (libos_blocking_once(ORC_FUTEX_WAIT, (long)&turn, seen, ORC_FOREVER, 0, 0) == -EINTR && libos_interrupted())
            return -EINTR;
    }
}

/* As many records as there are signals and room for. */
static long signal_file_read(struct file *file, void *buffer, size_t length, int64_t position) {
    size_t most = length / sizeof(struct signalfd_siginfo), count = 0;
    siginfo_t information;
    (void)position;
    if (!most)
        return -EINVAL;
    while (count < most) {
        if (!libos_signal_take(mask_of(file), &information)) {
            long error = count ? 1 : wait_for_signal(file);
            if (error)
                return error < 0 ? error : (long)(count * sizeof(struct signalfd_siginfo));
            continue;
        }
        struct signalfd_siginfo record;
        describe(&record, &information);
        memcpy((char *)buffer + count++ * sizeof record, &record, sizeof record);
    }
    return (long)(count * sizeof(struct signalfd_siginfo));
}

static long signal_file_status(struct file *file, struct stat *status) {
    (void)file;
    memset(status, 0, sizeof *status);
    status->st_mode = 0600;
    status->st_nlink = 1;
    status->st_blksize = LIBOS_PAGE;
    return 0;
}

static void signal_file_release(struct file *file) {
    struct signal_file *signals = signals_of(file);
    if (!signals)
        return;
    watched_closed(&signals->watched, file);
    libos_lock(&lock);
    struct signal_file **link = &list;
    while (*link != signals)
        link = &(*link)->next;
    *link = signals->next;
    __atomic_fetch_sub(&signal_files, 1, __ATOMIC_SEQ_CST);
    libos_unlock(&lock);
    heap_free(signals, sizeof *signals);
}

static const struct file_operations operations = {
    .read = signal_file_read, .status = signal_file_status, .ready = ready, .release = signal_file_release};

static long new_signal_file(uint64_t mask, int flags) {
    struct file *file = file_create(&operations, FILE_SIGNALS, O_RDWR | (flags & SFD_NONBLOCK));
    struct signal_file *signals = file ? heap_allocate(sizeof *signals) : NULL;
    if (!signals) {
        if (file)
            file_put(file);
        return -ENOMEM;
    }
    signals->mask = mask;
    file->own = signals;
    libos_lock(&lock);
    signals->next = list;
    list = signals;
    __atomic_fetch_add(&signal_files, 1, __ATOMIC_SEQ_CST);
    libos_unlock(&lock);
    return descriptor_add(file, 0, flags & SFD_CLOEXEC);
}

/* Signals that are pending may be of the new mask. */
static long change_mask(int descriptor, uint64_t mask) {
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    bool fits = file->kind == FILE_SIGNALS;
    if (fits)
        __atomic_store_n(&signals_of(file)->mask, mask, __ATOMIC_SEQ_CST);
    file_put(file);
    if (fits)
        signal_files_notify(mask);
    return fits ? descriptor : -EINVAL;
}

long sys_signalfd4(int descriptor, const void *mask, size_t size, int flags) {
    uint64_t bits;
    if (flags & ~(SFD_CLOEXEC | SFD_NONBLOCK) || size != MASK_SIZE)
        return -EINVAL;
    memcpy(&bits, mask, sizeof bits);
    bits &= ~(BIT(SIGKILL) | BIT(SIGSTOP));
    return descriptor == -1 ? new_signal_file(bits, flags) : change_mask(descriptor, bits);
}
