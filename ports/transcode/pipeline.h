// One segment: demultiplex, decode, scale, encode, multiplex.
#ifndef TRANSCODE_PIPELINE_H
#define TRANSCODE_PIPELINE_H

#include "report.h"

#include <libavformat/avio.h>
#include <libavutil/dict.h>

// What is made of every segment.
struct settings {
    const char *codec;  // the video encoder's name
    const char *format; // the multiplexer's name
    int width, height;  // 0: as the input's
    int wait;    // before the first picture of all is encoded, for a line (or the end) on standard input
    int threads; // of the decoder and of the encoder each
    AVDictionary *encoder_options;
};

struct result {
    int64_t frames;
    int64_t bytes; // written to the output
};

// Reads a segment from `in` and writes its first video stream, in the new codec and size, and its audio
// streams, unchanged, to `out`. 0, or an AVERROR code after a message on standard error; the result says how
// far it came.
int transcode(const struct settings *settings, AVIOContext *in, AVIOContext *out, struct report *report,
              struct result *result);

#endif
