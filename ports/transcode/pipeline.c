#include "pipeline.h"

#include "io.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>

enum { NOT_COPIED = -1 };

struct pipeline {
    const struct settings *settings;
    struct report *report;
    struct result *result;
    AVFormatContext *in, *out;
    AVCodecContext *decoder, *encoder;
    struct SwsContext *scaler;
    AVFrame *decoded, *scaled;
    AVPacket *packet, *encoded;
    AVStream *video_in, *video_out;
    int *copied; // of each input stream, the output stream that it's copied to
    int64_t last_pts;
};

// Says what was tried; hands the code on.
static int failed(const char *what, int code) {
    char reason[AV_ERROR_MAX_STRING_SIZE];
    av_strerror(code, reason, sizeof reason);
    fprintf(stderr, "transcode: %s: %s\n", what, reason);
    return code;
}

static int open_input(struct pipeline *p, AVIOContext *io) {
    p->in = avformat_alloc_context();
    // A segment is what came through its own channel. One that names other files or hosts, as a playlist
    // does, gets none.
    char *protocols = av_strdup("none");
    if (!p->in || !protocols) {
        av_free(protocols);
        return failed("input", AVERROR(ENOMEM));
    }
    p->in->protocol_whitelist = protocols;
    p->in->pb = io;
    int code = avformat_open_input(&p->in, NULL, NULL, NULL);
    if (code >= 0)
        code = avformat_find_stream_info(p->in, NULL);
    return code < 0 ? failed("reading the segment's header", code) : 0;
}

static int open_decoder(struct pipeline *p) {
    const AVCodec *codec;
    int index = av_find_best_stream(p->in, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
    if (index < 0)
        return failed("looking for video in the segment", index);
    p->video_in = p->in->streams[index];
    p->decoder = avcodec_alloc_context3(codec);
    if (!p->decoder)
        return failed("decoder", AVERROR(ENOMEM));
    int code = avcodec_parameters_to_context(p->decoder, p->video_in->codecpar);
    p->decoder->pkt_timebase = p->video_in->time_base;
    p->decoder->thread_count = p->settings->threads;
    if (code >= 0)
        code = avcodec_open2(p->decoder, codec, NULL);
    return code < 0 ? failed("opening the decoder", code) : 0;
}

// Motion JPEG is full-range by nature; its encoder lists other formats, too, and then refuses them.
static enum AVPixelFormat choose_format(const AVCodec *codec, enum AVPixelFormat from) {
    static const enum AVPixelFormat full_range[] = {AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUVJ422P,
                                                    AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_NONE};
    const enum AVPixelFormat *formats = codec->id == AV_CODEC_ID_MJPEG ? full_range : codec->pix_fmts;
    return formats ? avcodec_find_best_pix_fmt_of_list(formats, from, 0, NULL) : from;
}

// The sizes, formats and rates of the encoder follow from the decoder's and the settings.
static void configure_encoder(struct pipeline *p, const AVCodec *codec) {
    AVCodecContext *encoder = p->encoder;
    AVRational rate = av_guess_frame_rate(p->in, p->video_in, NULL);
    if (rate.num <= 0 || rate.den <= 0)
        rate = (AVRational){25, 1};
    encoder->width = p->settings->width ? p->settings->width : p->decoder->width;
    encoder->height = p->settings->height ? p->settings->height : p->decoder->height;
    encoder->pix_fmt = choose_format(codec, p->decoder->pix_fmt);
    encoder->framerate = rate;
    encoder->time_base = av_inv_q(rate);
    encoder->sample_aspect_ratio = p->decoder->sample_aspect_ratio;
    encoder->thread_count = p->settings->threads;
    if (p->out->oformat->flags & AVFMT_GLOBALHEADER)
        encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
}

static int open_encoder(struct pipeline *p) {
    const AVCodec *codec = avcodec_find_encoder_by_name(p->settings->codec);
    if (!codec || codec->type != AVMEDIA_TYPE_VIDEO)
        return failed(p->settings->codec, AVERROR_ENCODER_NOT_FOUND);
    p->encoder = avcodec_alloc_context3(codec);
    AVDictionary *options = NULL;
    if (!p->encoder || av_dict_copy(&options, p->settings->encoder_options, 0) < 0)
        return failed("encoder", AVERROR(ENOMEM));
    configure_encoder(p, codec);
    int code = avcodec_open2(p->encoder, codec, &options);
    const AVDictionaryEntry *unknown = av_dict_get(options, "", NULL, AV_DICT_IGNORE_SUFFIX);
    if (code >= 0 && unknown) {
        fprintf(stderr, "transcode: %s has no option %s\n", p->settings->codec, unknown->key);
        code = AVERROR_OPTION_NOT_FOUND;
    }
    av_dict_free(&options);
    return code < 0 ? failed("opening the encoder", code) : 0;
}

static int add_video_output(struct pipeline *p) {
    p->video_out = avformat_new_stream(p->out, NULL);
    if (!p->video_out)
        return AVERROR(ENOMEM);
    p->video_out->time_base = p->encoder->time_base;
    p->video_out->avg_frame_rate = p->encoder->framerate;
    p->video_out->sample_aspect_ratio = p->encoder->sample_aspect_ratio;
    return avcodec_parameters_from_context(p->video_out->codecpar, p->encoder);
}

static int add_copied_outputs(struct pipeline *p) {
    p->copied = av_malloc_array(p->in->nb_streams, sizeof *p->copied);
    if (!p->copied)
        return AVERROR(ENOMEM);
    for (unsigned i = 0; i < p->in->nb_streams; i++) {
        const AVStream *from = p->in->streams[i];
        p->copied[i] = NOT_COPIED;
        if (from->codecpar->codec_type != AVMEDIA_TYPE_AUDIO)
            continue;
        AVStream *to = avformat_new_stream(p->out, NULL);
        if (!to)
            return AVERROR(ENOMEM);
        int code = avcodec_parameters_copy(to->codecpar, from->codecpar);
        if (code < 0)
            return code;
        to->codecpar->codec_tag = 0; // the other container has its own
        to->time_base = from->time_base;
        p->copied[i] = to->index;
    }
    return 0;
}

static int open_output(struct pipeline *p, AVIOContext *io) {
    int code = avformat_alloc_output_context2(&p->out, NULL, p->settings->format, NULL);
    if (code < 0)
        return failed(p->settings->format, code);
    p->out->pb = io;
    code = open_encoder(p);
    if (code < 0)
        return code;
    code = add_video_output(p);
    if (code >= 0)
        code = add_copied_outputs(p);
    if (code >= 0)
        code = avformat_write_header(p->out, NULL);
    return code < 0 ? failed("writing the output's header", code) : 0;
}

static int write_encoded(struct pipeline *p) {
    for (;;) {
        int code = avcodec_receive_packet(p->encoder, p->encoded);
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
            return 0;
        if (code < 0)
            return failed("encoding", code);
        p->encoded->stream_index = p->video_out->index;
        av_packet_rescale_ts(p->encoded, p->encoder->time_base, p->video_out->time_base);
        code = av_interleaved_write_frame(p->out, p->encoded);
        if (code < 0)
            return failed("writing the output", code);
        p->result->frames++;
        report_frame(p->report);
    }
}

// NULL: no more frames will come.
static int encode(struct pipeline *p, AVFrame *frame) {
    int code = avcodec_send_frame(p->encoder, frame);
    return code < 0 ? failed("encoding", code) : write_encoded(p);
}

// In the encoder's time base, each later than the one before, however coarse that is.
static int64_t next_pts(struct pipeline *p, const AVFrame *frame) {
    int first = p->last_pts == AV_NOPTS_VALUE;
    int64_t earliest = first ? 0 : p->last_pts + 1;
    if (frame->best_effort_timestamp == AV_NOPTS_VALUE)
        return earliest;
    int64_t pts = av_rescale_q(frame->best_effort_timestamp, p->video_in->time_base, p->encoder->time_base);
    return first || pts > earliest ? pts : earliest;
}

static int scale(struct pipeline *p, const AVFrame *from) {
    const AVCodecContext *to = p->encoder;
    // Made anew if the stream changes its size on the way.
    p->scaler = sws_getCachedContext(p->scaler, from->width, from->height, from->format, to->width,
                                     to->height, to->pix_fmt, SWS_BICUBIC, NULL, NULL, NULL);
    if (!p->scaler)
        return failed("scaler", AVERROR(EINVAL));
    av_frame_unref(p->scaled);
    p->scaled->width = to->width;
    p->scaled->height = to->height;
    p->scaled->format = to->pix_fmt;
    int code = av_frame_copy_props(p->scaled, from);
    if (code >= 0)
        code = sws_scale_frame(p->scaler, p->scaled, from);
    return code < 0 ? failed("scaling", code) : 0;
}

// Everything is open and one picture decoded: whoever started us may want to see that all have come so far.
static void wait_for_line(void) {
    int byte;
    puts("ready");
    fflush(stdout);
    do
        byte = getchar();
    while (byte != '\n' && byte != EOF);
}

static int encode_decoded(struct pipeline *p) {
    AVFrame *frame = p->decoded;
    if (p->settings->wait && p->report->frames == 0 && p->last_pts == AV_NOPTS_VALUE)
        wait_for_line();
    const AVCodecContext *encoder = p->encoder;
    frame->pts = p->last_pts = next_pts(p, frame);
    frame->pict_type = AV_PICTURE_TYPE_NONE; // the encoder chooses
    if (frame->width == encoder->width && frame->height == encoder->height &&
        frame->format == encoder->pix_fmt)
        return encode(p, frame);
    int code = scale(p, frame);
    return code < 0 ? code : encode(p, p->scaled);
}

// NULL: the stream has ended; the decoder gives what it still holds.
static int decode(struct pipeline *p, const AVPacket *packet) {
    int code = avcodec_send_packet(p->decoder, packet);
    if (code < 0)
        return failed("decoding", code);
    for (;;) {
        code = avcodec_receive_frame(p->decoder, p->decoded);
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
            return 0;
        if (code < 0)
            return failed("decoding", code);
        code = encode_decoded(p);
        av_frame_unref(p->decoded);
        if (code < 0)
            return code;
    }
}

static int copy(struct pipeline *p) {
    int to = p->copied[p->packet->stream_index];
    if (to == NOT_COPIED)
        return 0;
    av_packet_rescale_ts(p->packet, p->in->streams[p->packet->stream_index]->time_base,
                         p->out->streams[to]->time_base);
    p->packet->stream_index = to;
    p->packet->pos = -1;
    int code = av_interleaved_write_frame(p->out, p->packet);
    return code < 0 ? failed("writing the output", code) : 0;
}

static int run(struct pipeline *p) {
    int code;
    while ((code = av_read_frame(p->in, p->packet)) >= 0) {
        code = p->packet->stream_index == p->video_in->index ? decode(p, p->packet) : copy(p);
        av_packet_unref(p->packet);
        if (code < 0)
            return code;
    }
    if (code != AVERROR_EOF)
        return failed("reading the segment", code);
    code = decode(p, NULL);
    if (code >= 0)
        code = encode(p, NULL);
    if (code < 0)
        return code;
    if (p->result->frames == 0)
        return failed("looking for pictures in the segment", AVERROR_INVALIDDATA);
    code = av_write_trailer(p->out);
    return code < 0 ? failed("writing the output's end", code) : 0;
}

static int allocate_buffers(struct pipeline *p) {
    p->decoded = av_frame_alloc();
    p->scaled = av_frame_alloc();
    p->packet = av_packet_alloc();
    p->encoded = av_packet_alloc();
    return p->decoded && p->scaled && p->packet && p->encoded ? 0 : failed("buffers", AVERROR(ENOMEM));
}

static void free_pipeline(struct pipeline *p) {
    av_freep(&p->copied);
    av_packet_free(&p->encoded);
    av_packet_free(&p->packet);
    av_frame_free(&p->scaled);
    av_frame_free(&p->decoded);
    sws_freeContext(p->scaler);
    avcodec_free_context(&p->encoder);
    avcodec_free_context(&p->decoder);
    avformat_free_context(p->out);
    avformat_close_input(&p->in);
}

int transcode(const struct settings *settings, AVIOContext *in, AVIOContext *out, struct report *report,
              struct result *result) {
    struct pipeline p = {
        .settings = settings, .report = report, .result = result, .last_pts = AV_NOPTS_VALUE};
    *result = (struct result){0};
    int code = allocate_buffers(&p);
    if (code >= 0)
        code = open_input(&p, in);
    if (code >= 0)
        code = open_decoder(&p);
    if (code >= 0)
        code = open_output(&p, out);
    if (code >= 0)
        code = run(&p);
    avio_flush(out);
    if (code >= 0 && out->error < 0)
        code = failed("writing the output", out->error);
    result->bytes = io_written(out);
    free_pipeline(&p);
    return code;
}
