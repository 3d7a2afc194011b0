// Switches and computed gotos of all shapes: what becomes a jump through a table, and what can't.
#include <stdint.h>
#include <stdio.h>

#define KEEP __attribute__((noinline, noclone))

static volatile int sink;

KEEP static int dense(int x) {
    switch (x) {
    case 0: return 17;
    case 1: sink = 3; return x * 5;
    case 2: return sink + 1;
    case 3: sink++; return sink;
    case 4: return -x;
    case 5: return x ^ 0x55;
    case 6: sink = x; return 9;
    case 7: return x << 4;
    default: return -1;
    }
}

KEEP static int shifted(int x) {
    switch (x) {
    case -103: sink += 1; return 1;
    case -102: sink += 2; return sink;
    case -101: return sink * 3;
    case -100: sink = -1; return 4;
    case -98: sink ^= 5; return 5;
    case -97: return sink - 6;
    default: sink += 100; return -2;
    }
}

KEEP static int wide(uint64_t x) {
    switch (x) {
    case 0x700000000: sink = 1; return 1;
    case 0x700000001: return sink + 2;
    case 0x700000002: sink *= 3; return 3;
    case 0x700000003: return sink - 4;
    case 0x700000004: sink = 5; return 5;
    default: return -3;
    }
}

KEEP static int small(unsigned char x) {
    switch (x) {
    case 0: sink = 2; return 7;
    case 1: return sink;
    case 2: sink += 2; return 8;
    case 3: return sink * sink;
    case 4: sink--; return 1;
    case 5: return sink + 40;
    case 255: return 99;
    default: return x;
    }
}

KEEP static int sparse(int x) {
    switch (x) {
    case 1: return 1;
    case 10: sink = 4; return 2;
    case 100: return 3;
    case 1000: sink = 6; return 4;
    case 1001: sink += 7; return 5;
    case 1002: return sink;
    case 1003: sink -= 1; return 7;
    case 1004: return sink * 2;
    case 1000000: return 8;
    case INT32_MAX: return 9;
    case INT32_MIN: return 10;
    default: return 0;
    }
}

KEEP static int falls_through(int x, int n) {
    int sum = 0;
    while (n-- > 0) {
        switch (x++ % 9) {
        case 0: sum += 1; /* fall through */
        case 1: sum *= 3; /* fall through */
        case 2: sum ^= x; break;
        case 3: sum -= n; /* fall through */
        case 4: sum += sink; continue;
        case 5: sum <<= 1; break;
        case 6: sink = sum & 15; break;
        case 7: x += 2; /* fall through */
        default: sum++;
        }
        sum &= 0xffffff;
    }
    return sum;
}

KEEP static int nested(int a, int b) {
    switch (a) {
    case 0: sink = b; break;
    case 1:
        switch (b) {
        case 0: return 10;
        case 1: sink += 1; return 11;
        case 2: return sink;
        case 3: sink += 3; return 13;
        case 4: return sink * 2;
        default: break;
        }
        sink += 1000; /* fall through */
    case 2: return sink + b;
    case 3:
        switch (b + a) {
        case 3: return dense(b);
        case 4: sink = 2; return dense(b + 1);
        case 5: return dense(sink);
        case 6: sink++; return 3;
        case 7: return dense(dense(b) & 7);
        }
        break;
    case 4: return nested(1, b) + nested(3, b);
    case 5: sink ^= a; return b;
    }
    return sink;
}

/* No default, and the compiler knows the range. */
KEEP static int in_range(unsigned x) {
    switch (x & 7) {
    case 0: sink = 1; return 3;
    case 1: return sink + 1;
    case 2: sink += 4; return 1;
    case 3: return sink * 5;
    case 4: sink = 9; return 2;
    case 5: return sink - 6;
    case 6: sink ^= 7; return 4;
    case 7: return sink << 1;
    }
    __builtin_unreachable();
}

/* The index lives on; many values live across the jump. */
KEEP static uint64_t crowded(uint64_t x, const uint64_t *v) {
    uint64_t a = v[0], b = v[1], c = v[2], d = v[3], e = v[4], f = v[5], g = v[6], h = v[7], i = v[8], j = v[9], k = v[10];
    for (int n = 0; n < 20; n++) {
        switch (x) {
        case 0: a += b ^ x; b -= k; break;
        case 1: c += d + x; d ^= j; break;
        case 2: e ^= f - x; f += i; break;
        case 3: g -= h * x; h ^= a; break;
        case 4: i += a ^ x; j -= b; break;
        case 5: k += c + x; a ^= d; break;
        default: b += e + x; x = 0;
        }
        x = (x + 1 + (a & 3)) % 8;
    }
    return a ^ b ^ c ^ d ^ e ^ f ^ g ^ h ^ i ^ j ^ k;
}

KEEP static int static_table(const unsigned char *code) {
    static const void *const labels[] = {&&add, &&twice, &&negate, &&end};
    int value = 1;
    goto *labels[*code++];
add:
    value += 7;
    goto *labels[*code++];
twice:
    value *= 2;
    goto *labels[*code++];
negate:
    value = -value;
    goto *labels[*code++];
end:
    return value;
}

/* Writable, and written. */
KEEP static int writable_table(const unsigned char *code) {
    static void *labels[3];
    int value = 5;
    labels[0] = &&more, labels[1] = &&less, labels[2] = &&end;
    goto *labels[*code++];
more:
    value += 11;
    labels[0] = &&less, labels[1] = &&more;
    goto *labels[*code++];
less:
    value -= 3;
    goto *labels[*code++];
end:
    return value;
}

KEEP static int differences(const unsigned char *code) {
    static const int offsets[] = {0, &&second - &&first, &&third - &&first, &&end - &&first};
    int value = 2;
#define NEXT goto *(&&first + offsets[*code++])
    NEXT;
first:
    value += 2;
    NEXT;
second:
    value *= 7;
    NEXT;
third:
    value ^= 0x1234;
    NEXT;
end:
    return value;
#undef NEXT
}

/* A label goes through memory, is compared, and is jumped to afterwards. */
KEEP static int kept_label(int n) {
    static const void *const labels[] = {&&one, &&two, &&three};
    const void *volatile kept = labels[n % 3];
    const void *label = labels[(n + 1) % 3];
    int value = label == &&one;
    goto *kept;
one:
    value += label == &&two ? 100 : 10;
    goto *label;
two:
    value += label == &&three ? 2000 : 200;
    goto *labels[2];
three:
    return value + 30000;
}

/* One table for two dispatches, and a direct jump to a label of it. */
KEEP static int two_sites(int a, int b) {
    static const void *const labels[] = {&&x, &&y, &&z, &&w};
    int rounds = 0, value = 0;
    if (a == 9)
        goto z;
again:
    goto *labels[a & 3];
x:
    value += 1;
    if (rounds++ > 11)
        return value;
    goto *labels[b & 3];
y:
    value += 10, a++;
    if (rounds++ < 5)
        goto again;
    return value;
z:
    value += 100, b++;
    if (rounds++ < 7)
        goto *labels[b & 3];
w:
    value += 1000, a += 3;
    if (rounds++ < 9)
        goto again;
    return value;
}

int main(void) {
    static const unsigned char code[] = {0, 1, 2, 0, 0, 1, 3}, other[] = {0, 1, 0, 0, 1, 2};
    uint64_t values[11];
    for (int x = -3; x < 12; x++)
        printf("%d %d;", dense(x), sink);
    for (int x = -106; x < -94; x++)
        printf("%d %d;", shifted(x), sink);
    printf("%d %d\n", dense(INT32_MIN), dense(INT32_MAX));
    for (uint64_t x = 0; x < 6; x++)
        printf("%d %d %d;", wide(0x700000000 + x), wide(x), wide(0x1700000000 + x));
    printf("%d\n", wide(UINT64_MAX));
    for (int x = 0; x < 256; x += x < 8 ? 1 : 13)
        printf("%d;", small((unsigned char)x));
    for (int x = 998; x < 1007; x++)
        printf("%d;", sparse(x));
    printf("%d %d %d %d\n", sparse(1000000), sparse(INT32_MAX), sparse(INT32_MIN), sparse(100));
    for (int x = 0; x < 10; x++)
        printf("%d;", falls_through(x, 40));
    for (int a = -1; a < 7; a++)
        for (int b = -1; b < 6; b++)
            printf("%d;", nested(a, b));
    for (unsigned x = 0; x < 20; x++)
        printf("%d;", in_range(x * 3));
    for (int i = 0; i < 11; i++)
        values[i] = 0x9e3779b97f4a7c15u * (unsigned)(i + 1);
    for (uint64_t x = 0; x < 9; x++)
        printf("%llx;", (unsigned long long)crowded(x == 8 ? UINT64_MAX : x, values));
    printf("\n%d %d %d\n", static_table(code), writable_table(other), differences(code));
    for (int n = 0; n < 3; n++)
        printf("%d;", kept_label(n));
    for (int a = 0; a < 10; a++)
        printf("%d;", two_sites(a, a / 2));
    printf("\n");
    return 0;
}
