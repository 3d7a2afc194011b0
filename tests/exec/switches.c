/* Dense, sparse, nested, large-range, negative and 64-bit switches; fall-through; switches in loops. */
#include <stdio.h>

static int dense(int n) {
    switch (n) {
    case 0:
        return 5;
    case 1:
        return n * 7;
    case 2:
        return 11 - n;
    case 3:
        printf("three ");
        return 1;
    case 4:
        return n << 3;
    case 5:
        return n ^ 0x55;
    case 6:
        return -n;
    case 7:
        return n * n * n;
    case 8:
        n += 3; /* fall through */
    case 9:
        n += 100; /* fall through */
    case 10:
        return n;
    case 12:
        return 1212;
    default:
        return -1;
    }
}

static const char *sparse(long n) {
    switch (n) {
    case -1000000007:
        return "minus";
    case 3:
        return "three";
    case 77:
        return "seventy-seven";
    case 1024:
        return "kilo";
    case 65536:
        return "page";
    case 0x7fffffffL:
        return "max";
    case 0x123456789abL:
        return "wide";
    default:
        return "other";
    }
}

static int nested(int a, int b) {
    switch (a & 7) {
    case 0:
        switch (b & 7) {
        case 0:
            return 1;
        case 1:
            return 2;
        case 2:
            return 3;
        case 3:
            return 4;
        case 4:
            return 50;
        case 5:
            return 6;
        default:
            return 9;
        }
    case 1:
        switch (b & 3) {
        case 0:
            a += b;
            break;
        case 1:
            a -= b;
            break;
        case 2:
            a *= b;
            break;
        case 3:
            a ^= b;
            break;
        }
        return a;
    case 2:
        for (int i = 0; i < 10; i++)
            switch (i) {
            case 3:
                continue;
            case 7:
                goto out;
            case 1:
                b += 2;
                break;
            case 2:
                b *= 3;
                break;
            case 4:
                b--;
                break;
            case 5:
                b ^= 9;
                break;
            }
    out:
        return b;
    case 3:
        return a + b;
    case 4:
        return a - b;
    case 5:
        return a * b;
    case 6:
        return a | b;
    default:
        return a & b;
    }
}

static unsigned duff(unsigned char *to, const unsigned char *from, unsigned count) {
    unsigned rounds = (count + 7) / 8, sum = 0;
    if (!count)
        return 0;
    switch (count % 8) {
    case 0:
        do {
            *to = *from++;
            sum += *to++; /* fall through */
        case 7:
            *to = *from++;
            sum += *to++; /* fall through */
        case 6:
            *to = *from++;
            sum += *to++; /* fall through */
        case 5:
            *to = *from++;
            sum += *to++; /* fall through */
        case 4:
            *to = *from++;
            sum += *to++; /* fall through */
        case 3:
            *to = *from++;
            sum += *to++; /* fall through */
        case 2:
            *to = *from++;
            sum += *to++; /* fall through */
        case 1:
            *to = *from++;
            sum += *to++;
        } while (--rounds);
    }
    return sum;
}

static int negative(signed char c) {
    switch (c) {
    case -128:
        return 1;
    case -5:
        return 2;
    case -4:
        return 3;
    case -3:
        return 4;
    case -2:
        return 5;
    case -1:
        return 6;
    case 0 ... 9:
        return 7;
    case 100 ... 127:
        return 8;
    default:
        return 0;
    }
}

/* Every case calls something, so that the table holds code and not values. */
static long machine(const char *program) {
    long acc = 1;
    for (; *program; program++)
        switch (*program) {
        case 'a':
            acc += 3;
            break;
        case 'b':
            acc *= 5;
            break;
        case 'c':
            acc ^= 0xff;
            break;
        case 'd':
            acc = acc << 3 | acc >> 61;
            break;
        case 'e':
            acc = dense((int)(acc & 15)) + acc;
            break;
        case 'f':
            printf("f%ld ", acc);
            break;
        case 'g':
            acc -= nested((int)acc, 3);
            break;
        case 'h':
            acc = -acc;
            break;
        case 'i':
            acc %= 1000003;
            break;
        }
    return acc;
}

int main(void) {
    for (int i = -3; i < 16; i++)
        printf("%d ", dense(i));
    long probes[] = {3, 77, 1024, 65536, 0x7fffffff, 0x123456789ab, -1000000007, 0, 4, -1};
    for (int i = 0; i < 10; i++)
        printf("%s ", sparse(probes[i]));
    for (int a = 0; a < 8; a++)
        for (int b = 0; b < 8; b++)
            printf("%d ", nested(a, b));
    unsigned char from[40], to[40];
    for (int i = 0; i < 40; i++)
        from[i] = (unsigned char)(i * 7);
    for (unsigned n = 0; n < 40; n++)
        printf("%u ", duff(to, from, n));
    for (int c = -128; c < 128; c += 3)
        printf("%d", negative((signed char)c));
    printf("\n%ld\n", machine("abcdefghiabcfdefgihaabbccddeeffgghhiiihgfedcba"));
    return 0;
}
