// library: shared
// link: -rdynamic
/* A library's variables and functions that hand over addresses, both ways. Built in all four pairs of models. */
#include "check.h"
#include "library.h"

int program_value = 1;
int *program_pointer = &library_value;
static int *const program_table[] = {&library_value, &program_value, library_array, &library_array[3]};
int interposed = 1000; /* the library has one, too: this one counts */
static int callbacks;
static void callback(int *place) { callbacks++, (*place)++; }

int main(void) {
    CHECK(library_value == 10 && program_pointer == opaque(&library_value) && *program_pointer == 10);
    library_value++;
    CHECK(library_get() == 11 && library_address() == &library_value);
    CHECK(library_use(&program_value) == 2 && program_value == 2);
    CHECK(program_table[3] == opaque(&library_array[3]) && *program_table[3] == 4);
    library_array[2] = 30;
    CHECK(library_sum() == 1 + 2 + 30 + 4);
    library_keep(&program_value);
    library_kept()[0] = 7;
    CHECK(program_value == 7 && library_kept() == &program_value);
    library_call(callback);
    CHECK(callbacks == 1 && library_get() == 12);
    CHECK(library_interposed() == &interposed && *library_interposed() == 1000);
    CHECK(library_constant->place == opaque(&library_value) && strcmp(library_constant->name, "value") == 0);
    CHECK(library_hidden_counter() == 1 && library_hidden_counter() == 2 && library_constructed == 5);
    CHECK(*library_stream() == stdout);
    return DONE;
}
