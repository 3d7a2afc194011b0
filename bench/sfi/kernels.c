/* Small kernels that each stress one thing: calls, indirect branches, loads, arithmetic. */
#include "harness.h"

#include <math.h>

static uint32_t seed;
static uint32_t next(void) {
    return (seed = seed * 1664525 + 1013904223) >> 4;
}

/* ---- a byte-code interpreter with a switch, running a sieve and a nested loop ---- */

enum {
    LOAD,
    STORE,
    CONSTANT,
    ADD,
    SUBTRACT,
    MULTIPLY,
    LESS,
    JUMP,
    JUMP_UNLESS,
    INDEX,
    PUT,
    AND,
    XOR,
    SHIFT,
    END
};

static uint64_t interpret(const int *code, uint64_t *memory) {
    uint64_t stack[16], *top = stack;
    for (;;) {
        switch (*code++) {
        case LOAD:
            *top++ = memory[*code++];
            break;
        case STORE:
            memory[*code++] = *--top;
            break;
        case CONSTANT:
            *top++ = (uint64_t)*code++;
            break;
        case ADD:
            top--, top[-1] += *top;
            break;
        case SUBTRACT:
            top--, top[-1] -= *top;
            break;
        case MULTIPLY:
            top--, top[-1] *= *top;
            break;
        case LESS:
            top--, top[-1] = (int64_t)top[-1] < (int64_t)*top;
            break;
        case AND:
            top--, top[-1] &= *top;
            break;
        case XOR:
            top--, top[-1] ^= *top;
            break;
        case SHIFT:
            top--, top[-1] >>= *top;
            break;
        case JUMP:
            code += *code;
            break;
        case JUMP_UNLESS:
            code += *--top ? 1 : *code;
            break;
        case INDEX:
            top[-1] = memory[16 + (top[-1] & 1023)];
            break;
        case PUT:
            top -= 2;
            memory[16 + (top[1] & 1023)] = *top;
            break;
        case END:
            return memory[1];
        default:
            abort();
        }
    }
}

/* i = 0; a = 1; while (i < 40000) { a = a * 5 + i; t[a >> 3] = a ^ t[i]; s = s + t[a & 255]; i = i + 1; } */
static const int program[] = {
    CONSTANT, 0,        STORE, 0,           CONSTANT, 1,     STORE, 2,        LOAD, 0,
    CONSTANT, 40000,    LESS,  JUMP_UNLESS, 43,       LOAD,  2,     CONSTANT, 5,    MULTIPLY,
    LOAD,     0,        ADD,   STORE,       2,        LOAD,  2,     LOAD,     0,    INDEX,
    XOR,      LOAD,     2,     CONSTANT,    3,        SHIFT, PUT,   LOAD,     1,    LOAD,
    2,        CONSTANT, 255,   AND,         INDEX,    ADD,   STORE, 1,        LOAD, 0,
    CONSTANT, 1,        ADD,   STORE,       0,        JUMP,  -48,   END};

static uint64_t run_interpreter(void) {
    static uint64_t memory[16 + 1024];
    memset(memory, 0, sizeof memory);
    return interpret(program, memory);
}

/* ---- the same kind of machine with computed gotos ---- */

static uint64_t run_threaded(void) {
    static const unsigned char code[] = {0, 1, 2, 3, 1, 4, 2, 5, 0, 3, 1, 2, 6};
    static void *const table[] = {&&add, &&mul, &&rot, &&xor, &&sub, &&shift, &&again};
    uint64_t a = 1, b = 0x9e3779b97f4a7c15, left = 30000;
    const unsigned char *at = code;
#define NEXT goto *table[*at++]
    NEXT;
add:
    a += b;
    NEXT;
mul:
    a *= 0x5851f42d4c957f2d;
    NEXT;
rot:
    a = a << 13 | a >> 51;
    NEXT;
xor:
    b ^= a;
    NEXT;
sub:
    b -= a;
    NEXT;
shift:
    b += a >> 7;
    NEXT;
again:
    at = code;
    if (--left)
        NEXT;
    return a ^ b;
#undef NEXT
}

/* ---- hash table ---- */

enum { TABLE = 1 << 15 };
static struct {
    uint64_t key, value;
} table[TABLE];

static uint64_t run_hash_table(void) {
    memset(table, 0, sizeof table);
    seed = 7;
    uint64_t hits = 0;
    for (int i = 0; i < 60000; i++) {
        uint64_t key = next() % 20000 + 1;
        size_t at = key * 0x9e3779b97f4a7c15 >> 49;
        while (table[at].key && table[at].key != key)
            at = (at + 1) & (TABLE - 1);
        hits += table[at].key == key;
        table[at].key = key, table[at].value += (uint64_t)i;
    }
    return hits * 1000003 + table[77].value;
}

/* ---- qsort with a callback ---- */

static int numbers[40000];
static int by_value(const void *a, const void *b) {
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

/* A quicksort of our own that calls back: the C library's smoothsort spends its time in moves. */
static void sort(char *base, size_t count, size_t size, int (*compare)(const void *, const void *)) {
    while (count > 1) {
        char pivot[8], scratch[8];
        memcpy(pivot, base + count / 2 * size, size);
        size_t i = 0, j = count - 1;
        for (;;) {
            while (compare(base + i * size, pivot) < 0)
                i++;
            while (compare(base + j * size, pivot) > 0)
                j--;
            if (i >= j)
                break;
            memcpy(scratch, base + i * size, size), memcpy(base + i * size, base + j * size, size),
                memcpy(base + j * size, scratch, size);
            i++, j--;
        }
        if (j == count - 1)
            j--;
        sort(base, j + 1, size, compare);
        base += (j + 1) * size, count -= j + 1;
    }
}

static void fill_numbers(void) {
    seed = 9;
    for (int i = 0; i < 40000; i++)
        numbers[i] = (int)next();
}
static uint64_t run_sort_callback(void) {
    fill_numbers();
    sort((char *)numbers, 40000, sizeof *numbers, by_value);
    return (uint64_t)numbers[100] * 31 + (uint64_t)numbers[39000];
}
static uint64_t run_qsort(void) {
    fill_numbers();
    qsort(numbers, 40000, sizeof *numbers, by_value);
    return (uint64_t)numbers[100] * 31 + (uint64_t)numbers[39000];
}

/* ---- matrix multiplication ---- */

enum { SIDE = 128 };
static double left[SIDE][SIDE], right[SIDE][SIDE], result[SIDE][SIDE];
static void fill_matrices(void) {
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++)
            left[i][j] = i * 0.5 - j, right[i][j] = (i ^ j) * 0.25;
}
static uint64_t run_matrix(void) {
    memset(result, 0, sizeof result);
    for (int i = 0; i < SIDE; i++)
        for (int k = 0; k < SIDE; k++)
            for (int j = 0; j < SIDE; j++)
                result[i][j] += left[i][k] * right[k][j];
    return (uint64_t)(int64_t)(result[5][9] + result[100][77]);
}

/* ---- recursion: small frames, many calls ---- */

static __attribute__((noinline)) unsigned long fibonacci(unsigned n) {
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}
static __attribute__((noinline)) int queens(int row, unsigned columns, unsigned down, unsigned up) {
    int count = 0;
    if (row == 8)
        return 1;
    for (unsigned free = ~(columns | down | up) & 0xff; free; free &= free - 1) {
        unsigned bit = free & -free;
        count += queens(row + 1, columns | bit, (down | bit) << 1, (up | bit) >> 1);
    }
    return count;
}
static uint64_t run_recursion(void) {
    return fibonacci(26) + (unsigned)queens(0, 0, 0, 0);
}

/* ---- SHA-256 ---- */

static uint32_t round_constants[64];
static unsigned char message[65536];
static uint32_t rotate(uint32_t x, int n) {
    return x >> n | x << (32 - n);
}
static void prepare_sha256(void) {
    for (int i = 0, p = 2; i < 64; p++) {
        int prime = 1;
        for (int d = 2; d * d <= p; d++)
            prime &= p % d != 0;
        if (prime) {
            double root = cbrt(p);
            round_constants[i++] = (uint32_t)((root - floor(root)) * 4294967296.0);
        }
    }
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (unsigned char)(i * 7 + (i >> 8));
}
static void sha256_block(uint32_t h[8], const unsigned char *p) {
    uint32_t w[64];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 | (uint32_t)p[4 * i + 2] << 8 |
               p[4 * i + 3];
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] +
               (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
    uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], k = h[7];
    for (int i = 0; i < 64; i++) {
        uint32_t one = k + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) +
                       round_constants[i] + w[i];
        uint32_t two = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        k = g, g = f, f = e, e = d + one, d = c, c = b, b = a, a = one + two;
    }
    h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e, h[5] += f, h[6] += g, h[7] += k;
}
static uint64_t run_sha256(void) {
    uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    for (size_t at = 0; at < sizeof message; at += 64)
        sha256_block(h, message + at);
    return (uint64_t)h[0] << 32 | h[7];
}

/* ---- binary trees on the heap ---- */

struct node {
    struct node *left, *right;
    long key;
};
static struct node *insert(struct node *tree, long key) {
    if (!tree) {
        tree = malloc(sizeof *tree);
        *tree = (struct node){NULL, NULL, key};
    } else if (key < tree->key) {
        tree->left = insert(tree->left, key);
    } else {
        tree->right = insert(tree->right, key);
    }
    return tree;
}
static long drop(struct node *tree) {
    if (!tree)
        return 0;
    long sum = drop(tree->left) * 3 + tree->key + drop(tree->right);
    free(tree);
    return sum;
}
static uint64_t run_trees(void) {
    struct node *tree = NULL;
    seed = 11;
    for (int i = 0; i < 6000; i++)
        tree = insert(tree, (long)next());
    return (uint64_t)drop(tree);
}

/* ---- a pointer chase: every load waits for the one before ---- */

static struct link {
    struct link *next;
    long padding[7];
} links[1 << 12];
static void prepare_chase(void) {
    static unsigned order[1 << 12];
    seed = 3;
    for (unsigned i = 0; i < 1 << 12; i++)
        order[i] = i;
    for (unsigned i = (1 << 12) - 1; i; i--) {
        unsigned j = next() % (i + 1), t = order[i];
        order[i] = order[j], order[j] = t;
    }
    for (unsigned i = 0; i < 1 << 12; i++)
        links[order[i]].next = &links[order[(i + 1) & 0xfff]];
}
static uint64_t run_chase(void) {
    struct link *at = links;
    for (int i = 0; i < 100000; i++)
        at = at->next;
    return (uint64_t)(at - links);
}

static const struct workload workloads[] = {{"interpreter", NULL, run_interpreter},
                                            {"threaded-code", NULL, run_threaded},
                                            {"hash-table", NULL, run_hash_table},
                                            {"sort-callback", NULL, run_sort_callback},
                                            {"qsort", NULL, run_qsort},
                                            {"matrix", fill_matrices, run_matrix},
                                            {"recursion", NULL, run_recursion},
                                            {"sha256", prepare_sha256, run_sha256},
                                            {"trees", NULL, run_trees},
                                            {"pointer-chase", prepare_chase, run_chase},
                                            {NULL, NULL, NULL}};

int main(int argc, char **argv) {
    return bench_main(workloads, argc, argv);
}
