/* Aliases of variables, strong, weak and hidden; of a constant that holds an address. */
#include "check.h"

int original = 4;
extern int strong_alias __attribute__((alias("original")));
extern int weak_alias __attribute__((weak, alias("original")));
extern int hidden_alias __attribute__((alias("original"), visibility("hidden")));
static int inner[4] = {1, 2, 3, 4};
extern int inner_alias[4] __attribute__((alias("inner")));
int *const constant = &original;
extern int *const constant_alias __attribute__((alias("constant")));
static int *pointers[] = {&strong_alias, &weak_alias, &hidden_alias, &inner_alias[2]};

int main(void) {
    strong_alias = 5;
    CHECK(original == 5 && *(int *)opaque(&weak_alias) == 5 && *(int *)opaque(&hidden_alias) == 5);
    hidden_alias++, weak_alias++;
    CHECK(*(int *)opaque(&original) == 7 && opaque(&strong_alias) == opaque(&original));
    inner_alias[2] = 30;
    CHECK(((int *)opaque(inner))[2] == 30 && *constant_alias == *(int *)opaque(&original));
    for (int i = 0; i < 3; i++)
        CHECK(((int **)opaque(pointers))[i] == &original);
    CHECK(((int **)opaque(pointers))[3] == &inner[2]);
    return DONE;
}
