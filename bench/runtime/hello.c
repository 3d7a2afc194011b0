/* The smallest useful program; with an argument it says that it's there and waits for ever. */
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv) {
    (void)argv;
    puts("hello");
    fflush(stdout);
    while (argc > 1)
        pause();
    return 0;
}
