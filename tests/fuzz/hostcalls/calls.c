#include "calls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "orc/abi.h"
#include "orc/hostcall.h"

#define MILLISECOND 1000000

enum kind { NONE, RAW, HANDLE, OUT, LENGTH, SMALL, BITS, TIME, OFFSET, MODE, CODE, PAGES, PAGES_SIZE, FUTEX, THREAD,
            OPTION, PATH, TO_PATH, TEXT, TEXT_LENGTH, SPANS, POLLS, ADDRESS, ADDRESS_LENGTH, LENGTH_AT, MESSAGE, TIMES,
            LOCK, BINDINGS, START, SOURCE };

static const struct shape {
    unsigned number;
    unsigned char kinds[5];
} shapes[] = {
    {ORC_SET_THREAD_POINTER, {PAGES}},
    {ORC_MARK, {NONE}},
    {ORC_UNWIND, {SMALL}},
    {ORC_THREAD_CREATE, {START}},
    {ORC_THREAD_ID, {NONE}},
    {ORC_INTERRUPT, {THREAD}},
    {ORC_SIGNAL_ENTRY, {CODE}},
    {ORC_SIGNAL_RETURN, {SMALL}},
    {ORC_SIGNALS, {NONE}},
    {ORC_FUTEX_WAIT, {FUTEX, SMALL, TIME}},
    {ORC_FUTEX_WAKE, {FUTEX, SMALL}},
    {ORC_YIELD, {NONE}},
    {ORC_MAP, {PAGES, PAGES_SIZE, BITS}},
    {ORC_UNMAP, {PAGES, PAGES_SIZE}},
    {ORC_PROTECT, {PAGES, PAGES_SIZE, BITS}},
    {ORC_DISCARD, {PAGES, PAGES_SIZE}},
    {ORC_MAP_FILE, {PAGES, PAGES_SIZE, BITS, HANDLE, PAGES_SIZE}},
    {ORC_MAP_FILE, {PAGES, PAGES_SIZE, SMALL, HANDLE, PAGES_SIZE}},
    {ORC_MOVE, {PAGES, PAGES_SIZE, PAGES, PAGES_SIZE}},
    {ORC_POPULATE, {PAGES, PAGES_SIZE, SMALL}},
    {ORC_MEMORY_FILE, {NONE}},
    {ORC_MEMORY_RANGE, {PAGES, OUT}},
    {ORC_OBJECT_REQUEST, {OUT, OUT}},
    {ORC_OBJECT_REGISTER, {SOURCE, OUT}},
    {ORC_OBJECT_BIND, {HANDLE, BINDINGS, SMALL}},
    {ORC_OBJECT_RELEASE, {HANDLE}},
    {ORC_READ, {HANDLE, OUT, LENGTH}},
    {ORC_WRITE, {HANDLE, OUT, LENGTH}},
    {ORC_CLOSE, {HANDLE}},
    {ORC_READ_VECTOR, {HANDLE, SPANS, SMALL, OFFSET}},
    {ORC_WRITE_VECTOR, {HANDLE, SPANS, SMALL, OFFSET}},
    {ORC_READ_AT, {HANDLE, OUT, LENGTH, OFFSET}},
    {ORC_WRITE_AT, {HANDLE, OUT, LENGTH, OFFSET}},
    {ORC_STATUS, {HANDLE, OUT, SMALL}},
    {ORC_SET_BLOCKING, {HANDLE, SMALL}},
    {ORC_TERMINAL, {HANDLE, OUT}},
    {ORC_AVAILABLE, {HANDLE, SMALL}},
    {ORC_OPEN, {PATH, BITS, MODE}},
    {ORC_OPEN, {PATH, BITS, MODE}},
    {ORC_OPEN, {PATH, BITS, MODE}},
    {ORC_STATUS_AT, {PATH, SMALL, OUT}},
    {ORC_ENTRIES, {HANDLE, OUT, LENGTH}},
    {ORC_REWIND, {HANDLE, OFFSET}},
    {ORC_READ_LINK, {PATH, OUT, LENGTH, BITS}},
    {ORC_MAKE_DIRECTORY, {PATH, MODE}},
    {ORC_REMOVE, {PATH, SMALL}},
    {ORC_RENAME, {PATH, TO_PATH, SMALL}},
    {ORC_LINK, {PATH, TO_PATH}},
    {ORC_SYMBOLIC_LINK, {PATH, TEXT, TEXT_LENGTH}},
    {ORC_SYMBOLIC_LINK, {PATH, TEXT, TEXT_LENGTH}},
    {ORC_TRUNCATE, {HANDLE, OFFSET}},
    {ORC_SYNC, {HANDLE, SMALL}},
    {ORC_SET_MODE, {HANDLE, MODE}},
    {ORC_SET_TIMES, {HANDLE, TIMES}},
    {ORC_LOCK, {HANDLE, LOCK, SMALL}},
    {ORC_ALLOCATE, {HANDLE, SMALL, OFFSET, OFFSET}},
    {ORC_STATUS_SYSTEM, {HANDLE, OUT}},
    {ORC_SET_TIMES_AT, {PATH, TIMES}},
    {ORC_MAKE_FIFO, {PATH, MODE}},
    {ORC_LINK_HANDLE, {HANDLE, TO_PATH}},
    {ORC_FLOCK, {HANDLE, SMALL, SMALL}},
    {ORC_SEEK, {HANDLE, OFFSET, SMALL}},
    {ORC_NOTIFY, {NONE}},
    {ORC_NOTIFY_WATCH, {HANDLE, PATH, BITS, SMALL}},
    {ORC_NOTIFY_REMOVE, {HANDLE, SMALL}},
    {ORC_XATTR_GET, {HANDLE, TEXT, TEXT_LENGTH, OUT, LENGTH}},
    {ORC_XATTR_SET, {HANDLE, TEXT, TEXT_LENGTH, OUT, LENGTH}},
    {ORC_XATTR_LIST, {HANDLE, OUT, LENGTH}},
    {ORC_XATTR_REMOVE, {HANDLE, TEXT, TEXT_LENGTH}},
    {ORC_PIPE, {OUT, SMALL}},
    {ORC_SOCKET_PAIR, {SMALL, SMALL, OUT}},
    {ORC_EVENT, {SMALL, BITS}},
    {ORC_TIMER, {SMALL, BITS}},
    {ORC_TIMER_SET, {HANDLE, SMALL, TIMES, OUT}},
    {ORC_TIMER_GET, {HANDLE, OUT}},
    {ORC_POLL, {POLLS, SMALL, TIME, SMALL}},
    {ORC_EPOLL, {NONE}},
    {ORC_EPOLL_CONTROL, {HANDLE, SMALL, HANDLE, BITS, RAW}},
    {ORC_EPOLL_WAIT, {HANDLE, OUT, SMALL, TIME}},
    {ORC_SOCKET, {SMALL, SMALL, SMALL}},
    {ORC_SOCKET, {SMALL, SMALL, SMALL}},
    {ORC_SOCKET_BIND, {HANDLE, ADDRESS, ADDRESS_LENGTH}},
    {ORC_SOCKET_LISTEN, {HANDLE, SMALL}},
    {ORC_SOCKET_ACCEPT, {HANDLE, OUT, LENGTH_AT, SMALL}},
    {ORC_SOCKET_CONNECT, {HANDLE, ADDRESS, ADDRESS_LENGTH}},
    {ORC_SOCKET_BIND_PATH, {HANDLE, PATH}},
    {ORC_SOCKET_CONNECT_PATH, {HANDLE, PATH}},
    {ORC_SOCKET_SHUTDOWN, {HANDLE, SMALL}},
    {ORC_SOCKET_NAME, {HANDLE, SMALL, OUT, LENGTH_AT}},
    {ORC_SOCKET_OPTION, {HANDLE, OPTION, OUT, SMALL}},
    {ORC_SOCKET_OPTION_GET, {HANDLE, OPTION, OUT, LENGTH_AT}},
    {ORC_SOCKET_SEND, {HANDLE, MESSAGE, BITS}},
    {ORC_SOCKET_RECEIVE, {HANDLE, MESSAGE, BITS}},
    {ORC_CLOCK, {SMALL, SMALL}},
    {ORC_RANDOM, {OUT, LENGTH}},
    {ORC_USAGE, {OUT, SMALL}},
    {ORC_LOG, {OUT, LENGTH}},
};
#define SHAPES (sizeof shapes / sizeof *shapes)

static const char *const names[] = {
    "",     ".",    "..",   "a",    "b",         "a/b",       "a/../b",      "../secret",     "../outside/secret", "sub",
    "a/",   "/",    "/etc", "link", "link/file", "sub/link",  "../../../..", "sub/../../secret", "sub/a",        "sub/b",
    "file", "fifo", "out",  "up",   "up/secret", "sub/socket", "socket",     "absolute",      "a/b/c/../../..",   "./a",
};
#define NAMES (sizeof names / sizeof *names)

static const uint64_t bits[] = {
    O_RDONLY, O_WRONLY, O_RDWR, O_CREAT | O_RDWR, O_CREAT | O_EXCL | O_RDWR, O_TRUNC | O_WRONLY, O_APPEND | O_RDWR,
    O_DIRECTORY, O_PATH, O_PATH | O_NOFOLLOW, O_NOFOLLOW, O_NONBLOCK, ORC_NO_LINKS, O_TMPFILE | O_RDWR, 1, 2, 3,
    EPOLLIN, EPOLLOUT | EPOLLET, EPOLLIN | EPOLLONESHOT, EPOLLIN | EPOLLEXCLUSIVE, EPOLLWAKEUP, MSG_DONTWAIT,
    MSG_DONTWAIT | MSG_PEEK, MSG_DONTWAIT | MSG_TRUNC, MSG_OOB, MSG_WAITALL, MSG_FASTOPEN, MSG_ZEROCOPY,
};
#define BITS_COUNT (sizeof bits / sizeof *bits)

static const uint64_t edges[] = {
    0, 1, 7, 8, 4095, 4096, 4097, 65535, 0x7fffffff, 0x80000000, 0xfffff000, 0xffffffff, 0x100000000, 0x7fffffffffffffff,
    0x8000000000000000, UINT64_MAX - 7, UINT64_MAX, ORC_HEAP_END - 8, ORC_HEAP_END, ORC_WINDOW, ORC_WINDOW_END,
    ORC_FIRST_STACK, ORC_GATES, AREAS_END - 8, AREAS_END,
};
#define EDGES (sizeof edges / sizeof *edges)

static uint64_t edge(struct random *random) {
    uint64_t value = edges[random_below(random, EDGES)];
    if (random_one_in(random, 4))
        value |= random_next(random) << 32;
    return random_one_in(random, 8) ? random_next(random) : value;
}

static uint64_t handle(struct random *random) {
    return random_one_in(random, 3) ? random_below(random, 6) : random_below(random, random_one_in(random, 8) ? HANDLES : 24);
}

/* An address in some thread's area; now and then at the very end of the areas, or nowhere. */
static uint32_t out(struct random *random) {
    if (random_one_in(random, 16))
        return (uint32_t)edge(random);
    if (random_one_in(random, 8))
        return AREAS_END - random_below(random, 64);
    return AREAS_START + random_below(random, AREAS * AREA_SIZE);
}

/* Stores bytes in the caller's area. */
static uint32_t store(struct call *call, const void *bytes, size_t size) {
    size_t start = call->size;
    if (start + size > sizeof call->bytes)
        return call->at;
    memcpy(call->bytes + start, bytes, size);
    call->size += (uint32_t)((size + 7) & ~(size_t)7);
    return call->at + (uint32_t)start;
}

static uint32_t store_path(struct random *random, struct call *call) {
    const char *name = names[random_below(random, NAMES)];
    struct orc_path path = {.directory = (uint32_t)handle(random), .length = (uint32_t)strlen(name)};
    path.address = store(call, name, path.length);
    if (random_one_in(random, 3))
        path.directory = random_below(random, 2);
    if (random_one_in(random, 32))
        path.length = (uint32_t)edge(random);
    if (random_one_in(random, 32))
        path.address = out(random);
    return store(call, &path, sizeof path);
}

static uint32_t store_spans(struct random *random, struct call *call) {
    struct orc_span spans[20];
    for (unsigned i = 0; i < 20; i++)
        spans[i] = (struct orc_span){out(random), random_one_in(random, 24) ? (uint32_t)edge(random)
                                                                            : random_below(random, 2000)};
    return store(call, spans, sizeof spans);
}

static uint32_t store_polls(struct random *random, struct call *call) {
    struct orc_poll polls[20];
    for (unsigned i = 0; i < 20; i++)
        polls[i] = (struct orc_poll){(uint32_t)handle(random), (uint16_t)random_next(random), 0};
    return store(call, polls, sizeof polls);
}

static uint32_t store_address(struct random *random, struct call *call, uint32_t *length) {
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr.s6_addr = {[15] = 1}};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr other = {.sa_family = (sa_family_t)random_below(random, 50), .sa_data = "/tmp/socket"};
    four.sin_port = six.sin6_port = htons((uint16_t)(GRANTED_FIRST_PORT - 4 + random_below(random, 72)));
    if (random_one_in(random, 4)) {
        four.sin_addr.s_addr = random_one_in(random, 2) ? 0 : htonl(INADDR_LOOPBACK + random_below(random, 4));
        memset(&six.sin6_addr, 0, 10);
        memset(six.sin6_addr.s6_addr + 10, random_one_in(random, 2) ? 0xff : 0, 2);
        memcpy(six.sin6_addr.s6_addr + 12, &four.sin_addr, 4);
    }
    if (random_one_in(random, 8))
        four.sin_port = six.sin6_port = 0;
    unsigned which = random_below(random, 5);
    *length = which < 2 ? sizeof four : which < 4 ? sizeof six : sizeof other;
    return which < 2 ? store(call, &four, sizeof four)
                     : which < 4 ? store(call, &six, sizeof six) : store(call, &other, sizeof other);
}

/* A control message or two, and a span that leads to them. */
static uint32_t store_control(struct random *random, struct call *call) {
    const int levels[] = {SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_UDP};
    struct {
        size_t length;
        int level, type;
        uint32_t data[6];
    } messages[2] = {0};
    for (unsigned i = 0; i < 2; i++) {
        messages[i].length = random_one_in(random, 4) ? edge(random) : CMSG_LEN(random_below(random, 25));
        messages[i].level = levels[random_below(random, 4)];
        messages[i].type = (int)random_below(random, random_one_in(random, 2) ? 12 : 110);
    }
    struct orc_span span = {store(call, messages, sizeof messages), random_below(random, sizeof messages)};
    if (random_one_in(random, 16))
        span.length = (uint32_t)edge(random);
    return store(call, &span, sizeof span);
}

static uint32_t store_message(struct random *random, struct call *call) {
    struct orc_message message = {.span_count = random_below(random, 20)};
    message.spans = store_spans(random, call);
    if (random_one_in(random, 2))
        message.address = store_address(random, call, &message.address_length);
    if (random_one_in(random, 16))
        message.span_count = (uint32_t)edge(random);
    if (random_one_in(random, 16))
        message.address_length = (uint32_t)edge(random);
    if (random_one_in(random, 2))
        message.control = store_control(random, call);
    return store(call, &message, sizeof message);
}

static uint32_t store_words(struct random *random, struct call *call, unsigned words) {
    uint32_t stored[16];
    for (unsigned i = 0; i < words; i++)
        stored[i] = random_one_in(random, 2) ? out(random)
                    : random_one_in(random, 2) ? random_below(random, 8) : (uint32_t)edge(random);
    return store(call, stored, words * sizeof *stored);
}

static uint32_t store_times(struct random *random, struct call *call) {
    int64_t times[2];
    for (int i = 0; i < 2; i++)
        times[i] = random_one_in(random, 4) ? (int64_t)edge(random) : (int64_t)random_below(random, MILLISECOND);
    return store(call, times, sizeof times);
}

static uint32_t store_lock(struct random *random, struct call *call) {
    struct orc_lock lock = {.type = random_below(random, 4), .start = random_below(random, 100),
                            .length = (int64_t)(random_one_in(random, 8) ? edge(random) : random_below(random, 100))};
    return store(call, &lock, sizeof lock);
}

/* A few more calls, for a thread of the guest's own; what they point at is whatever others have stored there. */
static uint32_t store_script(struct random *random, struct call *call, const struct entries *entries) {
    uint64_t script[4][8] = {{0}};
    for (unsigned i = 0; i < 3; i++) {
        struct call inner;
        do
            call_generate(random, random_below(random, AREAS), entries, &inner);
        while (inner.arguments[0] == ORC_THREAD_CREATE);
        memcpy(script[i], inner.arguments, sizeof inner.arguments);
    }
    script[3][0] = UINT64_MAX;
    return store(call, script, sizeof script);
}

static uint32_t store_thread(struct random *random, struct call *call, const struct entries *entries) {
    struct orc_thread_start start = {.entry = random_one_in(random, 16) ? entries->loop : entries->increment,
                                     .stack = AREAS_END,
                                     .thread_pointer = (uint32_t)edge(random),
                                     .id_address = random_one_in(random, 2) ? 0 : out(random)};
    if (random_one_in(random, 2)) {
        start.entry = entries->script;
        start.argument = store_script(random, call, entries);
    }
    if (random_one_in(random, 16))
        start.entry = (uint32_t)edge(random);
    return store(call, &start, sizeof start);
}

static uint64_t option_of(struct random *random) {
    const uint64_t levels[] = {SOL_SOCKET, IPPROTO_TCP, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_UDP};
    return levels[random_below(random, 5)] << 32 | random_below(random, 105);
}

static uint64_t argument(struct random *random, struct call *call, enum kind kind, const struct entries *entries) {
    uint32_t length;
    if (kind != NONE && random_one_in(random, 40))
        return edge(random);
    switch (kind) {
    case HANDLE:
        return handle(random);
    case OUT:
    case TEXT:
    case LENGTH_AT:
        return out(random);
    case LENGTH:
        return random_one_in(random, 8) ? edge(random) : random_below(random, 8192);
    case SMALL:
    case TEXT_LENGTH:
        return random_below(random, random_one_in(random, 4) ? 70 : 4);
    case BITS:
        return bits[random_below(random, BITS_COUNT)];
    case TIME:
        return random_below(random, MILLISECOND);
    case OFFSET:
        return random_one_in(random, 4) ? UINT64_MAX : random_below(random, 100000);
    case MODE:
        return random_one_in(random, 4) ? random_below(random, 010000) : 0700 | random_below(random, 0100);
    case CODE:
        return random_one_in(random, 2) ? 0 : random_one_in(random, 16) ? entries->increment : entries->signal;
    case PAGES: /* the areas last: without them most calls fail at once */
        return AREAS_START + (random_below(random, random_one_in(random, 16) ? 64 : 48) + 16) % 64 * 0x1000 +
               (random_one_in(random, 16) ? 8 : AREAS * AREA_SIZE);
    case PAGES_SIZE:
        return (1 + random_below(random, 16)) * 0x1000;
    case FUTEX:
        return out(random) & ~3u;
    case THREAD:
        return random_below(random, 8);
    case OPTION:
        return option_of(random);
    case PATH:
    case TO_PATH:
        return store_path(random, call);
    case SPANS:
        return store_spans(random, call);
    case POLLS:
        return store_polls(random, call);
    case ADDRESS:
        length = 0;
        return store_address(random, call, &length);
    case ADDRESS_LENGTH:
        return random_one_in(random, 2) ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    case MESSAGE:
        return store_message(random, call);
    case TIMES:
        return store_times(random, call);
    case LOCK:
        return store_lock(random, call);
    case BINDINGS:
        return store_words(random, call, 12);
    case SOURCE:
        return store_words(random, call, 10);
    case START:
        return store_thread(random, call, entries);
    case NONE:
    case RAW:
        break;
    }
    return kind == NONE ? 0 : random_next(random);
}

void call_generate(struct random *random, unsigned area, const struct entries *entries, struct call *call) {
    const struct shape *shape = &shapes[random_below(random, SHAPES)];
    call->size = 0;
    call->at = AREAS_START + area * AREA_SIZE + random_below(random, 64) * 512;
    call->arguments[0] = random_one_in(random, 200) ? random_below(random, ORC_HOSTCALLS + 8) : shape->number;
    for (unsigned i = 0; i < 5; i++)
        call->arguments[i + 1] = argument(random, call, (enum kind)shape->kinds[i], entries);
    /* A full disk is no finding. */
    if (call->arguments[0] == ORC_ALLOCATE || call->arguments[0] == ORC_TRUNCATE)
        for (unsigned i = 2; i < 6; i++)
            call->arguments[i] &= 0x80000000000fffff;
}
