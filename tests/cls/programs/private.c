// copies: 4
/* Compartments that run the same object at the same time: each counts in variables of its own. */
#include "check.h"
#include <time.h>

static int number = 1, zero, *place = &number;

int main(void) {
    CHECK(number == 1 && zero == 0);
    for (int i = 0; i < 50; i++) {
        number += 2, zero++;
        CHECK(*place == 1 + 2 * zero && zero == i + 1);
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    CHECK(number == 101 && zero == 50);
    return DONE;
}
