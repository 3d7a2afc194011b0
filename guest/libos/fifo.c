/* FIFOs: see fifo.h. What has been written is gone when nobody has it open any more. */
#include "fifo.h"
#include <errno.h>
#include <string.h>
#include "heap.h"
#include "notify.h"

struct fifo {
    struct fifo *next;
    uint32_t references; /* open ends, and those that wait */
    struct pipe *pipe;
    struct node *node;  /* in memory, with a reference */
    struct stat status; /* the host's: which it is, and what it was when it was opened */
};

static struct libos_lock fifos_lock; /* after nodes_lock */
static struct fifo *fifos;

static bool is_same(const struct stat *one, const struct stat *other) {
    return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

static struct fifo *find(const struct stat *status) {
    struct fifo *fifo = fifos;
    while (fifo && !is_same(&fifo->status, status))
        fifo = fifo->next;
    return fifo;
}

static struct fifo *make(struct node *node, const struct stat *status) {
    struct fifo *fifo = heap_allocate(sizeof *fifo);
    struct pipe *pipe = fifo ? pipe_allocate(fifo) : NULL;
    if (!pipe) {
        heap_free(fifo, sizeof *fifo);
        return NULL;
    }
    *fifo = (struct fifo){.next = fifos, .pipe = pipe, .node = node, .status = *status};
    if (node)
        node_hold(node);
    return fifos = fifo;
}

static void put(struct fifo *fifo) {
    libos_lock(&fifos_lock);
    bool last = !--fifo->references;
    if (last) {
        struct fifo **place = &fifos;
        while (*place != fifo)
            place = &(*place)->next;
        *place = fifo->next;
    }
    libos_unlock(&fifos_lock);
    if (!last)
        return;
    if (fifo->node) {
        libos_lock(&nodes_lock);
        node_put(fifo->node);
        libos_unlock(&nodes_lock);
    }
    pipe_free(fifo->pipe);
    heap_free(fifo, sizeof *fifo);
}

/* With fifos_lock. */
static long prepare(struct fifo *fifo, unsigned flags, struct file **file) {
    *file = file_create(&fifo_operations, FILE_PIPE, flags);
    if (!*file)
        return -ENOMEM;
    (*file)->own = fifo->pipe;
    (*file)->unopened = true;
    fifo->references++;
    return 0;
}

long fifo_prepare(struct node *node, const struct stat *status, unsigned flags, struct file **file) {
    libos_lock(&fifos_lock);
    struct fifo *fifo = find(status);
    if (!fifo)
        fifo = make(node, status);
    if (fifo)
        fifo->references++; /* while a file is made */
    long error = fifo ? prepare(fifo, flags, file) : -ENOMEM;
    if (fifo && !--fifo->references) {
        fifos = fifo->next; /* it was made just now */
        if (fifo->node)
            node_put(fifo->node);
        pipe_free(fifo->pipe);
        heap_free(fifo, sizeof *fifo);
    }
    libos_unlock(&fifos_lock);
    return error;
}

long fifo_prepare_again(struct file *file, unsigned flags, struct file **result) {
    libos_lock(&fifos_lock);
    long error = prepare(pipe_fifo(file), flags, result);
    libos_unlock(&fifos_lock);
    return error;
}

long fifo_open(struct file *file) {
    return pipe_open_end(file);
}

static void fifo_release(struct file *file) {
    if (!file->own)
        return;
    struct fifo *fifo = pipe_fifo(file);
    pipe_close_end(file);
    put(fifo);
}

static long do_status(struct place *place, void *status) {
    return place_status(place, status);
}

static long fifo_status(struct file *file, struct stat *status) {
    const struct fifo *fifo = pipe_fifo(file);
    if (fifo->node) {
        libos_lock(&nodes_lock);
        node_status(fifo->node, status);
        libos_unlock(&nodes_lock);
        return 0;
    }
    if (with_file_path(file, do_status, status) || !is_same(status, &fifo->status))
        *status = fifo->status; /* its name leads elsewhere by now */
    return 0;
}

static long fifo_set_attributes(struct file *file, const struct attributes *attributes) {
    const struct fifo *fifo = pipe_fifo(file);
    if (!fifo->node)
        return path_set_attributes(file, attributes);
    libos_lock(&nodes_lock);
    long error = node_set_attributes(fifo->node, attributes);
    libos_unlock(&nodes_lock);
    if (!error)
        notify_file(file, IN_ATTRIB);
    return error;
}

const struct file_operations fifo_operations = {
    .read = pipe_read,
    .write = pipe_write,
    .read_vector = pipe_read_vector,
    .write_vector = pipe_write_vector,
    .status = fifo_status,
    .set_attributes = fifo_set_attributes,
    .control = pipe_control,
    .ready = pipe_ready,
    .release = fifo_release,
};
