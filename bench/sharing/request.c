/* In a compartment: what it costs to get an object that the cell holds. `request COUNT FILE` prints the nanoseconds that one
 * request takes, mapping included, and one release. */
#include <errno.h>
#include <orc/abi.h>
#include <orc/hostcall.h>
#include <orc/object.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static long call(long number, long a, long b) {
    long (*gate)(long, long, long, long, long, long) = (long (*)(long, long, long, long, long, long))ORC_GATES;
    return gate(number, a, b, 0, 0, 0);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* The note is at the beginning of the file. */
static const struct orc_object_note *find_note(const char *file, size_t size) {
    static const uint32_t head[] = {sizeof ORC_NOTE_NAME, sizeof(struct orc_object_note), ORC_NOTE_OBJECT};
    for (size_t i = 0; i + sizeof head + sizeof ORC_NOTE_NAME + sizeof(struct orc_object_note) <= size; i += 4)
        if (memcmp(file + i, head, sizeof head) == 0 && memcmp(file + i + sizeof head, ORC_NOTE_NAME, sizeof ORC_NOTE_NAME) == 0)
            return (const void *)(file + i + sizeof head + sizeof ORC_NOTE_NAME);
    return NULL;
}

int main(int argc, char **argv) {
    static char file[65536];
    FILE *in = argc == 3 ? fopen(argv[2], "rb") : NULL;
    size_t size = in ? fread(file, 1, sizeof file, in) : 0;
    const struct orc_object_note *note = find_note(file, size);
    struct orc_object_info info;
    double requests = 0, releases = 0;
    int count = note ? atoi(argv[1]) : 0;
    if (count <= 0) {
        fputs("request: COUNT FILE, an object\n", stderr);
        return 2;
    }
    long first = -ENOENT;
    for (int tries = 0; tries < 1000 && (first = call(ORC_OBJECT_REQUEST, (long)note->hash, (long)&info)) == -ENOENT; tries++)
        usleep(10000); /* another compartment is about to register it */
    if (first < 0 || call(ORC_OBJECT_RELEASE, first, 0) < 0)
        return 1;
    for (int i = 0; i < count; i++) {
        double start = now();
        long handle = call(ORC_OBJECT_REQUEST, (long)note->hash, (long)&info);
        double middle = now();
        if (handle < 0 || !info.fresh || call(ORC_OBJECT_RELEASE, handle, 0) < 0) {
            fprintf(stderr, "request: %ld, fresh: %u\n", handle, (unsigned)info.fresh);
            return 1;
        }
        requests += middle - start;
        releases += now() - middle;
    }
    printf("%.0f %.0f\n", requests / count, releases / count);
    return 0;
}
