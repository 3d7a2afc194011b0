/* Deep and mutual recursion, Ackermann, Hanoi, permutations, a recursive-descent evaluator. */
#include <stdio.h>
#include <string.h>

static __attribute__((noinline)) unsigned depth_sum(unsigned n) {
    volatile unsigned local = n;
    return n ? depth_sum(n - 1) + local : 0;
}

static int is_odd(unsigned n);
static __attribute__((noinline)) int is_even(unsigned n) {
    return n == 0 ? 1 : is_odd(n - 1);
}
static __attribute__((noinline)) int is_odd(unsigned n) {
    return n == 0 ? 0 : is_even(n - 1);
}

static unsigned ackermann(unsigned m, unsigned n) {
    return !m ? n + 1 : !n ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

static int hanoi(int n, char from, char to, char via) {
    if (!n)
        return 0;
    int moves = hanoi(n - 1, from, via, to);
    if (n > 6)
        printf("%c%c ", from, to);
    return moves + 1 + hanoi(n - 1, via, to, from);
}

static void permute(char *text, int at, int *count) {
    if (!text[at]) {
        if (++*count % 37 == 0)
            printf("%s ", text);
        return;
    }
    for (int i = at; text[i]; i++) {
        char t = text[at];
        text[at] = text[i], text[i] = t;
        permute(text, at + 1, count);
        t = text[at], text[at] = text[i], text[i] = t;
    }
}

static const char *at;
static double expression(void);
static double factor(void) {
    double value = 0;
    if (*at == '(') {
        at++;
        value = expression();
        at++;
    } else if (*at == '-') {
        at++;
        return -factor();
    } else {
        while (*at >= '0' && *at <= '9')
            value = value * 10 + (*at++ - '0');
    }
    return value;
}
static double term(void) {
    double value = factor();
    while (*at == '*' || *at == '/')
        value = *at++ == '*' ? value * factor() : value / factor();
    return value;
}
static double expression(void) {
    double value = term();
    while (*at == '+' || *at == '-')
        value = *at++ == '+' ? value + term() : value - term();
    return value;
}

static unsigned long fibonacci(unsigned n) {
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

int main(void) {
    printf("%u %d %d %u\n", depth_sum(20000), is_even(10001), is_odd(777), ackermann(2, 300));
    printf("%d\n", hanoi(9, 'a', 'c', 'b'));
    char text[] = "abcdef";
    int count = 0;
    permute(text, 0, &count);
    printf("%d\n", count);
    const char *inputs[] = {"1+2*3", "(1+2)*3-4/(5-3)", "-(2-7)*-(3*3)", "((((9))))/4"};
    for (int i = 0; i < 4; i++) {
        at = inputs[i];
        printf("%g\n", expression());
    }
    printf("%lu\n", fibonacci(24));
    return 0;
}
