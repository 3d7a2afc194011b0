#include <stdio.h>
#include <string.h>

long spelled(long, long), both(long, long);
void fills(char *, long);
int copies(char *, const char *, long), local_labels(int);
int (*takes_address(void))(int);

int main(void) {
    char buffer[32];
    printf("%ld %ld %d\n", spelled(10, 20), both(1, 2), local_labels(10));
    fills(buffer, 9);
    puts(buffer);
    printf("%d %.16s\n", copies(buffer, "copied by words!", 2), buffer);
    printf("%d\n", takes_address()(4));
    return 0;
}
