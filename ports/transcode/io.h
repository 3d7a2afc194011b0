// Where segments come from and go to: a file, a pipe or a socket, or nowhere.
#ifndef TRANSCODE_IO_H
#define TRANSCODE_IO_H

#include <libavformat/avio.h>
#include <stdint.h>

#define IO_DISCARD (-1) // in place of a file descriptor: what is written is counted alone

// The descriptor stays the caller's. A regular file can be sought in, from where it begins. NULL: out of
// memory.
AVIOContext *io_open(int fd, int write);
void io_close(AVIOContext **io);

// Bytes written so far; what was written twice counts twice.
int64_t io_written(const AVIOContext *io);

#endif
