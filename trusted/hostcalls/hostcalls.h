/* The hostcalls, one file a family; table.c leads to them. Each gets the guest's arguments as they came: all
 * of them are hostile. */
#ifndef ORC_HOSTCALLS_H
#define ORC_HOSTCALLS_H

#include <errno.h>
#include <sys/uio.h>

#include "../intravisor/capability.h"

typedef int64_t hostcall_function(struct orc_thread *thread, const uint64_t *arguments);

/* clang-format off */
/* All of them, by the file that has them: X(NUMBER, function). */
#define HOSTCALLS(X) \
    /* threads.c */ X(EXIT, exit) X(SET_THREAD_POINTER, set_thread_pointer) X(MARK, mark) X(UNWIND, unwind) \
    X(THREAD_CREATE, thread_create) X(THREAD_EXIT, thread_exit) X(THREAD_ID, thread_id) \
    X(INTERRUPT, interrupt) X(SIGNAL_ENTRY, signal_entry) X(SIGNAL_RETURN, signal_return) \
    X(SIGNALS, signals) X(FUTEX_WAIT, futex_wait) X(FUTEX_WAKE, futex_wake) X(YIELD, yield) \
    X(FREEZE, freeze) X(CLONE_INFO, clone_info) \
    /* memory.c */ X(MAP, map) X(UNMAP, unmap) X(PROTECT, protect) X(DISCARD, discard) X(MAP_FILE, map_file) \
    X(MOVE, move) X(POPULATE, populate) X(MEMORY_FILE, memory_file) X(MEMORY_RANGE, memory_range) \
    /* objects.c */ X(OBJECT_REQUEST, object_request) X(OBJECT_REGISTER, object_register) \
    X(OBJECT_BIND, object_bind) X(OBJECT_RELEASE, object_release) \
    /* handles.c */ X(READ, read) X(WRITE, write) X(CLOSE, close) X(READ_VECTOR, read_vector) \
    X(WRITE_VECTOR, write_vector) X(READ_AT, read_at) X(WRITE_AT, write_at) X(STATUS, status) \
    X(SET_BLOCKING, set_blocking) X(TERMINAL, terminal) X(AVAILABLE, available) \
    /* files.c */ X(OPEN, open) X(STATUS_AT, status_at) X(ENTRIES, entries) X(REWIND, rewind) \
    X(READ_LINK, read_link) X(MAKE_DIRECTORY, make_directory) X(REMOVE, remove) X(RENAME, rename) \
    X(LINK, link) X(SYMBOLIC_LINK, symbolic_link) X(TRUNCATE, truncate) X(SYNC, sync) X(SET_MODE, set_mode) \
    X(SET_TIMES, set_times) X(LOCK, lock) X(ALLOCATE, allocate) X(STATUS_SYSTEM, status_system) \
    X(SET_TIMES_AT, set_times_at) X(MAKE_FIFO, make_fifo) X(LINK_HANDLE, link_handle) X(FLOCK, flock) X(SEEK, seek) \
    /* xattr.c */ X(XATTR_GET, xattr_get) X(XATTR_SET, xattr_set) X(XATTR_LIST, xattr_list) \
    X(XATTR_REMOVE, xattr_remove) \
    /* notify.c */ X(NOTIFY, notify) X(NOTIFY_WATCH, notify_watch) X(NOTIFY_REMOVE, notify_remove) \
    /* events.c */ X(PIPE, pipe) X(SOCKET_PAIR, socket_pair) X(EVENT, event) X(TIMER, timer) \
    X(TIMER_SET, timer_set) X(TIMER_GET, timer_get) X(POLL, poll) X(EPOLL, epoll) \
    X(EPOLL_CONTROL, epoll_control) X(EPOLL_WAIT, epoll_wait) \
    /* sockets.c */ X(SOCKET, socket) X(SOCKET_BIND, socket_bind) X(SOCKET_LISTEN, socket_listen) \
    X(SOCKET_ACCEPT, socket_accept) X(SOCKET_CONNECT, socket_connect) X(SOCKET_BIND_PATH, socket_bind_path) \
    X(SOCKET_CONNECT_PATH, socket_connect_path) X(SOCKET_SHUTDOWN, socket_shutdown) \
    X(SOCKET_NAME, socket_name) X(SOCKET_SEND, socket_send) X(SOCKET_RECEIVE, socket_receive) \
    /* socket_options.c */ X(SOCKET_OPTION, socket_option) X(SOCKET_OPTION_GET, socket_option_get) \
    /* clocks.c */ X(CLOCK, clock) X(RANDOM, random) X(USAGE, usage) X(LOG, log)
/* clang-format on */
#define DECLARE(number, name) hostcall_function call_##name;
HOSTCALLS(DECLARE)
#undef DECLARE

/* The result of a host system call in our convention. */
static inline int64_t result_of(int64_t result) {
    return result < 0 ? -errno : result;
}

/* A system call past the C library: no cancellation point, no errno. */
static inline int64_t host_call(long number, int64_t a, uint64_t b, uint64_t c, uint64_t d) {
    register uint64_t fourth __asm__("r10") = d;
    __asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c), "r"(fourth) : "rcx", "r11", "memory");
    return number;
}

/* The same with five arguments. */
static inline int64_t host_call_of_five(long number, int64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e) {
    register uint64_t fourth __asm__("r10") = d;
    register uint64_t fifth __asm__("r8") = e;
    __asm__ volatile("syscall"
                     : "+a"(number)
                     : "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
                     : "rcx", "r11", "memory");
    return number;
}

/* A guest's buffer for a system call to read: the kernel checks that it is mapped. Never dereferenced here. NULL when
 * it leaves the slot. */
static inline void *kernel_buffer(const struct orc_thread *thread, guest_address start, uint64_t size) {
    return guest_range(start, size) ? (void *)(thread->slot + start.address) : NULL;
}

/* The same for a system call to fill. NULL also when that takes memory beyond the quota. */
static inline void *kernel_buffer_to_fill(const struct orc_thread *thread, guest_address start, uint64_t size) {
    void *buffer = kernel_buffer(thread, start, size);
    if (buffer && __builtin_expect(__atomic_load_n(&thread->compartment->memory.lazy, __ATOMIC_RELAXED) != 0, 0) &&
        memory_prepare(thread->compartment, start.address, size) < 0)
        return NULL;
    return buffer;
}

/* Not zeroed at the start of its scope, as the compiler's options would have it: for large structures, of which only what
 * was stored is read. */
#define UNSET __attribute__((uninitialized))

/* What a variable holds is given back when its scope ends. */
#define CLEANUP(function) __attribute__((cleanup(function)))

/* A call whose first argument is a file's handle: with the rights and of a kind (a mask of 1 << FILE_*) that
 * it needs. The file is kept open for the body, which runs again when a system call was interrupted for no
 * reason of the guest's. */
struct file_call {
    struct orc_thread *thread;
    int fd;
    enum file_kind kind;
    uint32_t rights;
    struct host_file *file;
    const uint64_t *arguments;
};

static inline int64_t on_file(struct orc_thread *thread, const uint64_t *arguments, uint32_t needs,
                              uint32_t kinds, int64_t (*body)(const struct file_call *call)) {
    bool counted;
    struct host_file *file;
    struct file_call call = {.thread = thread, .arguments = arguments};
    int64_t result = file_borrow(thread, arguments[0], needs, kinds, &file, &call.rights, &counted);
    if (result < 0)
        return result;
    call.fd = file->fd;
    call.kind = file->kind;
    call.file = file;
    do
        result = body(&call);
    while (result == -EINTR && call_again(thread, result));
    if (counted)
        file_put(file);
    return result;
}

#define FILE_CALL(name, needs, kinds)                                                                        \
    static int64_t name##_body(const struct file_call *call);                                                \
    int64_t name(struct orc_thread *thread, const uint64_t *arguments) {                                     \
        return on_file(thread, arguments, needs, kinds, name##_body);                                        \
    }                                                                                                        \
    static int64_t name##_body(const struct file_call *call)

#define BOTH_RIGHTS (RIGHT_READ | RIGHT_WRITE)
#define REGULAR (1 << FILE_REGULAR)
#define DIRECTORY (1 << FILE_DIRECTORY)
#define SOCKET (1 << FILE_SOCKET)
#define MEMORY (1 << FILE_MEMORY)

/* clocks.c: the host's, by ORC_CLOCK_; -1 for that of the compartment. */
extern const clockid_t host_clocks[];

/* handles.c: a guest's spans as kernel buffers, ORC_MAX_TRANSFER bytes in all at most. */
#define FEW_SPANS 16
struct vector {
    struct iovec *spans, few[FEW_SPANS];
};
int vector_get(const struct orc_thread *thread, struct vector *vector, guest_address spans, uint64_t count,
               bool fill);
void vector_put(struct vector *vector);

/* A handle for a new descriptor, which is taken over; `fd` may be a -errno instead. */
int64_t add_handle(struct orc_thread *thread, int64_t fd, enum file_kind kind, uint32_t rights);
/* The same for two, which are stored at `to`: both or none. */
int64_t add_two_handles(struct orc_thread *thread, const int fds[2], enum file_kind kind,
                        const uint32_t rights[2], guest_address to);

int64_t write_status(const struct orc_thread *thread, int fd, guest_address to);

#endif
