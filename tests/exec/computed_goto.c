/* Labels as values: a threaded interpreter, a static table, labels in structures. */
#include <stdio.h>

enum { PUSH, ADD, MUL, DUP, SWAP, JUMP_NONZERO, DECREMENT, PRINT, HALT };

static long run(const int *code) {
    static void *const table[] = {&&push, &&add, &&mul, &&dup, &&swap, &&jump, &&decrement, &&print, &&halt};
    long stack[32], *top = stack;
    int at = 0, steps = 0;
#define NEXT                                                                                                 \
    do {                                                                                                     \
        steps++;                                                                                             \
        goto *table[code[at++]];                                                                             \
    } while (0)
    NEXT;
push:
    *top++ = code[at++];
    NEXT;
add:
    top--, top[-1] += *top;
    NEXT;
mul:
    top--, top[-1] *= *top;
    top[-1] %= 1000003;
    NEXT;
dup:
    *top = top[-1], top++;
    NEXT;
swap: {
    long t = top[-1];
    top[-1] = top[-2], top[-2] = t;
    NEXT;
}
jump:
    if (top[-1])
        at = code[at];
    else
        at++;
    NEXT;
decrement:
    top[-1]--;
    NEXT;
print:
    printf("%ld\n", top[-1]);
    NEXT;
halt:
    printf("steps %d\n", steps);
    return top[-1];
}

static int relative(int n) {
    static const int offsets[] = {&&one - &&zero, &&two - &&zero, 0};
    int total = 0;
    goto *(&&zero + offsets[n % 3]);
one:
    total += 1;
two:
    total += 20;
zero:
    return total * 10 + n;
}

static int state_machine(const char *text) {
    void *state = &&start;
    int words = 0;
    for (; *text; text++) {
        goto *state;
    start:
        if (*text != ' ') {
            words++;
            state = &&inside;
        }
        continue;
    inside:
        if (*text == ' ')
            state = &&start;
    }
    return words;
}

int main(void) {
    static const int factorial[] = {PUSH,         1, PUSH,  20,   DUP, PUSH, 0,     ADD, SWAP, DECREMENT,
                                    JUMP_NONZERO, 4, PRINT, PUSH, 7,   MUL,  PRINT, HALT};
    static const int power[] = {PUSH, 3, DUP, MUL, DUP, MUL, DUP, MUL, PRINT, HALT};
    printf("%ld\n", run(power));
    printf("%ld\n", run(factorial));
    for (int i = 0; i < 6; i++)
        printf("%d\n", relative(i));
    printf("%d\n", state_machine("the quick  brown fox jumps over"));
    return 0;
}
