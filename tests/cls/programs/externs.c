// flags: -fcommon
/* Variables of another file of the same program: extern, hidden, weak, common, constants that hold addresses. */
#include "check.h"
#include "externs.h"

int common_here, common_elsewhere;
__attribute__((weak)) int weak_overridden = 1;
__attribute__((weak)) int weak_kept = 2;
__attribute__((weak, visibility("hidden"))) int weak_hidden = 3;
extern int never_defined __attribute__((weak));
static int *const table[] = {&plain, &hidden_variable, &weak_overridden, &weak_kept, &common_elsewhere};

int main(void) {
    CHECK(plain == 11 && hidden_variable == 12 && weak_overridden == 21 && weak_kept == 2 && weak_hidden == 23);
    CHECK(&never_defined == NULL);
    change();
    CHECK(plain == 111 && hidden_variable == 112 && weak_overridden == 121 && weak_hidden == 123 && common_elsewhere == 131);
    plain++, hidden_variable++, weak_overridden++, weak_hidden++, common_here = 5;
    CHECK(plain_there() == &plain && hidden_there() == &hidden_variable && weak_there() == &weak_overridden);
    CHECK(weak_hidden_there() == &weak_hidden && common_there() == &common_here && *common_there() == 5);
    for (int i = 0; i < 5; i++)
        CHECK(((int *const *)opaque(table))[i] == ((int *const *)opaque(elsewhere_table))[i]);
    CHECK(*hidden_table[0] == 113 && hidden_table[1] == &plain && shared_constant == 42 && hidden_constant == 43);
    return DONE;
}
