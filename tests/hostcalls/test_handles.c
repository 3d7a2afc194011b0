/* Handles, streams, events and waiting: bad pointers, lengths, handles and kinds are refused with their error, and what is
 * half done is undone. */
#include "fixture.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#define SPANS (MEMORY + 0x9000)
#define MILLISECOND 1000000ll

static void new_pipe(struct guest *guest, uint32_t ends[2]) {
    assert_int_equal(HOSTCALL(ORC_PIPE, BUFFER, 1), 0);
    memcpy(ends, at(guest, BUFFER), 8);
}

static unsigned handles(struct guest *guest) {
    assert_int_equal(HOSTCALL(ORC_USAGE, BUFFER), 0);
    return ((struct orc_usage *)at(guest, BUFFER))->handles;
}

GUEST_TEST(pipes) {
    uint32_t ends[2];
    new_pipe(guest, ends);
    assert_int_equal(HOSTCALL(ORC_READ, ends[0], BUFFER, 1), -EAGAIN);
    assert_int_equal(HOSTCALL(ORC_WRITE, ends[1], put(guest, BUFFER, "abc", 3), 3), 3);
    assert_int_equal(HOSTCALL(ORC_AVAILABLE, ends[0]), 3);
    assert_int_equal(HOSTCALL(ORC_READ, ends[0], BUFFER + 8, 10), 3);
    assert_memory_equal(at(guest, BUFFER + 8), "abc", 3);
    assert_int_equal(HOSTCALL(ORC_WRITE, ends[0], BUFFER, 1), -EACCES);
    assert_int_equal(HOSTCALL(ORC_READ, ends[1], BUFFER, 1), -EACCES);
    assert_int_equal(HOSTCALL(ORC_READ_AT, ends[0], BUFFER, 1, 0), -ESPIPE);
    assert_int_equal(HOSTCALL(ORC_READ_AT, ends[0], BUFFER, 1, UINT64_MAX), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_CLOSE, ends[0]), 0);
    assert_int_equal(HOSTCALL(ORC_WRITE, ends[1], BUFFER, 1), -EPIPE);
    assert_int_equal(HOSTCALL(ORC_PIPE, BUFFER, 2), -EINVAL);
}

GUEST_TEST(what_cannot_be_stored_is_undone) {
    unsigned before = handles(guest);
    const uint32_t nowhere[] = {0, NOWHERE, READ_ONLY, READ_ONLY - 4, PAST_THE_END, UINT32_MAX - 3};
    for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; i++) {
        assert_int_equal(HOSTCALL(ORC_PIPE, nowhere[i], 0), -EFAULT);
        assert_int_equal(HOSTCALL(ORC_SOCKET_PAIR, SOCK_STREAM, 0, nowhere[i]), -EFAULT);
    }
    assert_int_equal(handles(guest), before);
}

GUEST_TEST(runs_out_of_handles) {
    unsigned before = handles(guest);
    while (handles(guest) < 63)
        assert_true(HOSTCALL(ORC_EVENT, 0, 0) >= 0);
    assert_int_equal(HOSTCALL(ORC_PIPE, BUFFER, 0), -EMFILE);
    assert_int_equal(HOSTCALL(ORC_SOCKET_PAIR, SOCK_STREAM, 0, BUFFER), -EMFILE);
    assert_int_equal(handles(guest), 63);
    assert_true(HOSTCALL(ORC_EVENT, 0, 0) >= 0);
    assert_int_equal(HOSTCALL(ORC_EVENT, 0, 0), -EMFILE);
    assert_int_equal(HOSTCALL(ORC_TIMER, 0, 0), -EMFILE);
    assert_int_equal(HOSTCALL(ORC_EPOLL), -EMFILE);
    assert_int_equal(HOSTCALL(ORC_SOCKET, AF_UNIX, SOCK_STREAM, 0), -EMFILE);
    assert_int_equal(open_at(guest, RW, "file", O_RDONLY, 0), -EMFILE);
    for (uint64_t handle = before; handle < 64; handle++)
        assert_int_equal(HOSTCALL(ORC_CLOSE, handle), 0);
    assert_true(open_at(guest, RW, "file", O_RDONLY, 0) >= 0);
}

GUEST_TEST(refuses_bad_handles) {
    const uint64_t bad[] = {ORC_NO_HANDLE, 63, 64, 4096, UINT64_MAX, UINT64_C(1) << 32 | RW, INT64_MIN};
    const unsigned numbers[] = {ORC_READ,        ORC_WRITE,       ORC_CLOSE,      ORC_READ_AT,       ORC_WRITE_AT,
                                ORC_STATUS,      ORC_SET_BLOCKING, ORC_TERMINAL,  ORC_AVAILABLE,     ORC_ENTRIES,
                                ORC_REWIND,      ORC_TRUNCATE,    ORC_SYNC,       ORC_SET_MODE,      ORC_ALLOCATE,
                                ORC_STATUS_SYSTEM, ORC_TIMER_GET, ORC_READ_VECTOR, ORC_WRITE_VECTOR,
                                ORC_SOCKET_LISTEN, ORC_SOCKET_SHUTDOWN, ORC_XATTR_GET, ORC_XATTR_SET, ORC_XATTR_LIST,
                                ORC_XATTR_REMOVE, ORC_LINK_HANDLE, ORC_FLOCK, ORC_SEEK, ORC_NOTIFY_WATCH,
                                ORC_NOTIFY_REMOVE};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        for (size_t j = 0; j < sizeof numbers / sizeof *numbers; j++)
            assert_int_equal(HOSTCALL(numbers[j], bad[i], 0, 0, 0), -EBADF);
}

GUEST_TEST(refuses_bad_buffers) {
    uint64_t file = opened(guest, RW, "file", O_RDWR);
    assert_int_equal(HOSTCALL(ORC_READ, file, READ_ONLY, 4), -EFAULT);
    assert_int_equal(HOSTCALL(ORC_READ, file, 0, 4), -EFAULT);
    assert_int_equal(HOSTCALL(ORC_READ, file, NOWHERE, 4), -EFAULT);
    assert_int_equal(HOSTCALL(ORC_WRITE, file, NOWHERE, 4), -EFAULT);
    assert_int_equal(HOSTCALL(ORC_READ, file, PAST_THE_END, 17), -EFAULT); /* out of the slot, into the next */
    assert_int_equal(HOSTCALL(ORC_WRITE, file, PAST_THE_END, 1 << 20), -EFAULT);
    assert_int_equal(HOSTCALL(ORC_READ, file, UINT32_MAX, UINT64_MAX), -EFAULT);
    assert_int_equal(HOSTCALL(ORC_READ, file, orc_object_base(guest->base.object), 4), -EFAULT);
    /* The upper half of a pointer counts for nothing. */
    assert_int_equal(HOSTCALL(ORC_READ_AT, file, UINT64_C(0xffffffff00000000) | BUFFER, 8, 0), 8);
    assert_memory_equal(at(guest, BUFFER), "writable", 8);
    assert_int_equal(HOSTCALL(ORC_STATUS, file, READ_ONLY), -EFAULT);
    assert_int_equal(HOSTCALL(ORC_STATUS, file, READ_ONLY - 8), -EFAULT);
    assert_int_equal(HOSTCALL(ORC_STATUS_SYSTEM, file, NOWHERE), -EFAULT);
    assert_int_equal(HOSTCALL(ORC_RANDOM, READ_ONLY, 4), -EFAULT);
    assert_int_equal(HOSTCALL(ORC_RANDOM, BUFFER, (1 << 20) + 1), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_LOG, NOWHERE, 4), -EFAULT);
    assert_int_equal(HOSTCALL(ORC_USAGE, READ_ONLY), -EFAULT);
}

GUEST_TEST(vectors) {
    uint64_t file = opened(guest, RW, "vector", O_RDWR | O_CREAT);
    struct orc_span spans[ORC_MAX_SPANS];
    for (uint32_t i = 0; i < ORC_MAX_SPANS; i++)
        spans[i] = (struct orc_span){BUFFER + i % 7, 3};
    put(guest, BUFFER, "abcdefghij", 10);
    put(guest, SPANS, spans, sizeof spans);
    assert_int_equal(HOSTCALL(ORC_WRITE_VECTOR, file, SPANS, ORC_MAX_SPANS, UINT64_MAX), 3 * ORC_MAX_SPANS);
    assert_int_equal(HOSTCALL(ORC_WRITE_VECTOR, file, SPANS, 17, 0), 51);
    assert_int_equal(HOSTCALL(ORC_WRITE_VECTOR, file, SPANS, 0, 0), 0);
    assert_int_equal(HOSTCALL(ORC_WRITE_VECTOR, file, SPANS, ORC_MAX_SPANS + 1, 0), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_WRITE_VECTOR, file, SPANS, UINT64_C(1) << 61, 0), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_WRITE_VECTOR, file, SPANS, 1, INT64_MIN), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_WRITE_VECTOR, file, READ_ONLY + ORC_PAGE_SIZE - 8, 2, 0), -EFAULT);
    assert_int_equal(HOSTCALL(ORC_WRITE_VECTOR, file, PAST_THE_END, 3, 0), -EFAULT);
    put(guest, SPANS, (struct orc_span[3]){{BUFFER + 16, 4}, {BUFFER + 32, 4}, {UINT32_MAX, 2}}, 24);
    assert_int_equal(HOSTCALL(ORC_READ_VECTOR, file, SPANS, 2, 3), 8);
    assert_memory_equal(at(guest, BUFFER + 16), "bcdc", 4);
    assert_memory_equal(at(guest, BUFFER + 32), "dede", 4);
    assert_int_equal(HOSTCALL(ORC_READ_VECTOR, file, SPANS, 3, 3), -EFAULT);
    put(guest, SPANS, (struct orc_span[2]){{BUFFER, UINT32_MAX}, {BUFFER, UINT32_MAX}}, 16);
    assert_int_equal(HOSTCALL(ORC_READ_VECTOR, file, SPANS, 2, 0), -EFAULT);
}

GUEST_TEST(granted_handles_keep_their_flags) {
    assert_int_equal(HOSTCALL(ORC_SET_BLOCKING, LOG, 0), -EPERM);
    uint32_t ends[2];
    new_pipe(guest, ends);
    assert_int_equal(HOSTCALL(ORC_SET_BLOCKING, ends[0], 2), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_SET_BLOCKING, ends[0], 1), 0);
    assert_int_equal(HOSTCALL(ORC_SET_BLOCKING, ends[0], 0), 0);
    assert_int_equal(HOSTCALL(ORC_READ, ends[0], BUFFER, 1), -EAGAIN);
    assert_int_equal(HOSTCALL(ORC_TERMINAL, LOG, BUFFER), -ENOTTY);
    assert_int_equal(HOSTCALL(ORC_TERMINAL, ends[0], BUFFER), -ENOTTY);
}

GUEST_TEST(events_and_timers) {
    assert_int_equal(HOSTCALL(ORC_EVENT, UINT64_C(1) << 32, 0), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_EVENT, 0, 4), -EINVAL);
    int64_t event = HOSTCALL(ORC_EVENT, 3, EFD_NONBLOCK | EFD_SEMAPHORE);
    assert_int_equal(HOSTCALL(ORC_READ, (uint64_t)event, BUFFER, 8), 8);
    assert_int_equal(*(uint64_t *)at(guest, BUFFER), 1);
    const uint64_t clocks[] = {ORC_CLOCK_COMPARTMENT, ORC_CLOCK_THREAD, 5, 8, 9, UINT64_MAX};
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++)
        assert_int_equal(HOSTCALL(ORC_TIMER, clocks[i], 0), -EINVAL);
    int64_t timer = HOSTCALL(ORC_TIMER, ORC_CLOCK_BOOT, TFD_NONBLOCK);
    put(guest, BUFFER, (int64_t[2]){50 * MILLISECOND, -1}, 16);
    assert_int_equal(HOSTCALL(ORC_TIMER_SET, (uint64_t)timer, 0, BUFFER, 0), -EINVAL);
    put(guest, BUFFER, (int64_t[2]){INT64_MAX, 0}, 16);
    assert_int_equal(HOSTCALL(ORC_TIMER_SET, (uint64_t)timer, 4, BUFFER, 0), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_TIMER_SET, (uint64_t)timer, TFD_TIMER_CANCEL_ON_SET | TFD_TIMER_ABSTIME, BUFFER, 0), 0);
    assert_int_equal(HOSTCALL(ORC_TIMER_SET, (uint64_t)timer, 0, BUFFER, 0), 0);
    put(guest, BUFFER, (int64_t[2]){MILLISECOND, 0}, 16);
    assert_int_equal(HOSTCALL(ORC_TIMER_SET, (uint64_t)timer, 0, BUFFER, BUFFER + 64), 0);
    assert_true(*(int64_t *)at(guest, BUFFER + 64) > INT64_MAX / 2);
    put(guest, BUFFER, &(struct orc_poll){.handle = (uint32_t)timer, .events = POLLIN}, 8);
    assert_int_equal(HOSTCALL(ORC_POLL, BUFFER, 1, 1000 * MILLISECOND), 1);
    assert_int_equal(HOSTCALL(ORC_READ, (uint64_t)timer, BUFFER, 8), 8);
    assert_int_equal(HOSTCALL(ORC_TIMER_GET, (uint64_t)event, BUFFER), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_TIMER_GET, (uint64_t)timer, READ_ONLY), -EFAULT);
}

GUEST_TEST(polls) {
    uint32_t ends[2];
    new_pipe(guest, ends);
    struct orc_poll asked[40] = {{ends[0], POLLIN, 7}, {ORC_NO_HANDLE, POLLIN, 7}, {ends[1], POLLOUT, 7}};
    put(guest, BUFFER, asked, sizeof asked);
    assert_int_equal(HOSTCALL(ORC_POLL, BUFFER, 3, ORC_FOREVER), 1);
    struct orc_poll *found = at(guest, BUFFER);
    assert_int_equal(found[0].revents, 0);
    assert_int_equal(found[1].revents, 0);
    assert_int_equal(found[2].revents, POLLOUT);
    for (int i = 0; i < 40; i++)
        asked[i] = (struct orc_poll){i == 30 ? 60 : ends[0], POLLIN, 0};
    put(guest, BUFFER, asked, sizeof asked);
    assert_int_equal(HOSTCALL(ORC_POLL, BUFFER, 40, ORC_FOREVER), 1); /* a bad handle doesn't let it wait */
    assert_int_equal(found[30].revents, POLLNVAL);
    assert_int_equal(HOSTCALL(ORC_POLL, BUFFER, 40, 100 * SECOND), 1);
    assert_int_equal(HOSTCALL(ORC_POLL, BUFFER, 2, 5 * MILLISECOND), 0);
    assert_int_equal(HOSTCALL(ORC_POLL, BUFFER, ORC_MAX_POLL + 1, 0), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_POLL, BUFFER, UINT64_MAX, 0), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_POLL, BUFFER, 1, (uint64_t)-2), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_POLL, NOWHERE, 1, 0), -EFAULT);
    assert_int_equal(HOSTCALL(ORC_POLL, READ_ONLY, 1, 0), -EFAULT);
    assert_int_equal(HOSTCALL(ORC_POLL, PAST_THE_END, 4096, 0), -EFAULT);
    assert_int_equal(HOSTCALL(ORC_POLL, NOWHERE, 0, 0), 0);
}

GUEST_TEST(epolls) {
    uint32_t ends[2];
    new_pipe(guest, ends);
    uint64_t epoll = (uint64_t)HOSTCALL(ORC_EPOLL);
    assert_int_equal(HOSTCALL(ORC_EPOLL_CONTROL, epoll, EPOLL_CTL_ADD, ends[1], EPOLLOUT | EPOLLET, 0x1234567890abcdef), 0);
    assert_int_equal(HOSTCALL(ORC_EPOLL_CONTROL, epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN, 1), 0);
    assert_int_equal(HOSTCALL(ORC_EPOLL_CONTROL, epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN, 1), -EEXIST);
    assert_int_equal(HOSTCALL(ORC_EPOLL_CONTROL, epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLWAKEUP, 1), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_EPOLL_CONTROL, epoll, 7, ends[0], EPOLLIN, 1), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_EPOLL_CONTROL, ends[0], EPOLL_CTL_ADD, ends[1], EPOLLIN, 1), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_EPOLL_CONTROL, epoll, EPOLL_CTL_ADD, 60, EPOLLIN, 1), -EBADF);
    assert_int_equal(HOSTCALL(ORC_EPOLL_CONTROL, epoll, EPOLL_CTL_ADD, epoll, EPOLLIN, 1), -EINVAL);
    uint64_t file = opened(guest, RW, "file", O_RDONLY);
    assert_int_equal(HOSTCALL(ORC_EPOLL_CONTROL, epoll, EPOLL_CTL_ADD, file, EPOLLIN, 1), -EPERM);
    assert_int_equal(HOSTCALL(ORC_EPOLL_WAIT, epoll, BUFFER, 1000, ORC_FOREVER), 1);
    struct orc_epoll_event *event = at(guest, BUFFER);
    assert_int_equal(event->events, EPOLLOUT);
    assert_int_equal(event->data[0], 0x90abcdef);
    assert_int_equal(event->data[1], 0x12345678);
    assert_int_equal(HOSTCALL(ORC_EPOLL_WAIT, epoll, BUFFER, 1000, 0), 0); /* edge-triggered */
    assert_int_equal(HOSTCALL(ORC_EPOLL_WAIT, epoll, BUFFER, 0, 0), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_EPOLL_WAIT, epoll, BUFFER, 1, (uint64_t)-2), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_EPOLL_WAIT, ends[0], BUFFER, 1, 0), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_WRITE, ends[1], BUFFER, 1), 1);
    assert_int_equal(HOSTCALL(ORC_EPOLL_WAIT, epoll, READ_ONLY, 1, 0), -EFAULT);
    assert_int_equal(HOSTCALL(ORC_CLOSE, ends[0]), 0); /* the watch goes with it */
    assert_int_equal(HOSTCALL(ORC_EPOLL_CONTROL, epoll, EPOLL_CTL_DEL, ends[0], 0, 0), -EBADF);
}

GUEST_TEST(clocks) {
    int64_t before = HOSTCALL(ORC_CLOCK, ORC_CLOCK_MONOTONIC);
    assert_int_equal(HOSTCALL(ORC_POLL, 0, 0, 2 * MILLISECOND), 0);
    assert_true(HOSTCALL(ORC_CLOCK, ORC_CLOCK_MONOTONIC) - before >= 2 * MILLISECOND);
    assert_int_equal(HOSTCALL(ORC_POLL, 0, 0, (uint64_t)-2), -EINVAL);
    for (uint64_t clock = 0; clock <= ORC_CLOCK_TAI; clock++)
        assert_true(HOSTCALL(ORC_CLOCK, clock, HOSTCALL(ORC_THREAD_ID)) > 0);
    assert_int_equal(HOSTCALL(ORC_CLOCK, ORC_CLOCK_OF_THREAD, 0), -ESRCH);
    assert_int_equal(HOSTCALL(ORC_CLOCK, ORC_CLOCK_OF_THREAD, 99), -ESRCH);
    assert_int_equal(HOSTCALL(ORC_CLOCK, ORC_CLOCK_OF_THREAD, UINT64_MAX), -ESRCH);
    assert_int_equal(HOSTCALL(ORC_CLOCK, ORC_CLOCK_TAI + 1), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_CLOCK, UINT64_MAX), -EINVAL);
}

GUEST_TEST(usage) {
    struct orc_usage *usage = at(guest, BUFFER);
    assert_int_equal(HOSTCALL(ORC_USAGE, BUFFER, 2), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_USAGE, BUFFER, 0), 0);
    uint64_t memory = usage->memory;
    assert_true(usage->memory_peak >= memory);
    assert_true(usage->faults > 0);
    assert_int_equal(HOSTCALL(ORC_MAP, ORC_HEAP + 0x1000000, 0x100000, ORC_MEMORY_READ | ORC_MEMORY_WRITE), 0);
    assert_int_equal(HOSTCALL(ORC_UNMAP, ORC_HEAP + 0x1000000, 0x100000), 0);
    assert_int_equal(HOSTCALL(ORC_USAGE, BUFFER, 0), 0);
    assert_int_equal(usage->memory, memory);
    assert_true(usage->memory_peak >= memory + 0x100000);
    uint64_t all = usage->processor_time;
    assert_int_equal(HOSTCALL(ORC_USAGE, BUFFER, 1), 0);
    assert_true(usage->processor_time >= all); /* there is one thread */
    assert_true(usage->user_time + usage->system_time == usage->processor_time);
}

/* A call that blocks ends when the thread is stopped, wherever it waits. */
static void *stop_soon(void *thread) {
    usleep(50000);
    orc_thread_stop(thread);
    return NULL;
}

GUEST_TEST(blocking_calls_can_be_stopped) {
    uint32_t ends[2];
    assert_int_equal(HOSTCALL(ORC_PIPE, BUFFER, 0), 0);
    memcpy(ends, at(guest, BUFFER), 8);
    uint64_t epoll = (uint64_t)HOSTCALL(ORC_EPOLL);
    put(guest, BUFFER, &(struct orc_poll){.handle = ends[0], .events = POLLIN}, 8);
    put(guest, SPANS, &(struct orc_span){BUFFER + 64, 1}, 8);
    const uint64_t calls[][6] = {
        {ORC_READ, ends[0], BUFFER, 1},       {ORC_READ_VECTOR, ends[0], SPANS, 1, UINT64_MAX},
        {ORC_POLL, BUFFER, 1, ORC_FOREVER},   {ORC_EPOLL_WAIT, epoll, BUFFER + 64, 1, ORC_FOREVER},
        {ORC_POLL, 0, 0, 100 * SECOND},       {ORC_EPOLL_WAIT, epoll, BUFFER + 64, 1, 100 * SECOND},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        pthread_t stopper;
        pthread_create(&stopper, NULL, stop_soon, guest->base.thread);
        const struct orc_registers registers = {.rdi = calls[i][0], .rsi = calls[i][1], .rdx = calls[i][2],
                                                .rcx = calls[i][3], .r8 = calls[i][4], .rbp = BUFFER};
        struct orc_result result;
        uint32_t entry = orc_object_base(guest->base.object) + PROGRAM(hostcall);
        assert_int_equal(orc_call(guest->base.thread, entry, &registers, 0, &result), 0);
        assert_int_equal(result.outcome, ORC_STOPPED);
        pthread_join(stopper, NULL);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pipes),
        cmocka_unit_test(what_cannot_be_stored_is_undone),
        cmocka_unit_test(runs_out_of_handles),
        cmocka_unit_test(refuses_bad_handles),
        cmocka_unit_test(refuses_bad_buffers),
        cmocka_unit_test(vectors),
        cmocka_unit_test(granted_handles_keep_their_flags),
        cmocka_unit_test(events_and_timers),
        cmocka_unit_test(polls),
        cmocka_unit_test(epolls),
        cmocka_unit_test(clocks),
        cmocka_unit_test(usage),
        cmocka_unit_test(blocking_calls_can_be_stopped),
    };
    return run_as_tap("hostcalls-handles", tests, sizeof tests / sizeof *tests);
}
