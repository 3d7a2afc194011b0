/* Pipes, events, timers, and waiting for many handles at once. */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "hostcalls.h"

int64_t call_pipe(struct orc_thread *thread, const uint64_t *arguments) {
    int fds[2];
    if (arguments[1] > 1)
        return -EINVAL;
    if (pipe2(fds, O_CLOEXEC | (arguments[1] ? O_NONBLOCK : 0)) != 0)
        return -errno;
    return add_two_handles(thread, fds, FILE_STREAM, (const uint32_t[2]){RIGHT_READ, RIGHT_WRITE},
                           guest_pointer(arguments[0]));
}

int64_t call_socket_pair(struct orc_thread *thread, const uint64_t *arguments) {
    int fds[2];
    if ((arguments[0] != SOCK_STREAM && arguments[0] != SOCK_DGRAM && arguments[0] != SOCK_SEQPACKET) ||
        arguments[1] > 1)
        return -EINVAL;
    int type = (int)arguments[0] | SOCK_CLOEXEC | (arguments[1] ? SOCK_NONBLOCK : 0);
    if (socketpair(AF_UNIX, type, 0, fds) != 0)
        return -errno;
    return add_two_handles(thread, fds, FILE_SOCKET, (const uint32_t[2]){BOTH_RIGHTS, BOTH_RIGHTS},
                           guest_pointer(arguments[2]));
}

int64_t call_event(struct orc_thread *thread, const uint64_t *arguments) {
    if (arguments[0] > UINT32_MAX || arguments[1] & ~(uint64_t)(EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC))
        return -EINVAL;
    int64_t fd = result_of(eventfd((unsigned)arguments[0], (int)arguments[1] | EFD_CLOEXEC));
    return add_handle(thread, fd, FILE_EVENT, BOTH_RIGHTS);
}

int64_t call_timer(struct orc_thread *thread, const uint64_t *arguments) {
    if (arguments[0] > ORC_CLOCK_BOOT || arguments[1] & ~(uint64_t)TFD_NONBLOCK)
        return -EINVAL;
    /* The kernel refuses processor time. */
    int64_t fd = result_of(timerfd_create(host_clocks[arguments[0]], (int)arguments[1] | TFD_CLOEXEC));
    return add_handle(thread, fd, FILE_TIMER, RIGHT_READ);
}

static int write_timer(const struct orc_thread *thread, guest_address to, const struct itimerspec *timer) {
    const int64_t times[2] = {to_nanoseconds(timer->it_value), to_nanoseconds(timer->it_interval)};
    return guest_write(thread, to, times, sizeof times);
}

FILE_CALL(call_timer_set, 0, 1 << FILE_TIMER) {
    int64_t times[2];
    guest_address old = guest_pointer(call->arguments[3]);
    if (guest_read(call->thread, times, guest_pointer(call->arguments[2]), sizeof times) < 0)
        return -EFAULT;
    if (times[0] < 0 || times[1] < 0 || call->arguments[1] & ~(uint64_t)(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
        return -EINVAL;
    const struct itimerspec timer = {.it_value = to_timespec(times[0]), .it_interval = to_timespec(times[1])};
    struct itimerspec before;
    if (timerfd_settime(call->fd, (int)call->arguments[1], &timer, &before) != 0)
        return -errno;
    return old.address == 0 ? 0 : write_timer(call->thread, old, &before);
}

FILE_CALL(call_timer_get, 0, 1 << FILE_TIMER) {
    struct itimerspec now;
    if (timerfd_gettime(call->fd, &now) != 0)
        return -errno;
    return write_timer(call->thread, guest_pointer(call->arguments[1]), &now);
}

/* One poll: what was asked, the kernel's form of it, and the files, kept open meanwhile (NULL: ignored, or
 * not valid). */
struct polled {
    uint32_t count;
    struct orc_poll *asked;
    struct pollfd *fds;
    struct host_file **files;
};

/* Answers how many handles aren't valid. */
static uint32_t poll_get(const struct orc_thread *thread, const struct polled *set) {
    uint32_t invalid = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        struct orc_poll *asked = &set->asked[i];
        bool ignored = asked->handle == ORC_NO_HANDLE;
        bool good = !ignored && file_get(thread, asked->handle, 0, ANY_KIND, &set->files[i], NULL) == 0;
        asked->revents = good || ignored ? 0 : POLLNVAL;
        invalid += asked->revents != 0;
        set->files[i] = good ? set->files[i] : NULL;
        set->fds[i] = (struct pollfd){.fd = good ? set->files[i]->fd : -1, .events = (short)asked->events};
    }
    return invalid;
}

static void poll_put(const struct polled *set) {
    for (uint32_t i = 0; i < set->count; i++) {
        if (!set->files[i])
            continue;
        set->asked[i].revents = (uint16_t)set->fds[i].revents;
        file_put(set->files[i]);
    }
}

/* Gives the host thread back until one of the files may be ready, none of which is kept open meanwhile. */
static int64_t rest(struct orc_thread *thread, const struct polled *set, int64_t timeout) {
    const int64_t now = to_nanoseconds(time_from_now(0)), least = thread->compartment->cell->patience;
    if (set->count > ORC_MAX_REST || !thread->worker || thread->in_upcall || now - thread->began < least ||
        !dormant_prepare(thread))
        return -EAGAIN;
    int status = 0;
    for (uint32_t i = 0; i < set->count && status == 0; i++)
        if (set->files[i])
            status = epoll_change(thread->watch, EPOLL_CTL_ADD, set->fds[i].fd, set->asked[i].events, NULL);
    if (status != 0) {
        dormant_discard(thread);
        return -EAGAIN;
    }
    if (timeout >= 0)
        set_alarm(thread, to_nanoseconds(time_from_now((uint64_t)timeout)));
    thread->exited = EXITED_HOST_THREAD;
    return 0;
}

static int64_t poll_set(struct orc_thread *thread, const struct polled *set, guest_address from,
                        int64_t timeout, bool rests) {
    if (guest_read(thread, set->asked, from, set->count * sizeof *set->asked) < 0)
        return -EFAULT;
    uint32_t invalid = poll_get(thread, set);
    /* The raw system call stores what is left of the time when it ends early. */
    struct timespec left = to_timespec(timeout < 0 || invalid ? 0 : timeout);
    struct timespec *limit = timeout < 0 && !invalid ? NULL : &left;
    int64_t result;
    do
        result = rests && !invalid ? rest(thread, set, timeout)
                                   : result_of(syscall(SYS_ppoll, set->fds, set->count, limit, NULL, 0));
    while (call_again(thread, result));
    poll_put(set);
    if (result < 0)
        return result;
    int status = guest_write(thread, from, set->asked, set->count * sizeof *set->asked);
    return status < 0 ? status : result + invalid;
}

int64_t call_poll(struct orc_thread *thread, const uint64_t *arguments) {
    struct polled set = {.count = (uint32_t)arguments[1]};
    if (arguments[1] > ORC_MAX_POLL || (int64_t)arguments[2] < ORC_FOREVER || arguments[3] > 1)
        return -EINVAL;
    void *memory = malloc(set.count * (sizeof *set.asked + sizeof *set.fds + sizeof *set.files) + 1);
    if (!memory)
        return -ENOMEM;
    set.files = memory;
    set.asked = (struct orc_poll *)(set.files + set.count);
    set.fds = (struct pollfd *)(set.asked + set.count);
    int64_t result = poll_set(thread, &set, guest_pointer(arguments[0]), (int64_t)arguments[2], arguments[3]);
    free(memory);
    return result;
}

int64_t call_epoll(struct orc_thread *thread, const uint64_t *arguments) {
    (void)arguments;
    return add_handle(thread, result_of(epoll_create1(EPOLL_CLOEXEC)), FILE_EPOLL, RIGHT_READ);
}

#define EPOLL_EVENTS                                                                                         \
    (EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLRDNORM | EPOLLRDBAND | EPOLLWRNORM |         \
     EPOLLWRBAND | EPOLLMSG | EPOLLRDHUP | EPOLLEXCLUSIVE | EPOLLONESHOT | EPOLLET)

FILE_CALL(call_epoll_control, 0, 1 << FILE_EPOLL) {
    uint64_t operation = call->arguments[1];
    struct epoll_event event = {.events = (uint32_t)call->arguments[3], .data.u64 = call->arguments[4]};
    if (operation < EPOLL_CTL_ADD || operation > EPOLL_CTL_MOD ||
        call->arguments[3] & ~(uint64_t)(uint32_t)EPOLL_EVENTS)
        return -EINVAL;
    struct host_file *file;
    int64_t result = file_get(call->thread, call->arguments[2], 0, ANY_KIND, &file, NULL);
    if (result < 0)
        return result;
    result = result_of(epoll_ctl(call->fd, (int)operation, file->fd, &event));
    file_put(file);
    return result;
}

/* Rounded up: never too early. ORC_FOREVER stays what it is. */
static int milliseconds(int64_t nanoseconds) {
    int64_t rounded = nanoseconds / 1000000 + (nanoseconds % 1000000 > 0);
    return nanoseconds < 0 ? -1 : rounded < INT32_MAX ? (int)rounded : INT32_MAX;
}

/* (epoll handle, events, count, timeout): a stray signal starts the time anew. */
FILE_CALL(call_epoll_wait, 0, 1 << FILE_EPOLL) {
    uint64_t count = call->arguments[2];
    int64_t timeout = (int64_t)call->arguments[3];
    if (timeout < ORC_FOREVER || count > ORC_MAX_POLL)
        return -EINVAL;
    _Static_assert(sizeof(struct orc_epoll_event) == sizeof(struct epoll_event), "as the kernel has it");
    uint64_t size = count * sizeof(struct epoll_event);
    void *to = kernel_buffer_to_fill(call->thread, guest_pointer(call->arguments[1]), size);
    return to ? result_of(syscall(SYS_epoll_wait, call->fd, to, count, milliseconds(timeout))) : -EFAULT;
}
