// Segments from the network, one connection each: a client sends its segment and closes its side for writing,
// and reads the transcoded one until its end.
#ifndef TRANSCODE_SERVICE_H
#define TRANSCODE_SERVICE_H

#include "options.h"

// One segment, from its descriptor to that of its output, with a line about it on standard output. 0 or an
// AVERROR code.
int transcode_one(const struct options *options, int in, int out, struct report *report);

// Serves until so many segments have come, or for ever. A segment that fails ends its connection alone. The
// exit status.
int serve(const struct options *options, struct report *report);

#endif
