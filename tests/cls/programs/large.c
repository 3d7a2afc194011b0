/* Large variables: 64 MiB of zeros of which little is touched, 1 MiB of initial content. */
#include "check.h"

static char zeros[64 << 20];
static int content[1 << 18] = {[0] = 1, [1000] = 2, [(1 << 18) - 1] = 3};
static int *middle = &content[1000];
static char *late = &zeros[(64 << 20) - 1];

int main(void) {
    CHECK(*middle == 2 && content[(1 << 18) - 1] == 3 && *late == 0);
    for (size_t i = 0; i < sizeof zeros; i += 4 << 20)
        zeros[i] = (char)(i >> 22);
    *late = 9;
    long sum = 0;
    for (size_t i = 0; i < sizeof zeros; i += 4 << 20)
        sum += zeros[i];
    CHECK(sum == 120 && zeros[sizeof zeros - 1] == 9);
    return DONE;
}
