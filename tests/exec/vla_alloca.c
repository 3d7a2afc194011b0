/* Dynamic stack allocation: VLAs of one and two dimensions, alloca in loops, mixed with calls and big
 * arguments. */
#include <alloca.h>
#include <stdio.h>
#include <string.h>

struct blob {
    long v[9];
};

static __attribute__((noinline)) long consume(long a, long b, long c, long d, long e, long f, struct blob g,
                                              long h) {
    return a + b + c + d + e + f + g.v[8] + h;
}

static __attribute__((noinline)) long vla(int n) {
    int values[n];
    for (int i = 0; i < n; i++)
        values[i] = i * i;
    struct blob b = {{0}};
    b.v[8] = values[n - 1];
    return consume(values[0], values[n / 2], n, 4, 5, 6, b, values[n - 1]);
}

static __attribute__((noinline)) double matrix(int rows, int columns) {
    double m[rows][columns];
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            m[i][j] = i * 0.5 + j;
    double trace = 0;
    for (int i = 0; i < rows && i < columns; i++)
        trace += m[i][i];
    return trace + (double)sizeof m;
}

static __attribute__((noinline)) int chain(int n) {
    struct node {
        struct node *next;
        int value;
    } *head = NULL;
    for (int i = 0; i < n; i++) {
        struct node *node = alloca(sizeof *node + (size_t)i);
        node->next = head, node->value = i;
        head = node;
    }
    int sum = 0;
    for (; head; head = head->next)
        sum = sum * 7 + head->value;
    return sum;
}

static __attribute__((noinline)) int nested(int n) {
    int total = 0;
    for (int i = 1; i < n; i++) {
        char text[i * 3];
        memset(text, i, sizeof text);
        total += text[i * 2];
        if (i % 5 == 0)
            continue;
        {
            short more[i + 1];
            more[i] = (short)total;
            total += more[i] & 3;
        }
    }
    return total;
}

static __attribute__((noinline)) int recursive(int n) {
    char buffer[n * 16 + 1];
    memset(buffer, n, sizeof buffer);
    return n ? recursive(n - 1) + buffer[n * 16] : 0;
}

static __attribute__((noinline)) unsigned long aligned_together(int n) {
    _Alignas(64) char fixed[64];
    long dynamic[n];
    memset(fixed, 3, sizeof fixed);
    for (int i = 0; i < n; i++)
        dynamic[i] = fixed[i & 63] + i;
    return ((unsigned long)fixed & 63) + (unsigned long)dynamic[n - 1];
}

static __attribute__((noinline)) int goto_out(int n) {
    int rounds = 0;
again:;
    int values[n + rounds];
    values[n + rounds - 1] = rounds;
    if (++rounds < 10)
        goto again;
    return values[n + rounds - 2];
}

int main(void) {
    for (int n = 1; n < 50; n += 7)
        printf("%ld %g %d %d %d %lu %d\n", vla(n), matrix(n, 9), chain(n), nested(n), recursive(n),
               aligned_together(n), goto_out(n));
    printf("%ld\n", vla(20000));
    return 0;
}
