/* Open file descriptions and the descriptors that lead to them. */
#ifndef LIBOS_FILE_H
#define LIBOS_FILE_H

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include "libos.h"
#include "orc/hostcall.h"

struct file;
struct node;
struct listing;
struct socket_calls;

/* What chmod, chown and utimensat change. */
struct attributes {
    bool set_mode, set_owner, set_times;
    mode_t mode;
    uint32_t user, group; /* -1: as it is */
    int64_t times[2];     /* access, modification: ns, ORC_TIME_NOW or ORC_TIME_OMIT */
};

/* Positions: -1 is the file's own position, which moves along. What a kind of file lacks is NULL. */
struct file_operations {
    long (*read)(struct file *file, void *buffer, size_t length, int64_t position);
    long (*write)(struct file *file, const void *buffer, size_t length, int64_t position);
    /* NULL: one call of read or write for each span. */
    long (*read_vector)(struct file *file, const struct iovec *vector, int count, int64_t position);
    long (*write_vector)(struct file *file, const struct iovec *vector, int count, int64_t position);
    long (*seek)(struct file *file, int64_t offset, int whence); /* NULL: -ESPIPE */
    long (*status)(struct file *file, struct stat *status);
    long (*truncate)(struct file *file, int64_t size);
    long (*set_attributes)(struct file *file, const struct attributes *attributes);
    long (*entries)(struct file *file, void *buffer, size_t length); /* NULL: -ENOTDIR */
    long (*control)(struct file *file, unsigned long request, long argument);
    long (*set_nonblocking)(struct file *file, bool nonblocking); /* NULL: nothing to do */
    unsigned (*ready)(
        struct file *file); /* of what watch.h is about: the events of poll that it is ready for */
    void (*release)(struct file *file);
    const struct socket_calls *socket; /* NULL: it's none */
};

enum file_kind {
    FILE_PIPE,      /* one end of a pipe in memory: `own` begins with a struct watched */
    FILE_NETLINK,   /* a netlink socket: the same */
    FILE_SIGNALS,   /* signalfd: the same */
    FILE_STREAM,    /* by a host handle: terminal, pipe, event... anything without a position of ours */
    FILE_SOCKET,    /* the same, a socket */
    FILE_EPOLL,     /* the same, an epoll instance */
    FILE_NOTIFY,    /* the same, an inotify instance: notify.c */
    FILE_TIMER,     /* the same, a timer */
    FILE_HOST,      /* a regular file or directory by a host handle */
    FILE_MEMORY,    /* a file of the libOS' own: always ready */
    FILE_DIRECTORY, /* a directory of which memory or mounts hold a part, listed by the libOS */
    FILE_PATH,      /* O_PATH: names a place only */
};

struct file {
    const struct file_operations *operations;
    uint32_t references; /* 0: the structure is free */
    uint32_t flags;      /* access mode, O_APPEND, O_NONBLOCK... as fcntl(F_GETFL) tells */
    uint32_t handle;     /* the host's, or ORC_NO_HANDLE */
    uint8_t kind;
    bool granted;      /* the host's description is shared with others: its flags stay as they are */
    bool directory;    /* FILE_HOST: known to be a directory */
    bool layered;      /* FILE_HOST: only read by the host, changes go to the layer in memory */
    bool unchanging;   /* FILE_HOST: on a read-only mount, or the read-only side of a layered one */
    bool quick;        /* streams: the last read didn't wait for long, so the next one won't either, probably */
    bool timed;        /* sockets: reading has a time limit of the host's */
    bool locked;       /* it has locks of its own in memory: locks.c */
    bool asynchronous; /* O_ASYNC */
    bool unopened;     /* a FIFO's end that waits for the other one, and doesn't count */
    bool nameless;     /* FILE_HOST: opened with O_TMPFILE */
    bool by_path;      /* FILE_HOST: a layer or mounts may lie over it, so its attributes are changed, and its
                          entries listed, by its path */
    int16_t error;     /* sockets: for the next call, an error number */
    uint16_t linger;   /* sockets: seconds that closing waits, MOST_LINGER_SECONDS at most */
    struct libos_lock lock; /* of the position */
    uint32_t path_size;
    uint32_t shown_device; /* FILE_HOST: st_dev of the layered mount that it's on; 0: the host's */
    int32_t owner;         /* F_SETOWN */
    uint32_t owner_signal; /* F_SETSIG */
    int64_t position;           /* events: EFD_SEMAPHORE or 0; timers: the clock;
                                   sockets: the published port, 0, or of a pair's ends -1 - the other's handle */
    char *path;                 /* canonical guest path, or NULL; path_size bytes; under nodes_lock */
    struct host_watch *watches; /* epoll.c: the sets whose host side watches it */
    uint64_t device, inode;     /* FILE_HOST: which file it is, for locks.c; inode 0: nobody has asked yet */
    union {
        struct node *node;       /* FILE_MEMORY */
        struct listing *listing; /* FILE_DIRECTORY: what getdents tells, once it was asked */
        struct file *next_free;
        void *own;
    };
};

#define MOST_LINGER_SECONDS 32767

/* A new description with one reference and no descriptor; NULL: out of memory. */
struct file *file_create(const struct file_operations *operations, enum file_kind kind, unsigned flags);

/* stream.c: before a call that waits for something to read in the host, perhaps for long. 0 or -errno. And after it, with
 * the time stamp from before both. */
long stream_rest(const struct file *file);
static inline void stream_waited(struct file *file, uint64_t since) {
    file->quick = __builtin_ia32_rdtsc() - since < 1u << 21; /* about a millisecond */
}

/* The description behind a descriptor, kept until file_put; NULL: there is none. */
static inline struct file *file_get(int descriptor);
static inline void file_put(struct file *file);
void file_hold(struct file *file);

/* Entries of the table: the address of a struct file, or 0. */
#define DESCRIPTOR_CLOSE_ON_EXEC 1u
#define FIRST_DESCRIPTORS 32u
extern uint32_t first_descriptors[FIRST_DESCRIPTORS];
struct file *file_get_any(int descriptor);
void file_put_any(struct file *file);

/* Without another thread there's nothing to be careful about. */
static inline struct file *file_get(int descriptor) {
    if (libos_threaded || (unsigned)descriptor >= FIRST_DESCRIPTORS)
        return file_get_any(descriptor);
    struct file *file = (struct file *)(uintptr_t)(first_descriptors[descriptor] & ~DESCRIPTOR_CLOSE_ON_EXEC);
    if (file)
        file->references++;
    return file;
}

static inline void file_put(struct file *file) {
    if (!libos_threaded && file->references > 1)
        file->references--;
    else
        file_put_any(file);
}

/* Gives the file a descriptor, the lowest free one from `lowest` upwards. It takes over the reference, on
 * failure too. */
long descriptor_add(struct file *file, unsigned lowest, bool close_on_exec);

/* The same for a new host handle: closed on failure. */
long descriptor_add_handle(const struct file_operations *operations, enum file_kind kind, long handle,
                           unsigned flags);

/* Lowest descriptor in use that isn't below `from`; -1: none. */
int descriptor_next(int from);
/* 0, 1, -EBADF. */
long descriptor_close_on_exec(int descriptor);
long descriptor_set_close_on_exec(int descriptor, bool close_on_exec);

/* fd.c: in a clone, whose standard streams aren't the zygote's. */
void standard_streams_renew(void);

/* notify.c: the last descriptor is closed; in a clone: the host's watches are made anew; the second handle of an
 * instance, or ORC_NO_HANDLE. */
void notify_closed(struct file *file);
long notify_renew(struct file *file);
uint32_t notify_handle(const struct file *file);

/* epoll.c: the file is closed; in a clone, whose host handles are all made: fills its sets. */
void epoll_forget(struct file *file);
long epoll_renew(struct file *set);

/* locks.c: a descriptor of the file was closed; the last one was. */
void locks_closed(struct file *file);
void locks_ended(struct file *file);
/* In a clone, which has none of the zygote's locks of host files. */
void locks_renew(void);

/* Calls the function with all open files, with the table locked; more than once for those that have duplicates. */
void files_each(void (*function)(struct file *file, void *context), void *context);

/* Operations by a host handle. */
extern const struct file_operations stream_operations, socket_operations, host_file_operations,
    epoll_operations, memory_operations, directory_operations, path_operations;

/* Waits until the handle is ready for one of `events`: 0, or -EAGAIN if the file is non-blocking by
 * emulation. */
long stream_wait(struct file *file, int events);
void fill_status(struct stat *status, const struct orc_status *from);

/* Timers: what `position` says. */
#define TIMER_CANCELS 0x100 /* TFD_TIMER_CANCEL_ON_SET */
#define TIMER_CLOCK(position) ((position) & 0xff)

static inline bool readable(const struct file *file) {
    return (file->flags & O_ACCMODE) != O_WRONLY && !(file->flags & O_PATH);
}

static inline bool writable(const struct file *file) {
    return (file->flags & O_ACCMODE) != O_RDONLY;
}

#endif
