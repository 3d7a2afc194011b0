/* Sections of the program's own with their bounds, constructors, registrations that hold addresses of variables. */
#include "check.h"

static int ordinary = 1;
static int in_section __attribute__((section("my_variables"), used)) = 2;
static int in_section_too __attribute__((section("my_variables"), used)) = 3;
static int *registered __attribute__((section("my_pointers"), used)) = &ordinary;
static int *const registered_constant __attribute__((section("my_constants"), used)) = &in_section;
static int *const registered_moved __attribute__((section("my_constants"), used)) = &ordinary;
extern int __start_my_variables[], __stop_my_variables[];
extern int *__start_my_pointers[], *__stop_my_pointers[];
extern int *const __start_my_constants[] __attribute__((visibility("hidden"))), *const __stop_my_constants[] __attribute__((visibility("hidden")));

static int constructed;
__attribute__((constructor)) static void construct(void) { constructed = ordinary * 10; }
__attribute__((constructor(200))) static void construct_early(void) { ordinary = 6; }
static void destroy(void) { printf("at exit %d\n", ordinary); }
__attribute__((destructor)) static void destruct(void) { printf("destructor %d\n", ordinary), fflush(stdout); }

int main(void) {
    atexit(destroy);
    CHECK(constructed == 60 && ordinary == 6);
    CHECK(__stop_my_variables - __start_my_variables == 2 && __start_my_variables[0] + __start_my_variables[1] == 5);
    __start_my_variables[0]++, in_section_too++;
    CHECK(in_section + in_section_too == 7);
    CHECK(__stop_my_pointers - __start_my_pointers == 1 && *__start_my_pointers == opaque(&ordinary) && registered == &ordinary);
    CHECK(__stop_my_constants - __start_my_constants == 2);
    CHECK(__start_my_constants[0] == opaque(&in_section) && __start_my_constants[1] == opaque(&ordinary));
    ordinary = 9;
    CHECK(**__start_my_pointers == 9);
    return DONE;
}
