#include <stdio.h>

long table_sum(void), late_labels(void), table_before(long), address_jump(long);
int table_length(void), text_jump(int), rodata_jump(long), shown_table(void), aligned_sum(void), registers_stay(long);
const char *string_at(void);
extern const unsigned exported[2];

int main(void) {
    printf("%ld %d %d %s\n", table_sum(), table_length(), aligned_sum(), string_at());
    for (long i = 0; i < 6; i++)
        printf("%lx %d\n", table_before(i), text_jump((int)i));
    printf("%d %d\n", rodata_jump(0), rodata_jump(1));
    printf("%ld %ld %ld\n", address_jump(0), address_jump(1), address_jump(2));
    printf("%d %d\n", registers_stay(0), registers_stay(1));
    printf("%ld\n", late_labels());
    printf("%x %x %x\n", shown_table(), exported[0], exported[1]);
    return 0;
}
