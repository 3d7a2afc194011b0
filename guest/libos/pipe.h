/* Pipes in the compartment's memory. */
#ifndef LIBOS_PIPE_H
#define LIBOS_PIPE_H

#include "file.h"

#pragma GCC visibility push(hidden)

extern const struct file_operations pipe_operations;

/* The parts that FIFOs share. */
struct pipe;
struct fifo;
struct pipe *pipe_allocate(struct fifo *fifo); /* nobody has it open; NULL: no memory */
void pipe_free(struct pipe *pipe);
struct fifo *pipe_fifo(const struct file *file);
/* Opens the end, which the file says: 0, -ENXIO, -EINTR. */
long pipe_open_end(struct file *file);
/* The end is closed. `unopened` ends don't count. */
void pipe_close_end(struct file *file);
/* What FIFOs do as pipes do. */
long pipe_read(struct file *file, void *buffer, size_t length, int64_t position);
long pipe_write(struct file *file, const void *buffer, size_t length, int64_t position);
long pipe_read_vector(struct file *file, const struct iovec *vector, int count, int64_t position);
long pipe_write_vector(struct file *file, const struct iovec *vector, int count, int64_t position);
unsigned pipe_ready(struct file *file);
/* For splice. Waits until there's something to read: how much; 0 at the end, -errno. And until there's room. */
long pipe_wait_bytes(struct file *file, bool nonblocking);
long pipe_wait_room(struct file *file, bool nonblocking);
/* What was read last goes back to the front. */
void pipe_unread(struct file *file, const char *bytes, size_t length);
/* Copies what `in` has to `out`, and leaves it there. */
long pipe_tee(struct file *in, struct file *out, size_t length, bool nonblocking);
long pipe_control(struct file *file, unsigned long request, long argument);

/* Two ends of a new pipe, each with one reference: 0 or -ENOMEM. */
long pipe_create(struct file *ends[2], unsigned flags);
/* F_GETPIPE_SZ, F_SETPIPE_SZ. */
long pipe_size(struct file *file);
long pipe_set_size(struct file *file, size_t size);
/* What tells it from others, as in st_ino. */
uint32_t pipe_number(const struct file *file);

#pragma GCC visibility pop

#endif
