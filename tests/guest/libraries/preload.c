/* For LD_PRELOAD: a malloc of its own, and a function of the C library's. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char arena[1 << 20] __attribute__((aligned(16)));
static size_t used;
static unsigned calls;

void *malloc(size_t size) {
    calls++;
    char *block = arena + used;
    used += (size + 31) & -16ul;
    return used <= sizeof arena ? block : NULL;
}

void free(void *block) {
    (void)block;
}

void *calloc(size_t count, size_t size) {
    return malloc(count * size);
}

void *realloc(void *block, size_t size) {
    void *other = malloc(size);
    if (other && block)
        memmove(other, block, size);
    return other;
}

char *getenv(const char *name) {
    static char value[] = "from the preloaded library";
    return strcmp(name, "TEST_VARIABLE") ? NULL : value;
}

__attribute__((destructor)) static void stop(void) {
    static const char yes[] = "preload: malloc was called\n";
    if (calls && write(1, yes, sizeof yes - 1) < 0)
        return;
}
