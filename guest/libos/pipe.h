/* Pipes in the compartment's memory. */
#ifndef LIBOS_PIPE_H
#define LIBOS_PIPE_H

#include "file.h"

#pragma GCC visibility push(hidden)

extern const struct file_operations pipe_operations;

/* Two ends of a new pipe, each with one reference: 0 or -ENOMEM. */
long pipe_create(struct file *ends[2], unsigned flags);
/* F_GETPIPE_SZ, F_SETPIPE_SZ. */
long pipe_size(struct file *file);
long pipe_set_size(struct file *file, size_t size);
/* What tells it from others, as in st_ino. */
uint32_t pipe_number(const struct file *file);

#pragma GCC visibility pop

#endif
