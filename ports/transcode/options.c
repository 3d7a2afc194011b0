#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SIDE = 16384, MAX_THREADS = 64 };

static const char usage[] =
    "usage: transcode [OPTION...] --input FILE [--output FILE]    one segment; no output: into the void\n"
    "       transcode [OPTION...] --loop FILE [--seconds S]       the same segment again and again\n"
    "       transcode [OPTION...] --listen PORT                   segments from TCP connections, in turn\n"
    "\n"
    "  --codec NAME       the video encoder: libx264 (default), mpeg4, mpeg2video, mjpeg, ffv1...\n"
    "  --size WxH         default: as the segment's\n"
    "  --format NAME      of the output: matroska (default), mpegts, nut, mp4...\n"
    "  --threads N        of the decoder and of the encoder each, default 1\n"
    "  --set KEY=VALUE    an option of the encoder: preset=veryfast, crf=28, b=800000; again for more\n"
    "  --rate FPS         at most so many frames a second, as a live stream has; default: as fast as it can\n"
    "  --report FILE      appends a line a second: UNIX_MILLISECONDS,FRAMES_SO_FAR (-: to standard output)\n"
    "  --wait             when all is open and a picture decoded, says `ready` and waits for a line\n"
    "                     or the end of standard input\n"
    "  --segments N       a loop or a service ends after so many\n";

static void refuse(const char *what, const char *value) {
    fprintf(stderr, "transcode: %s%s%s\n%s", what, value ? ": " : "", value ? value : "", usage);
    exit(2);
}

static long number(const char *text, long least, long most, const char *what) {
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno || end == text || *end || value < least || value > most)
        refuse(what, text);
    return value;
}

static void parse_size(struct settings *settings, const char *text) {
    char rest;
    if (sscanf(text, "%5dx%5d%c", &settings->width, &settings->height, &rest) != 2 || settings->width < 16 ||
        settings->width > MAX_SIDE || settings->height < 16 || settings->height > MAX_SIDE)
        refuse("not a size, 16x16 to 16384x16384", text);
}

static double positive(const char *text, const char *what) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value > 0 && value <= 1e9))
        refuse(what, text);
    return value;
}

static void parse_encoder_option(struct settings *settings, const char *text) {
    if (av_dict_parse_string(&settings->encoder_options, text, "=", "", 0) < 0)
        refuse("not KEY=VALUE", text);
}

static void check(const struct options *options) {
    if (!options->input == !options->port)
        refuse("name one of --input, --loop and --listen", NULL);
    if (options->loop && (options->output || strcmp(options->input, "-") == 0))
        refuse("a loop reads a file, and its output goes nowhere", NULL);
    if (options->port && options->output)
        refuse("what a service makes goes to its clients", NULL);
    if (options->settings.wait && !options->loop)
        refuse("--wait is for loops", NULL);
    if (options->seconds > 0 && !options->loop)
        refuse("--seconds is for loops", NULL);
    if (options->segments > 0 && options->input && !options->loop)
        refuse("--segments is for loops and services", NULL);
}

void parse_options(struct options *options, int count, char **arguments) {
    static const struct option names[] = {
        {"input", required_argument, NULL, 'i'},   {"output", required_argument, NULL, 'o'},
        {"loop", required_argument, NULL, 'l'},    {"listen", required_argument, NULL, 'p'},
        {"codec", required_argument, NULL, 'c'},   {"size", required_argument, NULL, 's'},
        {"format", required_argument, NULL, 'f'},  {"threads", required_argument, NULL, 't'},
        {"set", required_argument, NULL, 'e'},     {"report", required_argument, NULL, 'r'},
        {"seconds", required_argument, NULL, 'd'}, {"segments", required_argument, NULL, 'n'},
        {"rate", required_argument, NULL, 'm'},    {"wait", no_argument, NULL, 'w'},
        {"help", no_argument, NULL, 'h'},          {0},
    };
    *options = (struct options){.settings = {.codec = "libx264", .format = "matroska", .threads = 1}};
    int option;
    while ((option = getopt_long(count, arguments, "", names, NULL)) != -1) {
        switch (option) {
        case 'i':
            options->input = optarg;
            break;
        case 'o':
            options->output = optarg;
            break;
        case 'l':
            options->input = optarg, options->loop = 1;
            break;
        case 'p':
            options->port = number(optarg, 1, 65535, "not a port");
            break;
        case 'c':
            options->settings.codec = optarg;
            break;
        case 's':
            parse_size(&options->settings, optarg);
            break;
        case 'f':
            options->settings.format = optarg;
            break;
        case 't':
            options->settings.threads = number(optarg, 1, MAX_THREADS, "not a number of threads, 1 to 64");
            break;
        case 'e':
            parse_encoder_option(&options->settings, optarg);
            break;
        case 'r':
            options->report = optarg;
            break;
        case 'd':
            options->seconds = positive(optarg, "not a time in seconds");
            break;
        case 'm':
            options->rate = positive(optarg, "not a number of frames a second");
            break;
        case 'n':
            options->segments = number(optarg, 1, 1000000000, "not a number of segments");
            break;
        case 'w':
            options->settings.wait = 1;
            break;
        case 'h':
            fputs(usage, stdout);
            exit(0);
        default:
            fputs(usage, stderr);
            exit(2);
        }
    }
    if (optind < count)
        refuse("what is this?", arguments[optind]);
    check(options);
}
