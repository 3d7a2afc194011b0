/* Big integers: factorials, powers, long division, decimal output, digits of pi and e. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { LIMBS = 64 };
typedef struct {
    uint32_t limb[LIMBS];
    int size;
} big;
static big from(uint32_t n) {
    big b = {{n}, n != 0};
    return b;
}
static void multiply_small(big *b, uint32_t n) {
    uint64_t carry = 0;
    for (int i = 0; i < b->size; i++) {
        carry += (uint64_t)b->limb[i] * n;
        b->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry)
        b->limb[b->size++] = (uint32_t)carry;
}
static uint32_t divide_small(big *b, uint32_t n) {
    uint64_t rest = 0;
    for (int i = b->size; i--;) {
        rest = rest << 32 | b->limb[i];
        b->limb[i] = (uint32_t)(rest / n);
        rest %= n;
    }
    while (b->size && !b->limb[b->size - 1])
        b->size--;
    return (uint32_t)rest;
}
static big multiply(const big *a, const big *b) {
    big r = {{0}, a->size + b->size};
    for (int i = 0; i < a->size; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < b->size || carry; j++) {
            carry += r.limb[i + j] + (uint64_t)a->limb[i] * (j < b->size ? b->limb[j] : 0);
            r.limb[i + j] = (uint32_t)carry;
            carry >>= 32;
        }
    }
    while (r.size && !r.limb[r.size - 1])
        r.size--;
    return r;
}
static int compare(const big *a, const big *b) {
    if (a->size != b->size)
        return a->size - b->size;
    for (int i = a->size; i--;)
        if (a->limb[i] != b->limb[i])
            return a->limb[i] < b->limb[i] ? -1 : 1;
    return 0;
}
static void subtract(big *a, const big *b) {
    int64_t borrow = 0;
    for (int i = 0; i < a->size; i++) {
        borrow += (int64_t)a->limb[i] - (i < b->size ? b->limb[i] : 0);
        a->limb[i] = (uint32_t)borrow;
        borrow >>= 32;
    }
    while (a->size && !a->limb[a->size - 1])
        a->size--;
}
static big modulo(big a, const big *m) {
    big r = {{0}, 0};
    for (int bit = a.size * 32; bit--;) {
        multiply_small(&r, 2);
        if (a.limb[bit / 32] >> (bit % 32) & 1) {
            if (!r.size)
                r.size = 1;
            r.limb[0] |= 1;
        }
        if (compare(&r, m) >= 0)
            subtract(&r, m);
    }
    return r;
}
static void show(big b) {
    char text[LIMBS * 10 + 1], *p = text + sizeof text;
    *--p = 0;
    do {
        uint32_t digits = divide_small(&b, 1000000000);
        for (int i = 0; i < 9; i++, digits /= 10)
            *--p = (char)('0' + digits % 10);
    } while (b.size);
    while (*p == '0' && p[1])
        p++;
    printf("%s\n", p);
}

int main(void) {
    big f = from(1);
    for (uint32_t i = 2; i <= 150; i++) {
        multiply_small(&f, i);
        if (i % 30 == 0)
            show(f);
    }
    big p = from(3);
    for (int i = 0; i < 8; i++)
        p = multiply(&p, &p);
    show(p);
    big m = from(1000000007), r = modulo(p, &m), base = from(65537), power = from(1);
    show(r);
    multiply_small(&m, 998244353);
    for (int i = 0; i < 100; i++) {
        big t = multiply(&power, &base);
        power = modulo(t, &m);
    }
    show(power);
    int remainders[334] = {0}, carry = 0;
    for (int i = 0; i < 334; i++)
        remainders[i] = 2000;
    for (int n = 333; n > 14; n -= 14) {
        int sum = 0;
        for (int i = n; i > 0; i--) {
            sum = sum * i + 10000 * remainders[i];
            remainders[i] = sum % (2 * i - 1);
            sum /= 2 * i - 1;
        }
        printf("%04d", carry + sum / 10000);
        carry = sum % 10000;
    }
    printf("\n");
    return 0;
}
