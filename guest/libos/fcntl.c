/* fcntl and ioctl. Record locks are in locks.c. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include "files.h"
#include "locks.h"
#include "pipe.h"

#define CHANGEABLE (O_APPEND | O_NONBLOCK | O_NOATIME)

static long set_flags(struct file *file, unsigned flags) {
    if (file->kind == FILE_PATH)
        return -EBADF;
    if (file->host_appends && !(flags & O_APPEND))
        return -EPERM; /* the host's file was opened so */
    bool nonblocking = flags & O_NONBLOCK;
    if (file->operations->set_nonblocking && nonblocking != !!(file->flags & O_NONBLOCK)) {
        long error = file->operations->set_nonblocking(file, nonblocking);
        if (error)
            return error;
    }
    file->flags = (file->flags & ~CHANGEABLE) | (flags & CHANGEABLE);
    return 0;
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

static long control(struct file *file, int descriptor, int command, long argument) {
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
        return set_flags(file, argument);
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
        *(int *)argument = 1;
        return 0;
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return -EPERM;
    default:
        return -EINVAL;
    }
}

static long io_control(struct file *file, int descriptor, unsigned long request, long argument) {
    switch (request) {
    case FIONBIO:
        return set_flags(file, *(int *)argument ? file->flags | O_NONBLOCK : file->flags & ~O_NONBLOCK);
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
