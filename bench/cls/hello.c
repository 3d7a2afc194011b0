/* A tenant with a few variables of its own that says it's there and waits. */
#include <stdio.h>
#include <unistd.h>

static int number = 3;
static int *place = &number, zero;

int main(int argc, char **argv) {
    (void)argv;
    zero += ++*place;
    puts(number == 4 && zero == 4 ? "ready" : "broken");
    fflush(stdout);
    while (argc > 1)
        pause();
    return 0;
}
