/* Under the system call filter of orc_cell_lock_down every hostcall still finds the system calls that it needs. */
#include "fixture.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#define SCRATCH (MEMORY + 0x9000)

/* In the child: the number of the hostcall that failed is its exit status. */
static uint64_t expect(struct guest *guest, const uint64_t arguments[6]) {
    int64_t result = hostcall(guest, arguments);
    if (result < 0) {
        fprintf(stderr, "# hostcall %llu: %s\n", (unsigned long long)arguments[0], strerror((int)-result));
        _exit((int)arguments[0] + 1);
    }
    return (uint64_t)result;
}
#define EXPECT(...) expect(guest, (const uint64_t[6]){__VA_ARGS__})

/* Not every file system has them, but the filter lets each call through. */
static void use_attributes(struct guest *guest, uint64_t file) {
    put(guest, SCRATCH, "user.a", 6);
    assert_int_not_equal(HOSTCALL(ORC_XATTR_SET, file, SCRATCH, 6, BUFFER, 4), -EPERM);
    assert_int_not_equal(HOSTCALL(ORC_XATTR_GET, file, SCRATCH, 6, BUFFER, 4), -EPERM);
    assert_int_not_equal(HOSTCALL(ORC_XATTR_LIST, file, BUFFER, 100), -EPERM);
    assert_int_not_equal(HOSTCALL(ORC_XATTR_REMOVE, file, SCRATCH, 6), -EPERM);
}

static void use_files(struct guest *guest) {
    uint64_t file = EXPECT(ORC_OPEN, path_at(guest, RW, "new"), O_RDWR | O_CREAT, 0644);
    EXPECT(ORC_WRITE, file, BUFFER, 10);
    EXPECT(ORC_WRITE_AT, file, BUFFER, 10, 0);
    EXPECT(ORC_READ, file, BUFFER, 10);
    EXPECT(ORC_READ_AT, file, BUFFER, 10, 0);
    put(guest, SCRATCH, &(struct orc_span){BUFFER, 10}, sizeof(struct orc_span));
    EXPECT(ORC_READ_VECTOR, file, SCRATCH, 1, 0);
    EXPECT(ORC_READ_VECTOR, file, SCRATCH, 1, UINT64_MAX);
    EXPECT(ORC_WRITE_VECTOR, file, SCRATCH, 1, 0);
    EXPECT(ORC_STATUS, file, BUFFER);
    EXPECT(ORC_SET_BLOCKING, file, 0);
    EXPECT(ORC_TRUNCATE, file, 5);
    EXPECT(ORC_ALLOCATE, file, 0, 0, 100);
    EXPECT(ORC_SYNC, file, 0);
    EXPECT(ORC_SYNC, file, 1);
    EXPECT(ORC_SET_MODE, file, 0600);
    EXPECT(ORC_SET_TIMES, file, put(guest, SCRATCH, (int64_t[2]){ORC_TIME_NOW, 5}, 16));
    put(guest, SCRATCH, &(struct orc_lock){.type = F_WRLCK}, sizeof(struct orc_lock));
    for (uint64_t how = 0; how <= ORC_LOCK_QUERY; how++)
        EXPECT(ORC_LOCK, file, SCRATCH, how);
    EXPECT(ORC_STATUS_SYSTEM, file, BUFFER);
    EXPECT(ORC_SYNC, file, 2);
    EXPECT(ORC_FLOCK, file, LOCK_EX, 1);
    EXPECT(ORC_SEEK, file, 0, SEEK_DATA);
    use_attributes(guest, file);
    uint64_t nameless = EXPECT(ORC_OPEN, path_at(guest, RW, ""), O_TMPFILE | O_RDWR, 0600);
    EXPECT(ORC_LINK_HANDLE, nameless, path_at(guest, RW, "named"));
    EXPECT(ORC_MAKE_FIFO, path_at(guest, RW, "fifo"), 0600);
    EXPECT(ORC_SET_MODE, EXPECT(ORC_OPEN, path_at(guest, RW, "fifo"), O_PATH, 0), 0640);
    EXPECT(ORC_SET_TIMES_AT, path_at(guest, RW, "fifo"), put(guest, SCRATCH, (int64_t[2]){ORC_TIME_NOW, 5}, 16));
    uint64_t notify = EXPECT(ORC_NOTIFY);
    int64_t number = EXPECT(ORC_NOTIFY_WATCH, notify, path_at(guest, RW, "sub"), IN_CREATE, 0);
    EXPECT(ORC_NOTIFY_REMOVE, notify, (uint64_t)number);
    EXPECT(ORC_OPEN, path_at(guest, LOG, ""), O_WRONLY, 0);
    EXPECT(ORC_CLOSE, file);
}

static void use_directories(struct guest *guest) {
    uint64_t directory = EXPECT(ORC_OPEN, path_at(guest, RW, ""), O_RDONLY | O_DIRECTORY, 0);
    EXPECT(ORC_ENTRIES, directory, BUFFER, 0x1000);
    EXPECT(ORC_REWIND, directory, 0);
    EXPECT(ORC_STATUS_AT, path_at(guest, RW, "file"), 1, BUFFER);
    EXPECT(ORC_STATUS_AT, path_at(guest, RW, ""), 1, BUFFER);
    EXPECT(ORC_MAKE_DIRECTORY, path_at(guest, RW, "sub/made"), 0755);
    EXPECT(ORC_SYMBOLIC_LINK, path_at(guest, RW, "link"), put(guest, BUFFER, "file", 4), 4);
    EXPECT(ORC_READ_LINK, path_at(guest, RW, "link"), BUFFER, 100, 0);
    EXPECT(ORC_LINK, path_at(guest, RW, "file"), path_at(guest, RW, "hard"));
    EXPECT(ORC_RENAME, path_at(guest, RW, "hard"), path_at(guest, RW, "sub/moved"), 0);
    EXPECT(ORC_RENAME, path_at(guest, RW, "sub/moved"), path_at(guest, RW, "back"), 1);
    EXPECT(ORC_REMOVE, path_at(guest, RW, "back"), 0);
    EXPECT(ORC_REMOVE, path_at(guest, RW, "sub/made"), 1);
}

static void use_events(struct guest *guest) {
    EXPECT(ORC_PIPE, BUFFER, 1);
    uint32_t ends[2];
    memcpy(ends, at(guest, BUFFER), sizeof ends);
    EXPECT(ORC_WRITE, ends[1], BUFFER, 1);
    EXPECT(ORC_AVAILABLE, ends[0]);
    EXPECT(ORC_SOCKET_PAIR, SOCK_DGRAM, 0, BUFFER);
    EXPECT(ORC_EVENT, 1, 0);
    uint64_t timer = EXPECT(ORC_TIMER, ORC_CLOCK_MONOTONIC, TFD_NONBLOCK);
    EXPECT(ORC_TIMER_SET, timer, 0, put(guest, SCRATCH, (int64_t[2]){1, 0}, 16), 0);
    EXPECT(ORC_TIMER_GET, timer, BUFFER);
    EXPECT(ORC_POLL, put(guest, SCRATCH, &(struct orc_poll){.handle = ends[0], .events = POLLIN}, 8), 1, SECOND);
    uint64_t epoll = EXPECT(ORC_EPOLL);
    EXPECT(ORC_EPOLL_CONTROL, epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN, 1);
    EXPECT(ORC_EPOLL_WAIT, epoll, BUFFER, 1, SECOND);
    for (uint64_t clock = 0; clock <= ORC_CLOCK_TAI; clock++)
        EXPECT(ORC_CLOCK, clock, HOSTCALL(ORC_THREAD_ID));
    EXPECT(ORC_RANDOM, BUFFER, 1000);
    EXPECT(ORC_USAGE, BUFFER);
    EXPECT(ORC_USAGE, BUFFER, 1);
    EXPECT(ORC_LOG, BUFFER, 10);
    EXPECT(ORC_THREAD_ID);
    EXPECT(ORC_YIELD);
    EXPECT(ORC_FUTEX_WAKE, MEMORY, 1);
    EXPECT(ORC_MAP, ORC_HEAP + 0x1000000, 0x10000, ORC_MEMORY_READ | ORC_MEMORY_WRITE);
    EXPECT(ORC_PROTECT, ORC_HEAP + 0x1000000, 0x4000, ORC_MEMORY_READ);
    EXPECT(ORC_DISCARD, ORC_HEAP + 0x1000000, 0x10000);
    EXPECT(ORC_UNMAP, ORC_HEAP + 0x1000000, 0x10000);
}

static void use_sockets(struct guest *guest) {
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const uint64_t option = (uint64_t)IPPROTO_TCP << 32 | TCP_NODELAY;
    uint64_t listener = EXPECT(ORC_SOCKET, AF_INET, SOCK_STREAM, 0), client = EXPECT(ORC_SOCKET, AF_INET, SOCK_STREAM, 0);
    EXPECT(ORC_SOCKET_OPTION, client, option, put(guest, SCRATCH, &(int){1}, 4), 4);
    EXPECT(ORC_SOCKET_OPTION_GET, client, option, BUFFER, put(guest, SCRATCH, &(uint32_t){4}, 4));
    EXPECT(ORC_SOCKET_BIND, listener, put(guest, BUFFER, &any, sizeof any), sizeof any);
    EXPECT(ORC_SOCKET_LISTEN, listener, 5);
    EXPECT(ORC_SOCKET_NAME, listener, 0, BUFFER, put(guest, SCRATCH, &(uint32_t){16}, 4));
    EXPECT(ORC_SOCKET_CONNECT, client, BUFFER, 16);
    uint64_t server = EXPECT(ORC_SOCKET_ACCEPT, listener, BUFFER, SCRATCH, 0);
    EXPECT(ORC_SOCKET_NAME, server, 1, BUFFER, SCRATCH);
    put(guest, SCRATCH, &(struct orc_span){BUFFER, 10}, sizeof(struct orc_span));
    put(guest, SCRATCH + 64, &(struct orc_message){.spans = SCRATCH, .span_count = 1}, sizeof(struct orc_message));
    EXPECT(ORC_SOCKET_SEND, client, SCRATCH + 64, 0);
    EXPECT(ORC_SOCKET_RECEIVE, server, SCRATCH + 64, 0);
    EXPECT(ORC_SOCKET_SHUTDOWN, client, SHUT_RDWR);
    uint64_t local = EXPECT(ORC_SOCKET, AF_UNIX, SOCK_STREAM, 0), other = EXPECT(ORC_SOCKET, AF_UNIX, SOCK_STREAM, 0);
    EXPECT(ORC_SOCKET_BIND_PATH, local, path_at(guest, RW, "sub/socket"));
    EXPECT(ORC_SOCKET_LISTEN, local, 5);
    EXPECT(ORC_SOCKET_CONNECT_PATH, other, path_at(guest, RW, "sub/socket"));
}

static void child(struct guest *guest) {
    start_guest(guest);
    struct orc_network_grant network = {.first_port = 0, .last_port = 65535};
    struct orc_error error;
    for (int connect = 0; connect < 2; connect++) {
        network.connect = connect;
        orc_compartment_grant_network(guest->base.compartment, &network, &error);
    }
    if (orc_cell_lock_down(guest->base.cell, &error) != 0) {
        fprintf(stderr, "# %s\n", error.message);
        _exit(200);
    }
    use_files(guest);
    use_directories(guest);
    use_events(guest);
    use_sockets(guest);
    _exit(0);
}

static void hostcalls_work_locked_down(void **state) {
    (void)state;
    struct guest guest = {0};
    int status = 0;
    create_files(&guest);
    pid_t pid = fork();
    if (pid == 0)
        child(&guest);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    remove_files(&guest);
    assert_int_equal(status, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(hostcalls_work_locked_down)};
    return run_as_tap("hostcalls-locked-down", tests, sizeof tests / sizeof *tests);
}
