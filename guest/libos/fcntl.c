/* fcntl and ioctl. Record locks are in locks.c. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include "files.h"
#include "memory.h"
#include "node.h"
#include "locks.h"
#include "pipe.h"
#include "service.h"

#define CHANGEABLE (O_APPEND | O_NONBLOCK | O_NOATIME | O_ASYNC)
#define MOST_SIGNAL 64
#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)

/* What others write into may tell of that by a signal. */
static bool can_tell(const struct file *file) {
    return file->kind == FILE_SOCKET || file->kind == FILE_PIPE || file->kind == FILE_STREAM;
}

static long set_flags(struct file *file, int descriptor, unsigned flags) {
    if (file->kind == FILE_PATH)
        return -EBADF;
    bool nonblocking = flags & O_NONBLOCK;
    if (!can_tell(file))
        flags &= ~(unsigned)O_ASYNC;
    if (file->operations->set_nonblocking && nonblocking != !!(file->flags & O_NONBLOCK)) {
        long error = file->operations->set_nonblocking(file, nonblocking);
        if (error)
            return error;
    }
    long error = (flags ^ file->flags) & O_ASYNC ? async_switch(file, descriptor, flags & O_ASYNC) : 0;
    if (error == -EPERM) /* it's always ready, so there's nothing to tell */
        error = 0;
    if (!error)
        file->flags = (file->flags & ~CHANGEABLE) | (flags & CHANGEABLE);
    return error;
}

static long duplicate(struct file *file, long lowest, bool close_on_exec) {
    if (lowest < 0 || lowest >= libos_descriptor_limit())
        return -EINVAL;
    file_hold(file);
    return descriptor_add(file, lowest, close_on_exec);
}

/* The host's pipes keep their size, which is the usual one. */
static long control_size(struct file *file, bool set, long size) {
    struct stat status;
    if (file->kind == FILE_PIPE)
        return set ? pipe_set_size(file, (size_t)size) : pipe_size(file);
    bool is_pipe =
        file->kind == FILE_STREAM && !file->operations->status(file, &status) && S_ISFIFO(status.st_mode);
    return is_pipe ? 65536 : -EBADF;
}

/* Seals are those of memfd_create. The sealing seal stands for all other files in memory. */
static long control_seals(struct file *file, bool add, uint32_t seals) {
    if (file->operations != &memory_operations || file->path)
        return -EINVAL;
    if (!add)
        return file->node->seals;
    if (!writable(file))
        return -EPERM;
    if (seals & ~ALL_SEALS)
        return -EINVAL;
    libos_lock(&nodes_lock);
    long error = file->node->seals & F_SEAL_SEAL ? -EPERM : 0;
    if (!error && seals & F_SEAL_WRITE && is_mapped_to_write(file->node))
        error = -EBUSY;
    if (!error)
        file->node->seals |= seals;
    libos_unlock(&nodes_lock);
    return error;
}

/* Leases, which this kernel gives nobody: asking for the end of one says that there's none. */
static long set_lease(long type) {
    return type == F_UNLCK ? -EAGAIN : -EINVAL;
}

/* Who gets SIGIO: the process, its group, or nobody. */
static long set_owner(struct file *file, long owner) {
    long process = sys_getpid();
    if (owner != 0 && owner != process && owner != -process)
        return owner == INT32_MIN ? -EINVAL : -ESRCH;
    file->owner = (int32_t)owner;
    return 0;
}

static long set_owner_signal(struct file *file, long signal) {
    if (signal < 0 || signal > MOST_SIGNAL)
        return -EINVAL;
    file->owner_signal = (uint32_t)signal;
    return 0;
}

/* A number of events to be told by signals: none, as it is. */
static long notify_by_signal(struct file *file, long events) {
    if (!(events & 0x7fffffff))
        return 0;
    return file->kind == FILE_DIRECTORY || file->directory ? -EINVAL : -ENOTDIR;
}

/* As F_SETOWN and F_GETOWN have it, but with the kind apart. */
struct owner {
    int kind, id; /* F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP */
};

static long set_owner_of_kind(struct file *file, const struct owner *owner) {
    if (owner->kind < 0 || owner->kind > 2)
        return -EINVAL;
    return set_owner(file, owner->kind == 2 ? -(long)owner->id : owner->id);
}

static long get_owner_of_kind(const struct file *file, struct owner *owner) {
    *owner = (struct owner){file->owner < 0 ? 2 : 1, file->owner < 0 ? -file->owner : file->owner};
    return 0;
}

static long control_owner(struct file *file, int command, long argument) {
    switch (command) {
    case F_SETOWN:
        return set_owner(file, (int)argument);
    case F_GETOWN:
        return file->owner;
    case F_SETOWN_EX:
        return set_owner_of_kind(file, (const struct owner *)argument);
    case F_GETOWN_EX:
        return get_owner_of_kind(file, (struct owner *)argument);
    case F_SETSIG:
        return set_owner_signal(file, argument);
    default:
        return file->owner_signal;
    }
}

/* All that a descriptor of a name alone (O_PATH) is good for. */
static bool fits_path(int command) {
    return command == F_DUPFD || command == F_DUPFD_CLOEXEC || command == F_GETFD || command == F_SETFD ||
           command == F_GETFL;
}

static long control(struct file *file, int descriptor, int command, long argument) {
    if (file->kind == FILE_PATH && !fits_path(command))
        return -EBADF;
    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        return duplicate(file, argument, command == F_DUPFD_CLOEXEC);
    case F_GETFD:
        return descriptor_close_on_exec(descriptor);
    case F_SETFD:
        return descriptor_set_close_on_exec(descriptor, argument & FD_CLOEXEC);
    case F_GETFL:
        return file->flags;
    case F_SETFL:
        return set_flags(file, descriptor, argument);
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        return lock_control(file, command, (struct flock *)argument);
    case F_SETPIPE_SZ:
    case F_GETPIPE_SZ:
        return control_size(file, command == F_SETPIPE_SZ, argument);
    case F_ADD_SEALS:
    case F_GET_SEALS:
        return control_seals(file, command == F_ADD_SEALS, (uint32_t)argument);
    case F_SETLEASE:
        return set_lease(argument);
    case F_GETLEASE:
        return F_UNLCK;
    case F_NOTIFY:
        return notify_by_signal(file, argument);
    case F_SETOWN:
    case F_GETOWN:
    case F_SETOWN_EX:
    case F_GETOWN_EX:
    case F_SETSIG:
    case F_GETSIG:
        return control_owner(file, command, argument);
    default:
        return -EINVAL;
    }
}

long sys_fcntl(int descriptor, int command, long argument) {
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    long result = control(file, descriptor, command, argument);
    file_put(file);
    return result;
}

/* The size, and so whether there's a terminal at all. */
static long terminal_size(struct file *file, struct winsize *size) {
    struct orc_window window;
    if (file->kind != FILE_STREAM)
        return -ENOTTY;
    long error = orc_hostcall(ORC_TERMINAL, file->handle, (long)&window, 0, 0, 0);
    if (!error)
        *size = (struct winsize){.ws_row = window.rows, .ws_col = window.columns};
    return error;
}

/* The host's terminal keeps its settings: this is what they are as a rule. */
static void usual_settings(struct termios *settings) {
    static const unsigned char characters[] = {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22};
    memset(settings, 0, 36); /* the kernel's part of the structure */
    settings->c_iflag = ICRNL | IXON | IUTF8;
    settings->c_oflag = OPOST | ONLCR;
    settings->c_cflag = CS8 | CREAD | B38400;
    settings->c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
    memcpy(settings->c_cc, characters, sizeof characters);
}

static long terminal_control(struct file *file, unsigned long request, long argument) {
    struct winsize size;
    long error = terminal_size(file, &size);
    if (error)
        return error;
    switch (request) {
    case TIOCGWINSZ:
        memcpy((void *)argument, &size, sizeof size);
        return 0;
    case TCGETS:
        usual_settings((void *)argument);
        return 0;
    case TIOCGPGRP:
    case TIOCGSID:
        *(int *)argument = (int)sys_getpid();
        return 0;
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return -EPERM;
    default:
        return -EINVAL;
    }
}

static long set_asynchronous(struct file *file, int descriptor, bool asynchronous) {
    if (asynchronous == !!(file->flags & O_ASYNC))
        return 0;
    if (!can_tell(file))
        return -ENOTTY;
    return set_flags(file, descriptor, asynchronous ? file->flags | O_ASYNC : file->flags & ~O_ASYNC);
}

static long io_control(struct file *file, int descriptor, unsigned long request, long argument) {
    switch (request) {
    case FIONBIO:
        return set_flags(file, descriptor, *(int *)argument ? file->flags | O_NONBLOCK : file->flags & ~O_NONBLOCK);
    case FIOASYNC:
        return set_asynchronous(file, descriptor, *(int *)argument != 0);
    case FIOCLEX:
    case FIONCLEX:
        return descriptor_set_close_on_exec(descriptor, request == FIOCLEX);
    case TCGETS:
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
    case TIOCGWINSZ:
    case TIOCGPGRP:
    case TIOCGSID:
        return terminal_control(file, request, argument);
    default:
        return file->operations->control ? file->operations->control(file, request, argument) : -ENOTTY;
    }
}

long sys_ioctl(int descriptor, unsigned long request, long argument) {
    struct file *file = file_get(descriptor);
    if (!file)
        return -EBADF;
    long result =
        file->kind == FILE_PATH ? -EBADF : io_control(file, descriptor, request & 0xffffffff, argument);
    file_put(file);
    return result;
}
