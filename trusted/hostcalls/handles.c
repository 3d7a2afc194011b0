/* Handles of any kind: reading, writing, status. Data moves between the kernel and the slot without a stop in
 * between. A broken pipe is -EPIPE and nothing more: SIGPIPE is blocked on threads that run guests. The most
 * frequent calls go past the C library's wrappers, which make each a cancellation point. */
#include <fcntl.h>
#include <stdlib.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hostcalls.h"

/* (handle, pointer, length), and for some an offset; the kernel refuses negative ones. */
static int64_t transfer(const struct file_call *call, long number, bool fill) {
    size_t length = call->arguments[2] < ORC_MAX_TRANSFER ? call->arguments[2] : ORC_MAX_TRANSFER;
    guest_address at = guest_pointer(call->arguments[1]);
    void *buffer = fill ? kernel_buffer_to_fill(call->thread, at, length) : kernel_buffer(call->thread, at, length);
    return buffer ? host_call(number, call->fd, (uintptr_t)buffer, length, call->arguments[3]) : -EFAULT;
}

/* Copies spans in and makes kernel buffers of them, ORC_MAX_TRANSFER bytes in all: those beyond are empty. */
static int fill_vector(const struct orc_thread *thread, guest_address spans, uint32_t count,
                       struct iovec *vector, bool fill) {
    struct orc_span chunk[FEW_SPANS];
    uint64_t left = ORC_MAX_TRANSFER;
    if (!guest_range(spans, (uint64_t)count * sizeof *chunk))
        return -EFAULT;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t ahead = count - i < FEW_SPANS ? count - i : FEW_SPANS;
        guest_address from = {spans.address + i * (uint32_t)sizeof *chunk};
        if (i % FEW_SPANS == 0 && guest_read(thread, chunk, from, ahead * sizeof *chunk) < 0)
            return -EFAULT;
        struct orc_span span = chunk[i % FEW_SPANS];
        size_t length = span.length < left ? span.length : left;
        guest_address at = {span.address};
        if (!guest_range(at, span.length))
            return -EFAULT;
        void *buffer = fill ? kernel_buffer_to_fill(thread, at, length) : kernel_buffer(thread, at, length);
        if (!buffer)
            return -EFAULT;
        vector[i] = (struct iovec){buffer, length};
        left -= length;
    }
    return 0;
}

int vector_get(const struct orc_thread *thread, struct vector *vector, guest_address spans, uint64_t count,
               bool fill) {
    vector->spans = vector->few;
    if (count > ORC_MAX_SPANS)
        return -EINVAL;
    if (count > FEW_SPANS && !(vector->spans = malloc(count * sizeof *vector->spans)))
        return -ENOMEM;
    return fill_vector(thread, spans, (uint32_t)count, vector->spans, fill);
}

void vector_put(struct vector *vector) {
    if (vector->spans != vector->few)
        free(vector->spans);
}

#define VECTOR_FLAGS (RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND)

/* (handle, spans, count, offset, flags): an offset of -1 means the file's own position, to the kernel as well. */
static int64_t transfer_vector(const struct file_call *call, long number, bool fill) {
    struct vector vector CLEANUP(vector_put);
    uint64_t count = call->arguments[2], flags = call->arguments[4], none = 0; /* no upper half of the offset */
    if (flags & ~(uint64_t)VECTOR_FLAGS) {
        vector.spans = vector.few;
        return -EINVAL;
    }
    int status = vector_get(call->thread, &vector, guest_pointer(call->arguments[1]), count, fill);
    return status < 0
               ? status
               : result_of(syscall(number, call->fd, vector.spans, count, call->arguments[3], none, flags));
}

#define TRANSFER(name, right, kinds, how, number, fill)                                                      \
    FILE_CALL(name, right, kinds) {                                                                          \
        return how(call, number, fill);                                                                      \
    }
TRANSFER(call_read, RIGHT_READ, ANY_KIND, transfer, SYS_read, true)
TRANSFER(call_write, RIGHT_WRITE, ANY_KIND, transfer, SYS_write, false)
TRANSFER(call_read_at, RIGHT_READ, ANY_KIND | MEMORY, transfer, SYS_pread64, true)
TRANSFER(call_read_vector, RIGHT_READ, ANY_KIND, transfer_vector, SYS_preadv2, true)
TRANSFER(call_write_vector, RIGHT_WRITE, ANY_KIND, transfer_vector, SYS_pwritev2, false)

static int64_t write_memory_file(const struct file_call *call) {
    uint64_t length = call->arguments[2] < ORC_MAX_TRANSFER ? call->arguments[2] : ORC_MAX_TRANSFER;
    void *buffer = kernel_buffer(call->thread, guest_pointer(call->arguments[1]), length);
    if (!buffer)
        return -EFAULT;
    return memory_file_write(call->thread->compartment, call->file, buffer, length, call->arguments[3]);
}

FILE_CALL(call_write_at, RIGHT_WRITE, ANY_KIND | MEMORY) {
    return call->kind == FILE_MEMORY ? write_memory_file(call) : transfer(call, SYS_pwrite64, false);
}

int64_t call_close(struct orc_thread *thread, const uint64_t *arguments) {
    return capability_remove(thread->compartment, arguments[0]);
}

int64_t add_handle(struct orc_thread *thread, int64_t fd, enum file_kind kind, uint32_t rights) {
    return fd < 0 ? fd : capability_add_file(thread->compartment, (int)fd, kind, rights);
}

int64_t add_two_handles(struct orc_thread *thread, const int fds[2], enum file_kind kind,
                        const uint32_t rights[2], guest_address to) {
    int64_t first = add_handle(thread, fds[0], kind, rights[0]);
    int64_t second =
        add_handle(thread, fds[1], kind, rights[1]); /* in any case: it takes the descriptor over */
    const uint32_t handles[2] = {(uint32_t)first, (uint32_t)second};
    int64_t result = first < 0 ? first : second;
    if (first >= 0 && second >= 0)
        result = guest_write(thread, to, handles, sizeof handles);
    if (result < 0 && first >= 0)
        capability_remove(thread->compartment, (uint64_t)first);
    if (result < 0 && second >= 0)
        capability_remove(thread->compartment, (uint64_t)second);
    return result;
}

int64_t write_status(const struct orc_thread *thread, int fd, guest_address to) {
    struct stat found = {0}; /* the C library's fstat is another system call, with a path to look at */
    int64_t result = host_call(SYS_fstat, fd, (uintptr_t)&found, 0, 0);
    if (result < 0)
        return result;
    struct orc_status status = {.device = found.st_dev, .inode = found.st_ino};
    status.size = (uint64_t)found.st_size, status.blocks = (uint64_t)found.st_blocks;
    status.mode = found.st_mode, status.links = (uint32_t)found.st_nlink;
    status.user = found.st_uid, status.group = found.st_gid;
    status.block_size = (uint32_t)found.st_blksize, status.special = (uint32_t)found.st_rdev;
    status.access = to_nanoseconds(found.st_atim);
    status.modification = to_nanoseconds(found.st_mtim);
    status.change = to_nanoseconds(found.st_ctim);
    return guest_write(thread, to, &status, sizeof status);
}

/* The kernel stores its own structure, which holds nothing else, where the guest wants it: half the way. */
FILE_CALL(call_status, 0, ANY_KIND | MEMORY) {
    guest_address to = guest_pointer(call->arguments[1]);
    if (call->arguments[2] == 0)
        return write_status(call->thread, call->fd, to);
    if (call->arguments[2] != ORC_STATUS_OF_LINUX)
        return -EINVAL;
    void *buffer = kernel_buffer_to_fill(call->thread, to, sizeof(struct stat));
    return buffer ? host_call(SYS_fstat, call->fd, (uintptr_t)buffer, 0, 0) : -EFAULT;
}

/* The flag of a granted file is everybody's who shares it. */
FILE_CALL(call_set_blocking, RIGHT_OWN, ANY_KIND) {
    int flags = fcntl(call->fd, F_GETFL);
    if (call->arguments[1] > 1)
        return -EINVAL;
    return result_of(fcntl(call->fd, F_SETFL, call->arguments[1] ? flags & ~O_NONBLOCK : flags | O_NONBLOCK));
}

FILE_CALL(call_terminal, 0, ANY_KIND) {
    struct winsize size;
    if (call->kind != FILE_STREAM || ioctl(call->fd, TIOCGWINSZ, &size) != 0)
        return -ENOTTY;
    const struct orc_window window = {.rows = size.ws_row, .columns = size.ws_col};
    return guest_write(call->thread, guest_pointer(call->arguments[1]), &window, sizeof window);
}

FILE_CALL(call_available, RIGHT_READ, 1 << FILE_STREAM | 1 << FILE_NOTIFY | SOCKET) {
    static const unsigned long requests[] = {[ORC_AVAILABLE_TO_READ] = FIONREAD,
                                             [ORC_AVAILABLE_UNSENT] = SIOCOUTQ,
                                             [ORC_AVAILABLE_AT_MARK] = SIOCATMARK};
    int found = 0;
    if (call->arguments[1] >= sizeof requests / sizeof *requests)
        return -EINVAL;
    return ioctl(call->fd, requests[call->arguments[1]], &found) == 0 ? found : -errno;
}
