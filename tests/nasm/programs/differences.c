#include <stdio.h>

long call_difference(long, long);

long double_it(long value) {
    return 2 * value;
}
long negate_it(long value) {
    return -value;
}

int main(void) {
    printf("%ld %ld\n", call_difference(7, 0), call_difference(7, 1));
    return 0;
}
