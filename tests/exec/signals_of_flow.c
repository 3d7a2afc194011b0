/* Loops of every form: early exits, goto webs, irreducible flow, short-circuit chains, comma expressions,
 * conditional moves. */
#include <stdio.h>

static int irreducible(int n, int enter) {
    int sum = 0;
    if (enter)
        goto middle;
top:
    sum += n;
    if (sum > 1000)
        goto out;
middle:
    sum ^= n << 1;
    if (--n > 0)
        goto top;
    if (sum & 1) {
        n = 3;
        goto middle;
    }
out:
    return sum;
}
static int chains(int a, int b, int c, int d) {
    return (a && b) | (a || c) << 1 | (a && (b || c) && d) << 2 | (!a || !(b && c)) << 3 |
           ((a > b) == (c > d)) << 4 | (a ? b ? c : d : c) << 5;
}
static unsigned collatz(unsigned n) {
    unsigned steps = 0;
    while (n != 1)
        n = n & 1 ? 3 * n + 1 : n / 2, steps++;
    return steps;
}
static int minmax(const int *p, int n, int *max) {
    int low = p[0], high = p[0];
    for (int i = 1; i < n; i++) {
        low = p[i] < low ? p[i] : low;
        high = p[i] > high ? p[i] : high;
    }
    *max = high;
    return low;
}
static long gcd(long a, long b) {
    while (b) {
        long t = a % b;
        a = b, b = t;
    }
    return a;
}
static int binary(const int *a, int n, int key) {
    int low = 0, high = n;
    do {
        int m = low + (high - low) / 2;
        if (a[m] <= key)
            low = m;
        else
            high = m;
    } while (high - low > 1);
    return low;
}

int main(void) {
    for (int i = 0; i < 12; i++)
        printf("%d %d ", irreducible(i, 0), irreducible(i, 1));
    for (int i = 0; i < 81; i++)
        printf("%x", chains(i % 3, i / 3 % 3, i / 9 % 3, i / 27));
    for (unsigned i = 1; i < 30; i++)
        printf(" %u", collatz(i * 97));
    int data[64], high;
    for (int i = 0; i < 64; i++)
        data[i] = i * 37 % 64;
    printf("\n%d %d", minmax(data, 64, &high), high);
    for (int i = 0; i < 64; i++)
        data[i] = i * i;
    printf(" %ld %d %d\n", gcd(1071L * 462, 462L * 33), binary(data, 64, 1000), binary(data, 64, 0));
    for (int i = 0, j = 100; i < j; i += 3, j -= 7) {
        if (i == 9)
            continue;
        if (j < 60)
            break;
        printf("%d,%d ", i, j);
    }
    int k = 0;
    do {
        if (k % 2)
            continue;
        printf("%d", k);
    } while (++k < 9);
    printf("\n");
    return 3;
}
