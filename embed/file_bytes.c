#include "file_bytes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define LARGEST_FILE 0xffffffffu

static uint8_t *read_stream(FILE *stream, size_t *size) {
    size_t capacity = 65536, used = 0;
    uint8_t *bytes = malloc(capacity), *grown;

    while (bytes) {
        used += fread(bytes + used, 1, capacity - used, stream);
        if (used < capacity)
            break;
        if (capacity >= LARGEST_FILE) {
            errno = EFBIG;
            goto fail;
        }
        capacity *= 2;
        grown = realloc(bytes, capacity);
        if (!grown)
            goto fail;
        bytes = grown;
    }
    if (!bytes || ferror(stream))
        goto fail;
    *size = used;
    return bytes;
fail:
    free(bytes);
    return NULL;
}

uint8_t *read_file_bytes(const char *name, size_t *size) {
    FILE *stream = fopen(name, "rbe");
    uint8_t *bytes;
    int error;

    if (!stream)
        return NULL;
    bytes = read_stream(stream, size);
    error = errno;
    fclose(stream);
    errno = error;
    return bytes;
}
