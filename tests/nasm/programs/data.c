#include <stdio.h>

int read_tables(long), call_table(long, long), last_byte(void), others(void), c_function(int), c_variable = 40,
    function_1(int);
long write_data(void);
extern __attribute__((visibility("hidden"))) const int shared_table[4];

int c_function(int value) {
    return value * 2;
}

int main(void) {
    for (long i = 0; i < 4; i++)
        printf("%d %d\n", read_tables(i), shared_table[i]);
    printf("%ld %ld\n", write_data(), write_data());
    for (long i = 0; i < 3; i++)
        printf("%d\n", call_table(7, i));
    printf("%d %d %d\n", last_byte(), others(), others());
    int (*volatile pointer)(int) = function_1;
    printf("%d\n", pointer(1));
    return 0;
}
