/* FIFOs: pipes that are found by a file's identity. Those on mounts connect who opens them in this
 * compartment, as FIFOs on a network file system do on one machine. */
#ifndef LIBOS_FIFO_H
#define LIBOS_FIFO_H

#include "names.h"
#include "pipe.h"

#pragma GCC visibility push(hidden)

/* An end that isn't open yet; 0 or -ENOMEM. With nodes_lock; `node` is NULL for the host's. */
long fifo_prepare(struct node *node, const struct stat *status, unsigned flags, struct file **file);
/* Another end of the FIFO that this is one of. */
long fifo_prepare_again(struct file *file, unsigned flags, struct file **result);
extern const struct file_operations fifo_operations;
static inline bool is_fifo(const struct file *file) {
    return file->operations == &fifo_operations;
}
/* Opens it, which may wait for the other end: 0, -ENXIO, -EINTR. Without locks. */
long fifo_open(struct file *file);

#pragma GCC visibility pop

#endif
