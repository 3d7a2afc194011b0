/* System calls on files, sockets and events, and what the other parts of the libOS need of them. */
#ifndef LIBOS_FILES_H
#define LIBOS_FILES_H

#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include "libos.h"

#pragma GCC visibility push(hidden)

struct iovec;

/* Called once, before the first system call on files. */
void files_start(void);

/* ---- fd.c, fcntl.c, locks.c */
long sys_close(int descriptor);
long sys_close_range(unsigned first, unsigned last, long flags);
long sys_dup(int descriptor);
long sys_dup2(int old, int new);
long sys_dup3(int old, int new, int flags);
long sys_fcntl(int descriptor, int command, long argument);
long sys_ioctl(int descriptor, unsigned long request, long argument);
long sys_flock(int descriptor, int operation);

/* ---- transfer.c */
long sys_read(int descriptor, void *buffer, size_t length);
long sys_write(int descriptor, const void *buffer, size_t length);
long sys_readv(int descriptor, const struct iovec *vector, long count);
long sys_writev(int descriptor, const struct iovec *vector, long count);
long sys_pread64(int descriptor, void *buffer, size_t length, int64_t offset);
long sys_pwrite64(int descriptor, const void *buffer, size_t length, int64_t offset);
long sys_preadv(int descriptor, const struct iovec *vector, long count, int64_t offset);
long sys_pwritev(int descriptor, const struct iovec *vector, long count, int64_t offset);
long sys_preadv2(int descriptor, const struct iovec *vector, long count, int64_t offset, long flags);
long sys_pwritev2(int descriptor, const struct iovec *vector, long count, int64_t offset, long flags);
long sys_splice(int in, int64_t *in_offset, int out, int64_t *out_offset, size_t length, unsigned flags);
long sys_tee(int in, int out, size_t length, unsigned flags);
long sys_vmsplice(int descriptor, const struct iovec *vector, unsigned long count, unsigned flags);
long sys_sendfile(int out, int in, int64_t *offset, size_t length);
long sys_copy_file_range(int in, int64_t *in_offset, int out, int64_t *out_offset, size_t length, long flags);

/* ---- files.c: calls on open files */
long sys_lseek(int descriptor, int64_t offset, int whence);
long sys_fstat(int descriptor, void *status);
long sys_ftruncate(int descriptor, int64_t size);
long sys_fsync(int descriptor, bool data_only);
long sys_fallocate(int descriptor, int mode, int64_t offset, int64_t length);
long sys_fadvise64(int descriptor, int64_t offset, int64_t length, int advice);
long sys_readahead(int descriptor, int64_t offset, size_t length);
long sys_sync(void);
long sys_syncfs(int descriptor);
long sys_sync_file_range(int descriptor, int64_t offset, int64_t length, unsigned flags);
long sys_name_to_handle_at(void);
long sys_getdents64(int descriptor, void *buffer, size_t length);
long sys_fchmod(int descriptor, mode_t mode);
long sys_fchown(int descriptor, uint32_t user, uint32_t group);
long sys_fstatfs(int descriptor, void *status);
long sys_memfd_create(const char *name, unsigned flags);

/* ---- open.c, names.c: calls on names */
long sys_openat(int directory, const char *path, int flags, mode_t mode);
long sys_newfstatat(int directory, const char *path, void *status, int flags);
long sys_statx(int directory, const char *path, int flags, unsigned mask, void *status);
long sys_faccessat2(int directory, const char *path, int mode, int flags);
long sys_readlinkat(int directory, const char *path, char *buffer, size_t length);
long sys_mkdirat(int directory, const char *path, mode_t mode);
long sys_mknodat(int directory, const char *path, mode_t mode, long device);
long sys_unlinkat(int directory, const char *path, int flags);
long sys_renameat2(int old_directory, const char *old, int new_directory, const char *new, unsigned flags);
long sys_linkat(int old_directory, const char *old, int new_directory, const char *new, int flags);
long sys_symlinkat(const char *target, int directory, const char *path);
long sys_fchmodat(int directory, const char *path, mode_t mode);
long sys_fchmodat2(int directory, const char *path, mode_t mode, int flags);
long sys_fchownat(int directory, const char *path, uint32_t user, uint32_t group, int flags);
long sys_utimensat(int directory, const char *path, const struct timespec times[2], int flags);
long sys_futimesat(int directory, const char *path, const struct timeval times[2]);
long sys_utime(const char *path, const long times[2]);
long sys_truncate(const char *path, int64_t size);
long sys_statfs(const char *path, void *status);
long sys_chdir(const char *path);
long sys_fchdir(int descriptor);
long sys_getcwd(char *buffer, size_t size);
long sys_umask(mode_t mask);

/* ---- streams.c */
long sys_pipe2(int descriptors[2], int flags);
long sys_socketpair(int family, int type, int protocol, int descriptors[2]);
long sys_eventfd2(unsigned initial, int flags);
long sys_timerfd_create(int clock, int flags);
long sys_timerfd_settime(int descriptor, int flags, const struct itimerspec *new, struct itimerspec *old);
long sys_timerfd_gettime(int descriptor, struct itimerspec *now);
long sys_getrandom(void *buffer, size_t length, unsigned flags);

/* ---- notify.c */
long sys_inotify_init1(int flags);
long sys_inotify_add_watch(int descriptor, const char *path, uint32_t mask);
long sys_inotify_rm_watch(int descriptor, int number);

/* ---- xattr.c: by path, which is followed or not, and by descriptor */
long sys_setxattr(const char *path, const char *name, const void *value, size_t size, int flags);
long sys_lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags);
long sys_fsetxattr(int descriptor, const char *name, const void *value, size_t size, int flags);
long sys_getxattr(const char *path, const char *name, void *value, size_t size);
long sys_lgetxattr(const char *path, const char *name, void *value, size_t size);
long sys_fgetxattr(int descriptor, const char *name, void *value, size_t size);
long sys_listxattr(const char *path, char *list, size_t size);
long sys_llistxattr(const char *path, char *list, size_t size);
long sys_flistxattr(int descriptor, char *list, size_t size);
long sys_removexattr(const char *path, const char *name);
long sys_lremovexattr(const char *path, const char *name);
long sys_fremovexattr(int descriptor, const char *name);

/* ---- poll.c, epoll.c */
struct pollfd;
long sys_poll(struct pollfd *polls, unsigned long count, int milliseconds);
long sys_ppoll(struct pollfd *polls, unsigned long count, struct timespec *timeout, const void *mask,
               size_t size);
long sys_select(int count, void *read, void *write, void *except, struct timeval *timeout);
long sys_pselect6(int count, void *read, void *write, void *except, struct timespec *timeout,
                  const void *mask);
long sys_epoll_create1(int flags);
struct epoll_event;
long sys_epoll_ctl(int epoll, int operation, int descriptor, const struct epoll_event *event);
long sys_epoll_pwait(int epoll, struct epoll_event *events, int count, int milliseconds, const void *mask,
                     size_t size);
long sys_epoll_pwait2(int epoll, struct epoll_event *events, int count, const struct timespec *timeout,
                      const void *mask, size_t size);

/* ---- socket.c */
struct msghdr;
long sys_socket(int family, int type, int protocol);
long sys_bind(int descriptor, const void *address, uint32_t length);
long sys_listen(int descriptor, int backlog);
long sys_accept4(int descriptor, void *address, uint32_t *length, int flags);
long sys_connect(int descriptor, const void *address, uint32_t length);
long sys_shutdown(int descriptor, int how);
long sys_getsockname(int descriptor, void *address, uint32_t *length);
long sys_getpeername(int descriptor, void *address, uint32_t *length);
long sys_setsockopt(int descriptor, int level, int option, const void *value, uint32_t length);
long sys_getsockopt(int descriptor, int level, int option, void *value, uint32_t *length);
long sys_sendto(int descriptor, const void *buffer, size_t length, int flags, const void *address,
                uint32_t address_length);
long sys_recvfrom(int descriptor, void *buffer, size_t length, int flags, void *address,
                  uint32_t *address_length);
struct mmsghdr;
long sys_sendmsg(int descriptor, const struct msghdr *message, int flags);
long sys_sendmmsg(int descriptor, struct mmsghdr *messages, unsigned count, int flags);
long sys_recvmmsg(int descriptor, struct mmsghdr *messages, unsigned count, int flags,
                  struct timespec *timeout);
long sys_recvmsg(int descriptor, struct msghdr *message, int flags);

#pragma GCC visibility pop

#endif
