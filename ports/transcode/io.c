#include "io.h"

#include <errno.h>
#include <libavutil/error.h>
#include <libavutil/mem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_SIZE = 64 * 1024 };

struct channel {
    int fd;
    int socket;
    int64_t written;
};

static int read_some(void *opaque, uint8_t *buffer, int size) {
    struct channel *channel = opaque;
    ssize_t got;
    do
        got = read(channel->fd, buffer, size);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return AVERROR(errno);
    return got == 0 ? AVERROR_EOF : (int)got;
}

// A client that has gone is an error of this segment, not a signal that ends the service.
static ssize_t write_once(const struct channel *channel, const uint8_t *buffer, size_t size) {
    if (channel->socket)
        return send(channel->fd, buffer, size, MSG_NOSIGNAL);
    return write(channel->fd, buffer, size);
}

static int write_all(void *opaque, uint8_t *buffer, int size) {
    struct channel *channel = opaque;
    for (int done = 0; channel->fd != IO_DISCARD && done < size;) {
        ssize_t count = write_once(channel, buffer + done, size - done);
        if (count < 0 && errno != EINTR)
            return AVERROR(errno);
        if (count > 0)
            done += count;
    }
    channel->written += size;
    return size;
}

static int64_t seek_file(void *opaque, int64_t offset, int whence) {
    struct channel *channel = opaque;
    if (whence == AVSEEK_SIZE) {
        struct stat file;
        return fstat(channel->fd, &file) == 0 ? file.st_size : AVERROR(errno);
    }
    int64_t position = lseek(channel->fd, offset, whence & ~AVSEEK_FORCE);
    return position >= 0 ? position : AVERROR(errno);
}

// A pipe can't seek, nor can a file that was handed in as standard input, whatever fstat says of it.
static int can_seek(int fd) {
    struct stat file;
    return fd != IO_DISCARD && fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && lseek(fd, 0, SEEK_CUR) >= 0;
}

static int is_socket(int fd) {
    struct stat file;
    return fd != IO_DISCARD && fstat(fd, &file) == 0 && S_ISSOCK(file.st_mode);
}

AVIOContext *io_open(int fd, int write) {
    struct channel *channel = av_mallocz(sizeof *channel);
    uint8_t *buffer = av_malloc(BUFFER_SIZE);
    AVIOContext *io = NULL;
    if (channel && buffer) {
        channel->fd = fd;
        channel->socket = is_socket(fd);
        io = avio_alloc_context(buffer, BUFFER_SIZE, write, channel, read_some, write_all,
                                can_seek(fd) ? seek_file : NULL);
    }
    if (!io) {
        av_free(buffer);
        av_free(channel);
    }
    return io;
}

void io_close(AVIOContext **io) {
    if (!*io)
        return;
    av_free((*io)->opaque);
    av_free((*io)->buffer);
    avio_context_free(io);
}

int64_t io_written(const AVIOContext *io) {
    const struct channel *channel = io->opaque;
    return channel->written;
}
