/* Hostcalls: what guest code may ask of the Intravisor (one source for both sides, usable from assembly).
 *
 * Gate 0 (code address ORC_GATES) is `long hostcall(long number, long a, long b, long c, long d, long e)` in
 * the C calling convention. It answers 0 or a positive value, or -errno (Linux' numbers); it keeps the
 * callee-saved registers and rbp, and clears every other register. A pointer is a guest address: the upper
 * half of its register is ignored. Times are nanoseconds; a timeout of ORC_FOREVER never ends. A handle is an
 * index into the compartment's capability list; it is never negative. docs/hostcalls.md describes each call:
 * arguments, rights, errors, limits.
 *
 * Gate 1 (ORC_FLOAT_GATE) is `long floats(long mxcsr, long x87_control, long x87_status, long x87_tags)`: the calling
 * thread's MXCSR, x87 control and status word (of ORC_X87_STATUS) and tags from now on; tags of ORC_X87_KEEP: the x87 stack
 * stays as it is, its top too. 0, or -EINVAL for bits that the processor doesn't have. It keeps all registers but rax, rcx,
 * r8, r11 and the flags; vector registers and what is in the x87 registers too. Each thread has its own, a new one begins with its creator's. What only reads them,
 * guest code executes itself.
 *
 * Calls marked (blocks) wait; they end early with -EINTR when the thread is interrupted. */
#ifndef ORC_HOSTCALL_H
#define ORC_HOSTCALL_H

#define ORC_FLOAT_GATE (ORC_GATES + ORC_GATE_SIZE)
#define ORC_X87_STATUS 0x7f7f
#define ORC_X87_KEEP (-1)

/* clang-format off */
/* Compartment and threads (trusted/hostcalls/threads.c). A thread id is 1 for the first thread and never reused. */
#define ORC_EXIT 0               /* (status): ends the compartment with all its threads */
#define ORC_SET_THREAD_POINTER 2 /* (number): what `mov %fs:ORC_THREAD_POINTER,%reg` gives from now on */
#define ORC_MARK 5               /* (): for setjmp, see below */
#define ORC_UNWIND 6             /* (mark): for longjmp, see below */
#define ORC_THREAD_CREATE 8      /* (struct orc_thread_start *): the new thread's id; -EAGAIN beyond the quota */
#define ORC_THREAD_EXIT 9        /* (address): stores a 32-bit 0 at `address` unless that is 0, wakes one futex waiter
                                    there; the compartment ends with status 0 when this was its last thread */
#define ORC_THREAD_ID 10         /* (): the calling thread's id */
#define ORC_INTERRUPT 11         /* (thread id): the thread's blocking call, or its next one, ends with -EINTR; if it
                                    runs guest code, its signal entry is called. -ESRCH: there is no such thread */
#define ORC_SIGNAL_ENTRY 12      /* (code address or 0): where interrupted guest code of this compartment goes */
#define ORC_SIGNAL_RETURN 13     /* (): the signal entry is done: goes on where the guest was interrupted */
#define ORC_SIGNALS 14           /* (): takes the pending signals that came from outside, bit N-1 for signal N */
#define ORC_FUTEX_WAIT 16        /* (address, expected, timeout, shared) (blocks): -EAGAIN, -ETIMEDOUT, 0 when woken. shared:
                                    0, or 1 for a word that is known by its file's page, whoever has it mapped where */
#define ORC_FUTEX_WAKE 17        /* (address, count, shared): threads woken */
#define ORC_YIELD 18             /* () */

/* Memory (memory.c): whole pages in [ORC_FIRST_STACK, ORC_FIRST_STACK_END) or [ORC_HEAP, ORC_HEAP_END). What isn't mapped
 * costs nothing. Protection: 0, ORC_MEMORY_READ, or ORC_MEMORY_READ | ORC_MEMORY_WRITE. */
#define ORC_MAP 24     /* (address, size, protection): fresh zero pages, in place of whatever was there; -ENOMEM beyond
                          the quota, and then nothing has changed */
#define ORC_UNMAP 25   /* (address, size): gives the pages back */
#define ORC_PROTECT 26 /* (address, size, protection): every page must be mapped (-ENOMEM) */
#define ORC_DISCARD 27 /* (address, size): mapped pages are as when they were mapped, their memory goes back */
#define ORC_MAP_FILE 28 /* (address, size, protection and perhaps ORC_MEMORY_SHARED, handle, offset): pages of a regular or
                           memory file, in place of whatever was there. Private ones are charged when they are written to */
#define ORC_MOVE 29     /* (address, size, new address, new size): of one range (ORC_MEMORY_RANGE), in place of whatever was
                           there; what is more continues the mapping. -EXDEV, -EFAULT: it can't be moved */
#define ORC_MEMORY_FILE 30  /* (): a handle of an empty memory file, for ORC_TRUNCATE, ORC_WRITE_AT, ORC_MAP_FILE; its size
                               counts as the compartment's memory */
#define ORC_MEMORY_RANGE 31 /* (address, struct orc_memory_range *): the first that ends behind it; -ENOENT: there is none */
#define ORC_POPULATE 21     /* (address, size, write: 0 or 1): brings pages in, ORC_MAX_TRANSFER bytes at most; -EFAULT: can't */
#define ORC_MEMORY_READ 1
#define ORC_MEMORY_WRITE 2
#define ORC_MEMORY_SHARED 4

/* Objects (objects.c). */
#define ORC_OBJECT_REQUEST 32  /* (const uint8_t hash[32], struct orc_object_info *): a handle; -ENOENT: not held here */
#define ORC_OBJECT_REGISTER 33 /* (const struct orc_object_source *, struct orc_object_info *): a handle */
#define ORC_OBJECT_BIND 34     /* (handle, const struct orc_binding *, count): all or none; at most ORC_MAX_BINDINGS */
#define ORC_OBJECT_RELEASE 36  /* (handle): unmaps it; -EBUSY while another object's import table leads into it */
#define ORC_MAX_BINDINGS 4096

/* Handles of any kind (handles.c). */
#define ORC_READ 4         /* (handle, pointer, length) (blocks): bytes read; 0 at the end. From a stream */
#define ORC_WRITE 1        /* (handle, pointer, length) (blocks): bytes written. Never raises SIGPIPE: -EPIPE */
#define ORC_CLOSE 40       /* (handle) */
#define ORC_READ_VECTOR 41 /* (handle, const struct orc_span *, count, offset, RWF_ flags) (blocks): offset -1 for a stream */
#define ORC_WRITE_VECTOR 42
#define ORC_READ_AT 43  /* (handle, pointer, length, offset): from a file */
#define ORC_WRITE_AT 44 /* (handle, pointer, length, offset): a file opened with O_APPEND ignores the offset */
#define ORC_STATUS 45   /* (handle, struct orc_status *, 0), (handle, Linux' struct stat *, ORC_STATUS_OF_LINUX) */
#define ORC_SET_BLOCKING 46 /* (handle, 0 or 1): -EPERM for a handle that was granted, since others share its flags */
#define ORC_TERMINAL 47 /* (handle, struct orc_window *): -ENOTTY */
#define ORC_AVAILABLE 48 /* (handle, ORC_AVAILABLE_): what is asked of a stream or socket */
#define ORC_XATTR_GET 49  /* (handle, name, name length, pointer, size): the value's length; size 0: only that */
#define ORC_XATTR_SET 50  /* (handle, name, XATTR_ flags << 32 | name length, pointer, size) */
#define ORC_XATTR_LIST 51 /* (handle, pointer, size): bytes of names, each with a zero after it; size 0: only that */
#define ORC_XATTR_REMOVE 52 /* (handle, name, name length) */
#define ORC_AVAILABLE_TO_READ 0 /* bytes that a read would find (FIONREAD) */
#define ORC_AVAILABLE_UNSENT 1  /* bytes that the other side hasn't got yet (SIOCOUTQ) */
#define ORC_AVAILABLE_AT_MARK 2 /* 1: urgent data comes next (SIOCATMARK) */
#define ORC_STATUS_OF_LINUX 1
#define ORC_MAX_SPANS 1024
#define ORC_MAX_TRANSFER 0x1000000 /* bytes that one of these calls moves at most: so that a kill never waits long */

/* Files beneath granted directories (files.c). A struct orc_path names one; it never leads out of its directory. */
#define ORC_OPEN 56      /* (const struct orc_path *, flags, mode): a handle. O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL,
                            O_TRUNC, O_APPEND, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_PATH, O_TMPFILE, ORC_NO_LINKS */
#define ORC_STATUS_AT 57 /* (const struct orc_path *, follow: 0 or 1, plus ORC_NO_LINKS or not, struct orc_status *) */
#define ORC_ENTRIES 58   /* (handle, pointer, length): whole struct linux_dirent64 records; 0 at the end */
#define ORC_REWIND 59    /* (handle, position): the d_off of an entry, or 0 */
#define ORC_READ_LINK 60 /* (const struct orc_path *, pointer, length, 0 or ORC_NO_LINKS): bytes written */
#define ORC_MAKE_DIRECTORY 61 /* (const struct orc_path *, mode) */
#define ORC_REMOVE 62         /* (const struct orc_path *, directory: 0 or 1) */
#define ORC_RENAME 63         /* (const struct orc_path *from, const struct orc_path *to, flags: 0, RENAME_NOREPLACE or
                                 RENAME_EXCHANGE) */
#define ORC_LINK 64           /* (const struct orc_path *from, const struct orc_path *to) */
#define ORC_SYMBOLIC_LINK 65  /* (const struct orc_path *, target pointer, target length) */
#define ORC_TRUNCATE 66       /* (handle, size) */
#define ORC_SYNC 67           /* (handle, 0: all of the file, 1: its data only, 2: its file system) (blocks) */
#define ORC_SET_MODE 68       /* (handle, mode) */
#define ORC_SET_TIMES 69      /* (handle, const int64_t times[2]): access, modification; ORC_TIME_NOW, ORC_TIME_OMIT */
#define ORC_LOCK 70           /* (handle, struct orc_lock *, 0: try, 1: wait, ORC_LOCK_QUERY) (blocks) */
#define ORC_ALLOCATE 71       /* (handle, mode: FALLOC_FL_, offset, length) */
#define ORC_STATUS_SYSTEM 72  /* (handle, struct orc_file_system *) */
#define ORC_SET_TIMES_AT 73   /* (const struct orc_path *, const int64_t times[2]): of a name, a link's own too */
#define ORC_MAKE_FIFO 74      /* (const struct orc_path *, mode): a name; it can't be opened by one */
#define ORC_LINK_HANDLE 75    /* (handle, const struct orc_path *to): a name for a file that has none (O_TMPFILE) */
#define ORC_FLOCK 76          /* (handle, LOCK_SH, LOCK_EX or LOCK_UN, 0: try, 1: wait) (blocks) */
#define ORC_SEEK 77           /* (handle, offset, SEEK_DATA or SEEK_HOLE): where the next data or hole begins */
#define ORC_NOTIFY 78         /* (): a handle from which ORC_READ reads struct inotify_event; it never blocks */
#define ORC_NOTIFY_WATCH 79   /* (notify handle, const struct orc_path *, mask, 0 or ORC_NO_LINKS): the watch's number */
#define ORC_NOTIFY_REMOVE 53  /* (notify handle, number) */
#define ORC_MAX_WATCHES 512   /* of a notify handle */

#define ORC_LOCK_QUERY 2 /* changes nothing; stores a lock that is in the way, or type F_UNLCK */
#define ORC_NO_LINKS 0x40000000 /* -ELOOP instead of following any symbolic link (the last name of a path counts only
                                   where it would have been followed) */

/* Streams, events (events.c). */
#define ORC_PIPE 80          /* (uint32_t handles[2], nonblocking): read end, write end */
#define ORC_SOCKET_PAIR 81   /* (type, nonblocking, uint32_t handles[2]): AF_UNIX, SOCK_SEQPACKET too */
#define ORC_EVENT 82         /* (initial, EFD_ flags): a handle */
#define ORC_TIMER 83         /* (clock, TFD_NONBLOCK or 0): a handle */
#define ORC_TIMER_SET 84     /* (handle, flags: TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET, const int64_t new[2], int64_t old[2] or
                                0): first, interval */
#define ORC_TIMER_GET 85     /* (handle, int64_t now[2]) */
#define ORC_POLL 86          /* (struct orc_poll *, count, timeout, rest) (blocks): how many are ready. Of none: sleeps.
                                rest: 0, or 1 to wait without a host thread; then it tells nothing of what is ready: 0,
                                it may be time to look again, or -EAGAIN, it can't be had now */
#define ORC_EPOLL 87         /* (): a handle */
#define ORC_EPOLL_CONTROL 88 /* (epoll handle, EPOLL_CTL_, handle, events, data) */
#define ORC_EPOLL_WAIT 89    /* (epoll handle, struct orc_epoll_event *, count, timeout) (blocks) */
#define ORC_MAX_POLL 4096
#define ORC_MAX_REST 64 /* handles to rest on */

/* Sockets (sockets.c). What may be bound and connected to is what the compartment's network grants say. Addresses are
 * Linux' struct sockaddr_in and sockaddr_in6. */
#define ORC_SOCKET 96         /* (AF_INET, AF_INET6 or AF_UNIX; SOCK_STREAM, SOCK_DGRAM, for AF_UNIX SOCK_SEQPACKET;
                                 nonblocking): a handle */
#define ORC_SOCKET_BIND 97    /* (handle, address, length): -EACCES when no grant covers it */
#define ORC_SOCKET_LISTEN 98  /* (handle, backlog) */
#define ORC_SOCKET_ACCEPT 99  /* (handle, address or 0, uint32_t *length, nonblocking) (blocks): a handle */
#define ORC_SOCKET_CONNECT 100 /* (handle, address, length) (blocks): -EACCES when no grant covers it */
#define ORC_SOCKET_BIND_PATH 101 /* (handle, const struct orc_path *): AF_UNIX, in a directory granted for writing */
#define ORC_SOCKET_CONNECT_PATH 102 /* (handle, const struct orc_path *) (blocks) */
#define ORC_SOCKET_SHUTDOWN 103 /* (handle, how) */
#define ORC_SOCKET_NAME 104   /* (handle, peer: 0 or 1, address, uint32_t *length) */
#define ORC_SOCKET_OPTION 105 /* (handle, level << 32 | option, value, length) */
#define ORC_SOCKET_OPTION_GET 106 /* (handle, level << 32 | option, value, uint32_t *length) */
#define ORC_SOCKET_SEND 107   /* (handle, const struct orc_message *, flags) (blocks): bytes sent */
#define ORC_SOCKET_RECEIVE 108 /* (handle, struct orc_message *, flags) (blocks): bytes received */

/* Time, chance, accounts (clocks.c). */
#define ORC_CLOCK 3      /* (ORC_CLOCK_, thread id): ns */
#define ORC_RANDOM 113   /* (pointer, length): fills all of it; at most 1 MiB */
#define ORC_USAGE 114    /* (struct orc_usage *, whose times and faults: 0: all threads', 1: the calling thread's) */
#define ORC_LOG 115      /* (pointer, length): a line for the operator, at most 512 bytes; the rest is cut */
#define ORC_HOSTCALLS 128
/* clang-format on */

#define ORC_CLOCK_MONOTONIC 0
#define ORC_CLOCK_REALTIME 1
#define ORC_CLOCK_COMPARTMENT 2 /* processor time of all its threads */
#define ORC_CLOCK_THREAD 3      /* processor time of the calling thread */
#define ORC_CLOCK_BOOT 4
#define ORC_CLOCK_OF_THREAD 5   /* processor time of the thread that the second argument names; -ESRCH */
#define ORC_CLOCK_TAI 6

#define ORC_FOREVER (-1)
#define ORC_TIME_NOW (-1)
#define ORC_TIME_OMIT (-2)
#define ORC_MAX_PATH 4096

/* setjmp calls MARK and gets `mark << 32 | return address`: the control stack's depth in its caller, once
 * setjmp has returned, and the code address that it will return to. longjmp calls UNWIND with a mark that
 * isn't deeper than where it stands, and gets 0; the frames in between are gone (and with them an interrupted
 * context, when the signal entry was called after the mark). It ends in a guarded jump to the address that it
 * kept. */

#ifndef __ASSEMBLER__
#include <stdint.h>

/* Fields hold guest addresses as numbers. No structure has padding. */

struct orc_thread_start {
    uint32_t entry;          /* code address of an entry point in an object that the compartment holds */
    uint32_t stack;          /* rbp at the start */
    uint32_t thread_pointer; /* as for ORC_SET_THREAD_POINTER */
    uint32_t argument;       /* rdi */
    uint32_t id_address;     /* 0, or where the new thread's id (32 bits) is stored before it starts */
    uint32_t reserved;       /* 0 */
};

/* An object as a loader hands it over, all in the guest's memory; see include/orc/object.h. `note` is the
 * object's struct orc_object_note: layout and claimed hash. Each region's length is the note's. */
struct orc_object_source {
    uint32_t note, constants, relocated, imports, data, text;
    uint32_t relocations; /* struct orc_relocation[] */
    uint32_t flags;       /* 0, or ORC_OBJECT_DATA: constants alone; the note's layout has nothing else */
    uint32_t name;        /* a path or name for people, at most 64 bytes */
    uint32_t name_length;
};
#define ORC_OBJECT_DATA 1

struct orc_object_info {
    uint32_t base, size; /* where its offsets count from, bytes of the window */
    uint32_t flags;
    uint32_t fresh; /* 1: this call mapped it; 0: the compartment held it already, and the handle is the
                       one it had (each success needs its own release) */
    uint8_t hash[32];
};

struct orc_binding {
    uint32_t import; /* entry of the import table */
    uint32_t target; /* handle of an object */
    uint32_t entry;  /* offset of an entry point in it */
};

struct orc_span {
    uint32_t address, length;
};

/* `address`, `length`: a path relative to the directory handle; no terminating zero is needed. An empty path
 * names the directory (or the granted file) itself. */
struct orc_path {
    uint32_t directory, address, length;
};

struct orc_status {
    uint64_t device, inode, size, blocks; /* blocks of 512 bytes */
    uint32_t mode, links, user, group;
    uint32_t block_size, special;         /* special: st_rdev */
    int64_t access, modification, change; /* ns since 1970 */
};

struct orc_file_system {
    uint64_t block_size, blocks, blocks_free, files, files_free;
    uint64_t type; /* as in statfs */
};

struct orc_window {
    uint32_t rows, columns;
};

struct orc_lock {
    uint32_t type; /* F_RDLCK, F_WRLCK, F_UNLCK */
    uint32_t reserved;
    int64_t start, length; /* length 0: to the end of the file */
};

struct orc_poll {
    uint32_t handle;          /* ORC_NO_HANDLE: ignored */
    uint16_t events, revents; /* POLL* */
};
#define ORC_NO_HANDLE 0xffffffffu

/* Linux' struct epoll_event. */
struct orc_epoll_event {
    uint32_t events, data[2]; /* data: its lower half first */
};

struct orc_message {
    uint32_t address, address_length; /* 0, 0: none; RECEIVE stores the length */
    uint32_t spans, span_count;       /* struct orc_span[] */
    uint32_t flags;                   /* RECEIVE stores MSG_TRUNC and the like */
    uint32_t control; /* 0, or a struct orc_span: control messages as Linux lays them out, ORC_MAX_CONTROL bytes at
                         most; RECEIVE stores the length */
};
#define ORC_MAX_CONTROL 512

/* Guest memory of one kind, protection and mapping. */
struct orc_memory_range {
    uint32_t start, size, protection, kind;
};
#define ORC_RANGE_FRESH 0
#define ORC_RANGE_IMAGE 1   /* of a clone: shows what its zygote had there */
#define ORC_RANGE_SHARED 2  /* a file's pages */
#define ORC_RANGE_PRIVATE 3 /* the same, as long as nobody writes to them: not charged */
#define ORC_RANGE_TOUCHED 4 /* the same: charged, may be written to */

struct orc_usage {
    uint64_t processor_time, user_time, system_time; /* ns */
    uint64_t memory, memory_limit;                   /* bytes mapped by the guest, and how many may be */
    uint64_t hostcalls, faults; /* faults: page faults of the calling thread, and of threads that have ended or rested */
    uint32_t threads, thread_limit;
    uint32_t handles, handle_limit;
    uint64_t memory_peak; /* the greatest `memory` so far */
};
#endif

#endif
