/* Record locks. */
#ifndef LIBOS_LOCKS_H
#define LIBOS_LOCKS_H

#include "file.h"

#pragma GCC visibility push(hidden)
long lock_control(struct file *file, int command, struct flock *lock);
#pragma GCC visibility pop

#endif
