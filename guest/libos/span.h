/* The host's form of a vector of buffers. */
#ifndef LIBOS_SPAN_H
#define LIBOS_SPAN_H

#include <sys/uio.h>
#include "heap.h"
#include "orc/hostcall.h"

#define FEW_SPANS 16

struct spans {
    struct orc_span few[FEW_SPANS];
    struct orc_span *all;
    unsigned count;
};

/* False: no memory. At most IOV_MAX. */
static inline bool spans_make(struct spans *spans, const struct iovec *vector, unsigned count) {
    spans->count = count;
    spans->all = count <= FEW_SPANS ? spans->few : heap_allocate(count * sizeof(struct orc_span));
    for (unsigned i = 0; spans->all && i < count; i++)
        spans->all[i] =
            (struct orc_span){(uint32_t)(uintptr_t)vector[i].iov_base, (uint32_t)vector[i].iov_len};
    return spans->all != NULL;
}

static inline void spans_free(struct spans *spans) {
    if (spans->all != spans->few)
        heap_free(spans->all, spans->count * sizeof(struct orc_span));
}

#endif
