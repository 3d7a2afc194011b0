/* A tenant's program: it counts, and on demand it misbehaves. Compiled once by orc-cc, verified once, run by every
 * tenant from the same bytes. */
enum { COUNT, TOTAL, READ, WRITE, RECURSE };

static long total; /* compartment-local: every tenant has its own */
static long history[1000];

static long recurse(volatile long *depth) {
    ++*depth;
    return recurse(depth) + *depth;
}

/* The entry point: what to do, and a number or an address for it. */
long _start(long what, unsigned long value) {
    switch (what) {
    case COUNT:
        history[total % 1000] = (long)value;
        return total += (long)value;
    case TOTAL:
        return total;
    case READ:
        return *(volatile char *)value;
    case WRITE:
        return *(volatile char *)value = 1;
    case RECURSE:
        return recurse(&history[0]);
    }
    return -1;
}
