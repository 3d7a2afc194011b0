// A transcoding service of a few hundred lines over libav*: one instance a stream. README.md says how to use
// it.
#include "io.h"
#include "options.h"
#include "service.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libavutil/error.h>
#include <libavutil/log.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int transcode_one(const struct options *options, int in, int out, struct report *report) {
    struct result result = {0};
    double start = monotonic_seconds();
    AVIOContext *source = io_open(in, 0);
    AVIOContext *sink = io_open(out, 1);
    int code =
        source && sink ? transcode(&options->settings, source, sink, report, &result) : AVERROR(ENOMEM);
    io_close(&source);
    io_close(&sink);
    double seconds = monotonic_seconds() - start;
    int taken = out == STDOUT_FILENO || report->file == stdout;
    fprintf(taken ? stderr : stdout, "%s: %" PRId64 " frames in %.3f s, %.1f frames/s, %" PRId64 " bytes\n",
            code < 0 ? "failed" : "done", result.frames, seconds, result.frames / seconds, result.bytes);
    fflush(stdout);
    return code;
}

// "-" is the standard stream.
static int open_file(const char *name, int flags, int standard) {
    int fd = strcmp(name, "-") == 0 ? standard : open(name, flags | O_CLOEXEC, 0666);
    if (fd < 0)
        fprintf(stderr, "transcode: %s: %s\n", name, strerror(errno));
    return fd;
}

static int transcode_file(const struct options *options, struct report *report) {
    int in = open_file(options->input, O_RDONLY, STDIN_FILENO);
    int out = IO_DISCARD;
    if (in < 0)
        return 1;
    if (options->output &&
        (out = open_file(options->output, O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO)) < 0)
        return 1;
    int code = transcode_one(options, in, out, report);
    if (out != IO_DISCARD && close(out) < 0) {
        fprintf(stderr, "transcode: %s: %s\n", options->output, strerror(errno));
        return 1;
    }
    return code < 0;
}

static int transcode_again_and_again(const struct options *options, struct report *report) {
    int in = open_file(options->input, O_RDONLY, STDIN_FILENO);
    if (in < 0)
        return 1;
    double end = monotonic_seconds() + options->seconds;
    for (int64_t done = 0; options->segments == 0 || done < options->segments; done++) {
        if (options->seconds > 0 && monotonic_seconds() >= end)
            break;
        if (lseek(in, 0, SEEK_SET) < 0 || transcode_one(options, in, IO_DISCARD, report) < 0)
            return 1;
    }
    return 0;
}

int main(int count, char **arguments) {
    struct options options;
    struct report report = {0};
    parse_options(&options, count, arguments);
    report.rate = options.rate;
    av_log_set_level(AV_LOG_ERROR);
    if (options.report && report_open(&report, options.report) < 0) {
        fprintf(stderr, "transcode: %s: %s\n", options.report, strerror(errno));
        return 1;
    }
    int status;
    if (options.port)
        status = serve(&options, &report);
    else
        status =
            options.loop ? transcode_again_and_again(&options, &report) : transcode_file(&options, &report);
    if (report_close(&report) < 0) {
        fprintf(stderr, "transcode: %s: %s\n", options.report, strerror(errno));
        status = 1;
    }
    av_dict_free(&options.settings.encoder_options);
    return status;
}
