#include <stdio.h>

typedef long function(long);
long through_r11(function *, long), through_r10(function *, long), through_memory(function **, long);
int tail(long), jump_over(void);

static long triple(long value) {
    return 3 * value;
}
static long negated(long value) {
    return -value;
}

int main(void) {
    function *list[] = {triple, negated};
    printf("%ld %ld\n", through_r11(triple, 5), through_r10(negated, 5));
    printf("%ld\n", through_memory(list, 12));
    printf("%d %d %d\n", tail(0), tail(1), jump_over());
    return 0;
}
